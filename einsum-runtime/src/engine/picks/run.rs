//! Runs blocks at the points of the long loop, one call of a kernel for all whole ones.

use super::block::Block;
use super::nest::step;
use super::tables::Tables;
use crate::engine::machine::Machine;
use crate::kernel::batch::PicksArguments;

/// What products are multiplied by: an element, in the lowest bytes, and for complex numbers the signs of
/// [`PicksArguments`] in its place.
#[derive(Clone, Copy)]
pub(in crate::engine) struct Factor {
    pub(in crate::engine) alpha: u64,
    pub(in crate::engine) signs: [[u64; 2]; 2],
}

impl Factor {
    /// Returns the factor of products of these sources, of which some may be conjugated.
    pub(in crate::engine) fn of(machine: &Machine, alpha: u64, [x, y]: [bool; 2]) -> Self {
        // Signs are those of a product's parts, of which the first ones have that of Y.
        Factor { alpha, signs: machine.signs([y, x]) }
    }
}

impl<const P: usize> Block<P> {
    /// Returns how far an array is from one point of the long loop to the next. The totals of all points are in one place.
    pub(super) fn moved(&self, array: usize) -> isize {
        if self.nest.is_total && array == P { 0 } else { step(&self.nest.along, array) }
    }

    /// Runs the nest at `count` points of the long loop, on this thread. A single source is not multiplied by the factor, nor are
    /// totals, which are added to the output. So is the rest if it `adds`.
    ///
    /// # Safety
    ///
    /// As [`Kernels`](crate::kernel::Kernels), for the loops that the block was made from, with `count` points of the long one;
    /// nothing enters the output but what it is assigned, or the totals. The processor has the machine's level. The tables are
    /// the block's.
    pub(super) unsafe fn run(
        &self,
        machine: &Machine,
        tables: &Tables,
        (sources, out): ([*const u8; P], *mut u8),
        count: usize,
        Factor { alpha, signs }: Factor,
        adds: bool,
    ) {
        let (width, unit) = (machine.kernels.width, machine.unit.cast_signed());
        let mut done = 0;
        while done < count {
            // Whole blocks, then what is left as one.
            let left = count - done;
            let points = self.points.min(left);
            let blocks = left / points;
            let to_next = |array: usize| points.cast_signed() * self.moved(array) * unit;
            let at =
                |array: usize| (self.first[array] + done.cast_signed() * self.moved(array)) * unit;
            let masks = tables.masks[points - 1];
            let split = |mask: u32| {
                let low = (1_u64 << width) - 1;
                [(u64::from(mask) & low) as usize, (u64::from(mask) >> width) as usize]
            };
            let y = P - 1;
            let arguments = PicksArguments {
                x: sources[0].wrapping_offset(at(0)),
                y: sources[y].wrapping_offset(at(y)),
                c: out.wrapping_offset(at(P)),
                blocks,
                x_block: to_next(0),
                y_block: to_next(y),
                c_block: to_next(P),
                x_masks: split(masks[0]),
                y_masks: split(masks[y]),
                c_masks: split(masks[P]),
                alpha,
                lanes: tables.lanes.as_ptr(),
                adds: usize::from(adds),
                signs,
            };
            // SAFETY: the caller's duties; the masks have the lanes of elements alone.
            unsafe { (self.kernel)(&arguments) };
            done += blocks * points;
        }
    }
}
