//! A convolutional network, from images over two convolutions to one logit a digit.
//!
//! The letters of the index strings: `b` is the image in the batch, `c` a channel, `y` and `x` a position in an image,
//! `u` and `v` a position in a kernel, `o` an output of a layer.

use einloom::ndarray::{Array, Array1, Array2, Array4, ArrayRef4, Dimension, Ix2, Ix4, NdFloat};
use einloom::{Element, einsum, einsum_fn, einsum_view};
use fastrand::Rng;

use crate::loss::cross_entropy;

einsum_fn! {
    /// A convolution of kernels that stay inside the image.
    fn convolve(image: "b c (y+u) (x+v)", kernel: "o c u v") -> "b o y x";

    /// The products of a linear layer over all that is seen anywhere in an image.
    fn linear(image: "b c y x", weight: "(c y x) o") -> "b o";
}

/// The extent of kernels along both axes of an image.
const KERNEL: usize = 3;

/// The numbers that a network is made of: `f32` to train, `f64` to check gradients.
pub(crate) trait Real: Element + NdFloat + From<f32> {}
impl<T: Element + NdFloat + From<f32>> Real for T {}

/// A layer. Its gradient and its velocity have the same shape, so this struct holds them too.
#[derive(Clone)]
pub(crate) struct Layer<T, D: Dimension> {
    pub(crate) weight: Array<T, D>,
    /// One element an output.
    pub(crate) bias: Array1<T>,
}

impl<T: Real, D: Dimension> Layer<T, D> {
    /// Draws weights whose variance, 2 / inputs, keeps the size of a signal through a ReLU. The biases are zero.
    fn random(shape: D, inputs: usize, outputs: usize, rng: &mut Rng) -> Self {
        let bound = (6.0 / inputs as f32).sqrt();
        let mut weight = Array::zeros(shape);
        weight.mapv_inplace(|_| (bound * (2.0 * rng.f32() - 1.0)).into());
        Layer { weight, bias: Array1::zeros(outputs) }
    }

    fn zeros_like(&self) -> Self {
        Layer { weight: Array::zeros(self.weight.raw_dim()), bias: Array1::zeros(self.bias.len()) }
    }
}

impl<T: Real> Layer<T, Ix4> {
    /// Returns the convolution of images, shifted by the bias, or zero where that is negative.
    fn activate(&self, images: &ArrayRef4<T>) -> Array4<T> {
        let sums = convolve(images, &self.weight) + einsum_view!("o -> o 1 1", &self.bias);
        sums.mapv_into(|sum| sum.max(T::ZERO))
    }

    /// Returns the gradient with respect to the layer, given the one with respect to the sums.
    fn backward(&self, images: &ArrayRef4<T>, d_sums: &ArrayRef4<T>) -> Self {
        Layer {
            weight: convolve::grad_kernel(images, &self.weight, d_sums),
            bias: einsum!("b o y x -> o", d_sums),
        }
    }
}

/// The network, and also its gradient and its velocity, which have the same shape.
#[derive(Clone)]
pub(crate) struct Network<T> {
    /// From pixels to features of a few of them, followed by a ReLU.
    pub(crate) edges: Layer<T, Ix4>,
    /// From these to features of more pixels, followed by a ReLU.
    pub(crate) strokes: Layer<T, Ix4>,
    /// From all features to logits.
    pub(crate) output: Layer<T, Ix2>,
}

impl<T: Real> Network<T> {
    /// Draws the weights from the seed, for square images and so many features of either kind.
    pub(crate) fn random(side: usize, features: [usize; 2], outputs: usize, seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let [edges, strokes] = features;
        let mut convolution = |from: usize, to: usize| {
            let shape = Ix4(to, from, KERNEL, KERNEL);
            Layer::random(shape, from * KERNEL * KERNEL, to, &mut rng)
        };
        let (first, second) = (convolution(1, edges), convolution(edges, strokes));
        let inside = side - 2 * (KERNEL - 1);
        let inputs = strokes * inside * inside;
        let output = Layer::random(Ix2(inputs, outputs), inputs, outputs, &mut rng);
        Network { edges: first, strokes: second, output }
    }

    /// Returns a network of the same shape, all zero.
    pub(crate) fn zeros_like(&self) -> Self {
        Network {
            edges: self.edges.zeros_like(),
            strokes: self.strokes.zeros_like(),
            output: self.output.zeros_like(),
        }
    }

    /// Returns the logits: one row an image, one column a digit, the largest being the guess.
    pub(crate) fn logits(&self, images: &ArrayRef4<T>) -> Array2<T> {
        self.read(&self.strokes.activate(&self.edges.activate(images)))
    }

    /// Returns the mean loss over a batch and its gradient with respect to every weight and bias.
    pub(crate) fn loss_and_gradient(
        &self,
        images: &ArrayRef4<T>,
        labels: &[usize],
    ) -> (T, Network<T>) {
        let edges = self.edges.activate(images);
        let strokes = self.strokes.activate(&edges);
        let (loss, d_logits) = cross_entropy(self.read(&strokes), labels);

        let (mut d_strokes, weight) = linear::vjp(&strokes, &self.output.weight, &d_logits);
        let output = Layer { weight, bias: einsum!("bo->o", &d_logits) };
        rectify(&mut d_strokes, &strokes);
        let mut d_edges = convolve::grad_image(&edges, &self.strokes.weight, &d_strokes);
        rectify(&mut d_edges, &edges);
        let strokes = self.strokes.backward(&edges, &d_strokes);
        let edges = self.edges.backward(images, &d_edges);
        (loss, Network { edges, strokes, output })
    }

    fn read(&self, strokes: &ArrayRef4<T>) -> Array2<T> {
        linear(strokes, &self.output.weight) + &self.output.bias
    }
}

/// Makes the gradient with respect to what a ReLU returned that with respect to what it got.
fn rectify<T: Real>(gradient: &mut Array4<T>, returned: &Array4<T>) {
    gradient.zip_mut_with(returned, |gradient, &returned| {
        if returned <= T::ZERO {
            *gradient = T::ZERO;
        }
    });
}
