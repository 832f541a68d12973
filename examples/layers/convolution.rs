//! Convolutions with windows of three, whose edges are padded with one zero.

use einloom::ndarray::{Array3, Array4};
use einloom::{Element, einsum, einsum_grad};

/// Along one axis: input `b c x`, output `b o x`.
pub(crate) struct Convolution1<T> {
    /// `o c k`
    pub(crate) weight: Array3<T>,
    /// How many positions lie between two windows.
    pub(crate) stride: usize,
}

impl<T: Element> Convolution1<T> {
    pub(crate) fn forward(&self, x: &Array3<T>) -> Array3<T> {
        einsum!("b c (s*x + k - 1), o c k -> b o x", x, &self.weight; s = self.stride)
    }

    /// Returns the gradients with respect to the input and the weights, given the one with respect to the output.
    pub(crate) fn backward(&self, x: &Array3<T>, dy: &Array3<T>) -> (Array3<T>, Array3<T>) {
        einsum_grad!("b c (s*x + k - 1), o c k -> b o x", x, &self.weight; dy; s = self.stride)
    }
}

/// Along two axes, with the channels in groups that do not mix: input `b (g c) y x`, output `b (g o) y x`.
pub(crate) struct Convolution2<T> {
    /// `(g o) c u v`
    pub(crate) weight: Array4<T>,
    pub(crate) groups: usize,
    /// How many positions lie between two windows.
    pub(crate) stride: usize,
    /// How many positions lie between two elements of a window.
    pub(crate) dilation: usize,
}

impl<T: Element> Convolution2<T> {
    pub(crate) fn forward(&self, x: &Array4<T>) -> Array4<T> {
        einsum!(
            "b (g c) (s*y + d*u - 1) (s*x + d*v - 1), (g o) c u v -> b (g o) y x",
            x, &self.weight;
            g = self.groups, s = self.stride, d = self.dilation
        )
    }

    /// Returns the gradients with respect to the input and the weights, given the one with respect to the output.
    pub(crate) fn backward(&self, x: &Array4<T>, dy: &Array4<T>) -> (Array4<T>, Array4<T>) {
        einsum_grad!(
            "b (g c) (s*y + d*u - 1) (s*x + d*v - 1), (g o) c u v -> b (g o) y x",
            x, &self.weight; dy;
            g = self.groups, s = self.stride, d = self.dilation
        )
    }
}
