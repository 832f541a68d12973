//! How sums over rows are formed: which loops are lanes, taps, rows of Y, and entries.

use smallvec::SmallVec;

use crate::kernel::level::kernels_for;
use crate::kernel::raw::{Factor, RawMode};
use crate::kernel::taps::{TAPS, TapsSet};
use crate::kernel::x86_64::taps::{F32_AVX2, F32_AVX512, F64_AVX2, F64_AVX512};
use crate::kernel::{Dim, Dims};
use crate::window::affine::{Affine, PerLoop, inside};

/// The most bytes of the entries' tables.
const TABLES: usize = if cfg!(test) { 512 } else { 64 << 10 };

/// The most bytes of Y, in all of a call's entries, if other calls read them again.
const CHUNK: usize = if cfg!(test) { 1 << 10 } else { 24 << 10 };

/// The most results that read the same rows of Y, each with a tap of its own.
const ALONE: usize = 64;

/// The most rows of Y that a call has.
const ROWS: usize = 8;

/// Nests with fewer products are not worth preparations.
const POINTS: usize = if cfg!(test) { 64 } else { 2048 };

/// Times in steps of the engine's kernels, the products of a vector: the least of a vector in an entry, what an entry takes
/// besides, and a call.
const VECTOR: f64 = 8.0;
const ENTRY: f64 = if cfg!(test) { 0.0 } else { 16.0 };
const CALL: f64 = if cfg!(test) { 0.0 } else { 300.0 };

/// The time that bringing a vector of X together takes, for each row of the sum: windows have steps along columns too.
const COPIED: f64 = if cfg!(test) { 0.0 } else { 36.0 };

/// The time of a vector's product in the engine, where Y is turned for it, and of turning an element.
const PRODUCT: f64 = 1.3;
const TURNED: f64 = 1.5;

/// A loop; steps in bytes. X is the source that the window is in.
#[derive(Clone, Copy)]
pub(super) struct Loop {
    pub(super) extent: usize,
    pub(super) x: isize,
    pub(super) y: isize,
    pub(super) out: isize,
    /// Its number in the nest.
    number: usize,
}

const NO_LOOP: Loop = Loop { extent: 1, x: 0, y: 0, out: 0, number: usize::MAX };

/// How a nest is run.
pub(super) struct Plan {
    pub(super) set: &'static TapsSet,
    pub(super) adds: bool,
    /// Which source is X.
    pub(super) p: usize,
    /// The loop over lanes, that over taps, and that over rows of Y.
    pub(super) lanes: Loop,
    pub(super) taps: Loop,
    pub(super) rows: Loop,
    /// The other loops that are kept, and those over entries.
    pub(super) others: SmallVec<[Loop; 8]>,
    pub(super) entries: SmallVec<[Loop; 8]>,
    pub(super) points: usize,
    edges: Edges,
}

/// Where points are outside of X: the axis of lanes, and others.
#[derive(Default)]
struct Edges {
    lanes: Option<Edge>,
    entries: SmallVec<[Edge; 2]>,
}

/// An axis that points are outside of: the first position, and how far loops go.
struct Edge {
    first: isize,
    extent: usize,
    coefficients: PerLoop<isize>,
}

fn set_of(size: usize) -> Option<&'static TapsSet> {
    kernels_for(size, [&F32_AVX2, &F64_AVX2], [&F32_AVX512, &F64_AVX512])
}

impl Edge {
    fn along(&self, l: &Loop) -> isize {
        self.coefficients.get(l.number).copied().unwrap_or(0)
    }
}

