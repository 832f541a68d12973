//! Vectors of rows: walking over them, and the tables that they need.

use super::loops::{Columns, Cursor, fill, points};
use super::machine::Machine;
use super::plan::Plan;
use crate::kernel::packing::{Pair, ROWS};
use crate::kernel::table::VectorEntry;

/// A walk over all vectors of rows: every point of the outer loops, and there every chunk of the run.
pub(super) struct Vectors<'p> {
    plan: &'p Plan,
    outer: Cursor<'p>,
    /// The next vector's first row in the run.
    first: usize,
    rows_of_run: usize,
    rows_of_vector: usize,
}

/// A vector of rows.
pub(super) struct Vector {
    /// Offsets of the point of the outer loops.
    pub(super) x: isize,
    pub(super) c: isize,
    /// Its first row in the run, and the number of rows.
    pub(super) first: usize,
    pub(super) rows: usize,
}

impl<'p> Vectors<'p> {
    /// Starts at a vector, counted from the first.
    pub(super) fn from(machine: &Machine, plan: &'p Plan, vector: usize) -> Self {
        let rows_of_run = points(&plan.run);
        let rows_of_vector = machine.rows_of_vector();
        let vectors_of_run = plan.vectors_of_run(machine);
        let within = vector % vectors_of_run;
        let first = match plan.head {
            0 => within * rows_of_vector,
            head => (head + within * rows_of_vector).saturating_sub(rows_of_vector),
        };
        Vectors {
            plan,
            outer: Cursor::at(&plan.outer, vector / vectors_of_run),
            first: if within == 0 { 0 } else { first },
            rows_of_run,
            rows_of_vector,
        }
    }

    pub(super) fn next(&mut self) -> Vector {
        let first = self.first;
        let most = match self.plan.head {
            head if head > 0 && first == 0 => head,
            _ => self.rows_of_vector,
        };
        let rows = (self.rows_of_run - first).min(most);
        let vector = Vector { x: self.outer.x, c: self.outer.c, first, rows };
        self.first += rows;
        if self.first == self.rows_of_run {
            self.first = 0;
            self.outer.advance(1);
        }
        vector
    }
}

/// Writes entries for `count` vectors that are read from X itself.
///
/// # Safety
///
/// There is room for them.
pub(super) unsafe fn fill_direct(
    machine: &Machine,
    to: *mut VectorEntry,
    vectors: &mut Vectors<'_>,
    count: usize,
) {
    let element = machine.kernels.element;
    let mut i = 0;
    while i < count {
        let v = vectors.next();
        let along = (v.first * machine.unit).cast_signed();
        let mask = (machine.kernels.mask)(v.rows * machine.unit / element);
        let entry = VectorEntry { x: v.x + along, c: v.c + along, mask };
        // SAFETY: `i < count`.
        unsafe { to.add(i).write(entry) };
        i += 1;
    }
}

/// Writes entries for the `count` vectors of a tile in a panel.
///
/// # Safety
///
/// There is room for them.
pub(super) unsafe fn fill_packed(
    machine: &Machine,
    to: *mut VectorEntry,
    vectors: &mut Vectors<'_>,
    count: usize,
) {
    let element = machine.kernels.element;
    let mut i = 0;
    while i < count {
        let v = vectors.next();
        let entry = VectorEntry {
            x: (i * machine.vector_bytes()).cast_signed(),
            c: v.c + (v.first * machine.unit).cast_signed(),
            mask: (machine.kernels.mask)(v.rows * machine.unit / element),
        };
        // SAFETY: `i < count`.
        unsafe { to.add(i).write(entry) };
        i += 1;
    }
}

/// Stands for the place in C of a row that does not exist: it fills a vector up, or the rows that are transposed at a time.
pub(super) const NO_ROW: isize = isize::MIN;

/// Writes the offsets of the rows of `count` vectors: as many for each vector as it has lanes, and a multiple of
/// [`ROWS`] in total. Rows that do not exist repeat others, with [`NO_ROW`]. Returns the total.
///
/// # Safety
///
/// There is room for them; the processor has the machine's level.
pub(super) unsafe fn fill_rows(
    machine: &Machine,
    to: *mut Pair,
    vectors: &mut Vectors<'_>,
    count: usize,
) -> usize {
    let mut filled = 0;
    let mut i = 0;
    while i < count {
        let v = vectors.next();
        let mut cursor = Cursor::at(&vectors.plan.run, v.first);
        cursor.x += v.x;
        // SAFETY: the caller's duties.
        unsafe {
            fill(machine.packing, to.add(filled), &mut cursor, v.rows, Columns::XC);
            filled += v.rows;
            i += 1;
            while filled < i * vectors.rows_of_vector {
                to.add(filled).write([(*to.add(filled - 1))[0], NO_ROW]);
                filled += 1;
            }
        }
    }
    while filled % ROWS != 0 {
        // SAFETY: the caller's duties; a tile has rows.
        unsafe { to.add(filled).write([(*to.add(filled - 1))[0], NO_ROW]) };
        filled += 1;
    }
    filled
}
