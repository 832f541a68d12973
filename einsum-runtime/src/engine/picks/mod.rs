//! Nests over many points of one loop, for each of which all arrays have few elements, close together: a vector or two.
//!
//! Which elements of X and of Y make a lane of the output in a step is in tables, one for the points of a block, of which as
//! many as fit in the vectors run at once:
//!
//! ```text
//! out[lane] = Σ_step X[x_lane(lane, step)] · Y[y_lane(lane, step)]
//! ```
//!
//! Small matrices are multiplied so (`nij,njk->nik`), transposed, scaled by rows and columns, and summed; where their elements are
//! more, in [`parts`]. If the long loop itself is summed over, blocks add to [`totals`].
//!
//! The stages: a [`nest`] of a long loop and others; [`block`]: how many points run at once, and on which kernel; [`tables`];
//! [`run`].

mod block;
mod nest;
mod parts;
mod products;
mod run;
mod tables;
mod totals;

pub(super) use block::Block;
use nest::{Nest, step};
use parts::Parts;
pub(super) use run::Factor;

use core::ops::Range;

use super::loops::{Cursor, Loop, Loops, points};
use super::machine::Machine;
use super::sums::{Arrays, Contract, Output};
use crate::kernel::prepare::{Work, prepare};
use crate::kernel::{Dim, Dims, Mode, Read};
use crate::threads::{self, BYTES_MOVED, Grid, Shared};

/// The fewest points of the long loop that are worth the tables.
const POINTS: usize = 160;

/// The fewest points of all loops for which those around the long one are looked for.
const MANY: usize = 4096;

/// The fewest results of a block.
const RESULTS: usize = 3;

/// Rows of so many elements are better left to kernels that run along them.
const ROW: usize = 16;

/// The most that parts take for a hundred bytes of the arrays, in fifths of a cycle: other kernels take about as long.
const MOST_OF_PARTS: usize = 55;

/// As [`MOST_OF_PARTS`], for sums over several loops: there are no other kernels, but for rows that are adjacent in both sources.
const MOST_OF_SUMS: usize = 200;
const MOST_OF_DOTS: usize = 100;

/// Rows of fewer elements, each of which is used once, are summed by a call for each point, which takes so many fifths of a
/// cycle.
const SHORT: usize = 8;
const CALL: usize = 400;

impl<const P: usize> Nest<P> {
    /// Returns the nest with the longest loop that is not summed, if that has many points. Loops are 2 or longer.
    fn of_kept(dims: &[Dim<P>]) -> Option<Self> {
        let long = (0..dims.len()).filter(|&i| !dims[i].summed).max_by_key(|&i| dims[i].extent)?;
        if dims[long].extent < POINTS { None } else { Nest::of(dims, long) }
    }
}

/// Whether blocks take at most so many fifths of a cycle for every hundred bytes of the arrays. From a third-level cache these
/// take about thirty.
fn is_memory_bound<const P: usize>(
    machine: &Machine,
    nest: &Nest<P>,
    parts: &Parts<P>,
    most: usize,
) -> bool {
    let count = nest.along.extent;
    let bytes = nest.elements().saturating_mul(machine.unit).saturating_mul(count);
    parts.time(count).saturating_mul(100) <= bytes.saturating_mul(most)
}

/// Returns the pointers to the elements of a point of the long loop.
fn arrays_at<const P: usize>(
    machine: &Machine,
    along: &Dim<P>,
    (mut sources, out): ([*const u8; P], *mut u8),
    point: usize,
) -> ([*const u8; P], *mut u8) {
    let at = |array: usize| point.cast_signed() * step(along, array) * machine.unit.cast_signed();
    for (array, source) in sources.iter_mut().enumerate() {
        *source = source.wrapping_offset(at(array));
    }
    (sources, out.wrapping_offset(at(P)))
}

/// Runs a nest over many points of few elements, if it is one and there is a kernel; else does nothing, and returns false.
///
/// # Safety
///
/// As [`Kernels`](crate::kernel::Kernels), for dims in the form that `prepare` leaves.
pub(crate) unsafe fn picked<T: Contract, const P: usize>(
    dims: &Dims<P>,
    sources: [Read<T>; P],
    out: *mut T,
    mode: Mode<T>,
) -> bool {
    // Most nests have no long loop, which is to be seen soon.
    if dims.iter().all(|d| d.summed || d.extent < POINTS) {
        return false;
    }
    let Some(machine) = T::machine() else { return false };
    // SAFETY: the caller's duties.
    unsafe { assigned(&machine, dims, &Output { out, mode }.arrays(sources)) }
}

