//! Memory-bound kernels for `f32`, `f64`, and their complex numbers: copies, sums of one source, products without a
//! sum, and sums of products in which no element is used twice.
//!
//! The work is done by small kernels in assembler over rows ([`rows`], [`halve`], [`strided`], [`transpose`], [`interleave`],
//! [`across`], [`apart`], [`two`], [`down`], [`fold`]), which run at full speed in debug builds too. Around them [`copy`], [`multiply`], and [`reduce`] choose
//! from the actual steps which dims a kernel runs along, and an [`odometer`] goes through the others.

#![allow(unsafe_code)]

mod across;
mod apart;
mod chained;
mod complex;
mod complex_across;
mod complex_rows;
mod complex_sums;
mod copy;
mod cut;
mod divide;
mod double;
mod down;
mod few;
mod fold;
mod halve;
mod interleave;
mod lane;
mod multiply;
mod narrow;
mod odometer;
mod outer;
mod permute;
mod pick;
pub(crate) mod prefetch;
mod reduce;
mod repeat;
mod rows;
mod short;
mod strided;
mod sum;
mod sums;
mod sweep;
#[cfg(test)]
mod tests;
mod text;
mod tiles;
mod transpose;
mod triple;
mod turned;
mod two;
mod weave;

use num_complex::Complex;

use crate::element::Element;
use crate::engine::DOT;
use crate::kernel::level::Level;
use crate::kernel::prepare::{Work, prepare};
use crate::kernel::{Dim, Dims, Mode, Read};
use crate::memory;
use divide::Elements;
use lane::Lane;
use rows::Bypass;
use sweep::Arrays;
use transpose::{ListedProducts, PRODUCTS_I32, PRODUCTS_I64};

/// Where the output's bytes and twice those of the sources are so many, the output may bypass the caches: it would push out
/// what is still to be read, or itself, of a third-level cache of 32 MB. An output that stays there is written twice as fast,
/// and at hand for who reads it; hence sources, which are read again, weigh more.
const LARGE: usize = if cfg!(test) { 64 << 10 } else { 34 << 20 };

/// Rows below this size, in bytes, have too few whole lines to bypass the caches.
const WIDE: usize = 1024;

/// An element type with memory-bound kernels.
pub(crate) trait Stream: Element {
    /// Copies or sums a source, or returns false if it cannot, with nothing done.
    ///
    /// # Safety
    ///
    /// As [`Kernels`](crate::kernel::Kernels), after [`prepare`](crate::kernel::prepare).
    unsafe fn unary(dims: &mut Dims<1>, x: Read<Self>, out: *mut Self, mode: Mode<Self>) -> bool;

    /// Multiplies two sources, and sums the products if no element is used twice. Returns false if it cannot, with
    /// nothing done.
    ///
    /// # Safety
    ///
    /// As [`Kernels`](crate::kernel::Kernels), after [`prepare`](crate::kernel::prepare).
    unsafe fn binary(
        dims: &mut Dims<2>,
        sources: [Read<Self>; 2],
        out: *mut Self,
        mode: Mode<Self>,
    ) -> bool;

    /// Multiplies two sources in outer products of short rows, or returns false if it has no kernel for them, with nothing done.
    ///
    /// # Safety
    ///
    /// As [`Kernels`](crate::kernel::Kernels).
    unsafe fn outer(
        dims: &Dims<2>,
        sources: [Read<Self>; 2],
        out: *mut Self,
        mode: Mode<Self>,
    ) -> bool {
        let _ = (dims, sources, out, mode);
        false
    }

    /// Multiplies two sources and sums the products over few rows, or returns false if it has no kernel for them, with nothing
    /// done.
    ///
    /// # Safety
    ///
    /// As [`Kernels`](crate::kernel::Kernels).
    unsafe fn fold(
        dims: &Dims<2>,
        sources: [Read<Self>; 2],
        out: *mut Self,
        mode: Mode<Self>,
    ) -> bool {
        let _ = (dims, sources, out, mode);
        false
    }

    /// Multiplies three sources without a sum. Returns false if it cannot, with nothing done.
    ///
    /// # Safety
    ///
    /// As [`Kernels`](crate::kernel::Kernels), after [`prepare`](crate::kernel::prepare).
    unsafe fn triple(
        dims: &Dims<3>,
        sources: [Read<Self>; 3],
        out: *mut Self,
        mode: Mode<Self>,
    ) -> bool;
}

