//! Batches of small products as nests over many points.

use smallvec::SmallVec;

use super::POINTS;
use super::block::Block;
use super::nest::Nest;
use super::run::Factor;
use crate::engine::loops::Loop;
use crate::engine::machine::Machine;
use crate::engine::matrices::Matrices;
use crate::kernel::Dim;

impl Block<2> {
    /// Returns the block of plain products, if that takes less time than other kernels. `has_rows`: there are kernels whose
    /// lanes are rows.
    #[inline]
    pub(in crate::engine) fn of_products(
        machine: &Machine,
        matrices: &Matrices,
        has_rows: bool,
    ) -> Option<Self> {
        let Matrices { m, n, k, batch, .. } = *matrices;
        if batch.extent < POINTS {
            return None;
        }
        let unit = machine.unit.cast_signed();
        let of = |l: &Loop, summed: bool| {
            let sources = [l.x / unit, l.y / unit];
            Dim { extent: l.extent, out: l.c / unit, sources, summed }
        };
        let mut dims: SmallVec<[Dim<2>; 8]> = SmallVec::new();
        for (l, summed) in [(&batch, false), (&m, false), (&n, false), (&k, true)] {
            if l.extent > 1 {
                dims.push(of(l, summed));
            }
        }
        let block = Self::of(machine, Nest::of_kept(&dims)?)?;
        // Rows times elements that are broadcast and the way to C for every column, and a start for every product.
        let of_column = 15 * n.extent * (k.extent + 1) / 4 * machine.steps_of_point();
        let of_rows = block.points * (of_column + 15);
        (!has_rows || block.cost() <= of_rows).then_some(block)
    }

    /// Runs the products, as many as `count`, on this thread.
    ///
    /// # Safety
    ///
    /// As [`run`](Self::run).
    pub(in crate::engine) unsafe fn run_products(
        &self,
        machine: &Machine,
        arrays: ([*const u8; 2], *mut u8),
        count: usize,
        factor: Factor,
    ) {
        let tables = self.tables(machine.kernels.width);
        // SAFETY: the caller's duties.
        unsafe { self.run(machine, &tables, arrays, count, factor, false) };
    }
}
