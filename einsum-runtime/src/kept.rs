//! Memory of the thread, kept for its next call.
//!
//! A thread keeps at most [`BLOCKS`] blocks of at most [`KEPT`] bytes each.

use core::cell::Cell;
use core::mem::MaybeUninit;

/// The most that a thread keeps in a block.
const KEPT: usize = 4 << 20;

/// The most blocks that a thread keeps.
const BLOCKS: usize = 4;

/// A cache line.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([MaybeUninit<u8>; LINE]);

const LINE: usize = 64;

thread_local! {
    static OF_THREAD: Cell<Vec<Vec<Line>>> = const { Cell::new(Vec::new()) };
}

/// Uninitialised memory, which goes back to the thread when it is dropped.
pub(crate) struct Kept {
    memory: Vec<Line>,
    /// From the first byte of `memory` to the first that is aligned.
    offset: usize,
}

impl Kept {
    /// Returns so many bytes, the first of them aligned to `align`.
    ///
    /// # Panics
    ///
    /// If they are more than `isize::MAX`.
    pub(crate) fn new(bytes: usize, align: usize) -> Self {
        let spare = if align > LINE { align } else { 0 };
        let lines = bytes.div_ceil(LINE) + spare / LINE;
        let kept = OF_THREAD.try_with(|kept| {
            let mut blocks = kept.take();
            // One that is large enough, if there is one: several are asked for at once, always in the same order.
            let fits = blocks.iter().rposition(|block| block.capacity() >= lines);
            let block = fits.map(|i| blocks.remove(i)).or_else(|| blocks.pop());
            kept.set(blocks);
            block
        });
        // At the end of the thread nothing is kept any more.
        let mut memory = kept.ok().flatten().unwrap_or_default();
        if memory.capacity() < lines {
            // Growing would copy what is not needed, and take more than is kept.
            memory = Vec::new();
            memory.reserve_exact(lines);
        }
        crate::memory::advise_huge_pages(memory.as_mut_ptr(), bytes);
        let start = memory.as_ptr().addr();
        Kept { memory, offset: start.next_multiple_of(align) - start }
    }

    #[inline]
    pub(crate) fn as_ptr(&self) -> *const u8 {
        self.memory.as_ptr().cast::<u8>().wrapping_add(self.offset)
    }

    #[inline]
    pub(crate) fn as_mut_ptr(&mut self) -> *mut u8 {
        self.memory.as_mut_ptr().cast::<u8>().wrapping_add(self.offset)
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if self.memory.capacity() * LINE > KEPT {
            return;
        }
        // At the end of the thread there is nowhere to keep it.
        let _ = OF_THREAD.try_with(|kept| {
            let mut blocks = kept.take();
            if blocks.len() < BLOCKS {
                blocks.push(core::mem::take(&mut self.memory));
            }
            kept.set(blocks);
        });
    }
}

#[cfg(test)]
#[allow(unsafe_code)]
mod tests {
    use super::*;

    fn floats(len: usize) -> Kept {
        Kept::new(len * size_of::<f64>(), align_of::<f64>())
    }

    /// How many blocks this thread keeps.
    fn kept() -> usize {
        let blocks = OF_THREAD.take();
        let count = blocks.len();
        assert!(blocks.iter().all(|block| block.capacity() * LINE <= KEPT));
        OF_THREAD.set(blocks);
        count
    }

    #[test]
    fn memory_is_kept_and_reused() {
        let first = floats(100).as_ptr();
        assert_eq!(kept(), 1);
        for len in [100, 0, 1, 99] {
            assert_eq!(floats(len).as_ptr(), first);
        }
        let pair = [floats(100), floats(100)];
        let places = pair.each_ref().map(Kept::as_ptr);
        assert!(places[0].addr().abs_diff(places[1].addr()) >= 800);
        drop(pair);
        assert_eq!(kept(), 2);
        let mut again = [floats(100), floats(100)].map(|one| one.as_ptr());
        again.sort_unstable();
        let mut places = places;
        places.sort_unstable();
        assert_eq!(again, places);
    }

    #[test]
    fn kept_memory_is_bounded() {
        drop([(); 3 * BLOCKS].map(|()| floats(10)));
        assert_eq!(kept(), BLOCKS);
        let mut all = [(); BLOCKS].map(|()| floats(KEPT / 8 + 1));
        assert_eq!(kept(), 0);
        for one in &mut all {
            // SAFETY: they have so many elements.
            unsafe { one.as_mut_ptr().cast::<f64>().add(KEPT / 8).write(1.0) };
        }
        drop(all);
        assert_eq!(kept(), 0);
        // A block that grows to the most that is kept is kept.
        drop(floats(KEPT / 8 - 100));
        drop(floats(KEPT / 8));
        assert_eq!(kept(), 1);
    }

    #[test]
    fn memory_is_aligned() {
        for align in [1, 8, 64, 128, 4096] {
            for len in [0, 1, 3] {
                let mut made = Kept::new(len * align, align);
                let place = made.as_mut_ptr();
                assert!(place.addr().is_multiple_of(align));
                let end = place.addr() - made.memory.as_ptr().addr() + len * align;
                assert!(end <= made.memory.capacity() * LINE);
            }
        }
    }

    /// What a thread keeps is freed when it ends; a destructor after that can still compute.
    #[test]
    fn ends_of_threads() {
        struct Late;
        impl Drop for Late {
            fn drop(&mut self) {
                assert!(OF_THREAD.try_with(|_| ()).is_err());
                // SAFETY: it has an element.
                unsafe { floats(1).as_mut_ptr().cast::<f64>().write(1.0) };
            }
        }
        thread_local!(static LATE: Late = const { Late });
        let thread = std::thread::spawn(|| {
            // What is used first ends last.
            LATE.with(|_| ());
            drop(floats(10));
        });
        thread.join().unwrap();
    }
}
