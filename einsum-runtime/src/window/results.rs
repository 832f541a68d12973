//! Results that are formed in a buffer, in the order that suits the kernels, and copied to the target from there.
//!
//! | nest | the buffer |
//! |---|---|
//! | rows of a source with a gap after each: windows do not reach the last positions | rows as long as the source's, gaps included, so that all of them are one row |
//! | short rows of a source | all of them one after the other, so that they fill vectors |
//! | the target has short rows that are adjacent in a source, as the gradient of weights has | rows along the other source |
//! | the target has no adjacent elements | rows along a source |
//! | the target has very short rows, and a source's rows have been [`turned`](super::turned) | rows along that source |
//!
//! An element of the target is a sum of many products, beside which the copy is little.

use smallvec::SmallVec;

use super::is_stencil;
use super::tiles::{APART, narrow};
use crate::kernel::level::Level;
use crate::kernel::raw::RawKernels;
use crate::kernel::{Dim, Dims};
use crate::sort::sort_by_key;

/// How results lie in their buffer.
#[derive(Clone, Debug)]
pub(super) struct Results {
    /// The kept loops, outermost first.
    order: SmallVec<[usize; 8]>,
    flat: Option<Flat>,
    /// The source whose loops are cut into blocks first.
    pub(super) rows: usize,
}

/// Rows of a source along the last two loops that are one row.
#[derive(Clone, Copy, Debug)]
struct Flat {
    p: usize,
    /// From a row to the next. In a source's buffer it is that of its blocks.
    pitch: usize,
    /// How much longer that is than the last loop, if the source has a buffer.
    gap: Option<usize>,
}

/// Sums of fewer products are formed in the target.
const STEPS: usize = if cfg!(test) { 6 } else { 32 };

/// The time that a vector of results takes on its way to the target, in steps of a kernel.
const COPIED: f64 = 14.0;

/// Rows along the other source are worth it for sums of so many products.
const TURNED: usize = 128;

/// The time that packing a piece of a vector takes, in the same terms.
const PACKED: f64 = 6.0;

/// The time that gathering a vector of elements that lie apart takes, in steps of a kernel.
const GATHERED: f64 = 24.0;

/// The lanes of a vector of real numbers.
pub(super) fn lanes(kernels: &RawKernels) -> Option<usize> {
    let bytes = match Level::current() {
        Level::Plain => return None,
        Level::Avx2 => 32,
        Level::Avx512 => 64,
    };
    kernels.is_real.then(|| bytes / kernels.element.size())
}

