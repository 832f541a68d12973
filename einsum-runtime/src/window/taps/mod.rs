//! Weights of windows, on kernels of their own, whose lanes are points of the sum: results are sums over whole rows of one
//! source times rows of the other, shifted by the result's place in the window.
//!
//! ```text
//! for entries that stay in a cache        rows of images, of both sources
//!   for results but those of a call
//!     C[row, tap] += Σ over entries and lanes of  X[entry + tap + lane] · Y[entry + row + lane]
//! ```
//!
//! Nothing is packed, and no copy has zeros: lanes that a tap has not are masked, and entries outside of X left out. Sums stay
//! vectors until all entries are through.

mod plan;

use super::affine::Affine;
use super::direct::as_they_lie;
use super::{Job, is_stencil};
use crate::kept::Kept;
use crate::kernel::Dims;
use crate::kernel::raw::{RawKernels, RawMode, RawRead};
use crate::kernel::table::StepEntry;
use crate::kernel::taps::{FROM_SUMS, TAPS, TO_SUMS, TapsArguments};
use crate::threads::{self, BYTES_MULTIPLIED, Grid, Shared};
pub(super) use plan::times_apart;
use plan::{Plan, offsets, points};

/// Sums along rows are worth it for so much of the time that they take elsewhere, about which less is known, the least where
/// taps lie apart.
const WORTH: [f64; 2] = if cfg!(test) { [1.0; 2] } else { [0.92, 0.7] };

/// The most bytes of sums that are kept as vectors.
const SUMS: usize = if cfg!(test) { 4 << 10 } else { 256 << 10 };

/// Weights of a nest that is run on its sources as they lie.
pub(super) struct Taps {
    plan: Plan,
    reads: [RawRead; 2],
    /// In steps of the engine's kernels.
    pub(super) time: f64,
}

impl Taps {
    /// Returns the way, if a nest can be run so, in less than some time unless elements are used a few times only.
    pub(super) fn of(job: &Job<'_>, nest: &Affine, mode: RawMode, time: f64) -> Option<Self> {
        if job.is_single || !job.kernels.is_real || nest.loops.iter().any(|l| l.extent == 0) {
            return None;
        }
        let (dims, reads) = as_they_lie(job, nest);
        let plan = Plan::of(&dims, job.kernels.element.size(), mode, None)?.with_edges(nest)?;
        let own = plan.time();
        let worth = WORTH[usize::from(plan.taps.x.abs() != plan.lanes.x)];
        let is_better = is_stencil(plan.columns()) || own < worth * time;
        (plan.has_ends() && is_better).then_some(Taps { plan, reads, time: own })
    }

    /// Runs the nest.
    ///
    /// # Safety
    ///
    /// As [`gather`](super::gather::gather), for the nest that this was made for.
    pub(super) unsafe fn run(&self, job: &Job<'_>, nest: &Affine) {
        #[cfg(test)]
        super::tests::take(super::tests::Way::TapsAtEdges);
        // SAFETY: the caller's duties; of the axes of X only what is inside is read.
        unsafe { run(&self.plan, job.kernels, self.reads, job.out_at(nest.out)) }
    }
}

/// Runs a nest that is inside of its sources so, if it can be, and elements are used a few times only unless X is known;
/// else does nothing and returns `false`.
///
/// # Safety
///
/// As [`Kernels`](crate::kernel::Kernels); elements are real numbers.
pub(super) unsafe fn taps(
    kernels: &RawKernels,
    dims: &Dims<2>,
    reads: [RawRead; 2],
    out: *mut u8,
    mode: RawMode,
    x: Option<usize>,
) -> bool {
    if dims.iter().any(|d| d.extent == 0) {
        return false;
    }
    let plan = Plan::of(dims, kernels.element.size(), mode, x);
    let Some(plan) = plan.filter(|plan| x.is_some() || is_stencil(plan.columns())) else {
        return false;
    };
    #[cfg(test)]
    {
        use super::tests::{Way, take};
        take(if x.is_some() { Way::TapsTogether } else { Way::Taps });
    }
    // SAFETY: the caller's duties.
    unsafe { run(&plan, kernels, reads, out) };
    true
}

