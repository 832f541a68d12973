use einloom::einsum;
use ndarray::{Array1, Array2};

fn main() {
    let a = Array2::<f64>::zeros((2, 2));
    let b = Array2::<f64>::zeros((2, 2));
    let v = Array1::<f64>::zeros(2);
    let _ = einsum!("b c (2*x+3*k), o c k -> b o x", &a, &b);
    let _ = einsum!("b(x+k-1),k->bx", &a, &v);
}
