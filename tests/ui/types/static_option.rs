use einloom::einsum;

fn main() {
    let c = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
    let _ = einsum!("ij->", &c; j = 4);
}
