//! Nests of few points, as those of small images: they run as they are where all that is read is inside of its source, and to
//! find a better form takes longer than it saves. Where something is outside, a copy of all that is read has zeros there.

use smallvec::SmallVec;

use super::affine::{Affine, Line};
use super::direct::as_they_lie;
use super::{Job, STENCIL};
use crate::affine::few_points;
use crate::kept::Kept;
use crate::kernel::raw::{RawKernels, RawMode, RawRead};
use crate::kernel::{Dim, Dims};
use crate::sort::sort_by_key;

/// The most elements of a copy.
const MOST: usize = 1 << 16;

/// What is read of an axis.
#[derive(Clone, Copy)]
pub(crate) struct Reached {
    pub(crate) extent: usize,
    pub(crate) stride: isize,
    /// The position where all loops are at 0, the least, and the largest.
    pub(crate) offset: isize,
    pub(crate) range: [isize; 2],
}

/// A copy of what is read of a source, with zeros where it is outside.
pub(crate) struct Image {
    /// The strides of the axes.
    pub(crate) strides: SmallVec<[isize; 8]>,
    elements: usize,
    /// The loops over what is inside, and where it begins in the source and in the copy.
    copy: Dims<1>,
    from: isize,
    to: isize,
    /// Where all loops are at 0.
    first: isize,
}

impl Image {
    /// Lays a copy out in the order of the source, if it has no more elements than some.
    pub(crate) fn of(axes: usize, reached: &dyn Fn(usize) -> Reached, most: usize) -> Option<Self> {
        let mut order: SmallVec<[usize; 8]> = (0..axes).collect();
        sort_by_key(&mut order[..], |&axis| reached(axis).stride.unsigned_abs());
        let strides = SmallVec::from_elem(0, axes);
        let mut image = Image { strides, elements: 1, copy: Dims::new(), from: 0, to: 0, first: 0 };
        for axis in order {
            let Reached { extent, stride: source, offset, range: [low, high] } = reached(axis);
            let stride = image.elements.cast_signed();
            let positions = high.checked_sub(low)?.cast_unsigned();
            image.elements = positions.checked_add(1)?.checked_mul(image.elements)?;
            if image.elements > most.min(MOST) {
                return None;
            }
            let (start, end) = (low.max(0), high.min(extent.cast_signed() - 1) + 1);
            image.copy.push(Dim {
                extent: (end - start).max(0).cast_unsigned(),
                out: stride,
                sources: [source],
                summed: false,
            });
            image.from = image.from.wrapping_add(source.wrapping_mul(start));
            // Where nothing is inside, nothing is copied.
            image.to = image.to.wrapping_add(stride.wrapping_mul(start.wrapping_sub(low)));
            image.first += stride * (offset - low);
            image.strides[axis] = stride;
        }
        Some(image)
    }

    /// Returns the copy of a source, and its first point in it.
    ///
    /// # Safety
    ///
    /// As [`run`](super::run), for a source with these axes.
    pub(crate) unsafe fn read(self, kernels: &RawKernels, source: RawRead) -> (Kept, RawRead) {
        let size = kernels.element.size();
        let mut memory = Kept::new(self.elements * size, kernels.element.align());
        let first = memory.as_mut_ptr();
        let bytes = |elements: isize| elements.wrapping_mul(size.cast_signed());
        let mut copy = self.copy;
        // SAFETY: there is room for the elements, all of whose zeros are zeros in memory; what is inside of the source can be read.
        unsafe {
            first.write_bytes(0, self.elements * size);
            if copy.iter().all(|d| d.extent > 0) {
                let ptr = source.ptr.wrapping_offset(bytes(self.from));
                let to = first.wrapping_offset(bytes(self.to));
                kernels.unary(&mut copy, RawRead { ptr, conjugated: false }, to, RawMode::Assign);
            }
        }
        let ptr = first.wrapping_offset(bytes(self.first)).cast_const();
        (memory, RawRead { ptr, ..source })
    }
}

/// Runs a nest so that reads outside of one of its sources, if it has few points; else does nothing and returns `false`.
///
/// # Safety
///
/// As [`gather`](super::gather::gather).
pub(super) unsafe fn few(job: &Job<'_>, nest: &Affine, mode: RawMode) -> bool {
    let range = |line: &Line| line.range(nest.loops.iter().map(|l| l.extent));
    let is_inside = |p: usize| nest.sources[p].iter().all(|line| line.has(range(line)));
    let p = match [is_inside(0), is_inside(1)] {
        [false, true] => 0,
        [true, false] => 1,
        _ => return false,
    };
    let (mut points, mut columns) = (1_usize, 1_usize);
    for (number, l) in nest.loops.iter().enumerate() {
        points = points.saturating_mul(l.extent);
        let moves = nest.sources[p].iter().any(|line| line.coefficients[number] != 0);
        if l.out.is_some() && !moves {
            columns = columns.saturating_mul(l.extent);
        }
    }
    // Stencils are padded by kernels.
    if columns <= STENCIL || points > few_points(columns) {
        return false;
    }
    let reached = |axis: usize| {
        let line = &nest.sources[p][axis];
        let &Line { extent, stride, offset, .. } = line;
        Reached { extent, stride, offset, range: range(line) }
    };
    let Some(image) = Image::of(nest.sources[p].len(), &reached, points) else { return false };
    #[cfg(test)]
    super::tests::take(super::tests::Way::Few);
    let (mut dims, mut reads) = as_they_lie(job, nest);
    for (number, dim) in dims.iter_mut().enumerate() {
        let along = nest.sources[p].iter().zip(&image.strides);
        dim.sources[p] = along.map(|(line, stride)| line.coefficients[number] * stride).sum();
    }
    // SAFETY: the caller's duties; what is read of the copy has been written.
    unsafe {
        let (memory, read) = image.read(job.kernels, job.sources[p]);
        reads[p] = read;
        (job.kernel)(job.kernels, &mut dims, reads, job.out_at(nest.out), mode);
        drop(memory);
    }
    true
}
