use einloom::einsum_grad;
use ndarray::Array2;

fn main() {
    let a = Array2::<f64>::zeros((2, 2));
    let _ = einsum_grad!("ij->i", &a);
    let _ = einsum_grad!("ij->i", &a; j = 2);
    let _ = einsum_grad!("ij->i", &a;);
}
