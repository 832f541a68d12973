//! Sums of one source over any of its dims, and of products of two where no element is used twice: matrix times
//! vector, dot products, batches of them.
//!
//! The first source has a step in every dim. Its adjacent elements make the rows. If their dim is summed, a kernel
//! forms one sum of every row; if it is kept, a kernel adds rows to a row of sums. Sums are formed in a buffer in the
//! first-level cache ([`sums`](super::sums)) and enter the output when they are complete.

use core::mem::MaybeUninit;

use super::cut::Cut;
use super::lane::Lane;
use super::odometer::Odometer;
use super::sum::{Streams, Sum};
use super::sums::BUFFER;
use super::sweep::{Arrays, once};
use crate::kernel::level::{Level, halves_vectors};
use crate::kernel::{Dim, Dims, Mode, loops_of};
use crate::sort::sort_by_key;
use crate::threads::{self, Grid, Shared};

/// The bytes of rows for which the longer way from wide vectors to a sum does not count.
const LONG: usize = 2048;

/// The bytes of rows of two sources that are read in order, with what comes next fetched, rather than in streams. The ends of
/// shorter ones weigh more.
const AHEAD: usize = 2048;

/// `out[o] = Σ x[s]` or `Σ x[s] · y[t]` over the summed dims, or what `mode` makes of the sum. Returns false, with
/// nothing done, if there is no kernel for these steps.
///
/// # Safety
///
/// As [`Kernels`](crate::kernel::Kernels), after [`prepare`](crate::kernel::prepare); the machine has AVX2 and FMA.
pub(super) unsafe fn reduce<T: Lane + PartialEq, const P: usize>(
    dims: &mut Dims<P>,
    mut arrays: Arrays<T, P>,
    mode: Mode<T>,
) -> bool {
    let Some((row, form)) = row_of(dims) else { return false };
    for dim in dims.iter_mut().filter(|d| d.sources[0] < 0) {
        turn(dim, &mut arrays);
    }
    let row = dims.remove(row);
    sort_by_key(&mut dims[..], |d| core::cmp::Reverse(d.sources[0]));
    let (mut kept, mut summed) = (loops_of(dims, false), loops_of(dims, true));
    let streams = |is_of_two, is_far| form.streams([is_of_two, is_far], &row);
    let (sum, along) = Sum::new(&row, streams, &mut kept, &mut summed);
    dims.push(row);
    let cut = Cut::of(dims, &kept, &along, &sum);
    let nest = Reduction { kept: &kept, along, sum, block: cut.block, mode };
    // SAFETY: the caller's duties.
    unsafe { nest.in_parts(arrays, cut.nanoseconds) }
    true
}

/// Sums in blocks along a loop, at every point of kept loops.
struct Reduction<'d, T, const P: usize> {
    kept: &'d [Dim<P>],
    along: Dim<P>,
    sum: Sum<'d, T, P>,
    block: usize,
    mode: Mode<T>,
}

impl<T: Lane + PartialEq, const P: usize> Reduction<'_, T, P> {
    /// Forms all sums, each as a whole.
    ///
    /// # Safety
    ///
    /// As [`reduce`].
    unsafe fn in_parts(&self, arrays: Arrays<T, P>, nanoseconds: usize) {
        let (points, blocks) = self.extents();
        let grid = Grid::of([points, blocks], [1, 1], threads::pieces(nanoseconds));
        // SAFETY: the arrays are pointers to elements.
        let arrays = unsafe { Shared::new(arrays) };
        threads::each(grid.pieces(), &|piece| {
            let [points, blocks] = grid.piece(piece);
            let mut buffer = [const { MaybeUninit::<T>::uninit() }; 2 * BUFFER];
            let mut point = Odometer::from(self.kept, points.start);
            for _ in points {
                let here = arrays.get().at(point.at.out, point.at.sources);
                for block in blocks.clone() {
                    let (from, count) = self.block_of(block, &here);
                    let (buffer, step) = (buffer.as_mut_ptr().cast(), self.along.out);
                    // SAFETY: the caller's duties: these sums are points of the kept loops, and fit the buffer. Those of
                    // other pieces are others.
                    unsafe { self.sum.form(buffer, &from, count, step, self.mode) }
                }
                point.advance();
            }
        });
    }

    /// Returns the points of the kept loops, and the blocks at each.
    fn extents(&self) -> (usize, usize) {
        (self.kept.iter().map(|d| d.extent).product(), self.along.extent.div_ceil(self.block))
    }

    /// Returns a block's first elements, at a point of the kept loops, and its number of sums.
    fn block_of(&self, block: usize, here: &Arrays<T, P>) -> (Arrays<T, P>, usize) {
        let first = block * self.block;
        let from = here.within(&self.along, first, &once(), 0);
        (from, self.block.min(self.along.extent - first))
    }
}

/// What kernels do along a row: they form one sum of it, or add it to a row of sums.
#[derive(Clone, Copy)]
enum Form {
    Sum,
    Add,
    Dot,
    MultiplyAdd,
    ScaleAdd,
}

impl Form {
    fn of<const P: usize>(row: &Dim<P>) -> Option<Self> {
        match (row.summed, &row.sources[1..]) {
            (true, []) => Some(Form::Sum),
            (false, []) => Some(Form::Add),
            (true, [1 | -1]) if row.sources[0] == row.sources[1] => Some(Form::Dot),
            (false, [1 | -1]) if row.sources[0] == row.sources[1] => Some(Form::MultiplyAdd),
            (false, [0]) => Some(Form::ScaleAdd),
            _ => None,
        }
    }

    /// Returns the kernels. `is_of_two`: there are two sources that come from memory; `is_far`: for their size they surely do.
    fn streams<T: Lane, const P: usize>(
        self,
        [is_of_two, is_far]: [bool; 2],
        row: &Dim<P>,
    ) -> Streams<T> {
        let bytes = row.extent * size_of::<T>();
        let is_ahead = is_of_two && is_far && bytes >= AHEAD;
        let has_wide = Level::current() == Level::Avx512 && !halves_vectors();
        let is_wide = has_wide && bytes >= LONG;
        match self {
            Form::Dot if is_ahead => Streams::one(T::DOT_AHEAD),
            Form::Dot if is_of_two && is_wide => Streams::two([T::DOT[0], T::DOT_WIDE]),
            Form::Sum => Streams::four(T::SUM),
            Form::Add => Streams::four(T::ADD),
            Form::Dot if is_of_two => Streams::two(T::DOT_OF_TWO),
            Form::Dot => Streams::four(T::DOT),
            Form::MultiplyAdd => Streams::four(T::MULTIPLY_ADD),
            Form::ScaleAdd => Streams::four(T::SCALE_ADD),
        }
    }
}

/// Returns the dim of rows, if there are kernels for one. Sorts dims as the output has them, larger steps first.
fn row_of<const P: usize>(dims: &mut Dims<P>) -> Option<(usize, Form)> {
    sort_by_key(&mut dims[..], |d| core::cmp::Reverse(d.out.unsigned_abs()));
    // Of several adjacent dims, as windows have them, the one that runs fastest in the output.
    let form = |d: &Dim<P>| if d.sources[0].unsigned_abs() == 1 { Form::of(d) } else { None };
    dims.iter().enumerate().rev().find_map(|(i, d)| Some((i, form(d)?)))
}

/// Runs a loop in the other direction.
fn turn<T, const P: usize>(dim: &mut Dim<P>, arrays: &mut Arrays<T, P>) {
    *arrays = arrays.within(dim, dim.extent - 1, &once(), 0);
    dim.out = -dim.out;
    dim.sources = dim.sources.map(|step| -step);
}
