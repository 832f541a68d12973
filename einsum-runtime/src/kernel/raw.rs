//! Kernels without the element type in their signature.
//!
//! What lies between the views of emitted code and the kernels is about extents and strides only. With the type erased
//! it is compiled here, once, and not in every user's crate; and nothing behind the binding of an operand asks again
//! whether its elements are an [`Element`], so that a type that is none is one compile error.

use core::alloc::Layout;
use core::marker::PhantomData;

#[cfg(all(target_arch = "x86_64", not(miri)))]
use super::tiny::real::tiny_real;
use super::tiny::{TinyKernel, tiny};
use super::{Dims, Kernel, Mode, Read, scale};
use crate::element::Element;
use crate::matrix_product::MatrixProduct;
use crate::new_array::{NewArrays, new_arrays};

/// The kernels of one element type, called the type of the table. Every pointer to elements is one to that type.
pub(crate) struct RawKernels {
    unary: RawKernel<1>,
    binary: RawKernel<2>,
    tiny_unary: TinyKernel<1>,
    tiny_binary: TinyKernel<2>,
    pub(crate) product: Option<RawProduct>,
    pub(crate) matrix_product: Option<RawMatrixProduct>,
    scale_all: unsafe fn(Dims<0>, *mut u8, RawMode) -> RawMode,
    pub(crate) new_arrays: NewArrays,
    /// The size and alignment of an element.
    pub(crate) element: Layout,
    /// Whether elements are real numbers, which vectors hold side by side.
    pub(crate) is_real: bool,
}

/// A kernel on `P` sources.
pub(crate) type RawKernel<const P: usize> = unsafe fn(&mut Dims<P>, [RawRead; P], *mut u8, RawMode);

/// The most factors of a product that runs as one nest.
pub(crate) const FACTORS: usize = 8;

/// A kernel for products of three factors or more, as many as there are reads, in which sums use every product once. It
/// returns false, with nothing done, if it does not take them.
///
/// # Safety
///
/// As [`RawKernels::unary`], for these sources; the others have no steps.
pub(crate) type RawProduct = unsafe fn(&mut Dims<FACTORS>, &[RawRead], *mut u8, RawMode) -> bool;

/// A kernel for small products of two matrices. It returns false, with nothing done, if it does not take one.
///
/// # Safety
///
/// As [`RawKernels::binary`], for the loops of the product.
pub(crate) type RawMatrixProduct =
    unsafe fn(&MatrixProduct, [RawRead; 2], *mut u8, RawMode) -> bool;

/// [`Read`] without the element type.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RawRead {
    pub(crate) ptr: *const u8,
    pub(crate) conjugated: bool,
}

/// [`Mode`] without the element type.
#[derive(Clone, Copy, Debug)]
pub(crate) enum RawMode {
    Assign,
    Scale { alpha: Factor, beta: Factor },
}

/// A factor of a mode.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Factor {
    Zero,
    One,
    /// The element at this address.
    At(*const u8),
}

/// The kernels of the element type `T`, and of no sub- or supertype.
pub struct KernelTable<T> {
    pub(crate) raw: &'static RawKernels,
    element: PhantomData<fn(T) -> T>,
}

impl<T> Clone for KernelTable<T> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for KernelTable<T> {}

impl<T: Element> KernelTable<T> {
    /// Compiled where it is used.
    pub(crate) const GENERIC: Self = Self::of(&const { RawKernels::table::<T>() });

    /// `raw` is `RawKernels::table::<T>()`.
    pub(super) const fn of(raw: &'static RawKernels) -> Self {
        KernelTable { raw, element: PhantomData }
    }
}

impl RawKernels {
    /// As [`table`](RawKernels::table), for `f32` or `f64`, of `ELEMENT` bytes.
    pub(super) const fn real_table<T: Element, const ELEMENT: usize>() -> RawKernels {
        RawKernels {
            #[cfg(all(target_arch = "x86_64", not(miri)))]
            tiny_unary: tiny_real::<T, ELEMENT, 1>,
            #[cfg(all(target_arch = "x86_64", not(miri)))]
            tiny_binary: tiny_real::<T, ELEMENT, 2>,
            is_real: true,
            ..Self::table::<T>()
        }
    }

