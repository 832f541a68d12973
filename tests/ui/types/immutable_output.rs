use einloom::einsum_into;
use ndarray::Array2;

fn main() {
    let a = Array2::<f64>::zeros((2, 2));
    let c = Array2::<f64>::zeros((2, 2));
    einsum_into!("ij->ji", &a => c);
    einsum_into!("ij->ji", &a => &mut c);
}