impl Results {
    /// Returns how results should lie, if not as in the target, and the time that sums take then, in steps of a kernel
    /// with one vector. `dims` has the steps of the sources or their buffers;
    /// where `is_dense`, what is between the rows of a source belongs to it; `row_of` are the lengths of rows in buffers.
    pub(super) fn of(
        dims: &Dims<2>,
        is_dense: [bool; 2],
        row_of: [Option<usize>; 2],
        kernels: &RawKernels,
    ) -> (Option<Self>, f64) {
        let points = dims.iter().map(|d| d.extent as f64).product::<f64>();
        let Some(lanes) = lanes(kernels) else { return (None, points) };
        let unknown = (None, points / lanes as f64);
        let summed = dims.iter().filter(|d| d.summed).map(|d| d.extent);
        let steps = summed.fold(1_usize, usize::saturating_mul);
        let is_row = |p: usize, d: &Dim<2>| {
            !d.summed && d.sources[p] != 0 && d.sources[1 - p] == 0 && d.extent > 1
        };
        let rows = |p: usize| {
            let extents = dims.iter().filter(|d| is_row(p, d)).map(|d| d.extent);
            extents.fold(1_usize, usize::saturating_mul)
        };
        let mut order: SmallVec<[usize; 8]> =
            (0..dims.len()).filter(|&i| !dims[i].summed).collect();
        sort_by_key(&mut order[..], |&i| {
            core::cmp::Reverse((dims[i].out.unsigned_abs(), dims[i].extent))
        });
        order.retain(|i| dims[*i].extent > 1);
        let Some(&last) = order.last() else { return unknown };
        let row = dims[last];
        let is_adjacent = |p: &usize| is_row(*p, &row) && row.sources[*p] == 1;
        let Some(p) = (0..2).find(is_adjacent) else {
            // Rows are brought together for all columns.
            let source = (0..2).find(|&p| is_row(p, &row));
            let columns = source.map_or(1, |p| rows(1 - p));
            let vectors = source.map_or(1, rows).div_ceil(lanes);
            let times = APART * narrow(vectors as f64) + GATHERED / columns as f64;
            return (None, times * unknown.1);
        };
        let columns = rows(1 - p);
        let is_copied = row.out != 1;
        if is_stencil(columns) {
            return (is_copied.then_some(Results { order, flat: None, rows: p }), unknown.1);
        }
        if columns < 4 || steps < STEPS {
            return unknown;
        }
        let count = |rows: usize| rows.div_ceil(lanes);
        // Rows that are adjacent in the target, and in the source as well.
        let outer = order.iter().rev().nth(1).map(|&i| (i, dims[i])).filter(|(_, d)| is_row(p, d));
        let flat = outer.filter(|(_, d)| {
            let is_next = row_of[p].is_none_or(|row| d.sources[p] == row.cast_signed());
            is_dense[p] && is_next && d.sources[p] >= row.extent.cast_signed()
        });
        // The time for a column and a step, in vectors.
        let way = |copied: f64| 1.0 + copied / steps as f64;
        let all = rows(p);
        let packing = PACKED * (1.0 + lanes as f64 / row.extent as f64) / columns as f64;
        let packed = |vectors: f64| match columns >= 24 {
            true => vectors * (1.0 + packing),
            false => f64::INFINITY,
        };
        let of_rows = (all / row.extent * count(row.extent)) as f64;
        let as_it_is = match outer {
            Some((_, d)) if d.out == row.extent.cast_signed() && !is_copied => {
                let adjacent = d.extent * row.extent;
                of_rows.min(packed((all / adjacent * count(adjacent)) as f64))
            }
            _ if is_copied => of_rows * way(COPIED),
            _ => of_rows,
        };
        let of_flat = flat.map_or(f64::INFINITY, |(_, d)| {
            let pitch = d.sources[p].cast_unsigned();
            let points = (d.extent - 1).saturating_mul(pitch).saturating_add(row.extent);
            let apart = all / (d.extent * row.extent);
            apart.saturating_mul(count(points)) as f64 * way(COPIED)
        });
        let of_all = match outer {
            Some(_) => packed(count(all) as f64) * way(COPIED),
            None => f64::INFINITY,
        };
        // Rows along the other source.
        let other = order.iter().copied().filter(|&i| is_row(1 - p, &dims[i]));
        let other = other.max_by_key(|&i| dims[i].extent).filter(|&i| 2 * dims[i].extent >= lanes);
        let of_other = other.filter(|_| steps >= TURNED).map_or(f64::INFINITY, |other| {
            let extent = dims[other].extent;
            let vectors = all as f64 * count(extent) as f64 / extent as f64;
            vectors * (narrow(count(extent) as f64) + PACKED * 4.0 / all as f64) * way(2.0 * COPIED)
        });
        let best = of_flat.min(of_all).min(of_other);
        let time = |vectors: f64| vectors * columns as f64 * steps as f64;
        if best >= 0.97 * as_it_is {
            let results = is_copied.then_some(Results { order, flat: None, rows: p });
            return (results, time(as_it_is));
        }
        let mut flat_rows = None;
        if best == of_flat {
            flat_rows = flat.map(|(_, d)| {
                let pitch = d.sources[p].cast_unsigned();
                Flat { p, pitch, gap: row_of[p].map(|_| pitch - row.extent) }
            });
        } else if best == of_all {
            sort_by_key(&mut order[..], |&i| {
                (is_row(p, &dims[i]), core::cmp::Reverse(dims[i].out.abs()))
            });
        } else if let Some(other) = other {
            order.retain(|i| *i != other);
            order.push(other);
        }
        (Some(Results { order, flat: flat_rows, rows: p }), time(best))
    }

