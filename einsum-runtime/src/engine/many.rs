//! Many tiny products, whose rows do not fill vectors: the lanes are products instead.
//!
//! ```text
//! for a block of as many products as a vector has lanes
//!   x[e][product], y[e][product]      transposed from X and Y, e an element of a product's operand
//!   c[e][product] = Σ_k x · y         kernels that read Y as vectors
//!   C                                 transposed back
//! ```

use core::mem::MaybeUninit;

use super::Finish;
use super::loops::Loop;
use super::machine::Machine;
use super::parts::Batch;
use super::scratch::{LINE, Line};
use super::sweep::{Kernels, Split, sweep};
use crate::kernel::packing::{Pair, ROWS};
use crate::kernel::table::{Arguments, ColumnEntry, StepEntry, VectorEntry};
use crate::kernel::{Dims, Read};

/// The most elements of a product's operand, and of its result.
const ELEMENTS: usize = 32;

/// The most lanes of a block.
const LANES: usize = 16;

/// The fewest products that are worth the way.
const PRODUCTS: usize = 64;

const ONCE: Loop = Loop { extent: 1, x: 0, y: 0, c: 0 };

/// One loop a group, of extent 1 if there is none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Many {
    batch: Loop,
    m: Loop,
    n: Loop,
    k: Loop,
}

/// The elements of one array in a product: two loops, the inner one last, each with the bytes between elements.
#[derive(Clone, Copy, Debug)]
struct Elements {
    outer: (usize, isize),
    inner: (usize, isize),
    /// Whether the loops have changed places.
    is_turned: bool,
}

impl Elements {
    /// Orders two loops by their steps.
    fn of(first: (usize, isize), second: (usize, isize)) -> Self {
        let is_turned = first.0 > 1 && (second.0 == 1 || first.1.abs() < second.1.abs());
        let (outer, inner) = if is_turned { (second, first) } else { (first, second) };
        Elements { outer, inner, is_turned }
    }

    fn count(&self) -> usize {
        self.outer.0 * self.inner.0
    }

    /// The number of adjacent elements that the array consists of, from the first on.
    fn run(&self, unit: isize) -> usize {
        if self.inner.0 > 1 && self.inner.1 != unit {
            1
        } else if self.outer.0 == 1 || self.outer.1 == unit * self.inner.0.cast_signed() {
            self.count()
        } else {
            self.inner.0
        }
    }

    /// The elements from one to the next along the first loop, and along the second.
    fn steps(&self) -> (usize, usize) {
        if self.is_turned { (1, self.inner.0) } else { (self.inner.0, 1) }
    }
}

impl Many {
    /// Returns the products if they are tiny and many.
    #[inline]
    pub(super) fn of(machine: &Machine, dims: &Dims<2>, adds: bool) -> Option<Self> {
        let (mut batch, mut m, mut n, mut k) = (ONCE, ONCE, ONCE, ONCE);
        let unit = machine.unit.cast_signed();
        let mut i = 0;
        while i < dims.len() {
            let d = &dims[i];
            i += 1;
            if d.extent == 1 {
                continue;
            }
            let [x, y] = d.sources;
            let group = match (d.summed, x != 0, y != 0) {
                (true, ..) => &mut k,
                (false, true, false) => &mut m,
                (false, false, true) => &mut n,
                (false, ..) => &mut batch,
            };
            if d.extent == 0 || group.extent != 1 {
                return None;
            }
            *group = Loop { extent: d.extent, x: x * unit, y: y * unit, c: d.out * unit };
        }
        let most = ELEMENTS;
        let is_tiny = m.extent <= most && n.extent <= most && k.extent <= most && k.extent > 1;
        if batch.extent < PRODUCTS || !is_tiny || adds || machine.steps_of_point() > 1 {
            return None;
        }
        let many = Many { batch, m, n, k };
        let c = many.c();
        let is_small = many.x().count() <= most && many.y().count() <= most && c.count() <= most;
        (is_small && c.run(unit) == c.count()).then_some(many)
    }

