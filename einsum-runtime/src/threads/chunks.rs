//! Sums of few results, in chunks of a summed loop.
//!
//! Where results are too few to be divided (a Gram matrix of many points, a dot product), threads take parts of the sums:
//!
//! ```text
//! results of chunk[c] = Σ over the loop's points in chunk c       any thread, in memory of its own
//! output = Σ_c results of chunk[c]                                in order
//! ```
//!
//! The way in which a sum is formed shows in its last bits. So chunks are made by extents alone, for any number of threads,
//! and one thread takes the same ones.

use smallvec::SmallVec;

use super::{BYTES_MOVED, BYTES_MULTIPLIED, Grid, PIECE, Shared, each_of, is_long};
use crate::element::Element;
use crate::kept::Kept;
use crate::kernel::raw::RawRead;
use crate::kernel::{Dim, Dims, Kernel, Mode, Read};
use crate::sort::sort_by_key;

/// About how many chunks there are.
const CHUNKS: usize = 16;

/// Chunks with fewer points are too small for kernels.
const POINTS: usize = 8192;

/// The most bytes of the results of all chunks.
const BYTES: usize = 2 << 20;

/// For every byte of the results of chunks, the least time that all takes, in nanoseconds: 3 % of it are spent on writing,
/// reading, and adding these up in caches.
const OF_BYTE: usize = 2;

/// Chunks of a loop along which elements are adjacent are multiples of so many.
const ROW: usize = 64;

/// Rows of sums are not divided into less than so many elements, nor so long rows put together.
const WHOLE_ROW: usize = 4096;

/// Cache lines.
const LINE: usize = 64;

/// Chunks of a summed loop.
struct Chunks {
    /// The loop.
    number: usize,
    grid: Grid<1>,
    /// About the time that all of them take on one thread.
    nanoseconds: usize,
    /// The results of each.
    results: usize,
}

impl Chunks {
    /// Returns the chunks of a nest of elements of a size, if there are to be any.
    #[inline]
    fn of<const P: usize>(dims: &[Dim<P>], size: usize) -> Option<Self> {
        let count = |has: &dyn Fn(&Dim<P>) -> bool| {
            dims.iter().filter(|d| has(d)).fold(size, |n, d| n.saturating_mul(d.extent))
        };
        let all = count(&|_| true);
        // Every source is at most that large.
        if !is_long(all / BYTES_MOVED * P) {
            return None;
        }
        let sources = (0..P).fold(0_usize, |n, p| n.saturating_add(count(&|d| d.sources[p] != 0)));
        let nanoseconds = (sources / BYTES_MOVED).max(all / BYTES_MULTIPLIED);
        let results = count(&|d| !d.summed);
        let wanted = CHUNKS
            .min(nanoseconds / (2 * PIECE))
            .min(all / size / POINTS)
            .min(nanoseconds / OF_BYTE / results);
        if !is_long(nanoseconds) || wanted < 2 || results > BYTES / CHUNKS || is_divisible(dims) {
            return None;
        }
        let grain = |d: &Dim<P>| if has_row(d) { ROW } else { 1 };
        let parts = |d: &Dim<P>| (d.extent / grain(d)).min(wanted);
        // An outer loop rather than an inner one, if there is one that is long enough: first of all of the first source, by
        // whose rows kernels go.
        let steps = |d: &Dim<P>| d.sources.map(isize::unsigned_abs);
        let outermost = |d: &Dim<P>| (steps(d).into_iter().max(), steps(d)[0]);
        let summed = (0..dims.len()).filter(|&i| dims[i].summed);
        let number = summed.max_by_key(|&i| (parts(&dims[i]), outermost(&dims[i])))?;
        let grid = Grid::of([dims[number].extent], [grain(&dims[number])], wanted);
        (grid.pieces() > 1).then_some(Chunks { number, grid, nanoseconds, results: results / size })
    }
}

/// Whether kept loops have enough points that threads can share without reading more, and kernels without taking shorter rows.
fn is_divisible<const P: usize>(dims: &[Dim<P>]) -> bool {
    let size = |p: usize| {
        let own = dims.iter().filter(|d| d.sources[p] != 0);
        own.fold(1_usize, |n, d| n.saturating_mul(d.extent))
    };
    let sizes: [usize; P] = core::array::from_fn(size);
    let largest = sizes.iter().copied().max().unwrap_or(1);
    let large = (0..P).filter(|&p| sizes[p] > largest / CHUNKS);
    // What every large source has.
    let shared = || dims.iter().filter(|d| !d.summed && large.clone().all(|p| d.sources[p] != 0));
    let Some(row) = dims.iter().find(|d| has_row(d)) else { return false };
    // Sums lie along a row, or each is one of whole rows, of which several are read at once.
    let (along, grain) = match row.summed {
        false => (Some(row), WHOLE_ROW),
        true => {
            let innermost = shared().min_by_key(|d| d.sources.map(isize::unsigned_abs));
            (innermost, if row.extent >= WHOLE_ROW { 4 } else { ROW })
        }
    };
    let all = shared().fold(1_usize, |n, d| n.saturating_mul(d.extent));
    let parts = along.map_or(1, |d| (all / d.extent).max(1) * d.extent.div_ceil(grain));
    2 * parts >= CHUNKS
}

