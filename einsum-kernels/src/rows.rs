//! The interface of the kernels for stencils: rows of results, each the sum of a few shifted rows of X.
//!
//! ```text
//! C[outer, vector, row, lane] (+)= Σ_step X[outer, vector, step.x + lane] · W[step.w + row]
//! ```
//!
//! Nothing is used twice but what two rows have in common: both are formed from the same elements of X. All offsets and
//! steps are in bytes. The assembly knows the offsets of the fields, 8 bytes each.

/// A step.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct RowsEntry {
    pub x: isize,
    pub w: isize,
    /// For masked kernels: the lanes that exist of every vector of a tile. Others are zero.
    pub masks: [u16; 4],
}

/// What a kernel works on.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct RowsArguments {
    pub x: *const u8,
    pub c: *mut u8,
    pub w: *const u8,
    /// The first and the end of a table, which is not empty.
    pub steps: *const RowsEntry,
    pub steps_end: *const RowsEntry,
    /// The number of points outside, 1 or more, and what there is from one to the next.
    pub outer: usize,
    pub x_outer: isize,
    pub c_outer: isize,
    /// The number of vectors, 1 or more, and what there is from one to the next.
    pub vectors: usize,
    pub x_vector: isize,
    pub c_vector: isize,
    /// The lanes of all vectors but the last, and of that one, as [`RowsSet::mask`] has them.
    pub mask: usize,
    pub last_mask: usize,
    /// From the first row to the second, if the kernel has two.
    pub w_row: isize,
    pub c_row: isize,
    /// 1 if sums are added to what C holds; else C is not read.
    pub adds: usize,
    /// Is set to 1 if one of two rows' sums is no number; else left as it is.
    pub is_nan: usize,
    /// From the weights of a point outside to those of the next.
    pub w_outer: isize,
    /// From the table of a tile to that of the next, for kernels that may lack any lanes: 0 if all have one.
    pub steps_tile: usize,
}

/// A kernel for stencils.
///
/// # Safety
///
/// The processor has the kernel's level; X and W can be read and C written, and read if sums are added, at all points of
/// the loops and lanes that exist; elements of C are distinct and do not overlap X, W, or the table.
pub type Rows = unsafe extern "sysv64" fn(&mut RowsArguments);

/// The kernels of an element size.
#[derive(Clone, Copy)]
pub struct RowsSet {
    /// The size of an element in bytes, and the elements of a vector.
    pub element: usize,
    pub width: usize,
    /// Returns what stands for the first so many lanes.
    pub mask: fn(usize) -> usize,
    /// For one row, and for two.
    pub kernels: [Rows; 2],
    /// The same for tiles of up to 4 vectors, of which a step may lack lanes: any, or those of the first and the last vector.
    pub each_masked: [Rows; 2],
    pub ends_masked: [Rows; 2],
    /// As the former, for steps of which each has the masks of the third or fifth before it; of so many the first vector
    /// may lack lanes before the middle one, and the last vector after it. A tile may have a table of its own.
    pub taps_masked: [[Rows; 2]; 2],
}
