//! Operands of small integers, so that every order of summation gives the same bits, and results
//! as the oracle sees them.

use ndarray::{Array, Array2, Dimension, ShapeBuilder};

/// An element type that is timed.
pub trait Number: Copy + 'static {
    /// The number, rounded to the type.
    fn new(value: f64) -> Self;
    /// The number, exactly.
    fn wide(self) -> f64;
}

impl Number for f32 {
    fn new(value: f64) -> Self {
        value as f32
    }
    fn wide(self) -> f64 {
        self.into()
    }
}

impl Number for f64 {
    fn new(value: f64) -> Self {
        value
    }
    fn wide(self) -> f64 {
        self
    }
}

/// An array of integers from -4 to 4, the same for the same shape and seed.
pub fn integers<T: Number, D: Dimension>(
    shape: impl ShapeBuilder<Dim = D>,
    seed: u64,
) -> Array<T, D> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    Array::from_shape_simple_fn(shape, || {
        // Xorshift (Marsaglia, 2003).
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        T::new((state % 9) as f64 - 4.0)
    })
}

/// A square matrix of [`integers`].
pub fn matrix<T: Number>(n: usize, seed: u64) -> Array2<T> {
    integers((n, n), seed)
}

/// A square nested array of [`integers`].
pub fn nested<T: Number, const N: usize>(seed: u64) -> [[T; N]; N] {
    let values = matrix::<T>(N, seed);
    std::array::from_fn(|i| std::array::from_fn(|j| values[[i, j]]))
}

/// An array of zeros.
pub fn zeros<T: Number, D: Dimension>(shape: impl ShapeBuilder<Dim = D>) -> Array<T, D> {
    Array::from_elem(shape, T::new(0.0))
}

/// A result that the oracle can be compared with.
pub trait Values {
    /// All elements in C order, one array after the other.
    fn values(&self) -> Vec<f64>;
}

impl<T: Number> Values for T {
    fn values(&self) -> Vec<f64> {
        vec![self.wide()]
    }
}

impl<T: Number> Values for Vec<T> {
    fn values(&self) -> Vec<f64> {
        self.iter().map(|value| value.wide()).collect()
    }
}

impl<T: Number, const M: usize, const N: usize> Values for [[T; N]; M] {
    fn values(&self) -> Vec<f64> {
        self.as_flattened().iter().map(|value| value.wide()).collect()
    }
}

impl<T: Number, const N: usize> Values for [T; N] {
    fn values(&self) -> Vec<f64> {
        self.iter().map(|value| value.wide()).collect()
    }
}

impl<T: Number, D: Dimension> Values for Array<T, D> {
    fn values(&self) -> Vec<f64> {
        self.iter().map(|value| value.wide()).collect()
    }
}

macro_rules! tuples {
    ($(($($name:ident)+))*) => { $(
        impl<$($name: Values),+> Values for ($($name,)+) {
            #[allow(non_snake_case, reason = "values are named as their types")]
            fn values(&self) -> Vec<f64> {
                let ($($name,)+) = self;
                [$($name.values()),+].concat()
            }
        }
    )* };
}
tuples! { (A B) (A B C) (A B C D E) (A B C D E F G H I J) }
