//! Transposition in blocks of registers, as assembler.
//!
//! `out[v, u] = x[u, v]` with adjacent u in the output and adjacent v in the source. In [`Rows`](super::rows::Rows), `len` counts u and
//! `rows` counts v; `x_step` is the source's step along u, `out_row` the output's along v. Both counts must be a
//! block's side or more: a last block that does not fit is moved back and copies some elements again.

mod avx2;
mod avx512;
mod lines;
mod listed;
mod turn;

pub(super) use avx2::{SIDE_4, SIDE_8, transpose_4, transpose_8};
pub(super) use avx512::{lines_4, lines_8, lines_16};
pub(super) use lines::{
    leave_4, leave_8, leave_16, leave_first_4, leave_first_8, leave_first_16, leave_last_4,
    leave_last_8, leave_last_16,
};
pub(super) use listed::{
    Listed, ListedKernel, ListedProducts, Masks, PRODUCTS_C32, PRODUCTS_C64, PRODUCTS_F32,
    PRODUCTS_F64, PRODUCTS_I32, PRODUCTS_I64, copy_4, copy_4_far, copy_8, copy_8_far, signs,
};

/// The bytes of a line of the caches.
pub(super) const LINE: usize = 64;
