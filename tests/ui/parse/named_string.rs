use einloom::einsum;
use ndarray::Array2;

const SPEC: &str = "ij->ji";

fn main() {
    let a = Array2::<f64>::zeros((2, 2));
    let _ = einsum!(SPEC, &a);
    let spec = String::from("ij->ji");
    let _ = einsum!(spec, &a);
}
