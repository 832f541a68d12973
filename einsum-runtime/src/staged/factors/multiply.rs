//! Multiplies the factors of a block.

use core::cmp::Reverse;

use smallvec::SmallVec;

use super::super::{Staged, binary_here};
use super::LINE;
use crate::kept::Kept;
use crate::kernel::prepare::{Work, prepare};
use crate::kernel::raw::{self, FACTORS, RawKernel, RawMode, RawRead};
use crate::kernel::{Dim, Dims};
use crate::sort::sort_by_key;

/// A factor, or a product of several: where it is, and its steps.
struct Factor {
    read: RawRead,
    steps: SmallVec<[isize; 8]>,
}

impl Factor {
    /// Returns the points of the loops that it steps along.
    fn points(&self, dims: &Dims<FACTORS>) -> usize {
        let own = dims.iter().zip(&self.steps).filter(|(_, step)| **step != 0);
        own.fold(1, |n, (d, _)| n * d.extent)
    }
}

/// Returns the loops of a product of factors, where `out` has the steps of its target.
fn along<const P: usize>(
    dims: &Dims<FACTORS>,
    factors: &[Factor],
    out: impl Fn(usize) -> Option<(isize, bool)>,
) -> Dims<P> {
    let dim = |(i, d): (usize, &Dim<FACTORS>)| {
        let (out, summed) = out(i)?;
        let sources = core::array::from_fn(|p| factors[p].steps[i]);
        Some(Dim { extent: d.extent, out, sources, summed })
    };
    dims.iter().enumerate().filter_map(dim).collect()
}

/// The kernels of an element type that products are made with.
struct Products {
    /// The size of an element.
    element: usize,
    /// For the last two factors, and for two on this thread.
    binary: RawKernel<2>,
    binary_here: RawKernel<2>,
    triple_here: RawTriple,
}

/// Multiplies three factors without a sum, or returns false, with nothing done. Its callers' duties are those of [`multiply`].
type RawTriple = unsafe fn(&mut Dims<3>, [RawRead; 3], *mut u8, RawMode) -> bool;

impl Products {
    const fn of<T: Staged>() -> Self {
        Products {
            element: size_of::<T>(),
            binary: raw::binary::<T>,
            binary_here: binary_here::<T>,
            triple_here: triple_here::<T>,
        }
    }
}

/// Multiplies the factors of a block, which are those that have an address, and sums the products.
///
/// # Safety
///
/// As [`Kernels`](crate::kernel::Kernels), for elements `T`; factors of the mode can be read; the machine has AVX2 and FMA.
pub(super) unsafe fn multiply<T: Staged>(
    dims: &mut Dims<FACTORS>,
    sources: [RawRead; FACTORS],
    out: *mut u8,
    mode: RawMode,
) {
    // SAFETY: the caller's duties.
    unsafe { multiply_all(&const { Products::of::<T>() }, dims, sources, out, mode) }
}

/// # Safety
///
/// As [`multiply`], for elements of the kernels' type.
unsafe fn multiply_all(
    kernels: &Products,
    dims: &mut Dims<FACTORS>,
    sources: [RawRead; FACTORS],
    out: *mut u8,
    mode: RawMode,
) {
    let steps = |p: usize| dims.iter().map(|d| d.sources[p]).collect();
    let there = (0..FACTORS).filter(|&p| !sources[p].ptr.is_null());
    let mut factors: SmallVec<[Factor; FACTORS]> =
        there.map(|p| Factor { read: sources[p], steps: steps(p) }).collect();
    // The smallest are multiplied first.
    sort_by_key(&mut factors[..], |factor| Reverse(factor.points(dims)));
    let room =
        (dims.iter().fold(kernels.element, |n, d| n * d.extent)).next_multiple_of(LINE) + LINE;
    let is_sum = dims.iter().any(|d| d.summed);
    let mut memory = None;
    let to_out = |i: usize| Some((dims[i].out, dims[i].summed));
    // A product is read when the next one is made, and then no more.
    for start in [0, room].into_iter().cycle() {
        let count = factors.len();
        let is_last = count == 2 || count == 3 && !is_sum;
        if is_last && count == 2 {
            let mut dims = along::<2>(dims, &factors, to_out);
            let reads = [factors[0].read, factors[1].read];
            // SAFETY: the caller's duties.
            return unsafe { (kernels.binary)(&mut dims, reads, out, mode) };
        }
        if is_last {
            let mut dims = along::<3>(dims, &factors, to_out);
            let reads = core::array::from_fn(|p| factors[p].read);
            // SAFETY: the caller's duties.
            if unsafe { (kernels.triple_here)(&mut dims, reads, out, mode) } {
                return;
            }
        }
        let memory = memory.get_or_insert_with(|| Kept::new(2 * room, LINE));
        let buffer = memory.as_mut_ptr().wrapping_add(start);
        let left = if is_sum { 2 } else { 3 };
        let mut taken = if !is_last && (count - left).is_multiple_of(2) { 3 } else { 2 };
        let steps = loop {
            let smallest = &factors[count - taken..];
            let mut steps: SmallVec<[isize; 8]> = SmallVec::from_elem(0, dims.len());
            let mut step = 1;
            for i in (0..dims.len()).rev() {
                if smallest.iter().any(|factor| factor.steps[i] != 0) {
                    steps[i] = step;
                    step *= dims[i].extent.cast_signed();
                }
            }
            let to_buffer = |i: usize| (steps[i] != 0).then_some((steps[i], false));
            // SAFETY: the caller's duties; the buffer has room for all points, and the other one holds what is read.
            unsafe {
                if taken == 3 {
                    let mut dims = along::<3>(dims, smallest, to_buffer);
                    let reads = core::array::from_fn(|p| smallest[p].read);
                    if (kernels.triple_here)(&mut dims, reads, buffer, RawMode::Assign) {
                        break steps;
                    }
                    taken = 2;
                    continue;
                }
                let mut dims = along::<2>(dims, smallest, to_buffer);
                let reads = [smallest[0].read, smallest[1].read];
                (kernels.binary_here)(&mut dims, reads, buffer, RawMode::Assign);
                break steps;
            }
        };
        factors.truncate(count - taken);
        factors.push(Factor { read: RawRead { ptr: buffer, conjugated: false }, steps });
    }
}

/// # Safety
///
/// As [`RawTriple`] says.
unsafe fn triple_here<T: Staged>(
    dims: &mut Dims<3>,
    sources: [RawRead; 3],
    out: *mut u8,
    mode: RawMode,
) -> bool {
    let mut reads = RawRead::all_typed::<T, 3>(&sources);
    let mut out = out.cast::<T>();
    let work = prepare(dims, &mut reads, &mut out);
    // SAFETY: the caller's duties; `prepare` keeps the points.
    work == Work::Run && unsafe { T::triple(dims, reads, out, mode.typed()) }
}
