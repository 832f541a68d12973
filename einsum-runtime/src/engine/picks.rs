//! Nests over many points of one loop, for each of which all arrays have few elements, close together: a vector or two.
//!
//! Which elements of X and of Y make a lane of the output in a step is in tables, one for the points of a block, of which as
//! many as fit in the vectors run at once:
//!
//! ```text
//! out[lane] = Σ_step X[x_lane(lane, step)] · Y[y_lane(lane, step)]
//! ```
//!
//! Small matrices are multiplied so (`nij,njk->nik`), transposed, scaled by rows and columns, and summed.

use smallvec::SmallVec;

use super::loops::Loop;
use super::machine::Machine;
use super::matrices::Matrices;
use crate::engine::Contract;
use crate::kernel::batch::{PICKS, Picks, PicksArguments};
use crate::kernel::{Dim, Dims, Mode, Read};
use crate::threads::{self, BYTES_MOVED, Grid, Shared};

/// The fewest points of the long loop that are worth the tables.
const POINTS: usize = 160;

/// The most other loops.
const LOOPS: usize = 4;

/// The fewest results of a block.
const RESULTS: usize = 3;

/// Rows of so many elements are better left to kernels that run along them.
const ROW: usize = 16;

/// The lanes of the widest vectors.
const WIDTH: usize = 16;

/// What runs at once.
#[derive(Clone, Copy)]
pub(super) struct Block<const P: usize> {
    kernel: Picks,
    /// The long loop, in elements.
    along: Dim<P>,
    /// The other loops, and how many there are.
    inner: [Dim<P>; LOOPS],
    loops: usize,
    /// The first element of each array for a point of the long loop, from that at the first point of the others.
    first: [isize; 3],
    /// Of the long loop.
    points: usize,
    /// Of the output.
    vectors: usize,
    /// For a point of the long loop.
    results: usize,
    steps: usize,
}

/// The elements of an array that one point of the long loop reads or writes: from the first to behind the last.
#[derive(Clone, Copy)]
struct Window {
    first: isize,
    len: usize,
}

/// The steps of loops in an array.
fn step<const P: usize>(dim: &Dim<P>, array: usize) -> isize {
    if array < P { dim.sources[array] } else { dim.out }
}

impl Window {
    /// Returns the window of a source, or of the output, which is array `P`; `None` if it does not fit in two vectors.
    fn of<const P: usize>(inner: &[Dim<P>], array: usize, width: usize) -> Option<Self> {
        let (mut first, mut last) = (0_isize, 0_isize);
        for d in inner {
            let reach = step(d, array).checked_mul((d.extent - 1).cast_signed())?;
            if reach < 0 {
                first = first.checked_add(reach)?;
            } else {
                last = last.checked_add(reach)?;
            }
        }
        let len = last.checked_sub(first)?.checked_add(1)?.cast_unsigned();
        (len <= 2 * width).then_some(Window { first, len })
    }

    /// Returns how many points fit in so many lanes, at this step from one to the next.
    fn points(&self, lanes: usize, step: isize) -> Option<usize> {
        match (step, lanes.checked_sub(self.len)) {
            (0, Some(_)) => Some(usize::MAX),
            (1.., Some(more)) => Some(more / step.cast_unsigned() + 1),
            _ => None,
        }
    }
}

impl<const P: usize> Block<P> {
    /// Returns the block of a nest, if its arrays are such and there is a kernel. Loops are 2 or longer, and step in elements.
    pub(super) fn of(machine: &Machine, dims: &[Dim<P>]) -> Option<Self> {
        let kernels = machine.batch?.picks?;
        if machine.steps_of_point() > 1 || dims.len() > LOOPS + 1 {
            return None;
        }
        let width = machine.kernels.width;
        let long = (0..dims.len()).filter(|&i| !dims[i].summed).max_by_key(|&i| dims[i].extent)?;
        if dims[long].extent < POINTS {
            return None;
        }
        let (mut steps, mut results) = (1_usize, 1_usize);
        let mut inner = [dims[long]; LOOPS];
        let mut loops = 0;
        for (i, d) in dims.iter().enumerate().filter(|&(i, _)| i != long) {
            let count = if d.summed { &mut steps } else { &mut results };
            *count = count.saturating_mul(d.extent);
            inner[loops] = dims[i];
            loops += 1;
        }
        if steps > PICKS || results > 2 * width {
            return None;
        }
        let (along, inner_loops) = (dims[long], &inner[..loops]);
        let mut windows = [Window { first: 0, len: 0 }; 3];
        for (array, window) in windows.iter_mut().enumerate().take(P + 1) {
            *window = Window::of(inner_loops, array, width)?;
        }
        let first = windows.map(|window| window.first);
        // As many points as there are in one vector of the output, or in two.
        let with_vectors = |most: usize| -> Option<(usize, usize, usize)> {
            let mut points = windows[P].points(most * width, along.out)?.min(along.extent);
            for (array, window) in windows.iter().enumerate().take(P) {
                points = points.min(window.points(2 * width, along.sources[array])?);
            }
            let vectors = |array: usize| {
                let between = step(&along, array).cast_unsigned() * (points - 1);
                (windows[array].len + between).div_ceil(width)
            };
            let of_y = if P > 1 { vectors(1) } else { 0 };
            (vectors(P) * steps <= PICKS).then_some((points, vectors(P), of_y))
        };
        // The instructions of a pick, and of a block besides.
        let time = |vectors: usize, of_y: usize| vectors * steps * (2 + of_y) + 6;
        let (points, vectors, of_y) = match (with_vectors(1), with_vectors(2)) {
            (Some(one), Some(two)) if time(one.1, one.2) * two.0 <= time(two.1, two.2) * one.0 => {
                one
            }
            (Some(one), None) => one,
            (_, two) => two?,
        };
        let kernel = match of_y.checked_sub(1) {
            None => kernels.unary[vectors - 1][steps - 1],
            Some(of_y) => kernels.binary[vectors - 1][of_y][steps - 1],
        };
        Some(Block { kernel, along, inner, loops, first, points, vectors, results, steps })
    }

