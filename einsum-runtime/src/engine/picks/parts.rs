//! Nests whose arrays have more elements for a point than fit in two vectors, in parts of their short loops.
//!
//! ```text
//! for a chunk of the points, which stays in the first-level cache
//!   for a part of the short loops
//!     its block at all points of the chunk
//! ```

use smallvec::SmallVec;

use super::block::Block;
use super::nest::{LOOPS, Nest, step};
use super::run::Factor;
use super::tables::Tables;
use crate::engine::machine::Machine;
use crate::kernel::batch::PICKS;

/// The most parts.
const PARTS: usize = 16;

/// The bytes of a chunk's elements.
const CHUNK: usize = 16 << 10;

/// What a block takes besides its picks, in fifths of a cycle.
const BLOCK: usize = 30;

/// The parts of a nest, which is one where all fits.
pub(super) struct Parts<const P: usize> {
    /// The blocks of parts of one size.
    shapes: SmallVec<[Block<P>; 4]>,
    parts: SmallVec<[Part; PARTS]>,
    /// The points of a chunk.
    chunk: usize,
}

/// A part of the short loops.
struct Part {
    /// The number of its block.
    shape: usize,
    /// Its first element of each array.
    first: [isize; 3],
    /// Whether other parts have summed the same results before.
    adds: bool,
}

impl<const P: usize> Parts<P> {
    /// Returns the parts of a nest, if there are few, each with few elements for a point.
    pub(super) fn of(machine: &Machine, nest: Nest<P>) -> Option<Self> {
        let extents = cut(machine, &nest)?;
        let counts: SmallVec<[usize; LOOPS]> =
            nest.inner().iter().zip(extents).map(|(d, extent)| d.extent.div_ceil(extent)).collect();
        let bytes = nest.elements().saturating_mul(machine.unit);
        let chunk = (CHUNK / bytes.max(1)).max(1);
        let mut all = Parts { shapes: SmallVec::new(), parts: SmallVec::new(), chunk };
        for number in 0..counts.iter().product::<usize>() {
            let (mut part, mut first, mut rest) = (nest, [0; 3], number);
            let mut adds = false;
            for ((d, &count), extent) in part.inner_mut().iter_mut().zip(&counts).zip(extents) {
                let start = rest % count * extent;
                rest /= count;
                adds |= d.summed && start > 0 && !nest.is_total;
                for (array, first) in first[..=P].iter_mut().enumerate() {
                    *first += start.cast_signed() * step(d, array);
                }
                d.extent = extent.min(d.extent - start);
            }
            let is_like = |block: &Block<P>| {
                let pairs = block.nest.inner().iter().zip(part.inner());
                pairs.fold(true, |is_same, (d, other)| is_same && d.extent == other.extent)
            };
            let shape = match all.shapes.iter().position(is_like) {
                Some(shape) => shape,
                None => {
                    all.shapes.push(Block::of(machine, part)?);
                    all.shapes.len() - 1
                }
            };
            all.parts.push(Part { shape, first, adds });
        }
        Some(all)
    }

    /// Returns the only block, if all fits in one.
    pub(super) fn only(&self) -> Option<&Block<P>> {
        if self.parts.len() == 1 { self.shapes.first() } else { None }
    }

    /// Returns the most points of a block.
    pub(super) fn points(&self) -> usize {
        self.shapes.iter().fold(1, |most, block| most.max(block.points))
    }

    /// Returns the most results of a part for a point of the long loop.
    pub(super) fn results(&self) -> usize {
        self.shapes.iter().fold(1, |most, block| most.max(block.results))
    }

    /// Returns about the time for so many points of the long loop, in fifths of a cycle.
    pub(super) fn time(&self, count: usize) -> usize {
        let of_block =
            |block: &Block<P>| (count / block.points + 1).saturating_mul(block.cost() + BLOCK);
        let times = self.parts.iter().map(|part| of_block(&self.shapes[part.shape]));
        times.fold(0_usize, usize::saturating_add)
    }

