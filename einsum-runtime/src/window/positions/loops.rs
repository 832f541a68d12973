//! The loops of a nest by what they do: lanes, rows, columns, channels, and taps.

use smallvec::SmallVec;

use super::plan::Dots;
use super::shape::Shape;
use crate::kernel::positions::{FEWEST_COLUMNS, PositionsTap};
use crate::kernel::{Dim, Dims};
use crate::sort::sort_by_key;
use crate::window::affine::{Affine, Line};
use crate::window::channels::Table;

/// The most taps, which have masks in every vector.
const TAPS: usize = 512;

/// The most bytes of Y in a buffer.
const PACKED: usize = if cfg!(test) { 16 << 10 } else { 512 << 10 };

/// A loop; steps in bytes. X is the source with windows.
#[derive(Clone, Copy)]
pub(super) struct Loop {
    pub(super) extent: usize,
    pub(super) x: isize,
    pub(super) y: isize,
    pub(super) out: isize,
}

pub(super) const NO_LOOP: Loop = Loop { extent: 1, x: 0, y: 0, out: 0 };

/// The loops of a nest by what they do.
pub(super) struct Loops<'n> {
    dims: &'n Dims<2>,
    size: usize,
    pub(super) p: usize,
    pub(super) row: usize,
    pub(super) rows: SmallVec<[usize; 8]>,
    pub(super) columns: usize,
    pub(super) channels: Option<usize>,
    pub(super) others: SmallVec<[usize; 8]>,
    /// The taps across rows and along them.
    pub(super) across: SmallVec<[usize; 8]>,
    pub(super) along: SmallVec<[usize; 8]>,
    /// The axis of positions.
    pub(super) line: usize,
}

pub(super) fn is_inside(nest: &Affine, line: &Line) -> bool {
    line.has(line.range(nest.loops.iter().map(|l| l.extent)))
}

