//! Runs nests whose target is worked out: as they are where every source is inside its axes, else by way of buffers.
//!
//! ```text
//! for a block of the kept loops                    taken by threads
//!   for residue classes of windows with steps
//!     for a block of the summed loops
//!       buffers = the sources' elements, and zeros where there are none
//!       target, or a buffer (+)= the block's sums  the kernels, which see arrays without edges
//!   target (+)= that buffer
//! ```

use smallvec::SmallVec;

use super::Job;
use super::affine::{Affine, Line};
use super::blocks::Blocks;
use super::broadcast::Broadcast;
use super::buffer::{Buffer, Layout};
#[cfg(target_arch = "x86_64")]
use super::channels::channels;
use super::classes::{self, classes, stepped, taps_apart};
#[cfg(target_arch = "x86_64")]
use super::direct::own_rows;
use super::direct::{direct, lay, multiply, without_windows};
use super::edges::edges;
use super::few::few;
#[cfg(target_arch = "x86_64")]
use super::positions::Positions;
use super::results::{Results, lanes};
#[cfg(target_arch = "x86_64")]
use super::rows::{are_better_apart, dilated_rows};
#[cfg(target_arch = "x86_64")]
use super::short::short_rows;
use super::solve::added;
#[cfg(target_arch = "x86_64")]
use super::taps::Taps;
use super::tiles::APART;
use super::turned::{Turned, turned};
use crate::kept::Kept;
use crate::kernel::level::Level;
use crate::kernel::raw::{RawKernels, RawMode, RawRead};
use crate::kernel::{Dim, Dims};
use crate::threads::{self, BYTES_MULTIPLIED, Grid, Shared};

/// How many times as long as its kernels a nest takes that goes through buffers, with AVX2 or where rows lie apart in them.
const BUFFERED: f64 = 1.15;

/// The time that a vector of a buffer takes on its way there, in steps of a kernel with AVX-512.
const COPIED: f64 = 12.0;

/// The same for vectors of half a cache line, on images that are read where they lie or from buffers: half of the vectors
/// are in two lines, and so are rows of different channels in one set of the first-level cache.
const NARROW: f64 = 1.15;

/// How a nest is run.
struct Plan {
    /// The nest, or nests whose sums make its sums; all have its kept loops.
    classes: SmallVec<[Class; 4]>,
    results: Option<Results>,
    /// The source with taps, if sums are over rows that are adjacent in both.
    of_taps: Option<usize>,
}

struct Class {
    nest: Affine,
    /// Of the sources that go through buffers.
    layouts: [Option<Layout>; 2],
    blocks: Blocks,
}

