//! Small products, where every nanosecond before the first multiplication counts: one loop for each of M, N, and K, at
//! most one batch loop, and X read directly. Tables on the stack, no plan.

use core::mem::MaybeUninit;

use super::Finish;
use super::loops::Loop;
use super::machine::Machine;
use super::sweep::{Kernels, Split, sweep};
use crate::kernel::table::{Arguments, ColumnEntry, StepEntry, VectorEntry};
use crate::kernel::{Dims, Read};

/// What the tables have room for.
const VECTORS: usize = 16;
const COLUMNS: usize = 64;
const STEPS: usize = 128;

const ONCE: Loop = Loop { extent: 1, x: 0, y: 0, c: 0 };

/// One loop a group, of extent 1 if there is none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Small {
    batch: Loop,
    m: Loop,
    n: Loop,
    k: Loop,
    /// Whether X is the second source.
    pub(super) exchanged: bool,
}

impl Small {
    /// Returns the product, if it is small and simple enough. `dims` are as the caller has them.
    #[inline]
    pub(super) fn of(machine: &Machine, dims: &Dims<2>) -> Option<Self> {
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
        let mut exchanged = false;
        if m.c != unit {
            core::mem::swap(&mut m, &mut n);
            for l in [&mut batch, &mut m, &mut n, &mut k] {
                core::mem::swap(&mut l.x, &mut l.y);
            }
            exchanged = true;
        }
        let is_small = m.extent <= VECTORS * machine.rows_of_vector()
            && n.extent <= COLUMNS
            && k.extent <= STEPS
            && k.extent > 1;
        let is_direct = m.c == unit && m.x == unit && machine.steps_of_point() == 1;
        (is_small && is_direct).then_some(Small { batch, m, n, k, exchanged })
    }

    /// Runs the product.
    ///
    /// # Safety
    ///
    /// As [`contract`](super::contract()), for the dims that the product was made from.
    pub(super) unsafe fn run<T>(
        &self,
        machine: &Machine,
        [x, y]: [Read<T>; 2],
        c: *mut T,
        finish: &Finish<T>,
    ) {
        let Small { batch, m, n, k, .. } = *self;
        let mut columns = [const { MaybeUninit::<ColumnEntry>::uninit() }; COLUMNS];
        let mut steps = [const { MaybeUninit::<StepEntry>::uninit() }; STEPS];
        let mut vectors = [const { MaybeUninit::<VectorEntry>::uninit() }; VECTORS];
        let (columns, steps, vectors): (*mut ColumnEntry, *mut StepEntry, *mut VectorEntry) =
            (columns.as_mut_ptr().cast(), steps.as_mut_ptr().cast(), vectors.as_mut_ptr().cast());
        // SAFETY: `of` has compared the extents with the tables' sizes.
        unsafe {
            (machine.packing.fill)(columns.cast(), n.extent, 0, 0, n.y, n.c);
            (machine.packing.fill)(steps.cast(), k.extent, 0, 0, k.x, k.y);
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
            x: x.ptr.cast(),
            y: y.ptr.cast(),
            c: c.cast(),
            vectors,
            columns,
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
        // Tiles of vectors, evenly: `wide` of `most`, the others of one less.
        let tiles = count.div_ceil(set.broadcast.len());
        let most = count.div_ceil(tiles);
        let mut left = batch.extent;
        loop {
            let mut first = 0;
            let mut tile = 0;
            while tile < tiles {
                let now = most.min((count - first).div_ceil(tiles - tile));
                // SAFETY: the caller's duties.
                unsafe {
                    let vectors = vectors.add(first);
                    sweep(&kernels, &mut arguments, vectors, now, columns, split);
                }
                first += now;
                tile += 1;
            }
            left -= 1;
            if left == 0 {
                return;
            }
            arguments.x = arguments.x.wrapping_offset(batch.x);
            arguments.y = arguments.y.wrapping_offset(batch.y);
            arguments.c = arguments.c.wrapping_offset(batch.c);
        }
    }
}
