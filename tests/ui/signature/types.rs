use einloom::einsum_fn;
use ndarray::{Array1, Array2, Array3};

einsum_fn! {
    fn product(a: "i j", b: "j k") -> "i k";
    fn fixed<f32>(a: "i") -> "";
    fn batched(a: "... i j", b: "j k") -> "... i k";
}

fn main() {
    let (v, m, t) = (Array1::<f64>::zeros(2), Array2::<f64>::zeros((2, 2)), Array3::zeros((2, 2, 2)));
    let _ = product(&m, &t);
    let _ = fixed(&v);
    let _ = batched(&v, &m);
    let _ = batched::vjp(&t, &m, &m);
    let _ = product::grad_c(&m, &m);
}
