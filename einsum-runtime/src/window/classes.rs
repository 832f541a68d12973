//! Windows with steps: along `s·x + d·k`, what loops over x read lies `s` apart. The points of k in one residue class
//! read the same positions as x does, shifted, so that a buffer of these has adjacent elements for adjacent x.

use smallvec::SmallVec;

use super::affine::{Affine, Line, gcd};
use super::{Job, is_stencil};
use crate::engine::HALVED;
use crate::kernel::level::Level;

/// The fewest results that use an element of a source, and the fewest products of a sum, for which copying pays.
const COLUMNS: usize = 3;
const STEPS: usize = 16;

/// So many results are worth that the engine brings elements together as often as it does, with AVX-512.
const MANY: usize = 8;

/// Shorter rows are no vectors, adjacent or not: those of weights are along the window.
const ROW: usize = if cfg!(test) { 2 } else { 8 };

/// The most classes: they are added up one after the other.
const CLASSES: usize = 32;

/// Returns the source whose elements lie apart along the target's rows, if they should be brought together.
pub(super) fn stepped(nest: &Affine, job: &Job<'_>) -> Option<usize> {
    if job.is_single || !job.kernels.is_real || Level::current() == Level::Plain {
        return None;
    }
    if let Some(taps) = taps_apart(nest, job) {
        return Some(taps.p);
    }
    let moves = |p: usize, number: usize| moves_in(nest, p, number);
    let points = |has: &dyn Fn(usize) -> bool| {
        let extents = nest.loops.iter().enumerate().filter(|(number, _)| has(*number));
        extents.fold(1_usize, |n, (_, l)| n.saturating_mul(l.extent))
    };
    let is_kept = |number: usize| nest.loops[number].out.is_some();
    let rows = (0..nest.loops.len()).filter(|&n| is_kept(n) && nest.loops[n].extent > 1);
    let row = rows.min_by_key(|&n| nest.loops[n].out.map_or(0, isize::unsigned_abs))?;
    if nest.loops[row].extent < ROW {
        return None;
    }
    let p = (0..2).find(|&p| moves(p, row) && !moves(1 - p, row))?;
    let is_apart = |line: &Line| line.stride.abs() == 1 && line.coefficients[row].abs() > 1;
    let line = nest.sources[p].iter().find(|line| is_apart(line))?;
    let columns = points(&|n| is_kept(n) && !moves(p, n));
    let steps = points(&|n| !is_kept(n));
    if is_stencil(columns) {
        return (steps > 1).then_some(p);
    }
    // Classes are short sums, each with its way to the results. The engine brings as much together where it packs every
    // other element for many columns, or a window that is no longer than its step, which has nothing in common with the
    // next one.
    let reach = |(n, c): (usize, &isize)| match is_kept(n) {
        true => 0,
        false => c.unsigned_abs().saturating_mul(nest.loops[n].extent.saturating_sub(1)),
    };
    let reach = line.coefficients.iter().enumerate().map(reach).fold(0, usize::saturating_add);
    let step = line.coefficients[row].unsigned_abs();
    let is_split = reach > 0 && reach < step;
    let is_avx512 = Level::current() == Level::Avx512;
    let is_packed = step == 2 && columns >= HALVED[usize::from(is_avx512)];
    let is_many = columns >= MANY && is_avx512;
    let is_worth = columns >= COLUMNS && steps >= STEPS && !is_many;
    (is_worth && !is_split && !is_packed).then_some(p)
}

/// Rows of two sources that are summed over, of one of which elements lie apart: as the gradient of weights has it.
struct SummedApart {
    p: usize,
    /// The loop along rows.
    row: usize,
    /// The loop over results that read the elements between, and into how many classes its points fall.
    taps: Option<(usize, usize)>,
    /// Whether there are few results for what is read.
    is_stencil: bool,
}

/// Rows that are summed over, for results that are better formed along them ([`taps`](super::taps)) once their elements have
/// been brought together.
#[derive(Clone, Copy)]
pub(super) struct Taps {
    pub(super) p: usize,
    /// The loop along rows, if there should be rows for every tap: then these are formed together.
    pub(super) row: Option<usize>,
}

pub(super) fn taps_apart(nest: &Affine, job: &Job<'_>) -> Option<Taps> {
    if job.is_single || !job.kernels.is_real || Level::current() == Level::Plain {
        return None;
    }
    let SummedApart { p, row, taps, is_stencil } = summed_apart(nest, job.kernels.element.size())?;
    let row = (!is_stencil && taps.is_some()).then_some(row);
    (row.is_some() || taps.is_none()).then_some(Taps { p, row })
}

