//! The interface of the kernels for the weights of windows: some rows of Y against shifted rows of X, at a time.
//!
//! ```text
//! C[row, tap] (+)= Σ_entry Σ_lane X[entry.x + tap + lane] · Y[entry.y + row + lane]
//! ```
//!
//! Every vector is loaded once for all products that it is in. Lanes of X that do not exist are zero: at the ends of an entry,
//! each tap has a mask of its own. Sums of entries that follow later are kept as vectors. All offsets and steps are in bytes.
//! The assembly knows the offsets of the fields, 8 bytes each.

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
    /// The first and the end of a table of entries.
    pub entries: *const StepEntry,
    pub entries_end: *const StepEntry,
    /// The number of vectors of an entry before the last.
    pub vectors: usize,
    /// Masks as [`TapsSet::put_mask`] writes them: of the last vector of Y, of the first vector of X for every tap, and of the last
    /// one. Where there is one vector, it is the last.
    pub masks: *const u8,
    /// From one tap to the next.
    pub x_tap: isize,
    pub c_tap: isize,
    /// 1 if sums are added to what C holds; else C is not read.
    pub adds: usize,
    /// From one row of Y to the next.
    pub y_row: isize,
    pub c_row: isize,
    /// Vectors of sums, by row and tap, and what happens to them: see [`FROM_SUMS`] and [`TO_SUMS`].
    pub sums: *mut u8,
    pub flow: usize,
}

/// Sums begin with those in `sums`, not with zeros.
pub const FROM_SUMS: usize = 1;

/// Sums end in `sums`, not in C.
pub const TO_SUMS: usize = 2;

/// A kernel for weights.
///
/// # Safety
///
/// The processor has the kernel's level; X and Y can be read and C written, and read if sums are added, at all points of
/// the loops and lanes that exist; elements of C are distinct and do not overlap X, Y, or the tables; sums have room for a
/// vector of every row and tap.
pub type Taps = unsafe extern "sysv64" fn(&TapsArguments);

/// The kernels of an element size.
#[derive(Clone, Copy)]
pub struct TapsSet {
    /// The elements of a vector.
    pub width: usize,
    /// Writes a mask to a table at a number, given as a bit for every lane. A mask has [`mask_bytes`](Self::mask_bytes).
    pub put_mask: unsafe fn(*mut u8, usize, u32),
    pub mask_bytes: usize,
    /// By the number of taps, less one; then for 1, 2, 4, and 8 rows, as far as there are registers.
    pub kernels: [&'static [Taps]; TAPS],
}
