//! Stencils: windows with one result, or two, for all that they read, so that the kernels have nothing to use an element
//! for more than once. Several rows of results become columns of a product, whose steps run over the rows that any of
//! them reads:
//!
//! ```text
//! out[R·y + r] = Σ over i < U + R − 1 of  X[R·y + i] · W'[i − r],    W' = W, and zero outside of it
//! ```
//!
//! That takes (U + R − 1) / U as many products, but every element of X is loaded for R of them. A zero times what is not
//! finite is not zero; hence sums that are not numbers are formed again without zeros.
//!
//! This is for sums of so many products that a load for four rows is worth that; others are those of
//! [`rows`](mod@super::rows).

use crate::kept::Kept;
use crate::kernel::raw::{RawKernels, RawMode, RawRead};
use crate::kernel::{Dim, Dims};

/// The rows that are columns: for one result, and for two.
const ROWS: [usize; 2] = [4, 3];

/// The most bytes of weights with zeros.
const BYTES: usize = 256 << 10;

/// Nests with fewer products are not worth preparations.
const POINTS: usize = if cfg!(test) { 64 } else { 4096 };

/// How a nest is a stencil.
#[derive(Clone, Copy)]
struct Stencil {
    /// The source that the window moves over.
    p: usize,
    /// The kept loop whose points become columns, and the summed one that reads the same rows.
    y: usize,
    u: usize,
    rows: usize,
}

impl Stencil {
    fn of(dims: &Dims<2>) -> Option<Self> {
        let is_row = |p: usize, d: &Dim<2>| {
            !d.summed && d.extent > 1 && d.sources[p] != 0 && d.sources[1 - p] == 0
        };
        let x = dims.iter().find(|d| d.out == 1 && d.extent > 1)?;
        let p = (0..2).find(|&p| is_row(p, x) && x.sources[p] == 1)?;
        let columns = dims.iter().filter(|d| is_row(1 - p, d)).map(|d| d.extent);
        let columns = columns.fold(1_usize, usize::saturating_mul);
        let rows = *ROWS.get(columns - 1)?;
        let pairs = |y: usize| {
            let d = &dims[y];
            let is_window =
                |u: &Dim<2>| u.summed && u.extent > 1 && u.sources[p].abs() == d.sources[p].abs();
            let is_column = is_row(p, d) && d.out != 1 && d.extent >= rows && d.sources[p] > 0;
            let u = dims.iter().position(|u| u.sources[1 - p] != 0 && is_window(u))?;
            is_column.then_some((y, u))
        };
        let (y, u) = (0..dims.len()).find_map(pairs)?;
        Some(Stencil { p, y, u, rows })
    }
}