    /// As [`of`](Self::of), for rows along a loop that is innermost in the buffer of a source, whose rows have a length.
    pub(super) fn turned(
        dims: &Dims<2>,
        p: usize,
        row: usize,
        pitch: Option<usize>,
        kernels: &RawKernels,
    ) -> (Option<Self>, f64) {
        let points = dims.iter().map(|d| d.extent as f64).product::<f64>();
        let Some(lanes) = lanes(kernels) else { return (None, points) };
        let is_kept = |i: &usize| !dims[*i].summed && dims[*i].extent > 1 && *i != row;
        let mut order: SmallVec<[usize; 8]> = (0..dims.len()).filter(is_kept).collect();
        sort_by_key(&mut order[..], |&i| core::cmp::Reverse(dims[i].out.unsigned_abs()));
        let extent = dims[row].extent;
        let mut vectors = extent.div_ceil(lanes) as f64 / extent as f64;
        let is_next = |i: &usize| {
            let d = &dims[*i];
            d.sources[1 - p] == 0 && pitch.is_some_and(|pitch| d.sources[p] == pitch.cast_signed())
        };
        let mut flat = None;
        if let (Some(pitch), Some(outer)) = (pitch, order.iter().copied().find(is_next)) {
            let rows = dims[outer].extent;
            let all = ((rows - 1) * pitch + extent).div_ceil(lanes) as f64 / (rows * extent) as f64;
            if all < 0.97 * vectors {
                vectors = all;
                order.retain(|i| *i != outer);
                order.push(outer);
                flat = Some(Flat { p, pitch, gap: Some(pitch - extent) });
            }
        }
        order.push(row);
        (Some(Results { order, flat, rows: p }), points * vectors)
    }

    #[cfg(test)]
    pub(super) fn is_flat(&self) -> bool {
        self.flat.is_some()
    }

    /// Returns the loop along rows, if these are one row.
    pub(super) fn flat_row(&self) -> Option<usize> {
        self.order.last().copied().filter(|_| self.flat.is_some())
    }

    /// Returns how many elements the buffer has for the points of a block.
    pub(super) fn elements(&self, blocks: &[usize]) -> usize {
        let mut elements = 1_usize;
        for (i, &number) in self.order.iter().rev().enumerate() {
            let extent = match self.flat {
                Some(Flat { gap: Some(gap), .. }) if i == 0 => blocks[number].saturating_add(gap),
                Some(Flat { pitch, .. }) if i == 0 => pitch,
                _ => blocks[number],
            };
            elements = elements.saturating_mul(extent);
        }
        elements
    }

    /// Fixes the pitch of rows for the largest block. Returns the source whose buffer must have rows of that length.
    pub(super) fn fix_pitch(&mut self, blocks: &[usize]) -> Option<(usize, usize)> {
        let (flat, last) = (self.flat.as_mut()?, *self.order.last()?);
        flat.pitch = blocks[last] + flat.gap?;
        Some((flat.p, flat.pitch))
    }

    /// Returns the loops of the kernel, into the buffer, and those of the copy from there.
    pub(super) fn dims(&self, dims: &Dims<2>) -> (Dims<2>, Dims<1>) {
        let mut sums: Dims<2> = dims.iter().filter(|d| d.summed).copied().collect();
        let mut copy: Dims<1> = Dims::new();
        let mut stride = 1_isize;
        let mut inner: SmallVec<[usize; 8]> = self.order.clone();
        if let Some(Flat { p, pitch, .. }) = self.flat
            && let &[.., outer, row] = &self.order[..]
            && dims[outer].extent > 1
        {
            inner.truncate(inner.len() - 2);
            let (mut row, outer) = (dims[row], dims[outer]);
            let is_row = row.extent == 1 || row.sources[p] == 1;
            assert!(
                is_row && outer.sources[p] == pitch.cast_signed() && row.extent <= pitch,
                "einloom: internal error: rows have another pitch"
            );
            row.sources[p] = 1;
            let pitch = outer.sources[p];
            let extent = (outer.extent - 1) * pitch.cast_unsigned() + row.extent;
            sums.push(Dim { extent, out: 1, ..row });
            copy.push(Dim {
                extent: outer.extent,
                out: outer.out,
                sources: [pitch],
                summed: false,
            });
            copy.push(Dim { extent: row.extent, out: row.out, sources: [1], summed: false });
            stride = pitch * outer.extent.cast_signed();
        }
        while let Some(number) = inner.pop() {
            let dim = dims[number];
            sums.push(Dim { out: stride, ..dim });
            copy.push(Dim { extent: dim.extent, out: dim.out, sources: [stride], summed: false });
            stride *= dim.extent.cast_signed();
        }
        (sums, copy)
    }
}
