//! Memory that ends where nothing can be read, for tests: what reads past an operand faults.

use core::ops::Deref;

#[cfg(all(unix, not(miri)))]
use pages as room;
#[cfg(not(all(unix, not(miri))))]
use vector as room;

/// Elements, the last of which is the last of a page that no readable one follows, where the system has such.
pub(crate) struct Guarded<T> {
    room: room::Room<T>,
    len: usize,
}

impl<T: Copy> Guarded<T> {
    pub(crate) fn of(elements: &[T]) -> Self {
        let room = room::Room::<T>::new(elements.len());
        // SAFETY: there is room for so many elements.
        unsafe { room.first().copy_from_nonoverlapping(elements.as_ptr(), elements.len()) };
        Guarded { room, len: elements.len() }
    }
}

impl<T> Deref for Guarded<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // SAFETY: all elements have been written.
        unsafe { core::slice::from_raw_parts(self.room.first(), self.len) }
    }
}

#[cfg(all(unix, not(miri)))]
mod pages {
    use core::cell::RefCell;
    use core::ptr::null_mut;

    /// At least the size of a page.
    const PAGE: usize = 64 << 10;

    thread_local! {
        /// What is left of earlier rooms, as the system takes long to give and to take.
        static LEFT: RefCell<Vec<Mapping>> = const { RefCell::new(Vec::new()) };
    }

    /// The most mappings that are left for later.
    const MOST_LEFT: usize = 8;

    /// A mapping of its own: bytes, whole pages, before a guard.
    struct Mapping {
        start: *mut u8,
        bytes: usize,
    }

    impl Mapping {
        fn new(bytes: usize) -> Self {
            // SAFETY: a mapping of its own, of which the last pages lose their rights.
            let start = unsafe {
                let (rights, flags) =
                    (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
                let start = libc::mmap(null_mut(), bytes + PAGE, rights, flags, -1, 0);
                assert_ne!(start, libc::MAP_FAILED, "there is no memory left");
                let guard = start.byte_add(bytes);
                assert_eq!(libc::mprotect(guard, PAGE, libc::PROT_NONE), 0, "no guard");
                start.cast()
            };
            Mapping { start, bytes }
        }
    }

    impl Drop for Mapping {
        fn drop(&mut self) {
            // SAFETY: the mapping is this one's own.
            unsafe { libc::munmap(self.start.cast(), self.bytes + PAGE) };
        }
    }

    pub(super) struct Room<T> {
        /// There is one until the room is dropped.
        mapping: Option<Mapping>,
        first: *mut T,
    }

    impl<T> Room<T> {
        pub(super) fn new(len: usize) -> Self {
            let used = len * size_of::<T>();
            let bytes = used.next_multiple_of(PAGE);
            let left = LEFT.with_borrow_mut(|left| {
                let at = left.iter().position(|mapping| mapping.bytes >= bytes)?;
                Some(left.swap_remove(at))
            });
            let mapping = left.unwrap_or_else(|| Mapping::new(bytes));
            // The size of an element is a multiple of its alignment, as pages are.
            let first = mapping.start.wrapping_add(mapping.bytes - used).cast();
            Room { mapping: Some(mapping), first }
        }

        /// Returns where the elements start.
        pub(super) fn first(&self) -> *mut T {
            self.first
        }
    }

    impl<T> Drop for Room<T> {
        fn drop(&mut self) {
            let mapping = self.mapping.take();
            // A thread that is about to end leaves none.
            let _ = LEFT.try_with(|left| {
                let mut left = left.borrow_mut();
                if left.len() < MOST_LEFT {
                    left.extend(mapping);
                }
            });
        }
    }
}

#[cfg(not(all(unix, not(miri))))]
mod vector {
    use core::cell::UnsafeCell;
    use core::mem::MaybeUninit;

    pub(super) struct Room<T>(Box<[UnsafeCell<MaybeUninit<T>>]>);

    impl<T> Room<T> {
        pub(super) fn new(len: usize) -> Self {
            Room((0..len).map(|_| UnsafeCell::new(MaybeUninit::uninit())).collect())
        }

        pub(super) fn first(&self) -> *mut T {
            self.0.as_ptr().cast_mut().cast()
        }
    }
}
