use einloom::einsum;
use ndarray::Array2;

fn main() {
    let a = Array2::<f64>::zeros((2, 2));
    let _ = einsum!("b (step*x) -> b x", &a);
    let _ = einsum!("b (b*x) -> b x", &a);
    let _ = einsum!("b (s*x) -> b x", &a; s = 0);
}
