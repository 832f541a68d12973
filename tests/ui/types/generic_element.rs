use einloom::einsum;
use ndarray::Array1;

fn sum<T: Copy>(x: &Array1<T>) -> T {
    einsum!("i->", x)
}

fn main() {
    let _ = sum(&Array1::from(vec![1.0]));
}
