//! Windows with steps: along `s·x + d·k`, what loops over x read lies `s` apart. The points of k in one residue class
//! read the same positions as x does, shifted, so that a buffer of these has adjacent elements for adjacent x.

use smallvec::SmallVec;

use super::affine::{Affine, Line};
use crate::kernel::level::Level;
use crate::kernel::raw::RawKernels;

/// The fewest results that use an element of a source, and the fewest products of a sum, for which copying pays.
const COLUMNS: usize = 8;
const STEPS: usize = 16;

/// The most classes: they are added up one after the other.
const CLASSES: usize = 32;

/// Returns the source whose elements lie apart along the target's rows, if they should be brought together.
pub(super) fn stepped<const P: usize>(nest: &Affine<P>, kernels: &RawKernels) -> Option<usize> {
    if P < 2 || !kernels.is_real || Level::current() == Level::Plain {
        return None;
    }
    let moves =
        |p: usize, number: usize| nest.sources[p].iter().any(|line| line.coefficients[number] != 0);
    let points = |has: &dyn Fn(usize) -> bool| {
        let extents = nest.loops.iter().enumerate().filter(|(number, _)| has(*number));
        extents.fold(1_usize, |n, (_, l)| n.saturating_mul(l.extent))
    };
    let is_kept = |number: usize| nest.loops[number].out.is_some();
    let rows = (0..nest.loops.len()).filter(|&n| is_kept(n) && nest.loops[n].extent > 1);
    let row = rows.min_by_key(|&n| nest.loops[n].out.map_or(0, isize::unsigned_abs))?;
    let p = (0..P).find(|&p| moves(p, row) && !moves(1 - p, row))?;
    let is_apart = |line: &Line| line.stride.abs() == 1 && line.coefficients[row].abs() > 1;
    let columns = points(&|n| is_kept(n) && !moves(p, n));
    let steps = points(&|n| !is_kept(n));
    let is_worth = columns >= COLUMNS && steps >= STEPS;
    (is_worth && nest.sources[p].iter().any(is_apart)).then_some(p)
}

/// Returns nests for the residue classes of the summed loops along a source's axes, whose sums make those of the nest.
pub(super) fn classes<const P: usize>(nest: &Affine<P>, p: usize) -> SmallVec<[Affine<P>; 4]> {
    let mut parts: SmallVec<[Affine<P>; 4]> = SmallVec::new();
    parts.push(nest.clone());
    for line in &nest.sources[p] {
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

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}
