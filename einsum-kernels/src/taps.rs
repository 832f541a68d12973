//! The interface of the kernels for the weights of stencils: the same rows of Y against shifted rows of X.
//!
//! ```text
//! C[tap] (+)= Σ_row Σ_lane X[row.x + tap + lane] · Y[row.y + lane]
//! ```
//!
//! Every vector of Y is loaded once for all taps. All offsets and steps are in bytes. The assembly knows the offsets of the
//! fields, 8 bytes each.

use crate::table::StepEntry;

/// The most taps of a kernel.
pub const TAPS: usize = 8;

/// What a kernel works on.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct TapsArguments {
    pub x: *const u8,
    pub y: *const u8,
    pub c: *mut u8,
    /// The first and the end of a table of rows, which is not empty.
    pub rows: *const StepEntry,
    pub rows_end: *const StepEntry,
    /// The number of vectors of a row before the last, and the lanes of that one, as [`TapsSet::mask`] has them.
    pub vectors: usize,
    pub last_mask: usize,
    /// From one tap to the next.
    pub x_tap: isize,
    pub c_tap: isize,
    /// 1 if sums are added to what C holds; else C is not read.
    pub adds: usize,
}

/// A kernel for weights.
///
/// # Safety
///
/// The processor has the kernel's level; X and Y can be read and C written, and read if sums are added, at all points of
/// the loops and lanes that exist; elements of C are distinct and do not overlap X, Y, or the table.
pub type Taps = unsafe extern "sysv64" fn(&TapsArguments);

/// The kernels of an element size.
#[derive(Clone, Copy)]
pub struct TapsSet {
    /// The elements of a vector.
    pub width: usize,
    /// Returns what stands for the first so many lanes.
    pub mask: fn(usize) -> usize,
    /// By the number of taps, less one.
    pub kernels: [Taps; TAPS],
}