    fn x(&self) -> Elements {
        Elements::of((self.m.extent, self.m.x), (self.k.extent, self.k.x))
    }

    fn y(&self) -> Elements {
        Elements::of((self.n.extent, self.n.y), (self.k.extent, self.k.y))
    }

    fn c(&self) -> Elements {
        Elements::of((self.n.extent, self.n.c), (self.m.extent, self.m.c))
    }

    /// Runs the products.
    ///
    /// # Safety
    ///
    /// As [`contract`](super::contract()), for the dims that the products were made from.
    #[inline(never)]
    pub(super) unsafe fn run<T: Copy + Sync>(
        &self,
        machine: &Machine,
        sources: [Read<T>; 2],
        c: *mut T,
        finish: &Finish<T>,
    ) {
        let Many { batch, m, n, k } = *self;
        let products = Batch { along: batch, product: [m.extent, n.extent, k.extent] };
        let pieces = products.pieces(machine);
        if pieces == 1 {
            // SAFETY: the caller's duties.
            return unsafe { self.run_part(machine, sources, c, finish) };
        }
        // SAFETY: the caller's duties; products of a batch write different elements.
        unsafe {
            products.each(pieces, sources, c, |batch, sources, c| {
                Many { batch, ..*self }.run_part(machine, sources, c, finish);
            });
        }
    }

    /// Runs the products on this thread.
    ///
    /// # Safety
    ///
    /// As [`run`](Self::run).
    unsafe fn run_part<T>(
        &self,
        machine: &Machine,
        [x, y]: [Read<T>; 2],
        c: *mut T,
        finish: &Finish<T>,
    ) {
        let Many { batch, m, n, k } = *self;
        let (xs, ys, cs) = (self.x(), self.y(), self.c());
        // The lanes of a block: whole groups of rows for transposition, and whole vectors.
        let lanes = machine.rows_of_vector().max(ROWS);
        let bytes = lanes * machine.unit;
        let offset = |elements: usize| (elements * bytes).cast_signed();
        let mut buffers =
            [const { MaybeUninit::<Line>::uninit() }; 4 * ELEMENTS * LANES * 8 / LINE];
        let buffer: *mut u8 = buffers.as_mut_ptr().cast();
        let part = |i: usize| buffer.wrapping_add(i * ELEMENTS * LANES * 8);
        let (x_panel, y_panel, c_panel, turned) = (part(0), part(1), part(2), part(3));

        let mut vectors = [const { MaybeUninit::<VectorEntry>::uninit() }; ELEMENTS];
        let mut columns = [const { MaybeUninit::<ColumnEntry>::uninit() }; ELEMENTS];
        let mut steps = [const { MaybeUninit::<StepEntry>::uninit() }; ELEMENTS];
        let kernels = Kernels::lanes(machine.kernels);
        let ((x_m, x_k), (y_n, y_k), (c_n, c_m)) = (xs.steps(), ys.steps(), cs.steps());
        let mut i = 0;
        while i < ELEMENTS {
            vectors[i].write(VectorEntry {
                x: offset(i * x_m),
                c: offset(i * c_m),
                mask: kernels.all,
            });
            columns[i].write(ColumnEntry { y: offset(i * y_n), c: offset(i * c_n) });
            steps[i].write(StepEntry { x: offset(i * x_k), y: offset(i * y_k) });
            i += 1;
        }
        let steps: *const StepEntry = steps.as_ptr().cast();
        let mut arguments = Arguments {
            x: x_panel,
            y: y_panel,
            c: c_panel,
            vectors: core::ptr::null(),
            columns: core::ptr::null(),
            steps,
            steps_end: steps.wrapping_add(k.extent),
            tiles: 0,
            finish: finish.flags,
            alpha: finish.alpha,
            beta: finish.beta,
            x_ahead: 0,
            y_ahead: 0,
            y_ahead_step: 0,
        };
        let split = Split::of(n.extent);
        let most = machine.kernels.broadcast.len();
        let mut first = 0;
        while first < batch.extent {
            let count = lanes.min(batch.extent - first);
            let at = |step: isize| first.cast_signed() * step;
            // SAFETY: the caller's duties; the panels have room for `ELEMENTS` elements of `LANES` products, and the
            // tables for as many entries.
            unsafe {
                let x = x.ptr.cast::<u8>().wrapping_offset(at(batch.x));
                let y = y.ptr.cast::<u8>().wrapping_offset(at(batch.y));
                pack(machine, x_panel, x, batch.x, count, xs);
                pack(machine, y_panel, y, batch.y, count, ys);
                let mut lane = 0;
                while lane < bytes {
                    arguments.x = x_panel.wrapping_add(lane);
                    arguments.y = y_panel.wrapping_add(lane);
                    arguments.c = c_panel.wrapping_add(lane);
                    let mut vector = 0;
                    while vector < m.extent {
                        let now = most.min(m.extent - vector);
                        let from = vectors.as_ptr().cast::<VectorEntry>().add(vector);
                        sweep(&kernels, &mut arguments, from, now, columns.as_ptr().cast(), split);
                        vector += now;
                    }
                    lane += machine.vector_bytes();
                }
                let c = c.cast::<u8>().wrapping_offset(at(batch.c));
                unpack(machine, c, batch.c, c_panel, turned, count, cs.count());
            }
            first += count;
        }
    }
}

