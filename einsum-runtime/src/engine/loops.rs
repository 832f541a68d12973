//! Loops in bytes, and walking over their points in runs.

use smallvec::{SmallVec, smallvec};

use crate::kernel::packing::{Packing, Pair};

/// One loop of a contraction `C[..] (+)= Σ X[..] · Y[..]`. Steps are in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Loop {
    pub(super) extent: usize,
    pub(super) x: isize,
    pub(super) y: isize,
    pub(super) c: isize,
}

/// Nested loops, the innermost last. Every extent is 2 or more.
pub(super) type Loops = SmallVec<[Loop; 4]>;

/// Returns the number of points.
pub(super) fn points(loops: &[Loop]) -> usize {
    let mut product: usize = 1;
    for l in loops {
        product = product.saturating_mul(l.extent);
    }
    product
}

/// So many points that follow each other are one run, or what is repeated.
const PERIOD: usize = 8;

/// A point of some loops, with its offsets.
pub(super) struct Cursor<'l> {
    loops: &'l [Loop],
    index: SmallVec<[usize; 8]>,
    pub(super) x: isize,
    pub(super) y: isize,
    pub(super) c: isize,
}

impl<'l> Cursor<'l> {
    /// Returns a cursor at a point, counted in the order of the loops.
    pub(super) fn at(loops: &'l [Loop], point: usize) -> Self {
        let mut cursor = Cursor { loops, index: smallvec![0; loops.len()], x: 0, y: 0, c: 0 };
        let mut rest = point;
        let mut depth = loops.len();
        while rest > 0 && depth > 0 {
            depth -= 1;
            let l = loops[depth];
            cursor.index[depth] = rest % l.extent;
            cursor.step(l, (rest % l.extent).cast_signed());
            rest /= l.extent;
        }
        cursor
    }

    /// Returns the number of points from here on along the innermost loop.
    #[inline]
    pub(super) fn run(&self) -> usize {
        match (self.loops.last(), self.index.last()) {
            (Some(l), Some(i)) => l.extent - i,
            _ => 1,
        }
    }

    /// Returns the innermost loop's steps.
    #[inline]
    pub(super) fn inner(&self) -> Loop {
        self.loops.last().copied().unwrap_or(Loop { extent: 1, x: 0, y: 0, c: 0 })
    }

    /// Moves by `count` points, at most a [`run`](Self::run). After the last point comes the first.
    #[inline]
    pub(super) fn advance(&mut self, count: usize) {
        self.advance_at(self.loops.len(), count);
    }

    /// Moves by `count` points of the innermost but of so many loops, at most as far as to its end.
    #[inline]
    fn advance_at(&mut self, loops: usize, count: usize) {
        let mut depth = loops;
        let mut by = count;
        while depth > 0 {
            depth -= 1;
            let l = self.loops[depth];
            self.index[depth] += by;
            self.step(l, by.cast_signed());
            if self.index[depth] < l.extent {
                return;
            }
            self.index[depth] = 0;
            self.step(l, -l.extent.cast_signed());
            by = 1;
        }
    }

    /// Returns short loops inside of another one, if the cursor is at the first of their points: how many loops are around
    /// them, how many points they have, and how many times these follow each other along the innermost loop around.
    fn period(&self) -> Option<(usize, usize, usize)> {
        let is_short = |depth: usize| self.loops[depth].extent < PERIOD && self.index[depth] == 0;
        let (mut depth, mut period) = (self.loops.len(), 1);
        while depth > 0 && period < PERIOD && is_short(depth - 1) {
            depth -= 1;
            period *= self.loops[depth].extent;
        }
        let around = depth.checked_sub(1).filter(|_| period > 1)?;
        Some((depth, period, self.loops[around].extent - self.index[around]))
    }

    #[inline]
    fn step(&mut self, l: Loop, by: isize) {
        self.x += l.x * by;
        self.y += l.y * by;
        self.c += l.c * by;
    }
}

