//! Weights of stencils, on kernels of their own: a few results, each the sum over whole rows of one source times rows of
//! the other, shifted by the result's place in the window.

use smallvec::SmallVec;

use super::is_stencil;
use crate::kept::Kept;
use crate::kernel::level::kernels_for;
use crate::kernel::raw::{Factor, RawKernels, RawMode, RawRead};
use crate::kernel::table::StepEntry;
use crate::kernel::taps::{TAPS, TapsArguments, TapsSet};
use crate::kernel::x86_64::taps::{F32_AVX2, F32_AVX512, F64_AVX2, F64_AVX512};
use crate::kernel::{Dim, Dims};
use crate::threads::{self, BYTES_MULTIPLIED, Grid, Shared};

/// The most rows of a call: they have a table, which stays in a first-level cache.
const ROWS: usize = if cfg!(test) { 8 } else { 1024 };

/// The most results that read the same rows of the other source, each with a tap of its own.
const ALONE: usize = 64;

/// Nests with fewer products are not worth preparations.
const POINTS: usize = if cfg!(test) { 64 } else { 2048 };

/// A loop; steps in bytes. X is the source that the window is in.
#[derive(Clone, Copy)]
struct Loop {
    extent: usize,
    x: isize,
    y: isize,
    out: isize,
}

/// How a nest is run.
struct Plan {
    set: &'static TapsSet,
    adds: bool,
    /// Which source is X.
    p: usize,
    /// The loop over lanes, and that over taps.
    lanes: Loop,
    taps: Loop,
    /// The other loops that are kept, and those over rows.
    others: SmallVec<[Loop; 8]>,
    rows: SmallVec<[Loop; 8]>,
    points: usize,
}

impl Plan {
    fn of(dims: &Dims<2>, size: usize, mode: RawMode) -> Option<Self> {
        let adds = match mode {
            RawMode::Assign => false,
            RawMode::Scale { alpha: Factor::One, beta: Factor::One } => true,
            RawMode::Scale { .. } => return None,
        };
        let set = kernels_for(size, [&F32_AVX2, &F64_AVX2], [&F32_AVX512, &F64_AVX512])?;
        let is_lane = |d: &Dim<2>| d.summed && d.sources.iter().all(|step| *step == 1);
        let lanes = dims.iter().position(is_lane).filter(|&i| 3 * dims[i].extent >= set.width)?;
        // What is kept along the rows of one source alone.
        let tap = |p: usize| {
            let is_tap = |d: &Dim<2>| {
                let reach = d.sources[p].unsigned_abs().saturating_mul(d.extent - 1);
                !d.summed && d.sources[1 - p] == 0 && (1..dims[lanes].extent).contains(&reach)
            };
            let taps = (0..dims.len()).filter(|&i| is_tap(&dims[i]));
            taps.min_by_key(|&i| dims[i].sources[p].unsigned_abs()).map(|i| (p, i))
        };
        let points = |has: &dyn Fn(&Dim<2>) -> bool| {
            let extents = dims.iter().filter(|d| has(d)).map(|d| d.extent);
            extents.fold(1_usize, usize::saturating_mul)
        };
        // A window one wide, in few rows.
        let single = |p: usize| {
            let rows = points(&|d| !d.summed && d.sources[p] != 0 && d.sources[1 - p] == 0);
            (2..=ALONE).contains(&rows).then_some((p, None))
        };
        let tap = |p: usize| tap(p).map(|(p, taps)| (p, Some(taps)));
        let (p, taps) = tap(0).or_else(|| tap(1)).or_else(|| single(0)).or_else(|| single(1))?;
        let columns = points(&|d| !d.summed && d.sources[p] == 0 && d.sources[1 - p] != 0);
        let all = points(&|_| true);
        if !is_stencil(columns) || all < POINTS {
            return None;
        }
        let bytes = |step: isize| step.wrapping_mul(size.cast_signed());
        let own = |d: &Dim<2>| Loop {
            extent: d.extent,
            x: bytes(d.sources[p]),
            y: bytes(d.sources[1 - p]),
            out: bytes(d.out),
        };
        let rest = |summed: bool| {
            let is_rest =
                move |i: &usize| *i != lanes && Some(*i) != taps && dims[*i].summed == summed;
            (0..dims.len()).filter(is_rest).map(|i| own(&dims[i])).collect()
        };
        Some(Plan {
            set,
            adds,
            p,
            lanes: own(&dims[lanes]),
            taps: taps.map_or(Loop { extent: 1, x: 0, y: 0, out: 0 }, |taps| own(&dims[taps])),
            others: rest(false),
            rows: rest(true),
            points: all,
        })
    }
}

