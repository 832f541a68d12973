//! Products of complex numbers without a sum, over rows whose factors are adjacent or constant.
//!
//! A register of x and one of y, with real and imaginary parts in turns, make
//!
//! ```text
//! (x.re · y.re, x.im · y.re) ∓ (x.im · y.im, x.re · y.im)
//! ```
//!
//! without fused operations: the bits are those of the plain loops, and x · conj(x) is real. Products whose factors lie in another
//! order than the output are turned as they are formed ([`chained`](super::chained)).

use num_complex::Complex;

use super::apart;
use super::bypass;
use super::chained::{Fit, Product};
use super::copy::take_smallest;
use super::divide::Elements;
use super::lane::Width;
use super::rows::{RowKernel, row_kernel};
use super::sweep::{Arrays, sweep_rows};
use super::transpose::{ListedProducts, PRODUCTS_C32, PRODUCTS_C64, signs};
use crate::kernel::{Dims, Read};

/// Fewer products are not worth the preparations of turning them.
const TURNED: usize = 1024;

/// Complex numbers with kernels.
pub(super) trait ComplexLane: Copy + Sync {
    /// `out = x · y`, where the bits of `alpha` and `beta` change the signs of x and y.
    const MULTIPLY: RowKernel<Self>;
    /// `out = x · y[0]`, likewise.
    const MULTIPLY_BY: RowKernel<Self>;
    /// `out = Σ x`, as [`Lane::SUM_APART`](super::lane::Lane::SUM_APART).
    const SUM_APART: RowKernel<Self>;
    /// The bits that change the sign of nothing, and of the imaginary part.
    const SIGNS: [Self; 2];
    /// What moves elements.
    type Moved: Width;
    /// Products of rows that are listed, on their way to an output in another order. They need AVX-512.
    const LISTED_PRODUCTS: ListedProducts<Self::Moved>;
    /// The bits that change the signs of the real part and of the imaginary one.
    fn signs(re: bool, im: bool) -> Self::Moved;
}

macro_rules! complex_lane {
    ($real:ident, $p:literal, moved: $moved:ty, listed: $listed:path, signs: $signs:expr, broadcast: $broadcast:literal, element: $element:literal,
     apart: $apart:ident, re: $re:literal, im: $im:literal, swap: $swap:literal) => {
        mod $real {
            use super::*;

            // ymm4: x; ymm6, ymm7: the parts of y, twice each; ymm8, ymm9: the products.
            macro_rules! parts {
                () => {
                    concat!(
                        "vxorps ymm5, ymm5, ymm15\n",
                        $re, "\n",
                        $im, "\n",
                    )
                };
            }
            macro_rules! products {
                () => {
                    concat!(
                        "vxorps ymm4, ymm4, ymm14\n",
                        $swap, "\n",
                        "vmul", $p, " ymm9, ymm9, ymm7\n",
                        "vmul", $p, " ymm8, ymm4, ymm6\n",
                    )
                };
            }
            row_kernel!(
                multiply(Complex<$real>), broadcast: $broadcast, store: $element,
                row: [],
                vector: [
                    r"vmovups ymm4, [rcx + \at]",
                    r"vmovups ymm5, [r12 + \at]",
                    parts!(),
                    products!(),
                    concat!("vaddsub", $p, r" \v, ymm8, ymm9")
                ],
                single: [
                    concat!($element, r" xmm4, [rcx + \at]"),
                    concat!($element, r" xmm5, [r12 + \at]"),
                    parts!(),
                    products!(),
                    concat!("vaddsub", $p, r" \v, xmm8, xmm9")
                ]
            );
            row_kernel!(
                multiply_by(Complex<$real>), broadcast: $broadcast, store: $element,
                row: [concat!($broadcast, " ymm5, [r12]"), parts!()],
                vector: [
                    r"vmovups ymm4, [rcx + \at]",
                    products!(),
                    concat!("vaddsub", $p, r" \v, ymm8, ymm9")
                ],
                single: [
                    concat!($element, r" xmm4, [rcx + \at]"),
                    products!(),
                    concat!("vaddsub", $p, r" \v, xmm8, xmm9")
                ]
            );
        }

        impl ComplexLane for Complex<$real> {
            const MULTIPLY: RowKernel<Self> = $real::multiply;
            const MULTIPLY_BY: RowKernel<Self> = $real::multiply_by;
            const SUM_APART: RowKernel<Self> = apart::complex::$apart;
            const SIGNS: [Self; 2] = [Complex::new(0.0, 0.0), Complex::new(0.0, -0.0)];
            type Moved = $moved;
            const LISTED_PRODUCTS: ListedProducts<$moved> = $listed;

            fn signs(re: bool, im: bool) -> $moved {
                $signs(re, im)
            }
        }
    };
}
complex_lane!(
    f32, "ps", moved: f64, listed: PRODUCTS_C32,
    signs: |re, im| f64::from_bits(u64::from(re) << 31 | u64::from(im) << 63), broadcast: "vbroadcastsd", element: "vmovsd",
    apart: sum_32, re: "vmovsldup ymm6, ymm5", im: "vmovshdup ymm7, ymm5", swap: "vpermilps ymm9, ymm4, 0xB1"
);
complex_lane!(
    f64, "pd", moved: [f64; 2], listed: PRODUCTS_C64,
    signs: |re, im| [re, im].map(|is_set| f64::from_bits(u64::from(is_set) << 63)), broadcast: "vbroadcastf128", element: "vmovupd",
    apart: sum_64, re: "vmovddup ymm6, ymm5", im: "vpermilpd ymm7, ymm5, 0xF", swap: "vpermilpd ymm9, ymm4, 0x5"
);

