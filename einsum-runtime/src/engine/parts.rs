//! A plan in parts that write different elements of C, for threads to take.
//!
//! A part has all steps, in the plan's blocks, so that its sums are formed as those of the whole are. It packs X for
//! itself: parts are cut along the batch and the rows first, where no two pack the same.

use core::ops::Range;

use super::execute::{Task, execute};
use super::loops::points;
use super::machine::Machine;
use super::plan::{Form, Plan};
use crate::kernel::table::COLUMNS;
use crate::threads::{self, BYTES_MOVED, BYTES_MULTIPLIED, Grid, Shared};

/// What a thread runs of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// Points of the batch.
    pub(super) batch: Range<usize>,
    /// Tiles; if results are turned, blocks across, for every point of the outer loops.
    pub(super) rows: Range<usize>,
    /// Points of the loop that is no part of `rows`: a packed X's `apart`, the lanes, and if results are turned, those
    /// along.
    pub(super) apart: Range<usize>,
    pub(super) columns: Range<usize>,
}

/// The columns of a part whose X is packed are a multiple of the first of these, of the second if there would be too few
/// parts. Packing takes as long as a dozen columns.
const COLUMNS_PACKED: [usize; 2] = [192, 64];

/// Carries out a plan, on several threads if it is worth it.
///
/// # Safety
///
/// As [`execute`].
pub(super) unsafe fn execute_in_parts(machine: &Machine, plan: &Plan, task: Task) {
    let Some(parts) = Parts::of(machine, plan) else {
        // SAFETY: the caller's duties.
        return unsafe { execute(machine, plan, Part::whole(plan), task) };
    };
    // SAFETY: besides the pointers to the arrays there are only numbers.
    let task = unsafe { Shared::new(task) };
    threads::each(parts.count(), &|number| {
        // SAFETY: the caller's duties. Parts differ in a kept loop, so each writes elements of its own.
        unsafe { execute(machine, plan, parts.part(number), task.get()) }
    });
}

/// Returns about the time that `products` multiplications of elements take, with `bytes` of operands and results.
pub(super) fn nanoseconds(machine: &Machine, products: usize, bytes: usize) -> usize {
    let multiplied = products.saturating_mul(machine.unit * machine.steps_of_point());
    (multiplied / BYTES_MULTIPLIED).max(bytes / BYTES_MOVED)
}

/// A plan's parts.
pub(super) struct Parts {
    grid: Grid<4>,
    /// Whether `apart` is cut before `rows`: as it is the outer loop.
    apart_first: bool,
}

impl Parts {
    /// Cuts a plan, or returns `None` if it is not worth it.
    pub(super) fn of(machine: &Machine, plan: &Plan) -> Option<Self> {
        let [batch, mut rows, mut apart, columns] = extents(plan);
        let kept = [batch, plan.rows(), columns].iter().fold(1, |n: usize, &e| n.saturating_mul(e));
        let products = kept.saturating_mul(points(&plan.steps));
        let bytes = kept.saturating_mul(machine.unit);
        let pieces = threads::pieces(nanoseconds(machine, products, bytes));
        if pieces == 1 {
            return None;
        }
        let (mut apart_grain, column_grain) = match &plan.form {
            Form::Direct => (1, COLUMNS),
            Form::Lanes(_) => (machine.kernels.width, COLUMNS),
            Form::Packed(panels) => {
                let grain = panels.apart_block.min(16);
                let parts = batch.saturating_mul(rows).saturating_mul(apart.div_ceil(grain));
                (grain, COLUMNS_PACKED[usize::from(parts < pieces)])
            }
            Form::Turned(turn) => (turn.along_block, COLUMNS),
        };
        let mut row_grain = 1;
        let apart_first = matches!(plan.form, Form::Lanes(_));
        if apart_first {
            core::mem::swap(&mut rows, &mut apart);
            core::mem::swap(&mut row_grain, &mut apart_grain);
        }
        let mut grains = [1, row_grain, apart_grain, column_grain];
        if plan.image.is_some() {
            // What forms a block of C moves it.
            grains = [1, rows, apart, columns];
        }
        Some(Parts { grid: Grid::of([batch, rows, apart, columns], grains, pieces), apart_first })
    }

    pub(super) fn count(&self) -> usize {
        self.grid.pieces()
    }

    pub(super) fn part(&self, number: usize) -> Part {
        let [batch, mut rows, mut apart, columns] = self.grid.piece(number);
        if self.apart_first {
            core::mem::swap(&mut rows, &mut apart);
        }
        Part { batch, rows, apart, columns }
    }
}

fn extents(plan: &Plan) -> [usize; 4] {
    let (rows, apart) = match &plan.form {
        Form::Direct => (plan.tiles, 1),
        Form::Lanes(lanes) => (plan.tiles, lanes.extent),
        Form::Packed(panels) => (plan.tiles, panels.apart.extent),
        Form::Turned(turn) => (points(&plan.outer) * turn.blocks_across(), turn.along.extent),
    };
    [points(&plan.batch), rows, apart, points(&plan.columns)]
}

impl Part {
    /// Returns all of a plan.
    pub(super) fn whole(plan: &Plan) -> Self {
        let [batch, rows, apart, columns] = extents(plan).map(|extent| 0..extent);
        Part { batch, rows, apart, columns }
    }
}

impl Plan {
    /// Returns the number of rows, and of lanes if these are points of a batch loop.
    fn rows(&self) -> usize {
        let more = match &self.form {
            Form::Direct => 1,
            Form::Lanes(lanes) => lanes.extent,
            Form::Packed(panels) => panels.apart.extent,
            Form::Turned(turn) => turn.across.extent.saturating_mul(turn.along.extent),
        };
        points(&self.outer).saturating_mul(points(&self.run)).saturating_mul(more)
    }
}

/// A batch of small products.
#[derive(Clone, Copy)]
pub(super) struct Batch {
    /// The points of its outer loops, and of the inner one.
    pub(super) extents: [usize; 2],
    /// The extents of a product's groups.
    pub(super) product: [usize; 3],
    /// Parts of the inner loop begin at multiples of this.
    pub(super) grain: usize,
}

impl Batch {
    /// Returns how many pieces the batch should have.
    #[inline]
    pub(super) fn pieces(&self, machine: &Machine) -> usize {
        let [m, n, k] = self.product;
        let elements = m * n + m * k + n * k;
        let [outer, inner] = self.extents;
        let count = outer.saturating_mul(inner);
        let bytes = count.saturating_mul(elements * machine.unit);
        threads::pieces(nanoseconds(machine, count.saturating_mul(m * n * k), bytes))
    }

    /// Calls `run` with the points of every piece.
    #[cold]
    pub(super) fn each(&self, pieces: usize, run: impl Fn(Range<usize>, Range<usize>) + Sync) {
        let grid = Grid::of(self.extents, [1, self.grain.min(self.extents[1])], pieces);
        threads::each(grid.pieces(), &|piece| {
            let [outer, inner] = grid.piece(piece);
            run(outer, inner);
        });
    }
}
