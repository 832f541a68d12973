//! Layers of neural networks, each forward and backward: convolutions and multi-head attention.
//!
//! ```text
//! cargo run --release --example layers
//! ```
//!
//! `convolution.rs` has windows with a stride, a dilation, and padding, and groups of channels; `attention.rs` splits the
//! heads of packed projections. None of them copies or rearranges what it reads.

mod attention;
mod convolution;

use einloom::ndarray::{Array, Array4, Dimension, ShapeBuilder};
use fastrand::Rng;

use attention::Attention;
use convolution::{Convolution1, Convolution2};

fn main() {
    let mut rng = Rng::with_seed(1);
    let signal = random((8, 16, 100), &mut rng);
    let layer = Convolution1 { weight: random((32, 16, 3), &mut rng), stride: 2 };
    let y = layer.forward(&signal);
    let (_, d_weight) = layer.backward(&signal, &y);
    println!("signals {:?} become {:?}, {} weights", signal.dim(), y.dim(), d_weight.len());

    let images: Array4<f32> = random((8, 16, 20, 20), &mut rng);
    let weight = random((32, 4, 3, 3), &mut rng);
    let layer = Convolution2 { weight, groups: 4, stride: 2, dilation: 1 };
    let y = layer.forward(&images);
    let (_, d_weight) = layer.backward(&images, &y);
    println!("images {:?} become {:?}, {} weights", images.dim(), y.dim(), d_weight.len());

    let words = random((8, 50, 64), &mut rng);
    let layer = Attention {
        heads: 4,
        projection: random((64, 3 * 64), &mut rng),
        output: random((64, 64), &mut rng),
    };
    let (y, seen) = layer.forward(&words);
    let (_, gradient) = layer.backward(&words, &seen, &y);
    let weights = gradient.projection.len() + gradient.output.len();
    println!("words {:?} become {:?}, {weights} weights", words.dim(), y.dim());
}

fn random<D: Dimension>(shape: impl ShapeBuilder<Dim = D>, rng: &mut Rng) -> Array<f32, D> {
    Array::from_shape_simple_fn(shape, || 0.1 * (rng.f32() - 0.5))
}
