//! Multi-head attention. Queries, keys, and values come from one projection, packed side by side, and the heads are
//! packed in each of them; the strings take them apart.

use einloom::ndarray::{Array2, Array3, Array4, Array5, Axis, NdFloat};
use einloom::{Element, einsum, einsum_grad};

/// The letters: `b` is a sequence of the batch, `t` a word of it, `q` a word that asks and `k` one that is asked, `h` a
/// head, `d` a feature of a head, `m` one of a word, and `p` says whether something is a query, key, or value.
#[derive(Clone)]
pub(crate) struct Attention<T> {
    pub(crate) heads: usize,
    /// `m (p h d)`
    pub(crate) projection: Array2<T>,
    /// `(h d) m`
    pub(crate) output: Array2<T>,
}

/// What the backward pass needs of the forward one.
pub(crate) struct Seen<T> {
    /// Queries, keys, and values: `p b t h d`
    packed: Array5<T>,
    /// How much of each word goes into another: `b h q k`
    share: Array4<T>,
    /// `b q (h d)`
    mixed: Array3<T>,
}

impl<T: Element + NdFloat> Attention<T> {
    /// Returns a word for each word, of the same features.
    pub(crate) fn forward(&self, words: &Array3<T>) -> (Array3<T>, Seen<T>) {
        let packed = einsum!(
            "b t m, m (p h d) -> p b t h d", words, &self.projection;
            p = 3, h = self.heads
        );
        let [query, key, value] = [0, 1, 2].map(|p| packed.index_axis(Axis(0), p));
        let scores = einsum!("bqhd,bkhd->bhqk", query, key) * scale::<T>(query.len_of(Axis(3)));
        let share = softmax(scores);
        let mixed = einsum!("b h q k, b k h d -> b q (h d)", &share, value);
        let y = einsum!("bqi,im->bqm", &mixed, &self.output);
        (y, Seen { packed, share, mixed })
    }

    /// Returns the gradients with respect to the words and to the layer, given the one with respect to the output.
    pub(crate) fn backward(
        &self,
        words: &Array3<T>,
        seen: &Seen<T>,
        dy: &Array3<T>,
    ) -> (Array3<T>, Attention<T>) {
        let Seen { packed, share, mixed } = seen;
        let [query, key, value] = [0, 1, 2].map(|p| packed.index_axis(Axis(0), p));
        let (d_mixed, output) = einsum_grad!("bqi,im->bqm", mixed, &self.output; dy);
        let (d_share, d_value) =
            einsum_grad!("b h q k, b k h d -> b q (h d)", share, value; &d_mixed);
        let all = einsum!("bhqk,bhqk->bhq", &d_share, share).insert_axis(Axis(3));
        let d_scores = (d_share - &all) * share * scale::<T>(query.len_of(Axis(3)));
        let (d_query, d_key) = einsum_grad!("bqhd,bkhd->bhqk", query, key; &d_scores);
        let mut d_packed = Array5::zeros(packed.raw_dim());
        for (p, gradient) in [d_query, d_key, d_value].iter().enumerate() {
            d_packed.index_axis_mut(Axis(0), p).assign(gradient);
        }
        let (d_words, projection) = einsum_grad!(
            "b t m, m (p h d) -> p b t h d", words, &self.projection; &d_packed;
            p = 3, h = self.heads
        );
        (d_words, Attention { heads: self.heads, projection, output })
    }
}

/// Scores of `features` products each keep the size of one.
fn scale<T: NdFloat>(features: usize) -> T {
    T::from(features).expect("a small number").sqrt().recip()
}

/// Along the last axis.
fn softmax<T: Element + NdFloat>(scores: Array4<T>) -> Array4<T> {
    // A shift cancels; with the largest score at 0, `exp` cannot overflow.
    let largest = scores.map_axis(Axis(3), |row| row.fold(T::neg_infinity(), |a, &b| a.max(b)));
    let exponentials = (scores - &largest.insert_axis(Axis(3))).exp();
    let sums = einsum!("bhqk->bhq", &exponentials).mapv_into(T::recip);
    einsum!("bhqk,bhq->bhqk", &exponentials, &sums)
}
