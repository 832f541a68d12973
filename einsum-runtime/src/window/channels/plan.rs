//! How a nest over adjacent channels is run.

use core::ops::Range;

use smallvec::SmallVec;

use super::runs::{Run, Runs};
use super::table::Table;
use crate::kernel::channels::{ChannelsSet, RESULTS, TAPS};
use crate::kernel::level::kernels_for;
use crate::kernel::x86_64::channels::{F32_AVX2, F32_AVX512, F64_AVX2, F64_AVX512};
use crate::kernel::{Dim, Dims};
use crate::window::affine::{Affine, Line, Loop as Whole, gcd, plus, times};
use crate::window::direct::lay;

/// Nests with fewer products are not worth preparations.
const POINTS: usize = if cfg!(test) { 64 } else { 2048 };

/// The most results that use an element of X for one tap: more are a product of matrices.
const COLUMNS: usize = 2;

/// The most steps of a call: they have a table, which stays in a first-level cache.
const STEPS: usize = if cfg!(test) { 6 } else { 512 };

/// The most tiles of a call, and runs of taps.
const TILES: usize = if cfg!(test) { 2 } else { 32 };
const STARTS: usize = if cfg!(test) { 3 } else { 64 };

/// What a call reads again and again: the weights of its channels, or rows of which it forms weights.
const BYTES: usize = if cfg!(test) { 1 << 10 } else { 20 << 10 };

/// The most bytes of a buffer.
const PACKED: usize = 256 << 10;

/// A loop; steps in bytes, and in positions of the axes in [`Plan::lines`].
#[derive(Clone)]
pub(super) struct Loop {
    pub(super) extent: usize,
    pub(super) x: isize,
    pub(super) w: isize,
    pub(super) out: isize,
    along: SmallVec<[isize; 8]>,
}

/// An axis of X that points may be outside of: its extent, and the position of the first point.
struct Bound {
    extent: usize,
    first: isize,
}

pub(super) struct Plan {
    pub(super) set: &'static ChannelsSet,
    /// Which source is X.
    pub(super) p: usize,
    /// The offsets of the first point, in bytes.
    pub(super) first: [isize; 3],
    pub(super) channels: usize,
    pub(super) results: Runs,
    pub(super) taps: Runs,
    /// Their axis of X, if points are outside of it.
    bound: Option<Bound>,
    pub(super) kept: SmallVec<[Loop; 4]>,
    pub(super) summed: SmallVec<[Loop; 4]>,
    lines: SmallVec<[Bound; 2]>,
    /// The most points of the summed loops in a call, the runs of results and of taps, and the vectors of channels.
    pub(super) most: usize,
    pub(super) tiles: usize,
    pub(super) starts: usize,
    pub(super) vectors: usize,
    pub(super) points: usize,
    /// W in a buffer, and results in one, where channels are not adjacent.
    pub(super) packed_weights: Option<Packed>,
    pub(super) packed_results: Option<Packed>,
}

/// A buffer with adjacent channels: the loops of the copy, and the offset of its first point.
pub(super) struct Packed {
    pub(super) elements: usize,
    pub(super) dims: Dims<1>,
    pub(super) first: isize,
}

/// Gives loops the steps of a buffer with adjacent channels, if there is room. What it is copied from has the old ones.
fn pack(steps: &mut [isize], extents: &[usize], channel: usize, size: usize) -> Option<Packed> {
    let mut packed = Packed { elements: 1, dims: Dims::new(), first: 0 };
    let others = (0..steps.len()).rev().filter(|&n| n != channel && steps[n] != 0);
    for n in core::iter::once(channel).chain(others).collect::<SmallVec<[usize; 8]>>() {
        let stride = packed.elements.cast_signed();
        packed.dims.push(Dim {
            extent: extents[n],
            out: stride,
            sources: [steps[n]],
            summed: false,
        });
        steps[n] = stride;
        packed.elements = packed.elements.saturating_mul(extents[n]);
    }
    (packed.elements.saturating_mul(size) <= PACKED).then_some(packed)
}

fn product<'l>(extents: impl Iterator<Item = &'l usize>) -> usize {
    extents.fold(1_usize, |n, extent| n.saturating_mul(*extent))
}

impl Plan {
    /// Returns the plan, if the nest has channels that are adjacent in X. Results are formed in the target if they can be
    /// and `is_direct`.
    pub(super) fn of(nest: &Affine, size: usize, is_direct: bool) -> Option<Self> {
        let set = kernels_for(size, [&F32_AVX2, &F64_AVX2], [&F32_AVX512, &F64_AVX512])?;
        (0..2).find_map(|p| Self::of_source(nest, p, set, is_direct))
    }

