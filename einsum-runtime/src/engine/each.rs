//! Small products one after the other, whose lanes are rows, adjacent in X and in C. Nothing is looked up in tables, so that a
//! product of a few rows begins at once.

use core::mem::MaybeUninit;

use super::kept::take_tile;
use super::loops::Loop;
use super::machine::Machine;
use super::matrices::{Matrices, ONCE};
use super::pack::{pack_rows, row_bytes};
use super::scratch::{LINE, Line};
use super::small::PANEL;
use super::sums::Entry;
use super::sweep::Split;
use crate::kernel::Dim;
use crate::kernel::batch::{BatchSet, COLUMNS, COMPLEX_COLUMNS, Each as EachKernel, EachArguments};
use crate::kernel::level::reads_far_slowly;
use crate::matrix_product::{EXTENT, MatrixProduct};

/// The bytes that a block's products take, where several calls read them.
const BLOCK: usize = 16 << 10;

/// So few steps are formed as quickly with products as the lanes, or in blocks, if rows fill half a vector.
const SHORT_STEPS: usize = 4;

/// An X of so many bytes does not stay in the second-level cache.
const FAR: usize = if cfg!(test) { 1 << 10 } else { 1 << 20 };

/// A Y of so many bytes does not stay in the first-level cache.
const NEXT: usize = if cfg!(test) { 1 << 10 } else { 64 << 10 };

/// A column of so many bytes is much longer than what is fetched of it ahead. Where columns are cut into blocks of few steps they go
/// on behind these.
const LONG: usize = if cfg!(test) { 32 } else { 2048 };
const LONG_OF_BLOCK: usize = if cfg!(test) { 32 } else { 512 };

/// The bytes that are fetched ahead of a column.
const COLUMNS_AHEAD: isize = 512;

/// How far ahead X is fetched, in bytes, if its products are smaller than that.
const AHEAD: usize = 1024;

/// Returns the largest extents of a product, on X as it lies in memory or packed, for which a call of these kernels is over
/// sooner than one that makes tables, whose kernels have more sums in registers. With vectors of AVX2 eight of these are few.
#[inline]
fn most_extent(machine: &Machine, kernels: &BatchSet, is_direct: bool) -> usize {
    match (machine.vector_bytes() == 64, machine.steps_of_point() > 1, is_direct) {
        (true, false, _) if kernels.tall.is_some() => EXTENT,
        (true, ..) => 64,
        (false, true, _) => 48,
        (false, false, true) => 32,
        (false, false, false) => 16,
    }
}

/// The loops of the products, of extents 1 or more.
pub(super) struct Each {
    pub(super) m: Loop,
    pub(super) n: Loop,
    pub(super) k: Loop,
    pub(super) batch: Loop,
    /// Whether X is the second source.
    pub(super) exchanged: bool,
    /// How far the X of another block of steps is from this one's, which is going to follow, or 0.
    pub(super) after: isize,
}

/// What is fetched of X: how far from what is read, and so many bytes of every step.
#[derive(Clone, Copy)]
struct NextX {
    distance: isize,
    bytes: usize,
}

impl Each {
    /// Returns a product of two matrices with rows in the lanes, if it is small, and X has rows or steps that are adjacent.
    #[inline]
    pub(super) fn of(
        machine: &Machine,
        kernels: &BatchSet,
        product: &MatrixProduct,
    ) -> Option<Self> {
        let MatrixProduct { m, n, k } = product;
        let exchanged = m.out != 1;
        let unit = machine.unit.cast_signed();
        let along = |d: &Dim<2>| {
            let [first, second] = d.sources;
            let [x, y] = if exchanged { [second, first] } else { [first, second] };
            Loop { extent: d.extent, x: x * unit, y: y * unit, c: d.out * unit }
        };
        let [m, n] = if exchanged { [n, m] } else { [m, n] };
        let (m, n, k, batch) = (along(m), along(n), along(k), ONCE);
        let is_direct = m.x == unit;
        let most = most_extent(machine, kernels, is_direct);
        let is_small = |l: &Loop| l.extent.wrapping_sub(1) < most;
        if m.c != unit || !(is_small(&m) && is_small(&n) && is_small(&k)) {
            return None;
        }
        let each = Each { m, n, k, batch, exchanged, after: 0 };
        let fits = || k.x == unit && row_bytes(machine, m.extent) * k.extent <= PANEL;
        (is_direct || fits() || each.transposes(machine, kernels)).then_some(each)
    }

