//! The interface of the kernels for windows over arrays with adjacent channels: depthwise convolutions and their gradients.
//!
//! ```text
//! C[tile + a, channel] (+)= Σ_step Σ_b X[tile + step.x + a + b, channel] · W[step.w + b, channel]
//! ```
//!
//! A vector of X is loaded once for all results `a` of a tile and all taps `b` that meet in it, and is zero where it is
//! outside of the array. The results of a tile stay in registers. All offsets and steps are in bytes. The assembly knows the
//! offsets of the fields, 8 bytes each.

/// The most results of a tile.
pub const RESULTS: usize = 8;

/// The most taps of a step.
pub const TAPS: usize = 5;

/// A step, or a tile.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct ChannelsEntry {
    pub x: isize,
    /// A step's offset in W, a tile's in C.
    pub other: isize,
    /// Bit `a + b` is set if that vector of X is inside of the array: for the step and for the tile.
    pub inside: usize,
}

/// What a kernel works on.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct ChannelsArguments {
    pub x: *const u8,
    pub w: *const u8,
    pub c: *mut u8,
    /// The first and the end of a table of steps, which is not empty.
    pub steps: *const ChannelsEntry,
    pub steps_end: *const ChannelsEntry,
    /// The first and the end of a table of tiles, which is not empty.
    pub tiles: *const ChannelsEntry,
    pub tiles_end: *const ChannelsEntry,
    /// The number of vectors of channels, 1 or more, and the lanes of the last one, as [`ChannelsSet::mask`] has them.
    pub vectors: usize,
    pub last_mask: usize,
    /// From one `a` or `b` to the next.
    pub x_step: isize,
    pub w_step: isize,
    pub c_step: isize,
    /// 1 if sums are added to what C holds; else C is not read.
    pub adds: usize,
}

/// A kernel for adjacent channels.
///
/// # Safety
///
/// The processor has the kernel's level; X, where it is inside, and W can be read and C written, and read if sums are added,
/// at all points of the loops and lanes that exist; elements of C are distinct and do not overlap X, W, or the tables.
pub type Channels = unsafe extern "sysv64" fn(&ChannelsArguments);

/// The kernels of an element size.
#[derive(Clone, Copy)]
pub struct ChannelsSet {
    /// The size of an element in bytes, and the elements of a vector.
    pub element: usize,
    pub width: usize,
    /// Returns what stands for the first so many lanes.
    pub mask: fn(usize) -> usize,
    /// By the number of results, less one, and that of taps, less one.
    pub kernels: [[Channels; TAPS]; RESULTS],
}
