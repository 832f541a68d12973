//! Results that are formed in a buffer, in the order that suits the kernels, and copied to the target from there.
//!
//! | nest | the buffer |
//! |---|---|
//! | rows of a source with a gap after each: windows do not reach the last positions | rows as long as the source's, gaps included, so that all of them are one row |
//! | the target has short rows that are adjacent in a source, as the gradient of weights has | rows along the other source |
//! | the target has no adjacent elements | rows along a source |
//!
//! An element of the target is a sum of many products, beside which the copy is little.

use smallvec::SmallVec;

use crate::kernel::level::Level;
use crate::kernel::raw::RawKernels;
use crate::kernel::{Dim, Dims};

/// How results lie in their buffer.
#[derive(Clone, Debug)]
pub(super) struct Results {
    /// The kept loops, outermost first.
    order: SmallVec<[usize; 8]>,
    flat: Option<Flat>,
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
const STEPS: usize = 32;

/// The time that a vector of results takes on its way to the target, in steps of a kernel.
const COPIED: f64 = 14.0;

/// The time that packing a vector takes, in the same terms.
const PACKED: f64 = 10.0;

/// The lanes of a vector of real numbers.
fn lanes(kernels: &RawKernels) -> Option<usize> {
    let bytes = match Level::current() {
        Level::Plain => return None,
        Level::Avx2 => 32,
        Level::Avx512 => 64,
    };
    kernels.is_real.then(|| bytes / kernels.element.size())
}

impl Results {
    /// Returns how results should lie, if not as in the target. `dims` has the steps of the sources or their buffers;
    /// where `is_dense`, what is between the rows of a source belongs to it; `row_of` are the lengths of rows in buffers.
    pub(super) fn of<const P: usize>(
        dims: &Dims<P>,
        is_dense: [bool; P],
        row_of: [Option<usize>; P],
        kernels: &RawKernels,
    ) -> Option<Self> {
        let lanes = lanes(kernels)?;
        let summed = dims.iter().filter(|d| d.summed).map(|d| d.extent);
        let steps = summed.fold(1_usize, usize::saturating_mul);
        if P < 2 || steps < STEPS {
            return None;
        }
        let is_row = |p: usize, d: &Dim<P>| {
            !d.summed && d.sources[p] != 0 && d.sources[1 - p] == 0 && d.extent > 1
        };
        let rows = |p: usize| {
            let extents = dims.iter().filter(|d| is_row(p, d)).map(|d| d.extent);
            extents.fold(1_usize, usize::saturating_mul)
        };
        let mut order: SmallVec<[usize; 8]> =
            (0..dims.len()).filter(|&i| !dims[i].summed).collect();
        order.sort_by_key(|&i| core::cmp::Reverse((dims[i].out.unsigned_abs(), dims[i].extent)));
        order.retain(|i| dims[*i].extent > 1);
        let last = *order.last()?;
        let row = dims[last];
        let p = (0..P).find(|&p| is_row(p, &row) && row.sources[p] == 1)?;
        let columns = rows(1 - p);
        if columns < 4 {
            return None;
        }
        let count = |rows: usize| rows.div_ceil(lanes);
        // Rows that are adjacent in the target, and in the source as well.
        let outer = order.iter().rev().nth(1).map(|&i| (i, dims[i])).filter(|(_, d)| is_row(p, d));
        let flat = outer.filter(|(_, d)| {
            let is_next = row_of[p].is_none_or(|row| d.sources[p] == row.cast_signed());
            is_dense[p] && is_next && d.sources[p] >= row.extent.cast_signed()
        });
        // The time for a column and a step, in vectors.
        let way = |is_copied: bool| if is_copied { 1.0 + COPIED / steps as f64 } else { 1.0 };
        let is_copied = row.out != 1;
        if let Some((_, d)) = flat {
            let pitch = d.sources[p].cast_unsigned();
            let points = (d.extent - 1).saturating_mul(pitch).saturating_add(row.extent);
            let of_flat = count(points) as f64 * way(true);
            let of_rows = d.extent.saturating_mul(count(row.extent)) as f64 * way(is_copied);
            let is_packed = d.out == row.extent.cast_signed() && !is_copied && columns >= 24;
            let of_packed = match is_packed {
                true => count(d.extent * row.extent) as f64 * (1.0 + PACKED / columns as f64),
                false => f64::INFINITY,
            };
            if of_flat < 0.97 * of_rows.min(of_packed) {
                let gap = row_of[p].map(|_| pitch - row.extent);
                return Some(Results { order, flat: Some(Flat { p, pitch, gap }) });
            }
        }
        if is_copied {
            return Some(Results { order, flat: None });
        }
        // Adjacent rows that fill no vectors, but the other source has more.
        let is_short = |rows: usize| 4 * rows < 3 * count(rows) * lanes;
        let along_other = order
            .iter()
            .copied()
            .filter(|&i| is_row(1 - p, &dims[i]))
            .max_by_key(|&i| dims[i].extent)
            .filter(|&i| 2 * dims[i].extent >= lanes);
        let adjacent = {
            // As the kernels would find them.
            let mut rows = row.extent;
            for &i in order.iter().rev().skip(1) {
                let d = &dims[i];
                if !is_row(p, d) || d.sources[p] != rows.cast_signed() {
                    break;
                }
                rows *= d.extent;
            }
            rows
        };
        match along_other {
            Some(other) if is_short(adjacent) && steps >= 4 * STEPS => {
                order.retain(|i| *i != other);
                order.push(other);
                Some(Results { order, flat: None })
            }
            _ => None,
        }
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
    pub(super) fn dims<const P: usize>(&self, dims: &Dims<P>) -> (Dims<P>, Dims<1>) {
        let mut sums: Dims<P> = dims.iter().filter(|d| d.summed).copied().collect();
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
