//! A blocked and packed matrix product over groups of dims, in plain Rust for every element type.
//!
//! ```text
//! for every batch point
//!   for NC columns, for KC steps of k     pack the second source: panels of NR columns, k by k
//!     for MC rows                         pack the first source: panels of MR rows, k by k
//!       for every pair of panels          MR x NR sums in registers, then into the output
//! ```
//!
//! Packing reads any strides and conjugates, so one micro-kernel serves all layouts. Panels are padded with zeros.
//!
//! At most `(MC + NC) · KC` elements are packed at a time, in memory that the thread keeps.

use core::marker::PhantomData;
use core::mem::MaybeUninit;

use smallvec::SmallVec;

use super::groups::{Groups, Point, count, positions};
use super::walk::walk;
use super::{Mode, Read};
use crate::element::Element;
use crate::kept::Kept;

/// Rows of a micro-tile: with 4 columns of `f64` or 8 of `f32` its sums fill 8 of the 16 SSE registers.
const MR: usize = 4;

/// Rows, columns, and steps of a block. One row block (64 x 256 `f64`: 128 KB) stays in L2, one column panel in L1.
const MC: usize = 64;
const NC: usize = 512;
const KC: usize = 256;

/// The points of a block along one group: at most [`NC`], the largest.
pub(super) type Points = SmallVec<[Point; NC]>;

/// `out[o] (+)= Σ first[s0] · second[s1]`.
///
/// # Safety
///
/// As [`Kernels`](super::Kernels), for the dims that `groups` was made from, after [`prepare`](super::prepare::prepare).
pub(super) unsafe fn gemm<T: Element>(
    groups: &Groups,
    sources: [Read<T>; 2],
    out: *mut T,
    mode: Mode<T>,
) {
    // SAFETY: the caller's duties.
    unsafe {
        if const { size_of::<T>() <= 4 } {
            blocks::<T, 8>(groups, sources, out, mode);
        } else {
            blocks::<T, 4>(groups, sources, out, mode);
        }
    }
}

/// # Safety
///
/// As [`gemm`].
unsafe fn blocks<T: Element, const NR: usize>(
    groups: &Groups,
    sources: [Read<T>; 2],
    out: *mut T,
    mode: Mode<T>,
) {
    let [first, second] = groups.sources(sources);
    let [m, n, k] = [&groups.m, &groups.n, &groups.k].map(count);
    // One by one: a debug build would copy a tuple of them.
    let mut rows = Points::new();
    let mut columns = Points::new();
    let mut steps = Points::new();
    // Panels are whole: `MC` and `NC` are multiples of their widths.
    let depth = k.min(KC);
    let (mut packed_rows, mut packed_columns) =
        (Packed::new(m.min(MC), MR, depth), Packed::new(n.min(NC), NR, depth));
    for (batch_out, [batch_first, batch_second]) in walk(&groups.batch) {
        let first = Read { ptr: first.ptr.wrapping_offset(batch_first), ..first };
        let second = Read { ptr: second.ptr.wrapping_offset(batch_second), ..second };
        let out = out.wrapping_offset(batch_out);
        for j in (0..n).step_by(NC) {
            positions(&groups.n, j..n.min(j + NC), &mut columns);
            let mut mode = mode;
            for p in (0..k).step_by(KC) {
                positions(&groups.k, p..k.min(p + KC), &mut steps);
                // SAFETY: columns and steps are positions of the groups; the caller's duties.
                let right =
                    unsafe { pack::<T, NR>(second, 1, &columns, &steps, &mut packed_columns) };
                for i in (0..m).step_by(MC) {
                    positions(&groups.m, i..m.min(i + MC), &mut rows);
                    // SAFETY: as above.
                    let left = unsafe { pack::<T, MR>(first, 0, &rows, &steps, &mut packed_rows) };
                    // SAFETY: as above.
                    unsafe { block::<T, NR>(left, right, &rows, &columns, steps.len(), out, mode) };
                }
                mode = mode.then_add();
            }
        }
    }
}

/// Room for packed lines, in memory that the thread keeps.
struct Packed<T> {
    memory: Kept,
    /// The most elements.
    len: usize,
    element: PhantomData<T>,
}

impl<T: Element> Packed<T> {
    /// Returns room for so many lines in panels of `width`.
    fn new(lines: usize, width: usize, depth: usize) -> Self {
        let len = lines.next_multiple_of(width) * depth;
        let memory = Kept::new(len * size_of::<T>(), align_of::<T>());
        Packed { memory, len, element: PhantomData }
    }

