//! Random einsums over extents at which kernels block, pack, and divide what they do: values, outputs that are added to, and
//! gradients, in all layouts of outputs and on several threads.
//!
//! Nothing is a macro call: rustc would take longer than all of the tests. Operands are separable, which makes the oracle
//! as fast as an output is large.

use std::ops::Range;

use einloom::Element;
use ndarray::{ArrayD, ArrayViewD};
use num_complex::Complex;
use rayon_core::{ThreadPool, ThreadPoolBuilder};

#[path = "../../../oracle/complex.rs"]
mod complex;
mod expression;
#[path = "../../../generated/tests/layouts/mod.rs"]
mod layouts;
mod margins;
#[path = "../../../oracle/mod.rs"]
mod oracle;
mod program;
#[path = "../../../random/mod.rs"]
mod random;

use expression::Expression;
use layouts::{Layout, Stored};
use oracle::separable::{self, Separable};
use oracle::{Number, Tensor};
use random::Rng;

/// A random einsum with its operands.
struct Case<T> {
    seed: u64,
    rng: Rng,
    expression: Expression,
    operands: Vec<Separable<T>>,
    stored: Vec<Stored<T>>,
    layouts: Vec<Layout>,
}

impl<T: Number + Element> Case<T> {
    fn new(seed: u64, draw: fn(&mut Rng) -> Expression) -> Self {
        let mut rng = Rng::new(seed);
        let expression = draw(&mut rng);
        let mut case =
            Case { seed, rng, expression, operands: vec![], stored: vec![], layouts: vec![] };
        for shape in case.expression.shapes.clone() {
            let operand = case.tensor(shape);
            case.operands.push(operand);
        }
        case
    }

    /// Draws a tensor and stores it.
    fn tensor(&mut self, shape: Vec<usize>) -> Separable<T> {
        let rng = &mut self.rng;
        // Two parts and two operands make the oracle four times as slow as one.
        let parts = if self.expression.shapes.len() > 2 { 1 } else { 2 };
        let tensor = Separable::new(shape, parts, || {
            let mut sign = || if rng.chance(50) { 1 } else { -1 };
            T::new(sign(), sign())
        });
        // Half of them as most arrays are.
        let layout = if rng.chance(50) { Layout::C } else { rng.pick(Layout::WRITABLE) };
        self.stored.push(Stored::new(&mut tensor.tensor(), layout, rng));
        self.layouts.push(layout);
        tensor
    }

