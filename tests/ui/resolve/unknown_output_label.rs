use einloom::einsum;
use ndarray::{Array1, Array2};

fn main() {
    let a = Array2::<f64>::zeros((2, 2));
    let b = Array2::<f64>::zeros((2, 2));
    let v = Array1::<f64>::zeros(2);
    let _ = einsum!("ij,jk->iq", &a, &b);
    let _ = einsum!("ij,jk->iK", &a, &b);
    let _ = einsum!("batch i, i -> bacth", &a, &v);
    let _ = einsum!("ij, jk -> i k", &a, &b);
    let _ = einsum!("ij->batch", &a);
    let _ = einsum!("i->ij", &v);
    let _ = einsum!("->i", 2.0);
}
