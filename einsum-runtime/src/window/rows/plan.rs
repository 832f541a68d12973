//! How rows of a stencil are formed.

use smallvec::SmallVec;

use super::apart::{APART, is_worth_apart};
use super::padding::{Bound, Bounds};
use crate::kept::Kept;
use crate::kernel::level::kernels_for;
use crate::kernel::raw::{Factor, RawKernels, RawMode, RawRead};
use crate::kernel::rows::{RowsEntry, RowsSet};
use crate::kernel::x86_64::rows::{F32_AVX2, F32_AVX512, F32_HALF, F64_AVX2, F64_AVX512, F64_HALF};
use crate::kernel::{Dim, Dims};
use crate::sort::sort_by_key;
use crate::window::affine::{PerLoop, plus, times};
use crate::window::channels::Table;
use crate::window::is_stencil;

/// The most products of a sum: they have a table, which stays in a first-level cache.
pub(super) const STEPS: usize = 1024;

/// The most products of a sum of which two rows are formed at a time: longer sums are columns, which use a load for four
/// ([`stencil`](super::stencil)).
const PAIRED: usize = if cfg!(test) { 24 } else { 200 };

/// The most bytes of weights with zeros.
const BYTES: usize = 256 << 10;

/// Rows of more vectors may follow each other whatever their weights.
const LONG: usize = if cfg!(test) { 3 } else { 8 };

/// Nests with fewer products are not worth preparations.
const POINTS: usize = if cfg!(test) { 64 } else { 512 };

/// A loop; steps in bytes, and in positions of the axes of X that lanes and rows go along, if points are outside of them.
#[derive(Clone, Copy, Default)]
pub(super) struct Loop {
    pub(super) extent: usize,
    pub(super) x: isize,
    pub(super) w: isize,
    pub(super) out: isize,
    pub(super) lane: isize,
    pub(super) row: isize,
}

/// A step of a sum: where it reads X and the weights, in bytes, and the position in the axis of lanes, all from the first one on.
#[derive(Clone, Copy)]
pub(super) struct Step {
    x: isize,
    w: isize,
    pub(super) lane: isize,
}

impl Step {
    fn plus(self, l: &Loop, points: isize) -> Self {
        Step {
            x: self.x.wrapping_add(l.x.wrapping_mul(points)),
            w: self.w.wrapping_add(l.w.wrapping_mul(points)),
            lane: self.lane + l.lane * points,
        }
    }

    /// Returns the entry for kernels, with some masks.
    pub(super) fn entry(self, masks: [u16; 4]) -> RowsEntry {
        RowsEntry { x: self.x, w: self.w, masks }
    }
}

/// How a nest is run.
pub(super) struct Plan {
    pub(super) set: &'static RowsSet,
    pub(super) adds: bool,
    /// Which source is X.
    pub(super) p: usize,
    /// The loop over lanes, and how many elements of X they are apart.
    pub(super) lanes: Loop,
    pub(super) apart: usize,
    /// The loop whose points are rows: over pairs of them if `u` is there.
    pub(super) rows: Loop,
    /// The window's loop that reads what `rows` reads, if two rows are formed at a time.
    pub(super) u: Option<Loop>,
    /// Whether there is one row more than pairs.
    pub(super) is_odd: bool,
    pub(super) others: SmallVec<[Loop; 8]>,
    pub(super) summed: SmallVec<[Loop; 8]>,
    pub(super) points: usize,
    /// The axes that lanes and rows go along, if points are outside of them.
    pub(super) lane_bound: Option<Bound>,
    pub(super) row_bound: Option<Bound>,
}

/// Returns the kernels for elements of a size.
pub(super) fn set_of(size: usize) -> Option<&'static RowsSet> {
    kernels_for(size, [&F32_AVX2, &F64_AVX2], [&F32_AVX512, &F64_AVX512])
}

/// The same for rows of so many elements, which may fill half a vector at most.
pub(super) fn set_of_rows(size: usize, lanes: usize) -> Option<&'static RowsSet> {
    let half = kernels_for(size, [&F32_AVX2, &F64_AVX2], [&F32_HALF, &F64_HALF])?;
    if lanes <= half.width { Some(half) } else { set_of(size) }
}

/// Whether rows of so many products, of so many weights in all, are formed two at a time if they can be.
pub(super) fn may_pair(steps: usize, weights: usize, size: usize) -> bool {
    steps <= PAIRED && weights.saturating_mul(2 * size) <= BYTES
}

