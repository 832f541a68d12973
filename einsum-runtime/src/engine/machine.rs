//! The kernels and primitives for an element type on this processor.

use num_complex::Complex;

#[cfg(target_arch = "x86_64")]
use crate::kernel::batch::BatchSet;
use crate::kernel::level::Level;
#[cfg(target_arch = "x86_64")]
use crate::kernel::level::halves_vectors;
use crate::kernel::packing::Packing;
#[cfg(test)]
use crate::kernel::plain;
use crate::kernel::table::KernelSet;
#[cfg(target_arch = "x86_64")]
use crate::kernel::x86_64;

/// What the engine runs on.
#[derive(Clone, Copy)]
pub(crate) struct Machine {
    pub(super) kernels: &'static KernelSet,
    /// For elements of the arrays.
    pub(super) packing: &'static Packing,
    /// For batches of small products, if there are such kernels.
    #[cfg(target_arch = "x86_64")]
    pub(super) batch: Option<&'static BatchSet>,
    /// The size of an element of the arrays in bytes, a power of two: that of the kernels, or twice that if complex.
    pub(super) unit: usize,
}

/// The element types of the engine.
pub(crate) trait Supported {
    /// Returns what the engine runs on, or `None` where it does not run at all.
    fn machine() -> Option<Machine>;
}

macro_rules! supported {
    ($($type:ty: $avx512:ident $halved:ident $avx2:ident $plain:ident, $packing:ident;)*) => { $(
        impl Supported for $type {
            #[inline]
            fn machine() -> Option<Machine> {
                match Level::current() {
                    // Tests run the engine on the plain kernels too.
                    #[cfg(test)]
                    Level::Plain => {
                        let packing = &plain::packing::$packing;
                        Some(Machine {
                            kernels: &plain::$plain,
                            packing,
                            #[cfg(target_arch = "x86_64")]
                            batch: None,
                            unit: size_of::<Self>(),
                        })
                    }
                    #[cfg(target_arch = "x86_64")]
                    Level::Avx2 => {
                        let packing = &x86_64::packing::$packing;
                        let batch = Some(&x86_64::batch::$avx2);
                        Some(Machine { kernels: &x86_64::$avx2, packing, batch, unit: size_of::<Self>() })
                    }
                    #[cfg(target_arch = "x86_64")]
                    Level::Avx512 => {
                        let packing = &x86_64::packing::$packing;
                        let (kernels, batch) = if halves_vectors() {
                            (&x86_64::$halved, &x86_64::batch::$halved)
                        } else {
                            (&x86_64::$avx512, &x86_64::batch::$avx512)
                        };
                        Some(Machine { kernels, packing, batch: Some(batch), unit: size_of::<Self>() })
                    }
                    #[allow(unreachable_patterns, reason = "depends on the architecture")]
                    _ => None,
                }
            }
        }
    )* };
}
supported! {
    f32: F32_AVX512 F32_AVX512_HALVED F32_AVX2 F32, PACKING_4;
    f64: F64_AVX512 F64_AVX512_HALVED F64_AVX2 F64, PACKING_8;
    Complex<f32>: F32_AVX512 F32_AVX512_HALVED F32_AVX2 F32, PACKING_8;
    Complex<f64>: F64_AVX512 F64_AVX512_HALVED F64_AVX2 F64, PACKING_16;
}

/// Integers, of which AVX2 multiplies no vectors of 8 bytes each.
macro_rules! supported_integers {
    ($($type:ty: $avx512:ident $packing:ident;)*) => { $(
        impl Supported for $type {
            #[inline]
            fn machine() -> Option<Machine> {
                match Level::current() {
                    #[cfg(target_arch = "x86_64")]
                    Level::Avx512 => Some(Machine {
                        kernels: &x86_64::$avx512,
                        packing: &x86_64::packing::$packing,
                        batch: Some(&x86_64::batch::$avx512),
                        unit: size_of::<Self>(),
                    }),
                    _ => None,
                }
            }
        }
    )* };
}
supported_integers! {
    i32: I32_AVX512 PACKING_4;
    i64: I64_AVX512 PACKING_8;
}

impl Machine {
    /// The bytes of a vector, a power of two.
    pub(super) fn vector_bytes(&self) -> usize {
        self.kernels.width * self.kernels.element
    }

    /// The rows of a vector.
    pub(super) fn rows_of_vector(&self) -> usize {
        self.vector_bytes() >> self.unit.trailing_zeros()
    }

    /// The vectors of so many rows, of which the last may be shorter.
    pub(super) fn vectors_of(&self, rows: usize) -> usize {
        let width = self.rows_of_vector();
        (rows + width - 1) >> width.trailing_zeros()
    }

    /// The kernel's steps for a point of the summed loops: 2 if complex, for the parts of Y.
    pub(super) fn steps_of_point(&self) -> usize {
        1 + usize::from(self.unit != self.kernels.element)
    }

    /// Returns the bits that change the signs of the two sums of a complex product, of which
    /// [`EachArguments`](crate::kernel::batch::EachArguments) speaks, if X or Y are conjugated.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn signs(&self, [x_conjugated, y_conjugated]: [bool; 2]) -> [[u64; 2]; 2] {
        let pair = |re: bool, im: bool| match self.kernels.element {
            4 => [u64::from(re) << 31 | u64::from(im) << 63; 2],
            _ => [u64::from(re) << 63, u64::from(im) << 63],
        };
        [pair(false, x_conjugated), pair(x_conjugated == y_conjugated, y_conjugated)]
    }

    /// Returns 1 or -1 in the lowest bytes.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn one(&self, is_negative: bool) -> u64 {
        let sign = if is_negative { -1.0 } else { 1.0 };
        match self.kernels.element {
            4 => u64::from((sign as f32).to_bits()),
            _ => f64::to_bits(sign),
        }
    }
}
