use einloom::{einsum, try_einsum};
use ndarray::{Array2, Array3};

fn main() {
    let a = Array2::<f64>::zeros((2, 2));
    let b = Array2::<f64>::zeros((2, 2));
    let c = Array3::<f64>::zeros((2, 2, 2));
    let _ = einsum!("ijk,jk->i", &a, &b);
    let _ = einsum!("ij,jk->ik", &a, c.view());
    let _ = einsum!("ij->i", [1.0, 2.0]);
    let _ = try_einsum!("i->", &a);
}
