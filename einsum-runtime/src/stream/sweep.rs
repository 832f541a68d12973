//! Runs row kernels at every point of outer loops.

use super::divide::Nest;
use super::odometer::Odometer;
use super::rows::{Bypass, RowKernel, Rows};
use crate::kernel::Dim;

/// A loop of one step.
pub(super) const fn once<const P: usize>() -> Dim<P> {
    Dim { extent: 1, out: 0, sources: [0; P], summed: false }
}

/// Returns the dims of the columns and of the rows of a tile, from the steps along both of the output and of each source.
pub(super) fn tile_dims<const P: usize>(
    [columns, rows]: [usize; 2],
    out: (isize, isize),
    sources: [(isize, isize); P],
) -> (Dim<P>, Dim<P>) {
    let (mut u, mut v) = (once(), once());
    (u.extent, u.out) = (columns, out.0);
    (v.extent, v.out) = (rows, out.1);
    let mut p = 0;
    while p < P {
        (u.sources[p], v.sources[p]) = sources[p];
        p += 1;
    }
    (u, v)
}

/// The side of a tile: the lines that two tiles of it touch fit a first-level cache.
pub(super) const TILE: usize = 64;

/// Arrays that a kernel runs on: an output and up to three sources.
#[derive(Clone, Copy)]
pub(super) struct Arrays<T, const P: usize> {
    pub(super) out: *mut T,
    pub(super) sources: [*const T; P],
}

impl<T, const P: usize> Arrays<T, P> {
    /// Returns the arrays from `out` and `sources` elements on.
    #[inline]
    pub(super) fn at(&self, out: isize, sources: [isize; P]) -> Self {
        let mut moved = Arrays { out: self.out.wrapping_offset(out), sources: self.sources };
        let mut p = 0;
        while p < P {
            moved.sources[p] = moved.sources[p].wrapping_offset(sources[p]);
            p += 1;
        }
        moved
    }

    /// Returns the arrays from the point (i, j) of two loops on.
    #[inline]
    pub(super) fn within(&self, u: &Dim<P>, i: usize, v: &Dim<P>, j: usize) -> Self {
        let (i, j) = (i.cast_signed(), j.cast_signed());
        let mut sources = [0; P];
        let mut p = 0;
        while p < P {
            sources[p] = i * u.sources[p] + j * v.sources[p];
            p += 1;
        }
        self.at(i * u.out + j * v.out, sources)
    }
}

impl<T: Copy> Rows<T> {
    /// Returns the arguments for rows along `u`, one for every step of `v`.
    #[inline]
    pub(super) fn along<const P: usize>(
        arrays: &Arrays<T, P>,
        (u, len): (&Dim<P>, usize),
        (v, rows): (&Dim<P>, usize),
        [alpha, beta]: [T; 2],
    ) -> Self {
        let size = size_of::<T>().cast_signed();
        let (second, third) = (1.min(P - 1), P - 1);
        Rows {
            out: arrays.out,
            x: arrays.sources[0],
            y: arrays.sources[second],
            z: arrays.sources[third],
            len,
            rows,
            out_row: v.out * size,
            x_row: v.sources[0] * size,
            y_row: v.sources[second] * size,
            z_row: v.sources[third] * size,
            out_step: u.out * size,
            x_step: u.sources[0] * size,
            y_step: u.sources[second] * size,
            out_stream: 0,
            x_stream: 0,
            y_stream: 0,
            alpha,
            beta,
            bypass: Bypass::No,
        }
    }
}

/// The bytes of a row that are worth a call of their own, for rows that are cut.
const ROW: usize = 4096;

/// Runs `kernel` on whole rows along `u` and `v`, at every point of `outer`, and makes what bypasses the caches visible.
///
/// # Safety
///
/// As [`RowKernel`], at every point.
pub(super) unsafe fn sweep_rows<T: Copy + Sync, const P: usize>(
    kernel: RowKernel<T>,
    outer: &[Dim<P>],
    (u, v): (&Dim<P>, &Dim<P>),
    arrays: Arrays<T, P>,
    factors: [T; 2],
    bypass: Bypass,
) {
    let run = |Nest { outer, u, v }: Nest<'_, P>, arrays: Arrays<T, P>| {
        let mut point = Odometer::new(outer);
        loop {
            let here = arrays.at(point.at.out, point.at.sources);
            let mut rows = Rows::along(&here, (u, u.extent), (v, v.extent), factors);
            rows.bypass = bypass;
            // SAFETY: the caller's duties.
            unsafe { kernel(&rows) }
            if !point.advance() {
                return;
            }
        }
    };
    // SAFETY: the caller's duties, for parts of the nest.
    unsafe { Nest { outer, u, v }.in_parts([ROW / size_of::<T>(), 1], arrays, bypass, &run) }
}

/// Runs `kernel` on tiles along `u` and `v`, at every point of `outer`.
///
/// # Safety
///
/// As [`RowKernel`], at every point.
pub(super) unsafe fn sweep_tiles<T: Copy + Sync, const P: usize>(
    kernel: RowKernel<T>,
    outer: &[Dim<P>],
    (u, v): (&Dim<P>, &Dim<P>),
    arrays: Arrays<T, P>,
    factors: [T; 2],
) {
    // Nothing to tile where the rows have no neighbours.
    let width = if v.extent == 1 { u.extent } else { TILE };
    let run = |Nest { outer, u, v }: Nest<'_, P>, arrays: Arrays<T, P>| {
        let mut point = Odometer::new(outer);
        loop {
            let here = arrays.at(point.at.out, point.at.sources);
            let mut i = 0;
            while i < u.extent {
                let columns = width.min(u.extent - i);
                let mut j = 0;
                while j < v.extent {
                    let lines = TILE.min(v.extent - j);
                    let tile = here.within(u, i, v, j);
                    let rows = Rows::along(&tile, (u, columns), (v, lines), factors);
                    // SAFETY: the caller's duties.
                    unsafe { kernel(&rows) }
                    j += lines;
                }
                i += columns;
            }
            if !point.advance() {
                return;
            }
        }
    };
    // SAFETY: the caller's duties, for parts of the nest.
    unsafe { Nest { outer, u, v }.in_parts([TILE, TILE], arrays, Bypass::No, &run) }
}
