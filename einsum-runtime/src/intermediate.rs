//! Arrays between the nests of a call: in C order, in memory of the thread that is kept for its next call.
//!
//! A thread keeps at most [`BLOCKS`] blocks of at most [`KEPT`] bytes each.

use core::alloc::Layout;
use core::cell::Cell;
use core::mem::MaybeUninit;

use smallvec::SmallVec;

use crate::layout::{Axes, Steps};

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

/// A new array in C order.
pub(crate) struct Intermediate {
    memory: Vec<Line>,
    /// From the first byte of `memory` to the first element.
    offset: usize,
    pub(crate) shape: COrder,
}

impl Intermediate {
    /// Returns uninitialised room for the elements of `shape`.
    pub(crate) fn new(shape: COrder, element: Layout) -> Self {
        let kept = OF_THREAD.try_with(|kept| {
            let mut blocks = kept.take();
            let block = blocks.pop();
            kept.set(blocks);
            block
        });
        // At the end of the thread nothing is kept any more.
        let mut memory = kept.ok().flatten().unwrap_or_default();
        // The check before any loop has compared the product with `isize::MAX`.
        let bytes = shape.len * element.size();
        let spare = if element.align() > LINE { element.align() } else { 0 };
        let lines = bytes.div_ceil(LINE) + spare / LINE;
        if memory.capacity() < lines {
            // Growing would copy what is not needed, and take more than is kept.
            memory = Vec::new();
            memory.reserve_exact(lines);
        }
        crate::memory::advise_huge_pages(memory.as_mut_ptr(), bytes);
        let start = memory.as_ptr().addr();
        Intermediate { memory, offset: start.next_multiple_of(element.align()) - start, shape }
    }

    pub(crate) fn as_ptr(&self) -> *const u8 {
        self.memory.as_ptr().cast::<u8>().wrapping_add(self.offset)
    }

    pub(crate) fn as_mut_ptr(&mut self) -> *mut u8 {
        self.memory.as_mut_ptr().cast::<u8>().wrapping_add(self.offset)
    }
}

impl Drop for Intermediate {
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

/// The shape of a new array in C order: named axes and those of an ellipsis.
pub(crate) struct COrder {
    /// The extents of the named axes, their strides, and the same of the others.
    axes: SmallVec<[usize; 16]>,
    named: usize,
    /// The number of elements.
    pub(crate) len: usize,
}

impl COrder {
    /// `named` axes, whose extents are to be [written](COrder::named_mut) before it is [laid](COrder::lay), and those of an
    /// ellipsis.
    pub(crate) fn new(named: usize, rest: &[usize]) -> Self {
        let mut axes = SmallVec::from_elem(0, 2 * named + 2 * rest.len());
        if !rest.is_empty() {
            axes[2 * named..2 * named + rest.len()].copy_from_slice(rest);
        }
        COrder { axes, named, len: 0 }
    }

    /// The extents of the named axes.
    pub(crate) fn named_mut(&mut self) -> &mut [usize] {
        &mut self.axes[..self.named]
    }

    /// Computes the strides from all extents, `before` of the named axes standing before those of the ellipsis.
    ///
    /// # Panics
    ///
    /// If the product of all extents but zeros exceeds `isize::MAX`.
    pub(crate) fn lay(&mut self, before: usize) {
        let named = self.named;
        let count = self.axes.len() / 2 - named;
        let axes: &mut [usize] = &mut self.axes;
        // Strides where an extent is 0 are those where it is 1: nobody walks along them.
        let (mut stride, mut is_empty) = (1_usize, false);
        let mut position = named + count;
        while position > 0 {
            position -= 1;
            // In the order of the array's axes.
            let (extent, to) = if position >= before.min(named) + count {
                (position - count, position - count + named)
            } else if position >= before.min(named) {
                let own = 2 * named + position - before.min(named);
                (own, own + count)
            } else {
                (position, position + named)
            };
            axes[to] = stride;
            is_empty |= axes[extent] == 0;
            match stride.checked_mul(axes[extent].max(1)) {
                Some(next) if isize::try_from(next).is_ok() => stride = next,
                _ => panic!("einloom: internal error: unchecked extents of a new array"),
            }
        }
        self.len = if is_empty { 0 } else { stride };
    }

    /// Returns all extents in the order of the axes.
    pub(crate) fn in_order(&self, before: usize) -> SmallVec<[usize; 8]> {
        let Axes { named, rest, .. } = self.axes();
        let (left, right) = named.extents.split_at(before.min(self.named));
        left.iter().chain(rest.extents).chain(right).copied().collect()
    }

    pub(crate) fn axes(&self) -> Axes<'_> {
        let (named, rest) = self.axes.split_at(2 * self.named);
        Axes { named: Steps::of(named), rest: Steps::of(rest), found: self.axes.len() / 2 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(len: usize) -> COrder {
        let mut shape = COrder::new(1, &[]);
        shape.named_mut()[0] = len;
        shape.lay(0);
        shape
    }

    fn floats(len: usize) -> Intermediate {
        Intermediate::new(line(len), Layout::new::<f64>())
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
        let places = pair.each_ref().map(Intermediate::as_ptr);
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
    fn elements_are_aligned() {
        for align in [1, 8, 64, 128, 4096] {
            for len in [0, 1, 3] {
                let element = Layout::from_size_align(align, align).unwrap();
                let mut made = Intermediate::new(line(len), element);
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

    #[test]
    fn c_order() {
        for before in 0..=3 {
            let mut shape = COrder::new(3, &[5, 7]);
            shape.named_mut().copy_from_slice(&[2, 3, 4]);
            shape.lay(before);
            let all = shape.in_order(before);
            let Axes { named, rest, .. } = shape.axes();
            let mut strides = named.strides.to_vec();
            strides.splice(before..before, rest.strides.iter().copied());
            let mut stride = 1;
            for (extent, own) in all.iter().zip(strides).rev() {
                assert_eq!(own, stride);
                stride *= extent;
            }
            assert_eq!((stride, shape.len), (840, 840));
        }
        assert_eq!(line(0).len, 0);
        let mut none = COrder::new(0, &[]);
        none.lay(0);
        assert_eq!(none.len, 1);
    }

    #[test]
    #[should_panic(expected = "unchecked extents of a new array")]
    fn too_large() {
        line(1 << 63);
    }
}
