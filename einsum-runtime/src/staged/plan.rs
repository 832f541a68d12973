//! What goes through buffers, in which order of loops, and in blocks of which size.
//!
//! | nest | through buffers |
//! |---|---|
//! | sums of a source without adjacent elements | the source |
//! | sums and products of complex numbers that are scaled or conjugated | results |
//! | products of complex numbers that are not adjacent where results are | the operands |
//! | contractions into an output without adjacent elements | results, adjacent along a loop over one operand |
//! | contractions whose adjacent results are points of a batch | operands, made adjacent as the results are |
//! | dot products, matrix times vector | the operands that are not adjacent along the chosen loop |
//! | what is in [`order`] | arrays that lie in another order than the largest one |

use smallvec::SmallVec;

use super::order;
use crate::engine::{is_large, is_tiny, wastes_lanes};
use crate::kernel::{Dim, Dims};
use crate::sort::sort_by_key;

/// The most bytes of a buffer: three of them fit a second-level cache of 1 MB, or nearly so.
pub(super) const BYTES: usize = if cfg!(test) { 64 << 10 } else { 384 << 10 };

/// The shortest rows that memory-bound kernels take.
pub(super) const ROW: usize = 16;

/// The columns of a block that are worth reading X once more.
const COLUMNS: usize = if cfg!(test) { 6 } else { 64 };

/// The bytes of a vector. Batches that leave many of its lanes idle are not what the lanes are made of.
const VECTOR: usize = 64;

/// What matters of the elements' type.
#[derive(Clone, Copy)]
pub(super) struct Elements {
    /// In bytes.
    pub(super) size: usize,
    pub(super) are_complex: bool,
}

/// What goes through buffers.
#[derive(Clone)]
pub(super) struct Plan<const P: usize> {
    /// The loops, outermost first: buffers have their elements in that order, the last ones adjacent.
    pub(super) dims: Dims<P>,
    /// The extent of a block in each.
    pub(super) blocks: SmallVec<[usize; 8]>,
    pub(super) sources: [bool; P],
    pub(super) results: bool,
    /// How many of the last loops, summed ones, results keep in their buffer: they are summed on the way to the output.
    pub(super) late: usize,
    /// Sources, and loops that these do not step along, but for which their buffers have a copy of their elements for every point.
    pub(super) repeated: SmallVec<[(usize, usize); 8]>,
    /// Whether a kernel has buffers of its own, for all points of a block.
    pub(super) points: bool,
}

impl<const P: usize> Plan<P> {
    /// Makes a plan with blocks of up to `most` elements a buffer, at first of up to `row` in the last loop and of
    /// `other` in the others, then larger if there is room.
    pub(super) fn new(
        dims: Dims<P>,
        sources: [bool; P],
        results: bool,
        most: usize,
        caps: Caps,
    ) -> Self {
        let mut plan = Plan::of_points(dims, sources, results);
        plan.enlarge(most, caps);
        plan
    }

    /// Makes blocks larger, as [`new`](Self::new) does.
    pub(super) fn enlarge(&mut self, most: usize, caps: Caps) {
        let last = self.dims.len() - 1;
        for is_final in [false, true] {
            for i in (0..self.dims.len()).rev() {
                let extent = self.dims[i].extent;
                let wanted = match (is_final, i == last) {
                    (true, _) => extent,
                    (false, true) => extent.min(caps.row),
                    (false, false) => extent.min(caps.other),
                };
                self.blocks[i] = self.room(i, most).min(wanted).max(self.blocks[i]);
            }
        }
        self.even();
    }

    /// Makes blocks large enough that what goes through a buffer is read, or written, in runs of `run` adjacent elements, as
    /// far as arrays have such. Returns false, with nothing changed, if a buffer would have more than `most` elements then.
    pub(super) fn complete_runs(&mut self, run: usize, most: usize) -> bool {
        let whole = self.blocks.clone();
        for array in (0..=P).filter(|&p| self.sources.get(p).copied().unwrap_or(self.results)) {
            let step = |d: &Dim<P>| d.sources.get(array).copied().unwrap_or(d.out);
            let mut adjacent = 1;
            while adjacent < run
                && let Some(i) = self.dims.iter().position(|d| step(d) == adjacent.cast_signed())
            {
                let extent = self.dims[i].extent;
                self.blocks[i] = self.blocks[i].max(extent.min(run.div_ceil(adjacent)));
                adjacent *= extent;
            }
        }
        let fits = |i: usize| self.room(i, most) >= self.blocks[i];
        let all = (0..self.dims.len()).all(fits);
        if !all {
            self.blocks = whole;
        }
        all
    }