    fn of_source(
        nest: &Affine,
        p: usize,
        set: &'static ChannelsSet,
        is_direct: bool,
    ) -> Option<Self> {
        let size = set.element;
        let extents = || nest.loops.iter().map(|l| l.extent);
        let is_inside = |line: &Line| line.has(line.range(extents()));
        let (of_x, of_w) = (&nest.sources[p], &nest.sources[1 - p]);
        if !of_w.iter().all(is_inside) {
            return None;
        }
        let count = nest.loops.len();
        let [mut x, mut w]: [SmallVec<[isize; 8]>; 2] =
            [0, 1].map(|_| SmallVec::from_elem(0, count));
        let mut first_x = lay(of_x, x.iter_mut(), core::iter::repeat(0));
        let mut first_w = lay(of_w, w.iter_mut(), core::iter::repeat(0));
        let is_kept = |n: usize| nest.loops[n].out.is_some();
        let has_bound = |n: usize| of_x.iter().any(|l| l.coefficients[n] != 0 && !is_inside(l));
        let is_channel = |&n: &usize| {
            let is_common = is_kept(n) && x[n] == 1 && w[n] != 0;
            is_common && nest.loops[n].extent > 1 && !has_bound(n)
        };
        let channel = (0..count).find(is_channel)?;
        let channels = nest.loops[channel].extent;
        let columns: SmallVec<[usize; 8]> =
            (0..count).filter(|&n| is_kept(n) && x[n] == 0).map(|n| nest.loops[n].extent).collect();
        let all: SmallVec<[usize; 8]> = extents().collect();
        let points = product(all.iter());
        if product(columns.iter()) > COLUMNS || points < POINTS {
            return None;
        }
        // The result's loop and the tap's that go along one axis of X together.
        let pair = |line: &Line| {
            let own = |n: &usize| line.coefficients[*n] != 0 && all[*n] > 1;
            let is_alone =
                |n: &usize| of_x.iter().filter(|other| other.coefficients[*n] != 0).count() == 1;
            let a = (0..count).find(|n| own(n) && is_kept(*n) && w[*n] == 0 && is_alone(n))?;
            let b = (0..count).find(|n| own(n) && !is_kept(*n) && is_alone(n))?;
            let others = (0..count).filter(own).count();
            (line.coefficients[a] > 0 && (others == 2 || is_inside(line))).then_some((a, b))
        };
        let pairs = of_x.iter().filter_map(|line| Some((line, pair(line)?)));
        let (line, (a, b)) = pairs.min_by_key(|(line, _)| line.stride.unsigned_abs())?;
        let mut packed_weights = None;
        if w[channel] != 1 {
            let packed = pack(&mut w, &all, channel, size)?;
            packed_weights = Some(Packed { first: core::mem::take(&mut first_w), ..packed });
        }
        let mut out: SmallVec<[isize; 8]> = nest.loops.iter().map(|l| l.out.unwrap_or(0)).collect();
        let (mut first_out, mut packed_results) = (nest.out, None);
        if out[channel] != 1 || !is_direct {
            let packed = pack(&mut out, &all, channel, size)?;
            packed_results = Some(Packed { first: core::mem::take(&mut first_out), ..packed });
        }
        let bytes = |step: isize| step.wrapping_mul(size.cast_signed());
        let reversed = line.coefficients[b] < 0;
        let mut position = line.offset;
        if reversed {
            // The other way round.
            let last = all[b].cast_signed() - 1;
            first_x = first_x.wrapping_add(x[b].wrapping_mul(last));
            first_w = first_w.wrapping_add(w[b].wrapping_mul(last));
            position = plus(position, times(line.coefficients[b], last));
        }
        let bound = (!is_inside(line)).then_some(Bound { extent: line.extent, first: position });
        let [of_a, of_b] = [a, b].map(|n| line.coefficients[n].unsigned_abs());
        let common = gcd(of_a, of_b);
        let signed = |step: isize| bytes(if reversed { step.wrapping_neg() } else { step });
        let results = Runs {
            extent: all[a],
            class: of_b / common,
            most: RESULTS,
            coefficient: of_a.cast_signed(),
            x: bytes(x[a]),
            other: bytes(out[a]),
        };
        let taps = Runs {
            extent: all[b],
            class: of_a / common,
            most: TAPS,
            coefficient: of_b.cast_signed(),
            x: signed(x[b]),
            other: signed(w[b]),
        };
        let is_bound = |other: &&Line| !is_inside(other) && !core::ptr::eq(*other, line);
        let mut lines: SmallVec<[Bound; 2]> = SmallVec::new();
        for other in of_x.iter().filter(is_bound) {
            if [a, b, channel].iter().any(|&n| other.coefficients[n] != 0) {
                return None;
            }
            lines.push(Bound { extent: other.extent, first: other.offset });
        }
        let own = |n: usize| Loop {
            extent: all[n],
            x: bytes(x[n]),
            w: bytes(w[n]),
            out: bytes(out[n]),
            along: of_x.iter().filter(is_bound).map(|other| other.coefficients[n]).collect(),
        };
        let rest = |kept: bool| {
            let is_rest = move |(n, l): &(usize, &Whole)| {
                ![a, b, channel].contains(n) && l.out.is_some() == kept
            };
            nest.loops.iter().enumerate().filter(is_rest).map(|(n, _)| own(n)).collect()
        };
        let summed: SmallVec<[Loop; 4]> = rest(false);
        // Weights stay where they are while results pass, or rows while weights are formed.
        let all_vectors = channels.div_ceil(set.width);
        let is_long = all[b] > all[a];
        let starts = taps.count().min(STARTS);
        let vector = set.width * size;
        let of_vector = match is_long {
            true => 2 * vector * TAPS * starts,
            false => vector * all[b].saturating_mul(points_of(&summed)),
        };
        let vectors = all_vectors.div_ceil(all_vectors.div_ceil((BYTES / of_vector).max(1)));
        let mut most = STEPS / starts;
        if is_long {
            most = most.min(BYTES / (of_vector * vectors));
        }
        Some(Plan {
            set,
            p,
            first: [bytes(first_x), bytes(first_w), bytes(first_out)],
            channels,
            tiles: results.count().min(TILES),
            starts,
            results,
            taps,
            bound,
            kept: rest(true),
            summed,
            lines,
            most: most.max(1),
            vectors,
            points,
            packed_weights,
            packed_results,
        })
    }

