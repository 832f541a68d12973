use einloom::einsum;
use ndarray::Array1;

#[derive(Clone, Copy)]
struct Rgb(u8, u8, u8);

fn main() {
    let c = Array1::from(vec![Rgb(0, 0, 0)]);
    let _ = einsum!("i->", &c);
}
