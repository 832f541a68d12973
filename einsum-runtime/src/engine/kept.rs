//! Tiles of rows of X that are kept in the first-level cache, in vectors that begin with cache lines.
//!
//! ```text
//! for a tile of rows
//!   for every tile of columns      the first one keeps X[step][row] as it reads it, the others read that
//! ```
//!
//! On processors that read far slowly it takes longer to read vectors that cross lines, and lines that have pushed each other out of
//! the first-level cache. Where rows of X lie apart and its steps are adjacent, it is transposed to there before.

use core::mem::MaybeUninit;

use super::each::Each;
use super::loops::Loop;
use super::machine::Machine;
use super::pack::pack_rows;
use super::scratch::{LINE, Line};
use super::sums::Entry;
use crate::kernel::batch::{BatchSet, COLUMNS, EachArguments};
use crate::kernel::level::reads_far_slowly;

/// The most steps for which X is kept: with what else is read a tile fills half of a first-level cache of 48 KB, which may have to
/// serve two threads.
pub(super) const STEPS: usize = 128;

/// The bytes of a tile of 3 vectors of AVX-512, each of which is a line.
const PANEL: usize = STEPS * 3 * LINE;

/// The fewest steps and columns.
const STEPS_LEAST: usize = if cfg!(test) { 2 } else { 32 };
const COLUMNS_LEAST: usize = if cfg!(test) { COLUMNS + 1 } else { 4 * COLUMNS };

// The first tile has more than half of the columns that tiles can have, for which there are kernels that keep X.
const _: () = assert!(COLUMNS_LEAST > COLUMNS);

/// Whether X is kept, for as many rows, columns, and steps.
#[inline]
pub(super) fn is_kept(machine: &Machine, kernels: &BatchSet, [m, n, k]: [usize; 3]) -> bool {
    let is_worth_it = n >= COLUMNS_LEAST
        && (STEPS_LEAST..=STEPS).contains(&k)
        && m > machine.rows_of_vector()
        && kernels.tall.is_some()
        && machine.steps_of_point() == 1;
    is_worth_it && reads_far_slowly()
}

impl Each {
    /// Whether X is kept: always if it is transposed, which is decided for all rows, columns, and steps of a product together.
    #[inline]
    pub(super) fn keeps_x(&self, machine: &Machine, kernels: &BatchSet) -> bool {
        let Each { m, n, k, batch, .. } = self;
        let extents = [m.extent, n.extent, k.extent];
        batch.extent == 1
            && (m.x != machine.unit.cast_signed() || is_kept(machine, kernels, extents))
    }

    /// Whether X is kept that has to be transposed to there.
    #[inline]
    pub(super) fn transposes(&self, machine: &Machine, kernels: &BatchSet) -> bool {
        let Each { m, n, k, batch, .. } = self;
        let extents = [m.extent, n.extent, k.extent];
        batch.extent == 1 && k.x == machine.unit.cast_signed() && is_kept(machine, kernels, extents)
    }

    /// Runs a product that keeps X.
    ///
    /// # Safety
    ///
    /// As [`run`](Self::run). If rows are not adjacent in X, steps are, of which there are at most [`STEPS`], and the kernels are
    /// for several vectors.
    #[inline(never)]
    pub(super) unsafe fn run_keeping(&self, machine: &Machine, kernels: &BatchSet, entry: Entry) {
        let mut panel = [const { MaybeUninit::<Line>::uninit() }; PANEL / LINE];
        // SAFETY: the caller's duties; tiles have up to 3 vectors.
        unsafe { self.run_with(machine, kernels, entry, panel.as_mut_ptr().cast()) };
    }
}

/// Points a kernel to a tile of rows: to the panel, with `step` bytes a step, where it has been transposed to, or else to X, which is
/// kept there if the tile has several vectors.
///
/// # Safety
///
/// `arguments` has the tile in X and the steps, which can be read, and the panel room for them.
#[inline]
pub(super) unsafe fn take_tile(
    machine: &Machine,
    arguments: &mut EachArguments,
    rows: &Loop,
    panel: *mut u8,
    step: isize,
) {
    let is_direct = rows.x == machine.unit.cast_signed();
    let has_several = rows.extent > machine.rows_of_vector();
    arguments.keep = if is_direct && has_several { panel } else { core::ptr::null_mut() };
    if !is_direct {
        // SAFETY: the caller's duties.
        unsafe { pack_rows(machine, panel, arguments.x, rows, arguments.steps) };
        (arguments.x, arguments.x_step) = (panel, step);
    }
}
