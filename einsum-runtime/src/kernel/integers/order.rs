//! Sums of products with a source whose elements are used once, and a smaller one that lies in another order: that is copied into
//! the order of the first, so that rows are adjacent in both.
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

/// The fewest elements of the first source for one of the second.
const FEW: usize = 4;

/// The most bytes of a copy, which then stays in the second-level cache.
const BYTES: usize = 512 << 10;

/// A nest of which a source is to be copied.
pub(super) struct Reordered {
    /// The number of the source that is copied.
    second: usize,
    /// The nest with the copy in its place.
    dims: Dims<2>,
    /// The loops of the copy, and its elements.
    copied: Dims<1>,
    elements: usize,
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
            if !is_whole
                || !dims.iter().any(is_row)
                || elements > (count(first) / FEW).min(BYTES / size)
            {
                return None;
            }
            let mut dims = dims.clone();
            sort_by_key(&mut dims[..], |d| d.sources[first].unsigned_abs());
            let (mut copied, mut step) = (Dims::new(), 1);
            for d in dims.iter_mut().filter(|d| d.sources[second] != 0) {
                let (extent, from) = (d.extent, d.sources[second]);
                copied.push(Dim { extent, out: step, sources: [from], summed: false });
                d.sources[second] = step;
                step *= extent.cast_signed();
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
            is_long.then_some(Reordered { second, dims, copied, elements })
        })
    }

    /// Copies the source, and calls `run` with the nest and its sources.
    ///
    /// # Safety
    ///
    /// As [`Kernels`](crate::kernel::Kernels), for the nest that this was made from.
    pub(super) unsafe fn run<T: Element>(
        mut self,
        mut sources: [Read<T>; 2],
        run: impl FnOnce(&mut Dims<2>, [Read<T>; 2]),
    ) {
        let mut memory = Kept::new(self.elements * size_of::<T>(), align_of::<T>());
        let mut from = [sources[self.second]];
        let copy: *mut T = memory.as_mut_ptr().cast();
        let mut to = copy;
        let work = prepare(&mut self.copied, &mut from, &mut to);
        if work == Work::Run {
            // SAFETY: the caller's duties; the memory has room for all elements.
            unsafe { copied(&mut self.copied, from, to, Mode::Assign) };
        }
        sources[self.second] = Read { ptr: copy, conjugated: false };
        run(&mut self.dims, sources);
    }
}
