//! A plan: how a contraction is carried out. Made by [`choose`](mod@super::choose) and [`blocks`](super::blocks), carried out
//! by [`execute`](mod@super::execute).

use super::loops::{Loop, Loops, points};
use super::machine::Machine;
use super::sweep::StepsInY;
use crate::kernel::level::reads_far_slowly;
use crate::kernel::table::COLUMNS as COLUMNS_OF_TILE;

/// What of X stays in a first-level cache beside all else.
const FIRST_LEVEL: usize = if cfg!(test) { 1 } else { 16 << 10 };

/// Arrays of so many bytes do not stay in a second-level cache.
const LARGE: usize = if cfg!(test) { 1 << 10 } else { 1 << 20 };

/// How a contraction is carried out.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) batch: Loops,
    /// Loops over rows outside of `run`.
    pub(super) outer: Loops,
    /// Rows that are adjacent in C, or all if sums are collected: in chunks of which vectors are made.
    pub(super) run: Loops,
    pub(super) columns: Loops,
    pub(super) steps: Loops,
    pub(super) form: Form,
    /// Whether X is the second source.
    pub(super) exchanged: bool,
    /// The number of vectors.
    pub(super) vectors: usize,
    /// The number of tiles that the vectors are evenly split over.
    pub(super) tiles: usize,
    /// Whether C is written around the caches, and then the rows of a run before C is aligned: they make a vector.
    pub(super) streaming: bool,
    pub(super) head: usize,
    /// If blocks of C are formed elsewhere first: these are batch points then.
    pub(super) image: Option<Image>,
    /// Tiles, columns, and steps of a block.
    pub(super) tile_block: usize,
    pub(super) column_block: usize,
    pub(super) step_block: usize,
}

/// Where vectors of X come from.
#[derive(Clone, Debug)]
pub(super) enum Form {
    /// From X itself: its rows are adjacent as those of C are.
    Direct,
    /// From X itself, and Y is read as vectors too: the lanes are points of a batch loop.
    Lanes(Loop),
    /// From panels `[tile][apart][step][row]`.
    Packed(Panels),
    /// From X itself, but rows adjacent in X are not adjacent in C: results are turned on their way into C.
    Turned(Turn),
}

/// The panels of a packed X.
#[derive(Clone, Debug)]
pub(super) struct Panels {
    pub(super) order: Order,
    /// The loop over rows or over the batch that is adjacent in X but not in C, for [`Order::AlongApart`]; else of extent 1. It
    /// has panels of its own for every point.
    pub(super) apart: Loop,
    /// Points of `apart` that are packed at a time.
    pub(super) apart_block: usize,
    /// If vectors do not end where runs of rows adjacent in C do, the rows of such a run: sums are [collected] then.
    ///
    /// [collected]: mod@super::collected
    pub(super) collected: Option<usize>,
    /// Whether blocks of Y are [copied](super::near).
    pub(super) is_near: bool,
    /// The columns of a strip, that run against all tiles of a block.
    pub(super) strip: usize,
    /// The bytes of a step in a panel, and of a panel.
    pub(super) step_bytes: usize,
    pub(super) panel_bytes: usize,
}

/// In which order elements are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Runs of rows are adjacent in X: copied.
    AlongRows,
    /// Runs of rows are two elements apart in X: every other element is copied.
    AlongHalves,
    /// Points of one of the loops over steps are adjacent in X: transposed in blocks. Blocks of steps consist of whole
    /// runs of the loops inside of that one.
    AlongSteps(usize),
    /// Points of `apart` are adjacent in X: transposed in blocks.
    AlongApart,
    /// Nothing is adjacent.
    Gather,
}

/// The image of a block of C. Loops inside of a block have the steps of the image instead of those of C.
#[derive(Clone, Debug)]
pub(super) struct Image {
    pub(super) bytes: usize,
    /// The bytes that are adjacent both in the image and in C, and the loops over such stretches: `x` is the step in the
    /// image, `c` that in C.
    pub(super) stretch: usize,
    pub(super) stretches: Loops,
}

/// Results that are turned: C's unit loop against X's.
#[derive(Clone, Debug)]
pub(super) struct Turn {
    /// C's unit loop.
    pub(super) across: Loop,
    /// X's unit loop: the lanes.
    pub(super) along: Loop,
    /// The most points of each of a block.
    pub(super) across_block: usize,
    pub(super) along_block: usize,
}

impl Turn {
    pub(super) fn blocks_across(&self) -> usize {
        self.across.extent.div_ceil(self.across_block)
    }

