//! Sums of products with a source whose elements are used once, and another one that lies in another order: that is copied into
//! the order of the first, so that rows are adjacent in both. A large one is copied in blocks of its outermost loop.
//!
//! ```text
//! pqrs,sr->pq   rows are (r s), once the second source is rs
//! ```

use super::ROW;
use crate::element::Element;
use crate::kept::Kept;
use crate::kernel::prepare::{Work, prepare};
use crate::kernel::{Dim, Dims, Mode, Read, copied};
use crate::sort::sort_by_key;

/// The most bytes of a copy, which then stays in the second-level cache.
const BYTES: usize = if cfg!(test) { 2 << 10 } else { 512 << 10 };

/// The most bytes of a copy whose lines would not be read whole otherwise.
const MOST: usize = 4 * BYTES;

/// The bytes of a cache line.
const LINE: usize = 64;

/// A nest of which a source is to be copied.
pub(super) struct Reordered {
    /// The number of the source that is copied.
    second: usize,
    /// The nest with the copy in its place.
    dims: Dims<2>,
    /// The loops of the copy, the outermost last, and the number of that one in the nest.
    copied: Dims<1>,
    cut: usize,
    /// The elements of the copy for a step of that loop, and the steps of a block.
    elements: usize,
    block: usize,
}

/// A block of a nest: where it begins in the output, and whether sums of earlier ones are there.
pub(super) struct Part {
    pub(super) out: isize,
    pub(super) adds: bool,
}

impl Reordered {
    /// Returns the nest, if rows that are adjacent in one source lie apart in the other one, which has fewer elements, of `size`
    /// bytes each.
    pub(super) fn of(dims: &Dims<2>, size: usize) -> Option<Self> {
        (0..2).find_map(|first| {
            let second = 1 - first;
            let count = |p: usize| {
                let own = dims.iter().filter(|d| d.sources[p] != 0);
                own.fold(1_usize, |n, d| n.saturating_mul(d.extent))
            };
            let is_whole = dims.iter().all(|d| d.sources[first] != 0);
            let is_row = |d: &Dim<2>| {
                d.sources[first] == 1 && !matches!(d.sources[second], 0 | 1) && d.extent > 1
            };
            let elements = count(second);
            if !is_whole || !dims.iter().any(is_row) {
                return None;
            }
            let mut dims = dims.clone();
            sort_by_key(&mut dims[..], |d| d.sources[first].unsigned_abs());
            let (mut copied, mut step, mut cut) = (Dims::new(), 1, 0);
            for (i, d) in dims.iter_mut().enumerate().filter(|(_, d)| d.sources[second] != 0) {
                let (extent, from) = (d.extent, d.sources[second]);
                copied.push(Dim { extent, out: step, sources: [from], summed: false });
                d.sources[second] = step;
                step *= extent.cast_signed();
                cut = i;
            }
            let extent = dims[cut].extent;
            let elements = elements / extent;
            // What is adjacent along that loop is read by whole lines.
            let is_adjacent = copied.last().is_some_and(|d| d.sources[0].unsigned_abs() == 1);
            let least = if is_adjacent { LINE / size } else { 1 };
            let block = (BYTES / size / elements).max(least).min(extent);
            if elements > BYTES / size || elements * block > MOST / size {
                return None;
            }
            // What follows each other is one row.
            let mut run = 1;
            for d in &dims {
                if d.sources != [run; 2] || d.summed != dims[0].summed {
                    break;
                }
                run *= d.extent.cast_signed();
            }
            let is_long = run.cast_unsigned() >= ROW;
            is_long.then_some(Reordered { second, dims, copied, cut, elements, block })
        })
    }

    /// Copies the source, and calls `run` with the nest and its sources, block by block.
    ///
    /// # Safety
    ///
    /// As [`Kernels`](crate::kernel::Kernels), for the nest that this was made from.
    pub(super) unsafe fn run<T: Element>(
        self,
        sources: [Read<T>; 2],
        mut run: impl FnMut(&mut Dims<2>, [Read<T>; 2], Part),
    ) {
        let Reordered { second, ref dims, copied: ref loops, cut, elements, block } = self;
        let whole = dims[cut];
        let mut memory = Kept::new(elements * block * size_of::<T>(), align_of::<T>());
        let copy: *mut T = memory.as_mut_ptr().cast();
        for start in (0..whole.extent).step_by(block) {
            let extent = block.min(whole.extent - start);
            let (mut dims, mut loops) = (dims.clone(), loops.clone());
            dims[cut].extent = extent;
            let mut from = sources;
            let mut moved = whole.sources;
            if let Some(outermost) = loops.last_mut() {
                outermost.extent = extent;
                moved[second] = outermost.sources[0];
            }
            for (source, step) in from.iter_mut().zip(moved) {
                source.ptr = source.ptr.wrapping_offset(start.cast_signed() * step);
            }
            loops.retain(|d| d.extent > 1);
            let (mut of_copy, mut to) = ([from[second]], copy);
            let work = prepare(&mut loops, &mut of_copy, &mut to);
            if work == Work::Run {
                // SAFETY: the caller's duties; the memory has room for all elements of a block.
                unsafe { copied(&mut loops, of_copy, to, Mode::Assign) };
            }
            from[second] = Read { ptr: copy, conjugated: false };
            let part =
                Part { out: start.cast_signed() * whole.out, adds: whole.summed && start > 0 };
            run(&mut dims, from, part);
        }
    }
}
