//! Sums of products with twice the precision: pairs of numbers, of which the second holds what the first lost (Dekker
//! 1971; Ogita, Rump, and Oishi 2005, "Accurate sum and dot product", algorithm 5.3). The error is about n² ε² of the sum
//! of absolute values.

/// A sum of products with twice the precision.
#[derive(Clone, Copy, Default)]
pub(super) struct Exact {
    pub(super) high: f64,
    pub(super) low: f64,
    /// The sum of absolute values.
    pub(super) size: f64,
}

impl Exact {
    pub(super) fn add_product(&mut self, x: f64, y: f64) {
        let product = x * y;
        let rest = x.mul_add(y, -product);
        let sum = self.high + product;
        let part = sum - self.high;
        let lost = (self.high - (sum - part)) + (product - part);
        self.high = sum;
        self.low += lost + rest;
        self.size += product.abs();
    }

    /// Returns `factor · self`, or adds that to a sum.
    pub(super) fn add_scaled(&mut self, factor: f64, of: Exact) {
        self.add_product(factor, of.high);
        self.add_product(factor, of.low);
        self.size += factor.abs() * of.size - (factor * of.high).abs() - (factor * of.low).abs();
    }
}
