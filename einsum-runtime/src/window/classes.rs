//! Windows with steps: along `s·x + d·k`, what loops over x read lies `s` apart. The points of k in one residue class
//! read the same positions as x does, shifted, so that a buffer of these has adjacent elements for adjacent x.

use smallvec::SmallVec;

use super::affine::{Affine, Line, gcd};
use super::is_stencil;
use crate::kernel::level::Level;
use crate::kernel::raw::RawKernels;

/// The fewest results that use an element of a source, and the fewest products of a sum, for which copying pays.
const COLUMNS: usize = 8;
const STEPS: usize = 16;

/// Shorter rows are no vectors, adjacent or not: those of weights are along the window.
const ROW: usize = if cfg!(test) { 2 } else { 8 };

/// The most classes: they are added up one after the other.
const CLASSES: usize = 32;

/// Returns the source whose elements lie apart along the target's rows, if they should be brought together.
pub(super) fn stepped<const P: usize>(nest: &Affine<P>, kernels: &RawKernels) -> Option<usize> {
    if P < 2 || !kernels.is_real || Level::current() == Level::Plain {
        return None;
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
    let p = (0..P).find(|&p| moves(p, row) && !moves(1 - p, row))?;
    let is_apart = |line: &Line| line.stride.abs() == 1 && line.coefficients[row].abs() > 1;
    let line = nest.sources[p].iter().find(|line| is_apart(line))?;
    let columns = points(&|n| is_kept(n) && !moves(p, n));
    let steps = points(&|n| !is_kept(n));
    if is_stencil(columns) {
        return (steps > 1).then_some(p);
    }
    // A window that is no longer than its step has nothing in common with the next one: classes would be short sums, and
    // an engine that packs its operands brings as much together.
    let reach = |(n, c): (usize, &isize)| match is_kept(n) {
        true => 0,
        false => c.unsigned_abs().saturating_mul(nest.loops[n].extent.saturating_sub(1)),
    };
    let reach = line.coefficients.iter().enumerate().map(reach).fold(0, usize::saturating_add);
    let is_split = reach > 0 && reach < line.coefficients[row].unsigned_abs();
    (columns >= COLUMNS && steps >= STEPS && !is_split).then_some(p)
}

/// Returns nests for the residue classes of the summed loops along a source's axes, whose sums make those of the nest.
pub(super) fn classes<const P: usize>(nest: &Affine<P>, p: usize) -> SmallVec<[Affine<P>; 4]> {
    let mut parts: SmallVec<[Affine<P>; 4]> = SmallVec::new();
    parts.push(nest.clone());
    let is_kept_alone = |n: usize| nest.loops[n].out.is_some() && !moves_in(nest, p, n);
    let columns = (0..nest.loops.len()).filter(|&n| is_kept_alone(n));
    let columns = columns.fold(1_usize, |n, l| n.saturating_mul(nest.loops[l].extent));
    // A stencil's rows may lie apart, their elements may not.
    let lines = nest.sources[p].iter();
    for line in lines.filter(|line| !is_stencil(columns) || line.stride.unsigned_abs() == 1) {
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
            let split = |part: &Affine<P>| {
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

fn moves_in<const P: usize>(nest: &Affine<P>, p: usize, number: usize) -> bool {
    nest.sources[p].iter().any(|line| line.coefficients[number] != 0)
}
