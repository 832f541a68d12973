//! Products of several factors, whose sums use every product once: in one pass over memory.
//!
//! All factors of a block are brought into one order, so that they are adjacent or constant along rows, and are multiplied two
//! or three at a time: what has been multiplied stays in the caches. The last two of a sum are multiplied as they are summed.
//!
//! The buffers of a thread have less than 2 MB.
//!
//! ```text
//! acb,b,bac->acb      the third factor is copied in the order of the others
//! c,bca,acb,bc->ba    the third one is copied in the order [b c a]; products are summed in rows along a
//! ```

#![allow(unsafe_code)]

mod chunks;
mod multiply;
pub(super) mod plan;

use super::plan::Elements;
use super::{Kernels, Staged, blocks, unary_here};
use crate::kernel::level::Level;
use crate::kernel::prepare::{Work, prepare};
use crate::kernel::raw::{self, FACTORS, RawMode, RawRead};
use crate::kernel::{Dim, Dims, Read};
use crate::stream;
use multiply::multiply;
use plan::plan;

/// Buffers begin at cache lines.
const LINE: usize = 64;

/// Multiplies factors, and sums the products if each is used once. Returns false, with nothing done, if there are no kernels
/// for these steps.
///
/// # Safety
///
/// As [`RawProduct`](crate::kernel::raw::RawProduct), for elements `T`.
pub(crate) unsafe fn product<T: Staged>(
    dims: &mut Dims<FACTORS>,
    factors: &[RawRead],
    out: *mut u8,
    mode: RawMode,
) -> bool {
    let nothing = Read { ptr: core::ptr::null::<T>(), conjugated: false };
    let mut reads = [nothing; FACTORS];
    for (read, factor) in reads.iter_mut().zip(factors) {
        *read = factor.typed();
    }
    let mut out = out.cast::<T>();
    if Level::current() < Level::Avx2 || prepare(dims, &mut reads, &mut out) != Work::Run {
        return false;
    }
    // SAFETY: the caller's duties; `prepare` keeps the points.
    unsafe {
        let is_done = match three(dims, factors.len()) {
            Some(dims) => {
                let [x, y, z, ..] = reads;
                T::triple(&dims, [x, y, z], out, mode.typed())
            }
            None => false,
        };
        if is_done {
            return true;
        }
        let elements = Elements { size: size_of::<T>(), are_complex: T::IS_COMPLEX };
        let is_assigned = matches!(mode, RawMode::Assign);
        let Some(plan) = plan(dims, factors.len(), elements, is_assigned) else { return false };
        let kernels =
            Kernels { element: size_of::<T>(), copy: unary_here::<T>, kernel: multiply::<T> };
        let reads = RawRead::all_of(&reads);
        match chunks::chunks(&plan, size_of::<T>()) {
            Some(chunks) => chunks.run(&plan, &kernels, raw::unary::<T>, reads, out.cast(), mode),
            None => blocks::run(&plan, &kernels, reads, out.cast(), mode),
        }
    }
    true
}

/// Whether [`product`] takes so many factors at these steps, of elements of a size.
pub(crate) fn takes_product(
    mut dims: Dims<FACTORS>,
    factors: usize,
    size: usize,
    are_complex: bool,
) -> bool {
    let mut nowhere = [Read { ptr: core::ptr::null::<u8>(), conjugated: false }; FACTORS];
    let work = prepare(&mut dims, &mut nowhere, &mut core::ptr::null_mut());
    if Level::current() < Level::Avx2 || work != Work::Run {
        return false;
    }
    three(&dims, factors).is_some_and(stream::takes_triple)
        || plan(&dims, factors, Elements { size, are_complex }, true).is_some()
}

/// Returns the loops of a product of three factors without a sum.
fn three(dims: &Dims<FACTORS>, factors: usize) -> Option<Dims<3>> {
    if factors != 3 || dims.iter().any(|d| d.summed) {
        return None;
    }
    Some(dims.iter().map(|d| with_sources(d, [d.sources[0], d.sources[1], d.sources[2]])).collect())
}

fn with_sources<const P: usize>(dim: &Dim<FACTORS>, sources: [isize; P]) -> Dim<P> {
    Dim { extent: dim.extent, out: dim.out, sources, summed: dim.summed }
}
