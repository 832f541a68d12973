//! Nests of a few dozen points: plain loops, without the choices that pay only for larger ones.

use super::raw::{RawMode, RawRead};
use super::{Dim, Mode};
use crate::element::Element;

#[cfg(all(target_arch = "x86_64", not(miri)))]
pub(crate) mod real;

/// The most loops that a tiny nest keeps and sums.
pub(crate) const KEPT: usize = 3;
pub(crate) const SUMMED: usize = 2;
pub(crate) const LOOPS: usize = KEPT + SUMMED;

/// The most points of a tiny nest: up to here choosing costs more than it saves.
pub(crate) const POINTS: usize = 64;

/// Returns the most points of a tiny nest with so many loops that it keeps and sums. Sums of real numbers run in vectors.
#[inline]
pub(crate) fn most_points(is_real: bool, kept: usize, summed: usize) -> usize {
    if !is_real || summed == 0 {
        POINTS
    } else if kept + summed <= 2 {
        1024
    } else {
        512
    }
}

/// The loops of a tiny nest, outermost first: [`KEPT`] that are kept, [`SUMMED`] that are summed. Those that are not there
/// have extent 1 and no steps, and are outside of the others of their kind.
pub(crate) struct Tiny<const P: usize> {
    dims: [Dim<P>; LOOPS],
}

impl<const P: usize> Tiny<P> {
    /// What is not there. Nobody asks a tiny nest which of its loops are summed.
    const ABSENT: Dim<P> = Dim { extent: 1, out: 0, sources: [0; P], summed: false };

    /// A nest without loops.
    // A constant is copied as a whole, also in a debug build.
    pub(crate) const EMPTY: Self = Tiny { dims: [Self::ABSENT; LOOPS] };

    /// A nest of at most [`KEPT`] and [`SUMMED`] loops.
    pub(crate) fn of(kept: &[Dim<P>], summed: &[Dim<P>]) -> Self {
        let mut nest = Tiny::EMPTY;
        let loops = nest.loops(kept.len(), summed.len());
        loops[..kept.len()].copy_from_slice(kept);
        loops[kept.len()..].copy_from_slice(summed);
        nest.move_inside(summed.len());
        nest
    }

    /// The loops of a nest that is to have so many, those that are kept first. When they are there, they are to be
    /// [moved inside](Tiny::move_inside).
    ///
    /// # Panics
    ///
    /// If they are more than [`KEPT`] and [`SUMMED`].
    #[inline]
    pub(crate) fn loops(&mut self, kept: usize, summed: usize) -> &mut [Dim<P>] {
        &mut self.dims[KEPT - kept..KEPT + summed]
    }

    /// Gives loops of which `summed` are summed the places of the innermost.
    #[inline]
    pub(crate) fn move_inside(&mut self, summed: usize) {
        if summed == 1 {
            self.dims[LOOPS - 1] = self.dims[KEPT];
            self.dims[KEPT] = Self::ABSENT;
        }
    }

    #[cfg(all(target_arch = "x86_64", not(miri)))]
    fn has_empty_loop(&self) -> bool {
        let [k0, k1, k2, s0, s1] = &self.dims;
        k0.extent == 0 || k1.extent == 0 || k2.extent == 0 || s0.extent == 0 || s1.extent == 0
    }
}

/// A kernel for tiny nests of one element type.
pub(crate) type TinyKernel<const P: usize> = unsafe fn(&Tiny<P>, [RawRead; P], *mut u8, RawMode);

/// Runs a tiny nest on one source or two.
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
        let is_conjugated = sources[0].conjugated || sources[P - 1].conjugated;
        match is_conjugated {
            false => run::<T, P, false>(nest, sources, out, mode),
            true => run::<T, P, true>(nest, sources, out, mode),
        }
    }
}

/// # Safety
///
/// As [`tiny`]. Unless `CONJ`, no source is conjugated.
// Iterators and closures would make most of what a call of a few points takes in a debug build.
#[inline]
unsafe fn run<T: Element, const P: usize, const CONJ: bool>(
    nest: &Tiny<P>,
    sources: [RawRead; P],
    out: *mut u8,
    mode: RawMode,
) {
    // SAFETY: the caller's duty.
    let mode = unsafe { mode.typed::<T>() };
    let out = out.cast::<T>();
    let [k0, k1, k2, s0, s1] = &nest.dims;
    let mut i = Offsets { out: 0, sources: [0; P] };
    let mut count = k0.extent;
    while count > 0 {
        let mut j = i;
        let mut count1 = k1.extent;
        while count1 > 0 {
            let mut k = j;
            let mut count2 = k2.extent;
            while count2 > 0 {
                // SAFETY: the caller's duties: these are the points of the nest.
                unsafe {
                    let sum = sum::<T, P, CONJ>([s0, s1], k, &sources);
                    put(mode, sum, out.wrapping_offset(k.out));
                }
                k.step(k2);
                count2 -= 1;
            }
            j.step(k1);
            count1 -= 1;
        }
        i.step(k0);
        count -= 1;
    }
}

/// A point of the loops: where it lies in every array.
#[derive(Clone, Copy)]
struct Offsets<const P: usize> {
    out: isize,
    sources: [isize; P],
}

impl<const P: usize> Offsets<P> {
    /// Moves on by one iteration. Behind the last one the point lies nowhere.
    #[inline(always)]
    fn step(&mut self, dim: &Dim<P>) {
        self.out = self.out.wrapping_add(dim.out);
        let mut p = 0;
        while p < P {
            self.sources[p] = self.sources[p].wrapping_add(dim.sources[p]);
            p += 1;
        }
    }
}

/// Sums the products over the summed loops from a point on.
///
/// # Safety
///
/// Every source can be read at every point of the loops.
#[inline(always)]
unsafe fn sum<T: Element, const P: usize, const CONJ: bool>(
    [s0, s1]: [&Dim<P>; SUMMED],
    start: Offsets<P>,
    sources: &[RawRead; P],
) -> T {
    let (mut sum, mut is_first) = (T::ZERO, true);
    let mut outer = start;
    let mut rows = s0.extent;
    while rows > 0 {
        let mut inner = outer;
        let mut columns = s1.extent;
        while columns > 0 {
            // SAFETY: the caller's duties.
            let mut product = unsafe { read::<T, CONJ>(sources[0], inner.sources[0]) };
            let mut p = 1;
            while p < P {
                // SAFETY: as above.
                product = T::mul(product, unsafe { read::<T, CONJ>(sources[p], inner.sources[p]) });
                p += 1;
            }
            sum = if is_first { product } else { T::add(sum, product) };
            is_first = false;
            inner.step(s1);
            columns -= 1;
        }
        outer.step(s0);
        rows -= 1;
    }
    sum
}

/// # Safety
///
/// The source can be read at the offset.
#[inline(always)]
unsafe fn read<T: Element, const CONJ: bool>(source: RawRead, offset: isize) -> T {
    // SAFETY: the caller's duty.
    let element = unsafe { *source.ptr.cast::<T>().wrapping_offset(offset) };
    if CONJ && source.conjugated { T::conj(element) } else { element }
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
