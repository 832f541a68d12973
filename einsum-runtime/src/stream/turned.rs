//! Products whose factors are adjacent along another loop than the output, as in `ab,b->ba`: a tile is multiplied along the
//! rows of the factors, in a buffer, and transposed from there.

use core::mem::MaybeUninit;

use super::copy::{PITCH, part, transpose};
use super::divide::Nest;
use super::lane::{Lane, Width};
use super::odometer::Odometer;
use super::rows::{Bypass, RowKernel, Rows};
use super::sweep::{Arrays, TILE};
use crate::kernel::Dim;

/// Elements of a buffer.
const BUFFER: usize = PITCH * PITCH;

/// The length of a tile along the factors where it has few rows.
const LONG: usize = 256;

/// Rows so few that there is room for longer ones.
const FEW: usize = 16;

/// How products are turned.
pub(super) struct Turned<T> {
    /// Multiplies along rows of the factors.
    multiply: RowKernel<T>,
    /// Transposes tiles whose sides are `side` or more, or the whole of a shorter one.
    transpose: RowKernel<T>,
    side: usize,
}

impl<T: Lane> Turned<T> {
    /// Returns how, if results are adjacent along `u`, the first factor along `v`, the second one along `v` too or constant,
    /// and there are kernels. `is_near`: the arrays fit the caches.
    pub(super) fn of((u, v): (&Dim<2>, &Dim<2>), is_near: bool) -> Option<Self> {
        let multiply = match v.sources {
            [1, 1] => T::MULTIPLY,
            [1, 0] => T::MULTIPLY_BY,
            _ => return None,
        };
        let blocks = <T as Width>::TRANSPOSE.filter(|_| u.out == 1)?;
        let first = |d: &Dim<2>| Dim {
            extent: d.extent,
            out: d.out,
            sources: [d.sources[0]],
            summed: false,
        };
        let (transpose, side) = transpose(blocks, (&first(u), &first(v)), is_near)?;
        Some(Turned { multiply, transpose, side })
    }

    /// Multiplies and transposes, as `nest` says.
    ///
    /// # Safety
    ///
    /// As [`multiply`](super::multiply::multiply), for the loops that this was made from, and results that are assigned.
    pub(super) unsafe fn run(&self, nest: &Nest<'_, 2>, arrays: Arrays<T, 2>) {
        let height = if nest.u.extent < FEW { LONG } else { TILE };
        let run = |Nest { outer, u, v }: Nest<'_, 2>, arrays: Arrays<T, 2>| {
            let mut buffer = [const { MaybeUninit::<T>::uninit() }; BUFFER];
            let buffer = buffer.as_mut_ptr().cast::<T>();
            let mut point = Odometer::new(outer);
            loop {
                let here = arrays.at(point.at.out, point.at.sources);
                let mut j = 0;
                while j < v.extent {
                    let rows = part(v.extent - j, height, self.side);
                    let mut i = 0;
                    while i < u.extent {
                        let columns = part(u.extent - i, TILE, self.side);
                        let at = here.within(u, i, v, j);
                        // SAFETY: the caller's duties; the tile fits the buffer.
                        unsafe { self.tile((u, columns), (v, rows), at, buffer) };
                        i += columns;
                    }
                    j += rows;
                }
                if !point.advance() {
                    return;
                }
            }
        };
        // SAFETY: the caller's duties, for parts of the nest.
        unsafe { nest.in_parts([TILE, height], arrays, Bypass::No, &run) }
    }

    /// Multiplies and transposes a tile.
    ///
    /// # Safety
    ///
    /// As [`run`](Self::run); the buffer has room for the tile.
    unsafe fn tile(
        &self,
        (u, columns): (&Dim<2>, usize),
        (v, rows): (&Dim<2>, usize),
        at: Arrays<T, 2>,
        buffer: *mut T,
    ) {
        debug_assert!(columns * rows <= BUFFER, "{columns} by {rows}");
        let ones = [T::ONE; 2];
        let pitch = rows.cast_signed();
        let along = |d: &Dim<2>, out: isize| Dim { out, ..*d };
        let into = Arrays { out: buffer, ..at };
        let products = Rows::along(&into, (&along(v, 1), rows), (&along(u, pitch), columns), ones);
        let from = Arrays { out: at.out, sources: [buffer.cast_const()] };
        let turned = |d: &Dim<2>, source: isize| Dim {
            extent: d.extent,
            out: d.out,
            sources: [source],
            summed: false,
        };
        let results = Rows::along(&from, (&turned(u, pitch), columns), (&turned(v, 1), rows), ones);
        // SAFETY: the caller's duties; the buffer's elements are products when they are read.
        unsafe {
            (self.multiply)(&products);
            (self.transpose)(&results);
        }
    }
}