/// Which two offsets of a point a table holds.
#[derive(Clone, Copy)]
pub(super) enum Columns {
    /// Of steps.
    XY,
    /// Of columns.
    YC,
    /// Of rows.
    XC,
}

impl Columns {
    #[inline]
    fn of(self, x: isize, y: isize, c: isize) -> Pair {
        match self {
            Columns::XY => [x, y],
            Columns::YC => [y, c],
            Columns::XC => [x, c],
        }
    }
}

/// Writes the offsets of `count` points from the cursor on, and moves it past them.
///
/// # Safety
///
/// `count` pairs can be written to `to`; the processor has the level of `packing`.
pub(super) unsafe fn fill(
    packing: &Packing,
    mut to: *mut Pair,
    cursor: &mut Cursor<'_>,
    count: usize,
    columns: Columns,
) {
    let l = cursor.inner();
    let mut left = count;
    while left > 0 {
        if let Some((loops, period, times)) = cursor.period()
            && times.min(left / period) > 1
        {
            let times = times.min(left / period);
            let around = cursor.loops[loops - 1];
            let step = columns.of(around.x, around.y, around.c);
            // SAFETY: the caller's duties, for the first of some periods that are left, and then for the others.
            unsafe {
                fill(packing, to, cursor, period, columns);
                let mut i = period;
                while i < times * period {
                    let [a, b] = *to.add(i - period);
                    to.add(i).write([a.wrapping_add(step[0]), b.wrapping_add(step[1])]);
                    i += 1;
                }
            }
            cursor.advance_at(loops, times - 1);
            to = to.wrapping_add(times * period);
            left -= times * period;
            continue;
        }
        let run = cursor.run().min(left);
        let (first, steps) = (columns.of(cursor.x, cursor.y, cursor.c), columns.of(l.x, l.y, l.c));
        // SAFETY: the caller's duties, as runs add up to `count`.
        unsafe { (packing.fill)(to, run, first[0], first[1], steps[0], steps[1]) };
        to = to.wrapping_add(run);
        cursor.advance(run);
        left -= run;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::plain::packing::PACKING_4;

    /// Tables against the digits of every point's number.
    #[test]
    fn tables() {
        let loops = |extents: &[usize]| -> Loops {
            let with_steps = |(i, &extent): (usize, &usize)| {
                let [x, y, c] = [7, -3, 2].map(|step: isize| step * 10_isize.pow(i as u32));
                Loop { extent, x, y, c }
            };
            extents.iter().enumerate().map(with_steps).collect()
        };
        for extents in [&[5, 3, 3][..], &[4, 2, 2, 3], &[3, 20], &[9, 3], &[2, 9, 2], &[6], &[]] {
            let loops = loops(extents);
            let all = points(&loops);
            let offset = |point: usize, of: fn(&Loop) -> isize| {
                let (mut rest, mut sum) = (point % all, 0);
                for l in loops.iter().rev() {
                    sum += of(l) * (rest % l.extent).cast_signed();
                    rest /= l.extent;
                }
                sum
            };
            for start in 0..all {
                for count in 0..2 * all {
                    let mut table = vec![[0; 2]; count];
                    let mut cursor = Cursor::at(&loops, start);
                    // SAFETY: there are so many pairs; plain code runs everywhere.
                    unsafe {
                        fill(&PACKING_4, table.as_mut_ptr(), &mut cursor, count, Columns::XY);
                    }
                    let expected =
                        |i: usize| [offset(start + i, |l| l.x), offset(start + i, |l| l.y)];
                    assert!(table.iter().enumerate().all(|(i, pair)| *pair == expected(i)));
                    let end = [cursor.x, cursor.y, cursor.c];
                    let next = start + count;
                    let fields: [fn(&Loop) -> isize; 3] = [|l| l.x, |l| l.y, |l| l.c];
                    assert_eq!(
                        end,
                        fields.map(|of| offset(next, of)),
                        "{extents:?} {start} {count}"
                    );
                }
            }
        }
    }
}