/// # Safety
///
/// As [`taps`], for the plan of the nest; what of X is outside of its edges need not exist.
unsafe fn run(plan: &Plan, kernels: &RawKernels, reads: [RawRead; 2], out: *mut u8) {
    let (steps, classes) = plan.classes();
    let [most, chunk] = plan.at_once(classes);
    let entries = points(&plan.entries);
    let masks = masks_of(plan);
    let nanoseconds = plan.points.saturating_mul(kernels.element.size()) / BYTES_MULTIPLIED;
    let (others, calls) = (points(&plan.others), plan.calls_of_taps());
    let grid = Grid::of([others, calls], [1, 1], threads::pieces(nanoseconds));
    let mut table = Kept::new(classes * most * size_of::<StepEntry>(), align_of::<StepEntry>());
    let to = table.as_mut_ptr().cast::<StepEntry>();
    let room = classes * most.div_ceil(chunk) + 1;
    let mut ends = Kept::new(room * size_of::<usize>(), align_of::<usize>());
    let ends = ends.as_mut_ptr().cast::<usize>();
    // SAFETY: there is room for a zero.
    unsafe { ends.write(0) };
    for first in (0..entries).step_by(most) {
        let some = first..entries.min(first + most);
        // By class, then by chunk.
        let (mut count, mut parts) = (0, 0);
        for class in 0..classes {
            for start in some.clone().step_by(chunk) {
                for entry in start..some.end.min(start + chunk) {
                    if plan.has_entry(&steps, class, entry) {
                        let [x, y, _] = offsets(&plan.entries, entry);
                        // SAFETY: there is room for the entries of every class.
                        unsafe { to.add(count).write(StepEntry { x, y }) };
                        count += 1;
                    }
                }
                parts += 1;
                // SAFETY: there is room for the chunks of every class.
                unsafe { ends.add(parts).write(count) };
            }
        }
        let all = Tables {
            entries: to,
            ends,
            chunks: some.len().div_ceil(chunk),
            steps: &steps,
            masks: masks.as_ptr(),
            x: reads[plan.p].ptr,
            y: reads[1 - plan.p].ptr,
            c: out,
            adds: plan.adds || first > 0,
        };
        // SAFETY: there are pointers to elements, and numbers and tables that nobody writes.
        let shared = unsafe { Shared::new((&raw const *plan, &raw const all)) };
        threads::each(grid.pieces(), &|piece| {
            let (plan, all) = shared.get();
            let [others, calls] = grid.piece(piece);
            for call in calls {
                // SAFETY: both live until all pieces are done; the caller's duties; calls write different elements.
                unsafe { (*plan).call(&*all, others.clone(), call) };
            }
        });
    }
}

/// The masks of every call for taps, one after the other.
fn masks_of(plan: &Plan) -> Kept {
    let calls = plan.calls_of_taps();
    let mut memory = Kept::new(calls * of_call(plan), 64);
    for call in 0..calls {
        let (first, end) = (plan.first_tap(call), plan.first_tap(call + 1));
        let to = memory.as_mut_ptr().wrapping_add(call * of_call(plan));
        // SAFETY: there is room for those of the most taps.
        unsafe { plan.put_masks(to, first, end - first) };
    }
    memory
}

/// Returns the bytes of the masks of a call.
fn of_call(plan: &Plan) -> usize {
    (2 * TAPS + 1) * plan.set.mask_bytes
}

/// A point of the other loops.
#[derive(Clone, Copy)]
struct Place {
    /// In X, Y, and C.
    offsets: [isize; 3],
    /// The number of the first chunk of its class.
    chunks: usize,
}

