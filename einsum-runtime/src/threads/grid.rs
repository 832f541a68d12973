//! Nested loops, cut into pieces.

use core::ops::Range;

/// Nested loops, each cut into parts of about one size. A piece is one part of every loop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grid<const N: usize> {
    /// Points of the loops, the outermost first.
    extents: [usize; N],
    /// Parts begin at multiples of these.
    grains: [usize; N],
    parts: [usize; N],
}

impl<const N: usize> Grid<N> {
    /// Cuts loops into about as many pieces, outer loops rather than inner ones, which are left whole if half as many
    /// pieces are there without them. A grain is 1 or more; a loop's last part takes what is left of less than a grain.
    pub(crate) fn of(extents: [usize; N], grains: [usize; N], pieces: usize) -> Self {
        let mut parts = [1; N];
        let mut left = pieces;
        for ((part, extent), grain) in parts.iter_mut().zip(extents).zip(grains) {
            let most = (extent / grain).max(1);
            // Parts of two grains and of one would differ too much.
            *part = match left {
                1 => 1,
                _ if most <= 2 * left => most,
                _ => left,
            };
            left = if 2 * *part >= left { 1 } else { left.div_ceil(*part) };
        }
        Grid { extents, grains, parts }
    }

    pub(crate) fn pieces(&self) -> usize {
        self.parts.iter().product()
    }

    /// Returns the points of a piece. Those of the innermost loop follow each other.
    pub(crate) fn piece(&self, number: usize) -> [Range<usize>; N] {
        let mut rest = number;
        let mut ranges = [const { 0..0 }; N];
        for i in (0..N).rev() {
            let (extent, grain, parts) = (self.extents[i], self.grains[i], self.parts[i]);
            let part = rest % parts;
            rest /= parts;
            let start = |part: usize| extent / grain * part / parts * grain;
            ranges[i] = start(part)..if part + 1 == parts { extent } else { start(part + 1) };
        }
        ranges
    }
}
