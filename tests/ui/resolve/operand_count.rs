use einloom::{einsum, einsum_grad};
use ndarray::Array2;

fn main() {
    let a = Array2::<f64>::zeros((2, 2));
    let b = Array2::<f64>::zeros((2, 2));
    let _ = einsum!("ij,jk->ik", &a);
    let _ = einsum!("ij->ji", &a, &b);
    let _ = einsum!("ij->ji");
    let _ = einsum_grad!("ij,jk->ik", &a; &b);
}
