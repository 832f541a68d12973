use einloom::einsum_view;
use ndarray::{Array1, Array2};

fn main() {
    let a = Array2::<f64>::zeros((2, 2));
    let b = Array2::<f64>::zeros((2, 2));
    let v = Array1::<f64>::zeros(2);
    let _ = einsum_view!("ij->i", &a);
    let _ = einsum_view!("i->ii", &v);
    let _ = einsum_view!("i->ij", &v; j = 2);
    let _ = einsum_view!("ij,jk->ik", &a, &b);
    let _ = einsum_view!("i j -> (i j)", &a);
    let _ = einsum_view!("(x+k-1)->xk", &v; k = 3);
}
