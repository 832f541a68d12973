//! Products of two factors that both lie in another order than the output, and not in the same one.

use core::cmp::Reverse;

use smallvec::SmallVec;

use super::{counts, points};
use crate::kernel::Dims;
use crate::sort::sort_by_key;
use crate::staged::blocks::dims_of_block;
use crate::staged::plan::{BYTES, Caps, Elements, Plan};
use crate::stream;

/// The bytes of a block that are adjacent in the copied factor, and those in the output: a few lines each, so that the other
/// factor has long rows.
const RUN: usize = 128;

/// Plans to copy a factor into the order of the other one, in which the product is formed and [turned] on its way to the output.
/// That moves one array where to copy both into the output's order would move two.
///
/// [turned]: stream::is_turned_product
pub(in crate::staged) fn turned_product(dims: &Dims<2>, elements: Elements) -> Option<Plan<2>> {
    let innermost = |p: usize| dims.iter().position(|d| d.sources[p] == 1);
    let of_output = dims.iter().position(|d| d.out == 1)?;
    let is_other = |p: usize| innermost(p).is_some_and(|i| i != of_output);
    if dims.iter().any(|d| d.summed) || !(is_other(0) && is_other(1)) {
        return None;
    }
    let counts = counts(dims);
    let all = points(dims, |_| true);
    // The one that is copied is the smaller one, or that which makes longer rows of the other.
    let mut copied = [0, 1];
    sort_by_key(&mut copied, |&y| (counts[y], Reverse(innermost(1 - y).map(|i| dims[i].extent))));
    copied.into_iter().find_map(|y| {
        let (row, run) = (innermost(1 - y)?, innermost(y)?);
        // What does not change along rows is read as it lies.
        if counts[1 - y] < all || row == run || dims[row].sources[y] == 0 {
            return None;
        }
        let of_run = RUN / elements.size;
        let wanted = |i: usize| if i == run || i == of_output { of_run } else { 1 };
        let blocks = (0..dims.len()).map(|i| dims[i].extent.min(wanted(i)));
        let mut sources = [false; 2];
        sources[y] = true;
        // In the order of the output, but for rows of X: its lines are written one after the other.
        let mut order: SmallVec<[(usize, usize); 8]> = blocks.enumerate().collect();
        sort_by_key(&mut order[..], |&(i, _)| (i == row, Reverse(dims[i].out)));
        let mut plan =
            Plan::of_points(order.iter().map(|&(i, _)| dims[i]).collect(), sources, false);
        plan.blocks = order.iter().map(|&(_, block)| block).collect();
        plan.enlarge(BYTES / 2 / elements.size, Caps { row: usize::MAX, other: 1 });
        let Elements { size, are_complex } = elements;
        stream::is_turned_product(&dims_of_block(&plan), size, are_complex).then_some(plan)
    })
}
