//! How sums enter the output: the only thing in a contraction that depends on the element type, besides its [`machine`].
//!
//! What lies between the two is compiled once, and asks a table ([`Sums`]).
//!
//! [`machine`]: super::machine

use num_complex::Complex;

use super::machine::Supported;
use crate::element::Element;
use crate::kernel::raw::RawRead;
use crate::kernel::rotate::{Factors, Part};
use crate::kernel::table::{ADD, SCALE};
use crate::kernel::{Dim, Dims, Mode, Read, scale};

/// An element type of the engine.
pub(crate) trait Contract: Supported + Element {
    /// Returns how sums enter C. `conjugated`: X and Y.
    fn finish(mode: Mode<Self>, conjugated: [bool; 2]) -> Finish;
}

/// How sums enter C, in the terms of the kernels.
pub(crate) struct Finish {
    /// As in [`Arguments`](crate::kernel::table::Arguments).
    pub(super) flags: usize,
    pub(super) alpha: u64,
    pub(super) beta: u64,
    pub(super) one: u64,
    /// For complex elements; alpha is in there.
    pub(super) factors: Option<Factors>,
    /// Whether C must be multiplied by the mode's beta before, because the kernels cannot.
    pub(super) scales_before: bool,
}

/// The arrays of a contraction of `P` sources.
pub(super) struct Arrays<'s, const P: usize> {
    pub(super) sources: [RawRead; P],
    pub(super) out: *mut u8,
    /// Whether sums are assigned.
    pub(super) assigns: bool,
    /// Whether the output's old values matter.
    pub(super) adds: bool,
    pub(super) sums: &'s dyn Sums,
}

/// The pointers to X, Y, and C, and how sums enter that: for real numbers as in [`Arguments`](crate::kernel::table::Arguments),
/// complex ones are assigned.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) x: *const u8,
    pub(super) y: *const u8,
    pub(super) c: *mut u8,
    pub(super) conjugated: [bool; 2],
    pub(super) finish: usize,
    pub(super) alpha: u64,
    pub(super) beta: u64,
    /// One, as an element.
    pub(super) one: u64,
}

impl Arrays<'_, 2> {
    /// Returns X and Y. `exchanged`: whether X is the second source.
    #[inline]
    pub(super) fn operands(&self, exchanged: bool) -> [RawRead; 2] {
        let [first, second] = self.sources;
        if exchanged { [second, first] } else { [first, second] }
    }

    /// Returns what kernels are given.
    #[inline]
    pub(super) fn entry(&self, exchanged: bool) -> Entry {
        self.sums.entry(self.operands(exchanged))
    }
}

/// How sums enter an output.
pub(super) trait Sums {
    /// As [`Contract::finish`].
    fn finish(&self, conjugated: [bool; 2]) -> Finish;

    /// Returns X and Y with the output, as kernels are given them.
    fn entry(&self, operands: [RawRead; 2]) -> Entry;

    /// Multiplies the output by the mode's beta.
    ///
    /// # Safety
    ///
    /// As [`Kernels`](crate::kernel::Kernels), for dims without sources.
    unsafe fn scale_output(&self, dims: Dims<0>);

    /// Sums elements into the output.
    ///
    /// # Safety
    ///
    /// As [`Kernels`](crate::kernel::Kernels), for a source of elements of the output's type.
    unsafe fn sum(&self, dims: &mut Dims<1>, from: *const u8);
}

/// An output, and how sums enter it.
pub(super) struct Output<T> {
    pub(super) out: *mut T,
    pub(super) mode: Mode<T>,
}

impl<T: Contract> Output<T> {
    /// Returns the arrays of a contraction into this output.
    #[inline]
    pub(super) fn arrays<const P: usize>(&self, sources: [Read<T>; P]) -> Arrays<'_, P> {
        Arrays {
            sources: RawRead::all_of(&sources),
            out: self.out.cast(),
            assigns: matches!(self.mode, Mode::Assign),
            adds: matches!(self.mode, Mode::Scale { beta, .. } if beta != T::ZERO),
            sums: self,
        }
    }
}

