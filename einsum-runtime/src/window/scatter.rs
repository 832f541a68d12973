//! Targets that no loops can be found for: every point of some loops adds to the target, one after the other.

use smallvec::SmallVec;

use super::Job;
use super::affine::Affine;
use super::solve::next_axis;
use crate::kernel::raw::RawMode;
use crate::sort::sort_by_key;

/// Runs a nest point by point of as few and short loops as leave one loop for every axis of the target, and one axis for
/// every loop.
///
/// # Safety
///
/// As [`solve`](super::solve::solve), for a mode that adds to what the target holds.
pub(super) unsafe fn scatter(job: &Job<'_>, nest: Affine, mode: RawMode) {
    #[cfg(test)]
    super::tests::take(super::tests::Way::Scatter);
    let fixed = fixed(&nest);
    if fixed.iter().any(|&number| nest.loops[number].extent == 0) {
        return;
    }
    let mut point: SmallVec<[usize; 8]> = SmallVec::from_elem(0, fixed.len());
    loop {
        let mut part = nest.clone();
        for (&number, &at) in fixed.iter().zip(&point) {
            part.restrict(number, at, 1, 1);
            for line in part.sources.iter_mut().flatten().chain(&mut part.target) {
                line.coefficients[number] = 0;
            }
        }
        // SAFETY: the caller's duties.
        unsafe { next_axis(job, part, mode) };
        let mut i = fixed.len();
        loop {
            if i == 0 {
                return;
            }
            i -= 1;
            point[i] += 1;
            if point[i] < nest.loops[fixed[i]].extent {
                break;
            }
            point[i] = 0;
        }
    }
}

/// Returns the loops whose points run one by one.
pub(super) fn fixed(nest: &Affine) -> SmallVec<[usize; 8]> {
    let mut order: SmallVec<[usize; 8]> = (0..nest.loops.len()).collect();
    sort_by_key(&mut order[..], |&number| core::cmp::Reverse(nest.loops[number].extent));
    let mut is_taken: SmallVec<[bool; 4]> = SmallVec::from_elem(false, nest.target.len());
    let mut fixed = SmallVec::new();
    for number in order {
        let axes = || (0..nest.target.len()).filter(|&a| nest.target[a].coefficients[number] != 0);
        if axes().count() > 1 || axes().any(|axis| is_taken[axis]) {
            fixed.push(number);
        } else {
            axes().for_each(|axis| is_taken[axis] = true);
        }
    }
    fixed
}