impl Plan {
    /// Returns the plan for a nest that is inside of its sources. If X is known, its taps may be anywhere.
    pub(super) fn of(dims: &Dims<2>, size: usize, mode: RawMode, x: Option<usize>) -> Option<Self> {
        let adds = match mode {
            RawMode::Assign => false,
            RawMode::Scale { alpha: Factor::One, beta: Factor::One } => true,
            RawMode::Scale { .. } => return None,
        };
        let set = set_of(size)?;
        let is_lane = |d: &Dim<2>| d.summed && d.sources.iter().all(|step| *step == 1);
        let lanes = dims.iter().position(is_lane).filter(|&i| 3 * dims[i].extent >= set.width)?;
        // What is kept along the rows of one source alone.
        let tap = |p: usize| {
            let is_tap = |d: &Dim<2>| {
                let reach = d.sources[p].unsigned_abs().saturating_mul(d.extent - 1);
                let is_near = x.is_some() || reach < dims[lanes].extent;
                !d.summed && d.sources[1 - p] == 0 && reach > 0 && is_near
            };
            let taps = (0..dims.len()).filter(|&i| is_tap(&dims[i]));
            taps.min_by_key(|&i| dims[i].sources[p].unsigned_abs()).map(|i| (p, i))
        };
        let points = |has: &dyn Fn(&Dim<2>) -> bool| {
            let extents = dims.iter().filter(|d| has(d)).map(|d| d.extent);
            extents.fold(1_usize, usize::saturating_mul)
        };
        // A window one wide, in few rows, none of which is a row of results that are longer than what is summed.
        let single = |p: usize| {
            let is_result = |d: &Dim<2>| !d.summed && d.sources[p] != 0 && d.sources[1 - p] == 0;
            let is_row = |d: &Dim<2>| d.out == 1 && d.sources[p] == 1;
            let is_long = |d: &Dim<2>| is_row(d) && d.extent > dims[lanes].extent;
            let rows = points(&is_result);
            let is_few = (2..=ALONE).contains(&rows);
            let has_long = dims.iter().any(|d| is_result(d) && is_long(d));
            (is_few && !has_long).then_some((p, None))
        };
        let tap = |p: usize| tap(p).map(|(p, taps)| (p, Some(taps)));
        let (p, taps) = match x {
            Some(p) => tap(p)?,
            None => tap(0).or_else(|| tap(1)).or_else(|| single(0)).or_else(|| single(1))?,
        };
        let all = points(&|_| true);
        if all < POINTS {
            return None;
        }
        let is_row = |i: &usize| {
            let d = &dims[*i];
            !d.summed && d.sources[p] == 0 && d.sources[1 - p] != 0 && d.extent > 1
        };
        let rows = (0..dims.len()).filter(is_row).max_by_key(|&i| dims[i].extent);
        let bytes = |step: isize| step.wrapping_mul(size.cast_signed());
        let own = |number: usize| {
            let d = &dims[number];
            Loop {
                extent: d.extent,
                x: bytes(d.sources[p]),
                y: bytes(d.sources[1 - p]),
                out: bytes(d.out),
                number,
            }
        };
        let rest = |summed: bool| {
            let is_rest = move |i: &usize| {
                *i != lanes && Some(*i) != taps && Some(*i) != rows && dims[*i].summed == summed
            };
            (0..dims.len()).filter(is_rest).map(own).collect()
        };
        Some(Plan {
            set,
            adds,
            p,
            lanes: own(lanes),
            taps: taps.map_or(NO_LOOP, own),
            rows: rows.map_or(NO_LOOP, own),
            others: rest(false),
            entries: rest(true),
            points: all,
            edges: Edges::default(),
        })
    }

    /// Takes in that points are outside of X, if they can be. `dims` were those of the nest.
    pub(super) fn with_edges(mut self, nest: &Affine) -> Option<Self> {
        for p in 0..2 {
            for line in &nest.sources[p] {
                if line.has(line.range(nest.loops.iter().map(|l| l.extent))) {
                    continue;
                }
                let coefficients = line.coefficients.clone();
                let edge = Edge { first: line.offset, extent: line.extent, coefficients };
                let moves = |l: &Loop| edge.along(l) != 0;
                let has_others = self.others.iter().chain(&self.entries).any(moves);
                let is_lane = moves(&self.lanes) || moves(&self.taps);
                if p != self.p
                    || is_lane && (has_others || edge.along(&self.lanes) != 1)
                    || is_lane && self.edges.lanes.is_some()
                {
                    return None;
                }
                match is_lane {
                    true => self.edges.lanes = Some(edge),
                    false => self.edges.entries.push(edge),
                }
            }
        }
        Some(self)
    }

