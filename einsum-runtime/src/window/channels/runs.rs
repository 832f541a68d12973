//! Loops over results and taps, cut into the runs that kernels take.

use crate::kernel::channels::ChannelsEntry;
use crate::window::affine::times;

/// A loop along the axis of X that results and taps have in common. Every `class`th of its points is as far from the one
/// before as those of the other loop: the points of a residue class are cut into runs.
#[derive(Clone, Copy)]
pub(super) struct Runs {
    pub(super) extent: usize,
    pub(super) class: usize,
    /// The most points of a run.
    pub(super) most: usize,
    /// The positions from one point to the next, and what there is between them in X, and in W or the target, in bytes.
    pub(super) coefficient: isize,
    pub(super) x: isize,
    pub(super) other: isize,
}

/// A run.
pub(super) struct Run {
    pub(super) points: usize,
    /// Its first point, which is taken for inside.
    pub(super) entry: ChannelsEntry,
    /// How many positions that is after the loop's first point.
    pub(super) position: isize,
}

impl Runs {
    /// From one point of a run to the next: in X, and in W or the target.
    pub(super) fn steps(&self) -> [isize; 2] {
        let class = self.class.cast_signed();
        [self.x.wrapping_mul(class), self.other.wrapping_mul(class)]
    }

    /// The positions from one point of a run to the next.
    pub(super) fn positions(&self) -> isize {
        times(self.coefficient, self.class.cast_signed())
    }

    /// The number of runs.
    pub(super) fn count(&self) -> usize {
        let (longer, shorter) = (self.extent % self.class, self.class - self.extent % self.class);
        let points = self.extent / self.class;
        longer * (points + 1).div_ceil(self.most) + shorter * points.div_ceil(self.most)
    }

    /// Returns a run. Those of a class follow each other, the longer ones first.
    pub(super) fn at(&self, number: usize) -> Run {
        let (least, longer) = (self.extent / self.class, self.extent % self.class);
        let of_longer = (least + 1).div_ceil(self.most);
        let (residue, points, i) = match number.checked_sub(longer * of_longer) {
            None => (number / of_longer, least + 1, number % of_longer),
            Some(rest) => {
                let count = least.div_ceil(self.most);
                (longer + rest / count, least, rest % count)
            }
        };
        let count = points.div_ceil(self.most);
        let (length, more) = (points / count, points % count);
        let start = i * length + i.min(more);
        let at = (residue + self.class * start).cast_signed();
        let entry = ChannelsEntry {
            x: self.x.wrapping_mul(at),
            other: self.other.wrapping_mul(at),
            inside: usize::MAX,
        };
        let position = self.coefficient.wrapping_mul(at);
        Run { points: length + usize::from(i < more), entry, position }
    }
}