    /// Returns the tables of the blocks.
    pub(super) fn tables(&self, machine: &Machine) -> SmallVec<[Tables; 4]> {
        self.shapes.iter().map(|block| block.tables(machine.kernels.width)).collect()
    }

    /// Runs the nest at `count` points of the long loop, as [`Block::run`], with these tables.
    ///
    /// # Safety
    ///
    /// As [`Block::run`], for the loops that the parts were made from.
    pub(super) unsafe fn run(
        &self,
        machine: &Machine,
        tables: &[Tables],
        (sources, out): ([*const u8; P], *mut u8),
        count: usize,
        factor: Factor,
    ) {
        let chunk = if self.parts.len() == 1 { count } else { self.chunk.max(self.points()) };
        let mut done = 0;
        while done < count {
            let points = chunk.min(count - done);
            for &Part { shape, first, adds } in &self.parts {
                let block = &self.shapes[shape];
                let at = |array: usize| {
                    let moved = done.cast_signed() * block.moved(array);
                    (first[array] + moved) * machine.unit.cast_signed()
                };
                let mut arrays = (sources, out.wrapping_offset(at(P)));
                for (array, source) in arrays.0.iter_mut().enumerate() {
                    *source = source.wrapping_offset(at(array));
                }
                // SAFETY: the caller's duties, for a part of the points.
                unsafe { block.run(machine, &tables[shape], arrays, points, factor, adds) };
            }
            done += points;
        }
    }
}

/// Returns the extents of a part: loops are cut that lead furthest in an array whose elements do not fit. Sums are cut only if
/// they are over several loops, and if they have more terms than there are kernels for.
fn cut<const P: usize>(machine: &Machine, nest: &Nest<P>) -> Option<[usize; LOOPS]> {
    let (width, picks) = (machine.rows_of_vector(), PICKS / machine.steps_of_point());
    let inner = nest.inner();
    let are_several = inner.iter().filter(|d| d.summed).count() > 1;
    let mut extents = [1; LOOPS];
    for (extent, d) in extents.iter_mut().zip(inner) {
        *extent = d.extent;
    }
    loop {
        let reach = |l: usize, array: usize| {
            step(&inner[l], array).unsigned_abs().saturating_mul(extents[l] - 1)
        };
        let len =
            |array: usize| (0..inner.len()).fold(1_usize, |n, l| n.saturating_add(reach(l, array)));
        let summed = |&l: &usize| inner[l].summed;
        let steps = (0..inner.len()).filter(summed).fold(1, |n, l| extents[l].saturating_mul(n));
        // One vector of results has as many steps as there are kernels for.
        let most = |array: usize| if array == P && 2 * steps > picks { width } else { 2 * width };
        let large =
            (0..=P).filter(|&array| len(array) > most(array)).max_by_key(|&array| len(array));
        if let Some(array) = large {
            let is_cut = |&l: &usize| (are_several || !inner[l].summed) && reach(l, array) > 0;
            let l = (0..inner.len()).filter(is_cut).max_by_key(|&l| reach(l, array))?;
            // As much as there is room for besides the other loops, evenly.
            let others = len(array) - reach(l, array);
            let step = step(&inner[l], array).unsigned_abs();
            let room = most(array).saturating_sub(others) / step + 1;
            extents[l] = inner[l].extent.div_ceil(inner[l].extent.div_ceil(room));
        } else if steps > picks && are_several {
            let l = (0..inner.len()).filter(summed).max_by_key(|&l| extents[l])?;
            extents[l] = extents[l].div_ceil(2);
        } else {
            return Some(extents);
        }
        let parts = inner.iter().zip(extents).map(|(d, extent)| d.extent.div_ceil(extent));
        if parts.fold(1_usize, usize::saturating_mul) > PARTS {
            return None;
        }
    }
}
