//! The error of sums of n products, on numbers of mixed magnitudes and on sums that cancel:
//!
//! ```text
//! |result - exact| ≤ c · n' · ε · S,   S = |alpha| · Σ |x|·|y| + |beta · old|
//! ```
//!
//! with c = 1/2: a sum of n products in any order, fused or not, loses at most n · ε/2 of Σ|x||y|. n' is n and a few
//! operations for what else is done with a result: 4 for real numbers; 2n + 8 for complex ones, whose parts are sums of 2n
//! products, and whose absolute values are those of both parts added up.
//!
//! The oracle is [`Exact`].

use num_complex::{Complex32, Complex64};

use super::exact::Exact;
use super::{Random, Sample, points, room};
use crate::element::Element;
use crate::kernel::level::{Level, on_every_level};
use crate::kernel::{Dim, Dims, Mode, Read};

#[derive(Clone, Copy, Debug)]
pub(super) enum Data {
    /// Exponents from a wide range.
    Magnitudes,
    /// Near one or near minus one, at random: sums are far smaller than their terms.
    Cancelling,
}

fn number(random: &mut Random, data: Data) -> f64 {
    let fraction = 1.0 + f64::from(random.next()) / f64::from(1_u32 << 31);
    let sign = if random.one_in(2) { -1.0 } else { 1.0 };
    match data {
        Data::Magnitudes => {
            let exponent = i32::try_from(random.below(25)).expect("small") - 12;
            sign * fraction * 2_f64.powi(exponent)
        }
        Data::Cancelling => sign * (1.0 + (fraction - 1.5) / 1024.0),
    }
}

fn values<T: Sample>(random: &mut Random, data: Data, len: usize) -> Vec<T> {
    (0..len).map(|_| T::of(number(random, data), number(random, data))).collect()
}

/// A nest of `P` sources. Of one source the other factor is one.
pub(super) struct Case<T, const P: usize> {
    dims: Dims<P>,
    sources: [(Vec<T>, isize); P],
    conjugated: [bool; P],
    pub(super) out: (Vec<T>, isize),
    pub(super) mode: Mode<T>,
}

impl<T: Sample, const P: usize> Case<T, P> {
    pub(super) fn new(random: &mut Random, dims: &[Dim<P>], data: Data, scaled: bool) -> Self {
        let sources = core::array::from_fn(|p| {
            let (len, first) = room(dims.iter().map(|d| (d.extent, d.sources[p])));
            (values(random, data, len), first)
        });
        let (len, first) = room(dims.iter().map(|d| (d.extent, d.out)));
        let mut factor = || T::of(number(random, Data::Cancelling), number(random, data));
        let mode = match scaled {
            true => Mode::Scale { alpha: factor(), beta: factor() },
            false => Mode::Assign,
        };
        let conjugated = core::array::from_fn(|_| random.one_in(2));
        let out = (values(random, data, len), first);
        Case { dims: Dims::from_slice(dims), sources, conjugated, out, mode }
    }

    /// Returns the parts of every sum, and the number of products of parts in each.
    pub(super) fn exact(&self) -> (Vec<[Exact; 2]>, f64) {
        let mut sums = vec![[Exact::default(); 2]; self.out.0.len()];
        let first = core::array::from_fn(|p| self.sources[p].1);
        points(&self.dims, (self.out.1, first), &mut |o, s| {
            let part = |p: usize| {
                let [re, im] = self.sources[p].0[usize::try_from(s[p]).expect("inside")].parts();
                [re, if self.conjugated[p] { -im } else { im }]
            };
            let ([a, b], [c, d]) = (part(0), if P == 2 { part(1) } else { [1.0, 0.0] });
            let [re, im] = &mut sums[usize::try_from(o).expect("inside")];
            re.add_product(a, c);
            if T::PARTS == 2 {
                re.add_product(-b, d);
                im.add_product(a, d);
                im.add_product(b, c);
            }
        });
        let terms = self.dims.iter().filter(|d| d.summed).map(|d| d.extent).product::<usize>();
        let sums = sums.into_iter().zip(&self.out.0).map(|(sum, &old)| self.enter(sum, old));
        (sums.collect(), (T::PARTS * terms) as f64 + (4 * T::PARTS) as f64)
    }