macro_rules! real {
    ($type:ty) => {
        impl Stream for $type {
            unsafe fn unary(
                dims: &mut Dims<1>,
                x: Read<Self>,
                out: *mut Self,
                mode: Mode<Self>,
            ) -> bool {
                if Level::current() < Level::Avx2 {
                    return false;
                }
                // SAFETY: the caller's duties, and the machine's level.
                unsafe {
                    if dims.iter().any(|d| d.summed) {
                        let arrays = Arrays { out, sources: [x.ptr] };
                        return fold::sum(dims, arrays, mode)
                            || short::sum(dims, arrays, mode)
                            || apart::sum(dims, arrays, mode);
                    }
                    match mode {
                        Mode::Assign => copy::copy(dims, x.ptr, out),
                        Mode::Scale { .. } => copy::scale(dims, x.ptr, out, mode),
                    }
                }
                true
            }

            unsafe fn binary(
                dims: &mut Dims<2>,
                [x, y]: [Read<Self>; 2],
                out: *mut Self,
                mode: Mode<Self>,
            ) -> bool {
                if Level::current() < Level::Avx2 {
                    return false;
                }
                // SAFETY: the caller's duties, and the machine's level.
                unsafe {
                    if dims.iter().any(|d| d.summed) {
                        return contract(dims, [x.ptr, y.ptr], out, mode);
                    }
                    multiply::multiply(dims, [x.ptr, y.ptr], out, mode);
                }
                true
            }

            unsafe fn outer(
                dims: &Dims<2>,
                [x, y]: [Read<Self>; 2],
                out: *mut Self,
                mode: Mode<Self>,
            ) -> bool {
                if !matches!(mode, Mode::Assign) {
                    return false;
                }
                // SAFETY: the caller's duties.
                unsafe { outer::multiply(dims, [x.ptr, y.ptr], out) }
            }

            unsafe fn fold(
                dims: &Dims<2>,
                [x, y]: [Read<Self>; 2],
                out: *mut Self,
                mode: Mode<Self>,
            ) -> bool {
                // SAFETY: the caller's duties.
                unsafe { fold::contract(dims, [x.ptr, y.ptr], out, mode) }
            }

            unsafe fn triple(
                dims: &Dims<3>,
                sources: [Read<Self>; 3],
                out: *mut Self,
                mode: Mode<Self>,
            ) -> bool {
                if Level::current() < Level::Avx2 {
                    return false;
                }
                // SAFETY: the caller's duties, and the machine's level.
                unsafe { triple::multiply(dims, sources.map(|source| source.ptr), out, mode) }
            }
        }
    };
}
real!(f32);
real!(f64);

macro_rules! complex {
    ($real:ty, $width:ty) => {
        impl Stream for Complex<$real> {
            unsafe fn unary(
                dims: &mut Dims<1>,
                x: Read<Self>,
                out: *mut Self,
                mode: Mode<Self>,
            ) -> bool {
                if Level::current() < Level::Avx2 {
                    return false;
                }
                let is_plain = matches!(mode, Mode::Assign) && !x.conjugated;
                // SAFETY: the caller's duties, and the machine's level; the width is the element's, and an element is
                // two real numbers.
                unsafe {
                    if !dims.iter().any(|d| d.summed) {
                        if is_plain {
                            copy::copy::<$width>(dims, x.ptr.cast(), out.cast());
                        } else {
                            complex_sums::enter(dims, x, out, mode);
                        }
                        return true;
                    }
                    if !is_plain {
                        return false;
                    }
                    let arrays = Arrays { out, sources: [x.ptr] };
                    if complex_across::sum(dims, arrays) || apart::sum_complex(dims, arrays) {
                        return true;
                    }
                    let mut parts = parts(dims);
                    let mut read = [Read { ptr: x.ptr.cast::<$real>(), conjugated: false }];
                    let mut out = out.cast::<$real>();
                    let _runs = prepare(&mut parts, &mut read, &mut out);
                    short::sum(&mut parts, Arrays { out, sources: [read[0].ptr] }, Mode::Assign)
                }
            }

            unsafe fn binary(
                dims: &mut Dims<2>,
                sources: [Read<Self>; 2],
                out: *mut Self,
                mode: Mode<Self>,
            ) -> bool {
                if Level::current() < Level::Avx2 {
                    return false;
                }
                // SAFETY: the caller's duties, and the machine's level.
                unsafe {
                    if dims.iter().any(|d| d.summed) {
                        return complex_sums::contract(dims, sources, out, mode);
                    }
                    if !matches!(mode, Mode::Assign) {
                        return false;
                    }
                    if complex::multiply(dims, sources, out) {
                        return true;
                    }
                    let is_stepped = complex_sums::is_stepped(dims);
                    if is_stepped {
                        complex_sums::multiply(dims, sources, out);
                    }
                    is_stepped
                }
            }

            unsafe fn triple(
                dims: &Dims<3>,
                sources: [Read<Self>; 3],
                out: *mut Self,
                mode: Mode<Self>,
            ) -> bool {
                if Level::current() < Level::Avx2 || !matches!(mode, Mode::Assign) {
                    return false;
                }
                // SAFETY: the caller's duties, and the machine's level.
                unsafe { triple::multiply_complex(dims, sources, out) }
            }
        }
    };
}
complex!(f32, f64);
complex!(f64, [f64; 2]);

