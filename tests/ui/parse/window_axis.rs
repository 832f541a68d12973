use einloom::einsum;
use ndarray::{Array1, Array2};

fn main() {
    let a = Array2::<f64>::zeros((2, 2));
    let v = Array1::<f64>::zeros(2);
    let _ = einsum!("b (2x+k), k -> b x", &a, &v);
    let _ = einsum!("b(x-k),k->bx", &a, &v);
    let _ = einsum!("b(x+),k->bx", &a, &v);
    let _ = einsum!("b(0*x+k),k->bx", &a, &v);
    let _ = einsum!("b(1+2),k->bk", &a, &v);
    let _ = einsum!("b (x k+1), k -> b x", &a, &v);
}