    fn enter(&self, [re, im]: [Exact; 2], old: T) -> [Exact; 2] {
        let Mode::Scale { alpha, beta } = self.mode else { return [re, im] };
        if re.size == 0.0 {
            // Between the points of the nest: no number of the data is zero.
            return [re, im];
        }
        let ([ar, ai], [br, bi], [or, oi]) = (alpha.parts(), beta.parts(), old.parts());
        let mut out = [Exact::default(); 2];
        out[0].add_scaled(ar, re);
        out[0].add_scaled(-ai, im);
        out[1].add_scaled(ar, im);
        out[1].add_scaled(ai, re);
        out[0].add_product(br, or);
        out[0].add_product(-bi, oi);
        out[1].add_product(br, oi);
        out[1].add_product(bi, or);
        out
    }

    /// Compares results, and returns the largest error as a share of the bound.
    pub(super) fn compare(
        &self,
        out: &[T],
        (exact, terms): &(Vec<[Exact; 2]>, f64),
        what: &str,
    ) -> f64 {
        let mut worst = 0_f64;
        for ((&result, old), exact) in out.iter().zip(&self.out.0).zip(exact) {
            let size = exact[0].size + exact[1].size;
            if size == 0.0 {
                assert!(result == *old, "{what}: written between the points");
                continue;
            }
            for (part, exact) in result.parts().into_iter().zip(exact).take(T::PARTS) {
                let error = ((part - exact.high) - exact.low).abs();
                worst = worst.max(error / (terms * T::ROUNDING * size));
            }
        }
        assert!(worst <= 1.0, "{what}: {worst} of the bound, {:?} {:?}", self.dims, self.mode);
        worst
    }

    pub(super) fn read(&self, p: usize) -> Read<T> {
        let (memory, first) = &self.sources[p];
        let ptr = memory.as_ptr().wrapping_offset(*first);
        Read { ptr, conjugated: self.conjugated[p] }
    }
}

fn kept<const P: usize>(extent: usize, out: isize, sources: [isize; P]) -> Dim<P> {
    Dim { extent, out, sources, summed: false }
}

fn summed<const P: usize>(extent: usize, sources: [isize; P]) -> Dim<P> {
    Dim { extent, out: 0, sources, summed: true }
}

/// Runs a nest of two sources with all data and modes on every level.
fn products<T: Sample>(random: &mut Random, what: &str, dims: &[Dim<2>]) {
    for data in [Data::Magnitudes, Data::Cancelling] {
        for scaled in [false, true] {
            let case = Case::<T, 2>::new(random, dims, data, scaled);
            let exact = case.exact();
            on_every_level(|level| {
                let mut out = case.out.0.clone();
                let to = out.as_mut_ptr().wrapping_offset(case.out.1);
                let reads = [case.read(0), case.read(1)];
                // SAFETY: `room` holds all points, and those of the output are apart.
                unsafe { (T::KERNELS.binary)(&mut case.dims.clone(), reads, to, case.mode) };
                case.compare(&out, &exact, &format!("{what} {level:?} {data:?}"));
            });
        }
    }
}

/// The same for one source.
fn sums<T: Sample>(random: &mut Random, what: &str, dims: &[Dim<1>]) {
    for data in [Data::Magnitudes, Data::Cancelling] {
        for scaled in [false, true] {
            let case = Case::<T, 1>::new(random, dims, data, scaled);
            let exact = case.exact();
            on_every_level(|level| {
                let mut out = case.out.0.clone();
                let to = out.as_mut_ptr().wrapping_offset(case.out.1);
                // SAFETY: as above.
                unsafe {
                    (T::KERNELS.unary)(&mut case.dims.clone(), [case.read(0)], to, case.mode);
                };
                case.compare(&out, &exact, &format!("{what} {level:?} {data:?}"));
            });
        }
    }
}

/// A matrix product `[m, n, k]` with X, Y, and C in the order of the letters or transposed.
pub(super) fn matrices([m, n, k]: [usize; 3], transposed: [bool; 3]) -> [Dim<2>; 3] {
    let steps = |rows: usize, columns: usize, transposed: bool| {
        let [rows, columns] = [rows, columns].map(usize::cast_signed);
        if transposed { [1, rows] } else { [columns, 1] }
    };
    let (x, y, c) =
        (steps(m, k, transposed[0]), steps(k, n, transposed[1]), steps(m, n, transposed[2]));
    [kept(m, c[0], [x[0], 0]), kept(n, c[1], [0, y[1]]), summed(k, [x[1], y[0]])]
}