/// Sums products over a long loop, if they are of few elements for each of its points, and there is a kernel; else does
/// nothing, and returns false.
///
/// # Safety
///
/// As [`picked`].
pub(crate) unsafe fn totalled<T: Contract>(
    dims: &Dims<2>,
    sources: [Read<T>; 2],
    out: *mut T,
    mode: Mode<T>,
) -> bool {
    let Some(machine) = T::machine() else { return false };
    // SAFETY: the caller's duties.
    machine.steps_of_point() == 1
        && unsafe { totals::summed(&machine, dims, &Output { out, mode }.arrays(sources)) }
}

/// As [`picked`].
///
/// # Safety
///
/// As there.
unsafe fn assigned<const P: usize>(
    machine: &Machine,
    dims: &Dims<P>,
    arrays: &Arrays<'_, P>,
) -> bool {
    if machine.steps_of_point() > 1 {
        if !arrays.assigns || P == 1 && arrays.sources[0].conjugated {
            return false;
        }
        if P > 1 {
            // SAFETY: the caller's duties.
            return unsafe { kept(machine, dims, arrays) };
        }
        // Real and imaginary parts go the same way.
        let machine = Machine { unit: machine.kernels.element, ..*machine };
        // SAFETY: the caller's duties: an element is two real numbers.
        return unsafe { kept(&machine, &parts_of_elements(dims), arrays) };
    }
    if arrays.adds || P == 1 && !arrays.assigns {
        return false;
    }
    // SAFETY: the caller's duties.
    unsafe { kept(machine, dims, arrays) }
}

/// Returns the loops over real and imaginary parts of complex elements.
fn parts_of_elements<const P: usize>(dims: &Dims<P>) -> Dims<P> {
    let twice = |d: &Dim<P>| Dim { out: 2 * d.out, sources: d.sources.map(|step| 2 * step), ..*d };
    let part = Dim { extent: 2, out: 1, sources: [1; P], summed: false };
    let mut parts: Dims<P> = dims.iter().map(twice).chain([part]).collect();
    // Loops step forward in the output already, so that nothing moves.
    let mut nowhere = [Read { ptr: core::ptr::null::<u8>(), conjugated: false }; P];
    let work = prepare(&mut parts, &mut nowhere, &mut core::ptr::null_mut());
    debug_assert!(work == Work::Run && nowhere.iter().all(|read| read.ptr.is_null()));
    parts
}

/// Runs a nest whose long loop is kept, if there is a kernel; else does nothing, and returns false.
///
/// # Safety
///
/// As [`picked`], for elements of the machine's unit.
unsafe fn kept<const P: usize>(machine: &Machine, dims: &Dims<P>, arrays: &Arrays<'_, P>) -> bool {
    if has_row(dims, ROW / machine.steps_of_point()) {
        return false;
    }
    let (mut inner, mut outer) = (Dims::from_slice(dims), Loops::new());
    let nest = Nest::of_kept(&inner).filter(|nest| !nest.inner().is_empty());
    let whole = nest.and_then(|nest| Some((nest, worth(machine, &inner, &nest)?)));
    let around = || {
        // Loops around the long one are those that a block has no room for.
        if dims.iter().fold(1_usize, |n, d| n.saturating_mul(d.extent)) < MANY {
            return None;
        }
        loop {
            let d = take_outermost(&mut inner)?;
            let at = |array: usize| step(&d, array) * machine.unit.cast_signed();
            let y = if P > 1 { at(1) } else { 0 };
            outer.push(Loop { extent: d.extent, x: at(0), y, c: at(P) });
            let nest = Nest::of_kept(&inner).filter(|nest| !nest.inner().is_empty())?;
            if nest.reach() <= 2 * machine.rows_of_vector() {
                let parts = worth(machine, &inner, &nest)?;
                return parts.only().is_some().then_some((nest, parts));
            }
        }
    };
    let Some((nest, parts)) = whole.or_else(around) else { return false };
    let count = nest.along.extent;
    let bytes = (0..=P).fold(0, |n, array| n + step(&nest.along, array).unsigned_abs());
    let bytes = count.saturating_mul(bytes.saturating_mul(machine.unit));
    let time = match parts.only() {
        Some(block) => count / block.points * block.cost() / 20,
        None => parts.time(count) / 20,
    };
    let times = points(&outer);
    let conjugated = [arrays.sources[0].conjugated, arrays.sources[P - 1].conjugated];
    let alpha = arrays.sums.finish([false; 2]).alpha;
    let factor = Factor::of(machine, alpha, conjugated);
    let arrays = (arrays.sources.map(|source| source.ptr), arrays.out);
    let tables = parts.tables(machine);
    let run = |[times, range]: [Range<usize>; 2], (sources, out): ([*const u8; P], *mut u8)| {
        let mut cursor = Cursor::at(&outer, times.start);
        for _ in times {
            let moved = [cursor.x, cursor.y];
            let here = core::array::from_fn(|p| sources[p].wrapping_offset(moved[p]));
            let here = (here, out.wrapping_offset(cursor.c));
            let here = arrays_at(machine, &nest.along, here, range.start);
            // SAFETY: the caller's duties; pieces write different elements.
            unsafe { parts.run(machine, &tables, here, range.len(), factor) };
            cursor.advance(1);
        }
    };
    let pieces = threads::pieces(time.max(bytes / BYTES_MOVED).saturating_mul(times));
    if pieces == 1 {
        run([0..times, 0..count], arrays);
        return true;
    }
    let grid = Grid::of([times, count], [1, parts.points()], pieces);
    // SAFETY: there are only pointers to elements.
    let arrays = unsafe { Shared::new(arrays) };
    threads::each(grid.pieces(), &|piece| run(grid.piece(piece), arrays.get()));
    true
}

