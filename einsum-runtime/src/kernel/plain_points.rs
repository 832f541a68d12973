//! Counts the points of nests that plain loops run, so that tests can tell what no other kernel takes.

use core::cell::Cell;

use super::Dims;
use super::prepare::Work;

thread_local! {
    static POINTS: Cell<usize> = const { Cell::new(0) };
}

/// Counts a nest of this thread.
pub(super) fn add<const P: usize>(work: Work, dims: &Dims<P>) {
    if work == Work::Run {
        let points = dims.iter().fold(1_usize, |n, d| n.saturating_mul(d.extent));
        POINTS.set(POINTS.get() + points);
    }
}

/// Returns the points of this thread's nests since the last call.
#[cfg(target_arch = "x86_64")]
pub(crate) fn take() -> usize {
    POINTS.replace(0)
}
