use einloom::einsum;

fn main() {
    let c = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
    let _ = einsum!("ij,jk->ik", &c, &c);
    let _ = einsum!("ii->", &c);
    let _ = einsum!("row col, col -> row", &c, [1.0, 2.0]);
}

fn generic<const N: usize, const M: usize>(x: [f64; N], y: [f64; M]) -> f64 {
    einsum!("i,i->", x, y)
}
