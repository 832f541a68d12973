//! What a second thread gains, and that it never costs: the same calls in rayon pools of one and
//! of two threads.
//!
//! Run it on two idle cores. The ratio of `1 thread` is the speed-up.

use std::hint::black_box;

use einloom::einsum;
use einloom_benches::{Bench, Race, Values, einsum as oracle, integers, matrix};
use ndarray::{Array2, Array3, Array4};

fn main() {
    let mut bench = Bench::new("threads");
    for n in [16, 64, 128, 192, 256, 512, 1024] {
        bench.race(format!("matmul f32 {n}"), || {
            let (a, b) = (matrix::<f32>(n, 1), matrix::<f32>(n, 2));
            race(oracle("ij,jk->ik", &[&a, &b]), move || {
                einsum!("ij,jk->ik", black_box(&a), black_box(&b))
            })
        });
    }
    bench.race("matmul f64 1024", || {
        let (a, b) = (matrix::<f64>(1024, 1), matrix::<f64>(1024, 2));
        race(oracle("ij,jk->ik", &[&a, &b]), move || {
            einsum!("ij,jk->ik", black_box(&a), black_box(&b))
        })
    });
    bench.race("fbea,ecfd->dcba", || {
        let a: Array4<f64> = integers((24, 24, 24, 24), 1);
        let b: Array4<f64> = integers((24, 24, 24, 24), 2);
        race(oracle("fbea,ecfd->dcba", &[&a, &b]), move || {
            einsum!("fbea,ecfd->dcba", black_box(&a), black_box(&b))
        })
    });
    for n in [64, 512, 3000] {
        bench.race(format!("transpose {n}"), || {
            let a: Array2<f64> = integers((n, n), 1);
            race(oracle("ij->ji", &[&a]), move || einsum!("ij->ji", black_box(&a)))
        });
        bench.race(format!("sum of all {n}"), || {
            let a: Array2<f64> = integers((n, n), 1);
            race(oracle("ij->", &[&a]), move || einsum!("ij->", black_box(&a)))
        });
    }
    bench.race("batched 3x3", || {
        let a: Array3<f64> = integers((100_000, 3, 3), 1);
        let b: Array3<f64> = integers((100_000, 3, 3), 2);
        race(oracle("nij,njk->nik", &[&a, &b]), move || {
            einsum!("nij,njk->nik", black_box(&a), black_box(&b))
        })
    });
    bench.finish();
}

/// The same call in two pools.
fn race<O, F>(expected: Vec<f64>, call: F) -> Race
where
    O: Values + 'static,
    F: Fn() -> O + Clone + Send + 'static,
{
    Race::to(expected).makes_within(2, "einloom", call.clone()).makes_within(1, "1 thread", call)
}
