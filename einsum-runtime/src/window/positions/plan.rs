//! How a nest is run whose vectors are of positions or of channels.

use smallvec::SmallVec;

use super::loops::{Loop, Loops, NO_LOOP, is_inside};
use super::shape::Shape;
use crate::kernel::Dims;
use crate::kernel::level::kernels_for;
use crate::kernel::positions::{APART, PositionsRow, PositionsSet, PositionsTap, VECTORS};
use crate::kernel::raw::{Factor, RawMode};
use crate::kernel::x86_64::positions::{F32_AVX512, F64_AVX512};
use crate::window::affine::{Affine, Line};
use crate::window::channels::Table;

/// Nests with fewer products are not worth preparations.
pub(super) const POINTS: usize = if cfg!(test) { 64 } else { 1 << 18 };

/// How many lanes exist at least.
const FILLED: f64 = if cfg!(test) { 0.0 } else { 0.55 };

/// An axis that points are outside of, other than that of a row: its extent, and the positions of all rows and of all taps across,
/// whose sums are where these read it.
pub(super) struct Edge {
    pub(super) extent: usize,
    pub(super) rows: Walk,
    pub(super) taps: Table<isize>,
    /// The least and the largest of the latter.
    pub(super) reach: [isize; 2],
}

/// The position at a point of some loops: the first one, and extents and coefficients of the loops, the last of which runs fastest.
pub(super) struct Walk {
    first: isize,
    loops: SmallVec<[(usize, isize); 4]>,
}

impl Walk {
    fn of(dims: &Dims<2>, line: &Line, loops: &[usize], first: isize) -> Self {
        let loops = loops.iter().map(|&n| (dims[n].extent, line.coefficients[n])).collect();
        Walk { first, loops }
    }

    /// Returns the positions of all points.
    fn table(&self, points: usize) -> Table<isize> {
        let mut table = Table::new(points);
        (0..points).for_each(|point| table.push(self.at(point)));
        table
    }

    pub(super) fn at(&self, point: usize) -> isize {
        let (mut rest, mut at) = (point, self.first);
        for (extent, coefficient) in self.loops.iter().rev() {
            at += coefficient * (rest % extent).cast_signed();
            rest /= extent;
        }
        at
    }
}

/// Channels that are the lanes of vectors, with Y in a buffer whose vectors are as those of X, and zero behind the last channel.
pub(super) struct Dots {
    /// The masks of whole vectors, and of the last one.
    pub(super) masks: [u16; 2],
    /// The loops of the copy of Y, and of what is zero in the buffer, where that begins, and the elements of all.
    pub(super) copy: Dims<1>,
    pub(super) zeros: Dims<0>,
    pub(super) first_zero: usize,
    pub(super) elements: usize,
}

impl Dots {
    /// Whether the last channels have other masks.
    pub(super) fn are_last_others(&self) -> bool {
        self.masks[0] != self.masks[1]
    }
}

/// How a nest is run.
pub(super) struct Plan {
    set: &'static PositionsSet,
    pub(super) shape: Shape,
    pub(super) dots: Option<Dots>,
    /// How many positions neighbouring ones of a row are apart in the axis.
    pub(super) step: isize,
    pub(super) adds: bool,
    pub(super) p: usize,
    /// The positions of a row, and the loops over rows.
    pub(super) row: Loop,
    pub(super) rows: SmallVec<[Loop; 2]>,
    pub(super) columns: Loop,
    pub(super) channels: Loop,
    pub(super) others: SmallVec<[Loop; 4]>,
    /// The taps, in rows of those along the axis of positions.
    pub(super) taps: Table<PositionsTap>,
    /// The positions of a row's taps in the axis of positions, the least and the largest, where the first point is, and the extent,
    /// if points are outside of it.
    pub(super) along: Table<isize>,
    pub(super) reach: [isize; 2],
    pub(super) first: isize,
    pub(super) bound: Option<usize>,
    pub(super) edges: SmallVec<[Edge; 2]>,
    pub(super) points: usize,
    pub(super) time: f64,
}

/// Returns the least and the largest of some positions.
fn reach(positions: &[isize]) -> [isize; 2] {
    [positions.iter().min(), positions.iter().max()].map(|end| end.copied().unwrap_or(0))
}