/// Copies elements of any type, whose size is `size`. Returns false if there is no kernel for them, with nothing done.
///
/// # Safety
///
/// As [`Kernels`](crate::kernel::Kernels), after [`prepare`]; no dim is summed.
pub(crate) unsafe fn copy_any(dims: &mut Dims<1>, size: usize, x: *const u8, out: *mut u8) -> bool {
    if Level::current() < Level::Avx2 {
        return false;
    }
    // SAFETY: the caller's duties, and the machine's level; the width is the element's.
    unsafe {
        match size {
            4 => copy::copy::<f32>(dims, x.cast(), out.cast()),
            8 => copy::copy::<f64>(dims, x.cast(), out.cast()),
            16 => copy::copy::<[f64; 2]>(dims, x.cast(), out.cast()),
            _ => return false,
        }
    }
    true
}

/// Returns whether products of three factors at these steps have kernels, at least where they are assigned.
pub(crate) fn takes_triple(mut dims: Dims<3>) -> bool {
    let mut nowhere = [Read { ptr: core::ptr::null::<u8>(), conjugated: false }; 3];
    let work = prepare(&mut dims, &mut nowhere, &mut core::ptr::null_mut());
    Level::current() >= Level::Avx2 && work == Work::Run && triple::takes(&dims)
}

/// Returns whether a product without a sum is one of short rows with the same elements of a factor or with the same factor, or
/// one with a factor that is transposed tile by tile: that takes less time than to copy whole arrays in blocks.
pub(crate) fn takes_product(dims: &Dims<2>, size: usize) -> bool {
    repeat::Repeat::of(dims).is_some()
        || outer::takes(dims, size)
        || multiply::is_transposed(dims, size)
}

/// Returns whether a product without a sum, whose results are assigned, is turned on its way to the output.
pub(crate) fn is_turned_product(dims: &Dims<2>, size: usize, are_complex: bool) -> bool {
    chained::Product::of(dims, size, chained::Fit::of(size, are_complex)).is_some()
}

/// Multiplies integers of `size` bytes without a sum, where the product is turned on its way to the output, or rows are short.
/// Returns false if it is not, with nothing done.
///
/// # Safety
///
/// As [`Kernels`](crate::kernel::Kernels), after [`prepare`]; no dim is summed.
pub(crate) unsafe fn multiply_integers(
    dims: &Dims<2>,
    size: usize,
    sources: [*const u8; 2],
    out: *mut u8,
) -> bool {
    // SAFETY: the caller's duties; integers are moved as real numbers of their size.
    unsafe {
        if size == 4 {
            multiply_like(dims, sources.map(<*const u8>::cast), out.cast::<f32>(), &PRODUCTS_I32)
        } else {
            multiply_like(dims, sources.map(<*const u8>::cast), out.cast::<f64>(), &PRODUCTS_I64)
        }
    }
}

