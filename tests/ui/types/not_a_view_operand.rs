use einloom::einsum_view;

fn main() {
    let nested = vec![vec![1.0, 2.0]];
    let _ = einsum_view!("ij->ji", &nested);
}
