use einloom::einsum_into;
use ndarray::{Array1, Array2};

fn main() {
    let a = Array2::<f64>::zeros((2, 2));
    let mut c = Array1::<f64>::zeros(2);
    einsum_into!("alpha j -> alpha", &a => &mut c; alpha = 2.0);
}
