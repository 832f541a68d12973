//! Attention, forward and backward, without a framework: einsums, and what you write between them.
//!
//! ```text
//! cargo run --release --example attention
//! ```
//!
//! Compares the result and all gradients with those that PyTorch gave once (`DATA.md`). To see how it
//! is built, read `attention.rs`.

mod attention;
mod reference;

use attention::Attention;
use einloom::ndarray::ArrayRef3;

fn main() {
    let mut stored = reference::reference();
    let mut take = |name: &str| stored.remove(name).expect("the reference has the array");
    let (x, dy) = (take("x"), take("dy"));
    let weights = Attention {
        query: take("query"),
        key: take("key"),
        value: take("value"),
        output: take("output"),
    };
    let (y, saved) = weights.forward(&x);
    let (dx, gradient) = weights.backward(&x, &saved, &dy);
    for (name, found) in [
        ("y", &y),
        ("d_x", &dx),
        ("d_query", &gradient.query),
        ("d_key", &gradient.key),
        ("d_value", &gradient.value),
        ("d_output", &gradient.output),
    ] {
        let difference = largest_difference(found, &take(name));
        println!("{name:8}  {:?}  differs by {difference:.1e}", found.dim());
    }
}

fn largest_difference(found: &ArrayRef3<f64>, expected: &ArrayRef3<f64>) -> f64 {
    assert_eq!(found.dim(), expected.dim());
    found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}
