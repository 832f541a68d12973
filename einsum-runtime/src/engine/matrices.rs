//! Products of matrices: one loop for K, one or two for each of M and N, and the batch. What the short cuts start from.

#[cfg(target_arch = "x86_64")]
use super::classify::sort_by;
use super::loops::{Loop, Loops};
use super::machine::Machine;
use crate::kernel::Dims;

/// The largest extents of a product whose rows are lanes.
pub(super) const EXTENT: usize = 32;

/// A loop that is not there.
pub(super) const ONCE: Loop = Loop { extent: 1, x: 0, y: 0, c: 0 };

/// One loop for each group, and a second for M and N. Loops of extent 1 stand for those that there are not. If the rows of one source are adjacent in C, that source is X.
#[derive(Clone, Debug)]
pub(super) struct Matrices {
    pub(super) m: Loop,
    pub(super) n: Loop,
    pub(super) k: Loop,
    /// A second loop of M and of N.
    pub(super) second: [Loop; 2],
    /// The longest loop of the batch, and the others.
    pub(super) batch: Loop,
    pub(super) outer: Loops,
    /// Whether X is the second source.
    pub(super) exchanged: bool,
}

impl Matrices {
    /// Products of single elements.
    #[inline]
    pub(super) fn new() -> Self {
        let (m, n, k, batch) = (ONCE, ONCE, ONCE, ONCE);
        Matrices { m, n, k, second: [ONCE; 2], batch, outer: Loops::new(), exchanged: false }
    }

    /// Adds the loops of a nest to products of single elements, unless a group has more loops or an extent is 0. Returns
    /// whether these are its products. `unit` is the size of an element.
    // In place: the products are several hundred bytes, too many to hand back for a small one.
    #[inline]
    pub(super) fn add(&mut self, unit: usize, dims: &Dims<2>) -> bool {
        let unit = unit.cast_signed();
        let mut i = 0;
        while i < dims.len() {
            let d = &dims[i];
            i += 1;
            if d.extent == 1 {
                continue;
            }
            let [x, y] = d.sources;
            let mut new = Loop { extent: d.extent, x: x * unit, y: y * unit, c: d.out * unit };
            let group = match (d.summed, x != 0, y != 0) {
                (true, ..) => &mut self.k,
                (false, true, false) if self.m.extent > 1 => &mut self.second[0],
                (false, true, false) => &mut self.m,
                (false, false, true) if self.n.extent > 1 => &mut self.second[1],
                (false, false, true) => &mut self.n,
                (false, ..) => {
                    if self.batch.extent > 1 {
                        if new.extent > self.batch.extent {
                            core::mem::swap(&mut new, &mut self.batch);
                        }
                        self.outer.push(new);
                        continue;
                    }
                    &mut self.batch
                }
            };
            if d.extent == 0 || group.extent != 1 {
                return false;
            }
            *group = new;
        }
        if self.outer.iter().any(|l| l.extent == 0) {
            return false;
        }
        if self.m.c != unit {
            self.exchange();
        }
        true
    }

    /// Whether no group but the batch has several loops.
    #[inline]
    pub(super) fn is_plain(&self) -> bool {
        self.second[0].extent == 1 && self.second[1].extent == 1
    }

    /// Returns all loops of the batch, those with smaller steps in C inside.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn batch_loops(&self) -> Loops {
        let mut loops = self.outer.clone();
        if self.batch.extent > 1 {
            loops.push(self.batch);
        }
        sort_by(&mut loops, |l| l.c.unsigned_abs());
        loops
    }

    /// Makes a batch of the longest loop over rows or columns, where there is no other: products that have X in common,
    /// whose columns are one loop.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn share_x(&mut self) {
        let longest = |first: Loop, second: Loop| first.extent.max(second.extent);
        if longest(self.m, self.second[0]) > longest(self.n, self.second[1]) {
            self.exchange();
        }
        let [_, second] = &mut self.second;
        if second.extent > self.n.extent {
            core::mem::swap(second, &mut self.n);
        }
        self.batch = core::mem::replace(&mut self.n, core::mem::replace(second, ONCE));
    }

    /// Makes a batch of one of two loops over rows, where there is no other batch, and no columns, or few of complex numbers, and
    /// the other loop has small matrices with rows that are adjacent in C: these are multiplied by the same vector, or matrix.
    /// Returns whether they are such.
    #[inline]
    pub(super) fn share_y(&mut self, machine: &Machine) -> bool {
        let unit = machine.unit.cast_signed();
        // Other kernels form several columns of real numbers.
        let most = if machine.steps_of_point() > 1 { EXTENT } else { 1 };
        let [first, second] = self.second;
        let is_small = |l: &Loop| 1 < l.extent && l.extent <= EXTENT;
        if self.batch.extent > 1 || !is_small(&self.k) {
            return false;
        }
        let is_exchanged = match (self.m.extent, first.extent, self.n.extent, second.extent) {
            (2.., 2.., n, 1) if n <= most => false,
            (m, 1, 2.., 2..) if m <= most => true,
            _ => return false,
        };
        let pair = if is_exchanged { [self.n, second] } else { [self.m, first] };
        let x = |l: &Loop| if is_exchanged { l.y } else { l.x };
        let is_row = |l: &&Loop| l.c == unit && x(l) == unit && is_small(l);
        let Some(row) = pair.iter().position(|l| is_row(&l)) else { return false };
        if is_exchanged {
            self.exchange();
        }
        if row == 1 {
            core::mem::swap(&mut self.m, &mut self.second[0]);
        }
        self.batch = core::mem::replace(&mut self.second[0], ONCE);
        true
    }

    /// Exchanges X and Y.
    #[inline]
    pub(super) fn exchange(&mut self) {
        core::mem::swap(&mut self.m, &mut self.n);
        self.second.swap(0, 1);
        let [first, second] = &mut self.second;
        for l in [&mut self.batch, &mut self.m, &mut self.n, &mut self.k, first, second] {
            core::mem::swap(&mut l.x, &mut l.y);
        }
        for l in &mut self.outer {
            core::mem::swap(&mut l.x, &mut l.y);
        }
        self.exchanged = !self.exchanged;
    }
}