    /// Whether products of one column each, with X in common, are best run as columns of tiles: rows fill a good part of a vector,
    /// and not so many that the engine's tiles would read less.
    #[inline]
    pub(super) fn takes_columns(machine: &Machine, matrices: &Matrices) -> bool {
        let Matrices { m, n, k, .. } = matrices;
        let unit = machine.unit.cast_signed();
        let is_packable = || k.x == unit && row_bytes(machine, m.extent) * k.extent <= PANEL;
        let lanes = machine.rows_of_vector();
        let filled = if machine.steps_of_point() > 1 { 2 } else { 3 };
        matrices.is_plain()
            && machine.vector_bytes() == 64
            && n.extent == 1
            && filled * m.extent >= lanes
            && (2 * m.extent > lanes || k.extent > SHORT_STEPS)
            && m.extent <= EXTENT.min(2 * lanes)
            && m.c == unit
            && (m.x == unit || is_packable())
    }

    /// Runs products of one column each, with X in common, several of them as one.
    ///
    /// # Safety
    ///
    /// As [`run_one`](Self::run_one).
    pub(super) unsafe fn run_columns(&self, machine: &Machine, kernels: &BatchSet, entry: Entry) {
        let Each { batch, .. } = *self;
        let most = if machine.steps_of_point() > 1 { COMPLEX_COLUMNS } else { COLUMNS };
        let (whole, rest) = (batch.extent / most, batch.extent % most);
        let moved = |l: &Loop, by: usize| Loop {
            y: l.y * by.cast_signed(),
            c: l.c * by.cast_signed(),
            ..*l
        };
        // SAFETY: the caller's duties, for parts of the batch.
        unsafe {
            if whole > 0 {
                let tiles = Loop { extent: whole, ..moved(&batch, most) };
                let tile = Each { n: Loop { extent: most, ..batch }, batch: tiles, ..*self };
                tile.run_one(machine, kernels, entry);
            }
            if rest > 0 {
                let done = moved(&batch, whole * most);
                let entry = Entry {
                    y: entry.y.wrapping_offset(done.y),
                    c: entry.c.wrapping_offset(done.c),
                    ..entry
                };
                let tile = Each { n: Loop { extent: rest, ..batch }, batch: ONCE, ..*self };
                tile.run_one(machine, kernels, entry);
            }
        }
    }

    /// Runs the only product, on X as it lies in memory or packed.
    ///
    /// # Safety
    ///
    /// As [`run`](Self::run), but for the rows of X.
    pub(super) unsafe fn run_one(&self, machine: &Machine, kernels: &BatchSet, entry: Entry) {
        // SAFETY: the caller's duties.
        unsafe {
            if self.m.x == machine.unit.cast_signed() || self.transposes(machine, kernels) {
                self.run(machine, kernels, entry);
            } else {
                self.run_packed(machine, kernels, entry);
            }
        }
    }

    /// # Safety
    ///
    /// As [`run`](Self::run), but for the rows of X, of which a panel has room for.
    #[inline(never)]
    unsafe fn run_packed(&self, machine: &Machine, kernels: &BatchSet, entry: Entry) {
        let mut panel = [const { MaybeUninit::<Line>::uninit() }; PANEL / LINE];
        let panel = panel.as_mut_ptr().cast();
        let Each { m, n, k, batch, exchanged, .. } = *self;
        // SAFETY: the caller's duties.
        unsafe { pack_rows(machine, panel, entry.x, &m, k.extent) };
        let m = Loop { x: machine.unit.cast_signed(), ..m };
        let k = Loop { x: row_bytes(machine, m.extent).cast_signed(), ..k };
        let packed = Each { m, n, k, batch, exchanged, after: 0 };
        // SAFETY: the caller's duties; all rows and steps are in the panel.
        unsafe { packed.run(machine, kernels, Entry { x: panel, ..entry }) };
    }

    /// Runs the products, in chunks of as many vectors of rows and columns as kernels have.
    ///
    /// # Safety
    ///
    /// As [`contract`](super::contract()), for these loops; rows are adjacent in C, and in X unless it is
    /// [kept](super::kept); the processor has the machine's level, of which the kernels are.
    #[inline]
    pub(super) unsafe fn run(&self, machine: &Machine, kernels: &BatchSet, entry: Entry) {
        // SAFETY: the caller's duties; without a panel nothing is kept.
        unsafe {
            if self.keeps_x(machine, kernels) {
                self.run_keeping(machine, kernels, entry);
            } else {
                self.run_with(machine, kernels, entry, core::ptr::null_mut());
            }
        }
    }