impl<'n> Loops<'n> {
    /// Sorts loops for lanes that are positions of the loop `row`; or else for columns and channels, of which both are adjacent.
    pub(super) fn of(
        nest: &Affine,
        dims: &'n Dims<2>,
        size: usize,
        p: usize,
        row: Option<usize>,
        adjacent: Option<[usize; 2]>,
    ) -> Option<Self> {
        let (q, lines) = (1 - p, &nest.sources[p]);
        let all = || (0..dims.len()).filter(|&n| dims[n].extent > 1);
        let moves = |line: &Line, n: usize| line.coefficients[n] != 0;
        // Windows, and axes that points are outside of. A loop goes along one of them.
        let is_window = |line: &Line| {
            let sums = all().any(|n| dims[n].summed && moves(line, n));
            !is_inside(nest, line) || sums && all().any(|n| !dims[n].summed && moves(line, n))
        };
        let of_row =
            row.map(|row| lines.iter().position(|line| line.stride == 1 && moves(line, row)));
        let of_row = match of_row {
            Some(line) => Some(line?),
            None => None,
        };
        let windows: SmallVec<[usize; 8]> =
            (0..lines.len()).filter(|&l| of_row == Some(l) || is_window(&lines[l])).collect();
        let mut rows: SmallVec<[usize; 8]> = SmallVec::new();
        let mut others: SmallVec<[usize; 8]> = SmallVec::new();
        let mut taps: SmallVec<[usize; 8]> = SmallVec::new();
        let (mut columns, mut channels) = match adjacent {
            Some([columns, channels]) => (Some(columns), Some(channels)),
            None => (None, None),
        };
        let known = [row, columns, channels];
        for n in all().filter(|n| !known.contains(&Some(*n))) {
            let d = &dims[n];
            let mut own = windows.iter().copied().filter(|&l| moves(&lines[l], n));
            let line = own.next();
            if own.next().is_some() {
                return None;
            }
            match (d.summed, line) {
                (true, None) if adjacent.is_none() => {
                    let longer = channels.filter(|&other| dims[other].extent >= d.extent);
                    match longer {
                        Some(_) => taps.push(n),
                        None => taps.extend(channels.replace(n)),
                    }
                }
                (true, _) => taps.push(n),
                (false, Some(line)) if d.sources[q] == 0 && of_row != Some(line) => rows.push(n),
                (false, Some(_)) => return None,
                (false, None) if d.sources[p] == 0 && adjacent.is_none() => {
                    let longer = columns.filter(|&other| dims[other].extent >= d.extent);
                    match longer {
                        Some(_) => others.push(n),
                        None => others.extend(columns.replace(n)),
                    }
                }
                (false, None) if adjacent.is_some() && d.sources[q] != 0 => return None,
                (false, None) => others.push(n),
            }
        }
        let columns = columns.filter(|&n| dims[n].extent >= FEWEST_COLUMNS)?;
        if !lines.iter().any(is_window) {
            return None;
        }
        // The largest steps first: taps of a row that is outside follow each other.
        for loops in [&mut rows, &mut taps, &mut others] {
            sort_by_key(&mut loops[..], |&n| core::cmp::Reverse(dims[n].sources[p].unsigned_abs()));
        }
        let row = match row {
            Some(row) => row,
            None => rows.pop()?,
        };
        let line = windows.iter().copied().find(|&l| moves(&lines[l], row))?;
        // Two loops over results along an axis, as parts of it are, have no row; and this goes along no other axis.
        let are_alone = rows.iter().all(|&n| !moves(&lines[line], n))
            && (0..lines.len()).all(|l| l == line || !moves(&lines[l], row))
            && channels.is_none_or(|n| windows.iter().all(|&l| !moves(&lines[l], n)));
        let edges = windows.iter().filter(|&&l| l != line && !is_inside(nest, &lines[l]));
        let (along, across): (SmallVec<[usize; 8]>, SmallVec<[usize; 8]>) =
            taps.iter().copied().partition(|&n| moves(&lines[line], n));
        let touches_edge = |n: usize| edges.clone().any(|&l| moves(&lines[l], n));
        let is_outside = others.iter().chain(&along).any(|&n| touches_edge(n));
        if !are_alone || is_outside {
            return None;
        }
        Some(Loops { dims, size, p, row, rows, columns, channels, others, across, along, line })
    }

    /// Returns what is known of them, for vectors of so many lanes.
    pub(super) fn shape(&self, lines: &[Line], width: usize, has_dots: bool) -> Shape {
        let row = self.own(self.row);
        let apart = if has_dots { 1 } else { row.x.unsigned_abs() / self.size };
        let channels = self.channels.map_or(1, |n| self.dims[n].extent);
        let mut shape = Shape {
            has_dots,
            width: if has_dots { 1 } else { width },
            apart,
            row: row.extent,
            rows: self.points(&self.rows),
            is_one: false,
            planes: self.points(self.rows.split_last().map_or(&[], |(_, outer)| outer)),
            is_sparse: self.is_sparse(lines),
            block: 0,
            columns: self.dims[self.columns].extent,
            channels: if has_dots { channels.div_ceil(width) } else { channels },
            others: self.points(&self.others),
            taps: self.points(&self.across).saturating_mul(self.points(&self.along)),
        };
        let is_one = Shape { is_one: true, ..shape };
        if !has_dots && self.are_rows_adjacent() && is_one.vectors() < shape.vectors() {
            shape = is_one;
        }
        shape.cut(width * self.size);
        shape
    }

    /// See [`Shape::is_sparse`].
    fn is_sparse(&self, lines: &[Line]) -> bool {
        let coefficients = &lines[self.line].coefficients;
        let step = coefficients[self.row];
        step > 1 && self.along.iter().all(|&n| coefficients[n] % step == 0)
    }

