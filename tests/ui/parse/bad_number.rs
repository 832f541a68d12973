use einloom::einsum;
use ndarray::Array2;

fn main() {
    let a = Array2::<f64>::zeros((2, 2));
    let _ = einsum!("i2->i", &a);
    let _ = einsum!("i 2j -> i", &a);
    let _ = einsum!("i 0 -> i", &a);
}