    /// Runs the products. If the panel is not null, X is read from there by all columns, or all but the first.
    ///
    /// # Safety
    ///
    /// As [`run`](Self::run); there is one product then, and the panel has room for a tile.
    #[inline]
    pub(super) unsafe fn run_with(
        &self,
        machine: &Machine,
        kernels: &BatchSet,
        entry: Entry,
        panel: *mut u8,
    ) {
        let Each { m, n, k, batch, after, .. } = self;
        let parts = machine.steps_of_point();
        let columns = match parts {
            1 => Split::into(COLUMNS, n.extent),
            _ => Split::into(COMPLEX_COLUMNS, n.extent),
        };
        let width = machine.rows_of_vector();
        let vectors = machine.vectors_of(m.extent);
        let most = match &kernels.tall {
            Some(tall) if parts == 1 => 1 + tall.len(),
            _ => 1,
        };
        // Vectors, evenly: none that is left over alone.
        let tiles = if vectors <= most { 1 } else { vectors.div_ceil(most) };
        let (block, x_ahead) = if batch.extent == 1 {
            (1, 0)
        } else {
            let bytes = (m.extent + n.extent) * k.extent * machine.unit;
            let is_one_call = tiles == 1 && columns.tiles() == 1;
            let block = if is_one_call { batch.extent } else { (BLOCK / bytes).max(1) };
            let products = (AHEAD / batch.x.unsigned_abs().max(1)).max(1);
            (block, batch.x * products.cast_signed())
        };
        let mut arguments = EachArguments {
            x: entry.x,
            y: entry.y,
            c: entry.c,
            products: 0,
            steps: k.extent,
            x_product: batch.x,
            y_product: batch.y,
            c_product: batch.c,
            x_step: k.x,
            y_step: k.y,
            y_column: n.y,
            c_column: n.c,
            mask: 0,
            finish: entry.finish,
            alpha: entry.alpha,
            beta: entry.beta,
            signs: machine.signs(entry.conjugated),
            x_ahead,
            y_ahead: 0,
            ahead_step: k.x,
            y_ahead_end: 0,
            keep: core::ptr::null_mut(),
        };
        // What the next tile of rows reads comes while this one is worked on, a line of every step with each tile of columns.
        let bytes = m.extent.saturating_mul(k.extent).saturating_mul(machine.unit);
        let is_direct = m.x == machine.unit.cast_signed();
        let is_far = batch.extent == 1 && bytes >= FAR;
        let y_ahead = YAhead::of(machine, self);
        let mut first = 0;
        while first < batch.extent {
            let products = block.min(batch.extent - first);
            let product = first.cast_signed();
            let mut vector = 0;
            let mut tile = 0;
            while tile < tiles {
                let count = match tiles - tile {
                    1 => vectors - vector,
                    left => (vectors - vector).div_ceil(left),
                };
                let row = vector * width;
                let rows = (count * width).min(m.extent - row);
                arguments.mask = (machine.kernels.mask)((rows - (count - 1) * width) * parts);
                let (row_x, row_c) = (row.cast_signed() * m.x, row.cast_signed() * m.c);
                arguments.x = entry.x.wrapping_offset(product * batch.x + row_x);
                arguments.y = entry.y.wrapping_offset(product * batch.y);
                arguments.c = entry.c.wrapping_offset(product * batch.c + row_c);
                let kernels = match &kernels.tall {
                    Some(tall) if count > 1 => &tall[count - 2][..],
                    _ if parts > 1 => &kernels.each_of(rows * machine.unit).complex,
                    _ => &kernels.each_of(rows * machine.unit).real,
                };
                // SAFETY: the caller's duties: a part of the products.
                unsafe {
                    if batch.extent == 1 {
                        let row_bytes = rows * machine.unit;
                        let next = match *after {
                            _ if !is_direct => NextX { distance: 0, bytes: 0 },
                            _ if is_far => {
                                NextX { distance: row_bytes.cast_signed(), bytes: row_bytes }
                            }
                            0 => NextX { distance: 0, bytes: 0 },
                            distance => NextX { distance, bytes: row_bytes },
                        };
                        let panel_step = (count * machine.vector_bytes()).cast_signed();
                        if !panel.is_null() {
                            let rows = Loop { extent: rows, ..*m };
                            take_tile(machine, &mut arguments, &rows, panel, panel_step);
                        }
                        columns.run_as_products(kernels, &mut arguments, next, y_ahead, panel_step);
                    } else {
                        columns.run_products(kernels, &mut arguments, products);
                    }
                }
                vector += count;
                tile += 1;
            }
            first += products;
        }
    }
}

