//! How near a square product of matrices comes to the core's peak, and how it compares with the
//! fastest products in Rust.
//!
//! `fma peak` is the time that the same FLOP take in a loop of multiply-adds in registers: the
//! ratio is the fraction of the peak that einloom reaches.

use std::hint::black_box;

use einloom::einsum_into;
use einloom_benches::{Bench, Fma, Number, Race, einsum, fma_calls, matrix, zeros};
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use ndarray::Array2;

const SIZES: [usize; 9] = [32, 48, 64, 128, 192, 256, 384, 512, 1024];

fn main() {
    let mut bench = Bench::new("gemm");
    for n in SIZES {
        bench.race(format!("f32 {n}"), || race(n, matrixmultiply::sgemm));
    }
    for n in SIZES {
        bench.race(format!("f64 {n}"), || race(n, matrixmultiply::dgemm));
    }
    bench.finish();
}

/// The signature of `matrixmultiply`'s products: m, k, n, alpha, a, b, beta, c, each array with its strides.
type Gemm<T> = unsafe fn(
    usize,
    usize,
    usize,
    T,
    *const T,
    isize,
    isize,
    *const T,
    isize,
    isize,
    T,
    *mut T,
    isize,
    isize,
);

fn race<T>(n: usize, gemm: Gemm<T>) -> Race
where
    T: Number + Fma + einloom::Element + faer::traits::ComplexField,
{
    let (a, b) = (matrix::<T>(n, 1), matrix::<T>(n, 2));
    let race = Race::to(einsum("ij,jk->ik", &[&a, &b])).of_work(2.0 * (n as f64).powi(3));
    let race = race.writes("einloom", zeros::<T, _>((n, n)), {
        let (a, b) = (a.clone(), b.clone());
        move |c| einsum_into!("ij,jk->ik", black_box(&a), black_box(&b) => c)
    });
    let race = race.writes("faer", zeros::<T, _>((n, n)), {
        let (a, b) = (a.clone(), b.clone());
        move |c: &mut Array2<T>| {
            let c = MatMut::from_row_major_slice_mut(c.as_slice_mut().expect("C order"), n, n);
            matmul(
                c,
                Accum::Replace,
                row_major(black_box(&a)),
                row_major(black_box(&b)),
                T::one_impl(),
                Par::Seq,
            );
        }
    });
    let race = race.writes("matrixmultiply", zeros::<T, _>((n, n)), move |c: &mut Array2<T>| {
        let (a, b) = (black_box(&a).as_ptr(), black_box(&b).as_ptr());
        let row = n as isize;
        // SAFETY: three matrices of n by n in C order, of which `c` is borrowed mutably.
        unsafe {
            gemm(n, n, n, T::new(1.0), a, row, 1, b, row, 1, T::new(0.0), c.as_mut_ptr(), row, 1);
        }
    });
    match fma_calls::<T>() {
        Some((call, flop)) => race.gauge("fma peak", flop, call),
        None => race,
    }
}

fn row_major<T>(a: &Array2<T>) -> MatRef<'_, T> {
    MatRef::from_row_major_slice(a.as_slice().expect("C order"), a.nrows(), a.ncols())
}
