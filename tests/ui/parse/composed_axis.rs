use einloom::einsum;
use ndarray::Array2;

fn main() {
    let a = Array2::<f64>::zeros((2, 2));
    let _ = einsum!("b (h 1 w) -> b h w", &a; h = 2);
    let _ = einsum!("b (...) -> b ...", &a);
}