    pub(super) const fn table<T: Element>() -> RawKernels {
        RawKernels {
            unary: unary::<T>,
            binary: binary::<T>,
            tiny_unary: tiny::<T, 1>,
            tiny_binary: tiny::<T, 2>,
            product: None,
            matrix_product: None,
            scale_all: scale_all::<T>,
            new_arrays: new_arrays::<T>(),
            element: Layout::new::<T>(),
            is_real: false,
        }
    }

    /// Returns the table with kernels for products of several factors, and of two matrices, of its type.
    #[cfg(target_arch = "x86_64")]
    pub(super) const fn with(
        self,
        product: RawProduct,
        matrix_product: RawMatrixProduct,
    ) -> RawKernels {
        RawKernels { product: Some(product), matrix_product: Some(matrix_product), ..self }
    }

    /// Runs a kernel on one source.
    ///
    /// # Safety
    ///
    /// As [`Kernels`](super::Kernels), for elements of the table's type; factors can be read.
    pub(crate) unsafe fn unary(
        &self,
        dims: &mut Dims<1>,
        source: RawRead,
        out: *mut u8,
        mode: RawMode,
    ) {
        // SAFETY: the caller's duties.
        unsafe { (self.unary)(dims, [source], out, mode) }
    }

    /// Runs a kernel on two sources.
    ///
    /// # Safety
    ///
    /// As [`Kernels`](super::Kernels), for elements of the table's type; factors can be read.
    pub(crate) unsafe fn binary(
        &self,
        dims: &mut Dims<2>,
        sources: [RawRead; 2],
        out: *mut u8,
        mode: RawMode,
    ) {
        // SAFETY: the caller's duties.
        unsafe { (self.binary)(dims, sources, out, mode) }
    }

    /// Lets a mode act on every element of an array, and returns the mode for sums into a part of it.
    ///
    /// # Safety
    ///
    /// At every point of `dims`, `out + o` can be written, and it holds a value unless the mode is an assignment.
    pub(crate) unsafe fn scale_all(&self, dims: Dims<0>, out: *mut u8, mode: RawMode) -> RawMode {
        // SAFETY: the caller's duties.
        unsafe { (self.scale_all)(dims, out, mode) }
    }
}

/// The kernels by the number of sources.
pub(crate) trait Sources<const P: usize> {
    /// Returns the kernel on `P` sources. Its callers' duties are those of [`RawKernels::unary`].
    fn kernel(&self) -> RawKernel<P>;

    /// Returns the kernel for tiny nests, with the same duties.
    fn tiny_kernel(&self) -> TinyKernel<P>;
}

macro_rules! sources {
    ($($sources:literal $kernel:ident $tiny_kernel:ident),*) => { $(
        impl Sources<$sources> for RawKernels {
            fn kernel(&self) -> RawKernel<$sources> {
                self.$kernel
            }

            fn tiny_kernel(&self) -> TinyKernel<$sources> {
                self.$tiny_kernel
            }
        }
    )* };
}
sources!(1 unary tiny_unary, 2 binary tiny_binary);

/// # Safety
///
/// As [`RawKernels::unary`].
pub(crate) unsafe fn unary<T: Element>(
    dims: &mut Dims<1>,
    sources: [RawRead; 1],
    out: *mut u8,
    mode: RawMode,
) {
    // SAFETY: the caller's duties.
    unsafe { run(T::KERNELS.unary, dims, sources, out, mode) }
}

/// # Safety
///
/// As [`RawKernels::binary`].
pub(crate) unsafe fn binary<T: Element>(
    dims: &mut Dims<2>,
    sources: [RawRead; 2],
    out: *mut u8,
    mode: RawMode,
) {
    // SAFETY: the caller's duties.
    unsafe { run(T::KERNELS.binary, dims, sources, out, mode) }
}

