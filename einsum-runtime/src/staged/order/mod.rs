//! Nests that use elements few times, and whose arrays lie in different orders in memory.
//!
//! Such a nest takes as long as its arrays take to pass, if rows of adjacent elements are long in all of them. Where they
//! are not, arrays are copied into the order of another one, block by block: small ones rather than large ones, and of
//! several ways the one that moves the fewest elements.
//!
//! ```text
//! abc,cb->a     y is copied in the order of x: b and c become one loop
//! acbd,dca->ba  y too, once for every b of a block: out[b] = Σ_d Σ_c x[c, (b d)] · y[c, (b d)]
//! ba,ac->cab    results are formed in rows along c, and turned
//! adb,dc->cba   x is copied in the order of the output: [d, (b a)]
//! nij,nji->n    y is copied in the order of x: i and j become one loop of products
//! abc,acb->bca  y is copied in the order of x, and products turned as they are formed
//! c,adbc->dab   sums are formed in rows along (a d b), and turned
//! ac,bcd->dbac  y is copied in the order of the output, and for every a
//! cb,a->abc     x, which has few elements, is copied in the order of the output, once
//! dbca->cbd     sums over a are formed in rows along (b c) for every d of a block, and turned
//! ```

mod few;
mod products;
mod rows;
mod slow;
mod sums;
mod vector;

use super::plan::{Elements, Plan, ROW};
use crate::kernel::{Dim, Dims};
use crate::stream;
pub(super) use few::few;
pub(super) use products::turned_product;
pub(super) use rows::times_copied;
use rows::{Order, by_kind, by_output};
pub(super) use slow::are_turned_dots;
use slow::is_slow;
pub(super) use sums::sum;
pub(super) use vector::vector;

/// Nests with fewer points are not worth the choice; products that would be multiplied element by element are sooner.
const POINTS: usize = if cfg!(test) { 4096 } else { 1 << 16 };
const APART: usize = 4096;

/// The sides of blocks that are transposed in registers.
const SIDE: usize = 8;

/// The most points for every element of the arrays, and the most steps of a sum.
const FEW: usize = 16;

/// Rows of so many elements are long without copies of factors for other loops.
const LONG: usize = 4 * ROW;

/// The bytes of adjacent elements of a block, where an array has such: shorter runs share too many lines with their neighbours.
pub(super) const RUN: usize = 512;

/// In moved elements: the time between rows of one call of a kernel.
pub(super) const NEXT_ROW: usize = 24;

/// Whether a nest has so many points that other orders are considered.
pub(super) fn is_worth(dims: &Dims<2>) -> bool {
    let points = points(dims, |_| true);
    // What is adjacent in a factor makes blocks of registers with the output's rows, if both are long.
    let is_apart = |d: &Dim<2>| {
        let is_run = |p: usize| {
            dims.iter().any(|run| run.sources[p] == 1 && run.extent >= SIDE) && d.extent >= SIDE
        };
        d.out == 1 && (0..2).any(|p| !matches!(d.sources[p], 0 | 1) && !is_run(p))
    };
    let is_product = || !dims.iter().any(|d| d.summed);
    points >= POINTS || points >= APART && is_product() && dims.iter().any(is_apart)
}

/// Whether neither factor has adjacent or constant elements along the output's rows.
pub(super) fn are_apart(dims: &Dims<2>) -> bool {
    dims.iter().any(|d| d.out == 1 && d.sources.iter().all(|s| !matches!(s, 0 | 1)))
}

/// Plans what other kernels would take, but slowly.
pub(super) fn plan(dims: &Dims<2>, elements: Elements) -> Option<Plan<2>> {
    let is_sum = dims.iter().any(|d| d.summed);
    if are_turned_dots(dims, elements) {
        return (0..2).find_map(|x| vector(dims, x, elements));
    }
    if let Some(plan) = (0..2).find_map(|x| sums::of_rows(dims, x, elements.size)) {
        return Some(plan);
    }
    let takes = || !elements.are_complex && stream::takes_product(dims, elements.size);
    if is_sum && !is_slow(dims, elements) || !is_sum && takes() {
        return None;
    }
    let natural = Order { staged: [false; 3], repeated: [false; 2], loops: by_output(dims) };
    let run = natural.run(dims);
    if is_sum {
        return reordered(dims, elements, usize::MAX);
    }
    // Short rows as they lie are often better than long ones of copies.
    let most = match run {
        ROW.. => return None,
        0 | 1 => usize::MAX,
        _ => (points(dims, |_| true) / run).saturating_mul(NEXT_ROW),
    };
    reordered(dims, elements, most)
}

/// Plans a nest whose kernels are to run along kept loops, if that takes less time than to move `most` elements.
pub(super) fn reordered(dims: &Dims<2>, elements: Elements, most: usize) -> Option<Plan<2>> {
    let counts = counts(dims);
    let all = counts.iter().fold(0_usize, |n, &c| n.saturating_add(c));
    if points(dims, |_| true) > FEW.saturating_mul(all) || dims.iter().any(|d| is_shared(dims, d)) {
        return None;
    }
    let mut best: Option<(usize, Plan<2>)> = None;
    let mut try_order = |order: Order| {
        if let Some((cost, plan)) = order.plan(dims, counts, elements)
            && cost < best.as_ref().map_or(most, |(least, _)| *least)
        {
            best = Some((cost, plan));
        }
    };
    let is_sum = dims.iter().any(|d| d.summed);
    for set in 1..8 {
        let staged = [set & 1 != 0, set & 2 != 0, set & 4 != 0];
        if staged[2] {
            for kind in [[true, false], [false, true], [true, true]] {
                if let Some(loops) = by_kind(dims, kind, staged, counts) {
                    try_order(Order { staged, repeated: [false; 2], loops });
                }
            }
            continue;
        }
        for repeated in [[false; 2], [true, false], [false, true], [true; 2]] {
            let is_possible = |p: usize| {
                !repeated[p] || staged[p] && !is_sum && dims.iter().any(|d| d.sources[p] == 0)
            };
            if is_possible(0) && is_possible(1) {
                let order = Order { staged, repeated, loops: by_output(dims) };
                let is_long = repeated == [false; 2] && order.run(dims) >= LONG;
                try_order(order);
                if is_long {
                    break;
                }
            }
        }
    }
    best.map(|(_, plan)| plan)
}

/// Returns the elements of the sources and the output.
fn counts(dims: &Dims<2>) -> [usize; 3] {
    [0, 1, 2].map(|p| points(dims, |d| if p < 2 { d.sources[p] != 0 } else { !d.summed }))
}

/// Returns the points of the loops over one source alone.
fn free(dims: &Dims<2>, p: usize) -> usize {
    points(dims, |d| !d.summed && d.sources[p] != 0 && d.sources[1 - p] == 0)
}

fn points(dims: &Dims<2>, has: impl Fn(&Dim<2>) -> bool) -> usize {
    dims.iter().filter(|d| has(d)).fold(1_usize, |n, d| n.saturating_mul(d.extent))
}

/// Whether another loop runs along the same axis, as those of a window do.
fn is_shared(dims: &Dims<2>, dim: &Dim<2>) -> bool {
    let is_along = |d: &Dim<2>, p: usize| {
        d.sources[p] != 0 && d.sources[p].unsigned_abs() == dim.sources[p].unsigned_abs()
    };
    let count = |p: usize| dims.iter().filter(|d| is_along(d, p)).count();
    count(0) > 1 || count(1) > 1
}
