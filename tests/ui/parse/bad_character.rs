use einloom::einsum;
use ndarray::Array2;

fn main() {
    let a = Array2::<f64>::zeros((2, 2));
    let b = Array2::<f64>::zeros((2, 2));
    let _ = einsum!("i$->i", &a);
    let _ = einsum!("iα->i", &a);
    let _ = einsum!("i[j]->i", &a);
    let _ = einsum!("i+j->i", &a);
    let _ = einsum!("i _ -> i", &a);
    let _ = einsum!("ij;jk->ik", &a, &b);
    let _ = einsum!("(i,j)->i", &a);
    let _ = einsum!("i🦀->i", &a);
}
