//! Small products side by side in the lanes of vectors: see [`many`](super::many).

use super::loops::Loop;
use super::machine::Machine;
use super::matrices::Matrices;
use super::scratch::LINE;
use super::sums::Entry;
use crate::kernel::batch::{BatchSet, LanesArguments, ROWS};

/// The most numbers of a product's operand, and of its result.
const NUMBERS: usize = 64;

/// The most numbers of an operand that all products have in common: a few cache lines.
const SHARED: usize = 1024;

/// The fewest products that are worth the way.
const PRODUCTS: usize = 16;

/// The bytes that panels are to take: half of a first-level cache.
const BYTES: usize = 20 << 10;

/// The most products of a block; as many if there are no panels.
const BLOCK: usize = 256;

/// The elements of one array in a product, and how they come to be adjacent to those of other products.
#[derive(Clone, Copy, Debug)]
struct Elements {
    /// Two loops with their steps, the smaller step last.
    outer: (usize, isize),
    inner: (usize, isize),
    /// Whether the loops have changed places.
    is_turned: bool,
    /// Whether products are adjacent in the array.
    is_direct: bool,
}

impl Elements {
    fn of(first: (usize, isize), second: (usize, isize), is_direct: bool) -> Self {
        let is_turned = first.0 > 1 && (second.0 == 1 || first.1.abs() < second.1.abs());
        let (outer, inner) = if is_turned { (second, first) } else { (first, second) };
        Elements { outer, inner, is_turned, is_direct }
    }

    fn count(&self) -> usize {
        self.outer.0 * self.inner.0
    }

    /// Calls `visit` with the place in the array of every run of adjacent elements, the number of the first in the
    /// product, and how many they are.
    fn runs(&self, unit: usize, mut visit: impl FnMut(isize, usize, usize)) {
        let unit = unit.cast_signed();
        let is_row = self.inner.0 == 1 || self.inner.1 == unit;
        let is_whole = self.outer.0 == 1 || self.outer.1 == unit * self.inner.0.cast_signed();
        if is_row && is_whole {
            return visit(0, 0, self.count());
        }
        let (run, runs) = if is_row { (self.inner.0, 1) } else { (1, self.inner.0) };
        let mut number = 0;
        let mut i = 0;
        while i < self.outer.0 {
            let mut j = 0;
            while j < runs {
                let at = i.cast_signed() * self.outer.1 + j.cast_signed() * self.inner.1;
                visit(at, number, run);
                number += run;
                j += 1;
            }
            i += 1;
        }
    }
}

/// The panels of a block of products.
#[derive(Clone, Copy, Debug)]
pub(super) struct Panels {
    x: Elements,
    y: Elements,
    c: Elements,
    /// The products of a block.
    block: usize,
    /// The bytes from one number of a product to the next.
    pitch: usize,
    /// The numbers of an element.
    parts: usize,
}

impl Panels {
    /// Returns the panels, if products are small enough for them and many.
    #[inline]
    pub(super) fn of(machine: &Machine, matrices: &Matrices) -> Option<Self> {
        let Matrices { m, n, k, batch, second: [more, _], .. } = *matrices;
        if batch.extent < PRODUCTS {
            return None;
        }
        let parts = machine.steps_of_point();
        let unit = machine.unit.cast_signed();
        let is_direct = |step: isize| parts == 1 && step == unit;
        let is_shared = batch.x == 0;
        let x = Elements::of((m.extent, m.x), (k.extent, k.x), is_shared || is_direct(batch.x));
        let y = Elements::of((n.extent, n.y), (k.extent, k.y), is_direct(batch.y));
        let c = Elements::of((n.extent, n.c), (m.extent, m.c), is_direct(batch.c));
        if more.extent > 1 && !(x.is_direct && c.is_direct) {
            return None;
        }
        // Elements that lie apart, among those of other products, would each be read or written with a cache line of its own,
        // which only what uses them more than once is worth.
        let is_among_others = |array: &Elements, step: fn(&Loop) -> isize| {
            let is_apart = array.count() > 1 && array.inner.1 != unit;
            let is_adjacent = |l: &Loop| step(l) == unit && l.extent > 1;
            !array.is_direct && is_apart && matrices.outer.iter().any(is_adjacent)
        };
        let is_real_dot = parts == 1 && m.extent == 1 && n.extent == 1;
        if is_real_dot && (is_among_others(&x, |l| l.x) || is_among_others(&y, |l| l.y)) {
            return None;
        }
        let mut numbers = 0;
        for (array, most) in
            [(x, if is_shared { SHARED } else { NUMBERS }), (y, NUMBERS), (c, NUMBERS)]
        {
            // No product overflows, as every element exists.
            if array.count() * parts > most {
                return None;
            }
            numbers += if array.is_direct { 0 } else { array.count() * parts };
        }
        let size = machine.kernels.element;
        // Whole vectors of every level.
        let block = match numbers {
            0 => BLOCK,
            _ => (BYTES / (numbers * size) / LINE * LINE).clamp(LINE / 4, BLOCK),
        };
        // Not a power of two, at which numbers would compete for their places in the cache.
        Some(Panels { x, y, c, block, pitch: block * size + LINE, parts })
    }

