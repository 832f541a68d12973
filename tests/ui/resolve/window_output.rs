use einloom::einsum;
use ndarray::{Array1, Array2};

fn main() {
    let a = Array2::<f64>::zeros((2, 2));
    let v = Array1::<f64>::zeros(2);
    let _ = einsum!("bx,k->b(x+k)", &a, &v);
}
