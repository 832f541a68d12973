//! Complex numbers for the oracle, where `num_complex` is at hand.

use num_complex::Complex;

use super::oracle::Number;

impl Number for Complex<f64> {
    fn new(re: i8, im: i8) -> Self {
        Complex::new(f64::from(re), f64::from(im))
    }
    fn plus(self, other: Self) -> Self {
        self + other
    }
    fn times(self, other: Self) -> Self {
        Complex::new(
            self.re * other.re - self.im * other.im,
            self.re * other.im + self.im * other.re,
        )
    }
    fn conjugate(self) -> Self {
        Complex::new(self.re, -self.im)
    }
}
