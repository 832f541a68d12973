//! Complex contractions as real ones: all products of parts for themselves, put together in the end.
//!
//! ```text
//! S[p, q] = Σ x[part p] · y[part q]                  a contraction of real numbers with two more loops
//! Σ s(x)·t(y) = S[0,0] - στ·S[1,1] + i·(τ·S[0,1] + σ·S[1,0])       σ, τ = -1 where x, y is conjugated
//! ```

use num_complex::Complex;
use smallvec::SmallVec;

use super::buffers::with_buffers;
use super::plan::BYTES;
use super::{Staged, binary, binary_here, unary_here};
use crate::engine;
use crate::kernel::prepare::prepare;
use crate::kernel::{Dim, Dims, Mode, Read};

/// Contracts complex numbers, whose parts are `R`. Returns true.
///
/// # Safety
///
/// As [`binary`].
pub(super) unsafe fn contract<R>(
    dims: &Dims<2>,
    sources: [Read<Complex<R>>; 2],
    out: *mut Complex<R>,
    mode: Mode<Complex<R>>,
) -> bool
where
    R: Staged + core::ops::Neg<Output = R>,
    Complex<R>: Staged,
{
    let mut kept: Dims<2> = dims.iter().filter(|d| !d.summed).copied().collect();
    let summed: Dims<2> = dims.iter().filter(|d| d.summed).copied().collect();
    // The lanes: of the loops over results, the longest.
    kept.sort_by_key(|d| d.extent);
    let blocks = blocks(&kept, BYTES / (4 * size_of::<R>()));
    let most: usize = blocks.iter().product();
    let bytes = most * size_of::<R>();
    with_buffers([4 * bytes, 2 * bytes], |[planes, results]| {
        let (planes, results) = (planes.cast::<R>(), results.cast::<R>());
        let mut start: SmallVec<[usize; 8]> = SmallVec::from_elem(0, kept.len());
        loop {
            let mut nest: Dims<2> = Dims::new();
            let mut put: Dims<1> = Dims::new();
            let (mut x, mut y) = (sources[0].ptr, sources[1].ptr);
            let (mut to, mut count) = (out, 1_usize);
            for i in (0..kept.len()).rev() {
                let at = start[i].cast_signed();
                let Dim { out, sources: [x_step, y_step], summed, .. } = kept[i];
                let extent = blocks[i].min(kept[i].extent - start[i]);
                (x, y) = (x.wrapping_offset(at * x_step), y.wrapping_offset(at * y_step));
                to = to.wrapping_offset(at * out);
                let step = count.cast_signed();
                nest.push(Dim { extent, out: step, sources: [2 * x_step, 2 * y_step], summed });
                put.push(Dim { extent, out, sources: [step], summed });
                count *= extent;
            }
            let twice = |d: &Dim<2>| Dim { sources: d.sources.map(|step| 2 * step), ..*d };
            nest.extend(summed.iter().map(twice));
            let plane = count.cast_signed();
            let part = |out, sources| Dim { extent: 2, out, sources, summed: false };
            nest.push(part(2 * plane, [1, 0]));
            nest.push(part(plane, [0, 1]));
            let parts = [x, y].map(|ptr| Read { ptr: ptr.cast::<R>(), conjugated: false });
            // SAFETY: the caller's duties, as an element is two parts; planes have room for the sums.
            unsafe {
                real(&mut nest, parts, planes);
                let [sigma, tau] = sources.map(|s| s.conjugated);
                let sign = |negative: bool| if negative { -R::ONE } else { R::ONE };
                let set = |plane: usize, part: usize, alpha: R, beta: R| {
                    let from = planes.wrapping_add(plane * count);
                    let read = Read { ptr: from.cast_const(), conjugated: false };
                    let along = Dim { extent: count, out: 2, sources: [1], summed: false };
                    let to = results.wrapping_add(part);
                    let mode = Mode::Scale { alpha, beta };
                    unary_here(&mut Dims::from_slice(&[along]), [read], to, mode);
                };
                set(0, 0, R::ONE, R::ZERO);
                set(3, 0, sign(sigma == tau), R::ONE);
                set(1, 1, sign(tau), R::ZERO);
                set(2, 1, sign(sigma), R::ONE);
                let read =
                    Read { ptr: results.cast::<Complex<R>>().cast_const(), conjugated: false };
                unary_here(&mut put, [read], to, mode);
            }
            if !advance(&mut start, &kept, &blocks) {
                return;
            }
        }
    });
    true
}

/// Contracts real numbers, through buffers if necessary.
///
/// # Safety
///
/// As [`Kernels`](crate::kernel::Kernels).
unsafe fn real<R: Staged>(dims: &mut Dims<2>, mut sources: [Read<R>; 2], mut out: *mut R) {
    let mut prepared = dims.clone();
    let (before, at) = (sources, out);
    let _runs = prepare(&mut prepared, &mut sources, &mut out);
    // SAFETY: the caller's duties; `prepare` keeps the points.
    unsafe {
        let is_engine = engine::contract(&prepared, sources, out, Mode::Assign);
        if !is_engine && !binary(&prepared, sources, out, Mode::Assign) {
            binary_here(dims, before, at, Mode::Assign);
        }
    }
}

/// The most lanes of a block: the other loops are to have room too, as operands are read again for every block of them.
const LANES: usize = 512;

/// Returns the extents of blocks of up to `most` points.
fn blocks(kept: &Dims<2>, most: usize) -> SmallVec<[usize; 8]> {
    let mut blocks: SmallVec<[usize; 8]> = SmallVec::from_elem(1, kept.len());
    let mut room = most;
    for i in (0..kept.len()).rev() {
        let wanted = if i + 1 == kept.len() { LANES } else { usize::MAX };
        blocks[i] = kept[i].extent.min(wanted).min(room);
        room /= blocks[i];
    }
    blocks
}

/// Goes to the next block, or returns false after the last.
fn advance(start: &mut [usize], kept: &Dims<2>, blocks: &[usize]) -> bool {
    for i in (0..kept.len()).rev() {
        start[i] += blocks[i];
        if start[i] < kept[i].extent {
            return true;
        }
        start[i] = 0;
    }
    false
}
