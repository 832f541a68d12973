//! The interface of the micro-kernels: one formula, driven by tables of offsets.
//!
//! ```text
//! C[vector.c + column.c + lane] = beta · C[..] + alpha · Σ_step X[vector.x + step.x + lane] · Y[column.y + step.y]
//! ```
//!
//! for every vector of a tile, every column, and every lane of the vector. Vectors, columns, and steps are entries of
//! tables, so each of the three can run over any set of indices: fused dims, dims whose strides do not fuse, windows,
//! packed panels. [`KernelSet::lanes`] has kernels that read Y as vectors too, with a lane of its own for each of X.
//!
//! All offsets are in bytes. A tile has at most as many vectors as [`KernelSet::broadcast`] has rows, and at most
//! [`COLUMNS`] columns. One call runs one tile of vectors against any number of tiles of columns of the same width, one
//! after the other.

use super::rotate::Rotate;

/// The most columns of a tile. Fewer cost no less time each, hence columns are best split evenly over tiles.
pub const COLUMNS: usize = 6;

/// A vector of rows.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct VectorEntry {
    pub x: isize,
    pub c: isize,
    /// Which lanes exist, as [`KernelSet::mask`] has it. Lanes that do not exist are neither read nor written.
    pub mask: usize,
}

/// A column.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct ColumnEntry {
    pub y: isize,
    pub c: isize,
}

/// A step of the sum.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct StepEntry {
    pub x: isize,
    pub y: isize,
}

/// What a kernel works on. The assembly knows the offsets of the fields, 8 bytes each.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Arguments {
    pub x: *const u8,
    pub y: *const u8,
    pub c: *mut u8,
    /// The vectors of the tile.
    pub vectors: *const VectorEntry,
    /// The columns of the first tile; kernels advance it past the last.
    pub columns: *const ColumnEntry,
    pub steps: *const StepEntry,
    pub steps_end: *const StepEntry,
    /// The number of tiles of columns, 1 or more; kernels count it down to 0.
    pub tiles: usize,
    /// [`SCALE`] and [`ADD`], or 0 for `C = Σ`.
    pub finish: usize,
    /// An element, in the lowest bytes; read if `finish` has [`SCALE`].
    pub alpha: u64,
    /// An element, in the lowest bytes; read if `finish` has [`ADD`].
    pub beta: u64,
    /// Every step, X is fetched into the caches at this distance from where it is read.
    pub x_ahead: isize,
    /// Every step, a line of Y is fetched: in the first step at this distance from where the tile's first column is read, ...
    pub y_ahead: isize,
    /// ... then this much further ahead every step.
    pub y_ahead_step: isize,
    /// From a column of the table to the other one of its pair, or to the next one of its tile, in Y and in C: read by
    /// [`KernelSet::paired`], [`Even`], and [`Long`] ones.
    pub y_apart: isize,
    pub c_apart: isize,
    /// From a step to the next in X: read by [`KernelSet::panels`].
    pub x_step: isize,
    /// The size of an element, if steps are adjacent in Y, four by four from the first on, and are to be run so, which
    /// [`KernelSet::masked`] ones for many vectors do; or 0.
    pub y_step: isize,
}

/// In [`Arguments::finish`]: multiply sums by alpha.
pub const SCALE: usize = 1;

/// In [`Arguments::finish`]: add beta times what C holds. Without it C is not read.
pub const ADD: usize = 2;

/// A micro-kernel for one number of vectors and columns.
///
/// # Safety
///
/// Callers must see to it that
/// - the processor has the level that the kernel is written for,
/// - the tables hold the tile's vectors, `tiles` times the kernel's columns, and the steps, and these lie as the kernel's place in
///   [`KernelSet`] and [`Arguments`] say,
/// - X and Y can be read, C written, and read with [`ADD`], wherever the formula says so for lanes that exist,
/// - elements of C written by the call are distinct and do not overlap X, Y, or the tables.
#[cfg(target_arch = "x86_64")]
pub type Kernel = unsafe extern "sysv64" fn(*mut Arguments);

/// A micro-kernel for one number of vectors and columns.
///
/// # Safety
///
/// As for other architectures.
#[cfg(not(target_arch = "x86_64"))]
pub type Kernel = unsafe extern "C" fn(*mut Arguments);

/// Kernels by the number of columns, less one, for one number of vectors.
pub type Row = [Kernel; COLUMNS];

/// The most columns of a tile if they are at equal distances.
pub const EVEN_COLUMNS: usize = 8;

/// The most vectors of such a tile.
pub const EVEN_VECTORS: usize = 3;

/// Kernels that read only the first of a tile's columns from the table: the others follow at equal distances. They mind masks. By
/// the number of vectors, less one, and of columns, less one.
pub type Even = [[Kernel; EVEN_COLUMNS]; EVEN_VECTORS];

/// The most columns of a tile of one vector if they are at equal distances.
pub const LONG_COLUMNS: usize = 28;

/// As [`Even`], for one vector: by the number of columns, less one.
pub type Long = [Kernel; LONG_COLUMNS];

/// All kernels of one element type and level.
pub struct KernelSet {
    /// The size of an element in bytes.
    pub element: usize,
    /// The elements of a vector.
    pub width: usize,
    /// Kernels by the number of vectors, less one, that broadcast elements of Y.
    pub broadcast: &'static [Row],
    /// The same for tiles with a vector that lacks lanes; `broadcast` itself if that minds masks.
    pub masked: &'static [Row],
    /// Kernels that read a vector of Y, with the lanes of the tile's first vector. They mind masks.
    pub lanes: &'static [Row],
    /// As `broadcast`, without masks, but C is written around the caches and `finish` must be 0: for outputs that are larger than
    /// these, every vector of C aligned to its size. A store fence must follow before others read C.
    pub streaming: Option<&'static [Row]>,
    /// As `masked`, for few vectors, but every column of the table stands for two, a pair: a vector of X is loaded for as many
    /// columns again.
    pub paired: Option<&'static [Row]>,
    /// Where they are better than others: as `broadcast`, without masks, for vectors that follow each other in X and steps at equal
    /// distances there, of which only the first is read from the table. Those in Y are read from it; or they are adjacent; or as
    /// far apart as the most columns of a tile.
    pub panels: Option<[&'static [Row]; 3]>,
    /// Where they are better than others: kernels for columns at equal distances.
    pub even: Option<&'static Even>,
    /// Likewise, for tiles of one vector and many columns at equal distances.
    pub long: Option<&'static Long>,
    /// Makes complex products of real ones.
    pub rotate: Rotate,
    /// Returns the mask of a vector's first lanes.
    pub mask: fn(usize) -> usize,
}