impl Plan {
    pub(super) fn of(
        dims: &Dims<2>,
        size: usize,
        mode: RawMode,
        bounds: Option<&Bounds>,
    ) -> Option<Self> {
        let adds = match mode {
            RawMode::Assign => false,
            RawMode::Scale { alpha: Factor::One, beta: Factor::One } => true,
            RawMode::Scale { .. } => return None,
        };
        let lanes = dims.iter().position(|d| !d.summed && d.out == 1 && d.extent > 1)?;
        let of_lanes = dims[lanes];
        let set = set_of_rows(size, of_lanes.extent)?;
        let is_lane = |step: isize| (1..=APART).contains(&step);
        let p = (0..2).find(|&p| is_lane(of_lanes.sources[p]) && of_lanes.sources[1 - p] == 0)?;
        let (q, apart) = (1 - p, of_lanes.sources[p].unsigned_abs());
        let points = |has: &dyn Fn(&Dim<2>) -> bool| {
            let extents = dims.iter().filter(|d| has(d)).map(|d| d.extent);
            extents.fold(1_usize, usize::saturating_mul)
        };
        let columns = points(&|d| !d.summed && d.sources[p] == 0);
        let steps = points(&|d| d.summed);
        let all = points(&|_| true);
        if !is_stencil(columns)
            || !(2..=STEPS).contains(&steps)
            || all < POINTS
            || 3 * of_lanes.extent < set.width
            || apart > 1 && set.apart.is_none()
            || apart > 1 && !is_worth_apart(of_lanes.extent.div_ceil(set.width), steps)
        {
            return None;
        }
        let bytes = |step: isize| step.wrapping_mul(size.cast_signed());
        let along = |axis: Option<&(usize, PerLoop<isize>, Bound)>, i: usize| {
            axis.map_or(0, |(_, coefficients, _)| coefficients[i])
        };
        let own = |i: usize| {
            let d = &dims[i];
            Loop {
                extent: d.extent,
                x: bytes(d.sources[p]),
                w: bytes(d.sources[q]),
                out: bytes(d.out),
                lane: along(bounds.and_then(|b| b.lanes.as_ref()), i),
                row: along(bounds.and_then(|b| b.rows.as_ref()), i),
            }
        };
        // Rows: a loop over X alone, at best one that a window's loop goes along with.
        let is_row = |&i: &usize| {
            let d = &dims[i];
            i != lanes && !d.summed && d.extent > 1 && d.sources[q] == 0
        };
        let window_of = |y: usize| {
            let is_window = |i: &usize| {
                let (u, y) = (own(*i), own(y));
                let is_along = u.x.unsigned_abs() == y.x.unsigned_abs();
                // The same elements may be reached along another axis, which has an end elsewhere.
                let is_axis = u.lane == 0 && y.lane == 0 && u.row * y.x == y.row * u.x;
                dims[*i].summed && u.extent > 1 && u.w != 0 && is_along && is_axis
            };
            (0..dims.len()).find(is_window).filter(|_| dims[y].sources[p] > 0)
        };
        let rows = || (0..dims.len()).filter(is_row);
        let pair = rows().find_map(|y| Some((y, window_of(y)?))).filter(|_| !adds);
        if pair.is_some() && steps > PAIRED {
            return None;
        }
        // As much as that of a whole vector, if the time of a step is for one row alone.
        if pair.is_none() && apart == 1 && 3 * of_lanes.extent < set_of(size)?.width {
            return None;
        }
        let weights = points(&|d| d.sources[q] != 0);
        let pair = pair.filter(|_| may_pair(steps, weights, size));
        let y = match pair {
            Some((y, _)) => Some(y),
            // Those that follow each other in memory; rows whose vectors are not formed with others' may have weights of
            // their own.
            None => {
                let is_long = of_lanes.extent > LONG * set.width && apart == 1;
                let is_kept = |&i: &usize| i != lanes && !dims[i].summed && dims[i].extent > 1;
                let is_along = |i: &usize| is_row(i) || is_long && is_kept(i);
                let along = (0..dims.len()).filter(is_along);
                along.min_by_key(|&i| dims[i].sources[p].unsigned_abs())
            }
        };
        let mut of_rows = y.map_or(Loop { extent: 1, ..Loop::default() }, own);
        let is_odd = pair.is_some() && of_rows.extent % 2 == 1;
        if pair.is_some() {
            of_rows.extent /= 2;
        }
        let u = pair.map(|(_, u)| u);
        if apart > 1 && of_rows.extent < 2 {
            return None;
        }
        if let Some(bounds) = bounds {
            let is_rows = bounds.rows.as_ref().is_none_or(|(number, ..)| y == Some(*number));
            let is_lanes = bounds.lanes.as_ref().is_none_or(|(number, ..)| *number == lanes);
            if bounds.p != p || !is_rows || !is_lanes {
                return None;
            }
        }
        let is_other =
            |i: &usize| *i != lanes && Some(*i) != y && !dims[*i].summed && dims[*i].extent > 1;
        // Planes that follow each other innermost.
        let mut others: SmallVec<[Loop; 8]> = (0..dims.len()).filter(is_other).map(own).collect();
        sort_by_key(&mut others[..], |l| core::cmp::Reverse(l.x.unsigned_abs()));
        // Which row a step reads goes with the outermost loop.
        let is_summed = |i: &usize| Some(*i) != u && dims[*i].summed;
        let mut summed: SmallVec<[Loop; 8]> = (0..dims.len()).filter(is_summed).map(own).collect();
        sort_by_key(&mut summed[..], |l| l.row == 0);
        if summed.iter().skip(usize::from(u.is_none())).any(|l| l.row != 0) {
            return None;
        }
        Some(Plan {
            set,
            adds,
            p,
            lanes: own(lanes),
            apart,
            rows: of_rows,
            u: u.map(own),
            is_odd,
            others,
            summed,
            points: all,
            lane_bound: bounds.and_then(|b| Some(b.lanes.as_ref()?.2)),
            row_bound: bounds.and_then(|b| Some(b.rows.as_ref()?.2)),
        })
    }