impl<T: Contract> Sums for Output<T> {
    fn finish(&self, conjugated: [bool; 2]) -> Finish {
        T::finish(self.mode, conjugated)
    }

    fn entry(&self, [x, y]: [RawRead; 2]) -> Entry {
        let conjugated = [x.conjugated, y.conjugated];
        let Finish { flags, alpha, beta, one, .. } = T::finish(self.mode, conjugated);
        let c = self.out.cast();
        Entry { x: x.ptr, y: y.ptr, c, conjugated, finish: flags, alpha, beta, one }
    }

    unsafe fn scale_output(&self, dims: Dims<0>) {
        // SAFETY: the caller's duties.
        unsafe { scale(dims, self.out, self.mode.beta()) }
    }

    unsafe fn sum(&self, dims: &mut Dims<1>, from: *const u8) {
        let read = [Read { ptr: from.cast::<T>(), conjugated: false }];
        // SAFETY: the caller's duties.
        unsafe { (T::KERNELS.unary)(dims, read, self.out, self.mode) }
    }
}

/// Returns the kept loops, as those of a nest that reads nothing.
pub(super) fn kept_loops(dims: &Dims<2>) -> Dims<0> {
    let kept = dims.iter().filter(|d| !d.summed);
    kept.map(|d| Dim { extent: d.extent, out: d.out, sources: [], summed: false }).collect()
}

macro_rules! contract {
    ($($float:ty)*) => { $(
        impl Contract for $float {
            #[inline]
            fn finish(mode: Mode<Self>, _conjugated: [bool; 2]) -> Finish {
                let (alpha, beta) = match mode {
                    Mode::Assign => (1.0, 0.0),
                    Mode::Scale { alpha, beta } => (alpha, beta),
                };
                let scale = if alpha == 1.0 { 0 } else { SCALE };
                let add = if beta == 0.0 { 0 } else { ADD };
                                let (alpha, beta, one) = (alpha.bits(), beta.bits(), <Self as Part>::ONE.bits());
                Finish { flags: scale | add, alpha, beta, one, factors: None, scales_before: false }
            }
        }

        impl Contract for Complex<$float> {
            fn finish(mode: Mode<Self>, [x_conjugated, y_conjugated]: [bool; 2]) -> Finish {
                let (alpha, beta) = match mode {
                    Mode::Assign => (Self::ONE, Self::ZERO),
                    Mode::Scale { alpha, beta } => (alpha, beta),
                };
                let factors = Factors::of([alpha.re, alpha.im], x_conjugated, y_conjugated);
                let flags = if beta == Self::ZERO { 0 } else { ADD };
                let one = <$float as Part>::ONE.bits();
                let scales_before = beta.im != 0.0;
                let beta = if scales_before { one } else { beta.re.bits() };
                Finish { flags, alpha: one, beta, one, factors: Some(factors), scales_before }
            }
        }
    )* };
}
contract!(f32 f64);

macro_rules! contract_integers {
    ($($integer:ty: $bits:ty),*) => { $(
        impl Contract for $integer {
            #[inline]
            fn finish(mode: Mode<Self>, _conjugated: [bool; 2]) -> Finish {
                let (alpha, beta) = match mode {
                    Mode::Assign => (1, 0),
                    Mode::Scale { alpha, beta } => (alpha, beta),
                };
                let scale = if alpha == 1 { 0 } else { SCALE };
                let add = if beta == 0 { 0 } else { ADD };
                let bits = |x: $integer| u64::from(<$bits>::from_ne_bytes(x.to_ne_bytes()));
                let (alpha, beta) = (bits(alpha), bits(beta));
                Finish { flags: scale | add, alpha, beta, one: 1, factors: None, scales_before: false }
            }
        }
    )* };
}
contract_integers!(i32: u32, i64: u64);
