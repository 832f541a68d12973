//! Matrix products of every size from 0 × 0 to beyond two tiles in both directions.
//!
//! All products of a type share their factors: a product of m × n is a corner of the largest one, which is computed once
//! for every number of steps. No factor is zero, so that results have one representation each.

use num_complex::{Complex32, Complex64};

use super::{Random, Sample, bytes};
#[cfg(target_arch = "x86_64")]
use crate::engine::multiply_matrices;
use crate::kernel::level::{Level, on_every_level};
use crate::kernel::table::COLUMNS;
use crate::kernel::{Dim, Dims, Kernel, Mode, Read};
#[cfg(target_arch = "x86_64")]
use crate::matrix_product::{EXTENT, MatrixProduct};

/// The rows of a tile.
fn tile_rows<T>(level: Level) -> usize {
    let vectors = match level {
        Level::Plain => return 12,
        Level::Avx2 => 2 * 32,
        Level::Avx512 => 4 * 64,
    };
    vectors / size_of::<T>()
}

fn factor(random: &mut Random) -> f64 {
    [-3.0, -2.0, -1.0, 1.0, 2.0, 3.0][random.below(6)]
}

/// A matrix with room around it.
struct Matrix<T> {
    memory: Vec<T>,
    first: isize,
    steps: [isize; 2],
}

/// How a matrix lies in memory.
#[derive(Clone, Copy, Debug)]
struct Layout {
    is_transposed: bool,
    is_reversed: [bool; 2],
    /// Elements between two of a row, and more than none between rows.
    gap: usize,
    /// Elements before the first: alignment.
    offset: usize,
}

impl Layout {
    fn random(random: &mut Random) -> Self {
        Layout {
            is_transposed: random.one_in(2),
            is_reversed: [random.one_in(6), random.one_in(6)],
            gap: if random.one_in(6) { 1 + random.below(2) } else { 0 },
            offset: random.below(4),
        }
    }

    /// Lays a matrix out in memory full of `fill`.
    fn place<T: Sample>(self, [rows, columns]: [usize; 2], fill: T) -> Matrix<T> {
        let [outer, inner] = if self.is_transposed { [columns, rows] } else { [rows, columns] };
        let step = 1 + self.gap;
        let pitch = inner * step + self.gap;
        let mut steps = [pitch.cast_signed(), step.cast_signed()];
        let mut first = self.offset.cast_signed();
        for (axis, extent) in [outer, inner].into_iter().enumerate() {
            if self.is_reversed[axis] && extent > 0 {
                first += steps[axis] * (extent - 1).cast_signed();
                steps[axis] = -steps[axis];
            }
        }
        if self.is_transposed {
            steps.reverse();
        }
        let memory = vec![fill; self.offset + outer * pitch + 9];
        Matrix { memory, first, steps }
    }
}

impl<T: Sample> Matrix<T> {
    fn at(&self, [i, j]: [usize; 2]) -> usize {
        let offset = i.cast_signed() * self.steps[0] + j.cast_signed() * self.steps[1];
        usize::try_from(self.first + offset).expect("inside")
    }
}

/// The largest product: `x[i][k]`, `y[j][k]`, and their sums over the first steps.
struct Largest<T> {
    x: Vec<Vec<T>>,
    y: Vec<Vec<T>>,
    c: Vec<Vec<T>>,
}

fn largest<T: Sample>(random: &mut Random, [m, n, k]: [usize; 3]) -> Largest<T> {
    let mut matrix = |rows: usize| -> Vec<Vec<T>> {
        let mut element = || T::of(factor(random), factor(random));
        (0..rows).map(|_| (0..k).map(|_| element()).collect()).collect()
    };
    let (x, y) = (matrix(m), matrix(n));
    let c = x
        .iter()
        .map(|x| {
            let dot = |y: &Vec<T>| {
                let mut sum = [0.0; 2];
                for (&x, &y) in x.iter().zip(y) {
                    let ([a, b], [c, d]) = (x.parts(), y.parts());
                    sum = [sum[0] + a * c - b * d, sum[1] + a * d + b * c];
                }
                T::of(sum[0], sum[1])
            };
            y.iter().map(dot).collect()
        })
        .collect();
    Largest { x, y, c }
}

/// How a product enters C, by real factors.
#[derive(Clone, Copy, Debug)]
enum Enter {
    Assign,
    Scale([f64; 2]),
}