    /// Whether rows follow each other in both arrays.
    fn are_rows_adjacent(&self) -> bool {
        let Loop { extent, x, out, .. } = self.own(self.row);
        let mut row = extent;
        let rows = self.rows.iter().rev().map(|&n| self.own(n));
        x == out
            && rows.into_iter().all(|l| {
                let step = out.wrapping_mul(row.cast_signed());
                row = row.saturating_mul(l.extent);
                l.out == step && l.x == step
            })
    }

    /// Returns how many of all lanes exist.
    pub(super) fn filled(&self, shape: &Shape, width: usize) -> f64 {
        let [lanes, all] = match self.channels {
            Some(channels) if shape.has_dots => {
                [self.dims[channels].extent, shape.channels * width]
            }
            _ => [shape.row * shape.rows, shape.vectors() * width],
        };
        lanes as f64 / all as f64
    }

    pub(super) fn own(&self, n: usize) -> Loop {
        let d = &self.dims[n];
        let bytes = |step: isize| step.wrapping_mul(self.size.cast_signed());
        let [x, y] = [d.sources[self.p], d.sources[1 - self.p]].map(bytes);
        Loop { extent: d.extent, x, y, out: bytes(d.out) }
    }

    pub(super) fn points(&self, loops: &[usize]) -> usize {
        loops.iter().fold(1_usize, |n, &l| n.saturating_mul(self.dims[l].extent))
    }

    /// The loops over taps, those across rows first.
    fn taps(&self) -> impl DoubleEndedIterator<Item = usize> {
        self.across.iter().chain(&self.along).copied()
    }

    /// Returns all taps, with those of Y as far apart as they are there, or in a buffer.
    pub(super) fn table(&self, in_buffer: Option<isize>) -> Option<Table<PositionsTap>> {
        let count = self.points(&self.across).saturating_mul(self.points(&self.along));
        if count > TAPS {
            return None;
        }
        let mut table = Table::new(count);
        for tap in 0..count {
            let (mut rest, mut x, mut y) = (tap, 0_isize, 0_isize);
            for n in self.taps().rev() {
                let l = self.own(n);
                let at = (rest % l.extent).cast_signed();
                rest /= l.extent;
                x = x.checked_add(l.x.checked_mul(at)?)?;
                y = y.checked_add(l.y.checked_mul(at)?)?;
            }
            if let Some(apart) = in_buffer {
                y = apart.checked_mul(tap.cast_signed())?;
            }
            table.push(PositionsTap { x: i32::try_from(x).ok()?, y: i32::try_from(y).ok()? });
        }
        Some(table)
    }

    /// Returns how Y is packed, with channels in vectors of so many lanes: by columns, then by taps.
    pub(super) fn dots(&self, width: usize) -> Option<Dots> {
        let channel = self.dims[self.channels?];
        let q = 1 - self.p;
        let vectors = channel.extent.div_ceil(width);
        let row = vectors * width;
        let mut stride = 1_isize;
        let mut copy: Dims<1> = Dims::new();
        let mut put = |n: usize, extent: usize| {
            let Dim { extent: own, sources, .. } = self.dims[n];
            copy.push(Dim { extent: own, out: stride, sources: [sources[q]], summed: false });
            stride = stride.saturating_mul(extent.cast_signed());
        };
        put(self.channels?, row);
        self.taps().rev().for_each(|n| put(n, self.dims[n].extent));
        put(self.columns, self.dims[self.columns].extent);
        let elements = stride.cast_unsigned();
        if elements.saturating_mul(self.size) > PACKED {
            return None;
        }
        let dim = |extent: usize, out: usize| Dim {
            extent,
            out: out.cast_signed(),
            sources: [],
            summed: false,
        };
        let zeros = Dims::from_slice(&[dim(elements / row, row), dim(row - channel.extent, 1)]);
        let last = channel.extent - (vectors - 1) * width;
        let masks = [width, last].map(|lanes| ((1_u32 << lanes) - 1) as u16);
        Some(Dots { masks, copy, zeros, first_zero: channel.extent, elements })
    }
}
