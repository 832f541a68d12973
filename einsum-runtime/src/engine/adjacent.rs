//! Small products whose arrays have all elements adjacent: see [`many`](super::many).
//!
//! The matrices of a block of products are a vector or two of each array as they lie, by rows or by columns. Which elements of
//! X and of Y make a lane of C in a step is in tables:
//!
//! ```text
//! C[lane] = Σ_k X[x_lane(lane, k)] · Y[y_lane(lane, k)]
//! ```

use super::machine::Machine;
use super::many::Entry;
use super::matrices::Matrices;
use crate::kernel::batch::{Adjacent, AdjacentArguments, PICKS};

/// The fewest products that are worth the tables.
const PRODUCTS: usize = 160;

/// A block of products.
#[derive(Clone, Copy)]
pub(super) struct Block {
    kernel: Adjacent,
    x: Order,
    y: Order,
    c: Order,
    products: usize,
    /// Of C.
    vectors: usize,
    steps: usize,
}

/// The order of an array's elements along two loops.
#[derive(Clone, Copy)]
struct Order {
    count: usize,
    /// From one element to the next along each loop.
    steps: [usize; 2],
}

impl Order {
    /// Returns the order, if all elements are adjacent. Loops are given with their extents and steps in bytes.
    #[inline]
    fn of(unit: usize, [first, second]: [(usize, isize); 2]) -> Option<Self> {
        let steps = |elements: usize| (elements * unit).cast_signed();
        let along = |(inner, inner_step): (usize, isize), (outer, outer_step): (usize, isize)| {
            (inner == 1 || inner_step == steps(1)) && (outer == 1 || outer_step == steps(inner))
        };
        let count = first.0 * second.0;
        if along(second, first) {
            Some(Order { count, steps: [second.0, 1] })
        } else if along(first, second) {
            Some(Order { count, steps: [1, first.0] })
        } else {
            None
        }
    }

    /// Returns the number of an element of a product.
    fn at(&self, product: usize, [first, second]: [usize; 2]) -> usize {
        product * self.count + first * self.steps[0] + second * self.steps[1]
    }

    /// Whether products follow each other at this step.
    #[inline]
    fn is_next(&self, unit: usize, step: isize) -> bool {
        step == (self.count * unit).cast_signed()
    }
}

impl Block {
    /// Returns the block, if products are such and there is a kernel that takes less time than others. `has_rows`: there are
    /// kernels whose lanes are rows.
    #[inline]
    pub(super) fn of(machine: &Machine, matrices: &Matrices, has_rows: bool) -> Option<Self> {
        let Matrices { m, n, k, batch, .. } = *matrices;
        let kernels = machine.batch?.adjacent?;
        let (width, unit, steps) = (machine.kernels.width, machine.unit, k.extent);
        let is_small = m.extent <= width && n.extent <= width && (2..=PICKS).contains(&steps);
        if !is_small || batch.extent < PRODUCTS || machine.steps_of_point() > 1 {
            return None;
        }
        let x = Order::of(unit, [(m.extent, m.x), (steps, k.x)])?;
        let y = Order::of(unit, [(n.extent, n.y), (steps, k.y)])?;
        let c = Order::of(unit, [(m.extent, m.c), (n.extent, n.c)])?;
        let vectors = c.count.div_ceil(width);
        if x.count.max(y.count) > 2 * width || vectors > 2 || vectors * steps > PICKS {
            return None;
        }
        let follow =
            x.is_next(unit, batch.x) && y.is_next(unit, batch.y) && c.is_next(unit, batch.c);
        let products = match follow {
            true => (2 * width / x.count.max(y.count)).min(vectors * width / c.count),
            false => 1,
        };
        // What a block takes in fifths of a cycle, as measured: its picks, or rows times elements that are broadcast and the way
        // to C for every column, and a start for every product.
        let picks = 7 * 2 * steps * vectors;
        let of_rows = products * (15 * n.extent * (steps + 1) / 4 + 15);
        if has_rows && picks > of_rows {
            return None;
        }
        let of_y = (products * y.count).div_ceil(width);
        let kernel = match vectors {
            1 => kernels.one[of_y - 1][steps - 1],
            _ => kernels.two[of_y - 1][steps - 1],
        };
        Some(Block { kernel, x, y, c, products, vectors, steps })
    }

    /// Returns the lanes that the kernel asks for, of vectors of so many.
    fn lanes(&self, (rows, columns): (usize, usize), width: usize) -> [[u64; 8]; 2 * PICKS] {
        let per_word = width / 8;
        let mut lanes = [[0; 8]; 2 * PICKS];
        let mut set = |vector: usize, lane: usize, number: usize| {
            lanes[vector][lane / per_word] |= (number as u64) << (lane % per_word * 32);
        };
        for product in 0..self.products {
            for row in 0..rows {
                for column in 0..columns {
                    let at = self.c.at(product, [row, column]);
                    for step in 0..self.steps {
                        let pick = 2 * (step * self.vectors + at / width);
                        set(pick, at % width, self.x.at(product, [row, step]));
                        set(pick + 1, at % width, self.y.at(product, [column, step]));
                    }
                }
            }
        }
        lanes
    }

    /// Runs the products along the batch's inner loop.
    ///
    /// # Safety
    ///
    /// As [`Many::run`](super::many::Many::run); the block is that of these matrices.
    pub(super) unsafe fn run(&self, machine: &Machine, matrices: &Matrices, entry: Entry) {
        let Matrices { m, n, batch, .. } = *matrices;
        let width = machine.kernels.width;
        let lanes = self.lanes((m.extent, n.extent), width);
        let mask = |lanes: usize| if lanes == 0 { 0 } else { (machine.kernels.mask)(lanes) };
        let masks = |lanes: usize| [mask(lanes.min(width)), mask(lanes.saturating_sub(width))];
        let mut done = 0;
        while done < batch.extent {
            // Whole blocks, then what is left as one.
            let left = batch.extent - done;
            let products = self.products.min(left);
            let blocks = left / products;
            let at = |step: isize| done.cast_signed() * step;
            let to_next = |step: isize| products.cast_signed() * step;
            let arguments = AdjacentArguments {
                x: entry.x.wrapping_offset(at(batch.x)),
                y: entry.y.wrapping_offset(at(batch.y)),
                c: entry.c.wrapping_offset(at(batch.c)),
                blocks,
                x_block: to_next(batch.x),
                y_block: to_next(batch.y),
                c_block: to_next(batch.c),
                x_masks: masks(products * self.x.count),
                y_masks: masks(products * self.y.count),
                c_masks: masks(products * self.c.count),
                alpha: entry.alpha,
                lanes: lanes.as_ptr(),
            };
            // SAFETY: the caller's duties; the masks leave out what is not of the block.
            unsafe { (self.kernel)(&arguments) };
            done += blocks * products;
        }
    }
}
