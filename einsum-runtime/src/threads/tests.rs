//! That every piece is run once, whoever runs it, and what happens when one panics.

use core::sync::atomic::{AtomicUsize, Ordering};

use super::Grid;

/// Every point of a grid's loops is in one piece.
#[test]
fn pieces_cover_all_points_once() {
    let mut random = 1_usize;
    let mut below = |n: usize| {
        random = random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (random >> 33) % n
    };
    for _ in 0..2000 {
        let extents = [1 + below(12), 1 + below(40), 1 + below(30)];
        let grains = [1 + below(2), 1 + below(9), 1 + below(40)];
        let wanted = 1 + below(20);
        let grid = Grid::of(extents, grains, wanted);
        assert!(grid.pieces() <= 4 * wanted, "{grid:?}");
        let mut seen = vec![0; extents.iter().product()];
        for number in 0..grid.pieces() {
            let [i, j, k] = grid.piece(number);
            for (range, grain) in [&i, &j, &k].into_iter().zip(grains) {
                assert!(!range.is_empty() && range.start % grain == 0, "{grid:?}");
            }
            for (i, j, k) in i
                .flat_map(|i| j.clone().flat_map(move |j| (0..64).map(move |k| (i, j, k))))
                .filter(|&(.., point)| k.contains(&point))
            {
                seen[(i * extents[1] + j) * extents[2] + k] += 1;
            }
        }
        assert!(seen.iter().all(|&n| n == 1), "{grid:?}");
    }
}

/// Loops that are long enough are cut into as many pieces as were asked for, or a few more.
#[test]
fn grids_have_the_pieces_asked_for() {
    assert_eq!(Grid::of([100], [1], 8).pieces(), 8);
    assert_eq!(Grid::of([9, 100], [1, 1], 8).pieces(), 9);
    assert_eq!(Grid::of([3, 100], [1, 1], 8).pieces(), 9);
    assert_eq!(Grid::of([1, 7], [1, 16], 8).pieces(), 1);
    assert_eq!(Grid::of([100, 100], [1, 1], 1).pieces(), 1);
}

#[test]
fn every_piece_is_run_once() {
    for pieces in [0, 1, 2, 7, 100] {
        let runs: Vec<_> = (0..pieces).map(|_| AtomicUsize::new(0)).collect();
        super::each(pieces, &|piece| {
            runs[piece].fetch_add(1, Ordering::Relaxed);
        });
        assert!(runs.iter().all(|n| n.load(Ordering::Relaxed) == 1));
    }
}

#[cfg(feature = "threads")]
mod crews {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::{Barrier, mpsc};

    use super::*;

    fn pool(threads: usize) -> rayon_core::ThreadPool {
        rayon_core::ThreadPoolBuilder::new().num_threads(threads).build().unwrap()
    }

    /// Pieces that wait for each other end only if as many threads take them as the pool has.
    #[test]
    fn all_threads_of_the_pool_help() {
        let all = Barrier::new(3);
        pool(3).install(|| {
            super::super::each(3, &|_| {
                all.wait();
            });
        });
    }

    /// Whoever is asked for once more, because nobody had begun, finds no place if somebody has by then.
    #[test]
    fn helpers_are_not_more_than_asked_for() {
        let (at_work, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let pool = pool(4);
        for _ in 0..50 {
            pool.install(|| {
                super::super::crew::each(40, 1, &|_| {
                    most.fetch_max(at_work.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    (0..20_000).for_each(|n| _ = core::hint::black_box(n));
                    at_work.fetch_sub(1, Ordering::SeqCst);
                });
            });
        }
        assert!(most.into_inner() <= 2);
    }

    #[test]
    fn one_thread_works_alone() {
        pool(1).install(|| {
            assert_eq!(super::super::pieces(usize::MAX), 1);
            let here = std::thread::current().id();
            super::super::each(5, &|_| assert_eq!(std::thread::current().id(), here));
        });
    }

    /// The caller does not wait for threads that are busy elsewhere.
    #[test]
    fn busy_threads_delay_nothing() {
        let pool = pool(2);
        let (release, released) = mpsc::channel::<()>();
        let (begun, has_begun) = mpsc::channel();
        pool.spawn(move || {
            begun.send(()).unwrap();
            // Until the sender is gone.
            assert!(released.recv().is_err());
        });
        has_begun.recv().unwrap();
        let ran = pool.install(|| {
            let ran = AtomicUsize::new(0);
            super::super::each(8, &|_| {
                ran.fetch_add(1, Ordering::Relaxed);
            });
            ran.into_inner()
        });
        drop(release);
        assert_eq!(ran, 8);
    }

    /// A panic of any piece reaches the caller, with its text, after all threads have left.
    #[test]
    fn panics_reach_the_caller() {
        let pool = pool(3);
        for bad in 0..6 {
            let (entered, left) = (AtomicUsize::new(0), AtomicUsize::new(0));
            let caught = pool.install(|| {
                catch_unwind(AssertUnwindSafe(|| {
                    super::super::each(6, &|piece| {
                        entered.fetch_add(1, Ordering::Relaxed);
                        assert!(piece != bad, "piece {bad}");
                        left.fetch_add(1, Ordering::Relaxed);
                    });
                }))
            });
            let text = caught.unwrap_err();
            assert_eq!(text.downcast_ref::<String>(), Some(&format!("piece {bad}")));
            assert_eq!(entered.into_inner(), left.into_inner() + 1);
        }
        assert_eq!(pool.install(|| 7), 7);
    }
}