    /// Returns about what a block takes, in fifths of a cycle, as measured: its picks.
    pub(super) fn cost(&self) -> usize {
        7 * P * self.steps * self.vectors
    }

    /// Calls `visit` at all points of the loops that are summed, or are not, with the step of each array from the first.
    fn each_of(&self, summed: bool, mut visit: impl FnMut(usize, [isize; 3])) {
        let loops = self.inner[..self.loops].iter().filter(|d| d.summed == summed);
        let points = loops.clone().fold(1, |n, d| n * d.extent);
        for number in 0..points {
            let (mut at, mut rest) = ([0; 3], number);
            for d in loops.clone() {
                let index = (rest % d.extent).cast_signed();
                for (array, at) in at[..=P].iter_mut().enumerate() {
                    *at += index * step(d, array);
                }
                rest /= d.extent;
            }
            visit(number, at);
        }
    }

    /// Returns the tables for vectors of so many lanes.
    fn tables(&self, width: usize) -> Tables {
        let mut tables = Tables { lanes: [[0; 8]; 2 * PICKS], masks: [[0; 3]; 2 * WIDTH] };
        let mut terms = [[0; 3]; PICKS];
        self.each_of(true, |number, at| terms[number] = at);
        let per_word = width / 8;
        for point in 0..self.points {
            // Masks for so many points have the lanes of fewer.
            if point > 0 {
                tables.masks[point] = tables.masks[point - 1];
            }
            self.each_of(false, |_, at| {
                let lane = |array: usize, term: [isize; 3]| {
                    let of_point = point.cast_signed() * step(&self.along, array);
                    (of_point + at[array] + term[array] - self.first[array]).cast_unsigned()
                };
                let to = lane(P, [0; 3]);
                tables.masks[point][P] |= 1 << to;
                for (number, &term) in terms[..self.steps].iter().enumerate() {
                    let pick = 2 * (number * self.vectors + to / width);
                    for array in 0..P {
                        let from = lane(array, term);
                        tables.masks[point][array] |= 1 << from;
                        tables.lanes[pick + array][to % width / per_word] |=
                            (from as u64) << (to % width % per_word * 32);
                    }
                }
            });
        }
        tables
    }

    /// Runs the nest at `count` points of the long loop, on this thread. `alpha` is an element that products are multiplied by,
    /// in the lowest bytes; a single source is not.
    ///
    /// # Safety
    ///
    /// As [`Kernels`](crate::kernel::Kernels), for the loops that the block was made from, with `count` points of the long one;
    /// nothing enters the output but what it is assigned. The processor has the machine's level.
    pub(super) unsafe fn run(
        &self,
        machine: &Machine,
        sources: [*const u8; P],
        out: *mut u8,
        count: usize,
        alpha: u64,
    ) {
        let (width, unit) = (machine.kernels.width, machine.unit.cast_signed());
        let tables = self.tables(width);
        let mut done = 0;
        while done < count {
            // Whole blocks, then what is left as one.
            let left = count - done;
            let points = self.points.min(left);
            let blocks = left / points;
            let to_next = |array: usize| points.cast_signed() * step(&self.along, array) * unit;
            let at = |array: usize| {
                (self.first[array] + done.cast_signed() * step(&self.along, array)) * unit
            };
            let masks = tables.masks[points - 1];
            let split = |mask: u32| {
                let low = (1_u64 << width) - 1;
                [(u64::from(mask) & low) as usize, (u64::from(mask) >> width) as usize]
            };
            let y = P - 1;
            let arguments = PicksArguments {
                x: sources[0].wrapping_offset(at(0)),
                y: sources[y].wrapping_offset(at(y)),
                c: out.wrapping_offset(at(P)),
                blocks,
                x_block: to_next(0),
                y_block: to_next(y),
                c_block: to_next(P),
                x_masks: split(masks[0]),
                y_masks: split(masks[y]),
                c_masks: split(masks[P]),
                alpha,
                lanes: tables.lanes.as_ptr(),
            };
            // SAFETY: the caller's duties; the masks have the lanes of elements alone.
            unsafe { (self.kernel)(&arguments) };
            done += blocks * points;
        }
    }
}

