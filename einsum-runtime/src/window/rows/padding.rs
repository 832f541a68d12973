//! Rows of padded stencils, without a copy of X: kernels are told which lanes of a step exist, and take zeros for the others
//! ([`masks`](super::masks)). They are the same for all rows; steps that read rows outside are left out
//! ([`parts`](super::parts)).
//!
//! The vectors of a tile are those of a row, or, where rows have few, of as many rows: then those of several planes are
//! formed at once, and the last row of an odd number is a pair whose second one is not written. That is done with other
//! stencils too.

use core::ops::Range;

use super::Tables;
use super::apart::APART;
use super::block::{Block, Steps};
use super::masks::Masks;
use super::parts::Parts;
use super::plan::{Loop, Plan, Step};
use crate::kernel::rows::RowsPart;
use crate::window::affine::{Affine, Line, PerLoop};

/// How many units of longer rows are formed together: the ends of far rows are in pages of their own.
const UNITS: usize = if cfg!(test) { 2 } else { 8 };

/// An axis: where the first point is in it.
#[derive(Clone, Copy)]
pub(super) struct Bound {
    pub(super) first: isize,
    pub(super) extent: usize,
}

/// An axis that points are outside of: the kept loop that goes along it, and the coefficients of all.
pub(super) type Bounded = (usize, PerLoop<isize>, Bound);

/// The axes of a source that points are outside of.
pub(in crate::window) struct Bounds {
    pub(super) p: usize,
    pub(super) lanes: Option<Bounded>,
    pub(super) rows: Option<Bounded>,
}

/// Returns the axes that points are outside of, if these are an axis of adjacent elements, with results along it, and
/// another one.
pub(in crate::window) fn bounds(nest: &Affine) -> Option<Bounds> {
    let is_outside = |line: &Line| !line.has(line.range(nest.loops.iter().map(|l| l.extent)));
    let mut of_sources = (0..2).filter(|&p| nest.sources[p].iter().any(is_outside));
    let p = of_sources.next().filter(|_| of_sources.next().is_none())?;
    let mut bounds = Bounds { p, lanes: None, rows: None };
    for line in nest.sources[p].iter().filter(|line| is_outside(line)) {
        let is_along = |n: &usize| nest.loops[*n].out.is_some() && line.coefficients[*n] != 0;
        let mut along = (0..nest.loops.len()).filter(is_along);
        let number = along.next().filter(|_| along.next().is_none())?;
        let is_lanes = line.stride == 1
            && (1..=APART).contains(&line.coefficients[number])
            && nest.loops[number].out == Some(1);
        let bound = Bound { first: line.offset, extent: line.extent };
        let to = if is_lanes { &mut bounds.lanes } else { &mut bounds.rows };
        if to.is_some() {
            return None;
        }
        *to = Some((number, line.coefficients.clone(), bound));
    }
    Some(bounds)
}

/// What kernels are told of rows.
pub(super) struct Padding {
    masks: Masks,
    parts: Parts,
}

impl Padding {
    /// Returns it, if tables are small.
    pub(super) fn of(plan: &Plan, steps: &[Step]) -> Option<Self> {
        let masks = Masks::of(plan, steps)?;
        let inside = |unit| plan.inside_of_unit(unit);
        let parts = Parts::new(plan.units(), masks.are_of_rows(), &inside);
        Some(Padding { masks, parts })
    }

    /// Whether vectors are of several rows.
    pub(super) fn is_of_rows(&self) -> bool {
        self.masks.are_of_rows()
    }

    /// Forms units of rows of some planes, from a point of the other loops on.
    ///
    /// # Safety
    ///
    /// As [`rows`](super::rows()).
    pub(super) unsafe fn run(
        &self,
        plan: &Plan,
        all: &Tables,
        other: usize,
        planes: Loop,
        units: Range<usize>,
    ) {
        let (x, w, c) = plan.at(all, other);
        let whole = plan.rows.extent;
        // A last row alone.
        let apart = if self.is_of_rows() { units.end } else { units.end.min(whole) };
        let together = if self.masks.are_apart() { UNITS } else { usize::MAX };
        let parts = (units.start..apart).step_by(together);
        let parts = parts.map(|start| start..apart.min(start.saturating_add(together)));
        let alone = Some(units.start.max(apart)..units.end);
        for units in parts.chain(alone).filter(|units| !units.is_empty()) {
            let rows = if units.start < whole { plan.unit() } else { 1 };
            for (vectors, steps) in self.masks.calls() {
                let lane = vectors.start * plan.set.width;
                let [x_lane, c_lane] = [plan.lanes.x, plan.lanes.out]
                    .map(|step| step.wrapping_mul(lane.cast_signed()));
                let (unit, along) = (plan.unit().cast_signed(), units.start.cast_signed());
                let of_units = Loop {
                    extent: units.len(),
                    x: plan.rows.x.wrapping_mul(unit),
                    out: plan.rows.out.wrapping_mul(unit),
                    ..plan.rows
                };
                let block = Block {
                    x: x.wrapping_offset(of_units.x.wrapping_mul(along)).wrapping_offset(x_lane),
                    w: w.wrapping_offset(of_units.w.wrapping_mul(along)),
                    c: c.wrapping_offset(of_units.out.wrapping_mul(along)).wrapping_offset(c_lane),
                    rows: of_units,
                    lanes: plan.lanes.extent.min(vectors.end * plan.set.width) - lane,
                    planes,
                    parts: self.parts.from(units.start),
                    parts_outer: size_of::<RowsPart>(),
                    lacks_last: self.is_of_rows() && units.end > whole,
                };
                // SAFETY: the caller's duties; steps whose lanes are outside say so, and those of rows outside are in no
                // part.
                unsafe {
                    if plan.block(all, block, rows, steps) && rows == 2 {
                        self.alone(plan, all, block, units.clone(), steps);
                    }
                }
            }
        }
    }

    /// Forms the rows of pairs one by one.
    ///
    /// # Safety
    ///
    /// As [`run`](Self::run).
    unsafe fn alone(
        &self,
        plan: &Plan,
        all: &Tables,
        block: Block,
        units: Range<usize>,
        steps: Steps,
    ) {
        for row in 0..2 {
            let count = units.len() - usize::from(row == 1 && block.lacks_last);
            if count == 0 {
                continue;
            }
            let inside = |unit: usize| plan.inside(2 * (units.start + unit) + row, 1);
            let parts = Parts::new(count, self.is_of_rows(), &inside);
            let row = row.cast_signed();
            let block = Block {
                x: block.x.wrapping_offset(plan.rows.x * row),
                c: block.c.wrapping_offset(plan.rows.out * row),
                rows: Loop { extent: count, ..block.rows },
                parts: parts.from(0),
                lacks_last: false,
                ..block
            };
            // SAFETY: the caller's duties.
            unsafe { plan.block(all, block, 1, steps) };
        }
    }
}