/// Transposes the elements of `count` products: `to[e][product]`. Products that do not exist repeat the last.
///
/// # Safety
///
/// `to` has room for a block; all elements can be read; the processor has the machine's level.
#[inline]
unsafe fn pack(
    machine: &Machine,
    to: *mut u8,
    from: *const u8,
    product: isize,
    count: usize,
    elements: Elements,
) {
    let unit = machine.unit;
    let lanes = machine.rows_of_vector().max(ROWS);
    let step = lanes * unit;
    let run = elements.run(unit.cast_signed());
    let mut first = 0;
    while first < lanes {
        let mut rows: [Pair; ROWS] = [[0; 2]; ROWS];
        let mut i = 0;
        while i < ROWS {
            rows[i][0] = (first + i).min(count - 1).cast_signed() * product;
            i += 1;
        }
        let mut e = 0;
        while e < elements.count() {
            let (outer, inner) = (e / elements.inner.0, e % elements.inner.0);
            let at =
                outer.cast_signed() * elements.outer.1 + inner.cast_signed() * elements.inner.1;
            let to = to.wrapping_add(e * step + first * unit);
            // SAFETY: the caller's duties.
            unsafe {
                let transpose = machine.packing.transpose;
                transpose(to, from.wrapping_offset(at), rows.as_ptr(), step.cast_signed(), run);
            }
            e += run;
        }
        first += ROWS;
    }
}

/// Writes the results of `count` products to C, where the elements of a product are adjacent.
///
/// # Safety
///
/// As [`pack`], the other way round; `turned` has room for the results.
#[inline]
unsafe fn unpack(
    machine: &Machine,
    to: *mut u8,
    product: isize,
    from: *const u8,
    turned: *mut u8,
    count: usize,
    elements: usize,
) {
    let unit = machine.unit;
    let step = machine.rows_of_vector().max(ROWS) * unit;
    // Product by product, with room for whole groups of rows.
    let width = elements.next_multiple_of(ROWS) * unit;
    let rows: [Pair; ROWS] = core::array::from_fn(|e| [(e * step).cast_signed(), 0]);
    let mut e = 0;
    while e < elements {
        let to = turned.wrapping_add(e * unit);
        let from = from.wrapping_add(e * step);
        // SAFETY: the caller's duties. Elements that do not exist are read from the panel, which has room for them.
        unsafe {
            (machine.packing.transpose)(to, from, rows.as_ptr(), width.cast_signed(), count);
        }
        e += ROWS;
    }
    let reads: [Pair; LANES] = core::array::from_fn(|p| [(p * width).cast_signed(), 0]);
    // SAFETY: the caller's duties.
    unsafe {
        (machine.packing.copy)(to, turned, reads.as_ptr(), count, elements * unit, product);
    }
}
