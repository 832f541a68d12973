//! Sums in the order of their source.

use core::cmp::Reverse;

use super::{FEW, POINTS, RUN, points};
use crate::kernel::Dims;
use crate::sort::sort_by_key;
use crate::staged::plan::{BYTES, Caps, Plan};

/// The most bytes of a sum's terms for which it matters how sums enter the output, and those of rows that are worth a call of
/// a kernel.
const FEW_TERMS: usize = 1024;
const FEW_BYTES: usize = 16 << 10;

/// Rows of a source up to this size, in bytes, are short.
const SHORT: usize = 256;

/// By how much rows are to be more in one call.
const MORE: usize = 4;

/// Plans sums of few terms each in the order of the source, in which they make long rows, where the output has another one.
pub(in crate::staged) fn sum(dims: &Dims<1>, size: usize) -> Option<Plan<1>> {
    let points = |summed: bool| {
        let loops = dims.iter().filter(|d| d.summed == summed);
        loops.fold(1_usize, |n, d| n.saturating_mul(d.extent))
    };
    let terms = points(true);
    let is_few = terms > 1 && terms.saturating_mul(size) <= FEW_TERMS;
    if !is_few || points(false).saturating_mul(terms) < POINTS || !is_nested(dims) {
        return None;
    }
    let mut sorted = Dims::from_slice(dims);
    sort_by_key(&mut sorted[..], |d| (d.summed, Reverse(d.sources[0])));
    let kept = sorted.iter().position(|d| d.summed)?;
    let [.., along] = &sorted[..kept] else { return None };
    let row = dims.iter().find(|d| d.sources[0] == 1)?;
    let is_slow = if row.summed {
        along.out != 1 || along.extent.saturating_mul(row.extent * size) < FEW_BYTES
    } else {
        // Shorter rows are summed in a buffer anyway.
        along.out != 1 && row.extent * size > SHORT && terms <= FEW
    };
    if kept < 2 || !is_slow {
        return None;
    }
    let most = BYTES / 2 / size;
    let mut plan = Plan::of_points(sorted, [false], true);
    plan.complete_runs(RUN / size, most);
    plan.enlarge(most, Caps { row: usize::MAX, other: usize::MAX });
    Some(plan)
}

/// Whether each loop's step in the source is at least as large as the loops inside of it are long.
fn is_nested(dims: &Dims<1>) -> bool {
    let mut dims = Dims::from_slice(dims);
    sort_by_key(&mut dims[..], |d| d.sources[0]);
    let mut end = 1_isize;
    dims.iter().all(|d| {
        let is_outside = d.sources[0] >= end;
        end = d.sources[0].saturating_mul(d.extent.cast_signed());
        is_outside
    })
}

/// Plans sums of products over short rows of X, which has all loops, in the order of X, in which many rows follow each other,
/// where the output has another one: with few rows in a call, calls take longer than sums.
pub(super) fn of_rows(dims: &Dims<2>, x: usize, size: usize) -> Option<Plan<2>> {
    let y = 1 - x;
    let mut sorted = Dims::from_slice(dims);
    sort_by_key(&mut sorted[..], |d| (d.summed, Reverse(d.sources[x])));
    let row = *sorted.last()?;
    let is_row = row.summed && row.sources[x] == 1 && row.sources[y].unsigned_abs() <= 1;
    let kept = sorted.iter().position(|d| d.summed)?;
    let terms = points(dims, |d| d.summed);
    if !is_row || kept < 2 || terms.saturating_mul(size) > FEW_TERMS {
        return None;
    }
    let along = sorted[kept - 1];
    let mut rows = 1_usize;
    for d in sorted[..kept].iter().rev() {
        let follows = |p: usize| {
            let [step, own] = [along, *d].map(|d| d.sources[p]);
            step.checked_mul(rows.cast_signed()) == Some(own)
        };
        if !(follows(x) && follows(y)) {
            break;
        }
        rows = rows.saturating_mul(d.extent);
    }
    let is_call = along.extent.saturating_mul(row.extent * size) >= FEW_BYTES;
    if is_call || rows < MORE * along.extent || dims.iter().any(|d| d.sources[x] <= 0) {
        return None;
    }
    let most = BYTES / 2 / size;
    let mut plan = Plan::of_points(sorted, [false; 2], true);
    plan.complete_runs(RUN / size, most);
    plan.enlarge(most, Caps { row: usize::MAX, other: usize::MAX });
    Some(plan)
}
