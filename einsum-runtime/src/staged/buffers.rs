//! Memory for buffers, of the thread and kept for its next nest: at most [`KEPT`] allocations of at most
//! [`BYTES`] for each of three buffers.

use core::cell::RefCell;
use core::mem::MaybeUninit;

use super::plan::BYTES;

#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([MaybeUninit<u8>; 64]);

/// The allocations that a thread keeps: a nest of parts has another inside.
const KEPT: usize = 2;

thread_local! {
    static OF_THREAD: RefCell<Vec<Vec<Line>>> = const { RefCell::new(Vec::new()) };
}

/// Calls `work` with uninitialised, aligned memory for each of some numbers of bytes.
pub(super) fn with_buffers<const N: usize>(bytes: [usize; N], work: impl FnOnce([*mut u8; N])) {
    // A line more: buffers at multiples of a page from each other would compete for places in the cache.
    let lines = bytes.map(|bytes| bytes.div_ceil(64) + 1);
    let total = lines.iter().sum();
    // At the end of the thread nothing is kept any more.
    let kept = OF_THREAD.try_with(|kept| kept.borrow_mut().pop());
    let mut memory = kept.ok().flatten().unwrap_or_default();
    memory.clear();
    memory.reserve(total);
    let mut next: *mut Line = memory.as_mut_ptr().cast();
    work(lines.map(|lines| {
        let buffer = next;
        next = next.wrapping_add(lines);
        buffer.cast()
    }));
    let _ = OF_THREAD.try_with(|kept| {
        let mut kept = kept.borrow_mut();
        if kept.len() < KEPT && memory.capacity() * 64 <= 4 * BYTES {
            kept.push(memory);
        }
    });
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
            with_buffers([1, 100], |[first, second]| {
                // SAFETY: there is room for so many.
                unsafe {
                    first.write(1);
                    second.add(99).write(1);
                }
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
