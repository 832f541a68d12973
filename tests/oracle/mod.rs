//! The oracle: an einsum as nested loops over every assignment of its labels.
//!
//! It shares no code with the compiler or the runtime, not even the parser, and favours being
//! obviously right over everything else: no term is exchanged, no order chosen, no loop skipped.

#![allow(dead_code, reason = "each test binary uses a part")]

mod parse;

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

    /// The place of an element; a position along an axis of extent 1 is 0, as broadcasting reads.
    fn offset(&self, term: &[usize], position: &[usize]) -> usize {
        let axes = self.shape.iter().zip(term);
        axes.fold(0, |offset, (&extent, &label)| offset * extent + position[label] % extent)
    }
}

/// `result[output] = Σ Π operand[term]`.
pub(crate) fn einsum<T: Number>(
    text: &str,
    operands: &[Tensor<T>],
    extents: &[(&str, usize)],
) -> Tensor<T> {
    let space = Space::new(text, operands, extents);
    let mut result: Tensor<T> =
        Tensor::zeros(space.output.iter().map(|&label| space.extents[label]).collect());
    space.for_each(|position| {
        let mut product = T::new(1, 0);
        for (operand, term) in operands.iter().zip(&space.terms) {
            product = product.times(operand.data[operand.offset(term, position)]);
        }
        let offset = result.offset(&space.output, position);
        result.data[offset] = result.data[offset].plus(product);
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
    let space = Space::new(text, operands, extents);
    let mut results: Vec<Tensor<T>> =
        operands.iter().map(|operand| Tensor::zeros(operand.shape.clone())).collect();
    space.for_each(|position| {
        for (k, result) in results.iter_mut().enumerate() {
            let mut product = cotangent.data[cotangent.offset(&space.output, position)];
            for (j, (operand, term)) in operands.iter().zip(&space.terms).enumerate() {
                if j != k {
                    let element = operand.data[operand.offset(term, position)];
                    product = product.times(element.conjugate());
                }
            }
            let offset = result.offset(&space.terms[k], position);
            result.data[offset] = result.data[offset].plus(product);
        }
    });
    results
}

/// Every label with its extent, and each term as the numbers of its labels. Each axis of the
/// ellipsis is a label of its own.
struct Space {
    extents: Vec<usize>,
    terms: Vec<Vec<usize>>,
    output: Vec<usize>,
}

impl Space {
    fn new<T>(text: &str, operands: &[Tensor<T>], options: &[(&str, usize)]) -> Self {
        let shapes: Vec<&[usize]> =
            operands.iter().map(|operand| operand.shape.as_slice()).collect();
        let (terms, output) = parse::parse(text, &shapes);
        let mut labels: Vec<(String, usize)> =
            options.iter().map(|&(label, extent)| (label.to_owned(), extent)).collect();
        // An axis written `1`.
        labels.push(("1".to_owned(), 1));
        for (term, shape) in terms.iter().zip(&shapes) {
            assert_eq!(term.len(), shape.len(), "rank of {term:?} in {text:?}");
            for (label, &extent) in term.iter().zip(*shape) {
                match labels.iter_mut().find(|(name, _)| name == label) {
                    None => labels.push((label.clone(), extent)),
                    Some((_, known)) if *known == extent => {}
                    Some((_, known)) if label.starts_with('.') && *known == 1 => *known = extent,
                    Some(_) if label.starts_with('.') && extent == 1 => {}
                    Some((_, known)) => panic!("{label} is {known} and {extent} in {text:?}"),
                }
            }
        }
        let number = |label: &String| {
            let position = labels.iter().position(|(name, _)| name == label);
            position.unwrap_or_else(|| panic!("no extent of {label} in {text:?}"))
        };
        let numbers = |term: &Vec<String>| term.iter().map(number).collect();
        Space {
            terms: terms.iter().map(numbers).collect(),
            output: numbers(&output),
            extents: labels.iter().map(|&(_, extent)| extent).collect(),
        }
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
