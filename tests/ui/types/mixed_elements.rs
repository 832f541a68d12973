use einloom::einsum;
use ndarray::Array2;

fn main() {
    let a = Array2::<f64>::zeros((2, 2));
    let c = Array2::<f32>::zeros((2, 2));
    let _ = einsum!("ij,jk->ik", &a, &c);
    let _ = einsum!("ij,jk->ik", &a, c.t());
}
