//! Small products, where every nanosecond before the first multiplication counts: one loop for each of M, N, and K, at
//! most one batch loop, and X read directly or transposed. Tables and the panel on the stack, no plan.

use core::mem::MaybeUninit;

use super::even::Runs;
use super::loops::Loop;
use super::machine::Machine;
use super::matrices::Matrices;
use super::pack::{pack_rows, row_bytes};
use super::parts::Batch;
use super::scratch::{LINE, Line};
use super::sums::Entry;
use super::sweep::{Cut, Kernels, Split, sweep};
use crate::kernel::table::{Arguments, ColumnEntry, StepEntry, VectorEntry};
use crate::threads::Shared;

/// What the tables have room for.
const VECTORS: usize = 16;
const COLUMNS: usize = 64;
const STEPS: usize = 128;

/// The most bytes of a panel: 64 steps of 64 `f64`.
pub(super) const PANEL: usize = 32 << 10;

/// One loop a group, of extent 1 if there is none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Small {
    batch: Loop,
    m: Loop,
    n: Loop,
    k: Loop,
    /// Whether X is the second source.
    pub(super) exchanged: bool,
    /// Whether X is packed.
    is_packed: bool,
}

impl Small {
    /// Returns the product, if it is small and simple enough.
    #[inline]
    pub(super) fn of(machine: &Machine, matrices: &Matrices) -> Option<Self> {
        let Matrices { m, n, k, batch, exchanged, .. } = *matrices;
        let unit = machine.unit.cast_signed();
        let is_small = m.extent <= VECTORS * machine.rows_of_vector()
            && n.extent <= COLUMNS
            && k.extent <= STEPS
            && k.extent > 1;
        let is_supported = m.c == unit && machine.steps_of_point() == 1;
        if !is_small || !is_supported {
            return None;
        }
        let is_packed = m.x != unit;
        let product = Small { batch, m, n, k, exchanged, is_packed };
        // Packing is for more than one column, and rows adjacent along the steps.
        let is_possible = n.extent > 1 && k.x == unit;
        let fits = product.row_bytes(machine) * k.extent <= PANEL;
        (!is_packed || (is_possible && fits)).then_some(product)
    }

    /// The bytes of a step in the panel.
    fn row_bytes(&self, machine: &Machine) -> usize {
        row_bytes(machine, self.m.extent)
    }

    /// Runs the product.
    ///
    /// # Safety
    ///
    /// As [`contract`](super::contract()), for the dims that the product was made from.
    #[inline]
    pub(super) unsafe fn run(&self, machine: &Machine, entry: Entry) {
        let Small { batch, m, n, k, .. } = *self;
        let product = [m.extent, n.extent, k.extent];
        let products = Batch { extents: [1, batch.extent], product, grain: 1 };
        let pieces = products.pieces(machine);
        if pieces == 1 {
            // SAFETY: the caller's duties.
            return unsafe { self.run_part(machine, entry) };
        }
        // SAFETY: there are only pointers to elements, and flags.
        let entry = unsafe { Shared::new(entry) };
        products.each(pieces, |_, range| {
            let entry = entry.get();
            let at = |step: isize| range.start.cast_signed() * step;
            let entry = Entry {
                x: entry.x.wrapping_offset(at(batch.x)),
                y: entry.y.wrapping_offset(at(batch.y)),
                c: entry.c.wrapping_offset(at(batch.c)),
                ..entry
            };
            let part = Small { batch: Loop { extent: range.len(), ..batch }, ..*self };
            // SAFETY: the caller's duties; products of a batch write different elements.
            unsafe { part.run_part(machine, entry) }
        });
    }

    /// Runs the product on this thread.
    ///
    /// # Safety
    ///
    /// As [`run`](Self::run).
    #[inline]
    unsafe fn run_part(&self, machine: &Machine, entry: Entry) {
        // SAFETY: the caller's duties.
        unsafe {
            if self.is_packed {
                self.run_packed(machine, entry);
            } else {
                self.run_with(machine, entry, core::ptr::null_mut());
            }
        }
    }

