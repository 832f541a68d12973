//! What the operating system knows about memory.
//!
//! Two system calls of their own, rather than a dependency on `libc` for them.

#![allow(unsafe_code)]

/// Fresh arrays from this size on are backed by huge pages. Most of the time that a first write takes is spent in page
/// faults, and huge pages save three quarters of it.
const HUGE: usize = 4 << 20;

/// Asks for huge pages behind the whole pages of `bytes` bytes from `start` on. Contents do not change.
#[inline]
pub(crate) fn advise_huge_pages<T>(start: *mut T, bytes: usize) {
    if bytes >= HUGE {
        system::advise_huge_pages(start.addr(), bytes);
    }
}

/// Allocations from this size on are made of new pages each time, by an allocator that gives pages back when it is done with them,
/// as that of the GNU C library does.
const OWN_PAGES: usize = 32 << 20;

/// The bytes of a huge page.
const HUGE_PAGE: usize = 2 << 20;

/// Returns the capacity for `len` elements of so many bytes that lets the last of them be in a huge page too, where pages are new.
/// Else it is in small ones, up to 511 of them, each with a page fault. Where huge pages cannot be asked for, that is `len`.
pub(crate) fn with_whole_pages(len: usize, size: usize) -> usize {
    match len.checked_mul(size) {
        Some(bytes) if system::HAS_HUGE_PAGES && bytes >= OWN_PAGES => len + HUGE_PAGE / size,
        _ => len,
    }
}

/// Whether there is memory behind the page of an element of an array, as far as that can be known. Fresh pages get
/// theirs when they are first written.
pub(crate) fn is_backed<T>(at: *mut T) -> bool {
    system::is_backed(at.addr())
}

#[cfg(all(target_os = "linux", target_arch = "x86_64", not(miri)))]
mod system {
    pub(super) const HAS_HUGE_PAGES: bool = true;

    const PAGE: usize = 4096;
    const MINCORE: usize = 27;
    const MADVISE: usize = 28;
    const HUGEPAGE: usize = 14;

    pub(super) fn advise_huge_pages(start: usize, bytes: usize) {
        let from = start.next_multiple_of(PAGE);
        let to = (start + bytes) / PAGE * PAGE;
        // SAFETY: the advice changes how pages are backed, never what they hold. An error changes nothing.
        unsafe { call(MADVISE, [from, to.saturating_sub(from), HUGEPAGE]) };
    }

    pub(super) fn is_backed(at: usize) -> bool {
        let mut status = 1_u8;
        // SAFETY: the call writes one byte a page, and this is one page.
        unsafe { call(MINCORE, [at / PAGE * PAGE, PAGE, (&raw mut status).expose_provenance()]) };
        status & 1 == 1
    }

    /// # Safety
    ///
    /// As the system call.
    unsafe fn call(number: usize, [first, second, third]: [usize; 3]) {
        // SAFETY: the caller's duty. A system call overwrites rax, rcx, and r11 only, and it may write to memory.
        unsafe {
            core::arch::asm!(
                "syscall",
                inlateout("rax") number => _,
                in("rdi") first,
                in("rsi") second,
                in("rdx") third,
                lateout("rcx") _,
                lateout("r11") _,
                options(nostack),
            );
        }
    }
}

#[cfg(not(all(target_os = "linux", target_arch = "x86_64", not(miri))))]
mod system {
    pub(super) const HAS_HUGE_PAGES: bool = false;

    pub(super) fn advise_huge_pages(_start: usize, _bytes: usize) {}

    pub(super) fn is_backed(_at: usize) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Up to 2 MB more from 32 MB on; nothing more below, or of what cannot be allocated.
    #[test]
    fn large_arrays_have_room_for_a_page() {
        for size in [1, 4, 12, 16] {
            let large = (32_usize << 20).div_ceil(size);
            assert_eq!(with_whole_pages(large - 1, size), large - 1);
            let more = (with_whole_pages(large, size) - large) * size;
            assert!(if system::HAS_HUGE_PAGES {
                more <= 2 << 20 && more > 2_000_000
            } else {
                more == 0
            });
        }
        assert_eq!(with_whole_pages(usize::MAX, 0), usize::MAX);
        assert_eq!(with_whole_pages(usize::MAX, 8), usize::MAX);
    }

    #[test]
    fn advice_keeps_contents() {
        let mut array: Vec<u64> = Vec::with_capacity(1 << 20);
        advise_huge_pages(array.as_mut_ptr(), 8 << 20);
        array.extend(0..1 << 20);
        advise_huge_pages(array.as_mut_ptr(), 8 << 20);
        assert!(array.iter().copied().eq(0..1 << 20));
    }

    #[test]
    fn written_memory_is_backed() {
        let mut array = vec![1_u8; 1 << 20];
        assert!(is_backed(&raw mut array[1 << 19]));
    }
}
