//! Causal attention of several heads: `einsum_fn!` for the products, ndarray for what lies between.
//!
//! The letters of the terms: `b` is the sequence in the batch, `t` a position, of a query `q` or a key
//! `k`; `e` is a channel, `h` a head, `d` a channel of a head.

use einloom::ndarray::{Array3, Array4, ArrayRef3, ArrayRef4, Axis, Zip};
use einloom::{einsum, einsum_fn};

einsum_fn! {
    /// The queries, keys, or values of every head.
    fn project<f64>(x: "b t e", w: "e h d") -> "b h t d";

    /// How well each key fits each query.
    fn scores<f64>(queries: "b h q d", keys: "b h k d") -> "b h q k";

    /// The values at the keys, weighted by attention.
    fn mix<f64>(weights: "b h q k", values: "b h k d") -> "b h q d";

    /// The channels of all heads together.
    fn merge<f64>(heads: "b h t d", w: "h d e") -> "b t e";
}

/// The weights, and also their gradient, which has the same shape.
pub(crate) struct Attention {
    /// Channels to the queries of every head.
    pub(crate) query: Array3<f64>,
    /// Channels to keys.
    pub(crate) key: Array3<f64>,
    /// Channels to values.
    pub(crate) value: Array3<f64>,
    /// Heads to channels.
    pub(crate) output: Array3<f64>,
}

/// What the forward pass keeps for the backward pass.
pub(crate) struct Saved {
    queries: Array4<f64>,
    keys: Array4<f64>,
    values: Array4<f64>,
    weights: Array4<f64>,
    heads: Array4<f64>,
}

impl Attention {
    /// Returns the result of a batch of sequences, and what [`backward`](Attention::backward) needs.
    pub(crate) fn forward(&self, x: &ArrayRef3<f64>) -> (Array3<f64>, Saved) {
        let queries = project(x, &self.query);
        let keys = project(x, &self.key);
        let values = project(x, &self.value);
        let weights = softmax(scores(&queries, &keys) * scale(&queries));
        let heads = mix(&weights, &values);
        let y = merge(&heads, &self.output);
        (y, Saved { queries, keys, values, weights, heads })
    }

    /// Returns the gradients with respect to `x` and to the weights, given the one with respect to the result.
    pub(crate) fn backward(
        &self,
        x: &ArrayRef3<f64>,
        saved: &Saved,
        dy: &ArrayRef3<f64>,
    ) -> (Array3<f64>, Attention) {
        let Saved { queries, keys, values, weights, heads } = saved;
        let (d_heads, output) = merge::vjp(heads, &self.output, dy);
        let (d_weights, d_values) = mix::vjp(weights, values, &d_heads);
        let d_scores = softmax_vjp(weights, &d_weights) * scale(queries);
        let (d_queries, d_keys) = scores::vjp(queries, keys, &d_scores);

        // Three paths lead back to `x`: the first makes its gradient, the others add to it.
        let (mut dx, query) = project::vjp(x, &self.query, &d_queries);
        project::grad_x_into(&self.key, &d_keys, &mut dx);
        project::grad_x_into(&self.value, &d_values, &mut dx);
        let key = project::grad_w(x, &d_keys);
        let value = project::grad_w(x, &d_values);
        (dx, Attention { query, key, value, output })
    }
}

/// Keeps the variance of scores that of a product.
fn scale(queries: &ArrayRef4<f64>) -> f64 {
    (queries.len_of(Axis(3)) as f64).sqrt().recip()
}

/// Returns `exp(s[q k]) / Σ_k exp(s[q k])` over the keys up to the query, and zero for those behind it.
fn softmax(mut scores: Array4<f64>) -> Array4<f64> {
    for ((_, _, q, k), score) in scores.indexed_iter_mut() {
        if k > q {
            *score = f64::NEG_INFINITY;
        }
    }
    for mut row in scores.lanes_mut(Axis(3)) {
        // A shift cancels; with the largest score at 0, `exp` cannot overflow.
        let largest = row.fold(f64::NEG_INFINITY, |a, &b| a.max(b));
        row.mapv_inplace(|score| (score - largest).exp());
        let sum = row.sum();
        row /= sum;
    }
    scores
}

/// Returns the gradient with respect to the scores: `ds = p (dp - Σ_k p dp)`.
fn softmax_vjp(weights: &ArrayRef4<f64>, d_weights: &ArrayRef4<f64>) -> Array4<f64> {
    let inner = einsum!("bhqk,bhqk->bhq", weights, d_weights).insert_axis(Axis(3));
    Zip::from(weights)
        .and(d_weights)
        .and_broadcast(&inner)
        .map_collect(|p, dp, inner| p * (dp - inner))
}