/// Returns the parts of a nest, if they take less time than other kernels.
fn worth<const P: usize>(machine: &Machine, dims: &Dims<P>, nest: &Nest<P>) -> Option<Parts<P>> {
    let parts = Parts::of(machine, *nest)?;
    // Copies of rows that fill half a vector take no longer row by row.
    let longest = machine.rows_of_vector() / if P == 1 { 2 } else { 1 };
    let is_worth = match parts.only() {
        Some(block) => is_block_worth(dims, block),
        None => {
            // Parts of one element are rows along the points.
            parts.results() > 1
                && !has_row(dims, longest + 1)
                && (is_memory_bound(machine, nest, &parts, most_of_parts(nest))
                    || has_short_rows(nest)
                        && parts.time(nest.along.extent) / CALL <= nest.along.extent)
        }
    };
    is_worth.then_some(parts)
}

/// Takes the outermost loop of a product out, if it is around the longest one of the others in all arrays.
fn take_outermost<const P: usize>(dims: &mut Dims<P>) -> Option<Dim<P>> {
    if P == 1 || dims.len() < 3 || dims.iter().any(|d| d.summed) {
        return None;
    }
    let outermost = (0..dims.len()).max_by_key(|&i| dims[i].out.unsigned_abs())?;
    let taken = dims.remove(outermost);
    let along = Nest::of_kept(dims)?.along;
    let is_around = |array: usize| {
        let [step, inside] = [&taken, &along].map(|d| step(d, array).unsigned_abs());
        step == 0 || step > inside
    };
    (0..=P).all(is_around).then_some(taken)
}

/// Returns the most that the parts of a nest take, as [`is_memory_bound`] has it.
fn most_of_parts<const P: usize>(nest: &Nest<P>) -> usize {
    let summed = || nest.inner().iter().filter(|d| d.summed);
    match summed().count() {
        0 | 1 => MOST_OF_PARTS,
        _ if P > 1 && summed().any(|d| d.sources.iter().all(|&s| s == 1)) => MOST_OF_DOTS,
        _ => MOST_OF_SUMS,
    }
}

/// Whether sums are over short rows of a source that has every element once.
fn has_short_rows<const P: usize>(nest: &Nest<P>) -> bool {
    let is_row = |d: &Dim<P>, p: usize| d.summed && d.sources[p] == 1 && d.extent < SHORT;
    let is_whole =
        |p: usize| nest.along.sources[p] != 0 && nest.inner().iter().all(|d| d.sources[p] != 0);
    P > 1 && (0..P).any(|p| is_whole(p) && nest.inner().iter().any(|d| is_row(d, p)))
}

/// Whether so many elements or more are adjacent in the output, and adjacent or constant in the sources.
fn has_row<const P: usize>(dims: &[Dim<P>], least: usize) -> bool {
    let is_row = |d: &Dim<P>| {
        d.extent >= least && d.out == 1 && !d.summed && d.sources.iter().all(|&s| s == 0 || s == 1)
    };
    dims.iter().any(is_row)
}

/// Whether a block that has all elements of its points takes less time than other kernels.
fn is_block_worth<const P: usize>(dims: &Dims<P>, block: &Block<P>) -> bool {
    // Elements that lie far apart make blocks of next to nothing; rows of them have kernels of their own.
    if block.points * block.results < RESULTS {
        return false;
    }
    // Other kernels add adjacent elements up in whole vectors.
    let is_adjacent = |d: &Dim<P>| d.summed && d.sources.iter().all(|&s| s == 1 || s == 0);
    let results = block.points * block.results * 3 / 2;
    !(dims.iter().any(is_adjacent) && block.steps * block.vectors > results)
}
