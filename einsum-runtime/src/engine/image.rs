//! Outputs that are larger than the caches, in short runs of rows: blocks of C are formed in an image of them, and moved from
//! there around the caches.
//!
//! Runs shorter than a few cache lines, which need not begin with a line, cannot be written around the caches one by one; and
//! written through these, in the order of the sums, each line is read from memory first. A block has the inner loops
//! of C whatever operand they step through, hence long stretches of C. The loops around it are batch loops.

use smallvec::SmallVec;

use super::blocks::{PANELS, STEPS_STREAMED, STREAMED};
use super::choose::{NO_LOOP, Output};
use super::classify::sort_by;
use super::loops::{Cursor, Loop, Loops, points};
use super::machine::Machine;
use super::plan::{Form, Image, Order, Plan};
use crate::kernel::packing::ROWS;

/// The most bytes of an image: with panels and what it reads of Y it fits a second-level cache of 1 MB.
const IMAGE: usize = if cfg!(test) { 2 << 10 } else { 256 << 10 };

/// The fewest bytes of a stretch. It starts and ends inside of lines, which are written in two parts.
const STRETCH: usize = if cfg!(test) { 96 } else { 1 << 10 };

/// The fewest columns of a block for which X is packed again.
const COLUMNS: usize = 48;

/// An X of so many bytes stays in a second-level cache.
const NEAR: usize = if cfg!(test) { 8 << 10 } else { 512 << 10 };

/// A loop over rows or columns.
#[derive(Clone, Copy)]
struct Kept {
    of_columns: bool,
    l: Loop,
}

/// Makes blocks of C the batch of a plan, and returns `true`, if they are better formed in an image.
pub(super) fn form(machine: &Machine, plan: &mut Plan, output: Output) -> bool {
    let k = points(&plan.steps);
    let (apart, is_packed) = match &plan.form {
        Form::Direct => (NO_LOOP, false),
        // Not what steps through Y: blocks have rows and columns alone.
        Form::Packed(panels) if panels.collected.is_none() && panels.apart.y == 0 => {
            (panels.apart, true)
        }
        _ => return false,
    };
    let run = points(&plan.run);
    let mut bytes = apart.extent * run * machine.unit;
    for group in [&plan.batch, &plan.outer, &plan.columns] {
        bytes *= points(group);
    }
    let is_once = !output.adds && k <= STEPS_STREAMED;
    if bytes < STREAMED || !is_once || run >= 4 * machine.rows_of_vector() {
        return false;
    }
    let mut loops: SmallVec<[Kept; 8]> = SmallVec::new();
    loops.extend(plan.outer.iter().map(|&l| Kept { of_columns: false, l }));
    loops.extend(plan.columns.iter().map(|&l| Kept { of_columns: true, l }));
    if apart.extent > 1 {
        loops.push(Kept { of_columns: false, l: apart });
    }
    loops.sort_unstable_by_key(|kept| kept.l.c.unsigned_abs());

    let run_bytes = run * machine.unit;
    let mut blocks = Blocks::of(run_bytes, &loops, IMAGE);
    let tile = machine.kernels.broadcast.len() * machine.rows_of_vector();
    let rows = points(&blocks.rows) * run;
    if rows < tile && !blocks.around[0].is_empty() {
        // Room for a whole tile: as much of the next loop over rows.
        let next = blocks.around[0].last().map_or(1, |l| divisor(l.extent, tile / rows));
        blocks = Blocks::of(run_bytes, &loops, IMAGE / next);
        if let Some(l) = blocks.around[0].pop() {
            let kept = Kept { of_columns: false, l };
            blocks.take(kept, divisor(l.extent, next));
        }
    }
    let Blocks { mut rows, mut columns, around: [around_rows, around_columns], image } = blocks;
    let is_packed_once = points(&rows) * run * k * machine.unit <= PANELS / 2;
    if image.stretch < STRETCH || is_packed && !is_packed_once && points(&columns) < COLUMNS {
        return false;
    }
    let x_bytes = [&plan.outer, &plan.steps].map(|group| points(group)).iter().product::<usize>();
    let x_bytes = x_bytes.saturating_mul(apart.extent * run * machine.unit);
    if let Form::Packed(panels) = &mut plan.form
        && panels.apart.extent > 1
    {
        let inside = rows.iter().position(|l| l.x == apart.x && l.extent >= ROWS);
        // Gathered block by block, lines of X would be read for every one of their elements.
        if inside.is_none() && x_bytes > NEAR {
            return false;
        }
        let order = inside.map_or(Order::Gather, |_| Order::AlongApart);
        (panels.apart, panels.order) = (inside.map_or(NO_LOOP, |i| rows.remove(i)), order);
    }
    // In the image, C is as close in any order.
    sort_by(&mut columns, |l| l.y.unsigned_abs());
    (plan.outer, plan.columns) = (rows, columns);
    // X stays as long as it can.
    plan.batch.extend(around_rows);
    plan.batch.extend(around_columns);
    plan.image = Some(image);
    true
}

/// The largest divisor up to `most`.
fn divisor(of: usize, most: usize) -> usize {
    (1..=most.min(of)).rev().find(|d| of.is_multiple_of(*d)).unwrap_or(1)
}

/// Loops inside of blocks, and around them: those over rows and over columns.
struct Blocks {
    rows: Loops,
    columns: Loops,
    around: [Loops; 2],
    image: Image,
}

impl Blocks {
    /// Puts the inner loops of C into blocks, as far as an image of `most` bytes holds them.
    fn of(run: usize, loops: &[Kept], most: usize) -> Self {
        let image = Image { bytes: run, stretch: run, stretches: Loops::new() };
        let around = [Loops::new(), Loops::new()];
        let mut blocks = Blocks { rows: Loops::new(), columns: Loops::new(), around, image };
        let mut is_full = false;
        for &kept in loops {
            let room = if is_full { 1 } else { most / blocks.image.bytes };
            let extent = divisor(kept.l.extent, room);
            is_full = extent < kept.l.extent;
            blocks.take(kept, extent);
        }
        blocks
    }

    /// Puts `extent` points of a loop inside, the rest of it around.
    fn take(&mut self, Kept { of_columns, l }: Kept, extent: usize) {
        if extent < l.extent {
            let [x, y, c] = [l.x, l.y, l.c].map(|step| step * extent.cast_signed());
            let around = &mut self.around[usize::from(of_columns)];
            around.insert(0, Loop { extent: l.extent / extent, x, y, c });
        }
        if extent > 1 {
            let step = self.image.bytes.cast_signed();
            let inside = if of_columns { &mut self.columns } else { &mut self.rows };
            inside.insert(0, Loop { extent, c: step, ..l });
            if self.image.stretches.is_empty() && l.c == step {
                self.image.stretch *= extent;
            } else {
                self.image.stretches.insert(0, Loop { extent, x: step, y: 0, c: l.c });
            }
            self.image.bytes *= extent;
        }
    }
}

impl Image {
    /// Moves an image to its place in C.
    ///
    /// # Safety
    ///
    /// The image has been formed; the elements of C can be written; the processor has the machine's level.
    pub(super) unsafe fn move_to(&self, c: *mut u8, image: *const u8, machine: &Machine) {
        let mut cursor = Cursor::at(&self.stretches, 0);
        let mut left = points(&self.stretches);
        while left > 0 {
            let (to, from) = (c.wrapping_offset(cursor.c), image.wrapping_offset(cursor.x));
            // SAFETY: the caller's duties.
            unsafe { (machine.packing.stream)(to, from, self.stretch) };
            cursor.advance(1);
            left -= 1;
        }
    }
}
