//! Tests of the kernels of floating-point types, and of integers, as a whole, on every level: exact on integers at every edge of tiles,
//! for overlapping, broadcast, and reversed operands; and accurate to a stated bound on any numbers.
//!
//! Nests are given by their steps. Outputs lie in memory full of one NaN, and every byte outside of a nest's points must
//! be as before.

mod accuracy;
mod chunks;
mod edges;
mod exact;
mod overlaps;
#[cfg(target_arch = "x86_64")]
mod picks;
mod tiny;

use num_complex::{Complex32, Complex64};

use crate::element::Element;
use crate::engine::Contract;
use crate::oracle::{Random, points};

/// An element type of these tests: one or two parts.
trait Sample: Contract + core::fmt::Debug {
    const PARTS: usize;
    /// Half the distance from one to the next number.
    const ROUNDING: f64;
    fn of(re: f64, im: f64) -> Self;
    fn parts(self) -> [f64; 2];
}

macro_rules! sample {
    ($($real:ident $complex:ident),*) => { $(
        impl Sample for $real {
            const PARTS: usize = 1;
            const ROUNDING: f64 = $real::EPSILON as f64 / 2.0;
            fn of(re: f64, _: f64) -> Self {
                re as $real
            }
            fn parts(self) -> [f64; 2] {
                [self.into(), 0.0]
            }
        }
        impl Sample for $complex {
            const PARTS: usize = 2;
            const ROUNDING: f64 = $real::EPSILON as f64 / 2.0;
            fn of(re: f64, im: f64) -> Self {
                $complex::new(re as $real, im as $real)
            }
            fn parts(self) -> [f64; 2] {
                [self.re.into(), self.im.into()]
            }
        }
    )* };
}
sample!(f32 Complex32, f64 Complex64);

macro_rules! sample_integers {
    ($($integer:ident)*) => { $(
        impl Sample for $integer {
            const PARTS: usize = 1;
            const ROUNDING: f64 = 0.0;
            fn of(re: f64, _: f64) -> Self {
                re as $integer
            }
            fn parts(self) -> [f64; 2] {
                [self as f64, 0.0]
            }
        }
    )* };
}
sample_integers!(i32 i64);

/// The memory of an array: its bytes, for comparison.
fn bytes<T: Element>(memory: &[T]) -> &[u8] {
    // SAFETY: numbers and pairs of them have no padding.
    unsafe { core::slice::from_raw_parts(memory.as_ptr().cast(), size_of_val(memory)) }
}

/// Returns the memory that an array takes for these steps, and where its first element is.
fn room(steps: impl Iterator<Item = (usize, isize)>) -> (usize, isize) {
    let (mut before, mut behind) = (0, 0);
    for (extent, step) in steps {
        let reach = step * (extent.max(1) - 1).cast_signed();
        if reach < 0 { before -= reach } else { behind += reach }
    }
    ((before + behind + 1).cast_unsigned(), before)
}
