//! The kernels of the floating-point types, compiled into this crate rather than the user's. What touches every element
//! once goes to [`stream`](crate::stream), contractions to the [`engine`](crate::engine), both by way of buffers if
//! they must ([`staged`](crate::staged)), and what none of them takes to the generic kernels.

use super::prepare::{Work, prepare};
use super::raw::{KernelTable, RawKernels};
#[cfg(target_arch = "x86_64")]
use super::raw::{RawMode, RawRead};
use super::{Dims, Kernels, Mode, Read, contract, prepared_binary, prepared_unary};
use crate::engine;
#[cfg(target_arch = "x86_64")]
use crate::matrix_product::MatrixProduct;
#[cfg(target_arch = "x86_64")]
use crate::staged;
use crate::threads::in_chunks;

/// So few loops are seldom fewer after [`prepare`].
#[cfg(target_arch = "x86_64")]
const SINGLE: usize = 3;

/// Whether a nest is one loop without a sum, of which there is nothing to choose.
#[cfg(target_arch = "x86_64")]
fn is_row<const P: usize>(dims: &Dims<P>) -> bool {
    matches!(dims[..], [row] if !row.summed)
}

macro_rules! precompiled {
    ($($module:ident $type:ty: $table:expr),*) => { $(
        pub(crate) mod $module {
            use super::*;
            #[cfg(target_arch = "x86_64")]
            use crate::stream::Stream;

            pub(crate) const KERNELS: Kernels<$type> = Kernels { unary, binary };
            pub(crate) const TABLE: KernelTable<$type> = KernelTable::of(&RAW);
            // In a static, so that it is compiled here and not where the constant is used.
            #[cfg(target_arch = "x86_64")]
            static RAW: RawKernels = $table.with(staged::product::<$type>, matrix_product);
            #[cfg(not(target_arch = "x86_64"))]
            static RAW: RawKernels = $table;

            /// # Safety
            ///
            /// As [`RawMatrixProduct`](super::super::raw::RawMatrixProduct).
            #[cfg(target_arch = "x86_64")]
            unsafe fn matrix_product(
                product: &MatrixProduct,
                sources: [RawRead; 2],
                out: *mut u8,
                mode: RawMode,
            ) -> bool {
                let sources = RawRead::all_typed::<$type, 2>(&sources);
                // SAFETY: the caller's duties are the same.
                unsafe { engine::multiply_matrices(product, sources, out.cast(), mode.typed()) }
            }

            unsafe fn unary(
                dims: &mut Dims<1>,
                mut sources: [Read<$type>; 1],
                mut out: *mut $type,
                mode: Mode<$type>,
            ) {
                // SAFETY: the caller's duties are the same; `prepare` keeps the points.
                unsafe {
                    let work = prepare(dims, &mut sources, &mut out);
                    #[cfg(target_arch = "x86_64")]
                    if work == Work::Run
                        && !is_row(dims)
                        && (engine::picked(dims, sources, out, mode)
                            || staged::reordered_sum(dims, sources[0], out, mode))
                    {
                        return;
                    }
                    if !(work == Work::Run && in_chunks(dims, sources, out, mode, unary_chunk)) {
                        unary_here(work, dims, sources, out, mode);
                    }
                }
            }

            /// As [`unary`], for a chunk of its sums.
            unsafe fn unary_chunk(
                dims: &mut Dims<1>,
                mut sources: [Read<$type>; 1],
                mut out: *mut $type,
                mode: Mode<$type>,
            ) {
                // SAFETY: the caller's duties are the same; `prepare` keeps the points.
                unsafe {
                    let work = prepare(dims, &mut sources, &mut out);
                    unary_here(work, dims, sources, out, mode);
                }
            }

            /// # Safety
            ///
            /// As [`Kernels`], after [`prepare`] has said what there is to do.
            unsafe fn unary_here(
                work: Work,
                dims: &mut Dims<1>,
                sources: [Read<$type>; 1],
                out: *mut $type,
                mode: Mode<$type>,
            ) {
                // SAFETY: the caller's duties.
                unsafe {
                    #[cfg(target_arch = "x86_64")]
                    if work == Work::Run
                        && (<$type>::unary(dims, sources[0], out, mode)
                            || staged::unary(dims, sources[0], out, mode))
                    {
                        return;
                    }
                    prepared_unary(work, dims, sources, out, mode);
                }
            }

            unsafe fn binary(
                dims: &mut Dims<2>,
                sources: [Read<$type>; 2],
                out: *mut $type,
                mode: Mode<$type>,
            ) {
                // SAFETY: the caller's duties are the same; `prepare` keeps the points.
                unsafe {
                    #[cfg(target_arch = "x86_64")]
                    if dims.len() <= SINGLE
                        && (<$type>::outer(dims, sources, out, mode)
                            || <$type>::fold(dims, sources, out, mode))
                    {
                        return;
                    }
                    if engine::contract_small(dims, sources, out, mode) {
                        return;
                    }
                    let (mut sources, mut out) = (sources, out);
                    let work = prepare(dims, &mut sources, &mut out);
                    if !(work == Work::Run && in_chunks(dims, sources, out, mode, binary_chunk)) {
                        binary_here(work, dims, sources, out, mode);
                    }
                }
            }

            /// As [`binary`], for a chunk of its sums.
            unsafe fn binary_chunk(
                dims: &mut Dims<2>,
                mut sources: [Read<$type>; 2],
                mut out: *mut $type,
                mode: Mode<$type>,
            ) {
                // SAFETY: the caller's duties are the same; `prepare` keeps the points.
                unsafe {
                    if !engine::contract_small(dims, sources, out, mode) {
                        let work = prepare(dims, &mut sources, &mut out);
                        binary_here(work, dims, sources, out, mode);
                    }
                }
            }

            /// # Safety
            ///
            /// As [`Kernels`], after [`prepare`] has said what there is to do.
            unsafe fn binary_here(
                work: Work,
                dims: &mut Dims<2>,
                sources: [Read<$type>; 2],
                out: *mut $type,
                mode: Mode<$type>,
            ) {
                // SAFETY: the caller's duties.
                unsafe {
                    #[cfg(target_arch = "x86_64")]
                    if work == Work::Run
                        && (is_row(dims) && <$type>::binary(dims, sources, out, mode)
                            || staged::ordered(dims, sources, out, mode)
                            || <$type>::outer(dims, sources, out, mode)
                            || <$type>::fold(dims, sources, out, mode)
                            || engine::picked(dims, sources, out, mode)
                            || engine::totalled(dims, sources, out, mode)
                            || engine::contract_aligned(dims, sources, out, mode)
                            || staged::reordered(dims, sources, out, mode)
                            || <$type>::binary(dims, sources, out, mode)
                            || staged::turned(dims, sources, out, mode))
                    {
                        return;
                    }
                    if contract(work, dims, sources, out, mode) {
                        return;
                    }
                    #[cfg(target_arch = "x86_64")]
                    if work == Work::Run && staged::binary(dims, sources, out, mode) {
                        return;
                    }
                    prepared_binary(work, dims, sources, out, mode);
                }
            }
        }
    )* };
}
precompiled!(
    f32 f32: RawKernels::real_table::<f32, 4>(),
    f64 f64: RawKernels::real_table::<f64, 8>(),
    c32 num_complex::Complex<f32>: RawKernels::table::<num_complex::Complex<f32>>(),
    c64 num_complex::Complex<f64>: RawKernels::table::<num_complex::Complex<f64>>()
);
