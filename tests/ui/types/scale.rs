use einloom::einsum_into;
use ndarray::Array2;

fn main() {
    let a = Array2::<f32>::zeros((2, 2));
    let mut c = Array2::<f32>::zeros((2, 2));
    einsum_into!("ij->ji", &a => &mut c; alpha = 2);
    let beta = 0.5_f64;
    einsum_into!("ij->ji", &a => &mut c; beta = beta);
}
