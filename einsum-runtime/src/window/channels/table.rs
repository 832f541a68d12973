//! Tables in memory that the thread keeps.

use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};

use crate::kept::Kept;

/// A list of up to so many items.
pub(in crate::window) struct Table<T> {
    memory: Kept,
    len: usize,
    most: usize,
    items: PhantomData<T>,
}

impl<T: Copy> Table<T> {
    pub(in crate::window) fn new(most: usize) -> Self {
        let bytes = most.checked_mul(size_of::<T>());
        let bytes = bytes.expect("einloom: internal error: a table is too large");
        let memory = Kept::new(bytes, align_of::<T>());
        Table { memory, len: 0, most, items: PhantomData }
    }

    pub(in crate::window) fn clear(&mut self) {
        self.len = 0;
    }

    pub(in crate::window) fn push(&mut self, item: T) {
        assert!(self.len < self.most, "einloom: internal error: a table is full");
        // SAFETY: there is room for so many items, and the memory is aligned.
        unsafe { self.memory.as_mut_ptr().cast::<T>().add(self.len).write(item) };
        self.len += 1;
    }
}

impl<T: Copy> Deref for Table<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // SAFETY: so many items have been written.
        unsafe { core::slice::from_raw_parts(self.memory.as_ptr().cast(), self.len) }
    }
}

impl<T: Copy> DerefMut for Table<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: so many items have been written.
        unsafe { core::slice::from_raw_parts_mut(self.memory.as_mut_ptr().cast(), self.len) }
    }
}
