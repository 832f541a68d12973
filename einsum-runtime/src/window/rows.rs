//! Stencils on kernels of their own: windows with one result for all that they read, so that there is no product of
//! matrices inside. Rows of results are sums of shifted rows; two rows are formed at a time where they read the same:
//!
//! ```text
//! out[2y + r] = Σ over i < U + 1 of  X[2y + i] · W'[i − r],    W' = W, and zero outside of it
//! ```
//!
//! That takes (U + 1) / U as many products, but every element of X is loaded for two of them, and loads are what takes
//! the time. A zero times what is not finite is not zero; hence where a sum is no number, rows are formed one by one.

use smallvec::SmallVec;

use super::is_stencil;
use crate::kept::Kept;
use crate::kernel::raw::{Factor, RawKernels, RawMode, RawRead};
use crate::kernel::rows::{RowsArguments, RowsSet};
use crate::kernel::table::StepEntry;
use crate::kernel::x86_64::rows::{ROWS_32, ROWS_64};
use crate::kernel::{Dim, Dims};
use crate::threads::{self, BYTES_MULTIPLIED, Grid, Shared};

/// The most products of a sum: they have a table, which stays in a first-level cache.
const STEPS: usize = 1024;

/// The most products of a sum of which two rows are formed at a time: longer sums are columns, which use a load for four
/// ([`stencil`](super::stencil)).
const PAIRED: usize = 200;

/// The most bytes of weights with zeros.
const BYTES: usize = 256 << 10;

/// Nests with fewer products are not worth preparations.
const POINTS: usize = if cfg!(test) { 64 } else { 512 };

/// How many times the time that products take elsewhere they take here.
const TIMES: usize = 2;

/// A loop; steps in bytes.
#[derive(Clone, Copy)]
struct Loop {
    extent: usize,
    x: isize,
    w: isize,
    out: isize,
}

/// How a nest is run.
struct Plan {
    set: &'static RowsSet,
    adds: bool,
    /// Which source is X.
    p: usize,
    /// The loop over lanes.
    lanes: Loop,
    /// The loop whose points are rows: over pairs of them if `u` is there.
    rows: Loop,
    /// The window's loop that reads what `rows` reads, if two rows are formed at a time.
    u: Option<Loop>,
    /// Whether there is one row more than pairs.
    is_odd: bool,
    others: SmallVec<[Loop; 8]>,
    summed: SmallVec<[Loop; 8]>,
    points: usize,
}

impl Plan {
    fn of(dims: &Dims<2>, size: usize, mode: RawMode) -> Option<Self> {
        let adds = match mode {
            RawMode::Assign => false,
            RawMode::Scale { alpha: Factor::One, beta: Factor::One } => true,
            RawMode::Scale { .. } => return None,
        };
        let set = if size == 4 { &ROWS_32 } else { &ROWS_64 };
        let lanes = dims.iter().position(|d| !d.summed && d.out == 1 && d.extent > 1)?;
        let of_lanes = dims[lanes];
        let p = (0..2).find(|&p| of_lanes.sources[p] == 1 && of_lanes.sources[1 - p] == 0)?;
        let q = 1 - p;
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
        {
            return None;
        }
        let bytes = |step: isize| step.wrapping_mul(size.cast_signed());
        let own = |d: &Dim<2>| Loop {
            extent: d.extent,
            x: bytes(d.sources[p]),
            w: bytes(d.sources[q]),
            out: bytes(d.out),
        };
        // Rows: a loop over X alone, at best one that a window's loop goes along with.
        let is_row = |&i: &usize| {
            let d = &dims[i];
            i != lanes && !d.summed && d.extent > 1 && d.sources[q] == 0
        };
        let window_of = |y: usize| {
            let is_window = |u: &Dim<2>| {
                let is_along = u.sources[p].unsigned_abs() == dims[y].sources[p].unsigned_abs();
                u.summed && u.extent > 1 && u.sources[q] != 0 && is_along
            };
            dims.iter().position(is_window).filter(|_| dims[y].sources[p] > 0)
        };
        let rows = || (0..dims.len()).filter(is_row);
        let pair = rows().find_map(|y| Some((y, window_of(y)?))).filter(|_| !adds);
        if pair.is_some() && steps > PAIRED {
            return None;
        }
        let weights = points(&|d| d.sources[q] != 0);
        let pair = pair.filter(|_| weights.saturating_mul(2 * size) <= BYTES);
        let y = match pair {
            Some((y, _)) => Some(y),
            None => rows().min_by_key(|&i| dims[i].sources[p].unsigned_abs()),
        };
        let mut of_rows = y.map_or(Loop { extent: 1, x: 0, w: 0, out: 0 }, |y| own(&dims[y]));
        let is_odd = pair.is_some() && of_rows.extent % 2 == 1;
        if pair.is_some() {
            of_rows.extent /= 2;
        }
        let u = pair.map(|(_, u)| u);
        let is_other = |i: &usize| *i != lanes && Some(*i) != y && !dims[*i].summed;
        let is_summed = |i: &usize| Some(*i) != u && dims[*i].summed;
        Some(Plan {
            set,
            adds,
            p,
            lanes: own(&of_lanes),
            rows: of_rows,
            u: u.map(|u| own(&dims[u])),
            is_odd,
            others: (0..dims.len()).filter(is_other).map(|i| own(&dims[i])).collect(),
            summed: (0..dims.len()).filter(is_summed).map(|i| own(&dims[i])).collect(),
            points: all,
        })
    }
}

