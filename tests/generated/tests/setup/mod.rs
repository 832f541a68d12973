//! What all cases share: a round draws shapes, data, and layouts, and holds the operands.

#![allow(dead_code, reason = "each test binary uses a part")]

use std::fmt;

use ndarray::{ArrayD, ArrayViewD};

use crate::layouts::{Layout, Stored};
use crate::oracle::{Number, Tensor};
use crate::random::{Expression, Rng};

/// One generated function.
pub(crate) struct Case<F> {
    pub(crate) seed: u64,
    /// Whether it calls the macro with views of dynamic rank.
    pub(crate) is_dynamic: bool,
    pub(crate) run: F,
}

/// One call of a case.
pub(crate) struct Round<T> {
    pub(crate) expression: Expression,
    pub(crate) operands: Vec<Tensor<T>>,
    pub(crate) rng: Rng,
    pub(crate) layouts: Vec<Layout>,
    stored: Vec<Stored<T>>,
    is_dynamic: bool,
}

impl<T: Number> Round<T> {
    /// The rounds of a case: the shapes it was generated with, others, and some with extent 0;
    /// all operands in one layout, then each in its own.
    pub(crate) fn all<F>(case: &Case<F>) -> impl Iterator<Item = Self> {
        let (seed, is_dynamic) = (case.seed, case.is_dynamic);
        (0..2 * Layout::ALL.len()).map(move |number| Round::new(seed, is_dynamic, number))
    }

    fn new(seed: u64, is_dynamic: bool, number: usize) -> Self {
        let mut rng = Rng::new(!seed ^ ((number as u64) << 40));
        let mut expression = Expression::new(seed);
        if number > 0 {
            expression.resize(&mut rng);
        }
        if number == Layout::ALL.len() {
            expression.empty(&mut rng);
        }
        let shapes = expression.shapes();
        let layouts: Vec<Layout> = match Layout::ALL.get(number) {
            Some(&layout) => vec![layout; shapes.len()],
            None => shapes.iter().map(|_| rng.pick(&Layout::ALL)).collect(),
        };
        let mut operands: Vec<Tensor<T>> =
            shapes.into_iter().map(|shape| tensor(&mut rng, shape)).collect();
        let pairs = operands.iter_mut().zip(&layouts);
        let stored =
            pairs.map(|(operand, &layout)| Stored::new(operand, layout, &mut rng)).collect();
        Round { expression, operands, rng, layouts, stored, is_dynamic }
    }

    /// Calls a function with views of the operands and the extents of the labels.
    pub(crate) fn call<R>(&self, run: impl FnOnce(&[ArrayViewD<'_, T>], &[usize]) -> R) -> R {
        let stored: Vec<ArrayViewD<'_, T>> = self.stored.iter().map(Stored::view).collect();
        let views = stored.iter().zip(&self.operands);
        let views: Vec<ArrayViewD<'_, T>> =
            views.map(|(view, full)| view.broadcast(full.shape.as_slice()).unwrap()).collect();
        let call = || run(&views, &self.expression.extents);
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(call))
            .unwrap_or_else(|_| panic!("the call panicked: {self}"))
    }

    /// Exchanges one operand.
    pub(crate) fn replace(&mut self, number: usize, mut operand: Tensor<T>) {
        self.stored[number] = Stored::new(&mut operand, Layout::C, &mut self.rng);
        self.operands[number] = operand;
    }

    /// Compares a result: shape, elements, and that it is in C order.
    pub(crate) fn assert_equal(&self, what: &str, found: &ArrayD<T>, expected: &Tensor<T>) {
        assert_eq!(found.shape(), expected.shape, "shape of {what}: {self}");
        assert!(found.is_standard_layout(), "{what} is not in C order: {self}");
        let found: Vec<T> = found.iter().copied().collect();
        assert_eq!(found, expected.data, "{what}: {self}");
    }
}

impl<T> fmt::Display for Round<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Expression { seed, text, .. } = &self.expression;
        let (shapes, given) = (self.expression.shapes(), self.expression.given());
        let (kind, element) = (self.is_dynamic, std::any::type_name::<T>());
        write!(
            f,
            "seed {seed}, {text:?}, shapes {shapes:?}, options {given:?}, layouts {:?}, \
             elements {element}, dynamic ranks {kind}",
            self.layouts
        )
    }
}

/// A tensor of small integers. Single precision holds fewer digits, so they are smaller there.
pub(crate) fn tensor<T: Number>(rng: &mut Rng, shape: Vec<usize>) -> Tensor<T> {
    let most = if size_of::<T>() == 4 { 2 } else { 4 };
    let count = shape.iter().product();
    let data = (0..count).map(|_| T::new(rng.small(most), rng.small(most))).collect();
    Tensor { shape, data }
}
