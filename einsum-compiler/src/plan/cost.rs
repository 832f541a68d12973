//! Symbolic costs: polynomials in the unknown extents.

use std::cmp::Ordering;
use std::fmt;
use std::ops::{Add, AddAssign, Sub};

use crate::ir::expr::{Expr, IndexId};

/// A polynomial in `n`, which stands for every extent that is not known at compile time.
///
/// Costs compare as they grow: by the highest power at which they differ.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cost {
    /// The coefficient of `n^d` at position `d`; the last one is not zero.
    coefficients: Vec<f64>,
}

impl Cost {
    /// The number of positions that indices run through together: the product of their extents.
    pub(crate) fn size(expr: &Expr, indices: impl IntoIterator<Item = IndexId>) -> Self {
        let mut degree = 0;
        let mut coefficient = 1.0;
        for index in indices {
            match expr.indices[index.0].given.and_then(|given| given.literal) {
                // An extent of zero costs nothing anywhere, so any order will do.
                #[expect(clippy::cast_precision_loss, reason = "costs are estimates")]
                Some(extent) => coefficient *= extent.max(1) as f64,
                None => degree += 1,
            }
        }
        let mut coefficients = vec![0.0; degree + 1];
        coefficients[degree] = coefficient;
        Cost { coefficients }
    }

    fn coefficient(&self, degree: usize) -> f64 {
        self.coefficients.get(degree).copied().unwrap_or(0.0)
    }

    fn zip(&self, other: &Cost, combine: impl Fn(f64, f64) -> f64) -> Cost {
        let degrees = self.coefficients.len().max(other.coefficients.len());
        let combined = (0..degrees).map(|d| combine(self.coefficient(d), other.coefficient(d)));
        let mut coefficients: Vec<f64> = combined.collect();
        while coefficients.last() == Some(&0.0) {
            coefficients.pop();
        }
        Cost { coefficients }
    }
}

/// What orders are compared by.
pub(super) trait Measure: Clone {
    /// The cost of doing nothing.
    fn zero() -> Self;
    /// The sum of two costs.
    fn plus(&self, other: &Self) -> Self;
    /// Which cost is lower.
    fn compare(&self, other: &Self) -> Ordering;
}

impl Measure for Cost {
    fn zero() -> Self {
        Cost::default()
    }

    fn plus(&self, other: &Self) -> Self {
        self + other
    }

    /// Compares by the highest power at which the costs differ.
    fn compare(&self, other: &Cost) -> Ordering {
        let degrees = self.coefficients.len().max(other.coefficients.len());
        (0..degrees)
            .rev()
            .map(|d| self.coefficient(d).total_cmp(&other.coefficient(d)))
            .find(|ordering| ordering.is_ne())
            .unwrap_or(Ordering::Equal)
    }
}

/// Costs with supposed extents.
impl Measure for f64 {
    fn zero() -> Self {
        0.0
    }

    fn plus(&self, other: &Self) -> Self {
        self + other
    }

    fn compare(&self, other: &Self) -> Ordering {
        self.total_cmp(other)
    }
}

impl Add for &Cost {
    type Output = Cost;

    fn add(self, other: &Cost) -> Cost {
        self.zip(other, |x, y| x + y)
    }
}

impl Sub for &Cost {
    type Output = Cost;

    fn sub(self, other: &Cost) -> Cost {
        self.zip(other, |x, y| x - y)
    }
}

impl AddAssign<&Cost> for Cost {
    fn add_assign(&mut self, other: &Cost) {
        *self = &*self + other;
    }
}

impl fmt::Display for Cost {
    /// Writes the polynomial: `n^3 + 2 n^2`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = true;
        for (degree, coefficient) in self.coefficients.iter().enumerate().rev() {
            if *coefficient == 0.0 {
                continue;
            }
            f.write_str(if first { "" } else { " + " })?;
            first = false;
            match (degree, *coefficient == 1.0) {
                (0, _) => write!(f, "{coefficient}")?,
                (1, true) => f.write_str("n")?,
                (1, false) => write!(f, "{coefficient} n")?,
                (_, true) => write!(f, "n^{degree}")?,
                (_, false) => write!(f, "{coefficient} n^{degree}")?,
            }
        }
        if first { f.write_str("0") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::{Cost, Measure};

    fn cost(coefficients: &[f64]) -> Cost {
        Cost { coefficients: coefficients.to_vec() }
    }

    #[test]
    fn the_highest_power_decides() {
        assert!(cost(&[0.0, 0.0, 1.0]).compare(&cost(&[0.0, 900.0])).is_gt());
        assert!(cost(&[5.0, 2.0]).compare(&cost(&[6.0, 2.0])).is_lt());
        assert!(cost(&[1.0]).compare(&cost(&[1.0])).is_eq());
    }

    #[test]
    fn terms_that_cancel_vanish() {
        let difference = &cost(&[1.0, 1.0]) - &cost(&[0.0, 1.0]);
        assert_eq!(difference, cost(&[1.0]));
        assert_eq!(cost(&[0.0, 3.0, 1.0]).to_string(), "n^2 + 3 n");
        assert_eq!(cost(&[]).to_string(), "0");
    }
}
