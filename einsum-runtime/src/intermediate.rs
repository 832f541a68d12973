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
        memory.clear();
        memory.reserve(bytes.div_ceil(LINE) + spare / LINE);
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
    pub(crate) extents: SmallVec<[usize; 6]>,
    strides: SmallVec<[usize; 6]>,
    pub(crate) rest: SmallVec<[usize; 6]>,
    rest_strides: SmallVec<[usize; 6]>,
    /// The number of elements.
    pub(crate) len: usize,
}

impl COrder {
    /// `before` of the named axes stand before those of the ellipsis.
    ///
    /// # Panics
    ///
    /// If the product of all extents but zeros exceeds `isize::MAX`.
    pub(crate) fn new(
        extents: SmallVec<[usize; 6]>,
        before: usize,
        rest: SmallVec<[usize; 6]>,
    ) -> Self {
        // Strides where an extent is 0 are those where it is 1: nobody walks along them.
        let (mut stride, mut is_empty) = (1_usize, false);
        let mut take = |extent: usize| {
            let own = stride;
            is_empty |= extent == 0;
            stride = stride.checked_mul(extent.max(1)).expect(TOO_LARGE);
            own
        };
        let named = extents.len();
        let mut strides = SmallVec::new();
        strides.resize(named, 0);
        let mut rest_strides = SmallVec::new();
        rest_strides.resize(rest.len(), 0);
        let mut axis = named;
        while axis > before.min(named) {
            axis -= 1;
            strides[axis] = take(extents[axis]);
        }
        let mut position = rest.len();
        while position > 0 {
            position -= 1;
            rest_strides[position] = take(rest[position]);
        }
        while axis > 0 {
            axis -= 1;
            strides[axis] = take(extents[axis]);
        }
        assert!(isize::try_from(stride).is_ok(), "{TOO_LARGE}");
        let len = if is_empty { 0 } else { stride };
        COrder { extents, strides, rest, rest_strides, len }
    }

    /// Returns all extents in the order of the axes, `before` of the named ones before those of the ellipsis.
    pub(crate) fn in_order(&self, before: usize) -> SmallVec<[usize; 8]> {
        let (left, right) = self.extents.split_at(before.min(self.extents.len()));
        left.iter().chain(&self.rest).chain(right).copied().collect()
    }

    pub(crate) fn axes(&self) -> Axes<'_> {
        Axes {
            named: Steps { extents: &self.extents, strides: &self.strides },
            rest: Steps { extents: &self.rest, strides: &self.rest_strides },
            found: self.extents.len() + self.rest.len(),
        }
    }
}

const TOO_LARGE: &str = "einloom: internal error: unchecked extents of a new array";
