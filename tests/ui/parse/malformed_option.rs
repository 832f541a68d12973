use einloom::einsum;
use ndarray::Array1;

fn main() {
    let v = Array1::<f64>::zeros(2);
    let _ = einsum!("i->ij", &v; 4);
    let _ = einsum!("i->ij", &v; j: 4);
    let _ = einsum!("i->ij", &v; j == 4);
}
