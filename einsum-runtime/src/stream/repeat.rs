//! Products of rows with a factor that has few elements in each, the same ones in the next rows: `adcb,bd->adcb` with few b.
//!
//! Rows are too short for a call each. So the factor's elements are copied several times, side by side, and multiplied with
//! as many rows at once:
//!
//! ```text
//! for every point of the outer loops
//!   period = y[j] y[j] y[j] …
//!   out[r, j] = x[r, j] · period      in rows of whole periods
//! ```

use core::mem::MaybeUninit;

use super::bypass;
use super::divide::{Elements, Nest};
use super::lane::Lane;
use super::odometer::Odometer;
use super::rows::Rows;
use super::sweep::{Arrays, once};
use crate::kernel::{Dim, Dims};
use crate::sort::sort_by_key;

/// Rows of so many elements fill vectors.
const LONG: usize = 16;

/// The copies of a row in a period are a multiple of so many: a period then has whole cache lines.
const COPIES: usize = 16;

/// About the elements of a period.
const PERIOD: usize = 256;

/// The fewest elements that are multiplied with the same ones: to copy these takes time, too.
const LEAST: usize = 128;

/// Short rows that follow each other.
pub(super) struct Repeat {
    /// The source whose elements are the same in all rows.
    few: usize,
    /// The loops of a row, the outermost first, and its elements.
    row: Dims<2>,
    len: usize,
    /// The loop over rows.
    rows: Dim<2>,
    outer: Dims<2>,
}

impl Repeat {
    /// Returns the rows of a nest without a sum, if they are short.
    pub(super) fn of(dims: &Dims<2>) -> Option<Self> {
        // Most nests are none, which is to be seen soon.
        let unit = dims.iter().find(|d| d.out == 1)?;
        if unit.extent >= LONG || unit.sources.contains(&0) || !unit.sources.contains(&1) {
            return None;
        }
        let mut sorted = Dims::from_slice(dims);
        sort_by_key(&mut sorted[..], |d| d.out.unsigned_abs());
        (0..2).find_map(|few| {
            let (mut len, mut count) = (1_usize, 0);
            let is_next = |d: &Dim<2>, len: usize| {
                let step = len.cast_signed();
                d.out == step && d.sources[1 - few] == step
            };
            while let Some(d) = sorted.get(count)
                && is_next(d, len)
                && d.sources[few] != 0
            {
                len = len.checked_mul(d.extent).filter(|&len| len < LONG)?;
                count += 1;
            }
            let rows = *sorted.get(count)?;
            let is_worth = rows.extent.saturating_mul(len) >= LEAST;
            (count > 0 && is_next(&rows, len) && is_worth).then(|| Repeat {
                few,
                row: sorted[..count].iter().rev().copied().collect(),
                len,
                rows,
                outer: sorted[count + 1..].iter().rev().copied().collect(),
            })
        })
    }

    /// `out[o] = x[s] · y[t]`
    ///
    /// # Safety
    ///
    /// As [`multiply`](super::multiply::multiply), for the nest that these are the rows of.
    pub(super) unsafe fn run<T: Lane>(&self, dims: &Dims<2>, sources: [*const T; 2], out: *mut T) {
        let Repeat { few, ref row, len, rows, ref outer } = *self;
        let bytes = rows.extent.saturating_mul(len * size_of::<T>());
        let bypass = bypass(out, &Elements::of(dims), bytes);
        let copies = (PERIOD / (COPIES * len)).max(1) * COPIES;
        let part = |Nest { outer, v: rows, .. }: Nest<'_, 2>, arrays: Arrays<T, 2>| {
            let mut period = [const { MaybeUninit::<T>::uninit() }; PERIOD + COPIES * LONG];
            let period = period.as_mut_ptr().cast::<T>();
            let copies = copies.min(rows.extent);
            let mut held = None;
            let mut point = Odometer::new(outer);
            loop {
                let here = arrays.at(point.at.out, point.at.sources);
                let from = here.sources[few];
                // SAFETY: the caller's duties; the period fits its memory. Rows of it are as many rows of the nest.
                unsafe {
                    if held != Some(from) {
                        held = Some(from);
                        fill(period, (row, len), few, from, copies);
                    }
                    let sources = [here.sources[1 - few], period.cast_const()];
                    let step = (copies * len).cast_signed();
                    let next = Dim { out: step, sources: [step, 0], ..once() };
                    let call = |at: usize, copies: usize, count: usize| {
                        let first = Arrays { out: here.out, sources };
                        let at = (at * len).cast_signed();
                        let first = first.at(at, [at, 0]);
                        let factors = [T::ONE; 2];
                        let along = Dim { out: 1, sources: [1; 2], ..once() };
                        let mut rows =
                            Rows::along(&first, (&along, copies * len), (&next, count), factors);
                        rows.bypass = bypass;
                        (T::MULTIPLY)(&rows);
                    };
                    let (whole, rest) = (rows.extent / copies, rows.extent % copies);
                    call(0, copies, whole);
                    if rest > 0 {
                        call(whole * copies, rest, 1);
                    }
                }
                if !point.advance() {
                    return;
                }
            }
        };
        let once = once();
        let nest = Nest { outer, u: &once, v: &rows };
        // SAFETY: the caller's duties, for parts of the nest.
        unsafe { nest.in_parts([1, copies], Arrays { out, sources }, bypass, &part) }
    }
}

/// Writes a row of a source at `from`, so many times.
///
/// # Safety
///
/// The row can be read, and all of them written.
unsafe fn fill<T: Copy>(
    period: *mut T,
    (row, len): (&Dims<2>, usize),
    few: usize,
    from: *const T,
    copies: usize,
) {
    let mut point = Odometer::new(row);
    // SAFETY: the caller's duties; what has been written is copied to what has not.
    unsafe {
        for i in 0..len {
            *period.add(i) = *from.wrapping_offset(point.at.sources[few]);
            point.advance();
        }
        let mut done = 1;
        while done < copies {
            let more = done.min(copies - done);
            period.add(done * len).copy_from_nonoverlapping(period, more * len);
            done += more;
        }
    }
}
