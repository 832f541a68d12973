//! Against loops over all points: random nests of small integers, whose sums are exact in every order.

mod broadcast;
mod convolutions;
mod few;
mod no_numbers;
mod patches;
mod positions;
mod random_axes;
mod stencils;
#[cfg(feature = "threads")]
mod threads;
mod transposed;
mod turned;
mod weights;

use core::cell::Cell;
use core::ops::Range;

use num_complex::{Complex32, Complex64};

use super::{Axis, Term, Windowed, run};
use crate::element::Element;
use crate::guarded::Guarded;
use crate::kernel::raw::{Factor, RawKernels, RawMode, RawRead, Sources};
use crate::oracle::Random;

/// How a nest can be run.
#[derive(Clone, Copy, Debug)]
pub(in crate::window) enum Way {
    AddedParts,
    Broadcast,
    Buffers,
    Channels,
    Classes,
    Digits,
    DilatedRows,
    Few,
    FlatResults,
    NoWindows,
    OddRows,
    OwnWeights,
    PaddedRows,
    PaddedTaps,
    Planes,
    Positions,
    Results,
    Rows,
    RowsApart,
    RowsInBlocks,
    Scatter,
    ShortRows,
    Spread,
    Stencil,
    SummedLanes,
    Taps,
    TapsAtEdges,
    TapsTogether,
    Transposed,
    Turned,
}

thread_local! {
    static TAKEN: Cell<[usize; 30]> = const { Cell::new([0; 30]) };
}

/// Counts the nests that this thread runs so.
pub(in crate::window) fn take(way: Way) {
    let mut taken = TAKEN.get();
    taken[way as usize] += 1;
    TAKEN.set(taken);
}

trait Integer: Element + core::fmt::Debug {
    fn of(re: i8, im: i8) -> Self;
}

macro_rules! integer {
    ($($real:ty),*; $($complex:ty),*) => {
        $( impl Integer for $real {
            fn of(re: i8, _: i8) -> Self {
                re.into()
            }
        } )*
        $( impl Integer for $complex {
            fn of(re: i8, im: i8) -> Self {
                <$complex>::new(re.into(), im.into())
            }
        } )*
    };
}
integer!(f32, f64, i32, i64; Complex32, Complex64);

/// An axis, owned.
#[derive(Clone, Debug)]
struct Owned {
    extent: usize,
    stride: isize,
    terms: Vec<Term>,
    offset: isize,
}

impl Owned {
    fn at_stride(self, stride: isize) -> Self {
        Owned { stride, ..self }
    }

    fn axis(&self) -> Axis<'_> {
        let Owned { extent, stride, ref terms, offset } = *self;
        Axis { extent, stride, terms, offset }
    }
}

/// A window: its steps along results and along its own points, the extents of both, and the axis with its padding.
struct Window {
    steps: [usize; 2],
    points: [usize; 2],
    pad: usize,
    extent: usize,
}

impl Window {
    /// Adds the loops over results and over the window's points, and their axes to an image, weights, and results.
    fn push(&self, extents: &mut Vec<usize>, [x, w, y]: [&mut Vec<Owned>; 3]) {
        let (number, [n, k], [s, d]) = (extents.len(), self.points, self.steps);
        extents.extend([n, k]);
        let terms = [(number, s.cast_signed()), (number + 1, d.cast_signed())];
        x.push(axis(self.extent, -self.pad.cast_signed(), &terms));
        w.push(axis(k, 0, &[(number + 1, 1)]));
        y.push(axis(n, 0, &[(number, 1)]));
    }
}

/// Lays an image, weights, and results out, and checks the results and both gradients.
fn check_with_gradients<T: Integer>(random: &mut Random, extents: &[usize], axes: [Vec<Owned>; 3]) {
    let [x, w, y] = axes.map(|axes| Array::lay(random, axes));
    check::<T, 2>(random, extents, &[x.clone(), w.clone()], &y);
    check::<T, 2>(random, extents, &[w.clone(), y.clone()], &x);
    check::<T, 2>(random, extents, &[x, y], &w);
}

/// An array: its axes, the place of its first element, and the elements that its memory has.
#[derive(Clone, Debug)]
struct Array {
    axes: Vec<Owned>,
    first: usize,
    len: usize,
}

impl Array {
    /// Lays axes out in a random order, some with gaps or turned round.
    fn lay(random: &mut Random, mut axes: Vec<Owned>) -> Self {
        let mut order: Vec<usize> = (0..axes.len()).collect();
        if random.one_in(3) {
            for i in 1..order.len() {
                order.swap(i, random.below(i + 1));
            }
        }
        let (mut stride, mut first) = (1_usize, 0);
        for &axis in order.iter().rev() {
            if random.one_in(5) {
                stride *= 2;
            }
            axes[axis].stride = stride.cast_signed();
            let reach = (axes[axis].extent.max(1) - 1) * stride;
            if random.one_in(6) {
                axes[axis].stride = -axes[axis].stride;
                first += reach;
            }
            stride *= axes[axis].extent.max(1);
        }
        Array { axes, first, len: stride }
    }

    /// Lays axes out one inside of the other, without gaps.
    fn adjacent(mut axes: Vec<Owned>) -> Self {
        let mut len = 1_usize;
        for axis in axes.iter_mut().rev() {
            axis.stride = len.cast_signed();
            len *= axis.extent;
        }
        Array { axes, first: 0, len }
    }

