use einloom::einsum;
use ndarray::Array2;

fn main() {
    let a = Array2::<f64>::zeros((2, 2));
    let _ = einsum!("i(j->i", &a);
    let _ = einsum!("ij)->i", &a);
    let _ = einsum!("((i j) k)->i", &a);
}
