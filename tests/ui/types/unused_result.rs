#![deny(unused_must_use)]

use einloom::{einsum, try_einsum};
use ndarray::Array2;

fn main() {
    let a = Array2::<f64>::zeros((2, 2));
    einsum!("ij->ji", &a);
    try_einsum!("ij->ji", &a);
}