    /// # Safety
    ///
    /// As [`run`](Self::run).
    #[inline(never)]
    unsafe fn run_packed(&self, machine: &Machine, entry: Entry) {
        let mut panel = [const { MaybeUninit::<Line>::uninit() }; PANEL / LINE];
        // SAFETY: the caller's duties.
        unsafe { self.run_with(machine, entry, panel.as_mut_ptr().cast()) };
    }

    /// # Safety
    ///
    /// As [`run`](Self::run); if X is packed, `panel` has room for that.
    #[inline]
    unsafe fn run_with(&self, machine: &Machine, entry: Entry, panel: *mut u8) {
        let Small { batch, m, n, k, is_packed, .. } = *self;
        let x_step = if is_packed { self.row_bytes(machine).cast_signed() } else { k.x };
        let mut x = entry.x;
        let mut columns = [const { MaybeUninit::<ColumnEntry>::uninit() }; COLUMNS];
        let mut steps = [const { MaybeUninit::<StepEntry>::uninit() }; STEPS];
        let mut vectors = [const { MaybeUninit::<VectorEntry>::uninit() }; VECTORS];
        let (columns, steps, vectors): (*mut ColumnEntry, *mut StepEntry, *mut VectorEntry) =
            (columns.as_mut_ptr().cast(), steps.as_mut_ptr().cast(), vectors.as_mut_ptr().cast());
        // SAFETY: `of` has compared the extents with the tables' sizes.
        unsafe {
            (machine.packing.fill)(columns.cast(), n.extent, 0, 0, n.y, n.c);
            (machine.packing.fill)(steps.cast(), k.extent, 0, 0, x_step, k.y);
        }
        let set = machine.kernels;
        let kernels = Kernels::broadcast(set);
        let width = machine.rows_of_vector();
        let count = m.extent.div_ceil(width);
        let mut i = 0;
        while i < count {
            let at = (i * machine.vector_bytes()).cast_signed();
            let left = m.extent - i * width;
            let mask = if left >= width { kernels.all } else { (set.mask)(left) };
            // SAFETY: as above.
            unsafe { vectors.add(i).write(VectorEntry { x: at, c: at, mask }) };
            i += 1;
        }
        let mut arguments = Arguments {
            x,
            y: entry.y,
            c: entry.c,
            vectors,
            columns,
            steps,
            steps_end: steps.wrapping_add(k.extent),
            tiles: 0,
            finish: entry.finish,
            alpha: entry.alpha,
            beta: entry.beta,
            x_ahead: 0,
            y_ahead: 0,
            y_ahead_step: 0,
            y_apart: 0,
            c_apart: 0,
            x_step: 0,
            y_step: 0,
        };
        let cut = Cut { runs: Runs::of(n.extent, n.extent), ..Split::of(n.extent).into() };
        // Tiles of vectors, evenly: `wide` of `most`, the others of one less.
        let tiles = count.div_ceil(set.broadcast.len());
        let most = count.div_ceil(tiles);
        let mut left = batch.extent;
        loop {
            if is_packed {
                // SAFETY: the caller's duties, at a point of the batch.
                unsafe { pack_rows(machine, panel, x, &m, k.extent) };
                arguments.x = panel;
            } else {
                arguments.x = x;
            }
            let mut first = 0;
            let mut tile = 0;
            while tile < tiles {
                let now = most.min((count - first).div_ceil(tiles - tile));
                // SAFETY: the caller's duties.
                unsafe {
                    let vectors = vectors.add(first);
                    sweep(&kernels, &mut arguments, vectors, now, columns, &cut);
                }
                first += now;
                tile += 1;
            }
            left -= 1;
            if left == 0 {
                return;
            }
            x = x.wrapping_offset(batch.x);
            arguments.y = arguments.y.wrapping_offset(batch.y);
            arguments.c = arguments.c.wrapping_offset(batch.c);
        }
    }
}
