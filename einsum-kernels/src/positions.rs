//! The interface of the kernels for windows whose lanes are positions of results: some vectors of these, for columns at equal
//! distances.
//!
//! ```text
//! C[vector.c + column + lane] (+)= Σ_channel Σ_tap X[vector.x + channel + tap.x + APART · lane] · Y[column + channel + tap.y]
//! ```
//!
//! or whose lanes are channels, for columns that are adjacent in C:
//!
//! ```text
//! C[vector.c + column] (+)= Σ_channel Σ_tap Σ_lane X[vector.x + channel + tap.x + lane] · Y[column + channel + tap.y + lane]
//! ```
//!
//! What lies outside of X is zero: every vector has masks of its own for all taps. All offsets and steps are in bytes. The assembly
//! knows the offsets of the fields, 8 bytes each.

/// The most columns of a tile, and the fewest.
pub const COLUMNS: usize = 8;
pub const FEWEST_COLUMNS: usize = 3;

/// The most vectors of a tile.
pub const VECTORS: usize = 3;

/// How far elements of neighbouring lanes are apart at most, in elements.
pub const APART: usize = 2;

/// A vector of results.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct PositionsVector {
    pub x: isize,
    pub c: isize,
    /// For every tap the lanes that exist of as many vectors of X as elements are apart.
    pub masks: *const u16,
    /// The lanes that are written.
    pub lanes: u16,
    /// 1 if masks are of all lanes, at the taps that have any and at all channels but the last: that of a tile is the one of its first
    /// vector.
    pub is_full: u16,
    /// The taps that have any lanes. Those of a tile are the ones of its first vector.
    pub first_tap: u16,
    pub end_tap: u16,
}

/// A tap.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct PositionsTap {
    pub x: i32,
    pub y: i32,
}

/// What a kernel works on.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct PositionsArguments {
    pub x: *const u8,
    pub y: *const u8,
    pub c: *mut u8,
    /// The vectors of the first tile; kernels advance it past the last.
    pub vectors: *const PositionsVector,
    /// The number of tiles, 1 or more; kernels count it down to 0.
    pub tiles: usize,
    pub taps: *const PositionsTap,
    /// The number of channels, 1 or more.
    pub channels: usize,
    pub x_channel: isize,
    pub y_channel: isize,
    /// From one column to the next; where lanes are channels, the latter is from the masks of all channels to those of the last
    /// ones, if they are others.
    pub y_column: isize,
    pub c_column: isize,
    /// 1 if sums are added to what C holds; else C is not read.
    pub adds: usize,
    /// For kernels alone: a tile's first and last taps, and the channels that are left.
    pub own: [usize; 3],
}

/// A kernel for windows.
///
/// # Safety
///
/// The processor has AVX-512; the tables hold the vectors of the tiles and the taps; X can be read at lanes that exist, Y for all
/// taps, channels, and columns, and C written, and read if sums are added; elements of C are distinct and do not overlap X, Y,
/// or the tables.
pub type Positions = unsafe extern "sysv64" fn(&mut PositionsArguments);

/// Kernels by the number of columns, less [`FEWEST_COLUMNS`].
pub type PositionsRow = [Positions; COLUMNS - FEWEST_COLUMNS + 1];

/// The kernels of an element size.
pub struct PositionsSet {
    /// The elements of a vector.
    pub width: usize,
    /// By how far elements of X are apart, less one, then by vectors, less one.
    pub kernels: [[PositionsRow; VECTORS]; APART],
    /// Those whose lanes are channels, by vectors, less one.
    pub dots: [PositionsRow; VECTORS],
}