    /// Returns the first `len` elements, which are zero.
    ///
    /// # Panics
    ///
    /// If there is no room for so many.
    fn zeros(&mut self, len: usize) -> &mut [T] {
        assert!(len <= self.len, "a block is larger than the largest");
        let start = self.memory.as_mut_ptr().cast::<MaybeUninit<T>>();
        // SAFETY: the memory is aligned, has room for so many elements, and is borrowed exclusively.
        let elements = unsafe { core::slice::from_raw_parts_mut(start, len) };
        elements.fill(MaybeUninit::new(T::ZERO));
        // SAFETY: all have just been written.
        unsafe { elements.assume_init_mut() }
    }
}

/// Packs `lines`, rows or columns, of source `p` in panels of `W` lines: all lines' elements of one step side by side.
///
/// # Safety
///
/// `source` can be read at the sum of any two offsets from `lines` and `steps`.
unsafe fn pack<'p, T: Element, const W: usize>(
    source: Read<T>,
    p: usize,
    lines: &[Point],
    steps: &[Point],
    packed: &'p mut Packed<T>,
) -> &'p [T] {
    let packed = packed.zeros(lines.len().next_multiple_of(W) * steps.len());
    let is_along_steps = first_step(steps, p).unsigned_abs() < first_step(lines, p).unsigned_abs();
    for (panel, lines) in packed.chunks_exact_mut(W * steps.len()).zip(lines.chunks(W)) {
        let (panel, _) = panel.as_chunks_mut::<W>();
        let element = |line: &Point, step: &Point| {
            // SAFETY: the caller's duties.
            unsafe { source.ptr.offset(line.sources[p] + step.sources[p]).read() }
        };
        if is_along_steps {
            for (i, line) in lines.iter().enumerate() {
                for (packed, step) in panel.iter_mut().zip(steps) {
                    packed[i] = element(line, step);
                }
            }
        } else {
            for (packed, step) in panel.iter_mut().zip(steps) {
                for (packed, line) in packed.iter_mut().zip(lines) {
                    *packed = element(line, step);
                }
            }
        }
    }
    if source.conjugated {
        // Apart, so that the loops above are compiled once and not for each kind of source.
        packed.iter_mut().for_each(|x| *x = T::conj(*x));
    }
    packed
}

/// Returns the distance of the first two positions in source `p`.
fn first_step(points: &[Point], p: usize) -> isize {
    match points {
        [first, second, ..] => second.sources[p] - first.sources[p],
        _ => isize::MAX,
    }
}

/// Multiplies packed rows with packed columns of `depth` steps.
///
/// # Safety
///
/// `out` can be written, and read unless `mode` is an assignment, at the sum of any two offsets from `rows` and `columns`.
unsafe fn block<T: Element, const NR: usize>(
    packed_rows: &[T],
    packed_columns: &[T],
    rows: &[Point],
    columns: &[Point],
    depth: usize,
    out: *mut T,
    mode: Mode<T>,
) {
    let row_panels = || packed_rows.chunks_exact(MR * depth).zip(rows.chunks(MR));
    for (right, columns) in packed_columns.chunks_exact(NR * depth).zip(columns.chunks(NR)) {
        let step = columns.get(1).map_or(0, |c| c.out - columns[0].out);
        let is_regular = columns.windows(2).all(|pair| pair[1].out - pair[0].out == step);
        for (left, rows) in row_panels() {
            let sums = multiply_panels::<T, NR>(left, right);
            for (row, sums) in rows.iter().zip(&sums) {
                let at = out.wrapping_offset(row.out);
                if is_regular {
                    let at = at.wrapping_offset(columns[0].out);
                    // SAFETY: the caller's duties.
                    unsafe { mode.put_long_sums(&sums[..columns.len()], at, step) };
                    continue;
                }
                for (column, sum) in columns.iter().zip(sums) {
                    // SAFETY: the caller's duties.
                    unsafe { mode.put_long_sums(&[*sum], at.wrapping_offset(column.out), 0) };
                }
            }
        }
    }
}

/// `sums[i][j] = Σ_k left[k][i] · right[k][j]`.
#[inline]
fn multiply_panels<T: Element, const NR: usize>(left: &[T], right: &[T]) -> [[T; NR]; MR] {
    let mut sums = [[T::ZERO; NR]; MR];
    let (left, right) = (left.as_chunks::<MR>().0, right.as_chunks::<NR>().0);
    for (left, right) in left.iter().zip(right) {
        for (sums, &x) in sums.iter_mut().zip(left) {
            for (sum, &y) in sums.iter_mut().zip(right) {
                *sum = T::add(*sum, T::mul(x, y));
            }
        }
    }
    sums
}

impl<T: Element> Mode<T> {
    /// Returns the mode of further partial sums into the same output.
    fn then_add(self) -> Self {
        match self {
            Mode::Assign => Mode::Scale { alpha: T::ONE, beta: T::ONE },
            Mode::Scale { alpha, .. } => Mode::Scale { alpha, beta: T::ONE },
        }
    }
}
