//! Nests of a few dozen points: plain loops, without the choices that pay only for larger ones.

use super::raw::{RawMode, RawRead};
use super::{Dim, Mode};
use crate::element::Element;

/// The most loops that a tiny nest keeps and sums.
pub(crate) const KEPT: usize = 3;
pub(crate) const SUMMED: usize = 2;
pub(crate) const LOOPS: usize = KEPT + SUMMED;

/// The most points of a tiny nest: up to here choosing costs more than it saves.
pub(crate) const POINTS: usize = 64;

/// The loops of a tiny nest, outermost first. Those that are not there have extent 1.
pub(crate) struct Tiny<const P: usize> {
    kept: [Dim<P>; KEPT],
    summed: [Dim<P>; SUMMED],
}

impl<const P: usize> Tiny<P> {
    /// At most [`KEPT`] and [`SUMMED`] loops.
    pub(crate) fn new(kept: &[Dim<P>], summed: &[Dim<P>]) -> Self {
        let absent = |summed| Dim { extent: 1, out: 0, sources: [0; P], summed };
        let mut nest = Tiny { kept: [absent(false); KEPT], summed: [absent(true); SUMMED] };
        // The innermost slots are used: what is not there is outside.
        nest.kept[KEPT - kept.len()..].copy_from_slice(kept);
        nest.summed[SUMMED - summed.len()..].copy_from_slice(summed);
        nest
    }
}

/// A kernel for tiny nests of one element type.
pub(crate) type TinyKernel<const P: usize> = unsafe fn(&Tiny<P>, [RawRead; P], *mut u8, RawMode);

/// Runs a tiny nest.
///
/// # Safety
///
/// As [`Kernels`](super::Kernels), for elements `T`; factors of the mode can be read.
pub(crate) unsafe fn tiny<T: Element, const P: usize>(
    nest: &Tiny<P>,
    sources: [RawRead; P],
    out: *mut u8,
    mode: RawMode,
) {
    // SAFETY: the caller's duties.
    unsafe {
        match sources.iter().any(|source| source.conjugated) {
            false => run::<T, P, false>(nest, sources, out, mode),
            true => run::<T, P, true>(nest, sources, out, mode),
        }
    }
}

/// # Safety
///
/// As [`tiny`]. Unless `CONJ`, no source is conjugated.
#[inline]
unsafe fn run<T: Element, const P: usize, const CONJ: bool>(
    nest: &Tiny<P>,
    sources: [RawRead; P],
    out: *mut u8,
    mode: RawMode,
) {
    // SAFETY: the caller's duty.
    let mode = unsafe { mode.typed::<T>() };
    let conjugated = sources.map(|source| CONJ && source.conjugated);
    let start = Place { out: out.cast::<T>(), sources: sources.map(|source| source.ptr.cast()) };
    let [k0, k1, k2] = nest.kept;
    let summed = nest.summed;
    let mut i = start;
    for _ in 0..k0.extent {
        let mut j = i;
        for _ in 0..k1.extent {
            let mut k = j;
            for _ in 0..k2.extent {
                // SAFETY: the caller's duties: these are the points of the nest.
                unsafe { put(mode, sum(&summed, k, conjugated), k.out) };
                k.step(&k2);
            }
            j.step(&k1);
        }
        i.step(&k0);
    }
}

/// A point of the loops in every array.
#[derive(Clone, Copy)]
struct Place<T, const P: usize> {
    out: *mut T,
    sources: [*const T; P],
}

impl<T, const P: usize> Place<T, P> {
    /// Moves on by one iteration. Behind the last one the pointers dangle.
    #[inline(always)]
    fn step(&mut self, dim: &Dim<P>) {
        self.out = self.out.wrapping_offset(dim.out);
        for (source, step) in self.sources.iter_mut().zip(dim.sources) {
            *source = source.wrapping_offset(step);
        }
    }
}

/// Sums the products over the summed loops from a point on.
///
/// # Safety
///
/// Every source can be read at every point of the loops.
#[inline(always)]
unsafe fn sum<T: Element, const P: usize>(
    [s0, s1]: &[Dim<P>; SUMMED],
    start: Place<T, P>,
    conjugated: [bool; P],
) -> T {
    let product = |place: &Place<T, P>| {
        let factor = |p: usize| {
            // SAFETY: the caller's duties.
            let element = unsafe { place.sources[p].read() };
            if conjugated[p] { T::conj(element) } else { element }
        };
        (1..P).fold(factor(0), |x, p| T::mul(x, factor(p)))
    };
    if s0.extent == 0 || s1.extent == 0 {
        return T::ZERO;
    }
    let mut sum = product(&start);
    let (mut outer, mut inner) = (start, start);
    // One loop over all points: there are few, and two loops would begin twice.
    let (mut rows, mut columns) = (s0.extent, s1.extent);
    loop {
        columns -= 1;
        if columns == 0 {
            rows -= 1;
            if rows == 0 {
                return sum;
            }
            outer.step(s0);
            inner = outer;
            columns = s1.extent;
        } else {
            inner.step(s1);
        }
        sum = T::add(sum, product(&inner));
    }
}

/// # Safety
///
/// `out` can be written, and holds a value unless the mode is an assignment.
#[inline(always)]
unsafe fn put<T: Element>(mode: Mode<T>, sum: T, out: *mut T) {
    // SAFETY: the caller's duties.
    unsafe {
        match mode {
            Mode::Assign => out.write(sum),
            Mode::Scale { .. } => mode.put_row(&[sum], out, 0),
        }
    }
}
