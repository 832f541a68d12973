//! The interface of the primitives that fill panels and tables. In assembly, as the kernels, for debug builds.

/// Two offsets: an entry of a table of steps, columns, or rows. The primitives that read tables use the first of each.
pub type Pair = [isize; 2];

/// Primitives for one size of elements. All offsets and steps are in bytes.
///
/// # Safety
///
/// For each: the processor has the level that it is written for, and what is said to be read and written can be.
pub struct Packing {
    pub copy: Copy,
    /// As `copy`, but for every other element from `from + reads[i][0]` on. `bytes` are those that are written.
    pub halve: Copy,
    pub transpose: Transpose,
    pub transpose_runs: TransposeRuns,
    pub gather: Gather,
    pub fill: Fill,
    pub stream: Stream,
}

macro_rules! primitives {
    ($abi:literal) => {
        /// `copy(to, from, reads, count, bytes, step)` copies `bytes` from `from + reads[i][0]` to `to + i · step` for every
        /// `i < count`. `bytes` is a multiple of 4.
        pub type Copy =
            unsafe extern $abi fn(*mut u8, *const u8, *const Pair, usize, usize, isize);

        /// `transpose(to, from, rows, step, columns)` copies element `q` after `from + rows[r][0]` to element `r` after
        /// `to + q · step`, for every `r < 8` and `q < columns`.
        pub type Transpose =
            unsafe extern $abi fn(*mut u8, *const u8, *const Pair, isize, usize);

        /// `transpose_runs(to, from, rows, step, columns, reads, count)` transposes `count` runs of `columns` elements, one or
        /// more of each, the run `i` from `from + reads[i · columns][0]` on, to `to + i · columns · step`: as many calls of
        /// `transpose` in one.
        pub type TransposeRuns = unsafe extern $abi fn(
            *mut u8,
            *const u8,
            *const Pair,
            isize,
            usize,
            *const Pair,
            usize,
        );

        /// `gather(to, from, rows, count)` copies an element from `from + rows[r][0]` to element `r` after `to` for every
        /// `r < count`.
        pub type Gather = unsafe extern $abi fn(*mut u8, *const u8, *const Pair, usize);

        /// `stream(to, from, bytes)` copies `bytes`, a multiple of 4, around the caches where there is such a way. `to` is
        /// a multiple of 4; a store fence must follow before others read what is written.
        pub type Stream = unsafe extern $abi fn(*mut u8, *const u8, usize);

        /// `fill(to, count, a, b, a_step, b_step)` writes pairs `(a + i · a_step, b + i · b_step)` for every `i < count`.
        pub type Fill =
            unsafe extern $abi fn(*mut Pair, usize, isize, isize, isize, isize);
    };
}
#[cfg(target_arch = "x86_64")]
primitives!("sysv64");
#[cfg(not(target_arch = "x86_64"))]
primitives!("C");

/// The rows that `transpose` takes at a time.
pub const ROWS: usize = 8;
