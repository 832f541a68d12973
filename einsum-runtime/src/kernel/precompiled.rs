//! The kernels of the floating-point types, compiled into this crate rather than the user's: contractions go to the
//! [`engine`](crate::engine) where it runs, all else to the generic kernels.

use super::{Dims, Kernels, Mode, Read};

macro_rules! precompiled {
    ($($module:ident $type:ty: $binary:ident),*) => { $(
        pub(crate) mod $module {
            use super::{Dims, Kernels, Mode, Read};

            pub(crate) const KERNELS: Kernels<$type> = Kernels { unary, binary };

            unsafe fn unary(
                dims: &mut Dims<1>,
                sources: [Read<$type>; 1],
                out: *mut $type,
                mode: Mode<$type>,
            ) {
                // SAFETY: the caller's duties are the same.
                unsafe { super::super::unary(dims, sources, out, mode) }
            }

            unsafe fn binary(
                dims: &mut Dims<2>,
                sources: [Read<$type>; 2],
                out: *mut $type,
                mode: Mode<$type>,
            ) {
                // SAFETY: the caller's duties are the same.
                unsafe { super::super::$binary(dims, sources, out, mode) }
            }
        }
    )* };
}
precompiled!(
    f32 f32: contract,
    f64 f64: contract,
    c32 num_complex::Complex<f32>: contract,
    c64 num_complex::Complex<f64>: contract
);