/// `out[o] = x[s] · y[t]`. Returns false, with nothing done, if there is no kernel for these steps.
///
/// # Safety
///
/// As [`Kernels`](crate::kernel::Kernels), after [`prepare`](crate::kernel::prepare); no dim is summed; the machine
/// has AVX2.
pub(super) unsafe fn multiply<T: ComplexLane>(
    dims: &mut Dims<2>,
    [mut x, mut y]: [Read<T>; 2],
    out: *mut T,
) -> bool {
    let points = dims.iter().fold(1_usize, |n, d| n.saturating_mul(d.extent));
    if points >= TURNED
        && let Some(product) = &Product::of(dims, size_of::<T>(), Fit::of(size_of::<T>(), true))
    {
        let signs = [[x, y], [y, x]].map(|[x, y]| signs(x.conjugated, y.conjugated, T::signs));
        let arrays = Arrays { out: out.cast(), sources: [x.ptr.cast(), y.ptr.cast()] };
        // SAFETY: the caller's duties.
        unsafe { product.run(&T::LISTED_PRODUCTS, signs, arrays) };
        return true;
    }
    let elements = Elements::of(dims);
    let mut u = take_smallest(dims, |d| d.out.unsigned_abs());
    let kernel = match (u.out, u.sources) {
        (1, [1, 1]) => T::MULTIPLY,
        (1, [1, 0] | [0, 1]) => T::MULTIPLY_BY,
        _ => {
            dims.push(u);
            return false;
        }
    };
    // Factors commute: the constant one is the second.
    if u.sources[0] == 0 {
        (x, y) = (y, x);
        u.sources.reverse();
        dims.iter_mut().for_each(|d| d.sources.reverse());
    }
    let signs = [T::SIGNS[usize::from(x.conjugated)], T::SIGNS[usize::from(y.conjugated)]];
    let arrays = Arrays { out, sources: [x.ptr, y.ptr] };
    let v = take_smallest(dims, |d| d.out.unsigned_abs());
    let bypass = bypass(out, &elements, u.extent * size_of::<T>());
    // SAFETY: the caller's duties; the kernel gets adjacent elements.
    unsafe { sweep_rows(kernel, dims, (&u, &v), arrays, signs, bypass) }
    true
}
