//! The interface of the kernels for nests of few points: loops around one vector, for which masks say what lanes exist, or
//! around one element.

/// The loops of the assembly, and those of them that are kept, which are the outer ones.
pub const LOOPS: usize = 5;
pub const OUTER: usize = 3;

/// The most sources.
pub const SOURCES: usize = 2;

/// Loops around one vector. Known to the assembly.
#[repr(C)]
pub struct Walk {
    /// The iterations of every loop, outermost first, one or more; of the innermost those with whole vectors, if it runs
    /// over vectors.
    pub extents: [usize; LOOPS],
    /// By what the output moves on after an iteration of each kept loop, in bytes: its step, less what the loops inside have
    /// moved.
    pub out: [isize; OUTER],
    /// As `out`, of every source along all loops.
    pub sources: [[isize; LOOPS]; SOURCES],
    /// The lanes of all vectors but the last one of a sum over lanes.
    pub mask: usize,
    pub last_mask: usize,
    /// 1 if the innermost loop has one more vector, with the lanes of `last_mask`.
    pub has_last: usize,
    /// 1 if the sum is one over lanes too.
    pub is_sum: usize,
}

/// A kernel that assigns the sums of a nest.
///
/// # Safety
///
/// The processor has the kernel's level; at all points of the loops and in all lanes, the sources can be read and `out` be
/// written, which no two points share. No extent is zero but the last, if there is one more vector.
pub type WalkKernel = unsafe extern "sysv64" fn(&Walk, *const u8, *const u8, *mut u8);

/// The kernels of one element size and level.
pub struct WalkKernels {
    /// The bytes of a vector.
    pub width: usize,
    /// Returns the mask of a vector's first lanes.
    pub mask: fn(usize) -> usize,
    /// By the number of sources that have adjacent elements along the lanes, less one; these come first.
    pub unary: [WalkKernel; 1],
    pub binary: [WalkKernel; 2],
    /// One element at a time, by the number of sources, less one.
    pub scalar: [WalkKernel; SOURCES],
}
