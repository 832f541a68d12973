use einloom::einsum;
use ndarray::{Array1, Array2};

fn main() {
    let a = Array2::<f64>::zeros((2, 2));
    let _: Array1<f64> = einsum!("ij->ji", &a);
    let _: f64 = einsum!("ij->i", &a);
}