/// Runs a nest.
///
/// # Safety
///
/// As [`solve`](super::solve::solve).
pub(super) unsafe fn gather(job: &Job<'_>, nest: &Affine, mode: RawMode) {
    if nest.loops.iter().any(|l| l.extent == 0) {
        // SAFETY: the caller's duties; nothing is read.
        return unsafe { direct(job, nest, mode) };
    }
    // SAFETY: the caller's duties.
    if unsafe { without_windows(job, nest, mode) || few(job, nest, mode) } {
        return;
    }
    #[cfg(target_arch = "x86_64")]
    // SAFETY: the caller's duties.
    if unsafe { channels(job, nest, mode) } {
        return;
    }
    #[cfg(target_arch = "x86_64")]
    // SAFETY: the caller's duties.
    if unsafe {
        dilated_rows(job, nest, mode)
            || are_better_apart(nest, job.kernels.element.size()) && own_rows(job, nest, mode)
            || short_rows(job, nest, mode)
            || own_rows(job, nest, mode)
    } {
        return;
    }
    // SAFETY: the caller's duties; together these are the nest, and they have different results.
    let mut part = |part: &Affine| unsafe { gather(job, part, mode) };
    if edges(nest, job, &mut part).or_else(|| classes::taps(nest, job, &mut part)).is_some() {
        return;
    }
    let turned = turned(nest, job);
    let stepped = match turned {
        Some(turned) if turned.is_stepped(nest) => Some(turned.p),
        Some(_) => None,
        None => stepped(nest, job),
    };
    // Classes are large: they stay where they are made.
    let taps = if turned.is_none() { taps_apart(nest, job) } else { None };
    let mut plan = Plan {
        classes: SmallVec::new(),
        results: None,
        of_taps: taps.and_then(|taps| taps.row.map(|_| taps.p)),
    };
    let mut add = |nest: &Affine| {
        let layouts = core::array::from_fn(|p| {
            let lines = &nest.sources[p];
            let is_inside = |line: &Line| line.has(line.range(nest.loops.iter().map(|l| l.extent)));
            let last = turned.filter(|turned| turned.p == p).map(|turned| turned.line);
            let is_whole = lines.iter().all(is_inside) && stepped != Some(p) && last.is_none();
            let along = taps.filter(|taps| taps.p == p).and_then(|taps| taps.row);
            (!is_whole).then(|| Layout::of(nest, lines, last, along))
        });
        plan.classes.push(Class { nest: nest.clone(), layouts, blocks: Blocks::default() });
    };
    match stepped {
        Some(p) => classes(nest, p, turned.map(|turned| turned.line)).iter().for_each(add),
        None => add(nest),
    }
    let Class { nest: first, layouts, .. } = &plan.classes[0];
    let share = plan.classes.len();
    let extents: SmallVec<[usize; 8]> = first.loops.iter().map(|l| l.extent).collect();
    let row_of = core::array::from_fn(|p| Some(layouts[p].as_ref()?.row(&extents)));
    let dims = whole(first, layouts);
    let (mut results, time) = match turned {
        _ if taps.is_some_and(|taps| taps.row.is_some()) => {
            (None, points(&dims) / lanes(job.kernels).unwrap_or(1) as f64)
        }
        Some(Turned { p, row, .. }) => Results::turned(&dims, p, row, row_of[p], job.kernels),
        None => Results::of(&dims, is_dense(first, layouts), row_of, job.kernels),
    };
    let time = match (stepped.is_some(), Level::current() == Level::Avx2) {
        (true, false) => APART * share as f64 * time,
        (true, true) => NARROW * APART * share as f64 * time,
        (false, false) if layouts.iter().any(Option::is_some) && is_apart(&dims) => BUFFERED * time,
        (false, false) => time + COPIED * vectors(layouts, &extents, job.kernels),
        (false, true) if layouts.iter().any(Option::is_some) => NARROW * BUFFERED * time,
        (false, true) => NARROW * time,
    };
    #[cfg(target_arch = "x86_64")]
    let taps = Taps::of(job, nest, mode, time);
    #[cfg(target_arch = "x86_64")]
    let time = taps.as_ref().map_or(time, |taps| taps.time.min(time));
    #[cfg(target_arch = "x86_64")]
    let positions = Positions::of(job, nest, mode, time);
    #[cfg(target_arch = "x86_64")]
    let time = positions.as_ref().map_or(time, |positions| positions.time);
    if let Some(broadcast) = Broadcast::of(job, nest, time) {
        // SAFETY: the caller's duties.
        return unsafe { broadcast.run(job, nest, mode) };
    }
    #[cfg(target_arch = "x86_64")]
    if let Some(positions) = positions {
        // SAFETY: the caller's duties.
        return unsafe { positions.run(job, nest) };
    }
    #[cfg(target_arch = "x86_64")]
    if let Some(taps) = taps {
        // SAFETY: the caller's duties.
        return unsafe { taps.run(job, nest) };
    }
    if share == 1 && layouts.iter().all(Option::is_none) && results.is_none() {
        // SAFETY: the caller's duties; all positions are inside.
        return unsafe { direct(job, nest, mode) };
    }
    let size = job.kernels.element.size();
    // What classes read lies side by side: it stays in the cache from one to the next.
    let sums_first = plan.of_taps.is_some();
    let blocks = Blocks::of(first, layouts, results.as_ref(), size, share, sums_first);
    #[cfg(test)]
    {
        use super::tests::{Way, take};
        if share > 1 {
            take(Way::Classes);
        }
        if layouts.iter().any(Option::is_some) {
            take(Way::Buffers);
        }
        if turned.is_some() {
            take(Way::Turned);
        }
        if let Some(results) = &results {
            take(if results.is_flat() { Way::FlatResults } else { Way::Results });
        }
    }
    let rows = results.as_mut().and_then(|results| results.fix_pitch(&blocks.extents()));
    plan.results = results;
    for Class { nest, layouts, blocks: own } in &mut plan.classes {
        if let Some((p, pitch)) = rows
            && let Some(layout) = &mut layouts[p]
        {
            layout.pitch = pitch;
        }
        *own = blocks.with_kept_of(nest, layouts, size, share);
    }
    let points = nest.loops.iter().fold(1_usize, |n, l| n.saturating_mul(l.extent));
    let nanoseconds = points.saturating_mul(size) / BYTES_MULTIPLIED;
    let grid = Grid::of([blocks.kept()], [1], threads::pieces(nanoseconds));
    // SAFETY: there are pointers to elements, and numbers and tables that nobody writes.
    let shared = unsafe { Shared::new((job, mode, &plan, &blocks)) };
    threads::each(grid.pieces(), &|piece| {
        let (job, mode, plan, blocks) = shared.get();
        let [range] = grid.piece(piece);
        let bytes = plan.results.as_ref().map(|r| r.elements(&blocks.extents()) * size);
        let mut results = bytes.map(|bytes| Kept::new(bytes, job.kernels.element.align()));
        let results = results.as_mut().map(Kept::as_mut_ptr);
        let mut buffers = plan.classes[0].buffers(job);
        for kept in range {
            // SAFETY: the caller's duties; different blocks write different elements.
            unsafe { block_of_kept(job, mode, plan, &mut buffers, results, kept) };
        }
    });
}