impl Plan {
    /// Returns the plan for a nest whose loops are `dims`, if it takes less than some time.
    pub(super) fn of(
        nest: &Affine,
        dims: &Dims<2>,
        size: usize,
        mode: RawMode,
        time: f64,
    ) -> Option<Self> {
        let adds = match mode {
            RawMode::Assign => false,
            RawMode::Scale { alpha: Factor::One, beta: Factor::One } => true,
            RawMode::Scale { .. } => return None,
        };
        let set = kernels_for(size, [&F32_AVX512, &F64_AVX512], [&F32_AVX512, &F64_AVX512])?;
        let points = dims.iter().fold(1_usize, |n, d| n.saturating_mul(d.extent));
        let all = || (0..dims.len()).filter(|&n| dims[n].extent > 1);
        let unit = all().find(|&n| !dims[n].summed && dims[n].out == 1)?;
        let steps = dims[unit].sources;
        let is_apart = |p: &usize| (1..=APART.cast_signed()).contains(&steps[*p]);
        let is_whole = |p: usize| nest.sources[p].iter().all(|line| is_inside(nest, line));
        let is_x = |p: &usize| steps[1 - *p] == 0 && is_apart(p) && is_whole(1 - *p);
        let is_y = |p: &usize| steps[*p] != 0 && steps[1 - *p] == 0 && is_whole(*p);
        let loops = match ((0..2).find(is_x), (0..2).find(is_y)) {
            // Those without edges or steps are as good for others.
            (Some(p), _) if steps[p] == 1 && is_whole(p) => return None,
            (Some(p), _) => Loops::of(nest, dims, size, p, Some(unit), None)?,
            (None, Some(q)) => {
                let p = 1 - q;
                let is_channel = |n: &usize| {
                    dims[*n].summed && dims[*n].sources[p] == 1 && dims[*n].sources[q] != 0
                };
                let channel = all().find(is_channel)?;
                Loops::of(nest, dims, size, p, None, Some([unit, channel]))?
            }
            _ => return None,
        };
        let p = loops.p;
        let line = &nest.sources[p][loops.line];
        let is_channel = loops.row != unit;
        let shape = loops.shape(&nest.sources[p], set.width, is_channel);
        let own = shape.time();
        if line.coefficients[loops.row] <= 0
            || loops.filled(&shape, set.width) < FILLED
            || own >= shape.worth() * time
        {
            return None;
        }
        let dots = if is_channel { Some(loops.dots(set.width)?) } else { None };
        let edge = |other: &Line| {
            let rows = Walk::of(dims, other, &loops.rows, other.offset);
            let taps = Walk::of(dims, other, &loops.across, 0);
            let taps = taps.table(loops.points(&loops.across));
            Edge { extent: other.extent, rows, reach: reach(&taps), taps }
        };
        let is_edge =
            |other: &&Line| !is_inside(nest, other) && !core::ptr::eq::<Line>(*other, line);
        let mut columns = loops.own(loops.columns);
        let mut channels = loops.channels.map_or(NO_LOOP, |n| loops.own(n));
        let vector = (set.width * size).cast_signed();
        let in_buffer = dots.is_some().then(|| {
            let vectors = channels.extent.div_ceil(set.width);
            channels = Loop { extent: vectors, x: vector, y: vector, out: 0 };
            vector * vectors.cast_signed()
        });
        let taps = loops.table(in_buffer)?;
        let along = Walk::of(dims, line, &loops.along, 0);
        let along = along.table(loops.points(&loops.along));
        if let Some(apart) = in_buffer {
            columns.y = apart * taps.len().cast_signed();
        }
        Some(Plan {
            set,
            shape,
            step: line.coefficients[loops.row],
            dots,
            adds,
            p,
            row: loops.own(loops.row),
            rows: loops.rows.iter().map(|&n| loops.own(n)).collect(),
            columns,
            channels,
            others: loops.others.iter().map(|&n| loops.own(n)).collect(),
            taps,
            reach: reach(&along),
            along,
            first: line.offset,
            bound: (!is_inside(nest, line)).then_some(line.extent),
            edges: nest.sources[p].iter().filter(is_edge).map(edge).collect(),
            points,
            time: own,
        })
    }

    /// Returns the kernels by vectors, less one.
    pub(super) fn kernels(&self) -> &'static [PositionsRow; VECTORS] {
        if self.dots.is_some() { &self.set.dots } else { &self.set.kernels[self.shape.apart - 1] }
    }
}