fn every_path<T: Sample>(seed: u64) {
    let r = &mut Random(seed);
    let plain = [false; 3];
    products::<T>(r, "small", &matrices([20, 13, 30], plain));
    products::<T>(r, "small, packed", &matrices([20, 13, 30], [true, false, true]));
    products::<T>(r, "direct", &matrices([70, 20, 130], [false, true, false]));
    products::<T>(r, "packed along steps", &matrices([40, 30, 700], [false, false, true]));
    products::<T>(r, "packed along rows", &matrices([40, 30, 1300], plain));
    products::<T>(r, "collected", &{
        let (a, b, c) = (5, 9, 7);
        [kept(5, 1, [1, 0]), kept(9, a, [0, 1]), kept(7, a * b, [a, 0]), summed(600, [a * c, b])]
    });
    products::<T>(r, "in an image", &{
        let (a, b, c, k) = (9, 12, 10, 40);
        [
            kept(9, 1, [k, 0]),
            kept(12, a, [0, k]),
            kept(10, a * b, [a * k, 0]),
            kept(6, a * b * c, [0, b * k]),
            summed(40, [1, 1]),
        ]
    });
    products::<T>(r, "turned", &{
        let (a, b, n) = (9, 70, 3);
        [kept(9, 1, [40 * b, 0]), kept(70, a, [1, 0]), kept(3, a * b, [0, 1]), summed(40, [b, n])]
    });
    products::<T>(r, "many", &{
        [kept(99, 9, [9, 9]), kept(3, 3, [3, 0]), kept(3, 1, [0, 1]), summed(3, [1, 3])]
    });
    products::<T>(r, "batch last", &{
        let b = 37;
        [
            kept(37, 1, [1, 1]),
            kept(5, 4 * b, [30 * b, 0]),
            kept(4, b, [0, b]),
            summed(30, [b, 4 * b]),
        ]
    });
    products::<T>(r, "dot", &[summed(9001, [1, 1])]);
    products::<T>(r, "dot, strided", &[summed(9001, [2, -3])]);
    products::<T>(r, "rows", &[kept(9, 1, [1000, 0]), summed(1000, [1, 1])]);
    products::<T>(r, "columns", &[kept(50, 1, [1, 0]), summed(900, [50, 1])]);
    products::<T>(r, "row dots", &[kept(20, 1, [300, 300]), summed(300, [1, 1])]);
    products::<T>(r, "column dots", &[kept(60, 1, [1, 1]), summed(300, [60, 60])]);
    products::<T>(
        r,
        "strided output",
        &matrices([30, 20, 90], plain).map(|d| Dim { out: 3 * d.out, ..d }),
    );
    products::<T>(r, "elementwise", &[kept(40, 50, [50, 1]), kept(50, 1, [1, 40])]);
    products::<T>(r, "outer", &[kept(40, 50, [1, 0]), kept(50, 1, [0, 1])]);
    sums::<T>(r, "all", &[summed(20_011, [1])]);
    sums::<T>(r, "along rows", &[kept(9, 1, [1500]), summed(1500, [1])]);
    sums::<T>(r, "down columns", &[kept(33, 1, [1]), summed(700, [33])]);
    sums::<T>(r, "strided", &[kept(9, 1, [1]), summed(1500, [27])]);
    sums::<T>(r, "transposed", &[kept(40, 50, [1]), kept(50, 1, [40])]);
}

#[test]
fn real_numbers() {
    every_path::<f32>(1);
    every_path::<f64>(2);
}

#[test]
fn complex_numbers() {
    every_path::<Complex32>(3);
    every_path::<Complex64>(4);
}

/// The bound that [`stream`](crate::stream) states for long sums: far below that of a sum one after the other.
#[test]
fn long_sums() {
    let r = &mut Random(5);
    let n = 300_007;
    let case = Case::<f32, 1>::new(r, &[summed(n, [1])], Data::Magnitudes, false);
    let dot = Case::<f32, 2>::new(r, &[summed(n, [1, 1])], Data::Magnitudes, false);
    let (exact, exact_dot) = (case.exact(), dot.exact());
    on_every_level(|level| {
        if level == Level::Plain {
            return;
        }
        let share = (512.0 + 2.0 * (n as f64).sqrt()) / (n as f64 / 2.0);
        let mut out = [0.0_f32];
        // SAFETY: one result of as many terms as there are elements.
        unsafe {
            (f32::KERNELS.unary)(
                &mut case.dims.clone(),
                [case.read(0)],
                out.as_mut_ptr(),
                case.mode,
            );
        }
        assert!(case.compare(&out, &exact, "sum") <= share, "{level:?}");
        // SAFETY: as above.
        unsafe {
            let reads = [dot.read(0), dot.read(1)];
            (f32::KERNELS.binary)(&mut dot.dims.clone(), reads, out.as_mut_ptr(), dot.mode);
        }
        assert!(dot.compare(&out, &exact_dot, "dot") <= share, "{level:?}");
    });
}