impl Class {
    fn buffers<'b>(&'b self, job: &Job<'b>) -> [Option<Buffer<'b>>; 2] {
        let room = self.blocks.extents();
        core::array::from_fn(|p| {
            self.layouts[p].as_ref().map(|layout| Buffer::new(layout, &room, job.kernels))
        })
    }
}

/// Returns the loops with the steps of the sources, or of buffers for all of them.
fn whole(nest: &Affine, layouts: &[Option<Layout>; 2]) -> Dims<2> {
    let extents: SmallVec<[usize; 8]> = nest.loops.iter().map(|l| l.extent).collect();
    let mut dims = nest.dims();
    for (p, (lines, layout)) in nest.sources.iter().zip(layouts).enumerate() {
        let steps = dims.iter_mut().map(|dim| &mut dim.sources[p]);
        match layout {
            Some(layout) => layout.steps(&extents, steps),
            None => {
                lay(lines, steps, core::iter::repeat(0));
            }
        }
    }
    dims
}

fn points(dims: &Dims<2>) -> f64 {
    dims.iter().map(|d| d.extent as f64).product()
}

/// Whether elements that are adjacent in the target lie apart in a source.
fn is_apart(dims: &Dims<2>) -> bool {
    let is_apart = |d: &Dim<2>| d.sources.iter().any(|step| step.abs() > 1);
    dims.iter().any(|d| !d.summed && d.out.abs() == 1 && is_apart(d))
}

/// Returns how many vectors the rows of all buffers have.
fn vectors(layouts: &[Option<Layout>; 2], extents: &[usize], kernels: &RawKernels) -> f64 {
    let lanes = lanes(kernels).unwrap_or(1);
    let of_layout = |layout: &Layout| {
        let row = layout.row(extents);
        (layout.elements(extents) / row * row.div_ceil(lanes)) as f64
    };
    layouts.iter().flatten().map(of_layout).sum()
}

/// Whether all that lies between the rows of a source, along its axis of adjacent elements, belongs to it.
fn is_dense(nest: &Affine, layouts: &[Option<Layout>; 2]) -> [bool; 2] {
    core::array::from_fn(|p| {
        let lines = &nest.sources[p];
        let row = lines.iter().find(|line| line.stride == 1).map_or(0, |line| line.extent);
        let next = lines.iter().map(|line| line.stride).filter(|s| *s != 1).min();
        layouts[p].is_some() || next == Some(row.cast_signed())
    })
}

/// Runs all that there is for a block of the kept loops.
///
/// # Safety
///
/// As [`gather`]; the buffers are those of the first class, and there is room for results if the plan has some.
unsafe fn block_of_kept<'p>(
    job: &Job<'p>,
    mode: RawMode,
    plan: &'p Plan,
    buffers: &mut [Option<Buffer<'p>>; 2],
    results: Option<*mut u8>,
    kept: usize,
) {
    let mut mode_now = if results.is_some() { RawMode::Assign } else { mode };
    let mut copy = None;
    for (number, class) in plan.classes.iter().enumerate() {
        if plan.classes.len() > 1 {
            *buffers = [const { None }; 2];
            *buffers = class.buffers(job);
        }
        for summed in 0..class.blocks.summed() {
            let parts = class.blocks.at(kept, summed);
            let mut dims = class.nest.dims();
            let mut out = class.nest.out;
            for (dim, part) in dims.iter_mut().zip(&parts) {
                dim.extent = part.len();
                out = out.wrapping_add(dim.out.wrapping_mul(part.start.cast_signed()));
            }
            let reads: [RawRead; 2] = core::array::from_fn(|p| {
                let (read, lines) = (job.sources[p], &class.nest.sources[p]);
                let steps = dims.iter_mut().map(|dim| &mut dim.sources[p]);
                let ptr = match &mut buffers[p] {
                    // SAFETY: the caller's duties.
                    Some(buffer) => unsafe { buffer.fill(job, p, lines, &parts, steps) },
                    None => {
                        let starts = parts.iter().map(|part| part.start.cast_signed());
                        job.source_at(p, lay(lines, steps, starts))
                    }
                };
                RawRead { ptr, ..read }
            });
            let mut to = job.out_at(out);
            if let (Some(form), Some(room)) = (&plan.results, results) {
                let (sums, way) = form.dims(&dims);
                if number == 0 && summed == 0 {
                    copy = Some((way, to));
                }
                (dims, to) = (sums, room);
            }
            // SAFETY: the caller's duties; what is read is in buffers, or inside.
            unsafe { multiply(job, &mut dims, reads, to, mode_now, plan.of_taps) };
            mode_now = added(mode_now);
        }
    }
    if let (Some((mut way, to)), Some(room)) = (copy, results) {
        let read = RawRead { ptr: room, conjugated: false };
        // SAFETY: the caller's duties; all results have been written.
        unsafe { job.kernels.unary(&mut way, read, to, mode) };
    }
}
