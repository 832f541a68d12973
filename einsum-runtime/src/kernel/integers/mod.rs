//! The kernels of integers of 4 and of 8 bytes, compiled into this crate for the signed ones: products and sums wrap, hence
//! their bits are the same for all integers of a size.
//!
//! Contractions and small matrices go to the [`engine`], which has kernels for integers with AVX-512. What touches each element
//! once runs in the order of the plain loops, over [`rows`] that are compiled for every level, after a source that lies in another
//! [`order`] has been copied, and so do contractions without AVX-512; [`products`] without a sum have rows of their own.

use super::accumulate::accumulate;
use super::prepare::{Work, prepare};
use super::{Dim, Dims, Kernels, Mode, Read, contract, copied, is_kept, packed, zeroed};
use crate::element::Element;
use crate::engine;
use order::Reordered;
use rows::Integers;

mod order;
mod products;
mod rows;

impl<T: Element> Kernels<T> {
    /// Those of an integer type.
    pub(crate) const INTEGER: Self = match size_of::<T>() {
        4 => Kernels { unary: unary::<T, i32>, binary: binary::<T, i32> },
        8 => Kernels { unary: unary::<T, i64>, binary: binary::<T, i64> },
        _ => Kernels::GENERIC,
    };
}

/// Rows below this length do not fill vectors.
const ROW: usize = 16;

/// Whether a product has rows of a source whose elements are used once: more is to be read than to be multiplied. `in_order`: the
/// other source has adjacent elements there, too, or the same one.
fn is_read_once(dims: &Dims<2>, in_order: bool) -> bool {
    (0..2).any(|x| {
        let is_row = |d: &Dim<2>| {
            let other = d.sources[1 - x];
            let is_along = if d.summed { other == 1 } else { !in_order || matches!(other, 0 | 1) };
            d.sources[x] == 1 && d.extent >= ROW && is_along
        };
        dims.iter().all(|d| d.sources[x] != 0) && dims.iter().any(is_row)
    })
}

/// A signed integer that stands for all of its size.
trait Signed: Element {
    /// # Safety
    ///
    /// As [`Kernels`].
    unsafe fn unary(dims: &mut Dims<1>, sources: [Read<Self>; 1], out: *mut Self, mode: Mode<Self>);

    /// # Safety
    ///
    /// As [`Kernels`].
    unsafe fn binary(
        dims: &mut Dims<2>,
        sources: [Read<Self>; 2],
        out: *mut Self,
        mode: Mode<Self>,
    );
}

macro_rules! signed {
    ($($signed:ty)*) => { $(
        impl Signed for $signed {
            #[inline(never)]
            unsafe fn unary(
                dims: &mut Dims<1>,
                mut sources: [Read<Self>; 1],
                mut out: *mut Self,
                mode: Mode<Self>,
            ) {
                // SAFETY: the caller's duties; `prepare` keeps the points.
                unsafe {
                    let work = prepare(dims, &mut sources, &mut out);
                    #[cfg(target_arch = "x86_64")]
                    if work == Work::Run && engine::picked(dims, sources, out, mode) {
                        return;
                    }
                    if !zeroed(work, dims, out, mode) && !copied(dims, sources, out, mode) {
                        accumulate(dims, Integers(sources), out, mode);
                    }
                }
            }

            #[inline(never)]
            unsafe fn binary(
                dims: &mut Dims<2>,
                mut sources: [Read<Self>; 2],
                mut out: *mut Self,
                mode: Mode<Self>,
            ) {
                // SAFETY: as above.
                unsafe {
                    let is_row = |d: &Dim<2>| {
                        d.out == 1 && d.extent >= ROW && d.sources.iter().all(|s| matches!(s, 0 | 1))
                    };
                    let has_rows = is_kept(dims) && dims.iter().any(is_row);
                    if !has_rows && engine::contract_small(dims, sources, out, mode) {
                        return;
                    }
                    let work = prepare(dims, &mut sources, &mut out);
                    #[cfg(target_arch = "x86_64")]
                    if !has_rows
                        && work == Work::Run
                        && (engine::picked(dims, sources, out, mode)
                            || engine::totalled(dims, sources, out, mode))
                    {
                        return;
                    }
                    if zeroed(work, dims, out, mode) {
                        return;
                    }
                    if matches!(mode, Mode::Assign) && is_kept(dims) {
                        return products::multiply(dims, sources, out);
                    }
                    if is_read_once(dims, true) {
                        return accumulate(dims, Integers(sources), out, mode);
                    }
                    if let Some(reordered) = Reordered::of(dims, size_of::<Self>()) {
                        return reordered.run(sources, |dims, mut sources, part| {
                            let mut out = out.wrapping_offset(part.out);
                            let mode = if part.adds { mode.added() } else { mode };
                            prepare(dims, &mut sources, &mut out);
                            accumulate(dims, Integers(sources), out, mode);
                        });
                    }
                    if is_read_once(dims, false) {
                        return accumulate(dims, Integers(sources), out, mode);
                    }
                    if !contract(work, dims, sources, out, mode) && !packed(dims, sources, out, mode) {
                        accumulate(dims, Integers(sources), out, mode);
                    }
                }
            }
        }
    )* };
}
signed!(i32 i64);

/// # Safety
///
/// As [`Kernels`]; `T` is an integer of the size of `S`.
unsafe fn unary<T: Element, S: Signed>(
    dims: &mut Dims<1>,
    sources: [Read<T>; 1],
    out: *mut T,
    mode: Mode<T>,
) {
    // SAFETY: the caller's duties.
    unsafe { S::unary(dims, sources.map(signed_source), out.cast(), signed_mode(mode)) }
}

/// # Safety
///
/// As [`unary`].
unsafe fn binary<T: Element, S: Signed>(
    dims: &mut Dims<2>,
    sources: [Read<T>; 2],
    out: *mut T,
    mode: Mode<T>,
) {
    // SAFETY: the caller's duties.
    unsafe { S::binary(dims, sources.map(signed_source), out.cast(), signed_mode(mode)) }
}

/// An integer is its own conjugate.
fn signed_source<T, S>(source: Read<T>) -> Read<S> {
    Read { ptr: source.ptr.cast(), conjugated: false }
}

/// # Safety
///
/// `T` is an integer of the size of `S`.
unsafe fn signed_mode<T, S>(mode: Mode<T>) -> Mode<S> {
    // SAFETY: the caller's duty: all bits are integers.
    let signed = |x: &T| unsafe { core::mem::transmute_copy::<T, S>(x) };
    match &mode {
        Mode::Assign => Mode::Assign,
        Mode::Scale { alpha, beta } => Mode::Scale { alpha: signed(alpha), beta: signed(beta) },
    }
}
