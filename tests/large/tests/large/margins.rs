//! An allocator that surrounds all memory with margins, sees whether they are written, and hands out no memory that happens
//! to be zero.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

struct Margins;

#[global_allocator]
static ALLOCATOR: Margins = Margins;

/// How often a margin was found written.
static WRITTEN: AtomicUsize = AtomicUsize::new(0);

const MARGIN: usize = 256;
const FILL: u8 = 0xA5;

/// Real and complex numbers of these bytes are NaN.
const FRESH: u8 = 0xFF;

/// Whether a margin was written since the last call.
pub(crate) fn are_written() -> bool {
    WRITTEN.swap(0, Ordering::Relaxed) > 0
}

/// The layout with margins, and the size of the first one.
fn with_margins(layout: Layout) -> (Layout, usize) {
    let front = MARGIN.max(layout.align());
    let size = front + layout.size() + MARGIN;
    (Layout::from_size_align(size, layout.align()).expect("a size that fits"), front)
}

// SAFETY: the system's allocator does all of it; what is handed out lies inside of what it returns.
unsafe impl GlobalAlloc for Margins {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let (outer, front) = with_margins(layout);
        // SAFETY: the size is not zero; all that is written has been allocated.
        unsafe {
            let start = System.alloc(outer);
            if start.is_null() {
                return start;
            }
            let ptr = start.add(front);
            start.write_bytes(FILL, front);
            ptr.write_bytes(FRESH, layout.size());
            ptr.add(layout.size()).write_bytes(FILL, MARGIN);
            ptr
        }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        let (outer, front) = with_margins(layout);
        // SAFETY: `alloc` has returned `ptr` for this layout.
        unsafe {
            let start = ptr.sub(front);
            let before = core::slice::from_raw_parts(ptr.sub(MARGIN), MARGIN);
            let behind = core::slice::from_raw_parts(ptr.add(layout.size()), MARGIN);
            // As arrays they are compared by one call, whose speed does not depend on how this is compiled.
            if before != [FILL; MARGIN] || behind != [FILL; MARGIN] {
                WRITTEN.fetch_add(1, Ordering::Relaxed);
            }
            System.dealloc(start, outer);
        }
    }
}
