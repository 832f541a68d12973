//! Which calls run their own loops: those of few points, where debug assertions are off, as in this package.
//!
//! They are told apart by the additions: loops in place begin every sum with zero, the runtime with the first product. Where one sum
//! is formed in lanes, there are four more to add these up.

use std::cell::Cell;

use einloom::{Element, einsum, einsum_grad, einsum_into, scalar_operand, try_einsum};
use ndarray::{Array1, Array2};

#[derive(Clone, Copy, Debug, PartialEq)]
struct Counted(i64);

scalar_operand!(Counted);

thread_local!(static ADDITIONS: Cell<usize> = const { Cell::new(0) });

impl Element for Counted {
    const ZERO: Self = Counted(0);
    const ONE: Self = Counted(1);
    fn add(a: Self, b: Self) -> Self {
        ADDITIONS.set(ADDITIONS.get() + 1);
        Counted(a.0 + b.0)
    }
    fn mul(a: Self, b: Self) -> Self {
        Counted(a.0 * b.0)
    }
}

/// Returns how many additions a call makes.
fn additions<R>(call: impl FnOnce() -> R) -> usize {
    let before = ADDITIONS.get();
    call();
    ADDITIONS.get() - before
}

fn line(n: usize) -> Array1<Counted> {
    Array1::from_elem(n, Counted(2))
}

fn matrix(n: usize, m: usize) -> Array2<Counted> {
    Array2::from_elem((n, m), Counted(3))
}

const _: () = assert!(!cfg!(debug_assertions), "the profile of this package turns them off");

#[test]
fn calls_of_few_points_run_in_place() {
    let (a, b, x) = (matrix(2, 3), matrix(3, 4), line(3));
    assert_eq!(additions(|| einsum!("i,i->", &x, &x)), 3 + 4);
    assert_eq!(additions(|| einsum!("ij,jk->ik", &a, &b)), 24);
    assert_eq!(additions(|| try_einsum!("ij,jk->ik", &a, &b)), 24);
    assert_eq!(additions(|| einsum!("ij,jk,k->i", &a, &b, &line(4))), 24);
    assert_eq!(additions(|| einsum!("ij,jk,kl->il", &a, &b, &matrix(4, 2))), 48);
    assert_eq!(additions(|| einsum!("ii->", &matrix(3, 3))), 3);
    let mut c = matrix(2, 4);
    assert_eq!(additions(|| einsum_into!("ij,jk->ik", &a, &b => &mut c)), 24);
    let one = Counted(1);
    assert_eq!(additions(|| einsum_into!("ij,jk->ik", &a, &b => &mut c; beta = one)), 24 + 8);
    assert_eq!(c[[0, 0]], Counted(54));
}

/// One point more than few, an extent of zero, a call with too many loops, and a gradient.
#[test]
fn other_calls_run_in_the_runtime() {
    assert_eq!(additions(|| einsum!("i,i->", &line(512), &line(512))), 512 + 4);
    assert_ne!(additions(|| einsum!("i,i->", &line(513), &line(513))), 513 + 4);
    assert_eq!(additions(|| einsum!("ij,ij->", &matrix(2, 256), &matrix(2, 256))), 512 + 4);
    assert_ne!(additions(|| einsum!("ij,ij->", &matrix(2, 257), &matrix(2, 257))), 514 + 4);
    assert_eq!(additions(|| einsum!("ij,jk->ik", &matrix(2, 128), &matrix(128, 2))), 512);
    assert_ne!(additions(|| einsum!("ij,jk->ik", &matrix(2, 129), &matrix(129, 2))), 516);
    assert_eq!(additions(|| einsum!("ij,jk->ik", &matrix(2, 0), &matrix(0, 4))), 0);
    let (a, b) = (matrix(1, 2), matrix(2, 1));
    assert_eq!(additions(|| einsum!("ij,jk->ik", &a, &b)), 2);
    let one = matrix(1, 1);
    let chain =
        |n: usize| additions(|| einsum!("ij,jk,kl->il", &matrix(2, n), &matrix(n, 1), &one));
    assert_eq!(chain(384), 768);
    assert_ne!(chain(385), 770);
    // Five loops, and five factors.
    let x = line(1);
    assert_eq!(additions(|| einsum!("ij,kl,m->", &one, &one, &x)), 0);
    assert_eq!(additions(|| einsum!("i,i,ij,j->", &x, &x, &one, &x)), 1 + 4);
    assert_eq!(additions(|| einsum!("i,i,ij,j,j->", &x, &x, &one, &x, &x)), 0);
    assert_eq!(additions(|| einsum_grad!("ij,jk->ik", &a, &b; &matrix(1, 1))), 0);
    assert_eq!(additions(|| einsum!("...ij,...jk->...ik", &a, &b)), 1);
}

/// Shapes that do not fit are refused by the runtime, whatever their size.
#[test]
fn shapes_are_compared_first() {
    let error = try_einsum!("ij,jk->ik", &matrix(2, 3), &matrix(2, 3)).unwrap_err();
    assert_eq!(error.label(), Some("j"));
    let (mut c, x) = (matrix(2, 2), line(3));
    let call = std::panic::AssertUnwindSafe(|| einsum_into!("i,i->ii", &x, &x => &mut c));
    assert!(std::panic::catch_unwind(call).is_err());
    assert_eq!(c, matrix(2, 2));
    let mut c = matrix(3, 2);
    let call = std::panic::AssertUnwindSafe(|| einsum_into!("i,j->ij", &x, &x => &mut c));
    assert!(std::panic::catch_unwind(call).is_err());
    assert_eq!(c, matrix(3, 2));
}
