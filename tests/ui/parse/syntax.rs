use einloom::einsum;
use ndarray::Array2;

fn main() {
    let a = Array2::<f64>::zeros((2, 2));
    let b = Array2::<f64>::zeros((2, 2));
    let _ = einsum!("ij,jk->ik" &a, &b);
    let _ = einsum!("ij,jk->ik", &a &b);
    let _ = einsum!("ij,jk->ik", &a, let);
    let _ = einsum!("ij->ij", &a; i = 2; j = 2);
}
