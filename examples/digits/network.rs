//! A convolutional network of three layers, from pixels over edges and shapes to one logit a digit.
//!
//! The letters of the index strings: `b` is the image in the batch, `c` an input and `o` an output channel of a layer, `y`
//! and `x` the place in an image, `u` and `v` the place in a 3x3 window.

use einloom::ndarray::{
    Array, Array1, Array2, Array4, ArrayRef2, Axis, Dimension, Ix3, Ix4, NdFloat, ShapeBuilder, Zip,
};
use einloom::{Element, einsum, einsum_grad, einsum_view};
use fastrand::Rng;

use crate::loss::cross_entropy;

/// The numbers that a network is made of: `f32` to train, `f64` to check gradients.
pub(crate) trait Real: Element + NdFloat + From<f32> {}
impl<T: Element + NdFloat + From<f32>> Real for T {}

/// An image is a square of so many pixels a side.
const SIDE: usize = 8;
/// The side of a window, and what each convolution takes off the side of an image.
const WINDOW: usize = 3;
const SHRINK: usize = WINDOW - 1;

/// Weights and biases of a layer. Their gradients and velocities have the same shape, so this struct holds them too.
#[derive(Clone)]
pub(crate) struct Layer<T, D> {
    pub(crate) weight: Array<T, D>,
    /// One element an output channel.
    pub(crate) bias: Array1<T>,
}

impl<T: Real, D: Dimension> Layer<T, D> {
    fn zeros(shape: impl ShapeBuilder<Dim = D>, outputs: usize) -> Self {
        Layer { weight: Array::zeros(shape), bias: Array1::zeros(outputs) }
    }

    fn zeros_like(&self) -> Self {
        Layer::zeros(self.weight.raw_dim(), self.bias.len())
    }

    /// Draws weights whose variance, 2 / `inputs`, keeps the size of a signal through a ReLU.
    fn draw(mut self, inputs: usize, rng: &mut Rng) -> Self {
        let bound = (6.0 / inputs as f32).sqrt();
        self.weight.mapv_inplace(|_| (bound * (2.0 * rng.f32() - 1.0)).into());
        self
    }

    /// Returns the weights and the biases.
    pub(crate) fn parameters(&self) -> [&[T]; 2] {
        let parts = [self.weight.as_slice(), self.bias.as_slice()];
        parts.map(|part| part.expect("layers are in C order"))
    }

    /// Returns the weights and the biases.
    pub(crate) fn parameters_mut(&mut self) -> [&mut [T]; 2] {
        let parts = [self.weight.as_slice_mut(), self.bias.as_slice_mut()];
        parts.map(|part| part.expect("layers are in C order"))
    }
}

/// The network, and also its gradient and its velocity, which have the same shape.
#[derive(Clone)]
pub(crate) struct Network<T> {
    /// From pixels to edges: weights `o u v`, followed by a ReLU.
    pub(crate) edges: Layer<T, Ix3>,
    /// From edges to shapes: weights `o c u v`, followed by a ReLU.
    pub(crate) shapes: Layer<T, Ix4>,
    /// From shapes to logits: weights `c y x o`.
    pub(crate) output: Layer<T, Ix4>,
}

impl<T: Real> Network<T> {
    /// Draws the weights from the seed; the biases are zero.
    pub(crate) fn random([edges, shapes]: [usize; 2], outputs: usize, seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let (window, side) = (WINDOW * WINDOW, SIDE - 2 * SHRINK);
        let of_edges = Layer::zeros((edges, WINDOW, WINDOW), edges);
        let of_shapes = Layer::zeros((shapes, edges, WINDOW, WINDOW), shapes);
        let of_output = Layer::zeros((shapes, side, side, outputs), outputs);
        Network {
            edges: of_edges.draw(window, &mut rng),
            shapes: of_shapes.draw(edges * window, &mut rng),
            output: of_output.draw(shapes * side * side, &mut rng),
        }
    }

    /// Returns a network of the same shape, all zero.
    pub(crate) fn zeros_like(&self) -> Self {
        let Network { edges, shapes, output } = self;
        Network {
            edges: edges.zeros_like(),
            shapes: shapes.zeros_like(),
            output: output.zeros_like(),
        }
    }

    /// Returns the logits: one row an image, one column a digit, the largest being the guess.
    pub(crate) fn logits(&self, images: &ArrayRef2<T>) -> Array2<T> {
        self.classify(&self.shapes(&self.edges(images)))
    }

    /// Returns the mean loss over a batch and its gradient with respect to every weight and bias.
    pub(crate) fn loss_and_gradient(
        &self,
        images: &ArrayRef2<T>,
        labels: &[usize],
    ) -> (T, Network<T>) {
        let edges = self.edges(images);
        let shapes = self.shapes(&edges);
        let (loss, d_logits) = cross_entropy(self.classify(&shapes), labels);

        let (mut d_shapes, weight) =
            einsum_grad!("bcyx,cyxo->bo", &shapes, &self.output.weight; &d_logits);
        let output = Layer { weight, bias: einsum!("bo->o", &d_logits) };

        rectify(&mut d_shapes, &shapes);
        let (mut d_edges, weight) =
            einsum_grad!("bc(y+u)(x+v),ocuv->boyx", &edges, &self.shapes.weight; &d_shapes);
        let shapes = Layer { weight, bias: einsum!("boyx->o", &d_shapes) };

        // The images are data: of this convolution only the weights have a gradient, the einsum in which they and the
        // output have changed places.
        rectify(&mut d_edges, &edges);
        let images = einsum_view!("b(y x)->byx", images; x = SIDE);
        let weight = einsum!("b(y+u)(x+v),boyx->ouv", &images, &d_edges);
        let edges = Layer { weight, bias: einsum!("boyx->o", &d_edges) };
        (loss, Network { edges, shapes, output })
    }

    /// Returns `max(0, Σ_uv images[b, y+u, x+v] · weight[o,u,v] + bias[o])`.
    fn edges(&self, images: &ArrayRef2<T>) -> Array4<T> {
        let images = einsum_view!("b(y x)->byx", images; x = SIDE);
        let edges = einsum!("b(y+u)(x+v),ouv->boyx", &images, &self.edges.weight);
        activate(edges, &self.edges.bias)
    }

    /// Returns `max(0, Σ_cuv edges[b, c, y+u, x+v] · weight[o,c,u,v] + bias[o])`.
    fn shapes(&self, edges: &Array4<T>) -> Array4<T> {
        let shapes = einsum!("bc(y+u)(x+v),ocuv->boyx", edges, &self.shapes.weight);
        activate(shapes, &self.shapes.bias)
    }

    /// Returns `Σ_cyx shapes[b,c,y,x] · weight[c,y,x,o] + bias[o]`.
    fn classify(&self, shapes: &Array4<T>) -> Array2<T> {
        einsum!("bcyx,cyxo->bo", shapes, &self.output.weight) + &self.output.bias
    }
}

/// Adds a bias to every channel and puts what is negative to zero.
fn activate<T: Real>(mut channels: Array4<T>, bias: &Array1<T>) -> Array4<T> {
    let bias = bias.view().insert_axis(Axis(1)).insert_axis(Axis(2));
    Zip::from(&mut channels).and_broadcast(bias).for_each(|z, &bias| *z = (*z + bias).max(T::ZERO));
    channels
}

/// Puts a gradient to zero where the activation is: the gradient of [`activate`].
fn rectify<T: Real>(gradient: &mut Array4<T>, activation: &Array4<T>) {
    Zip::from(gradient).and(activation).for_each(|d, &a| {
        if a <= T::ZERO {
            *d = T::ZERO;
        }
    });
}