/// Runs a nest so, if it can be; else does nothing and returns `false`.
///
/// # Safety
///
/// As [`Kernels`](crate::kernel::Kernels); elements are real numbers.
pub(super) unsafe fn rows(
    kernels: &RawKernels,
    dims: &Dims<2>,
    reads: [RawRead; 2],
    out: *mut u8,
    mode: RawMode,
) -> bool {
    let size = kernels.element.size();
    let Some(mut plan) = Plan::of(dims, size, mode) else { return false };
    #[cfg(test)]
    super::tests::take(super::tests::Way::Rows);
    let (mut x, mut w) = (reads[plan.p].ptr, reads[1 - plan.p].ptr);
    if let Some(u) = &mut plan.u
        && u.x < 0
    {
        // The other way round.
        let last = u.extent.cast_signed() - 1;
        x = x.wrapping_offset(u.x.wrapping_mul(last));
        w = w.wrapping_offset(u.w.wrapping_mul(last));
        (u.x, u.w) = (u.x.wrapping_neg(), u.w.wrapping_neg());
    }
    let mut weights = None;
    if plan.u.is_some() {
        // SAFETY: the caller's duties.
        let (with_zeros, first) = unsafe { with_zeros(kernels, &mut plan, w) };
        (weights, w) = (Some(with_zeros), first);
    }
    let single: usize = plan.summed.iter().map(|l| l.extent).product();
    let (mut count, mut alone) = (single, single);
    if let Some(u) = plan.u {
        (count, alone) = (single * (u.extent + 1), single * u.extent);
    }
    let mut table = Kept::new(count * size_of::<StepEntry>(), align_of::<StepEntry>());
    let steps = table.as_mut_ptr().cast::<StepEntry>();
    for i in 0..count {
        let mut entry = StepEntry { x: 0, y: 0 };
        let mut rest = i;
        for l in plan.summed.iter().rev() {
            let at = (rest % l.extent).cast_signed();
            rest /= l.extent;
            entry.x = entry.x.wrapping_add(l.x.wrapping_mul(at));
            entry.y = entry.y.wrapping_add(l.w.wrapping_mul(at));
        }
        if let Some(u) = plan.u {
            entry.x = entry.x.wrapping_add(u.x.wrapping_mul(rest.cast_signed()));
            entry.y = entry.y.wrapping_add(u.w.wrapping_mul(rest.cast_signed()));
        }
        // SAFETY: there is room for so many.
        unsafe { steps.add(i).write(entry) };
    }
    let all = Tables { steps, count, alone, x, w, c: out };
    let others = plan.others.iter().fold(1_usize, |n, l| n.saturating_mul(l.extent));
    let vectors = plan.lanes.extent.div_ceil(plan.set.width);
    let nanoseconds = TIMES * plan.points.saturating_mul(size) / BYTES_MULTIPLIED;
    let extents = [others, plan.rows.extent, vectors];
    let grid = Grid::of(extents, [1, 1, 16], threads::pieces(nanoseconds));
    // SAFETY: there are pointers to elements, and numbers and tables that nobody writes.
    let shared = unsafe { Shared::new((&raw const plan, &raw const all)) };
    threads::each(grid.pieces(), &|piece| {
        let (plan, all) = shared.get();
        let [others, rows, vectors] = grid.piece(piece);
        // SAFETY: both live until all pieces are done.
        let (plan, all) = unsafe { (&*plan, &*all) };
        for other in others {
            // SAFETY: the caller's duties; pieces write different elements.
            unsafe { plan.run(all, other, rows.clone(), vectors.clone()) };
        }
    });
    drop(weights);
    true
}