    /// Returns the first point across of a block, and how many it has. They differ by one at most: a last block with what is
    /// left could have fewer than are turned at once.
    pub(super) fn block_across(&self, number: usize) -> (usize, usize) {
        let (extent, blocks) = (self.across.extent, self.blocks_across());
        let (least, wider) = (extent / blocks, extent % blocks);
        (number * least + number.min(wider), least + usize::from(number < wider))
    }
}

impl Plan {
    /// Returns where kernels fetch Y from ahead, see [`Arguments`](crate::kernel::table::Arguments): as the next tile of
    /// columns reads it, if that is simple to say.
    pub(super) fn y_ahead(&self, machine: &Machine) -> (isize, isize) {
        let unit = machine.unit.cast_signed();
        let (Some(column), Some(step)) = (self.columns.last(), self.steps.last()) else {
            return (0, 0);
        };
        if column.y == unit {
            // The next cache line of every step.
            return (64, 0);
        }
        let steps = step.extent.cast_signed();
        let is_whole = self.steps.len() == 1 && step.extent <= self.step_block;
        if is_whole && step.y == unit && column.y == steps * unit {
            // Columns one after the other: so much of the next ones in every step.
            let tile = column.y * COLUMNS_OF_TILE.cast_signed();
            return (tile, (tile - column.y) / (steps * machine.steps_of_point().cast_signed()));
        }
        (0, 0)
    }

    /// Returns the bytes of a step in panels, if there are any.
    pub(super) fn step_bytes(&self) -> isize {
        match &self.form {
            Form::Packed(panels) => panels.step_bytes.cast_signed(),
            _ => 0,
        }
    }

    /// Returns how the steps of a block lie in Y.
    pub(super) fn steps_in_y(&self, machine: &Machine) -> StepsInY {
        if let Form::Packed(Panels { is_near: true, .. }) = self.form {
            return StepsInY::Copied;
        }
        let are_fours = |steps: usize| (steps * machine.steps_of_point()).is_multiple_of(4);
        let mut adjacent = 1;
        for l in self.steps.iter().rev() {
            if l.y != (adjacent * machine.unit).cast_signed() {
                return match are_fours(adjacent) && are_fours(self.step_block) {
                    true => StepsInY::InFours,
                    false => StepsInY::Anyhow,
                };
            }
            adjacent *= l.extent;
        }
        StepsInY::Adjacent
    }

    /// Returns what kernels are told of the steps in Y, see [`Arguments`](crate::kernel::table::Arguments): on processors that
    /// read far slowly, which often run two threads on a core, and are better off with fewer instructions, unless Y is fetched ahead.
    pub(super) fn y_step(&self, machine: &Machine) -> isize {
        let is_fetched = self.y_ahead(machine).0 != 0;
        let may_tell = matches!(self.form, Form::Direct | Form::Packed(_)) && reads_far_slowly();
        match self.steps_in_y(machine) {
            StepsInY::Adjacent | StepsInY::InFours if may_tell && !is_fetched => {
                machine.kernels.element.cast_signed()
            }
            _ => 0,
        }
    }

    /// Returns how far ahead kernels fetch X: as the next tile of vectors reads it, where a window of every row is read, so that
    /// steps go on from one row to another before the processor has seen where it goes, and X does not stay in a cache. Processors
    /// that read far slowly see more, and do not wait for that, but for units that load.
    pub(super) fn x_ahead(&self, machine: &Machine) -> isize {
        let unit = machine.unit;
        let is_window = |l: &Loop| l.x != 0 && l.x.unsigned_abs() < points(&self.run) * unit;
        let groups = [&self.batch, &self.outer, &self.run, &self.steps];
        let reach = |l: &Loop| l.x.unsigned_abs().saturating_mul(l.extent - 1);
        let bytes = groups.iter().flat_map(|g| g.iter()).map(reach).fold(0, usize::saturating_add);
        if reads_far_slowly() || bytes < LARGE || !self.steps.iter().any(is_window) {
            return 0;
        }
        (self.vectors.div_ceil(self.tiles) * machine.vector_bytes()).cast_signed()
    }

    /// Whether tiles have few vectors, for which there are kernels of pairs of columns, and X does not stay in the first-level
    /// cache: only then is it worth reading it half as often.
    pub(super) fn is_paired(&self, machine: &Machine) -> bool {
        let vectors = self.vectors / self.tiles;
        let bytes = points(&self.steps).saturating_mul(self.vectors * machine.vector_bytes());
        vectors <= machine.kernels.paired.map_or(0, <[_]>::len) && bytes >= FIRST_LEVEL
    }

    /// Returns the number of vectors that a run of rows is cut into.
    pub(super) fn vectors_of_run(&self, machine: &Machine) -> usize {
        let rest = (points(&self.run) - self.head).div_ceil(machine.rows_of_vector());
        rest + usize::from(self.head > 0)
    }
}
