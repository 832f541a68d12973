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

/// Some of the steps of a table, from one to before another, in bytes.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct RowsPart {
    pub first: u32,
    pub end: u32,
    /// For kernels in parts: 8 times the number of the first vector in its tile that has these steps, and the number after
    /// the last one; and 1 if there are more steps of the tile, in the next part.
    pub vectors: u32,
    pub has_next: u32,
}

/// What a kernel works on.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct RowsArguments {
    pub x: *const u8,
    pub c: *mut u8,
    pub w: *const u8,
    /// A table, and which of its steps there are. For kernels in parts these follow each other for each tile, and are the
    /// same for all points outside; else there is one for a point.
    pub steps: *const RowsEntry,
    pub parts: *const RowsPart,
    /// The number of points outside, 1 or more, and what there is from one to the next.
    pub outer: usize,
    pub x_outer: isize,
    pub c_outer: isize,
    /// The number of vectors, 1 or more, and what there is from one to the next.
    pub vectors: usize,
    pub x_vector: isize,
    pub c_vector: isize,
    /// The lanes of all vectors but the last, and of that one, as [`RowsSet::mask`] has them; for kernels in parts the latter
    /// are those of its second row alone, and may be none.
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
    /// From the table of a tile to that of the next, for kernels that are told of any lanes: 0 if all have one.
    pub steps_tile: usize,
    /// From the part of a point outside to that of the next, for kernels that are not in parts.
    pub parts_outer: usize,
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
    /// may lack lanes before the middle one, and the last vector after it. The number of steps of any part is a multiple.
    pub taps_masked: [[Rows; 2]; 2],
    /// For tiles of which a step is for some vectors that follow each other, with the same lanes of each: those of the first.
    pub in_parts: [Rows; 2],
    /// As the former, for steps of which each has the masks of the third or fifth before it, and the middle one of so many
    /// has all lanes. The number of steps of a part is a multiple.
    pub taps_in_parts: [[Rows; 2]; 2],
    /// The same for lanes whose elements of X are 2, 3, and 4 apart, of which a step's masks have those of as many vectors that
    /// exist.
    pub apart: Option<[[Rows; 2]; 3]>,
}
