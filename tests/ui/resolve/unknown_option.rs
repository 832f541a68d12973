use einloom::einsum;
use ndarray::Array2;

fn main() {
    let a = Array2::<f64>::zeros((2, 2));
    let _ = einsum!("ij->ij", &a; q = 2);
    let _ = einsum!("rows columns -> rows", &a; colums = 2);
    let _ = einsum!("->", 1.0; n = 2);
}
