//! Windows over arrays whose summed channels are adjacent, with few results for each position: the rows of results are too
//! short for vectors, and those of the source lie apart. In a buffer with positions innermost they are rows like any
//! other:
//!
//! ```text
//! b (y+u) (x+v) c, u v c o -> b y x o     with few o:     the buffer has  b c (y+u) (x+v),  results  b o y x
//! ```
//!
//! An element that is brought there is used for all points of the window.

use smallvec::SmallVec;

use super::Job;
use super::affine::{Affine, Line};
use crate::kernel::level::{Level, halves_vectors};

/// The most results of a position with AVX2: more are lanes.
const COLUMNS: usize = 7;

/// The same with AVX-512, for elements of a size: what makes a vector, since multiplications of a tile of one wait for what they
/// read. Where a processor multiplies by halves they hardly wait, but lanes should not be idle.
fn most_columns(size: usize) -> usize {
    let lanes = 64 / size;
    match Level::current() {
        Level::Avx512 if halves_vectors() => (3 * lanes / 4).max(COLUMNS),
        Level::Avx512 => lanes.max(COLUMNS),
        _ => COLUMNS,
    }
}

/// The fewest products of an element, and of all, where positions lie together and apart, and the fewest points of the loop
/// over positions.
const TOGETHER: [usize; 2] = if cfg!(test) { [2, 0] } else { [4, 1 << 15] };
const APART: [usize; 2] = if cfg!(test) { [2, 0] } else { [12, 1 << 20] };
const ROW: usize = if cfg!(test) { 2 } else { 6 };

/// How a source should lie in a buffer.
#[derive(Clone, Copy)]
pub(super) struct Turned {
    pub(super) p: usize,
    /// The axis that should have adjacent elements, and the kept loop along it.
    pub(super) line: usize,
    pub(super) row: usize,
}

impl Turned {
    /// Whether positions of results lie apart.
    pub(super) fn is_stepped(&self, nest: &Affine) -> bool {
        nest.sources[self.p][self.line].coefficients[self.row].unsigned_abs() > 1
    }
}

/// Returns how a source should be turned, if it should.
pub(super) fn turned(nest: &Affine, job: &Job<'_>) -> Option<Turned> {
    let may_be = !job.is_single && job.kernels.is_real && Level::current() != Level::Plain;
    (0..2)
        .filter(|_| may_be)
        .find_map(|p| of_source(nest, p, most_columns(job.kernels.element.size())))
}

fn of_source(nest: &Affine, p: usize, most: usize) -> Option<Turned> {
    let extent = |n: usize| nest.loops[n].extent;
    let loops = |line: &Line, kept: bool| {
        let all = (0..nest.loops.len()).filter(|&n| extent(n) > 1);
        let own = all.filter(|&n| line.coefficients[n] != 0);
        own.filter(move |&n| nest.loops[n].out.is_some() == kept).collect::<SmallVec<[usize; 8]>>()
    };
    let moves = |p: usize, n: usize| nest.sources[p].iter().any(|l| l.coefficients[n] != 0);
    let points = |loops: &[usize]| loops.iter().fold(1_usize, |n, &l| n.saturating_mul(extent(l)));
    let lines = &nest.sources[p];
    let unit = lines.iter().find(|line| line.stride.abs() == 1)?;
    if !loops(unit, true).is_empty() || loops(unit, false).is_empty() {
        return None;
    }
    let is_column = |n: &usize| nest.loops[*n].out.is_some() && extent(*n) > 1 && !moves(p, *n);
    let columns = (0..nest.loops.len()).filter(is_column);
    let columns = columns.fold(1_usize, |n, l| n.saturating_mul(extent(l)));
    if columns > most {
        return None;
    }
    // A window for every result along the axis, and for those along others.
    let windows = || lines.iter().enumerate().filter(|(_, line)| !loops(line, true).is_empty());
    let taps = windows().fold(1_usize, |n, (_, l)| n.saturating_mul(points(&loops(l, false))));
    let row = |(number, line): (usize, &Line)| match loops(line, true)[..] {
        // The window's own loops are shorter: else results are weights, which other ways are for.
        [n] if extent(n) >= ROW && !moves(1 - p, n) => {
            let is_window = extent(n) > points(&loops(line, false));
            is_window.then_some(Turned { p, line: number, row: n })
        }
        _ => None,
    };
    let turned = windows().filter_map(row).min_by_key(|t| lines[t.line].stride.unsigned_abs())?;
    let all = nest.loops.iter().fold(1_usize, |n, l| n.saturating_mul(l.extent));
    let [times, least] = if turned.is_stepped(nest) { APART } else { TOGETHER };
    (taps > 1 && taps * columns >= times && all >= least).then_some(turned)
}
