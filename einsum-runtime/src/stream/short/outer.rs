//! Sums over outer loops first, to a buffer in the order of the source: what has short rows there is one long row to these.

use super::{Nested, move_out};
use crate::engine::scratch::{Scratch, with_scratch};
use crate::kernel::prepare::{Work, prepare};
use crate::kernel::{Dim, Dims, Mode, Read, loops_of};
use crate::stream::divide::Elements;
use crate::stream::lane::Lane;
use crate::stream::odometer::Odometer;
use crate::stream::reduce::reduce;
use crate::stream::sweep::{Arrays, once};
use crate::threads::{self, Grid, Shared};

/// The most elements of a buffer for sums over outer loops.
const INSIDE: usize = if cfg!(test) { 1 << 10 } else { 32 << 10 };

/// The bytes that are worth a call of a kernel, and those of a row that is: shorter ones wait for the sums across lanes.
const CALL: usize = 16 << 10;
const NARROW: usize = 64;

/// The least extent of a loop that is summed first, and by how much rows are to be longer then.
const FIRST: usize = 4;
const LONGER: usize = 4;

/// The fewest results that are shared out among threads; the work for each of fewer is.
const PARTS: usize = 16;

/// The loops from `inside` on are left out of a sum.
pub(super) struct Split {
    inside: usize,
    /// So many points of the first of them are done at once.
    block: usize,
    /// The elements of all of them, of one point of the first.
    each: usize,
}

impl<T: Lane + PartialEq> Nested<T> {
    /// Returns how to sum over outer loops first, if rows are much longer then.
    pub(super) fn outer_first(&self) -> Option<Split> {
        let [.., around, row] = &self.dims[..] else { return None };
        let bytes = row.extent * size_of::<T>();
        // What a call of a kernel would read: rows of one sum, or of several.
        let is_call = around.summed != row.summed && around.extent.saturating_mul(bytes) >= CALL;
        if is_call && !(row.summed && bytes < NARROW) {
            return None;
        }
        let row = row.extent;
        (1..self.dims.len()).find_map(|inside| {
            let last = self.dims[inside - 1];
            let (first, others) = (self.dims[inside], &self.dims[inside + 1..]);
            let each = others.iter().fold(1_usize, |n, d| n.saturating_mul(d.extent));
            // Sums over points of the first cannot be parted.
            let most = if first.summed { INSIDE / first.extent } else { INSIDE };
            if !last.summed || last.extent < FIRST || each > most {
                return None;
            }
            let block = first.extent.min(INSIDE / each);
            (block * each >= LONGER * row).then_some(Split { inside, block, each })
        })
    }

    /// Sums over the summed loops outside, to a buffer in the order of the source, and from there to the output.
    ///
    /// # Safety
    ///
    /// As [`reduce`].
    pub(super) unsafe fn run_outer_first(&self, split: &Split, mode: Mode<T>) {
        let Split { inside, block, each } = *split;
        let (outside, inner) = self.dims.split_at(inside);
        let (kept, summed) = (loops_of(outside, false), loops_of(outside, true));
        let points = kept.iter().map(|d| d.extent).product::<usize>();
        let first = inner[0];
        let blocks = first.extent.div_ceil(block);
        let nanoseconds = Elements::of(&self.dims).nanoseconds(size_of::<T>());
        // If they are few, the sums of each are shared out.
        let is_shared = points * blocks >= PARTS;
        let pieces = if is_shared { threads::pieces(nanoseconds) } else { 1 };
        let grid = Grid::of([points, blocks], [1, 1], pieces);
        // SAFETY: the arrays are pointers to elements.
        let arrays = unsafe { Shared::new(self.arrays) };
        threads::each(grid.pieces(), &|piece| {
            let [points, blocks] = grid.piece(piece);
            with_scratch(Scratch::size::<T>(block * each), |mut scratch| {
                let sums = scratch.take::<T>(block * each);
                let mut point = Odometer::from(&kept, points.start);
                for _ in points {
                    let here = arrays.get().at(point.at.out, point.at.sources);
                    for number in blocks.clone() {
                        let here = here.within(&first, number * block, &once(), 0);
                        let extent = block.min(first.extent - number * block);
                        // SAFETY: the caller's duties, and there is room for a block. Other blocks and points have other
                        // results, unless the first loop is summed: then there is one block.
                        unsafe {
                            let loops = || {
                                [Dim { extent, ..first }]
                                    .into_iter()
                                    .chain(inner[1..].iter().copied())
                            };
                            sum_to_buffer(&summed, loops(), &here, sums);
                            put(loops(), each, sums, here.out, mode);
                        }
                    }
                    point.advance();
                }
            });
        });
    }
}

/// Sums `x[.., inside]` over the outer loops, to a dense buffer.
///
/// # Safety
///
/// The source can be read at all points, the buffer has room for those inside.
unsafe fn sum_to_buffer<T: Lane + PartialEq>(
    summed: &[Dim<1>],
    inside: impl DoubleEndedIterator<Item = Dim<1>>,
    from: &Arrays<T, 1>,
    sums: *mut T,
) {
    let mut dims: Dims<1> = Dims::new();
    let mut step = 1;
    for dim in inside.rev() {
        dims.insert(0, Dim { out: step, summed: false, ..dim });
        step *= dim.extent.cast_signed();
    }
    let outer = summed.iter().map(|d| Dim { out: 0, ..*d });
    dims.extend(outer);
    let mut read = [Read { ptr: from.sources[0], conjugated: false }];
    let mut out = sums;
    // Loops that follow each other in the source become one.
    let work = prepare(&mut dims, &mut read, &mut out);
    debug_assert_eq!(work, Work::Run);
    // SAFETY: the caller's duties. Rows of the source are adjacent, for which there are kernels.
    let done = unsafe { reduce(&mut dims, Arrays { out, sources: [read[0].ptr] }, Mode::Assign) };
    assert!(done, "einloom: internal error: no kernel for adjacent rows");
}

/// Sums or moves what a buffer holds into the output. `each` are the buffer's elements of one point of the first loop.
///
/// # Safety
///
/// The output can be written at all points of the loops, and holds values unless the mode is an assignment.
unsafe fn put<T: Lane + PartialEq>(
    loops: impl Iterator<Item = Dim<1>>,
    each: usize,
    sums: *const T,
    out: *mut T,
    mode: Mode<T>,
) {
    let mut dims: Dims<1> = Dims::new();
    let mut step = each;
    for (number, dim) in loops.enumerate() {
        if number > 0 {
            step /= dim.extent;
        }
        dims.push(Dim { sources: [step.cast_signed()], ..dim });
    }
    // SAFETY: the caller's duties.
    unsafe { move_out(dims, sums, out, mode) }
}
