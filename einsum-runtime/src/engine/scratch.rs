//! Memory for tables and panels: on the stack if little, else of the thread and kept for its next contraction.
//!
//! What a contraction asks for is bounded by its plan: about 1.5 MB, of which an image of C takes up to 256 KB, or where blocks of Y are copied 3.5 MB. The chunks of long sums ask for up to 1 MB.

use core::mem::MaybeUninit;

use crate::kept::Kept;

/// A cache line, which everything in the scratch is aligned to.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Line([MaybeUninit<u8>; LINE]);

pub(super) const LINE: usize = 64;

/// The most that is taken from the stack.
const SMALL: usize = 8 << 10;

/// Calls `work` with at least `bytes` of memory.
#[inline]
pub(crate) fn with_scratch(bytes: usize, work: impl FnOnce(Scratch)) {
    if bytes <= SMALL {
        let mut lines = [const { MaybeUninit::<Line>::uninit() }; SMALL / LINE];
        return work(Scratch { next: lines.as_mut_ptr().cast(), left: SMALL });
    }
    let mut memory = Kept::new(bytes, LINE);
    work(Scratch { next: memory.as_mut_ptr(), left: bytes.next_multiple_of(LINE) });
}

/// Memory to be handed out, from front to back.
pub(crate) struct Scratch {
    next: *mut u8,
    left: usize,
}

impl Scratch {
    /// Returns aligned, uninitialised room for `count` values.
    ///
    /// # Panics
    ///
    /// If the scratch is exhausted.
    pub(crate) fn take<T>(&mut self, count: usize) -> *mut T {
        let bytes = Self::size::<T>(count);
        assert!(bytes <= self.left, "a plan asked for less scratch than its execution takes");
        let taken = self.next;
        self.next = taken.wrapping_add(bytes);
        self.left -= bytes;
        taken.cast()
    }

    /// Returns the bytes that `count` values take.
    pub(crate) const fn size<T>(count: usize) -> usize {
        (count * size_of::<T>()).next_multiple_of(LINE)
    }
}
