//! Sums of one source or of products of two, without packing: reductions and small or thin contractions.
//!
//! One dim is the vector dim. If it is summed, each output element is a sum of dot products along it. If it is kept, a
//! run of outputs along it is accumulated in a buffer in L1, one row for every point of the summed dims. Either way
//! every output element is written once, when its sum is complete.

use core::mem::MaybeUninit;

use super::walk::walk;
use super::{Dim, Dims, Mode, Read, loops_of};
use crate::element::Element;
use crate::sort::sort_by_key;

/// The length of the buffer of sums: 16 KB of `f64`, as short runs of long rows defeat the prefetcher.
const RUN: usize = 2048;

/// The same for elements that are so large that the stack must be spared.
const SHORT_RUN: usize = 64;

/// Partial sums of a unit-step row, so that the additions of a row do not wait for each other.
const LANES: usize = 16;

/// The sources of a sum: one, or two that are multiplied.
pub(super) trait Terms<T: Element, const P: usize>: Copy {
    /// Returns the sum over a row of `len` points from `at`.
    ///
    /// # Safety
    ///
    /// Every source can be read at `len` points from `at`, at its step.
    unsafe fn sum_row(self, len: usize, at: [isize; P], steps: [isize; P]) -> T;

    /// Adds the terms of a row from `at` to `sums`, one each.
    ///
    /// # Safety
    ///
    /// Every source can be read at `sums.len()` points from `at`, at its step.
    unsafe fn add_row(self, sums: &mut [T], at: [isize; P], steps: [isize; P]);

    /// Adds the sum over a row to each of `sums`, whose rows begin `along` apart.
    ///
    /// # Safety
    ///
    /// As [`sum_row`](Terms::sum_row), for every one of `sums`.
    #[inline]
    unsafe fn sum_rows(self, sums: &mut [T], mut at: [isize; P], row: &Dim<P>, along: [isize; P]) {
        for sum in sums {
            // SAFETY: the caller's duties.
            *sum = T::add(*sum, unsafe { self.sum_row(row.extent, at, row.sources) });
            at = plus(at, along);
        }
    }

    /// Adds the terms of rows to `sums`, one for every step of `across`.
    ///
    /// # Safety
    ///
    /// As [`add_row`](Terms::add_row), at every step.
    #[inline]
    unsafe fn add_rows(
        self,
        sums: &mut [T],
        mut at: [isize; P],
        steps: [isize; P],
        across: &Dim<P>,
    ) {
        for _ in 0..across.extent {
            // SAFETY: the caller's duties.
            unsafe { self.add_row(sums, at, steps) };
            at = plus(at, across.sources);
        }
    }
}

/// `out[o] (+)= Σ terms`.
///
/// # Safety
///
/// As [`Kernels`](super::Kernels), after [`prepare`](super::prepare::prepare).
pub(super) unsafe fn accumulate<T: Element, S: Terms<T, P>, const P: usize>(
    dims: &mut Dims<P>,
    terms: S,
    out: *mut T,
    mode: Mode<T>,
) {
    // SAFETY: the caller's duties.
    unsafe {
        if const { size_of::<T>() <= 16 } {
            runs::<T, S, P, RUN>(dims, terms, out, mode);
        } else {
            runs::<T, S, P, SHORT_RUN>(dims, terms, out, mode);
        }
    }
}

/// # Safety
///
/// As [`accumulate`].
unsafe fn runs<T: Element, S: Terms<T, P>, const P: usize, const RUN: usize>(
    dims: &mut Dims<P>,
    terms: S,
    out: *mut T,
    mode: Mode<T>,
) {
    let Loops { vector, mut kept, mut summed } = Loops::of(dims);
    let once = |summed| Dim { extent: 1, out: 0, sources: [0; P], summed };
    // Sums are formed in a row: along the vector dim, or of rows along it.
    let along = if vector.summed { kept.pop().unwrap_or(once(false)) } else { vector };
    let across = if vector.summed { once(true) } else { summed.pop().unwrap_or(once(true)) };
    let mut buffer = [const { MaybeUninit::uninit() }; RUN];
    for (o, s) in walk(&kept) {
        for start in (0..along.extent).step_by(RUN) {
            let sums = zeros(&mut buffer, RUN.min(along.extent - start));
            let start = start.cast_signed();
            let s = plus(s, along.sources.map(|step| step * start));
            for (_, t) in walk(&summed) {
                let at = plus(s, t);
                // SAFETY: the rows consist of points of the dims.
                unsafe {
                    if vector.summed {
                        terms.sum_rows(sums, at, &vector, along.sources);
                    } else {
                        terms.add_rows(sums, at, vector.sources, &across);
                    }
                }
            }
            let to = out.wrapping_offset(o + start * along.out);
            // SAFETY: the run consists of points of the dims.
            unsafe { mode.put_long_sums(sums, to, along.out) }
        }
    }
}

