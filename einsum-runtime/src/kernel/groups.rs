//! The dims of a contraction in the groups of a matrix product: batch, M, N, and K.

use core::ops::Range;

use super::gemm::Points;
use super::{Dim, Dims, Read};
use crate::sort::sort_by_key;

/// Products of fewer multiplications are not packed.
const LEAST_WORK: usize = 1024;

/// `C[b, m, n] (+)= Σ_k X[b, m, k] · Y[b, k, n]`, every letter a group of dims.
pub(super) struct Groups {
    /// Kept dims of both sources, or of none.
    pub(super) batch: Dims<2>,
    /// Kept dims of the first source.
    pub(super) m: Dims<2>,
    /// Kept dims of the second source; the output's smallest step is here rather than in M.
    pub(super) n: Dims<2>,
    /// Summed dims.
    pub(super) k: Dims<2>,
    /// Whether the sources had to be exchanged for that.
    exchanged: bool,
}

/// Offsets of one position of a group in the output and in the sources.
#[derive(Clone, Copy)]
pub(super) struct Point {
    pub(super) out: isize,
    pub(super) sources: [isize; 2],
}

impl Groups {
    /// Returns the groups if the work on each packed element makes up for packing it.
    pub(super) fn worth_packing(dims: &Dims<2>) -> Option<Self> {
        let points = dims.iter().fold(1_usize, |product, d| product.saturating_mul(d.extent));
        if points < LEAST_WORK {
            return None;
        }
        let mut groups = Groups::of(dims);
        let [m, n, k] = [&groups.m, &groups.n, &groups.k].map(count);
        let is_worth = m.min(n).min(k) >= 4 && m.saturating_mul(n).saturating_mul(k) >= LEAST_WORK;
        if !is_worth || (m.min(n) < 16 && groups.batch.iter().any(is_vector)) {
            return None;
        }
        if smallest_out(&groups.m) < smallest_out(&groups.n) {
            groups.exchange();
        }
        Some(groups)
    }

    fn of(dims: &Dims<2>) -> Self {
        let (batch, m, n, k) = Default::default();
        let mut groups = Groups { batch, m, n, k, exchanged: false };
        for dim in dims {
            let group = match (dim.summed, dim.sources) {
                (true, _) => &mut groups.k,
                (false, [0, 0]) => &mut groups.batch,
                (false, [_, 0]) => &mut groups.m,
                (false, [0, _]) => &mut groups.n,
                (false, _) => &mut groups.batch,
            };
            group.push(*dim);
        }
        for group in [&mut groups.batch, &mut groups.m, &mut groups.n] {
            sort_by_key(&mut group[..], |d| core::cmp::Reverse(d.out));
        }
        let reach = |d: &Dim<2>| d.sources[0].unsigned_abs().max(d.sources[1].unsigned_abs());
        sort_by_key(&mut groups.k[..], |d| core::cmp::Reverse(reach(d)));
        groups
    }

    fn exchange(&mut self) {
        core::mem::swap(&mut self.m, &mut self.n);
        for group in [&mut self.batch, &mut self.m, &mut self.n, &mut self.k] {
            group.iter_mut().for_each(|d| d.sources.reverse());
        }
        self.exchanged = !self.exchanged;
    }

    /// Returns the sources in the order of the groups.
    pub(super) fn sources<T>(&self, [first, second]: [Read<T>; 2]) -> [Read<T>; 2] {
        if self.exchanged { [second, first] } else { [first, second] }
    }
}

/// Returns the number of positions of a group.
pub(super) fn count(dims: &Dims<2>) -> usize {
    dims.iter().fold(1, |product, d| product.saturating_mul(d.extent))
}

fn smallest_out(dims: &Dims<2>) -> isize {
    dims.iter().map(|d| d.out).min().unwrap_or(isize::MAX)
}

/// Whether both sources and the output step through adjacent elements along a dim worth a vector loop.
fn is_vector(dim: &Dim<2>) -> bool {
    dim.out == 1 && dim.sources == [1, 1] && dim.extent >= 16
}

/// Lists the positions in `range` of a group, its last dim running fastest.
pub(super) fn positions(dims: &Dims<2>, range: Range<usize>, points: &mut Points) {
    points.clear();
    let mut index: Dims<2> = Dims::from_slice(dims);
    let mut at = Point { out: 0, sources: [0; 2] };
    // From here on `extent` in `index` counts the steps taken.
    let mut start = range.start;
    for (i, dim) in index.iter_mut().zip(dims).rev() {
        i.extent = start % dim.extent;
        start /= dim.extent;
        at.advance(dim, i.extent.cast_signed());
    }
    for _ in range {
        points.push(at);
        for (i, dim) in index.iter_mut().zip(dims).rev() {
            i.extent += 1;
            if i.extent < dim.extent {
                at.advance(dim, 1);
                break;
            }
            i.extent = 0;
            at.advance(dim, 1 - dim.extent.cast_signed());
        }
    }
}

impl Point {
    #[inline]
    fn advance(&mut self, dim: &Dim<2>, by: isize) {
        self.out += dim.out * by;
        self.sources[0] += dim.sources[0] * by;
        self.sources[1] += dim.sources[1] * by;
    }
}