    /// Makes a plan with blocks of a point each.
    pub(super) fn of_points(dims: Dims<P>, sources: [bool; P], results: bool) -> Self {
        let blocks = SmallVec::from_elem(1, dims.len());
        let repeated = SmallVec::new();
        Plan { blocks, dims, sources, results, late: 0, repeated, points: false }
    }

    /// Returns the number of blocks of kept loops.
    pub(super) fn kept_blocks(&self) -> usize {
        let all = self.dims.iter().zip(&self.blocks);
        all.filter(|(d, _)| !d.summed).fold(1, |n, (d, block)| n * d.extent.div_ceil(*block))
    }

    /// Makes blocks smaller along the outermost kept loop in which they are long, and which all sources that go through buffers
    /// have, but not shorter rows, until there are about `least`.
    pub(super) fn divide(&mut self, least: usize) {
        let times = least.div_ceil(self.kept_blocks());
        let last = self.dims.len() - 1;
        let is_long = |&i: &usize| !self.dims[i].summed && self.blocks[i] >= 4 * times;
        // Others would go through them once for every block.
        let is_in_all = |i: &usize| (0..P).all(|p| !self.sources[p] || self.is_in(p, *i));
        if let Some(i) = (0..last).filter(is_long).find(is_in_all) {
            self.blocks[i] = self.blocks[i].div_ceil(times);
            self.even();
        }
    }

    /// Makes blocks even.
    pub(super) fn even(&mut self) {
        for (block, dim) in self.blocks.iter_mut().zip(&self.dims) {
            *block = dim.extent.div_ceil(dim.extent.div_ceil(*block));
        }
    }

    /// Returns how large a block can be along a loop if those along the others stay as they are.
    pub(super) fn room(&self, i: usize, most: usize) -> usize {
        let room_in = |has: &dyn Fn(usize) -> bool| {
            let others = (0..self.dims.len()).filter(|&j| j != i && has(j));
            let count = others.fold(1_usize, |n, j| n.saturating_mul(self.blocks[j]));
            if has(i) { (most / count).max(1) } else { usize::MAX }
        };
        let mut room = usize::MAX;
        for p in 0..P {
            if self.sources[p] {
                room = room.min(room_in(&|j| self.is_in(p, j)));
            }
        }
        if self.points {
            room = room.min(room_in(&|_| true));
        }
        if self.results { room.min(room_in(&|j| self.is_in_results(j))) } else { room }
    }

    /// Whether a source's buffer has a loop: those it steps through, and the last, along which it has adjacent elements
    /// in any case.
    pub(super) fn is_in(&self, p: usize, i: usize) -> bool {
        let dim = &self.dims[i];
        dim.sources[p] != 0
            || (dim.summed && i + 1 == self.dims.len())
            || self.repeated.contains(&(p, i))
    }

    /// Whether the buffer of results has a loop.
    pub(super) fn is_in_results(&self, i: usize) -> bool {
        !self.dims[i].summed || i + self.late >= self.dims.len()
    }
}

#[derive(Clone, Copy)]
pub(super) struct Caps {
    pub(super) row: usize,
    pub(super) other: usize,
}

/// Sorts loops by their steps in the output, and summed ones by those in the sources, the largest first.
pub(super) fn sorted<const P: usize>(dims: &Dims<P>) -> Dims<P> {
    let mut dims = Dims::from_slice(dims);
    let reach = |d: &Dim<P>| d.sources.iter().map(|s| s.unsigned_abs()).max();
    sort_by_key(&mut dims[..], |d| {
        (d.summed, core::cmp::Reverse((d.out.unsigned_abs(), reach(d))))
    });
    dims
}

/// Moves a loop to the end.
fn with_last<const P: usize>(mut dims: Dims<P>, last: usize) -> Dims<P> {
    let dim = dims.remove(last);
    dims.push(dim);
    dims
}

