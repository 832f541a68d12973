//! Stochastic gradient descent with momentum, and the accuracy that it reaches.

use einloom::einsum_into;
use einloom::ndarray::{ArrayView1, Dimension};

use crate::data::{CLASSES, Digits};
use crate::network::{Layer, Network};

/// The number of images that a step looks at.
pub(crate) const BATCH: usize = 32;
/// The channels of the two convolutions.
const CHANNELS: [usize; 2] = [16, 32];
const RATE: f32 = 0.02;
const MOMENTUM: f32 = 0.9;

/// A network in training.
pub(crate) struct Trainer {
    /// The network as trained so far.
    pub(crate) network: Network<f32>,
    velocity: Network<f32>,
}

impl Trainer {
    /// Starts with a random network at rest.
    pub(crate) fn new(seed: u64) -> Trainer {
        let network = Network::random(CHANNELS, CLASSES, seed);
        let velocity = network.zeros_like();
        Trainer { network, velocity }
    }

    /// Trains on every batch once, in order, and returns the mean loss over the images.
    ///
    /// Calls `after_batch` with the number of images after each batch.
    pub(crate) fn epoch(&mut self, digits: &Digits, mut after_batch: impl FnMut(usize)) -> f32 {
        let mut total = 0.0;
        for (images, labels) in digits.batches(BATCH) {
            let (loss, gradient) = self.network.loss_and_gradient(&images, labels);
            let (network, velocity) = (&mut self.network, &mut self.velocity);
            step(&mut network.edges, &mut velocity.edges, &gradient.edges);
            step(&mut network.shapes, &mut velocity.shapes, &gradient.shapes);
            step(&mut network.output, &mut velocity.output, &gradient.output);
            total += loss * labels.len() as f32;
            after_batch(labels.len());
        }
        total / digits.len() as f32
    }
}

/// `velocity = MOMENTUM · velocity + gradient`, then `layer = layer - RATE · velocity`, in place.
fn step<D: Dimension>(
    layer: &mut Layer<f32, D>,
    velocity: &mut Layer<f32, D>,
    gradient: &Layer<f32, D>,
) {
    let parameters = layer.parameters_mut().into_iter().zip(velocity.parameters_mut());
    for ((parameters, velocity), gradient) in parameters.zip(gradient.parameters()) {
        einsum_into!("i->i", gradient => &mut velocity[..]; beta = MOMENTUM);
        einsum_into!("i->i", &velocity[..] => parameters; alpha = -RATE, beta = 1.0);
    }
}

/// Returns the share of the images that the network reads right.
pub(crate) fn accuracy(network: &Network<f32>, digits: &Digits) -> f32 {
    let logits = network.logits(&digits.images);
    let guesses = logits.outer_iter().map(largest);
    let right = guesses.zip(&digits.labels).filter(|(guess, label)| guess == *label);
    right.count() as f32 / digits.len() as f32
}

/// Returns the position of the largest logit.
fn largest(logits: ArrayView1<'_, f32>) -> usize {
    let by_value = |a: &(usize, &f32), b: &(usize, &f32)| a.1.total_cmp(b.1);
    logits.iter().enumerate().max_by(by_value).map_or(0, |(class, _)| class)
}
