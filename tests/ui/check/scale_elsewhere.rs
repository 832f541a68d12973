use einloom::{einsum, einsum_grad};
use ndarray::Array2;

fn main() {
    let a = Array2::<f64>::zeros((2, 2));
    let b = Array2::<f64>::zeros((2, 2));
    let _ = einsum!("ij->ji", &a; alpha = 2.0);
    let _ = einsum_grad!("ij->ji", &a; &b; beta = 1.0);
}