/// The loops of a nest: the vector dim, and the others.
struct Loops<const P: usize> {
    vector: Dim<P>,
    kept: Dims<P>,
    summed: Dims<P>,
}

impl<const P: usize> Loops<P> {
    fn of(dims: &mut Dims<P>) -> Self {
        // Larger steps first, so that walks go through memory in order.
        sort_by_key(&mut dims[..], |d| core::cmp::Reverse(reach(d)));
        let vector = match (0..dims.len()).min_by_key(|&i| cost(&dims[i])) {
            Some(best) => dims.remove(best),
            None => Dim { extent: 1, out: 0, sources: [0; P], summed: true },
        };
        Loops { vector, kept: loops_of(dims, false), summed: loops_of(dims, true) }
    }
}

/// Returns the first `len` elements, set to zero.
fn zeros<T: Element>(buffer: &mut [MaybeUninit<T>], len: usize) -> &mut [T] {
    for element in &mut buffer[..len] {
        element.write(T::ZERO);
    }
    // SAFETY: these elements have just been written.
    unsafe { buffer[..len].assume_init_mut() }
}

/// The memory that a dim steps through.
fn reach<const P: usize>(dim: &Dim<P>) -> usize {
    dim.sources.iter().fold(0, |sum, s| sum.saturating_add(s.unsigned_abs()))
}

/// An estimate of the time for one point if `dim` is the vector dim: cache lines touched, and the start of a row.
fn cost<const P: usize>(dim: &Dim<P>) -> usize {
    const LINE: usize = 8;
    let lines: usize = dim.sources.iter().map(|s| s.unsigned_abs().min(LINE)).sum();
    16 * lines + dim.out.unsigned_abs().min(LINE) + 256 / dim.extent
}

#[inline]
fn plus<const P: usize>(mut a: [isize; P], b: [isize; P]) -> [isize; P] {
    for (a, b) in a.iter_mut().zip(b) {
        *a += b;
    }
    a
}

impl<T: Element> Terms<T, 1> for [Read<T>; 1] {
    #[inline]
    unsafe fn sum_row(self, len: usize, [at]: [isize; 1], [step]: [isize; 1]) -> T {
        let [source] = self;
        let from = source.ptr.wrapping_offset(at);
        if step == 1 {
            // SAFETY: the caller's duties; nobody writes to a source.
            let row = unsafe { core::slice::from_raw_parts(from, len) };
            let (chunks, rest) = row.as_chunks::<LANES>();
            let mut lanes = [T::ZERO; LANES];
            for chunk in chunks {
                for (lane, &x) in lanes.iter_mut().zip(chunk) {
                    *lane = T::add(*lane, x);
                }
            }
            // Conjugation respects sums, so once is enough.
            return source.value(T::add(total(lanes), rest.iter().copied().fold(T::ZERO, T::add)));
        }
        // SAFETY: the caller's duties.
        source.value(sum_of(len, |i| unsafe { from.offset(i * step).read() }))
    }

    #[inline]
    unsafe fn add_row(self, sums: &mut [T], [at]: [isize; 1], [step]: [isize; 1]) {
        let [source] = self;
        let from = source.ptr.wrapping_offset(at);
        if step == 1 {
            // SAFETY: the caller's duties; nobody writes to a source.
            let row = unsafe { core::slice::from_raw_parts(from, sums.len()) };
            for (sum, &x) in sums.iter_mut().zip(row) {
                *sum = T::add(*sum, source.value(x));
            }
            return;
        }
        for (i, sum) in (0..).zip(sums) {
            // SAFETY: the caller's duties.
            let x = unsafe { from.offset(i * step).read() };
            *sum = T::add(*sum, source.value(x));
        }
    }
}