    /// How many results read the same of X.
    pub(super) fn columns(&self) -> usize {
        let others = self.others.iter().filter(|l| l.x == 0).map(|l| l.extent);
        others.fold(self.rows.extent, usize::saturating_mul)
    }

    /// Returns the calls for the taps, and the taps of one of them.
    pub(super) fn calls_of_taps(&self) -> usize {
        self.taps.extent.div_ceil(TAPS)
    }

    /// Returns the first tap of a call.
    pub(super) fn first_tap(&self, call: usize) -> usize {
        first_tap(self.taps.extent, call)
    }

    /// Returns the first row and the binary logarithm of the rows of the calls for so many taps.
    pub(super) fn blocks(&self, taps: usize) -> impl Iterator<Item = (usize, usize)> {
        blocks(self.set, self.rows.extent, taps)
    }

    /// The vectors of an entry.
    pub(super) fn vectors(&self) -> usize {
        self.lanes.extent.div_ceil(self.set.width)
    }

    /// Writes the masks for some taps.
    ///
    /// # Safety
    ///
    /// There is room for one, and two of each tap.
    pub(super) unsafe fn put_masks(&self, masks: *mut u8, first: usize, taps: usize) {
        let (width, last) = (self.set.width, self.vectors() - 1);
        let lanes = |vector: usize| (self.lanes.extent - vector * width).min(width);
        let bits =
            |range: core::ops::Range<usize>| ((1_u64 << range.end) - (1_u64 << range.start)) as u32;
        let put = |number: usize, bits: u32| {
            // SAFETY: the caller's duty.
            unsafe { (self.set.put_mask)(masks, number, bits) }
        };
        put(0, bits(0..lanes(last)));
        for tap in 0..taps {
            for (number, vector) in [(1 + tap, 0), (1 + taps + tap, last)] {
                let own = match &self.edges.lanes {
                    None => 0..lanes(vector),
                    Some(edge) => {
                        let along = edge.along(&self.taps) * (first + tap).cast_signed();
                        let at = edge.first + along + (vector * width).cast_signed();
                        inside(at, 1, lanes(vector), edge.extent)
                    }
                };
                put(number, bits(own));
            }
        }
    }

    /// Whether lanes lack in the first and the last vector of an entry only.
    pub(super) fn has_ends(&self) -> bool {
        let Some(edge) = &self.edges.lanes else { return true };
        let vectors = self.vectors();
        let reach = edge.along(&self.taps) * (self.taps.extent - 1).cast_signed();
        let first = edge.first + reach.min(0);
        let end = edge.first + reach.max(0) + ((vectors - 1) * self.set.width).cast_signed();
        vectors <= 2 || first >= -self.set.width.cast_signed() && end <= edge.extent.cast_signed()
    }

    /// Returns the loops of the others that tell which entries are inside, each with the number of classes in those after it,
    /// and how many classes there are.
    pub(super) fn classes(&self) -> (SmallVec<[usize; 8]>, usize) {
        let mut count = 1_usize;
        let mut steps: SmallVec<[usize; 8]> = SmallVec::from_elem(0, self.others.len());
        for (step, l) in steps.iter_mut().zip(&self.others).rev() {
            if self.edges.entries.iter().any(|edge| edge.along(l) != 0) {
                *step = count;
                count = count.saturating_mul(l.extent);
            }
        }
        (steps, count)
    }

    /// Whether an entry is inside, for a class of the others.
    pub(super) fn has_entry(&self, steps: &[usize], class: usize, entry: usize) -> bool {
        self.edges.entries.iter().all(|edge| {
            let mut position = edge.first;
            for (l, &step) in self.others.iter().zip(steps).filter(|(_, step)| **step > 0) {
                position += edge.along(l) * (class / step % l.extent).cast_signed();
            }
            let mut rest = entry;
            for l in self.entries.iter().rev() {
                position += edge.along(l) * (rest % l.extent).cast_signed();
                rest /= l.extent;
            }
            (0..edge.extent.cast_signed()).contains(&position)
        })
    }

