use einloom::einsum;
use ndarray::Array2;

fn main() {
    let a = Array2::<f64>::zeros((2, 2));
    let b = Array2::<f64>::zeros((2, 2));
    let _ = einsum!(&a, "ij->ji");
    let _ = einsum!(2.0);
    let _ = einsum!(b"ij->ji", &a);
    let _ = einsum!(concat!("ij", "->ji"), &a);
}
