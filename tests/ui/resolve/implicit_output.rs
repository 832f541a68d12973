use einloom::einsum;
use ndarray::Array2;

fn main() {
    let a = Array2::<f64>::zeros((2, 2));
    let b = Array2::<f64>::zeros((2, 2));
    let _ = einsum!("i j, j k", &a, &b);
    let _ = einsum!("(row)j,jk", &a, &b);
}
