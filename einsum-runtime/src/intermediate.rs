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
        let mut blocks = OF_THREAD.take();
        let mut memory = blocks.pop().unwrap_or_default();
        OF_THREAD.set(blocks);
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
    /// The extents of the named axes, their strides, and the same of the others.
    axes: SmallVec<[usize; 16]>,
    named: usize,
    /// The number of elements.
    pub(crate) len: usize,
}

impl COrder {
    /// `named` axes, `before` of them before those of the ellipsis, with extents to be [set](COrder::set).
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