/// Plans the sums of a source that kernels do not take.
pub(super) fn sum(dims: &Dims<1>, is_complex: bool) -> Plan<1> {
    let dims = sorted(dims);
    let caps = Caps { row: 1024, other: 64 };
    if is_complex {
        // Kernels take every layout, but do not conjugate or scale.
        let last = dims.iter().rposition(|d| !d.summed).unwrap_or(0);
        return Plan::new(with_last(dims, last), [false], true, BYTES / 16, caps);
    }
    let nearest = (0..dims.len()).min_by_key(|&i| match dims[i].sources[0].unsigned_abs() {
        0 => usize::MAX,
        step => step,
    });
    Plan::new(with_last(dims, nearest.unwrap_or(0)), [true], false, BYTES / 8, caps)
}

/// Plans complex products: rows of the output with factors that are not adjacent along them, or that are scaled.
pub(super) fn product(dims: &Dims<2>, is_scaled: bool) -> Plan<2> {
    let dims = sorted(dims);
    let last = dims.last().map_or([0; 2], |d| d.sources);
    let caps = Caps { row: 64, other: 64 };
    Plan::new(dims, last.map(|step| !matches!(step, 0 | 1)), is_scaled, BYTES / 16, caps)
}

/// Plans a contraction that neither the memory-bound kernels nor the engine take as it is.
pub(super) fn contraction(dims: &Dims<2>, elements: Elements) -> Plan<2> {
    let dims = sorted(dims);
    let points = |has: fn(&Dim<2>) -> bool| {
        dims.iter().filter(|d| has(d)).fold(1_usize, |n, d| n.saturating_mul(d.extent))
    };
    let m = points(|d| !d.summed && d.sources[0] != 0 && d.sources[1] == 0);
    let n = points(|d| !d.summed && d.sources[0] == 0 && d.sources[1] != 0);
    let k = points(|d| d.summed);
    if m.min(n) == 1 {
        return once(dims, usize::from(m < n), elements);
    }
    let most = BYTES / elements.size;
    let width = VECTOR / elements.size;
    let count = |p: Option<usize>| {
        let has = |d: &&Dim<2>| p.map_or(!d.summed, |p| d.sources[p] != 0);
        dims.iter().filter(has).fold(1_usize, |n, d| n.saturating_mul(d.extent))
    };
    let is_large = is_large([m, n, k]);
    let is_tiny = elements.are_complex && is_tiny([m, n, k], points(is_batch));
    let is_lanes = |d: &Dim<2>| {
        let is_in_both = is_batch(d) && !d.sources.contains(&0);
        let is_adjacent = d.out == 1 && !(is_large && wastes_lanes(d.extent, width));
        is_in_both && (is_tiny || is_adjacent)
    };
    let lanes = (0..dims.len()).filter(|&i| is_lanes(&dims[i])).max_by_key(|&i| dims[i].extent);
    if let Some(lanes) = lanes {
        let sources = [0, 1].map(|p| dims[lanes].sources[p] != 1);
        let copied = [0, 1].map(|p| if sources[p] { count(Some(p)) } else { 0 });
        // Large products can be done one by one, if turning the results is less work. There is no complex kernel for
        // lanes that reads what it needs only once.
        let is_apart = is_large && (elements.are_complex || copied[0] + copied[1] > count(None));
        if !is_apart {
            let caps = Caps { row: 128 / elements.size, other: 64 };
            let results = dims[lanes].out != 1;
            return Plan::new(with_last(dims, lanes), sources, results, most, caps);
        }
    }
    // Rows over one operand: of its adjacent elements if possible, else as many as possible.
    let key = |i: usize| {
        let d = &dims[i];
        let is_adjacent = d.sources.iter().any(|s| s.unsigned_abs() == 1);
        (is_adjacent && d.extent >= width / 2, d.extent)
    };
    let is_row = |i: &usize| !dims[*i].summed && !is_batch(&dims[*i]);
    let row = (0..dims.len()).filter(is_row).max_by_key(|&i| key(i)).unwrap_or(0);
    through_results(dims, row, elements)
}

