//! Kernels over rows of complex numbers that compute more than one product: sums of products, scaled sums, and products
//! at any steps. Assembler, so that debug builds run them at full speed.
//!
//! A register holds real and imaginary parts in turns. With `x' = (x.im, x.re)`, a product is the sum of two products of
//! real numbers, and all conjugations are signs of the factors. For `s(x)` and `t(y)`, each as it is or conjugated, with
//! σ and τ = -1 if so:
//!
//! ```text
//! s(x)·t(y) = (y.re, σ·y.re) · x + (-στ·y.im, τ·y.im) · x'          factors along a row: `add_scaled`
//! Σ s(x)·t(y) = (Σ x·y over the real parts - στ·Σ over the imaginary ones,
//!                τ·Σ x·y' over the real parts + σ·Σ over the imaginary ones)        `dot`
//! ```

mod add_scaled;
mod dot;
mod elements;
mod multiply_add;
mod sum;

use num_complex::Complex;

/// The arguments of a kernel. Steps are in bytes; a kernel ignores what it does not use.
#[derive(Clone, Copy)]
#[repr(C)]
pub(super) struct ComplexRows<T> {
    pub(super) out: *mut T,
    pub(super) x: *const T,
    pub(super) y: *const T,
    /// Elements of a row, and rows: 1 or more.
    pub(super) len: usize,
    pub(super) rows: usize,
    /// Steps from one row to the next.
    pub(super) out_row: isize,
    pub(super) x_row: isize,
    pub(super) y_row: isize,
    /// Steps from one element of a row to the next, for kernels that do not assume adjacent elements.
    pub(super) out_step: isize,
    pub(super) x_step: isize,
    pub(super) y_step: isize,
    /// [`TURNED`], [`ADDS`], and [`OLD_TURNED`], for `enter`.
    pub(super) flags: usize,
    /// Of `enter`: of x, x', the old value o, and o'. Of the others: two with signs.
    pub(super) factors: [T; 4],
}

/// In [`ComplexRows::flags`]: there is a factor of x'.
pub(super) const TURNED: usize = 1;
/// In [`ComplexRows::flags`]: the old value is added.
pub(super) const ADDS: usize = 2;
/// In [`ComplexRows::flags`]: there is a factor of o'.
pub(super) const OLD_TURNED: usize = 4;

/// A kernel.
///
/// # Safety
///
/// The machine has AVX2 and FMA. With the steps of the arguments, `out` can be written, and the sources that the kernel
/// uses can be read, at `len` elements of `rows` rows; the output overlaps no source; `len` and `rows` are 1 or more.
pub(super) type ComplexKernel<T> = unsafe extern "sysv64" fn(&ComplexRows<T>);

/// The kernels of a type.
pub(super) trait ComplexSums: Copy {
    /// `out = f0·x + f1·x' + f2·out + f3·out'`, parts by parts, of which flags leave out all but the first. Any steps.
    const ENTER: ComplexKernel<Self>;
    /// `out = x · y` at any steps; the factors' bits change the signs of x and y. No operation is fused.
    const MULTIPLY: ComplexKernel<Self>;
    /// `out[row] += Σ x · y` along rows of adjacent elements; the factors' bits change the signs of the two sums.
    const DOT: ComplexKernel<Self>;
    /// `out[row] = Σ x` along rows of adjacent elements.
    const SUM: ComplexKernel<Self>;
    /// `out[..] += x[row][..] · y[row]` for rows of adjacent elements; the factors' bits are signs for the parts of y.
    const ADD_SCALED: ComplexKernel<Self>;
    /// `out[..] += Σ x[row][..] · y[row][..]` over rows of adjacent elements; factors as in `ADD_SCALED`.
    const MULTIPLY_ADD: ComplexKernel<Self>;
}

/// Writes a kernel.
macro_rules! complex_kernel {
    ($(#[$doc:meta])* $name:ident($type:ty): $($line:expr),* $(,)?) => {
        $(#[$doc])*
        ///
        /// # Safety
        ///
        /// As [`ComplexKernel`](crate::stream::complex_rows::ComplexKernel).
        #[inline(never)]
        pub(in crate::stream) unsafe extern "sysv64" fn $name(arguments: &ComplexRows<$type>) {
            einsum_kernels::assembly!(
                "rdi" = &raw const *arguments;
                // Every kernel knows all names, of which it uses some.
                "/* {out_row} {y} {y_row} {y_step} {out_step} {x_step} {flags} {per_vector} {size} {factors} */",
                $($line,)*
                out = const core::mem::offset_of!(ComplexRows<$type>, out),
                x = const core::mem::offset_of!(ComplexRows<$type>, x),
                y = const core::mem::offset_of!(ComplexRows<$type>, y),
                len = const core::mem::offset_of!(ComplexRows<$type>, len),
                rows = const core::mem::offset_of!(ComplexRows<$type>, rows),
                out_row = const core::mem::offset_of!(ComplexRows<$type>, out_row),
                x_row = const core::mem::offset_of!(ComplexRows<$type>, x_row),
                y_row = const core::mem::offset_of!(ComplexRows<$type>, y_row),
                out_step = const core::mem::offset_of!(ComplexRows<$type>, out_step),
                x_step = const core::mem::offset_of!(ComplexRows<$type>, x_step),
                y_step = const core::mem::offset_of!(ComplexRows<$type>, y_step),
                flags = const core::mem::offset_of!(ComplexRows<$type>, flags),
                factors = const core::mem::offset_of!(ComplexRows<$type>, factors),
                size = const size_of::<$type>(),
                per_vector = const 32 / size_of::<$type>(),
            );
        }
    };
}
use complex_kernel;

macro_rules! complex_sums {
    ($($real:ident)*) => { $(
        impl ComplexSums for Complex<$real> {
            const ENTER: ComplexKernel<Self> = elements::$real::enter;
            const MULTIPLY: ComplexKernel<Self> = elements::$real::multiply;
            const DOT: ComplexKernel<Self> = dot::$real::dot;
            const SUM: ComplexKernel<Self> = sum::$real::sum;
            const ADD_SCALED: ComplexKernel<Self> = add_scaled::$real::add_scaled;
            const MULTIPLY_ADD: ComplexKernel<Self> = multiply_add::$real::multiply_add;
        }
    )* };
}
complex_sums!(f32 f64);