/// Returns the offsets in X and Y of a point of loops, of which the last runs fastest, and in the output.
fn offsets(loops: &[Loop], point: usize) -> [isize; 3] {
    let mut rest = point;
    let mut offsets = [0_isize; 3];
    for l in loops.iter().rev() {
        let at = (rest % l.extent).cast_signed();
        rest /= l.extent;
        for (offset, step) in offsets.iter_mut().zip([l.x, l.y, l.out]) {
            *offset = offset.wrapping_add(step.wrapping_mul(at));
        }
    }
    offsets
}

fn points(loops: &[Loop]) -> usize {
    loops.iter().fold(1_usize, |n, l| n.saturating_mul(l.extent))
}

/// Runs a nest so, if it can be; else does nothing and returns `false`.
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
) -> bool {
    if dims.iter().any(|d| d.extent == 0) {
        return false;
    }
    let size = kernels.element.size();
    let Some(plan) = Plan::of(dims, size, mode) else { return false };
    #[cfg(test)]
    super::tests::take(super::tests::Way::Taps);
    let rows = points(&plan.rows);
    let most = rows.min(ROWS);
    let mut table = Kept::new(most * size_of::<StepEntry>(), align_of::<StepEntry>());
    let entries = table.as_mut_ptr().cast::<StepEntry>();
    let calls = plan.taps.extent.div_ceil(TAPS);
    let nanoseconds = plan.points.saturating_mul(size) / BYTES_MULTIPLIED;
    let grid = Grid::of([points(&plan.others), calls], [1, 1], threads::pieces(nanoseconds));
    let mut first = 0;
    while first < rows {
        let count = most.min(rows - first);
        for i in 0..count {
            let [x, y, _] = offsets(&plan.rows, first + i);
            // SAFETY: there is room for so many.
            unsafe { entries.add(i).write(StepEntry { x, y }) };
        }
        let all = Tables {
            rows: entries,
            count,
            x: reads[plan.p].ptr,
            y: reads[1 - plan.p].ptr,
            c: out,
            adds: plan.adds || first > 0,
        };
        // SAFETY: there are pointers to elements, and numbers and tables that nobody writes.
        let shared = unsafe { Shared::new((&raw const plan, &raw const all)) };
        threads::each(grid.pieces(), &|piece| {
            let (plan, all) = shared.get();
            let [others, calls] = grid.piece(piece);
            for other in others {
                for call in calls.clone() {
                    // SAFETY: both live until all pieces are done; the caller's duties; calls write different elements.
                    unsafe { (*plan).call(&*all, other, call) };
                }
            }
        });
        first += count;
    }
    true
}

/// What all pieces read, and where they write.
struct Tables {
    rows: *const StepEntry,
    count: usize,
    x: *const u8,
    y: *const u8,
    c: *mut u8,
    adds: bool,
}

impl Plan {
    /// Forms the sums of a few taps at a point of the other loops.
    ///
    /// # Safety
    ///
    /// As [`taps`].
    unsafe fn call(&self, all: &Tables, other: usize, call: usize) {
        let [x, y, c] = offsets(&self.others, other);
        let calls = self.taps.extent.div_ceil(TAPS);
        // Evenly split.
        let start = |call: usize| self.taps.extent * call / calls;
        let first = start(call).cast_signed();
        let count = start(call + 1) - start(call);
        let vectors = self.lanes.extent.div_ceil(self.set.width) - 1;
        let arguments = TapsArguments {
            x: all.x.wrapping_offset(x).wrapping_offset(self.taps.x.wrapping_mul(first)),
            y: all.y.wrapping_offset(y),
            c: all.c.wrapping_offset(c).wrapping_offset(self.taps.out.wrapping_mul(first)),
            rows: all.rows,
            rows_end: all.rows.wrapping_add(all.count),
            vectors,
            last_mask: (self.set.mask)(self.lanes.extent - vectors * self.set.width),
            x_tap: self.taps.x,
            c_tap: self.taps.out,
            adds: usize::from(all.adds),
        };
        // SAFETY: the caller's duties; there are so many rows, lanes, and taps.
        unsafe { self.set.kernels[count - 1](&arguments) };
    }
}