/// Copies the weights, with a zero before and after those of the window's loop. Returns them, and where the first is.
///
/// # Safety
///
/// As [`rows`]; the plan has pairs of rows.
unsafe fn with_zeros(kernels: &RawKernels, plan: &mut Plan, w: *const u8) -> (Kept, *const u8) {
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

/// What all pieces read, and where they write.
struct Tables {
    steps: *const StepEntry,
    /// How many steps two rows have, and one alone: the first of them.
    count: usize,
    alone: usize,
    x: *const u8,
    w: *const u8,
    c: *mut u8,
}

impl Plan {
    /// Forms rows at a point of the other loops.
    ///
    /// # Safety
    ///
    /// As [`rows`].
    unsafe fn run(
        &self,
        all: &Tables,
        other: usize,
        rows: core::ops::Range<usize>,
        vectors: core::ops::Range<usize>,
    ) {
        let width = self.set.width;
        let (mut x, mut w, mut c) = (all.x, all.w, all.c);
        let mut rest = other;
        for l in self.others.iter().rev() {
            let at = (rest % l.extent).cast_signed();
            rest /= l.extent;
            x = x.wrapping_offset(l.x.wrapping_mul(at));
            w = w.wrapping_offset(l.w.wrapping_mul(at));
            c = c.wrapping_offset(l.out.wrapping_mul(at));
        }
        let mut of_rows = Block { x, w, c, rows: self.rows, lanes: 0 };
        if self.u.is_some() {
            of_rows.rows.x = of_rows.rows.x.wrapping_mul(2);
            of_rows.rows.out = of_rows.rows.out.wrapping_mul(2);
        }
        let is_last = rows.end == self.rows.extent;
        let first = rows.start.cast_signed();
        let lane = self.lanes.x.wrapping_mul((vectors.start * width).cast_signed());
        of_rows.x = x.wrapping_offset(of_rows.rows.x.wrapping_mul(first)).wrapping_offset(lane);
        of_rows.c = c.wrapping_offset(of_rows.rows.out.wrapping_mul(first)).wrapping_offset(lane);
        of_rows.rows.extent = rows.len();
        of_rows.lanes = self.lanes.extent.min(vectors.end * width) - vectors.start * width;
        // SAFETY: the caller's duties.
        unsafe {
            if self.u.is_none() {
                self.block(all, of_rows, 1);
                return;
            }
            if of_rows.rows.extent > 0 && self.block(all, of_rows, 2) {
                // Row by row, without zeros.
                for row in 0..2 {
                    let x = of_rows.x.wrapping_offset(self.rows.x * row);
                    let c = of_rows.c.wrapping_offset(self.rows.out * row);
                    self.block(all, Block { x, c, ..of_rows }, 1);
                }
            }
            if self.is_odd && is_last {
                let along = of_rows.rows.extent.cast_signed();
                let x = of_rows.x.wrapping_offset(of_rows.rows.x.wrapping_mul(along));
                let c = of_rows.c.wrapping_offset(of_rows.rows.out.wrapping_mul(along));
                let rows = Loop { extent: 1, ..of_rows.rows };
                self.block(all, Block { x, c, rows, ..of_rows }, 1);
            }
        }
    }

    /// Forms a block of results, and returns whether one of two rows' may be no number.
    ///
    /// # Safety
    ///
    /// As [`rows`].
    unsafe fn block(&self, all: &Tables, block: Block, rows: usize) -> bool {
        let width = self.set.width;
        let mask = |lanes: usize| (1 << lanes) - 1;
        let vectors = block.lanes.div_ceil(width);
        let last = mask(block.lanes - (vectors - 1) * width);
        let vector = (width * self.lanes.x.cast_unsigned()).cast_signed();
        let count = if rows == 2 { all.count } else { all.alone };
        let mut arguments = RowsArguments {
            x: block.x,
            c: block.c,
            w: block.w,
            steps: all.steps,
            steps_end: all.steps.wrapping_add(count),
            outer: block.rows.extent,
            x_outer: block.rows.x,
            c_outer: block.rows.out,
            vectors,
            x_vector: vector,
            c_vector: vector,
            mask: mask(width),
            last_mask: last,
            w_row: self.u.map_or(0, |u| u.w.wrapping_neg()),
            c_row: self.rows.out,
            adds: usize::from(self.adds),
            is_nan: 0,
        };
        let kernel = self.set.kernels[rows - 1];
        if vectors >= 3 || block.rows.extent == 1 {
            // SAFETY: the caller's duties.
            unsafe { kernel(&mut arguments) };
            return arguments.is_nan != 0;
        }
        // Short rows: vectors are of several rows.
        arguments.outer = 1;
        arguments.vectors = block.rows.extent;
        (arguments.x_vector, arguments.c_vector) = (block.rows.x, block.rows.out);
        for i in 0..vectors.cast_signed() {
            arguments.x = block.x.wrapping_offset(vector * i);
            arguments.c = block.c.wrapping_offset(vector * i);
            let is_last = i + 1 == vectors.cast_signed();
            let lanes = if is_last { last } else { mask(width) };
            (arguments.mask, arguments.last_mask) = (lanes, lanes);
            // SAFETY: the caller's duties.
            unsafe { kernel(&mut arguments) };
        }
        arguments.is_nan != 0
    }
}

/// Rows to be formed.
#[derive(Clone, Copy)]
struct Block {
    x: *const u8,
    w: *const u8,
    c: *mut u8,
    /// The loop over rows, or pairs of them.
    rows: Loop,
    lanes: usize,
}