/// Whether elements are adjacent along a loop.
fn has_row<const P: usize>(dim: &Dim<P>) -> bool {
    dim.sources.iter().any(|step| step.unsigned_abs() == 1)
}

/// Runs a kernel on the chunks of a nest, and adds up what they make of it. Returns false, with nothing done, if there are to
/// be none.
///
/// # Safety
///
/// As [`Kernels`](crate::kernel::Kernels); `kernel` is one for nests of `P` sources.
#[inline]
pub(crate) unsafe fn in_chunks<T: Element, const P: usize>(
    dims: &[Dim<P>],
    sources: [Read<T>; P],
    out: *mut T,
    mode: Mode<T>,
    kernel: Kernel<T, P>,
) -> bool {
    let size = size_of::<T>();
    let Some(chunks) = Chunks::of(dims, size) else { return false };
    let sum_chunk: &SumChunk<'_, P> = &|dims, sources, sums| {
        // SAFETY: as `SumChunk` says.
        unsafe { kernel(dims, RawRead::all_typed(&sources), sums.cast(), Mode::Assign) }
    };
    let sum_all: &SumAll<'_> = &|dims, sums| {
        let read = Read { ptr: sums.cast(), conjugated: false };
        // SAFETY: as `SumAll` says.
        unsafe { (T::KERNELS.unary)(dims, [read], out, mode) }
    };
    // SAFETY: the caller's duties; the chunks are of this nest.
    unsafe { run(&chunks, dims, RawRead::all_of(&sources), size, sum_chunk, sum_all) }
    true
}

/// Assigns the sums of a chunk, whose points can be read and written as those of a nest.
type SumChunk<'k, const P: usize> = dyn Fn(&mut Dims<P>, [RawRead; P], *mut u8) + Sync + 'k;

/// Adds the sums of all chunks up in the nest's output.
type SumAll<'k> = dyn Fn(&mut Dims<1>, *const u8) + 'k;

/// # Safety
///
/// As [`in_chunks`]; the chunks are those of the dims, and elements have `size` bytes.
#[inline(never)]
unsafe fn run<const P: usize>(
    chunks: &Chunks,
    dims: &[Dim<P>],
    sources: [RawRead; P],
    size: usize,
    sum_chunk: &SumChunk<'_, P>,
    sum_all: &SumAll<'_>,
) {
    let Chunks { number, ref grid, nanoseconds, results } = *chunks;
    let mut own = Dims::from_slice(dims);
    // The results of a chunk are adjacent, in the output's order.
    let mut kept: SmallVec<[usize; 8]> = (0..dims.len()).filter(|&i| !dims[i].summed).collect();
    sort_by_key(&mut kept[..], |&i| dims[i].out.unsigned_abs());
    let mut step = 1;
    for &i in &kept {
        own[i].out = step;
        step *= own[i].extent.cast_signed();
    }
    let count = grid.pieces();
    let mut memory = Kept::new(count * results * size, LINE);
    let sums = memory.as_mut_ptr();
    // SAFETY: these are pointers to elements.
    let shared = unsafe { Shared::new((sources, sums)) };
    each_of(count, nanoseconds, &|chunk| {
        let [range] = grid.piece(chunk);
        let (mut sources, sums) = shared.get();
        let mut part = own.clone();
        let dim = &mut part[number];
        dim.extent = range.len();
        for (source, step) in sources.iter_mut().zip(dim.sources) {
            let elements = range.start.cast_signed() * step;
            source.ptr = source.ptr.wrapping_offset(elements * size.cast_signed());
        }
        // A chunk consists of points, by the caller's duties, and its results have a place of their own.
        sum_chunk(&mut part, sources, sums.wrapping_add(chunk * results * size));
    });
    let mut total = Dims::<1>::new();
    for i in kept {
        let Dim { extent, out, .. } = dims[i];
        total.push(Dim { extent, out, sources: [own[i].out], summed: false });
    }
    total.push(Dim { extent: count, out: 0, sources: [results.cast_signed()], summed: true });
    // The caller's duties for the output; the results of all chunks have been written.
    sum_all(&mut total, sums);
}