    /// Whether what is inside is a matter of the tap alone: all results are one tile, or none is outside.
    pub(super) fn is_of_taps(&self) -> bool {
        self.bound.is_none() || self.results.count() == 1
    }

    /// Returns the bits of the vectors of X that the results and taps of two runs read.
    pub(super) fn vectors_inside(&self, results: &Run, taps: &Run) -> usize {
        let Some(bound) = &self.bound else { return usize::MAX };
        let mut bits = 0;
        for i in 0..results.points + taps.points - 1 {
            let along = self.results.positions() * i.cast_signed();
            let at = bound.first + results.position + taps.position + along;
            bits |= usize::from(at >= 0 && at < bound.extent.cast_signed()) << i;
        }
        bits
    }

    /// Says which of some points of the summed loops are inside of the other axes of X at a point of the kept loops.
    pub(super) fn inside(&self, kept: usize, summed: Range<usize>, inside: &mut Table<bool>) {
        inside.clear();
        let at = |loops: &[Loop], point: usize, line: usize| {
            let along = indices(loops, point).map(|(l, at)| l.along[line].wrapping_mul(at));
            along.fold(0, isize::wrapping_add)
        };
        for point in summed {
            inside.push(self.lines.iter().enumerate().all(|(line, bound)| {
                let along = at(&self.kept, kept, line) + at(&self.summed, point, line);
                let position = bound.first + along;
                position >= 0 && position < bound.extent.cast_signed()
            }));
        }
    }
}

pub(super) fn points_of(loops: &[Loop]) -> usize {
    loops.iter().fold(1_usize, |n, l| n.saturating_mul(l.extent))
}

/// The loops, from the last on, which runs fastest, each with its place at a point.
fn indices(loops: &[Loop], point: usize) -> impl Iterator<Item = (&Loop, isize)> {
    let mut rest = point;
    loops.iter().rev().map(move |l| {
        let at = (rest % l.extent).cast_signed();
        rest /= l.extent;
        (l, at)
    })
}

/// Returns the offsets in X, W, and the target of a point of loops.
pub(super) fn offsets(loops: &[Loop], point: usize) -> [isize; 3] {
    let mut offsets = [0_isize; 3];
    for (l, at) in indices(loops, point) {
        for (offset, step) in offsets.iter_mut().zip([l.x, l.w, l.out]) {
            *offset = offset.wrapping_add(step.wrapping_mul(at));
        }
    }
    offsets
}
