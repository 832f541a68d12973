//! Nests without sums in parts that write different elements, for threads to take.

use super::finish_bypass;
use super::rows::Bypass;
use super::sweep::Arrays;
use crate::kernel::{Dim, Dims};
use crate::threads::{self, BYTES_MOVED, Grid, Shared};

/// A nest without sums: rows along `u`, side by side along `v`, at every point of `outer`.
#[derive(Clone, Copy)]
pub(super) struct Nest<'d, const P: usize> {
    pub(super) outer: &'d [Dim<P>],
    pub(super) u: &'d Dim<P>,
    pub(super) v: &'d Dim<P>,
}

impl<const P: usize> Nest<'_, P> {
    /// Calls `run` with parts of the nest and the arrays from there on. Parts of u and v begin at multiples of `grains`,
    /// and are whole or at least as long.
    ///
    /// # Safety
    ///
    /// `run` may be called so, at the same time for parts that write different elements.
    pub(super) unsafe fn in_parts<T: Copy>(
        &self,
        grains: [usize; 2],
        arrays: Arrays<T, P>,
        bypass: Bypass,
        run: &PartRun<'_, T, P>,
    ) {
        let mut count = Elements::of(self.outer);
        count.add(self.u);
        count.add(self.v);
        let pieces = threads::pieces(count.nanoseconds(size_of::<T>()));
        // SAFETY: the caller's duties.
        unsafe { self.in_pieces(pieces, grains, arrays, bypass, run) }
    }

    /// As [`in_parts`](Self::in_parts), in about so many pieces. `run` may do more at a point than the nest says.
    ///
    /// # Safety
    ///
    /// As [`in_parts`](Self::in_parts).
    pub(super) unsafe fn in_pieces<T: Copy>(
        &self,
        pieces: usize,
        [u_grain, v_grain]: [usize; 2],
        arrays: Arrays<T, P>,
        bypass: Bypass,
        run: &PartRun<'_, T, P>,
    ) {
        if pieces == 1 {
            run(*self, arrays);
            return finish_bypass(bypass);
        }
        // SAFETY: the arrays are pointers to elements.
        let arrays = unsafe { Shared::new(arrays) };
        self.cut(pieces, [u_grain, v_grain], &|part, out, sources| {
            run(part, arrays.get().at(out, sources));
            finish_bypass(bypass);
        });
    }

    /// Calls `run` with parts of the nest, and how many elements from the first ones of the output and of the sources on they
    /// begin.
    fn cut(&self, pieces: usize, [u_grain, v_grain]: [usize; 2], run: &OffsetRun<'_, P>) {
        // The two outermost loops, v, and u.
        let extent = |i: usize| self.outer.get(i).map_or(1, |d| d.extent);
        let extents = [extent(0), extent(1), self.v.extent, self.u.extent];
        let grid = Grid::of(extents, [1, 1, v_grain, u_grain], pieces);
        threads::each(grid.pieces(), &|piece| {
            let ranges = grid.piece(piece);
            let [first, second, rows, columns] = ranges.clone();
            let mut outer = Dims::from_slice(self.outer);
            for (dim, range) in outer.iter_mut().zip([first, second]) {
                dim.extent = range.len();
            }
            let v = Dim { extent: rows.len(), ..*self.v };
            let u = Dim { extent: columns.len(), ..*self.u };
            let (mut out, mut sources) = (0, [0; P]);
            let loops = [self.outer.first(), self.outer.get(1), Some(self.v), Some(self.u)];
            for (dim, range) in loops.into_iter().zip(ranges) {
                let Some(dim) = dim else { continue };
                let start = range.start.cast_signed();
                out += start * dim.out;
                for (offset, step) in sources.iter_mut().zip(dim.sources) {
                    *offset += start * step;
                }
            }
            run(Nest { outer: &outer, u: &u, v: &v }, out, sources);
        });
    }
}

/// What runs on a part, called through a table so that cutting is compiled once for all that is cut.
type PartRun<'r, T, const P: usize> = dyn Fn(Nest<'_, P>, Arrays<T, P>) + Sync + 'r;

/// What runs on a part, given offsets.
type OffsetRun<'r, const P: usize> = dyn Fn(Nest<'_, P>, isize, [isize; P]) + Sync + 'r;

/// The elements of arrays that a nest touches.
pub(super) struct Elements<const P: usize> {
    /// The points of the nest's kept loops, and in each source.
    results: usize,
    sources: [usize; P],
}

impl<const P: usize> Elements<P> {
    pub(super) fn of(dims: &[Dim<P>]) -> Self {
        let mut elements = Elements { results: 1, sources: [1; P] };
        let mut i = 0;
        while i < dims.len() {
            elements.add(&dims[i]);
            i += 1;
        }
        elements
    }

    pub(super) fn add(&mut self, dim: &Dim<P>) {
        if !dim.summed {
            self.results = self.results.saturating_mul(dim.extent);
        }
        let mut p = 0;
        while p < P {
            if dim.sources[p] != 0 {
                self.sources[p] = self.sources[p].saturating_mul(dim.extent);
            }
            p += 1;
        }
    }

    /// Returns how many elements the output has.
    pub(super) fn results(&self) -> usize {
        self.results
    }

    /// Returns their bytes, if an element has `size`.
    pub(super) fn bytes(&self, size: usize) -> usize {
        let mut all = self.results;
        let mut p = 0;
        while p < P {
            all = all.saturating_add(self.sources[p]);
            p += 1;
        }
        all.saturating_mul(size)
    }

    /// Whether the output may bypass the caches: see [`LARGE`](super::LARGE).
    pub(super) fn is_large(&self, size: usize) -> bool {
        let bytes = self.bytes(size);
        let of_sources = bytes.saturating_sub(self.results.saturating_mul(size));
        bytes.saturating_add(of_sources) >= super::LARGE
    }

    /// Returns about the time that it takes to move every element once, of `size` bytes each.
    pub(super) fn nanoseconds(&self, size: usize) -> usize {
        self.bytes(size) / BYTES_MOVED
    }
}