    fn axes(&self) -> Vec<Axis<'_>> {
        self.axes.iter().map(Owned::axis).collect()
    }

    /// Returns where a line of points is, from `point` on along a loop of so many: those that are inside, the place of the first of
    /// all, inside or not, and the distance to the next.
    fn line(&self, point: &[usize], along: usize, count: usize) -> (Range<usize>, isize, isize) {
        let (mut inside, mut place, mut stride) = (0..count, self.first.cast_signed(), 0);
        for axis in &self.axes {
            let (mut position, mut step) = (axis.offset, 0);
            for term in &axis.terms {
                let number = usize::from(term.number);
                position += term.coefficient * point[number].cast_signed();
                step += if number == along { term.coefficient } else { 0 };
            }
            let is_inside = |i: usize| {
                (0..axis.extent.cast_signed()).contains(&(position + i.cast_signed() * step))
            };
            // Positions grow, or shrink, so that those inside follow each other.
            while inside.clone().next().is_some_and(|i| !is_inside(i)) {
                inside.start += 1;
            }
            while inside.clone().next_back().is_some_and(|i| !is_inside(i)) {
                inside.end -= 1;
            }
            place += position * axis.stride;
            stride += step * axis.stride;
        }
        (inside, place, stride)
    }

    /// Returns the places of all positions.
    fn places(&self) -> Vec<usize> {
        let mut places = vec![self.first.cast_signed()];
        for axis in &self.axes {
            let along =
                |place: isize| (0..axis.extent.cast_signed()).map(move |i| place + i * axis.stride);
            places = places.into_iter().flat_map(along).collect();
        }
        places.into_iter().map(isize::cast_unsigned).collect()
    }
}

/// Calls `visit` with all points.
fn points(extents: &[usize], visit: &mut impl FnMut(&[usize])) {
    fn from(extents: &[usize], point: &mut Vec<usize>, visit: &mut impl FnMut(&[usize])) {
        if point.len() == extents.len() {
            return visit(point);
        }
        for i in 0..extents[point.len()] {
            point.push(i);
            from(extents, point, visit);
            point.pop();
        }
    }
    from(extents, &mut Vec::new(), visit);
}

/// Runs a nest, and compares it with loops over all points.
fn check<T: Integer, const P: usize>(
    random: &mut Random,
    extents: &[usize],
    sources: &[Array; P],
    target: &Array,
) where
    RawKernels: Sources<P>,
{
    let mut numbers = |len: usize| -> Vec<T> {
        let mut part = || random.below(7) as i8 - 3;
        (0..len).map(|_| T::of(part(), part())).collect()
    };
    // Nothing can be read past the last position of a source.
    let memory: [Guarded<T>; P] = core::array::from_fn(|p| {
        let end = sources[p].places().into_iter().max().map_or(0, |last| last + 1);
        Guarded::of(&numbers(sources[p].len)[..end])
    });
    let before = numbers(target.len);
    let (alpha, beta) = (T::of(2, 1), T::of(-1, 2));
    let conjugated: [bool; P] = core::array::from_fn(|_| random.one_in(3));
    let (mode, factors) = match random.below(4) {
        0 | 1 => (RawMode::Assign, (T::ONE, T::ZERO)),
        2 => (RawMode::Scale { alpha: Factor::One, beta: Factor::Zero }, (T::ONE, T::ZERO)),
        _ => {
            let [alpha_at, beta_at] =
                [&alpha, &beta].map(|x| Factor::At(core::ptr::from_ref(x).cast()));
            (RawMode::Scale { alpha: alpha_at, beta: beta_at }, (alpha, beta))
        }
    };
    let mut sums = vec![T::ZERO; target.len];
    // The longest loop runs inside, so that few places are found for many products.
    let along = (0..extents.len()).max_by_key(|&i| extents[i]).unwrap_or(0);
    let mut outer = extents.to_vec();
    let count = outer.get_mut(along).map_or(1, |extent| core::mem::replace(extent, 1));
    points(&outer, &mut |point| {
        let (mut inside, to, to_step) = target.line(point, along, count);
        let lines = sources.each_ref().map(|source| source.line(point, along, count));
        for (of_source, ..) in &lines {
            inside = inside.start.max(of_source.start)..inside.end.min(of_source.end);
        }
        for i in inside {
            let at = |first: isize, step: isize| (first + i.cast_signed() * step).cast_unsigned();
            let mut product = T::ONE;
            for (p, &(_, from, step)) in lines.iter().enumerate() {
                let x = memory[p][at(from, step)];
                product = T::mul(product, if conjugated[p] { T::conj(x) } else { x });
            }
            let to = at(to, to_step);
            sums[to] = T::add(sums[to], product);
        }
    });
    let mut expected = before.clone();
    for place in target.places() {
        let old = T::mul(factors.1, before[place]);
        expected[place] = T::add(old, T::mul(factors.0, sums[place]));
    }
    let source_axes: [Vec<Axis<'_>>; P] = core::array::from_fn(|p| sources[p].axes());
    let target_axes = target.axes();
    let nest = Windowed {
        extents,
        sources: core::array::from_fn(|p| source_axes[p].as_slice()),
        target: &target_axes,
    };
    let mut actual = before.clone();
    let reads: [RawRead; P] = core::array::from_fn(|p| RawRead {
        ptr: memory[p].as_ptr().wrapping_add(sources[p].first).cast(),
        conjugated: conjugated[p],
    });
    let out = actual.as_mut_ptr().wrapping_add(target.first).cast();
    // SAFETY: the memory is as large as the axes say.
    unsafe { run(T::TABLE.raw, &nest, reads, out, mode) };
    assert!(actual == expected, "{nest:?} {mode:?}\n{actual:?}\n{expected:?}");
}

fn axis(extent: usize, offset: isize, terms: &[(usize, isize)]) -> Owned {
    let term = |&(number, coefficient): &(usize, isize)| Term { number: number as u8, coefficient };
    Owned { extent, stride: 0, terms: terms.iter().map(term).collect(), offset }
}
