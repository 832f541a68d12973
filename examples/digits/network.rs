//! A perceptron of two layers, from pixels over hidden units to one logit a digit.
//!
//! The letters of the index strings: `b` is the image in the batch, `i` an input and `o` an output of
//! a layer, `h` a hidden unit.

use einloom::ndarray::{Array1, Array2, ArrayRef2, NdFloat};
use einloom::{Element, einsum, einsum_fn};
use fastrand::Rng;

use crate::loss::cross_entropy;

einsum_fn! {
    /// The products of a linear layer.
    fn linear(x: "b i", weight: "i o") -> "b o";
}

/// The numbers that a network is made of: `f32` to train, `f64` to check gradients.
pub(crate) trait Real: Element + NdFloat + From<f32> {}
impl<T: Element + NdFloat + From<f32>> Real for T {}

/// A linear layer. Its gradient and its velocity have the same shape, so this struct holds them too.
#[derive(Clone)]
pub(crate) struct Layer<T> {
    /// One row an input, one column an output.
    pub(crate) weight: Array2<T>,
    /// One element an output.
    pub(crate) bias: Array1<T>,
}

impl<T: Real> Layer<T> {
    fn zeros(inputs: usize, outputs: usize) -> Self {
        Layer { weight: Array2::zeros((inputs, outputs)), bias: Array1::zeros(outputs) }
    }

    /// Draws weights whose variance, 2 / inputs, keeps the size of a signal through a ReLU.
    fn random(inputs: usize, outputs: usize, rng: &mut Rng) -> Self {
        let bound = (6.0 / inputs as f32).sqrt();
        let mut layer = Layer::zeros(inputs, outputs);
        layer.weight.mapv_inplace(|_| (bound * (2.0 * rng.f32() - 1.0)).into());
        layer
    }

    /// Returns `y[b,o] = Σ_i x[b,i] · weight[i,o] + bias[o]`.
    fn forward(&self, x: &ArrayRef2<T>) -> Array2<T> {
        linear(x, &self.weight) + &self.bias
    }

    /// Returns the gradients with respect to `x` and to the layer, given the one with respect to `y`.
    fn backward(&self, x: &ArrayRef2<T>, dy: &ArrayRef2<T>) -> (Array2<T>, Layer<T>) {
        let (dx, weight) = linear::vjp(x, &self.weight, dy);
        (dx, Layer { weight, bias: einsum!("bo->o", dy) })
    }

    /// Returns the gradient with respect to the layer alone, for an `x` that is data.
    fn backward_from_data(x: &ArrayRef2<T>, dy: &ArrayRef2<T>) -> Layer<T> {
        Layer { weight: linear::grad_weight(x, dy), bias: einsum!("bo->o", dy) }
    }
}

/// The network, and also its gradient and its velocity, which have the same shape.
#[derive(Clone)]
pub(crate) struct Network<T> {
    /// From pixels to hidden units, followed by a ReLU.
    pub(crate) hidden: Layer<T>,
    /// From hidden units to logits.
    pub(crate) output: Layer<T>,
}

impl<T: Real> Network<T> {
    /// Draws the weights from the seed; the biases are zero.
    pub(crate) fn random(inputs: usize, hidden: usize, outputs: usize, seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        Network {
            hidden: Layer::random(inputs, hidden, &mut rng),
            output: Layer::random(hidden, outputs, &mut rng),
        }
    }

    /// Returns a network of the same shape, all zero.
    pub(crate) fn zeros_like(&self) -> Self {
        let zeros = |layer: &Layer<T>| Layer::zeros(layer.weight.nrows(), layer.weight.ncols());
        Network { hidden: zeros(&self.hidden), output: zeros(&self.output) }
    }

    /// Returns the logits: one row an image, one column a digit, the largest being the guess.
    pub(crate) fn logits(&self, images: &ArrayRef2<T>) -> Array2<T> {
        self.output.forward(&self.activate(images))
    }

    /// Returns the mean loss over a batch and its gradient with respect to every weight and bias.
    pub(crate) fn loss_and_gradient(
        &self,
        images: &ArrayRef2<T>,
        labels: &[usize],
    ) -> (T, Network<T>) {
        let activation = self.activate(images);
        let logits = self.output.forward(&activation);
        let (loss, d_logits) = cross_entropy(logits, labels);

        let (d_activation, output) = self.output.backward(&activation, &d_logits);
        let slope = activation.mapv(|a| if a > T::ZERO { T::ONE } else { T::ZERO });
        let d_hidden = einsum!("bh,bh->bh", &d_activation, &slope);
        let hidden = Layer::backward_from_data(images, &d_hidden);
        (loss, Network { hidden, output })
    }

    fn activate(&self, images: &ArrayRef2<T>) -> Array2<T> {
        self.hidden.forward(images).mapv_into(|z| z.max(T::ZERO))
    }
}
