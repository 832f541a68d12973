//! The oracle: an einsum as nested loops over every assignment of its labels.
//!
//! It shares no code with the compiler or the runtime, not even the parser, and favours being
//! obviously right over everything else: no term is exchanged, no order chosen, no loop skipped.

#![allow(dead_code, reason = "each test binary uses a part")]

mod axes;
mod parse;
pub(crate) mod separable;

use axes::Axis;
use std::fmt::Debug;

/// What the oracle computes with.
pub(crate) trait Number: Copy + PartialEq + Debug {
    /// The integer `re`, or `re + im·i` if the type is complex.
    fn new(re: i8, im: i8) -> Self;
    fn plus(self, other: Self) -> Self;
    fn times(self, other: Self) -> Self;
    fn conjugate(self) -> Self {
        self
    }
}

macro_rules! numbers {
    ($($type:ty: $plus:path, $times:path;)*) => { $(
        impl Number for $type {
            fn new(re: i8, _: i8) -> Self {
                re as $type
            }
            fn plus(self, other: Self) -> Self {
                $plus(self, other)
            }
            fn times(self, other: Self) -> Self {
                $times(self, other)
            }
        }
    )* };
}
numbers! {
    f32: std::ops::Add::add, std::ops::Mul::mul;
    f64: std::ops::Add::add, std::ops::Mul::mul;
    i32: i32::wrapping_add, i32::wrapping_mul;
    i64: i64::wrapping_add, i64::wrapping_mul;
}

/// A dense array in C order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tensor<T> {
    pub(crate) shape: Vec<usize>,
    pub(crate) data: Vec<T>,
}

impl<T: Number> Tensor<T> {
    pub(crate) fn zeros(shape: Vec<usize>) -> Self {
        let data = vec![T::new(0, 0); shape.iter().product()];
        Tensor { shape, data }
    }

    /// The place of an element, if there is one; a position along an axis of extent 1 of an ellipsis is 0, as
    /// broadcasting reads.
    fn offset(&self, term: &[Axis], position: &[usize]) -> Option<usize> {
        let mut offset = 0;
        for (&extent, axis) in self.shape.iter().zip(term) {
            offset = offset * extent + axis.at(position, extent)?;
        }
        Some(offset)
    }

    /// An element; zero outside of the tensor.
    fn at(&self, term: &[Axis], position: &[usize]) -> T {
        self.offset(term, position).map_or(T::new(0, 0), |offset| self.data[offset])
    }

    fn add(&mut self, term: &[Axis], position: &[usize], value: T) {
        if let Some(offset) = self.offset(term, position) {
            self.data[offset] = self.data[offset].plus(value);
        }
    }
}

/// `result[output] = Σ Π operand[term]`.
pub(crate) fn einsum<T: Number>(
    text: &str,
    operands: &[Tensor<T>],
    extents: &[(&str, usize)],
) -> Tensor<T> {
    let space = Space::new(text, &shapes(operands), extents);
    let mut result: Tensor<T> = Tensor::zeros(space.shape(&space.output));
    space.for_each(|position| {
        let mut product = T::new(1, 0);
        for (operand, term) in operands.iter().zip(&space.terms) {
            product = product.times(operand.at(term, position));
        }
        result.add(&space.output, position, product);
    });
    result
}

/// The derivative of the defining sum, term by term:
/// `gradient_k[term_k] += cotangent[output] · Π_{j≠k} conj(operand_j[term_j])`.
pub(crate) fn gradients<T: Number>(
    text: &str,
    operands: &[Tensor<T>],
    cotangent: &Tensor<T>,
    extents: &[(&str, usize)],
) -> Vec<Tensor<T>> {
    let space = Space::new(text, &shapes(operands), extents);
    let mut results: Vec<Tensor<T>> =
        operands.iter().map(|operand| Tensor::zeros(operand.shape.clone())).collect();
    space.for_each(|position| {
        for (k, result) in results.iter_mut().enumerate() {
            let mut product = cotangent.at(&space.output, position);
            for (j, (operand, term)) in operands.iter().zip(&space.terms).enumerate() {
                if j != k {
                    product = product.times(operand.at(term, position).conjugate());
                }
            }
            result.add(&space.terms[k], position, product);
        }
    });
    results
}

fn shapes<T>(operands: &[Tensor<T>]) -> Vec<&[usize]> {
    operands.iter().map(|operand| operand.shape.as_slice()).collect()
}

/// Every label with its extent, and each term as where its axes are. Each axis of the ellipsis is a label of its own.
struct Space {
    extents: Vec<usize>,
    terms: Vec<Vec<Axis>>,
    output: Vec<Axis>,
}

impl Space {
    fn new(text: &str, shapes: &[&[usize]], options: &[(&str, usize)]) -> Self {
        let (terms, output) = parse::parse(text, shapes);
        let mut labels: Vec<(String, usize)> =
            options.iter().map(|&(label, extent)| (label.to_owned(), extent)).collect();
        // An axis written `1`.
        labels.push(("1".to_owned(), 1));
        let plain = |word: &str| !word.contains(|c: char| c.is_whitespace() || "+-*".contains(c));
        for (term, shape) in terms.iter().zip(shapes) {
            assert_eq!(term.len(), shape.len(), "rank of {term:?} in {text:?}");
            for (label, &extent) in term.iter().zip(*shape).filter(|(label, _)| plain(label)) {
                match labels.iter_mut().find(|(name, _)| name == label) {
                    None => labels.push((label.clone(), extent)),
                    Some((_, known)) if *known == extent => {}
                    Some((_, known)) if label.starts_with('.') && *known == 1 => *known = extent,
                    Some(_) if label.starts_with('.') && extent == 1 => {}
                    Some((_, known)) => panic!("{label} is {known} and {extent} in {text:?}"),
                }
            }
        }
        let axes = terms.iter().zip(shapes).flat_map(|(term, shape)| term.iter().zip(*shape));
        let windows: Vec<(&String, usize)> =
            axes.filter(|(word, _)| !plain(word)).map(|(word, &extent)| (word, extent)).collect();
        axes::infer(&windows, &mut labels);
        let bind = |term: &Vec<String>| -> Vec<Axis> {
            term.iter().map(|word| Axis::new(word, &labels)).collect()
        };
        let words = || terms.iter().chain([&output]).flatten();
        let is_label = |name: &str| words().any(|word| axes::labels(word).contains(&name));
        Space {
            terms: terms.iter().map(bind).collect(),
            output: bind(&output),
            extents: labels
                .iter()
                // The value of a coefficient is no extent.
                .map(|(label, extent)| if is_label(label) { *extent } else { 1 })
                .collect(),
        }
    }

    /// The extents of axes that no window reads.
    fn shape(&self, term: &[Axis]) -> Vec<usize> {
        term.iter().map(|axis| axis.extent(&self.extents)).collect()
    }

    fn for_each(&self, mut visit: impl FnMut(&[usize])) {
        let mut position = vec![0; self.extents.len()];
        if self.extents.contains(&0) {
            return;
        }
        loop {
            visit(&position);
            let Some(axis) =
                (0..position.len()).rev().find(|&axis| position[axis] + 1 < self.extents[axis])
            else {
                return;
            };
            position[axis] += 1;
            position[axis + 1..].fill(0);
        }
    }
}