/// Runs a corner of the largest product.
fn check<T: Sample>(
    largest: &Largest<T>,
    [m, n, k]: [usize; 3],
    layouts: [Layout; 3],
    enter: Enter,
    kernel: Kernel<T, 2>,
) {
    // NaN outside of the matrices: nothing that is there may matter.
    let mut x = layouts[0].place([m, k], T::of(f64::NAN, f64::NAN));
    let mut y = layouts[1].place([k, n], T::of(f64::NAN, f64::NAN));
    let mut c = layouts[2].place([m, n], T::of(f64::NAN, f64::NAN));
    let mut expected = c.memory.clone();
    for p in 0..k {
        for i in 0..m {
            let at = x.at([i, p]);
            x.memory[at] = largest.x[i][p];
        }
        for j in 0..n {
            let at = y.at([p, j]);
            y.memory[at] = largest.y[j][p];
        }
    }
    let (alpha, beta, mode) = match enter {
        Enter::Assign => (1.0, 0.0, Mode::Assign),
        Enter::Scale([alpha, beta]) => {
            (alpha, beta, Mode::Scale { alpha: T::of(alpha, 0.0), beta: T::of(beta, 0.0) })
        }
    };
    for i in 0..m {
        for j in 0..n {
            let ([re, im], old) =
                (largest.c[i][j].parts(), factor(&mut Random((i * n + j) as u64)));
            let at = c.at([i, j]);
            if beta != 0.0 {
                c.memory[at] = T::of(old, -old);
            }
            expected[at] = T::of(alpha * re + beta * old, alpha * im - beta * old);
        }
    }
    let dim = |extent, out, sources, summed| Dim { extent, out, sources, summed };
    let mut dims = Dims::from_slice(&[
        dim(m, c.steps[0], [x.steps[0], 0], false),
        dim(n, c.steps[1], [0, y.steps[1]], false),
        dim(k, 0, [x.steps[1], y.steps[0]], true),
    ]);
    let read =
        |m: &Matrix<T>| Read { ptr: m.memory.as_ptr().wrapping_offset(m.first), conjugated: false };
    let reads = [read(&x), read(&y)];
    let out = c.memory.as_mut_ptr().wrapping_offset(c.first);
    // SAFETY: the matrices hold all points, and those of C are apart.
    unsafe { kernel(&mut dims, reads, out, mode) };
    let is_right = bytes(&c.memory) == bytes(&expected);
    assert!(is_right, "{m} x {n} x {k}, {layouts:?}, {enter:?}");
}

/// Every m and n, of which one in `thinning` runs, for each of a few k; every product in random layouts of its own.
fn every_size<T: Sample>(seed: u64, steps: &[usize], thinning: usize) {
    on_every_level(|level| {
        let mut random = Random(seed);
        let most = [2 * tile_rows::<T>(level) + 1, 2 * COLUMNS + 1];
        for &k in steps {
            let largest = largest::<T>(&mut random, [most[0], most[1], k]);
            for m in 0..=most[0] {
                for n in 0..=most[1] {
                    if !random.one_in(thinning) {
                        continue;
                    }
                    let layouts = [(); 3].map(|()| Layout::random(&mut random));
                    check(&largest, [m, n, k], layouts, Enter::Assign, T::KERNELS.binary);
                }
            }
        }
    });
}

/// The full product of sizes at few k, each with layouts of its own.
#[test]
fn every_size_of_f32() {
    every_size::<f32>(1, &[0, 1, 2, 5], 1);
}

#[test]
fn every_size_of_f64() {
    every_size::<f64>(2, &[0, 1, 2, 5], 1);
}

#[test]
fn every_size_of_integers() {
    every_size::<i32>(16, &[0, 1, 5], 1);
    every_size::<i64>(17, &[0, 1, 5], 1);
    every_size::<i32>(18, &[1283], 150);
}

#[test]
fn every_size_of_complex() {
    every_size::<Complex32>(3, &[1, 3], 1);
    every_size::<Complex64>(4, &[1, 3], 1);
}

/// A seeded sample of a tenth of the sizes at more k: none, odd ones, and one that takes two blocks.
#[test]
fn sampled_sizes() {
    every_size::<f32>(5, &[0, 2, 3, 17], 10);
    every_size::<f64>(6, &[0, 2, 3, 17], 10);
    every_size::<Complex32>(7, &[0, 1, 2, 17], 10);
    every_size::<Complex64>(8, &[0, 1, 2, 17], 10);
    every_size::<f32>(9, &[1283], 150);
    every_size::<f64>(10, &[1283], 150);
    every_size::<Complex64>(11, &[643], 150);
}

/// Runs the short cut for small products of two matrices; where that takes none, all kernels.
#[cfg(target_arch = "x86_64")]
unsafe fn product<T: Sample>(
    dims: &mut Dims<2>,
    sources: [Read<T>; 2],
    out: *mut T,
    mode: Mode<T>,
) {
    let product = MatrixProduct { m: dims[0], n: dims[1], k: dims[2] };
    // SAFETY: the caller's duties.
    unsafe {
        if multiply_matrices(&product, sources, out, mode) {
            TAKEN.set(TAKEN.get() + 1);
        } else {
            (T::KERNELS.binary)(dims, sources, out, mode);
        }
    }
}

#[cfg(target_arch = "x86_64")]
thread_local! {
    /// How many products the short cut has taken.
    static TAKEN: core::cell::Cell<usize> = const { core::cell::Cell::new(0) };
}

/// A seeded sample of small products of two matrices, up to beyond the largest.
#[cfg(target_arch = "x86_64")]
fn small_products<T: Sample>(seed: u64) {
    let most = EXTENT + 1;
    on_every_level(|level| {
        let mut random = Random(seed);
        TAKEN.set(0);
        for k in [1, 2, 7, 33, EXTENT, most] {
            let largest = largest::<T>(&mut random, [most, most, k]);
            for round in 0..150 {
                // With AVX2 fewer are small.
                let most = [34, most][round % 2];
                let [m, n] = [(); 2].map(|()| 1 + random.below(most));
                let layouts = [(); 3].map(|()| Layout::random(&mut random));
                let factors = [[2.0, 0.0], [1.0, 1.0], [-1.0, 2.0]][random.below(3)];
                for enter in [Enter::Assign, Enter::Scale(factors)] {
                    check(&largest, [m, n, k], layouts, enter, product::<T>);
                }
            }
        }
        // Of 1800, those with rows adjacent in C and rows or steps in X.
        let taken = TAKEN.get();
        assert!(level == Level::Plain || taken > 50, "{taken} taken");
    });
}

#[cfg(target_arch = "x86_64")]
#[test]
fn small_products_of_every_type() {
    small_products::<f32>(12);
    small_products::<f64>(13);
    small_products::<Complex32>(14);
    small_products::<Complex64>(15);
}