/// Plans a contraction whose results are formed in rows along a loop over one operand, in a buffer.
pub(super) fn through_results(dims: Dims<2>, row: usize, elements: Elements) -> Plan<2> {
    let most = BYTES / elements.size;
    // An operand whose adjacent elements belong to different products would be read line by line for each of them.
    let is_shared = |p: usize| {
        dims.iter().any(|d| is_batch(d) && d.sources[p].unsigned_abs() == 1 && d.extent >= 4)
    };
    let caps = Caps { row: 512, other: 256 };
    let sources = [is_shared(0), is_shared(1)];
    let x = usize::from(dims[row].sources[0] == 0);
    let mut plan = Plan::of_points(with_last(dims, row), sources, true);
    // Every block of columns reads, or packs, all of X again.
    let mut columns = 1;
    for (d, block) in plan.dims.iter().zip(&mut plan.blocks).rev() {
        if !d.summed && d.sources[x] == 0 && d.sources[1 - x] != 0 {
            *block = d.extent.min(COLUMNS.div_ceil(columns));
            columns *= *block;
        }
    }
    plan.enlarge(most, caps);
    plan
}

/// Whether a loop is kept, and both operands or none step along it.
pub(super) fn is_batch(dim: &Dim<2>) -> bool {
    !dim.summed && (dim.sources[0] != 0) == (dim.sources[1] != 0)
}

/// Plans a contraction that uses each element of the source `x` once: along which loop its rows are to lie.
fn once(dims: Dims<2>, x: usize, elements: Elements) -> Plan<2> {
    let y = 1 - x;
    let staged = |d: &Dim<2>| {
        let x_staged = d.sources[x] != 1;
        let y_staged =
            if d.summed { d.sources[y] != 1 } else { d.sources[y] > 1 || d.sources[y] < 0 };
        [x_staged, y_staged]
    };
    let is_possible =
        |d: &Dim<2>, least: usize| d.extent >= least && (d.summed || d.sources[x] != 0);
    // The elements that go through buffers. Long rows are better ones.
    let cost = |i: usize| {
        let [x_staged, y_staged] = staged(&dims[i]);
        let count = |p: usize| {
            let has = |d: &&Dim<2>| d.sources[p] != 0;
            dims.iter().filter(has).fold(1_usize, |n, d| n.saturating_mul(d.extent))
        };
        let copied = if x_staged { count(x) } else { 0 } + if y_staged { count(y) } else { 0 };
        (copied, core::cmp::Reverse(dims[i].extent))
    };
    let row = |least: usize| {
        (0..dims.len()).filter(|&i| is_possible(&dims[i], least)).min_by_key(|&i| cost(i))
    };
    // Kernels of complex numbers take short rows too.
    let any = if elements.are_complex { row(1) } else { None };
    let row = row(ROW).or(any);
    if !elements.are_complex && row.is_none_or(|row| staged(&dims[row])[0]) {
        // X is not copied if the copy of Y, which is smaller, does as well.
        let plan = order::vector(&dims, x, elements);
        // Rows of sums can be longer, and X copied in longer pieces, if the output or its buffer has them in X's order.
        let is_kept = row.is_none_or(|row| !dims[row].summed);
        let plan = plan
            .or_else(|| if is_kept { order::reordered(&dims, elements, usize::MAX) } else { None });
        if let Some(plan) = plan {
            return plan;
        }
    }
    let Some(row) = row else { return short(dims, x, elements) };
    let [x_staged, y_staged] = staged(&dims[row]);
    let mut sources = [x_staged; 2];
    sources[y] = y_staged;
    let caps = Caps { row: 1024, other: 64 };
    let most = BYTES / elements.size;
    Plan::new(with_last(dims, row), sources, false, most, caps)
}

/// As [`once`], where all loops are short.
fn short(dims: Dims<2>, x: usize, elements: Elements) -> Plan<2> {
    if dims.iter().all(|d| d.summed) {
        // In buffers in the same order the loops become one.
        let caps = Caps { row: usize::MAX, other: usize::MAX };
        return Plan::new(dims, [true; 2], false, BYTES / elements.size, caps);
    }
    // The engine's rows are then the longest loop over X alone, or over the batch.
    let key = |i: &usize| (dims[*i].sources[x] != 0, dims[*i].extent);
    let row = (0..dims.len()).filter(|&i| !dims[i].summed).max_by_key(key);
    let row = row.unwrap_or(dims.len() - 1);
    let is_lanes = is_batch(&dims[row]);
    let mut sources = [dims[row].sources[x] != 1; 2];
    sources[1 - x] = is_lanes && dims[row].sources[1 - x] != 1;
    let results = dims[row].out != 1;
    let caps = Caps { row: 1024, other: 64 };
    let most = BYTES / elements.size;
    Plan::new(with_last(dims, row), sources, results, most, caps)
}
