use einloom::einsum;
use ndarray::Array2;

fn main() {
    let a = Array2::<f64>::zeros((2, 2));
    let _ = einsum!("b(x+k)->bx", &a);
    let _ = einsum!("b (height width) -> b height width", &a);
}
