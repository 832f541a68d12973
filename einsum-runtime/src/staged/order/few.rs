//! Products with factors of few elements, each of which is used many times, that lie in another order than the output.

use super::rows::by_output;
use super::{counts, points};
use crate::kernel::Dims;
use crate::staged::plan::{BYTES, Elements, Plan};

/// Products with fewer elements are not worth a copy.
const POINTS: usize = 4096;

/// The fewest times that an element is used which is copied before: to copy one takes as long as a few products.
const USES: usize = 3;

/// In what order loops around so many adjacent elements of the output run through a factor does not matter.
const ROW: usize = 16;

/// Plans to copy the factors that lie in another order than the output, whole, if all of these are few.
///
/// ```text
/// cb,a->abc      the first factor is copied: rows are (b c)
/// db,ca->badc    both are
/// ```
pub(in crate::staged) fn few(dims: &Dims<2>, elements: Elements) -> Option<Plan<2>> {
    let all = points(dims, |_| true);
    if all < POINTS || dims.iter().any(|d| d.summed) {
        return None;
    }
    let loops = by_output(dims);
    let is_copied = [0, 1].map(|p| {
        let (mut inner, mut own) = (1_usize, 1_usize);
        for d in loops.iter().map(|&i| &dims[i]) {
            if inner >= ROW {
                break;
            }
            if d.sources[p] != 0 && d.sources[p] != own.cast_signed() {
                return true;
            }
            inner = inner.saturating_mul(d.extent);
            if d.sources[p] != 0 {
                own = own.saturating_mul(d.extent);
            }
        }
        false
    });
    let counts = counts(dims);
    let is_few =
        |p: usize| counts[p].saturating_mul(USES) <= all && counts[p] * elements.size <= BYTES;
    if is_copied == [false; 2] || (0..2).any(|p| is_copied[p] && !is_few(p)) {
        return None;
    }
    let sorted = loops.iter().rev().map(|&i| dims[i]).collect();
    let mut plan = Plan::of_points(sorted, is_copied, false);
    for (block, d) in plan.blocks.iter_mut().zip(&plan.dims) {
        *block = d.extent;
    }
    Some(plan)
}
