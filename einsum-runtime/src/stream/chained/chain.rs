//! Loops that are one.

use core::mem::MaybeUninit;

use smallvec::SmallVec;

use crate::kernel::{Dim, Dims};
use crate::stream::permute::competes;
use crate::stream::tiles;

/// Bytes of adjacent elements from which on no loop is added to a chain, of arrays in a cache, and of arrays far away, where the
/// ends of rows cost more.
pub(super) const NEAR: usize = 512;
pub(super) const FAR: usize = 4096;

/// Loops whose elements follow each other in one array, the innermost first.
pub(super) struct Chain<const P: usize> {
    pub(super) dims: SmallVec<[Dim<P>; 8]>,
    pub(super) len: usize,
}

impl<const P: usize> Chain<P> {
    pub(super) fn of(dim: &Dim<P>) -> Self {
        Chain { dims: SmallVec::from_slice(&[*dim]), len: dim.extent }
    }

    /// Takes loops out of `outer` whose elements follow those of the chain, until it has `enough` steps.
    pub(super) fn extend(
        &mut self,
        outer: &mut Dims<P>,
        enough: usize,
        follows: impl Fn(&Dim<P>, isize) -> bool,
    ) {
        while self.len < enough
            && let Some(i) = outer.iter().position(|d| follows(d, self.len.cast_signed()))
        {
            let dim = outer.remove(i);
            self.len *= dim.extent;
            self.dims.push(dim);
        }
    }

    /// Writes where the steps from `start` on are, in bytes, if those of each loop are `step` elements apart.
    pub(super) fn list(
        &self,
        start: usize,
        size: usize,
        step: fn(&Dim<P>) -> isize,
        list: &mut [MaybeUninit<isize>],
    ) {
        let mut index: SmallVec<[usize; 8]> = SmallVec::new();
        let mut steps: SmallVec<[isize; 8]> = SmallVec::new();
        let (mut rest, mut at) = (start, 0);
        for dim in &self.dims {
            let (i, step) = (rest % dim.extent, step(dim));
            rest /= dim.extent;
            at += i.cast_signed() * step;
            index.push(i);
            steps.push(step);
        }
        let size = size.cast_signed();
        let (inner, inner_step) = (self.dims[0].extent, steps[0]);
        let mut done = 0;
        while done < list.len() {
            // Lean, since debug builds run it for every row.
            let run = done + (inner - index[0]).min(list.len() - done);
            let by = inner_step * size;
            let mut offset = at * size;
            while done < run {
                list[done].write(offset);
                offset += by;
                done += 1;
            }
            at -= index[0].cast_signed() * inner_step;
            index[0] = 0;
            for ((i, dim), step) in index.iter_mut().zip(&self.dims).zip(&steps).skip(1) {
                *i += 1;
                at += step;
                if *i < dim.extent {
                    break;
                }
                *i = 0;
                at -= dim.extent.cast_signed() * step;
            }
        }
    }

    /// Returns how many elements lie between the start of a line and `at`, if the same is true at all steps; else none. Tiles
    /// that end there let the next ones begin with lines.
    pub(super) fn past_line<T>(&self, at: *const T, step: impl Fn(&Dim<P>) -> isize) -> usize {
        let past = |d: &Dim<P>| tiles::past_line(at.addr(), step(d), size_of::<T>());
        self.dims.iter().map(past).min().unwrap_or(0)
    }

    /// Whether rows at all steps push each other out of a near cache.
    pub(super) fn competes(&self, size: usize, step: impl Fn(&Dim<P>) -> isize) -> bool {
        self.dims.iter().all(|d| {
            let step = step(d).unsigned_abs();
            step != 0 && competes(step * size, self.len)
        })
    }
}