impl<T: Element> Terms<T, 2> for [Read<T>; 2] {
    #[inline]
    unsafe fn sum_row(self, len: usize, at: [isize; 2], steps: [isize; 2]) -> T {
        let [first, second] = self;
        let (x, y) = (first.ptr.wrapping_offset(at[0]), second.ptr.wrapping_offset(at[1]));
        if steps == [1, 1] {
            // SAFETY: the caller's duties; nobody writes to a source.
            let (x, y) = unsafe {
                (core::slice::from_raw_parts(x, len), core::slice::from_raw_parts(y, len))
            };
            let ((xs, x_rest), (ys, y_rest)) = (x.as_chunks::<LANES>(), y.as_chunks::<LANES>());
            let product = |x, y| T::mul(first.value(x), second.value(y));
            let mut lanes = [T::ZERO; LANES];
            for (xs, ys) in xs.iter().zip(ys) {
                for ((lane, &x), &y) in lanes.iter_mut().zip(xs).zip(ys) {
                    *lane = T::add(*lane, product(x, y));
                }
            }
            let rest = x_rest.iter().zip(y_rest).map(|(&x, &y)| product(x, y));
            return T::add(total(lanes), rest.fold(T::ZERO, T::add));
        }
        sum_of(len, |i| {
            // SAFETY: the caller's duties.
            let (x, y) = unsafe { (x.offset(i * steps[0]).read(), y.offset(i * steps[1]).read()) };
            T::mul(first.value(x), second.value(y))
        })
    }

    #[inline]
    unsafe fn add_row(self, sums: &mut [T], at: [isize; 2], steps: [isize; 2]) {
        let ([mut first, mut second], mut at, mut steps) = (self, at, steps);
        if steps == [1, 0] {
            // Factors commute.
            core::mem::swap(&mut first, &mut second);
            at.reverse();
            steps.reverse();
        }
        let (x, y) = (first.ptr.wrapping_offset(at[0]), second.ptr.wrapping_offset(at[1]));
        let len = sums.len();
        // SAFETY: the caller's duties; nobody writes to a source.
        let row = |from: *const T| unsafe { core::slice::from_raw_parts(from, len) };
        match steps {
            [1, 1] => {
                for ((sum, &x), &y) in sums.iter_mut().zip(row(x)).zip(row(y)) {
                    *sum = T::add(*sum, T::mul(first.value(x), second.value(y)));
                }
            }
            [0, 1] => {
                // SAFETY: the caller's duties, as rows are not empty.
                let x = first.value(unsafe { x.read() });
                for (sum, &y) in sums.iter_mut().zip(row(y)) {
                    *sum = T::add(*sum, T::mul(x, second.value(y)));
                }
            }
            [x_step, y_step] => {
                for (i, sum) in (0..).zip(sums) {
                    // SAFETY: the caller's duties.
                    let (x, y) =
                        unsafe { (x.offset(i * x_step).read(), y.offset(i * y_step).read()) };
                    *sum = T::add(*sum, T::mul(first.value(x), second.value(y)));
                }
            }
        }
    }
}

/// Sums `len` values with four partial sums.
#[inline]
fn sum_of<T: Element>(len: usize, value: impl Fn(isize) -> T) -> T {
    let len = len.cast_signed();
    let mut lanes = [T::ZERO; 4];
    let mut i = 0;
    while i + 4 <= len {
        for (lane, at) in lanes.iter_mut().zip(i..) {
            *lane = T::add(*lane, value(at));
        }
        i += 4;
    }
    (i..len).map(value).fold(total(lanes), T::add)
}

/// Sums partial sums pairwise.
#[inline]
fn total<T: Element, const N: usize>(mut lanes: [T; N]) -> T {
    let mut half = N / 2;
    while half > 0 {
        for i in 0..half {
            lanes[i] = T::add(lanes[i], lanes[i + half]);
        }
        half /= 2;
    }
    lanes[0]
}