    /// Lets the window's loop of pairs go the way of the rows, and those along rows the way of the lanes. Moves X and the
    /// weights to the new first point.
    pub(super) fn turn(&mut self, x: &mut *const u8, w: &mut *const u8) {
        let Plan { u, summed, lane_bound, row_bound, .. } = self;
        let pairs = u.iter_mut().filter(|u| u.x < 0);
        for l in pairs.chain(summed.iter_mut().filter(|l| l.lane < 0)) {
            let last = l.extent.cast_signed() - 1;
            *x = x.wrapping_offset(l.x.wrapping_mul(last));
            *w = w.wrapping_offset(l.w.wrapping_mul(last));
            if let Some(bound) = row_bound {
                bound.first = plus(bound.first, times(l.row, last));
            }
            if let Some(bound) = lane_bound {
                bound.first = plus(bound.first, times(l.lane, last));
            }
            (l.x, l.w) = (l.x.wrapping_neg(), l.w.wrapping_neg());
            (l.row, l.lane) = (-l.row, -l.lane);
        }
    }

    /// The steps of two rows, or one if there are no pairs, and those of one row alone, which are the first of them.
    pub(super) fn counts(&self) -> [usize; 2] {
        let single: usize = self.summed.iter().map(|l| l.extent).product();
        self.u.map_or([single; 2], |u| [single * (u.extent + 1), single * u.extent])
    }

    /// How many rows are formed at a time.
    pub(super) fn unit(&self) -> usize {
        if self.u.is_some() { 2 } else { 1 }
    }

    /// How many units there are, if a last row alone is one.
    pub(super) fn units(&self) -> usize {
        self.rows.extent + usize::from(self.is_odd)
    }

    /// The steps that read one row of X.
    pub(super) fn steps_of_row(&self) -> usize {
        match (&self.u, self.summed.first()) {
            (None, Some(first)) if first.row != 0 => self.counts()[0] / first.extent,
            (None, _) => self.counts()[0],
            (Some(_), _) => self.summed.iter().map(|l| l.extent).product(),
        }
    }

    /// Returns all steps of two rows, or one if there are no pairs.
    pub(super) fn steps(&self) -> Table<Step> {
        let [count, _] = self.counts();
        let mut table = Table::new(count);
        let mut loops: SmallVec<[Loop; 8]> = SmallVec::new();
        for l in self.summed.iter().rev() {
            loops.push(*l);
        }
        if let Some(u) = self.u {
            loops.push(Loop { extent: u.extent + 1, ..u });
        }
        let mut at: SmallVec<[usize; 8]> = SmallVec::from_elem(0, loops.len());
        let mut step = Step { x: 0, w: 0, lane: 0 };
        for _ in 0..count {
            table.push(step);
            for (l, at) in loops.iter().zip(&mut at) {
                *at += 1;
                step = step.plus(l, 1);
                if *at < l.extent {
                    break;
                }
                step = step.plus(l, -l.extent.cast_signed());
                *at = 0;
            }
        }
        table
    }
}

/// Copies the weights, with a zero before and after those of the window's loop. Returns them, and where the first is.
///
/// # Safety
///
/// As [`rows`]; the plan has pairs of rows.
pub(super) unsafe fn with_zeros(
    kernels: &RawKernels,
    plan: &mut Plan,
    w: *const u8,
) -> (Kept, *const u8) {
    let size = kernels.element.size().cast_signed();
    let mut copy: Dims<1> = Dims::new();
    let mut stride = 1_isize;
    let mut margin = 0;
    let Plan { others, summed, u, .. } = plan;
    let inner = summed.iter_mut().rev().map(|l| (l, 0));
    let window = u.iter_mut().map(|l| (l, 2));
    for (l, more) in inner.chain(window).chain(others.iter_mut().rev().map(|l| (l, 0))) {
        if l.w == 0 {
            continue;
        }
        let step = l.w / size;
        copy.push(Dim { extent: l.extent, out: stride, sources: [step], summed: false });
        l.w = stride * size;
        if more > 0 {
            margin = stride;
        }
        stride *= (l.extent + more).cast_signed();
    }
    let elements = stride.cast_unsigned();
    let mut weights = Kept::new(elements * kernels.element.size(), kernels.element.align());
    let to = weights.as_mut_ptr();
    let first = to.wrapping_offset(margin * size);
    let all = Dim { extent: elements, out: 1, sources: [], summed: false };
    // SAFETY: there is room for the weights, and the caller's duties.
    unsafe {
        kernels.scale_all(Dims::from_elem(all, 1), to, RawMode::Assign);
        let read = RawRead { ptr: w, conjugated: false };
        kernels.unary(&mut copy, read, first, RawMode::Assign);
    }
    (weights, first)
}