    /// The bytes of the panels.
    pub(super) fn bytes(&self) -> usize {
        [self.x, self.y, self.c].iter().map(|array| self.panel(array)).sum()
    }

    /// The bytes of an array's panel.
    fn panel(&self, array: &Elements) -> usize {
        if array.is_direct { 0 } else { array.count() * self.element() }
    }

    /// The bytes from one element of a product to the next.
    fn element(&self) -> usize {
        self.parts * self.pitch
    }

    /// Returns the steps along two loops, given in the order of [`Elements::of`], in the panel or the array itself.
    fn steps(&self, array: &Elements, first: isize, second: isize) -> (isize, isize) {
        let element = self.element().cast_signed();
        match (array.is_direct, array.is_turned) {
            (true, _) => (first, second),
            (false, false) => (element * array.inner.0.cast_signed(), element),
            (false, true) => (element, element * array.inner.0.cast_signed()),
        }
    }

    /// Runs the products along the batch's inner loop.
    ///
    /// # Safety
    ///
    /// As [`Many::run`](super::many::Many::run); `memory` has room for the panels.
    pub(super) unsafe fn run(
        &self,
        machine: &Machine,
        kernels: &BatchSet,
        matrices: &Matrices,
        entry: Entry,
        memory: *mut u8,
    ) {
        let Matrices { m, n, k, batch, second: [more, _], .. } = *matrices;
        let x_panel = memory;
        let y_panel = x_panel.wrapping_add(self.panel(&self.x));
        let c_panel = y_panel.wrapping_add(self.panel(&self.y));
        let (x_row, x_step) = self.steps(&self.x, m.x, k.x);
        let (y_column, y_step) = self.steps(&self.y, n.y, k.y);
        let (c_column, c_row) = self.steps(&self.c, n.c, m.c);
        let set = machine.kernels;
        let part = self.pitch.cast_signed();
        // Real and imaginary parts of an element are adjacent, unless they are in a panel.
        let x_part = if batch.x == 0 { set.element.cast_signed() } else { part };
        let mut arguments = LanesArguments {
            x: x_panel,
            y: y_panel,
            c: c_panel,
            vectors: 0,
            steps: k.extent,
            columns: n.extent,
            x_row,
            c_row,
            x_step,
            y_step,
            y_column,
            c_column,
            last_mask: 0,
            alpha: entry.alpha,
            x_part,
            y_part: part,
            c_part: part,
            signs: entry.conjugated.map(|conjugated| machine.one(conjugated)),
        };
        let row_kernels = match (batch.x == 0, self.parts > 1) {
            (false, false) => &kernels.real,
            (false, true) => &kernels.complex,
            (true, false) => &kernels.real_shared,
            (true, true) => &kernels.complex_shared,
        };
        let tiles = m.extent.div_ceil(ROWS);
        let mut first = 0;
        while first < batch.extent {
            let count = self.block.min(batch.extent - first);
            let at = |step: isize| first.cast_signed() * step;
            let x = entry.x.wrapping_offset(at(batch.x));
            let y = entry.y.wrapping_offset(at(batch.y));
            let c = entry.c.wrapping_offset(at(batch.c));
            // SAFETY: the caller's duties.
            unsafe {
                self.pack(machine, kernels, &self.x, x_panel, (x, batch.x), count);
                self.pack(machine, kernels, &self.y, y_panel, (y, batch.y), count);
            }
            let x = if self.x.is_direct { x } else { x_panel };
            arguments.y = if self.y.is_direct { y } else { y_panel };
            let c_first = if self.c.is_direct { c } else { c_panel };
            arguments.vectors = count / set.width;
            let last = count % set.width;
            arguments.last_mask = if last > 0 { (set.mask)(last) } else { 0 };
            let mut set_of_rows = 0;
            while set_of_rows < more.extent.cast_signed() {
                let x = x.wrapping_offset(set_of_rows * more.x);
                let c = c_first.wrapping_offset(set_of_rows * more.c);
                let mut row = 0;
                let mut tile = 0;
                while tile < tiles {
                    let rows = (m.extent - row).div_ceil(tiles - tile);
                    arguments.x = x.wrapping_offset(row.cast_signed() * x_row);
                    arguments.c = c.wrapping_offset(row.cast_signed() * c_row);
                    // SAFETY: the caller's duties; the panels hold the block's products.
                    unsafe { row_kernels[rows - 1](&arguments) };
                    row += rows;
                    tile += 1;
                }
                set_of_rows += 1;
            }
            // SAFETY: the caller's duties.
            unsafe { self.unpack(machine, kernels, (c, batch), c_panel, count) };
            first += count;
        }
    }

