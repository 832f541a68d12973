//! Memory for tables and panels: on the stack if little, else of the thread and kept for its next contraction.
//!
//! Kept are at most [`KEPT`] bytes a thread. What a contraction asks for is bounded by its plan: about 1.5 MB. The
//! chunks of long sums ask for up to 1 MB.

use core::cell::Cell;
use core::mem::MaybeUninit;

/// A cache line, which everything in the scratch is aligned to.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Line([MaybeUninit<u8>; LINE]);

pub(super) const LINE: usize = 64;

/// The most that is taken from the stack.
const SMALL: usize = 8 << 10;

/// The most that a thread keeps.
const KEPT: usize = 4 << 20;

thread_local! {
    static OF_THREAD: Cell<Vec<Line>> = const { Cell::new(Vec::new()) };
}

/// Calls `work` with at least `bytes` of memory.
#[inline]
pub(crate) fn with_scratch(bytes: usize, work: impl FnOnce(Scratch)) {
    if bytes <= SMALL {
        let mut lines = [const { MaybeUninit::<Line>::uninit() }; SMALL / LINE];
        return work(Scratch { next: lines.as_mut_ptr().cast(), left: SMALL });
    }
    // Taken out, so that a contraction inside of `work`, of which there is none, would allocate its own. At the end of the
    // thread nothing is kept any more.
    let mut lines = OF_THREAD.try_with(Cell::take).unwrap_or_default();
    let needed = bytes.div_ceil(LINE);
    lines.clear();
    lines.reserve(needed);
    work(Scratch { next: lines.as_mut_ptr().cast(), left: needed * LINE });
    if needed * LINE <= KEPT {
        let _ = OF_THREAD.try_with(|kept| kept.set(lines));
    }
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

#[cfg(test)]
#[allow(unsafe_code)]
mod tests {
    use super::*;

    /// A destructor that runs after what the thread keeps is freed can still compute.
    #[test]
    fn ends_of_threads() {
        struct Late;
        impl Drop for Late {
            fn drop(&mut self) {
                assert!(OF_THREAD.try_with(|_| ()).is_err());
                write();
            }
        }
        fn write() {
            with_scratch(SMALL + 1, |mut scratch| {
                // SAFETY: there is room for so many.
                unsafe { scratch.take::<u8>(SMALL + 1).add(SMALL).write(1) };
            });
        }
        thread_local!(static LATE: Late = const { Late });
        let thread = std::thread::spawn(|| {
            // What is used first ends last.
            LATE.with(|_| ());
            write();
        });
        thread.join().unwrap();
    }
}