/// Runs a kernel of one element type.
///
/// # Safety
///
/// As [`RawKernels::unary`].
#[inline]
pub(crate) unsafe fn run<T: Element, const P: usize>(
    kernel: Kernel<T, P>,
    dims: &mut Dims<P>,
    sources: [RawRead; P],
    out: *mut u8,
    mode: RawMode,
) {
    let sources = RawRead::all_typed(&sources);
    // SAFETY: the caller's duties.
    unsafe { kernel(dims, sources, out.cast::<T>(), mode.typed()) }
}

/// # Safety
///
/// As [`RawKernels::scale_all`].
unsafe fn scale_all<T: Element>(dims: Dims<0>, out: *mut u8, mode: RawMode) -> RawMode {
    // SAFETY: the caller's duties: factors can be read.
    let factor = unsafe { mode.typed::<T>() }.beta();
    // SAFETY: the caller's duties; there is no factor if the mode is an assignment.
    unsafe { scale(dims, out.cast::<T>(), factor) };
    match mode {
        RawMode::Assign => RawMode::Assign,
        // Every element now holds `beta * output`.
        RawMode::Scale { alpha, .. } => RawMode::Scale {
            alpha,
            beta: if factor.is_some() { Factor::One } else { Factor::Zero },
        },
    }
}

impl RawMode {
    /// Takes the type off a mode, which is read where it is.
    pub(crate) fn of<T>(mode: &Mode<T>) -> Self {
        let factor = |factor: &T| Factor::At(core::ptr::from_ref(factor).cast());
        match mode {
            Mode::Assign => RawMode::Assign,
            Mode::Scale { alpha, beta } => {
                RawMode::Scale { alpha: factor(alpha), beta: factor(beta) }
            }
        }
    }

    /// # Safety
    ///
    /// Factors can be read as elements `T`.
    pub(crate) unsafe fn typed<T: Element>(self) -> Mode<T> {
        match self {
            RawMode::Assign => Mode::Assign,
            // SAFETY: the caller's duty.
            RawMode::Scale { alpha, beta } => unsafe {
                Mode::Scale { alpha: alpha.value(), beta: beta.value() }
            },
        }
    }
}

impl RawRead {
    const NONE: Self = RawRead { ptr: core::ptr::null(), conjugated: false };

    /// Takes the type off sources.
    // Here and below plain loops, since they are compiled for every element type.
    pub(crate) fn all_of<T: Copy, const P: usize>(reads: &[Read<T>; P]) -> [Self; P] {
        let mut all = [Self::NONE; P];
        let mut p = 0;
        while p < P {
            all[p] = Self::of(reads[p]);
            p += 1;
        }
        all
    }

    /// Returns sources of elements `T`.
    pub(crate) fn all_typed<T: Copy, const P: usize>(reads: &[Self; P]) -> [Read<T>; P] {
        let mut all = [Self::NONE.typed(); P];
        let mut p = 0;
        while p < P {
            all[p] = reads[p].typed();
            p += 1;
        }
        all
    }

    /// Takes the type off a source.
    pub(crate) fn of<T>(read: Read<T>) -> Self {
        RawRead { ptr: read.ptr.cast(), conjugated: read.conjugated }
    }

    /// Returns a source of elements `T`.
    pub(crate) fn typed<T>(self) -> Read<T> {
        Read { ptr: self.ptr.cast(), conjugated: self.conjugated }
    }
}

impl Factor {
    /// Returns the given factor, or `other` if none is.
    #[inline]
    pub(crate) fn given<T>(factor: Option<&T>, other: Factor) -> Factor {
        factor.map_or(other, |factor| Factor::At(core::ptr::from_ref(factor).cast()))
    }

    /// # Safety
    ///
    /// The factor can be read as an element `T`.
    unsafe fn value<T: Element>(self) -> T {
        match self {
            Factor::Zero => T::ZERO,
            Factor::One => T::ONE,
            // SAFETY: the caller's duty.
            Factor::At(factor) => unsafe { factor.cast::<T>().read() },
        }
    }
}
