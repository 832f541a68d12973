//! Threads: whether a computation is divided, into how many pieces, and who takes them.
//!
//! Divided is only what shares no result: pieces write different elements of the output. Everything that an element's
//! bits depend on (the kernels, the blocks of a sum and their order) is decided on the whole problem before, so that they
//! are the same for any number of threads, one included.
//!
//! The caller works itself. Others help: threads of the rayon pool that the caller belongs to, or else of the global
//! pool, which small computations neither start nor ask.

#![allow(unsafe_code)]

#[cfg(all(test, feature = "threads"))]
mod bits;
mod chunks;
#[cfg(feature = "threads")]
mod crew;
mod grid;
#[cfg(test)]
mod tests;

pub(crate) use chunks::in_chunks;
pub(crate) use grid::Grid;

/// The time on one thread, in nanoseconds, from which on a computation is divided.
///
/// Waking a thread costs the caller about 5 µs, and the other begins 30 to 50 µs later.
const LEAST: usize = if cfg!(test) { 300 } else { 60_000 };

/// The least time of a piece: its tables and the like take less than a tenth of that.
const PIECE: usize = if cfg!(test) { 30 } else { 10_000 };

/// The bytes that a fast processor moves in a nanosecond, where they are in a cache that all processors share.
pub(crate) const BYTES_MOVED: usize = 64;

/// The bytes of the products that it adds up in a nanosecond: 200 GFLOP/s in `f32`.
pub(crate) const BYTES_MULTIPLIED: usize = 400;

/// The pieces for every thread: those that begin late, or are interrupted, leave the rest to others.
const OF_THREAD: usize = 8;

/// Returns how many pieces a computation should have that takes so long on one thread: 1 if it is not to be divided.
#[inline]
pub(crate) fn pieces(nanoseconds: usize) -> usize {
    if is_long(nanoseconds) { pieces_of_long(nanoseconds) } else { 1 }
}

/// Whether a computation that takes so long on one thread is one to divide, if there were several threads.
#[inline]
pub(crate) fn is_long(nanoseconds: usize) -> bool {
    nanoseconds >= LEAST
}

#[cold]
fn pieces_of_long(nanoseconds: usize) -> usize {
    match threads() {
        1 => 1,
        threads => (nanoseconds / PIECE).min(threads.saturating_mul(OF_THREAD)),
    }
}

/// Returns the number of threads of the caller's pool.
fn threads() -> usize {
    #[cfg(feature = "threads")]
    return rayon_core::current_num_threads();
    #[cfg(not(feature = "threads"))]
    1
}

/// Calls `run` with every number below `pieces`, on several threads if that is more than one.
///
/// A call through a table costs nothing beside a piece, and neither this nor `run` is compiled more than once for it.
pub(crate) fn each(pieces: usize, run: &(dyn Fn(usize) + Sync)) {
    #[cfg(feature = "threads")]
    if pieces > 1 {
        return crew::each(pieces, threads().min(pieces) - 1, run);
    }
    (0..pieces).for_each(run);
}

/// As [`each`], for pieces that must be the same for any number of threads, and together take so long on one.
pub(crate) fn each_of(pieces: usize, nanoseconds: usize, run: &(dyn Fn(usize) + Sync)) {
    if self::pieces(nanoseconds) == 1 { (0..pieces).for_each(run) } else { each(pieces, run) }
}

/// Pointers that several threads are given, each to use for elements of its own.
///
/// What a thread does with them is as unsafe as any use of a pointer, and argued there.
#[derive(Clone, Copy)]
pub(crate) struct Shared<T>(T);

// SAFETY: a pointer is a number until it is used; whoever uses it argues that elements are not shared, or only read.
unsafe impl<T> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Shared<T> {}

impl<T: Copy> Shared<T> {
    /// Wraps pointers to elements that any thread may use, as [`Element`](crate::Element) is `Send` and `Sync`.
    ///
    /// # Safety
    ///
    /// The value is made of pointers to elements, and of what is `Send` and `Sync`.
    pub(crate) unsafe fn new(value: T) -> Self {
        Shared(value)
    }

    /// Returns the pointers.
    pub(crate) fn get(&self) -> T {
        self.0
    }
}
