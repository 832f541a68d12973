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

/// A point of some loops, with its offsets.
pub(super) struct Cursor<'l> {
    loops: &'l [Loop],
    index: SmallVec<[usize; 4]>,
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
        let mut depth = self.loops.len();
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
        let run = cursor.run().min(left);
        let (first, steps) = match columns {
            Columns::XY => ([cursor.x, cursor.y], [l.x, l.y]),
            Columns::YC => ([cursor.y, cursor.c], [l.y, l.c]),
            Columns::XC => ([cursor.x, cursor.c], [l.x, l.c]),
        };
        // SAFETY: the caller's duties, as runs add up to `count`.
        unsafe { (packing.fill)(to, run, first[0], first[1], steps[0], steps[1]) };
        to = to.wrapping_add(run);
        cursor.advance(run);
        left -= run;
    }
}