    /// Transposes the elements of `count` products: `panel[number][product]`, unless products are adjacent.
    ///
    /// # Safety
    ///
    /// The panel has room for a block; all elements can be read; the processor has AVX2.
    unsafe fn pack(
        &self,
        machine: &Machine,
        kernels: &BatchSet,
        array: &Elements,
        panel: *mut u8,
        (from, product): (*const u8, isize),
        count: usize,
    ) {
        if array.is_direct {
            return;
        }
        let pitch = self.pitch.cast_signed();
        array.runs(machine.unit, |at, number, run| {
            let to = panel.wrapping_add(number * self.element());
            let from = from.wrapping_offset(at);
            let (whole, done) = whole_vectors(machine, kernels, count);
            let numbers = run * self.parts;
            // SAFETY: the caller's duties, for all products in two parts.
            unsafe {
                if let (Some(narrow), 1..) = (kernels.narrow, whole) {
                    (narrow.pack)(to, from, pitch, product, whole, numbers);
                }
                if done < count {
                    let to = to.wrapping_add(done * machine.kernels.element);
                    let from = from.wrapping_offset(done.cast_signed() * product);
                    (kernels.transpose)(to, from, pitch, product, count - done, numbers);
                }
            }
        });
    }

    /// Transposes the results of `count` products back, unless products are adjacent.
    ///
    /// # Safety
    ///
    /// As [`pack`](Self::pack), the other way round.
    unsafe fn unpack(
        &self,
        machine: &Machine,
        kernels: &BatchSet,
        (to, batch): (*mut u8, Loop),
        panel: *const u8,
        count: usize,
    ) {
        if self.c.is_direct {
            return;
        }
        let pitch = self.pitch.cast_signed();
        self.c.runs(machine.unit, |at, number, run| {
            let to = to.wrapping_offset(at);
            let from = panel.wrapping_add(number * self.element());
            let (whole, done) = whole_vectors(machine, kernels, count);
            let numbers = run * self.parts;
            // SAFETY: the caller's duties, for all products in two parts.
            unsafe {
                if let (Some(narrow), 1..) = (kernels.narrow, whole) {
                    (narrow.unpack)(to, from, batch.c, pitch, whole, numbers);
                }
                if done < count {
                    let to = to.wrapping_offset(done.cast_signed() * batch.c);
                    let from = from.wrapping_add(done * machine.kernels.element);
                    (kernels.transpose)(to, from, batch.c, pitch, numbers, count - done);
                }
            }
        });
    }
}

/// Returns how many whole vectors `count` products are, for kernels that transpose such, and how many products these have.
fn whole_vectors(machine: &Machine, kernels: &BatchSet, count: usize) -> (usize, usize) {
    let width = machine.kernels.width;
    let whole = if kernels.narrow.is_some() { count / width } else { 0 };
    (whole, whole * width)
}
