//! Against loops over all points: random nests of small integers, whose sums are exact in every order.

use core::cell::Cell;

use num_complex::{Complex32, Complex64};

use super::{Axis, Term, Windowed, run};
use crate::element::Element;
use crate::kernel::level::{Level, on_every_level};
use crate::kernel::raw::{Factor, RawKernels, RawMode, RawRead, Sources};

/// How a nest can be run.
#[derive(Clone, Copy, Debug)]
pub(super) enum Way {
    Buffers,
    Channels,
    Classes,
    FlatResults,
    PaddedRows,
    Results,
    Rows,
    Scatter,
    Spread,
    Stencil,
    Taps,
}

thread_local! {
    static TAKEN: Cell<[usize; 11]> = const { Cell::new([0; 11]) };
}

/// Counts the nests that this thread runs so.
pub(super) fn take(way: Way) {
    let mut taken = TAKEN.get();
    taken[way as usize] += 1;
    TAKEN.set(taken);
}

/// A linear congruential generator (Knuth's MMIX constants), its high bits.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
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

    fn axes(&self) -> Vec<Axis<'_>> {
        self.axes.iter().map(Owned::axis).collect()
    }

    /// Returns the place of a point, if it is inside.
    fn at(&self, point: &[usize]) -> Option<usize> {
        let mut place = self.first.cast_signed();
        for axis in &self.axes {
            let along =
                |term: &Term| term.coefficient * point[usize::from(term.number)].cast_signed();
            let position = axis.offset + axis.terms.iter().map(along).sum::<isize>();
            if position < 0 || position >= axis.extent.cast_signed() {
                return None;
            }
            place += position * axis.stride;
        }
        Some(place.cast_unsigned())
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
fn points(extents: &[usize], visit: &mut dyn FnMut(&[usize])) {
    fn from(extents: &[usize], point: &mut Vec<usize>, visit: &mut dyn FnMut(&[usize])) {
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
    let memory: [Vec<T>; P] = core::array::from_fn(|p| numbers(sources[p].len));
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
    points(extents, &mut |point| {
        let Some(to) = target.at(point) else { return };
        let mut product = T::ONE;
        for p in 0..P {
            let Some(from) = sources[p].at(point) else { return };
            let x = memory[p][from];
            product = T::mul(product, if conjugated[p] { T::conj(x) } else { x });
        }
        sums[to] = T::add(sums[to], product);
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

/// Convolutions along one axis or two, and both gradients: every stride, dilation, and padding.
fn check_convolutions<T: Integer>(random: &mut Random, rounds: usize) {
    for _ in 0..rounds {
        // Small ones, and some that are worth buffers.
        let is_large = random.one_in(2);
        let windows = if is_large && random.one_in(2) { 1 } else { 1 + random.below(2) };
        let most = match (is_large, windows) {
            (false, _) => 4,
            (true, 1) => 20,
            (true, _) => 9,
        };
        let mut extents: Vec<usize> =
            vec![1 + random.below(4), 1 + random.below(most), 1 + random.below(most)];
        let (mut x, mut w, mut y) =
            (vec![axis(extents[0], 0, &[(0, 1)]), axis(extents[1], 0, &[(1, 1)])], vec![], vec![]);
        w.push(axis(extents[2], 0, &[(2, 1)]));
        w.push(axis(extents[1], 0, &[(1, 1)]));
        y.push(axis(extents[0], 0, &[(0, 1)]));
        y.push(axis(extents[2], 0, &[(2, 1)]));
        for _ in 0..windows {
            let (s, d) = (1 + random.below(3), 1 + random.below(3));
            let longest = if is_large && windows == 1 { 40 } else { 9 };
            let (n, k) = (1 + random.below(longest), 1 + random.below(5));
            let pad = random.below(d * (k - 1) + 3);
            let reach = s * (n - 1) + d * (k - 1) + 1;
            // Up to the last position that is read, or beyond.
            let extent = (reach.saturating_sub(2 * pad) + random.below(s + 1)).max(1);
            let number = extents.len();
            extents.extend([n, k]);
            let terms = [(number, s.cast_signed()), (number + 1, d.cast_signed())];
            x.push(axis(extent, -pad.cast_signed(), &terms));
            w.push(axis(k, 0, &[(number + 1, 1)]));
            y.push(axis(n, 0, &[(number, 1)]));
        }
        let [x, w, y] = [x, w, y].map(|axes| Array::lay(random, axes));
        check::<T, 2>(random, &extents, &[x.clone(), w.clone()], &y);
        check::<T, 2>(random, &extents, &[y.clone(), w.clone()], &x);
        check::<T, 2>(random, &extents, &[x, y], &w);
    }
}

/// Windows with one result for all that they read, in a plane or along a line, for every channel, and both gradients.
fn check_stencils<T: Integer>(random: &mut Random, rounds: usize) {
    for _ in 0..rounds {
        let mut extents = vec![1 + random.below(3), 1 + random.below(3)];
        let batch = axis(extents[0], 0, &[(0, 1)]);
        let channel = axis(extents[1], 0, &[(1, 1)]);
        let (mut x, mut w) = (vec![batch.clone(), channel.clone()], vec![channel.clone()]);
        let mut y = vec![batch, channel];
        let windows = 1 + random.below(2);
        for window in 0..windows {
            let is_row = window + 1 == windows;
            let (s, d) = (1 + random.below(4) / 3, 1 + random.below(4) / 3);
            let longest = if is_row { 90 } else { 9 };
            let (n, k) = (1 + random.below(longest), 1 + random.below(6));
            let pad = random.below(2) * random.below(k);
            let extent = (s * (n - 1) + d * (k - 1) + 1).saturating_sub(2 * pad).max(1);
            let number = extents.len();
            extents.extend([n, k]);
            let terms = [(number, s.cast_signed()), (number + 1, d.cast_signed())];
            x.push(axis(extent, -pad.cast_signed(), &terms));
            w.push(axis(k, 0, &[(number + 1, 1)]));
            y.push(axis(n, 0, &[(number, 1)]));
        }
        let [x, w, y] = [x, w, y].map(|axes| Array::lay(random, axes));
        check::<T, 2>(random, &extents, &[x.clone(), w.clone()], &y);
        check::<T, 2>(random, &extents, &[w.clone(), x.clone()], &y);
        check::<T, 2>(random, &extents, &[y.clone(), w.clone()], &x);
        check::<T, 2>(random, &extents, &[x, y], &w);
    }
}

/// The same where channels are adjacent, and many enough for vectors.
fn check_channels<T: Integer>(random: &mut Random, rounds: usize) {
    for _ in 0..rounds {
        let mut extents = vec![1 + random.below(3), 1 + random.below(40)];
        let batch = axis(extents[0], 0, &[(0, 1)]);
        let channel = axis(extents[1], 0, &[(1, 1)]);
        let (mut x, mut w, mut y) = (vec![batch.clone()], vec![], vec![batch]);
        let windows = 1 + random.below(2);
        for window in 0..windows {
            let (s, d) = (1 + random.below(5) / 3, 1 + random.below(5) / 3);
            let longest = if window + 1 == windows { 20 } else { 6 };
            let (n, k) = (1 + random.below(longest), 1 + random.below(7));
            let pad = random.below(2) * random.below(k + 1);
            let extent = (s * (n - 1) + d * (k - 1) + 1).saturating_sub(2 * pad).max(1);
            let number = extents.len();
            extents.extend([n, k]);
            let terms = [(number, s.cast_signed()), (number + 1, d.cast_signed())];
            x.push(axis(extent, -pad.cast_signed(), &terms));
            w.push(axis(k, 0, &[(number + 1, 1)]));
            y.push(axis(n, 0, &[(number, 1)]));
        }
        for axes in [&mut x, &mut w, &mut y] {
            axes.push(channel.clone());
        }
        if random.one_in(3) {
            w.rotate_right(1);
        }
        let [x, w, y] = [x, w, y].map(|axes| Array::lay(random, axes));
        check::<T, 2>(random, &extents, &[x.clone(), w.clone()], &y);
        check::<T, 2>(random, &extents, &[w.clone(), x.clone()], &y);
        check::<T, 2>(random, &extents, &[y.clone(), w.clone()], &x);
        check::<T, 2>(random, &extents, &[x, y], &w);
    }
}

#[test]
fn adjacent_channels() {
    let mut random = Random(6);
    on_every_level(|level| {
        let taken = || TAKEN.get()[Way::Channels as usize];
        let before = taken();
        check_channels::<f32>(&mut random, 250);
        check_channels::<f64>(&mut random, 250);
        let taken = taken() - before;
        println!("{taken:?}");
        assert!(taken > 200 || level < Level::Avx512, "{taken:?}");
    });
    check_channels::<i32>(&mut random, 20);
}

#[test]
fn stencils() {
    let mut random = Random(4);
    on_every_level(|level| {
        let taken = || [Way::Rows, Way::PaddedRows, Way::Taps].map(|way| TAKEN.get()[way as usize]);
        let before = taken();
        check_stencils::<f32>(&mut random, 150);
        check_stencils::<f64>(&mut random, 150);
        let taken = [0, 1, 2].map(|way| taken()[way] - before[way]);
        println!("{taken:?}");
        assert!(taken.iter().all(|taken| *taken > 10) || level < Level::Avx512, "{taken:?}");
    });
}

#[test]
fn convolutions() {
    let mut random = Random(1);
    on_every_level(|_| {
        check_convolutions::<f32>(&mut random, 200);
        check_convolutions::<f64>(&mut random, 60);
        check_stencils::<f32>(&mut Random(5), 80);
        check_channels::<f32>(&mut Random(7), 20);
    });
    check_convolutions::<Complex32>(&mut random, 40);
    check_convolutions::<Complex64>(&mut random, 20);
    check_convolutions::<i32>(&mut random, 40);
    check_convolutions::<i64>(&mut random, 20);
    check_random::<f64, 2>(&mut random, 100);
    println!("{:?}", TAKEN.get());
    assert!(TAKEN.get().iter().all(|taken| *taken > 3), "{:?}", TAKEN.get());
}

/// One channel: an element that is no number shows where the window reads it, and nowhere else.
#[test]
fn no_numbers() {
    let (extents, reach) = ([13, 30, 3, 5], [15, 34]);
    let axes = [
        axis(reach[0], 0, &[(0, 1), (2, 1)]).at_stride(34),
        axis(reach[1], 0, &[(1, 1), (3, 1)]).at_stride(1),
    ];
    let weights = [axis(3, 0, &[(2, 1)]).at_stride(5), axis(5, 0, &[(3, 1)]).at_stride(1)];
    let target = [axis(13, 0, &[(0, 1)]).at_stride(30), axis(30, 0, &[(1, 1)]).at_stride(1)];
    for bad in [f64::NAN, f64::INFINITY] {
        for (row, column) in [(0, 0), (7, 11), (14, 33), (3, 20)] {
            let mut x = vec![1.0_f64; 15 * 34];
            x[row * 34 + column] = bad;
            let w = [1.0_f64; 15];
            let mut y = vec![0.0_f64; 13 * 30];
            let [axes, weights, target] =
                [&axes, &weights, &target].map(|axes| axes.each_ref().map(Owned::axis));
            let nest = Windowed { extents: &extents, sources: [&axes, &weights], target: &target };
            let reads =
                [x.as_ptr(), w.as_ptr()].map(|ptr| RawRead { ptr: ptr.cast(), conjugated: false });
            // SAFETY: the memory is as large as the axes say.
            unsafe { run(f64::TABLE.raw, &nest, reads, y.as_mut_ptr().cast(), RawMode::Assign) };
            for (place, sum) in y.iter().enumerate() {
                let (i, j) = (place / 30, place % 30);
                let is_read = (i..i + 3).contains(&row) && (j..j + 5).contains(&column);
                assert_eq!(sum.is_finite(), !is_read, "{bad} at {row} {column}: {i} {j} {sum}");
                assert!(is_read || *sum == 15.0);
            }
        }
    }
}

/// An edge of zeros, for one channel and for adjacent ones: likewise, and in its channel alone.
#[test]
fn no_numbers_at_edges() {
    for (channels, height, width) in [(19, 6, 13), (1, 7, 13), (1, 9, 40), (1, 6, 170)] {
        on_every_level(|_| check_no_numbers(channels, height, width));
    }
}

fn check_no_numbers(channels: usize, height: usize, width: usize) {
    let at = |y: usize, x: usize, c: usize| (y * width + x) * channels + c;
    let extents = [height, width, channels, 3, 5];
    let plane = |offsets: [isize; 2], terms: [&[(usize, isize)]; 2]| {
        [
            axis(height, offsets[0], terms[0]).at_stride(at(1, 0, 0).cast_signed()),
            axis(width, offsets[1], terms[1]).at_stride(at(0, 1, 0).cast_signed()),
            axis(channels, 0, &[(2, 1)]).at_stride(1),
        ]
    };
    let of_x = plane([-1, -2], [&[(0, 1), (3, 1)], &[(1, 1), (4, 1)]]);
    let of_y = plane([0, 0], [&[(0, 1)], &[(1, 1)]]);
    let of_w = [
        axis(3, 0, &[(3, 1)]).at_stride((5 * channels).cast_signed()),
        axis(5, 0, &[(4, 1)]).at_stride(channels.cast_signed()),
        axis(channels, 0, &[(2, 1)]).at_stride(1),
    ];
    let [of_x, of_y, of_w] = [&of_x, &of_y, &of_w].map(|axes| axes.each_ref().map(Owned::axis));
    let nest = Windowed { extents: &extents, sources: [&of_x, &of_w], target: &of_y };
    for bad in [f32::NAN, f32::INFINITY] {
        for (row, column, channel) in [(0, 0, 0), (2, 7, 18), (5, width - 1, 15), (4, 1, 16)] {
            let channel = channel % channels;
            let mut x = vec![1.0_f32; height * width * channels];
            x[at(row, column, channel)] = bad;
            let w = vec![1.0_f32; 15 * channels];
            let mut y = vec![0.0_f32; x.len()];
            let reads =
                [x.as_ptr(), w.as_ptr()].map(|ptr| RawRead { ptr: ptr.cast(), conjugated: false });
            // SAFETY: the memory is as large as the axes say.
            unsafe {
                run(f32::TABLE.raw, &nest, reads, y.as_mut_ptr().cast(), RawMode::Assign);
            };
            points(&extents[..3], &mut |point| {
                let &[i, j, c] = point else { unreachable!() };
                let is_read = i.abs_diff(row) <= 1 && j.abs_diff(column) <= 2 && c == channel;
                let sum = y[at(i, j, c)];
                assert_eq!(sum.is_finite(), !is_read, "{bad} at {row} {column} {channel}");
                let inside = |at: usize, reach: usize, end: usize| {
                    (at + reach).min(end - 1) - at.saturating_sub(reach) + 1
                };
                let count = inside(i, 1, height) * inside(j, 2, width);
                assert!(is_read || sum == count as f32);
            });
        }
    }
}

/// The same bits for any number of threads.
#[cfg(feature = "threads")]
#[test]
fn threads() {
    let pools = [1, 2, 5]
        .map(|threads| rayon_core::ThreadPoolBuilder::new().num_threads(threads).build().unwrap());
    let mut random = Random(3);
    for round in 0..60 {
        let (s, d) = (1 + random.below(3), 1 + random.below(2));
        let [b, c, mut o] = [3, 1, 1].map(|least| least + random.below(16));
        if round % 3 > 0 {
            o = 1;
        }
        let [n, k] = [3 + random.below(20), 1 + random.below(5)];
        let pad = random.below(k);
        let reach = (s * (n - 1) + d * (k - 1) + 1 - pad).max(1);
        let extents = [b, c, o, n, k];
        let x = [
            axis(b, 0, &[(0, 1)]),
            axis(c, 0, &[(1, 1)]),
            axis(reach, -pad.cast_signed(), &[(3, s.cast_signed()), (4, d.cast_signed())]),
        ];
        let w = [axis(o, 0, &[(2, 1)]), axis(c, 0, &[(1, 1)]), axis(k, 0, &[(4, 1)])];
        let y = [axis(b, 0, &[(0, 1)]), axis(o, 0, &[(2, 1)]), axis(n, 0, &[(3, 1)])];
        let mut arrays = [x, w, y].map(|axes| Array::lay(&mut random, axes.to_vec()));
        if round % 3 > 0 {
            // Depthwise, the channels adjacent or not.
            let [batch, channel] = [axis(b, 0, &[(0, 1)]), axis(c, 0, &[(1, 1)])];
            let terms = [(3, s.cast_signed()), (4, d.cast_signed())];
            let [x, w, y] = [
                axis(reach, -pad.cast_signed(), &terms),
                axis(k, 0, &[(4, 1)]),
                axis(n, 0, &[(3, 1)]),
            ];
            arrays = [vec![batch.clone(), x], vec![w], vec![batch, y]].map(|mut axes| {
                let at = if round % 3 == 1 { axes.len() } else { axes.len() - 1 };
                axes.insert(at, channel.clone());
                Array::lay(&mut random, axes)
            });
        }
        for [first, second, target] in [[0, 1, 2], [2, 1, 0], [2, 0, 1]] {
            let [first, second, target] = [first, second, target].map(|i| &arrays[i]);
            let mut fractions = |len: usize| -> Vec<f32> {
                (0..len).map(|_| random.below(1 << 20) as f32 / 1e6 - 0.5).collect()
            };
            let memory = [fractions(first.len), fractions(second.len)];
            let axes = [first, second, target].map(Array::axes);
            let nest =
                Windowed { extents: &extents, sources: [&axes[0], &axes[1]], target: &axes[2] };
            let run_in = |pool: &rayon_core::ThreadPool| {
                pool.install(|| {
                    let mut out = vec![0.0_f32; target.len];
                    let reads =
                        [(first, &memory[0]), (second, &memory[1])].map(|(array, memory)| {
                            let ptr = memory.as_ptr().wrapping_add(array.first).cast();
                            RawRead { ptr, conjugated: false }
                        });
                    let to = out.as_mut_ptr().wrapping_add(target.first).cast();
                    // SAFETY: the memory is as large as the axes say.
                    unsafe { run(f32::TABLE.raw, &nest, reads, to, RawMode::Assign) };
                    out.into_iter().map(f32::to_bits).collect::<Vec<_>>()
                })
            };
            let alone = run_in(&pools[0]);
            assert!(pools[1..].iter().all(|pool| run_in(pool) == alone), "{nest:?}");
        }
    }
}

/// Arrays with axes at random.
fn check_random<T: Integer, const P: usize>(random: &mut Random, rounds: usize)
where
    RawKernels: Sources<P>,
{
    for _ in 0..rounds {
        let loops = 1 + random.below(5);
        let extents: Vec<usize> =
            (0..loops).map(|_| if random.one_in(20) { 0 } else { 1 + random.below(6) }).collect();
        let array = |random: &mut Random| {
            let axes = (0..random.below(4))
                .map(|_| {
                    let number = random.below(loops);
                    if random.one_in(2) {
                        return axis(extents[number], 0, &[(number, 1)]);
                    }
                    let terms: Vec<(usize, isize)> = (0..random.below(4))
                        .map(|_| (random.below(loops), random.below(6).cast_signed() - 1))
                        .collect();
                    let offset = random.below(7).cast_signed() - 4;
                    axis(random.below(12), offset, &terms)
                })
                .collect();
            Array::lay(random, axes)
        };
        let sources = core::array::from_fn(|_| array(random));
        let target = array(random);
        check::<T, P>(random, &extents, &sources, &target);
    }
}

#[test]
fn random_axes() {
    let mut random = Random(2);
    check_random::<f32, 2>(&mut random, 1000);
    check_random::<f64, 1>(&mut random, 500);
    check_random::<f32, 1>(&mut random, 500);
    check_random::<i32, 2>(&mut random, 500);
    check_random::<i64, 1>(&mut random, 300);
    check_random::<Complex64, 2>(&mut random, 300);
    check_random::<Complex32, 1>(&mut random, 300);
}
