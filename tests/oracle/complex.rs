//! Complex numbers for the oracle, where `num_complex` is at hand.

use num_complex::Complex;

use super::oracle::Number;

macro_rules! complex {
    ($($part:ident)*) => { $(
        impl Number for Complex<$part> {
            fn new(re: i8, im: i8) -> Self {
                Complex::new($part::from(re), $part::from(im))
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
    )* };
}
complex!(f32 f64);