/// As [`multiply_integers`], which have the size of `T`.
///
/// # Safety
///
/// As there.
unsafe fn multiply_like<T: Lane>(
    dims: &Dims<2>,
    sources: [*const T; 2],
    out: *mut T,
    products: &ListedProducts<T>,
) -> bool {
    let size = size_of::<T>();
    // SAFETY: the caller's duties; there are such products with AVX-512 alone.
    unsafe {
        if let Some(outer) = &outer::Outer::of(dims, size) {
            outer.run(sources, out, true);
        } else if let Some(product) = &chained::Product::of(dims, size, chained::Fit::Half) {
            product.run(products, [[T::ZERO; 2]; 2], Arrays { out, sources });
        } else {
            return false;
        }
    }
    true
}

/// Returns the loops over real and imaginary parts of complex elements.
fn parts(dims: &Dims<1>) -> Dims<1> {
    let twice = |d: &Dim<1>| Dim { out: 2 * d.out, sources: [2 * d.sources[0]], ..*d };
    let part = Dim { extent: 2, out: 1, sources: [1], summed: false };
    dims.iter().map(twice).chain([part]).collect()
}

/// Contractions with fewer points are too small for the preparations of [`reduce`].
const POINTS: usize = 1024;

/// Rows below this length do not fill vectors.
const ROW: usize = 16;

/// Sums products where one source has a step in every dim, so that each of its elements is used once.
///
/// # Safety
///
/// As [`Stream::binary`]; the machine has AVX2 and FMA.
unsafe fn contract<T: Lane + PartialEq>(
    dims: &mut Dims<2>,
    mut sources: [*const T; 2],
    out: *mut T,
    mode: Mode<T>,
) -> bool {
    let is_whole = |p: usize| dims.iter().all(|d| d.sources[p] != 0);
    let (first, second) = (is_whole(0), is_whole(1));
    let points = dims.iter().fold(1_usize, |n, d| n.saturating_mul(d.extent));
    if !first && !second || points < POINTS {
        return false;
    }
    let x = usize::from(!first);
    let is_dot = |d: &Dim<2>| d.summed && d.sources[0] == d.sources[1];
    let is_row = |d: &Dim<2>| {
        let least = if is_dot(d) { DOT / size_of::<T>() } else { ROW };
        d.sources[x].unsigned_abs() == 1 && d.extent >= least
    };
    if !dims.iter().any(is_row) {
        return false;
    }
    // Two loops along one axis, as those of a window, of which the shorter one is summed: rows are used more than once.
    let is_along = |kept: &Dim<2>, summed: &Dim<2>| {
        kept.sources[x].unsigned_abs() == summed.sources[x].unsigned_abs()
            && kept.extent >= summed.extent
    };
    let summed = || dims.iter().filter(|d| d.summed);
    if dims.iter().filter(|d| !d.summed).any(|kept| summed().any(|s| is_along(kept, s))) {
        return false;
    }
    if x == 1 {
        sources.reverse();
        dims.iter_mut().for_each(|d| d.sources.reverse());
    }
    let arrays = Arrays { out, sources };
    // SAFETY: the caller's duties.
    let done = unsafe { fold::sum(dims, arrays, mode) || reduce::reduce(dims, arrays, mode) };
    if !done && x == 1 {
        dims.iter_mut().for_each(|d| d.sources.reverse());
    }
    done
}

/// Decides whether the output of a nest without sums, written in rows of `row` bytes, bypasses the caches.
///
/// Not if its pages are yet to come: the zeros that the operating system writes are then in the cache.
fn bypass<T, const P: usize>(out: *mut T, elements: &Elements<P>, row: usize) -> Bypass {
    let is_large = elements.is_large(size_of::<T>()) && row >= WIDE;
    let middle = out.wrapping_add(elements.results() / 2);
    if is_large && memory::is_backed(middle) { Bypass::Yes } else { Bypass::No }
}

/// Makes what has bypassed the caches visible in order.
fn finish_bypass(bypass: Bypass) {
    if bypass == Bypass::Yes {
        // SAFETY: a fence has no duties; every x86-64 machine knows it.
        unsafe {
            core::arch::asm!("sfence", options(nostack, preserves_flags));
        }
    }
}
