//! Sums of products over the long loop: `ni,nj->ij`, `nij,njk->ik`. The lanes of vectors are results of several points, to
//! which every block adds its own; in the end they are summed.
//!
//! ```text
//! totals[point of a block, o] = Σ_block Σ_step X · Y
//! out[o] = Σ_point totals[point, o]
//! ```

use super::nest::Nest;
use super::parts::Parts;
use super::run::Factor;
use super::{has_row, is_memory_bound};
use crate::engine::machine::Machine;
use crate::engine::sums::Arrays;
use crate::kept::Kept;
use crate::kernel::{Dim, Dims};

/// The fewest points of the long loop that are worth the tables, and the totals.
const POINTS: usize = 1024;

/// Buffers begin at cache lines.
const LINE: usize = 64;

/// The most that blocks take for a hundred bytes of the arrays, in fifths of a cycle: other kernels take about as long.
const MOST: usize = 100;

/// The totals of a nest.
struct Totals {
    parts: Parts<2>,
    nest: Nest<2>,
    /// The number of totals.
    count: usize,
}

impl Totals {
    /// Returns the totals of a nest, if it is one of sums over a long loop, and bound by memory.
    fn of(machine: &Machine, dims: &Dims<2>) -> Option<Self> {
        let long = (0..dims.len()).max_by_key(|&i| dims[i].extent)?;
        if !dims[long].summed || dims[long].extent < POINTS || has_row(dims, machine.kernels.width)
        {
            return None;
        }
        let mut nest = Nest::of(dims, long)?;
        let mut results = 1_usize;
        for d in nest.inner_mut().iter_mut().filter(|d| !d.summed) {
            d.out = results.cast_signed();
            results = results.checked_mul(d.extent)?;
        }
        nest.along.out = isize::try_from(results).ok()?;
        nest.is_total = true;
        let parts = Parts::of(machine, nest)?;
        if results == 1 || !is_memory_bound(machine, &nest, &parts, MOST) {
            return None;
        }
        let count = results * parts.points();
        Some(Totals { parts, nest, count })
    }

    /// Returns the loops that sum the totals.
    fn last(&self, dims: &Dims<2>) -> Dims<1> {
        let sources = [self.nest.along.out];
        let mut last: Dims<1> = Dims::new();
        last.push(Dim { extent: self.parts.points(), out: 0, sources, summed: true });
        // The nest has kept loops in the order in which the dims have them.
        let kept = self.nest.inner().iter().filter(|d| !d.summed);
        for (d, to) in kept.zip(dims.iter().filter(|d| !d.summed)) {
            last.push(Dim { extent: d.extent, out: to.out, sources: [d.out], summed: false });
        }
        last
    }
}

/// Sums products over a long loop, if they are such and there is a kernel; else does nothing, and returns false.
///
/// # Safety
///
/// As [`picked`](super::picked), for real elements.
pub(super) unsafe fn summed(machine: &Machine, dims: &Dims<2>, arrays: &Arrays<'_, 2>) -> bool {
    let Some(totals) = Totals::of(machine, dims) else { return false };
    let bytes = totals.count * machine.unit;
    let mut memory = Kept::new(bytes, LINE);
    let buffer = memory.as_mut_ptr();
    let one = arrays.sums.finish([false; 2]).one;
    let pointers = (arrays.sources.map(|source| source.ptr), buffer);
    // SAFETY: there is room for the totals, which begin as zeros; the rest is the caller's duties.
    unsafe {
        buffer.write_bytes(0, bytes);
        let factor = Factor::of(machine, one, [false; 2]);
        let tables = totals.parts.tables(machine);
        totals.parts.run(machine, &tables, pointers, totals.nest.along.extent, factor);
    }
    let mut last = totals.last(dims);
    // SAFETY: the caller's duties for the output; all totals are in the buffer.
    unsafe { arrays.sums.sum(&mut last, buffer) };
    true
}