/// What is fetched of Y, whose steps are adjacent, while a tile of columns is worked on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum YAhead {
    Nothing,
    /// The next tile: columns lie one after the other.
    NextTile,
    /// Later steps of the same columns, in turn: they are long, and so far apart that the processor sees too many streams.
    Columns,
}

impl YAhead {
    fn of(machine: &Machine, each: &Each) -> Self {
        let Each { n, k, batch, .. } = each;
        let column = k.extent.saturating_mul(machine.unit);
        let is_real = machine.steps_of_point() == 1;
        if batch.extent > 1 || k.y != machine.unit.cast_signed() || !is_real {
            return YAhead::Nothing;
        }
        let is_whole = n.y == column.cast_signed();
        if is_whole && n.extent.saturating_mul(column) >= NEXT {
            return YAhead::NextTile;
        }
        let reach = n.extent.saturating_mul(n.y.unsigned_abs());
        let long = if reads_far_slowly() { LONG_OF_BLOCK } else { LONG };
        if reach >= FAR && column >= long { YAhead::Columns } else { YAhead::Nothing }
    }
}

impl Split {
    /// Runs the tiles of one product, as if they were products. What comes `next` of X is fetched, a line of every step with each
    /// of the first tiles. If the first of all is to keep X, the others read what it kept.
    ///
    /// # Safety
    ///
    /// As [`Each`](crate::kernel::batch::Each), for all columns; `panel_step` is what a step of X takes where it is kept.
    #[inline]
    unsafe fn run_as_products(
        self,
        kernels: &[EachKernel],
        arguments: &mut EachArguments,
        next: NextX,
        y_ahead: YAhead,
        panel_step: isize,
    ) {
        let Split { columns, wide, narrow } = self;
        arguments.x_product = 0;
        let (x, x_step) = (arguments.x, arguments.x_step);
        let mut fetched = 0;
        let mut call = |tiles: usize, columns: usize| {
            if tiles == 0 {
                return;
            }
            let moved = columns.cast_signed();
            arguments.y_product = moved * arguments.y_column;
            arguments.c_product = moved * arguments.c_column;
            let mut left = tiles;
            while left > 0 {
                let panel = arguments.keep;
                let is_keeping = !panel.is_null();
                let is_fetching = fetched < next.bytes;
                let some = if is_keeping || is_fetching { 1 } else { left };
                arguments.x_ahead = 0;
                if is_fetching {
                    let from_x = next.distance + fetched.cast_signed();
                    let moved = x.addr().wrapping_sub(arguments.x.addr()).cast_signed();
                    arguments.x_ahead = from_x + moved;
                    fetched += LINE;
                }
                (arguments.y_ahead, arguments.ahead_step) = match y_ahead {
                    YAhead::NextTile if !is_fetching => {
                        (arguments.y_product, moved * arguments.y_step)
                    }
                    YAhead::Columns => (COLUMNS_AHEAD, 0),
                    _ => (0, x_step),
                };
                arguments.y_ahead_end = COLUMNS_AHEAD + arguments.y_product;
                arguments.products = some;
                // SAFETY: the caller's duties.
                unsafe { kernels[columns - 1](arguments) };
                if is_keeping {
                    arguments.x = panel;
                    arguments.x_step = panel_step;
                    arguments.keep = core::ptr::null_mut();
                }
                let moved = (some * columns).cast_signed();
                arguments.y = arguments.y.wrapping_offset(moved * arguments.y_column);
                arguments.c = arguments.c.wrapping_offset(moved * arguments.c_column);
                left -= some;
            }
        };
        call(wide, columns + 1);
        call(narrow, columns);
        arguments.x_step = x_step;
    }

    /// Runs one tile after the other, each of all products.
    ///
    /// # Safety
    ///
    /// As [`run_as_products`](Self::run_as_products), for so many products.
    #[inline]
    pub(super) unsafe fn run_products(
        self,
        kernels: &[EachKernel],
        arguments: &mut EachArguments,
        products: usize,
    ) {
        arguments.products = products;
        let mut tile = 0;
        while tile < self.tiles() {
            let columns = self.columns + usize::from(tile < self.wide);
            // SAFETY: the caller's duties.
            unsafe { kernels[columns - 1](arguments) };
            let moved = columns.cast_signed();
            arguments.y = arguments.y.wrapping_offset(moved * arguments.y_column);
            arguments.c = arguments.c.wrapping_offset(moved * arguments.c_column);
            tile += 1;
        }
    }
}