fn summed_apart(nest: &Affine, size: usize) -> Option<SummedApart> {
    let is_kept = |n: usize| nest.loops[n].out.is_some();
    let of_source = |p: usize| {
        let columns = (0..nest.loops.len()).filter(|&n| is_kept(n) && !moves_in(nest, p, n));
        let columns = columns.fold(1_usize, |n, l| n.saturating_mul(nest.loops[l].extent));
        let unit = |p: usize| nest.sources[p].iter().find(|line| line.stride.abs() == 1);
        let (line, other) = (unit(p)?, unit(1 - p)?);
        let is_row = |n: &usize| {
            let is_apart = line.coefficients[*n].abs() > 1 && other.coefficients[*n].abs() == 1;
            !is_kept(*n) && nest.loops[*n].extent >= ROW && is_apart
        };
        let row = (0..nest.loops.len()).find(is_row)?;
        let step = line.coefficients[row].unsigned_abs();
        let is_between = |n: &usize| {
            nest.loops[*n].extent > 1 && !line.coefficients[*n].unsigned_abs().is_multiple_of(step)
        };
        let mut between = (0..nest.loops.len()).filter(is_between);
        let taps = between.next();
        // Results that are longer than what is summed are no taps, but those of a dilated window.
        let is_tap = |n: usize| is_kept(n) && nest.loops[n].extent < nest.loops[row].extent;
        if between.next().is_some() || taps.is_some_and(|n| !is_tap(n)) {
            return None;
        }
        let classes = |n: usize| step / gcd(step, line.coefficients[n].unsigned_abs());
        let points = |has: &dyn Fn(usize) -> bool| {
            let extents = nest.loops.iter().enumerate().filter(|(n, _)| has(*n));
            extents.fold(1_usize, |n, (_, l)| n.saturating_mul(l.extent))
        };
        let is_tap = |n: usize| is_kept(n) && line.coefficients[n] != 0;
        let entries = points(&|n| !is_kept(n) && n != row);
        let shape = [columns, points(&is_tap), nest.loops[row].extent, entries];
        let reads = points(&|n| is_kept(n) && moves_in(nest, p, n));
        // What windows along other axes have in common.
        let is_shared = |n: usize| {
            let has_sums = |line: &Line| {
                line.coefficients[n] != 0
                    && (0..nest.loops.len()).any(|n| !is_kept(n) && line.coefficients[n] != 0)
            };
            is_kept(n) && !is_tap(n) && nest.sources[p].iter().any(has_sums)
        };
        let again = [points(&is_shared), reads];
        let is_stencil = is_stencil(columns);
        let taps = taps.map(|n| (n, classes(n)));
        let is_worth = is_stencil || is_worth_taps(size, shape, again);
        is_worth.then_some(SummedApart { p, row, taps, is_stencil })
    };
    of_source(0).or_else(|| of_source(1))
}

/// Whether sums along rows take less time than products of Y, turned, which is known to within a few percent.
#[cfg(target_arch = "x86_64")]
fn is_worth_taps(size: usize, shape: [usize; 4], again: [usize; 2]) -> bool {
    let times = super::taps::times_apart(size, shape, again);
    times.is_some_and(|[own, product]| own < 0.92 * product)
}

#[cfg(not(target_arch = "x86_64"))]
fn is_worth_taps(_: usize, _: [usize; 4], _: [usize; 2]) -> bool {
    false
}

/// Calls `visit` with nests for the residue classes of results, of which each reads adjacent elements of a buffer; if there
/// are not several, returns `None`.
pub(super) fn taps(nest: &Affine, job: &Job<'_>, visit: &mut dyn FnMut(&Affine)) -> Option<()> {
    let may_be = !job.is_single && job.kernels.is_real;
    let apart =
        summed_apart(nest, job.kernels.element.size()).filter(|a| may_be && a.is_stencil)?;
    let (number, count) = apart.taps?;
    let extent = nest.loops[number].extent;
    for class in 0..count.min(extent) {
        let mut part = nest.clone();
        part.restrict(number, class, count, (extent - class).div_ceil(count));
        visit(&part);
    }
    Some(())
}

/// Returns nests for the residue classes of the summed loops along a source's axes, whose sums make those of the nest. Rows
/// are along the axis `row`, or that of adjacent elements.
pub(super) fn classes(nest: &Affine, p: usize, row: Option<usize>) -> SmallVec<[Affine; 4]> {
    let mut parts: SmallVec<[Affine; 4]> = SmallVec::new();
    parts.push(nest.clone());
    let is_kept_alone = |n: usize| nest.loops[n].out.is_some() && !moves_in(nest, p, n);
    let columns = (0..nest.loops.len()).filter(|&n| is_kept_alone(n));
    let columns = columns.fold(1_usize, |n, l| n.saturating_mul(nest.loops[l].extent));
    // A stencil's rows may lie apart, their elements may not.
    let is_row = |(number, line): &(usize, &Line)| match row {
        Some(row) => *number == row,
        None => line.stride.unsigned_abs() == 1,
    };
    let lines = nest.sources[p].iter().enumerate();
    for (_, line) in lines.filter(|line| !is_stencil(columns) || is_row(line)) {
        let moves = |kept: bool| {
            let loops = nest.loops.iter().enumerate();
            let own = loops.filter(move |(n, l)| {
                line.coefficients[*n] != 0 && l.out.is_some() == kept && l.extent > 1
            });
            own.map(|(n, _)| n)
        };
        let step = moves(true).fold(0, |step, n| gcd(step, line.coefficients[n].unsigned_abs()));
        if step < 2 {
            continue;
        }
        for number in moves(false) {
            let modulus = step / gcd(step, line.coefficients[number].unsigned_abs());
            let extent = nest.loops[number].extent;
            let count = modulus.min(extent);
            if count < 2 || parts.len().saturating_mul(count) > CLASSES {
                continue;
            }
            let split = |part: &Affine| {
                let part = part.clone();
                (0..count).map(move |class| {
                    let mut part = part.clone();
                    part.restrict(number, class, modulus, (extent - class).div_ceil(modulus));
                    part
                })
            };
            parts = parts.iter().flat_map(split).collect();
        }
    }
    parts
}

fn moves_in(nest: &Affine, p: usize, number: usize) -> bool {
    nest.sources[p].iter().any(|line| line.coefficients[number] != 0)
}