/// Runs a nest as a stencil, if it is one and its sums are assigned; else does nothing and returns `false`.
///
/// # Safety
///
/// As [`Kernels`](crate::kernel::Kernels); elements are real numbers.
pub(super) unsafe fn stencil(
    kernels: &RawKernels,
    dims: &Dims<2>,
    reads: [RawRead; 2],
    out: *mut u8,
    mode: RawMode,
) -> bool {
    let points = dims.iter().fold(1_usize, |n, d| n.saturating_mul(d.extent));
    if !matches!(mode, RawMode::Assign) || points < POINTS {
        return false;
    }
    let Some(Stencil { p, y, u, rows }) = Stencil::of(dims) else { return false };
    let q = 1 - p;
    let size = kernels.element.size();
    let at = |ptr: *const u8, offset: isize| {
        ptr.wrapping_offset(offset.wrapping_mul(size.cast_signed()))
    };
    let (mut dims, mut reads) = (dims.clone(), reads);
    if dims[u].sources[p] < 0 {
        // The other way round.
        let last = dims[u].extent.cast_signed() - 1;
        for (read, step) in reads.iter_mut().zip(&mut dims[u].sources) {
            read.ptr = at(read.ptr, step.wrapping_mul(last));
            *step = step.wrapping_neg();
        }
    }
    // Weights with zeros before and behind, the rows innermost but for what is adjacent.
    let is_weight = |d: &Dim<2>| d.sources[q] != 0;
    let margin = rows - 1;
    let extents = dims.iter().enumerate().filter(|(_, d)| is_weight(d));
    let extents = extents.map(|(i, d)| if i == u { d.extent + 2 * margin } else { d.extent });
    let elements = extents.fold(1_usize, usize::saturating_mul);
    if elements.saturating_mul(size) > BYTES {
        return false;
    }
    let mut weights = Kept::new(elements * size, kernels.element.align());
    let mut copy: Dims<1> = Dims::new();
    let mut steps = dims.clone();
    let mut stride = 1_isize;
    for (i, d) in dims.iter().enumerate().rev().filter(|(_, d)| is_weight(d)) {
        copy.push(Dim { extent: d.extent, out: stride, sources: [d.sources[q]], summed: false });
        steps[i].sources[q] = stride;
        let more = if i == u { 2 * margin } else { 0 };
        stride *= (d.extent + more).cast_signed();
    }
    let step = steps[u].sources[q];
    let all = Dim { extent: elements, out: 1, sources: [], summed: false };
    let to = weights.as_mut_ptr();
    // SAFETY: there is room for the weights, and the caller's duties.
    unsafe {
        kernels.scale_all(Dims::from_elem(all, 1), to, RawMode::Assign);
        let first = to.wrapping_offset(step * (margin * size).cast_signed());
        let read = RawRead { conjugated: false, ..reads[q] };
        kernels.unary(&mut copy, read, first, RawMode::Assign);
    }
    #[cfg(test)]
    super::tests::take(super::tests::Way::Stencil);
    let plain_reads = reads;
    let own = steps[y];
    let (whole, rest) = (own.extent / rows, own.extent % rows);
    for (groups, rows, first) in [(whole, rows, 0), (1, rest, whole * rows)] {
        if groups == 0 || rows == 0 {
            continue;
        }
        let mut part = steps.clone();
        let along = |step: isize| step.wrapping_mul(rows.cast_signed());
        let outer = Dim { extent: groups, out: along(own.out), ..own };
        part[y] = Dim { sources: own.sources.map(along), ..outer };
        part[u].extent += rows - 1;
        let mut column = Dim { extent: rows, out: own.out, sources: [0; 2], summed: false };
        column.sources[q] = -step;
        part.push(column);
        let first = first.cast_signed();
        reads[p].ptr = at(plain_reads[p].ptr, own.sources[p].wrapping_mul(first));
        // Row 0 begins with the first weight, the others before that.
        reads[q].ptr = at(to, step * margin.cast_signed());
        let to = at(out, own.out.wrapping_mul(first)).cast_mut();
        // SAFETY: the caller's duties; what is read of X belongs to a point of the nest.
        unsafe { kernels.binary(&mut part, reads, to, RawMode::Assign) };
    }
    // SAFETY: the caller's duties: all results have been written.
    unsafe {
        if has_nan(kernels, &dims, out) {
            kernels.binary(&mut dims, plain_reads, out, RawMode::Assign);
        }
    }
    true
}

/// Whether a result may be no number.
///
/// # Safety
///
/// At every point of the kept loops there is a result.
unsafe fn has_nan(kernels: &RawKernels, dims: &Dims<2>, out: *mut u8) -> bool {
    let kept = dims.iter().filter(|d| !d.summed);
    let mut all: Dims<1> =
        kept.map(|d| Dim { extent: d.extent, out: 0, sources: [d.out], summed: true }).collect();
    let read = RawRead { ptr: out, conjugated: false };
    let mut bits = 0_u64;
    let to = core::ptr::from_mut(&mut bits).cast();
    // SAFETY: the caller's duty; real elements have up to 8 bytes, as that number.
    unsafe { kernels.unary(&mut all, read, to, RawMode::Assign) };
    match (kernels.element.size(), bits.to_ne_bytes()) {
        (4, [a, b, c, d, ..]) => f32::from_ne_bytes([a, b, c, d]).is_nan(),
        _ => f64::from_bits(bits).is_nan(),
    }
}
