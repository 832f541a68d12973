//! The steps of a plane, and the bits of its lanes that these have.

use core::ops::Range;

use super::super::padding::Bounds;
use crate::kernel::Dims;
use crate::kernel::rows::RowsEntry;
use crate::window::affine::inside;

/// Where the steps of a plane are.
pub(super) struct Steps<'s> {
    pub(super) dims: &'s Dims<2>,
    pub(super) p: usize,
    /// The loops along rows, and over rows.
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) bounds: &'s Bounds,
}

impl Steps<'_> {
    /// Returns a step, and of a plane's rows, and which of them, the points that are inside.
    pub(super) fn entry(&self, step: usize, size: isize) -> (RowsEntry, [Range<usize>; 2]) {
        let mut entry = RowsEntry { x: 0, w: 0, masks: [0; 4] };
        let bounds = [&self.bounds.lanes, &self.bounds.rows];
        // The positions of the plane's first point in the axes with ends.
        let mut at = bounds.map(|axis| axis.as_ref().map_or(0, |(_, _, bound)| bound.first));
        let mut rest = step;
        for (i, d) in self.dims.iter().enumerate().rev().filter(|(_, d)| d.summed) {
            let point = (rest % d.extent).cast_signed();
            rest /= d.extent;
            entry.x = entry.x.wrapping_add(d.sources[self.p].wrapping_mul(point * size));
            entry.w = entry.w.wrapping_add(d.sources[1 - self.p].wrapping_mul(point * size));
            for (at, axis) in at.iter_mut().zip(bounds) {
                *at += axis.as_ref().map_or(0, |(_, coefficients, _)| coefficients[i]) * point;
            }
        }
        let inside = |axis: usize, number: usize| {
            let count = self.dims[number].extent;
            bounds[axis].as_ref().map_or(0..count, |(_, coefficients, bound)| {
                inside(at[axis], coefficients[number], count, bound.extent)
            })
        };
        (entry, [inside(0, self.x), inside(1, self.y)])
    }
}

/// Sets bits, of which a word has 64.
pub(super) fn set_bits(words: &mut [u64], first: usize, count: usize) {
    let mut at = first;
    while at < first + count {
        let (word, bit) = (at / 64, at % 64);
        let here = (64 - bit).min(first + count - at);
        words[word] |= u64::MAX >> (64 - here) << bit;
        at += here;
    }
}

/// Returns up to 16 bits of words, from one on; there are none behind the last word.
pub(super) fn bits_of(words: &[u64], first: usize, count: usize) -> u16 {
    let word = |i: usize| u128::from(words.get(i).copied().unwrap_or(0));
    let both = word(first / 64) | word(first / 64 + 1) << 64;
    ((both >> (first % 64)) as u64 & ((1 << count) - 1)) as u16
}
