//! Softmax and cross-entropy in one, with the gradient worked out by hand.
//!
//! With the probabilities `p[b,c] = exp(z[b,c]) / Σ_c exp(z[b,c])` of the logits `z`, the loss is the
//! mean of `-ln p[b, label of b]`. Its gradient with respect to `z[b,c]` is `p[b,c]` over the size of
//! the batch, less `1 / size` where `c` is the label.

use einloom::einsum;
use einloom::ndarray::{Array2, Axis};

use crate::network::Real;

/// Returns the mean loss of a batch of logits and its gradient with respect to them.
pub(crate) fn cross_entropy<T: Real>(logits: Array2<T>, labels: &[usize]) -> (T, Array2<T>) {
    // A shift of a row cancels in the softmax; with the largest logit at 0, `exp` cannot overflow.
    let largest = logits.map_axis(Axis(1), |row| row.fold(T::neg_infinity(), |a, &b| a.max(b)));
    let shifted = logits - &largest.insert_axis(Axis(1));
    let exponentials = shifted.exp();
    let sums = einsum!("bc->b", &exponentials);

    let share = (labels.len() as f32).recip().into();
    let mut gradient = einsum!("bc,b->bc", &exponentials, sums.mapv(|sum| share / sum));
    let mut loss = T::ZERO;
    for (image, &label) in labels.iter().enumerate() {
        gradient[[image, label]] -= share;
        loss += share * (sums[image].ln() - shifted[[image, label]]);
    }
    (loss, gradient)
}