impl Block<2> {
    /// Returns the block of plain products, if that takes less time than other kernels. `has_rows`: there are kernels whose
    /// lanes are rows.
    #[inline]
    pub(super) fn of_products(
        machine: &Machine,
        matrices: &Matrices,
        has_rows: bool,
    ) -> Option<Self> {
        let Matrices { m, n, k, batch, .. } = *matrices;
        if batch.extent < POINTS {
            return None;
        }
        let unit = machine.unit.cast_signed();
        let of = |l: &Loop, summed: bool| {
            let sources = [l.x / unit, l.y / unit];
            Dim { extent: l.extent, out: l.c / unit, sources, summed }
        };
        let mut dims: SmallVec<[Dim<2>; 4]> = SmallVec::new();
        for (l, summed) in [(&batch, false), (&m, false), (&n, false), (&k, true)] {
            if l.extent > 1 {
                dims.push(of(l, summed));
            }
        }
        let block = Self::of(machine, &dims)?;
        // Rows times elements that are broadcast and the way to C for every column, and a start for every product.
        let of_rows = block.points * (15 * n.extent * (k.extent + 1) / 4 + 15);
        (!has_rows || block.cost() <= of_rows).then_some(block)
    }
}

/// The tables of a block.
struct Tables {
    /// For every step and vector of the output, the lanes of X and of Y.
    lanes: [[u64; 8]; 2 * PICKS],
    /// For one point of the long loop or more, less one: the lanes of the sources that are read, then those of the output.
    masks: [[u32; 3]; 2 * WIDTH],
}

/// Runs a nest over many points of few elements, if it is one and there is a kernel; else does nothing, and returns false.
///
/// # Safety
///
/// As [`Kernels`](crate::kernel::Kernels), for dims in the form that `prepare` leaves.
pub(crate) unsafe fn picked<T: Contract, const P: usize>(
    dims: &Dims<P>,
    sources: [Read<T>; P],
    out: *mut T,
    mode: Mode<T>,
) -> bool {
    let alpha = match mode {
        Mode::Assign => T::ONE,
        Mode::Scale { alpha, beta } if P == 2 && beta == T::ZERO => alpha,
        Mode::Scale { .. } => return false,
    };
    let is_row = |d: &Dim<P>| {
        d.extent >= ROW && d.out == 1 && !d.summed && d.sources.iter().all(|&s| s == 0 || s == 1)
    };
    if dims.iter().any(is_row) {
        return false;
    }
    let Some(machine) = T::machine() else { return false };
    let Some(block) = Block::of(&machine, dims) else { return false };
    // Elements that lie far apart make blocks of next to nothing; rows of them have kernels of their own.
    if block.loops == 0 || block.points * block.results < RESULTS {
        return false;
    }
    // Other kernels add adjacent elements up in whole vectors.
    let is_adjacent = |d: &Dim<P>| d.summed && d.sources.iter().all(|&s| s == 1 || s == 0);
    let results = block.points * block.results * 3 / 2;
    if dims.iter().any(is_adjacent) && block.steps * block.vectors > results {
        return false;
    }
    let alpha = T::finish(Mode::Scale { alpha, beta: T::ZERO }, [false; 2]).alpha;
    let count = block.along.extent;
    let bytes = (0..=P).fold(0, |n, array| n + step(&block.along, array).unsigned_abs());
    let bytes = count.saturating_mul(bytes * machine.unit);
    let time = (count / block.points * block.cost() / 20).max(bytes / BYTES_MOVED);
    let pieces = threads::pieces(time);
    let (sources, out) = (sources.map(|source| source.ptr.cast::<u8>()), out.cast::<u8>());
    if pieces == 1 {
        // SAFETY: the caller's duties.
        unsafe { block.run(&machine, sources, out, count, alpha) };
        return true;
    }
    let grid = Grid::of([count], [block.points], pieces);
    // SAFETY: there are only pointers to elements.
    let arrays = unsafe { Shared::new((sources, out)) };
    threads::each(grid.pieces(), &|piece| {
        let ((mut sources, out), [range]) = (arrays.get(), grid.piece(piece));
        let at = |array: usize| {
            range.start.cast_signed() * step(&block.along, array) * machine.unit.cast_signed()
        };
        for (array, source) in sources.iter_mut().enumerate() {
            *source = source.wrapping_offset(at(array));
        }
        // SAFETY: the caller's duties; pieces write different elements.
        unsafe { block.run(&machine, sources, out.wrapping_offset(at(P)), range.len(), alpha) };
    });
    true
}