    fn views(&self) -> Vec<ArrayViewD<'_, T>> {
        self.stored.iter().map(Stored::view).collect()
    }

    fn compare(&self, what: &str, found: &ArrayViewD<'_, T>, expected: &Tensor<T>) {
        let Case { seed, expression, layouts, .. } = self;
        let (text, shapes) = (&expression.text, &expression.shapes);
        let case = format!("{what} of {text:?}, seed {seed}, shapes {shapes:?}, {layouts:?}");
        assert_eq!(found.shape(), expected.shape, "{case}");
        // The elements are too many to print.
        let wrong = found.iter().zip(&expected.data).filter(|(found, expected)| found != expected);
        assert_eq!(wrong.count(), 0, "wrong elements: {case}");
    }

    fn value(&mut self) {
        let text = self.expression.text.clone();
        let expected = separable::einsum(&text, &self.operands);
        if self.rng.chance(50) {
            let value = program::value(&text, &self.views());
            assert!(value.is_standard_layout());
            return self.compare("the value", &value.view(), &expected);
        }
        let size = expected.data.len();
        let before = |at: usize| T::new((at % 5) as i8 - 2, (at % 3) as i8 - 1);
        let mut output =
            Tensor { shape: expected.shape.clone(), data: (0..size).map(before).collect() };
        let layout = self.rng.pick(Layout::WRITABLE);
        let mut stored = Stored::new(&mut output, layout, &mut self.rng);
        program::add_value(&text, &self.views(), stored.view_mut());
        let sums = expected.data.iter().zip(&output.data).map(|(sum, &old)| old.plus(*sum));
        let expected = Tensor { shape: expected.shape.clone(), data: sums.collect() };
        let what = format!("the value added to an output ({layout:?})");
        self.compare(&what, &stored.view(), &expected);
        assert!(stored.has_clean_gaps(), "written beside {what} of {text:?}, seed {}", self.seed);
    }

    fn gradients(&mut self) {
        let text = self.expression.text.clone();
        let shape = separable::einsum(&text, &self.operands).shape;
        let cotangent = self.tensor(shape);
        let expected = separable::gradients(&text, &self.operands, &cotangent);
        let views = self.views();
        type A<T> = ArrayD<T>;
        let found = match self.operands.len() {
            1 => {
                let (first, ()) = program::gradients::<T, (A<T>, ())>(&text, &views);
                vec![first]
            }
            2 => {
                let (first, (second, ())) =
                    program::gradients::<T, (A<T>, (A<T>, ()))>(&text, &views);
                vec![first, second]
            }
            3 => {
                let (first, (second, (third, ()))) =
                    program::gradients::<T, (A<T>, (A<T>, (A<T>, ())))>(&text, &views);
                vec![first, second, third]
            }
            4 => {
                type Four<T> = (A<T>, (A<T>, (A<T>, (A<T>, ()))));
                let (first, (second, (third, (fourth, ())))) =
                    program::gradients::<T, Four<T>>(&text, &views);
                vec![first, second, third, fourth]
            }
            _ => {
                type Five<T> = (A<T>, (A<T>, (A<T>, (A<T>, (A<T>, ())))));
                let (first, (second, (third, (fourth, (fifth, ()))))) =
                    program::gradients::<T, Five<T>>(&text, &views);
                vec![first, second, third, fourth, fifth]
            }
        };
        for (number, (found, expected)) in found.iter().zip(&expected).enumerate() {
            self.compare(&format!("gradient {number}"), &found.view(), expected);
        }
    }
}

fn first_seed() -> u64 {
    std::env::var("EINLOOM_SEED").map_or(0, |seed| seed.parse().expect("EINLOOM_SEED is a number"))
}

fn pool(threads: usize) -> ThreadPool {
    ThreadPoolBuilder::new().num_threads(threads).build().expect("threads")
}

/// Runs the cases of these seeds, on one thread and on three.
fn run<T: Number + Element>(seeds: Range<u64>, draw: fn(&mut Rng) -> Expression) {
    let pools = [pool(1), pool(3)];
    for seed in seeds.map(|seed| first_seed() + seed) {
        let mut case = Case::<T>::new(seed, draw);
        let pool = &pools[usize::from(case.rng.chance(30))];
        let is_gradient = case.rng.chance(40);
        pool.install(|| if is_gradient { case.gradients() } else { case.value() });
        let text = case.expression.text.clone();
        drop(case);
        // Of one of the tests that run side by side.
        assert!(!margins::are_written(), "written beside an array: {text:?}, seed {seed}");
    }
}

#[test]
fn contractions_of_singles() {
    run::<f32>(0..1000, Expression::contraction);
}

#[test]
fn contractions_of_doubles() {
    run::<f64>(1000..2000, Expression::contraction);
}

#[test]
fn contractions_of_complex_numbers() {
    run::<Complex<f64>>(2000..2300, Expression::contraction);
}

#[test]
fn summed_products() {
    run::<f64>(9000..9030, Expression::summed_product);
    run::<Complex<f64>>(9100..9115, Expression::summed_product);
}

#[test]
fn products_of_singles() {
    run::<f32>(6000..6400, Expression::product);
}

#[test]
fn products_of_doubles() {
    run::<f64>(7000..7400, Expression::product);
}

#[test]
fn products_of_complex_numbers() {
    run::<Complex<f64>>(8000..8200, Expression::product);
}

#[test]
fn convolutions_of_singles() {
    run::<f32>(3000..3600, Expression::convolution);
}

#[test]
fn convolutions_of_doubles() {
    run::<f64>(4000..4400, Expression::convolution);
}

#[test]
fn convolutions_of_complex_numbers() {
    run::<Complex<f64>>(5000..5100, Expression::convolution);
}