    /// Returns the most entries in tables for so many classes, and those that are read at a time.
    pub(super) fn at_once(&self, classes: usize) -> [usize; 2] {
        let entries = points(&self.entries);
        let entry = size_of::<crate::kernel::table::StepEntry>();
        let most = (TABLES / entry / classes.max(1)).clamp(1, entries.max(1));
        let rows = self.rows.extent.min(ROWS);
        let bytes = rows * self.vectors() * self.set.width * self.size();
        let is_again = self.others.iter().any(|l| l.y == 0 && l.extent > 1);
        let chunk = if is_again { (CHUNK / bytes).max(1) } else { most };
        [most, chunk.min(most)]
    }

    fn size(&self) -> usize {
        self.lanes.x.unsigned_abs()
    }

    /// Returns about how long the nest takes, in steps of the engine's kernels.
    pub(super) fn time(&self) -> f64 {
        let (_, classes) = self.classes();
        let [most, chunk] = self.at_once(classes);
        let entries = points(&self.entries);
        let chunks = entries.div_ceil(most) * most.div_ceil(chunk);
        let shape = [self.rows.extent, self.taps.extent, self.vectors(), entries];
        time_of(self.set, shape, chunks) * points(&self.others) as f64
    }
}

/// Returns the first of so many taps that a call has, of `calls` that are evenly split.
fn first_tap(taps: usize, call: usize) -> usize {
    taps * call / taps.div_ceil(TAPS)
}

/// Returns the first row and the binary logarithm of the rows of all calls for so many rows and taps.
fn blocks(set: &TapsSet, rows: usize, taps: usize) -> impl Iterator<Item = (usize, usize)> {
    let most = set.kernels[taps - 1].len() - 1;
    let mut first = 0;
    core::iter::from_fn(move || {
        let log = (rows - first).checked_ilog2()?.min(most as u32) as usize;
        first += 1 << log;
        Some((first - (1 << log), log))
    })
}

/// Returns about how long so many rows, taps, vectors, and entries in chunks take, in steps of the engine's kernels.
fn time_of(set: &TapsSet, [rows, taps, vectors, entries]: [usize; 4], chunks: usize) -> f64 {
    let mut time = 0.0;
    for call in 0..taps.div_ceil(TAPS) {
        let taps = first_tap(taps, call + 1) - first_tap(taps, call);
        for (_, log) in blocks(set, rows, taps) {
            let rows = 1 << log;
            // Most vectors are parts of two cache lines, which are read one after the other.
            let vector = VECTOR.max((rows * taps).max(2 * (taps + rows)) as f64);
            time += (vectors as f64 * vector + ENTRY) * entries as f64 + CALL * chunks as f64;
        }
    }
    time
}

/// Returns about how long so many rows, taps, lanes, and entries take whose elements of X are brought together for every tap, once
/// for so many results, and how long they take in the engine, which has to turn Y for so many `columns`.
pub(in crate::window) fn times_apart(
    size: usize,
    [rows, taps, lanes, entries]: [usize; 4],
    [again, columns]: [usize; 2],
) -> Option<[f64; 2]> {
    let set = set_of(size)?;
    let vectors = lanes.div_ceil(set.width);
    let copied = COPIED * (taps * vectors * entries) as f64 / again as f64;
    let own = time_of(set, [rows, taps, vectors, entries], 1) + copied;
    // Along whichever results fill vectors.
    let results = (rows.div_ceil(set.width) * taps).min(rows * taps.div_ceil(set.width));
    let products = (results * lanes * entries) as f64;
    Some([own, products * (PRODUCT + TURNED * set.width as f64 / columns as f64)])
}

pub(super) fn points(loops: &[Loop]) -> usize {
    loops.iter().fold(1_usize, |n, l| n.saturating_mul(l.extent))
}

/// Returns the offsets in X and Y of a point of loops, of which the last runs fastest, and in the output.
pub(super) fn offsets(loops: &[Loop], point: usize) -> [isize; 3] {
    let mut rest = point;
    let mut offsets = [0_isize; 3];
    for l in loops.iter().rev() {
        let at = (rest % l.extent).cast_signed();
        rest /= l.extent;
        for (offset, step) in offsets.iter_mut().zip([l.x, l.y, l.out]) {
            *offset = offset.wrapping_add(step.wrapping_mul(at));
        }
    }
    offsets
}