/// What all pieces read, and where they write.
struct Tables<'t> {
    entries: *const StepEntry,
    /// Where those of each class and chunk end, after a zero.
    ends: *const usize,
    chunks: usize,
    /// From a point of the other loops to the next in the number of its class.
    steps: &'t [usize],
    masks: *const u8,
    x: *const u8,
    y: *const u8,
    c: *mut u8,
    adds: bool,
}

impl Plan {
    /// Forms the sums of the taps of a call at points of the other loops.
    ///
    /// # Safety
    ///
    /// As [`run`].
    unsafe fn call(&self, all: &Tables<'_>, others: core::ops::Range<usize>, call: usize) {
        let (first, end) = (self.first_tap(call), self.first_tap(call + 1));
        let taps = end - first;
        let first = first.cast_signed();
        let vector = self.set.width * self.lanes.x.unsigned_abs();
        // Rows of Y stay in a cache while all others read them.
        let of_other = (taps << self.blocks(taps).map(|(_, log)| log).max().unwrap_or(0)) * vector;
        let at_once = (SUMS / of_other).clamp(1, others.len().max(1));
        let mut sums = Kept::new(if all.chunks > 1 { at_once * of_other } else { 0 }, 64);
        let mut places = Kept::new(at_once * size_of::<Place>(), align_of::<Place>());
        let places = places.as_mut_ptr().cast::<Place>();
        for start in others.clone().step_by(at_once) {
            let some = start..others.end.min(start + at_once);
            let count = some.len();
            for (number, other) in some.enumerate() {
                let chunks = self.class(all.steps, other) * all.chunks;
                // SAFETY: there is room for as many as are formed at once.
                unsafe {
                    places
                        .add(number)
                        .write(Place { offsets: offsets(&self.others, other), chunks });
                }
            }
            for (row, log) in self.blocks(taps) {
                let row = row.cast_signed();
                for chunk in 0..all.chunks {
                    let (is_first, is_last) = (chunk == 0, chunk + 1 == all.chunks);
                    for number in 0..count {
                        // SAFETY: it has been written.
                        let Place { offsets: [x, y, c], chunks } = unsafe { *places.add(number) };
                        let part = chunks + chunk;
                        // SAFETY: there are ends of the chunks of every class.
                        let [start, end] = [part, part + 1].map(|i| unsafe { *all.ends.add(i) });
                        let to = c.wrapping_add(self.taps.out.wrapping_mul(first));
                        let arguments = TapsArguments {
                            x: all.x.wrapping_offset(x.wrapping_add(self.taps.x * first)),
                            y: all.y.wrapping_offset(y.wrapping_add(self.rows.y * row)),
                            c: all.c.wrapping_offset(to.wrapping_add(self.rows.out * row)),
                            entries: all.entries.wrapping_add(start),
                            entries_end: all.entries.wrapping_add(end),
                            vectors: self.vectors() - 1,
                            masks: all.masks.wrapping_add(call * of_call(self)),
                            x_tap: self.taps.x,
                            c_tap: self.taps.out,
                            adds: usize::from(all.adds),
                            y_row: self.rows.y,
                            c_row: self.rows.out,
                            sums: sums.as_mut_ptr().wrapping_add(number * of_other),
                            flow: if is_first { 0 } else { FROM_SUMS }
                                | if is_last { 0 } else { TO_SUMS },
                        };
                        // SAFETY: the caller's duties; there are so many entries, lanes, rows, and taps.
                        unsafe { self.set.kernels[taps - 1][log](&arguments) };
                    }
                }
            }
        }
    }

    /// Returns the number of the class of a point of the other loops.
    fn class(&self, steps: &[usize], other: usize) -> usize {
        let mut rest = other;
        let mut class = 0;
        for (l, step) in self.others.iter().zip(steps).rev() {
            class += rest % l.extent * step;
            rest /= l.extent;
        }
        class
    }
}
