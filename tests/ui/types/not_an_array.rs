use einloom::einsum;
use ndarray::Array2;

fn main() {
    let a = Array2::<f64>::zeros((2, 2));
    let nested = vec![vec![1.0, 2.0], vec![3.0, 4.0]];
    let _ = einsum!("ij->i", &nested);
    let _ = einsum!("ij,jk->ik", &a, &nested);
    let _ = einsum!("ij,j->i", &a, "v");
    let text = String::from("a");
    let _ = einsum!("i->", &text);
    let _ = einsum!("i->", &text[..]);
}
