//! Allocations: after the first calls of a thread only results are allocated, and nothing by `einsum_into!`. On several
//! threads there is also what tells the others of a computation that is divided, hence there is one. Windows are counted in
//! bytes: whatever a kernel's size, there is no more than a few buffers of bounded size.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::fmt::Debug;

use einloom::{Element, einsum, einsum_fn, einsum_grad, einsum_into, einsum_view, try_einsum};
use ndarray::{Array, Array1, Array2, Array3, Array4, ArrayD, Dimension, ShapeBuilder};
use num_complex::Complex;
use rayon_core::ThreadPoolBuilder;

/// Counts the allocations of each thread, and their bytes.
struct Counting;

thread_local!(static COUNT: Cell<usize> = const { Cell::new(0) });
thread_local!(static BYTES: Cell<usize> = const { Cell::new(0) });

fn count(bytes: usize) {
    let _ = COUNT.try_with(|count| count.set(count.get() + 1));
    let _ = BYTES.try_with(|all| all.set(all.get() + bytes));
}

// SAFETY: the system's allocator does all of it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller's duty.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: the caller's duty.
        unsafe { System.dealloc(ptr, layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count(new_size);
        // SAFETY: the caller's duty.
        unsafe { System.realloc(ptr, layout, new_size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Runs a call until the thread has the memory that it keeps, and returns how often one more allocates.
fn allocations<R>(mut call: impl FnMut() -> R) -> usize {
    for _ in 0..3 {
        call();
    }
    let before = COUNT.get();
    let result = call();
    let count = COUNT.get() - before;
    drop(result);
    count
}

/// Runs a test where computations are not divided.
fn alone(test: fn()) {
    ThreadPoolBuilder::new().num_threads(1).build().unwrap().install(test);
}

/// Asserts how often each call allocates.
macro_rules! allocate {
    ($what:expr; $($count:literal: $call:expr;)*) => { $(
        assert_eq!(allocations(|| $call), $count, "{}: {:?}", stringify!($call), $what);
    )* };
}

/// Extents where emitted code runs its own loops, nests are tiny, tables lie on the stack, blocks are packed, and none fits
/// the width of a vector.
const EXTENTS: [usize; 5] = [1, 3, 19, 64, 300];

fn matrix<T: Element>(n: usize) -> Array2<T> {
    Array2::from_elem((n, n), T::ONE)
}

fn contractions<T: Element + Debug>() {
    for n in EXTENTS {
        let (a, b, mut c) = (matrix::<T>(n), matrix::<T>(n), matrix::<T>(n));
        let mut turned = Array2::from_elem((n, n).f(), T::ONE);
        let (x, mut y) = (Array1::from_elem(n, T::ONE), Array1::from_elem(n, T::ONE));
        let mut scalar = [T::ZERO];
        let two = T::add(T::ONE, T::ONE);
        allocate! { (std::any::type_name::<T>(), n);
            1: einsum!("ij,jk->ik", &a, &b);
            1: einsum!("ij,kj->ik", &a, &b);
            1: einsum!("ji,jk->ik", &a, &b);
            1: einsum!("ij,jk->ki", &a, &b);
            1: einsum!("ij,jk->ik", a.t(), &b.slice(ndarray::s![..;-1, ..]));
            1: einsum!("...ij,...jk->...ik", &a, &b);
            1: try_einsum!("ij,jk->ik", &a, &b);
            1: einsum!("ij,j->i", &a, &x);
            1: einsum!("ij,i->j", &a, &x);
            0: einsum!("i,i->", &x, &x);
            0: einsum!("ij,ij->", &a, &b);
            0: einsum!("ij,ji->", &a, &b);
            2: einsum_grad!("ij,jk->ik", &a, &b; &c);
            0: einsum_into!("ij,jk->ik", &a, &b => &mut c);
            0: einsum_into!("ij,jk->ik", &a, &b => &mut turned);
            0: einsum_into!("ij,kj->ki", &a, &b => &mut c; alpha = two, beta = two);
            0: einsum_into!("ij,j->i", &a, &x => &mut y; beta = two);
            0: einsum_into!("i,i->1", &x, &x => &mut scalar);
        }
    }
}

fn one_pass<T: Element + Debug>() {
    for n in EXTENTS {
        let (a, b, mut c) = (matrix::<T>(n), matrix::<T>(n), matrix::<T>(n));
        let (x, mut y) = (Array1::from_elem(n, T::ONE), Array1::from_elem(n, T::ONE));
        allocate! { (std::any::type_name::<T>(), n);
            1: einsum!("ij->ji", &a);
            1: einsum!("ij->ij", a.t());
            1: einsum!("ij->i", &a);
            1: einsum!("ij->j", &a);
            0: einsum!("ij->", &a);
            0: einsum!("ii->", &a);
            1: einsum!("ii->i", &a);
            1: einsum!("i->ii", &x);
            1: einsum!("i->ij", &x; j = 5);
            1: einsum!("ij,ij->ij", &a, &b);
            1: einsum!("ij,ji->ij", &a, &b);
            1: einsum!("ij,i->ij", &a, &x);
            1: einsum!("ij,j->ij", &a, &x);
            1: einsum!("i,j->ij", &x, &x);
            0: einsum_view!("ij->ji", &a);
            0: einsum_into!("ij->ji", &a => &mut c);
            0: einsum_into!("ij->j", &a => &mut y);
            0: einsum_into!("ij,ij->ij", &a, &b => &mut c);
            0: einsum_into!("i,j->ij", &x, &x => &mut c);
        }
    }
}

fn batches<T: Element + Debug>() {
    for n in [2, 5, 24] {
        let mut c: Array3<T> = Array3::from_elem((n + 1, n, n), T::ONE);
        let (a, b) = (c.clone(), c.clone());
        let (last, dynamic) = (Array3::from_elem((n, n, n + 1), T::ONE), a.clone().into_dyn());
        allocate! { (std::any::type_name::<T>(), n);
            1: einsum!("bij,bjk->bik", &a, &b);
            1: einsum!("bij,bkj->bik", &a, &b);
            1: einsum!("ijb,jkb->ikb", &last, &last);
            1: einsum!("bij,bij->b", &a, &b);
            1: einsum!("bij->ijb", &a);
            1: einsum!("bij->b", &a);
            1: einsum!("bij,bij->bij", &a, &b);
            0: einsum_into!("bij,bjk->bik", &a, &b => &mut c);
            0: einsum_into!("ijb->bij", &last => &mut c);
            // ndarray's shapes of dynamic rank are on the stack up to four axes.
            1: { let y: ArrayD<T> = einsum!("...ij,...jk->...ik", &dynamic, &dynamic); y };
        }
    }
}

/// Intermediates are made in memory that the thread keeps.
fn chains<T: Element + Debug>() {
    for n in EXTENTS {
        let (a, b, mut c) = (matrix::<T>(n), matrix::<T>(n), matrix::<T>(n));
        let (x, y) = (Array1::from_elem(n, T::ONE), Array1::from_elem(n, T::ONE));
        allocate! { (std::any::type_name::<T>(), n);
            1: einsum!("ij,jk,kl->il", &a, &b, &c);
            1: einsum!("ij,jk,kl,lm->im", &a, &b, &c, &a);
            1: einsum!("ij,jk,k->i", &a, &b, &x);
            1: einsum!("ij,i,j->ij", &a, &x, &y);
            1: einsum!("ij,ji,ij,ji->ij", &a, &b, &a, &a);
            1: einsum!("ij,ji,ij->i", &a, &b, &a);
            0: einsum!("ij,ji,ij->", &a, &b, &a);
            0: einsum!("i,ij,j->", &x, &a, &y);
            3: einsum_grad!("ij,jk,kl->il", &a, &b, &c; &a);
            4: einsum_grad!("ij,jk,kl,lm->im", &a, &b, &c, &a; &b);
            3: einsum_grad!("i,ij,j->", &x, &a, &y; T::ONE);
            0: einsum_into!("ij,jk,kl->il", &a, &b, &a => &mut c);
        }
    }
}

einsum_fn! {
    #[hvp]
    fn product(a: "ij", b: "jk") -> "ik";
    fn chain(a: "ij", b: "jk", c: "kl") -> "il";
    fn bilinear(x: "i", a: "ij", y: "j") -> "";
    fn batched(a: "... i j", b: "... j k") -> "... i k";
}

/// One allocation a new array, and none where results are added to existing ones.
fn functions<T: Element + Debug>() {
    for n in EXTENTS {
        let (a, b, dy) = (matrix::<T>(n), matrix::<T>(n), matrix::<T>(n));
        let x = Array1::from_elem(n, T::ONE);
        let (mut da, mut db, mut dc) = (a.clone(), a.clone(), a.clone());
        allocate! { (std::any::type_name::<T>(), n);
            1: product(&a, &b);
            2: product::vjp(&a, &b, &dy);
            3: product::value_and_vjp(&a, &b, &dy);
            1: product::grad_a(&b, &dy);
            1: product::jvp(&a, &b, &a, &b);
            2: product::value_and_jvp(&a, &b, &a, &b);
            2: product::hvp(&a, &b, &dy, &a, &b);
            0: product::vjp_into(&a, &b, &dy, &mut da, &mut db);
            0: product::grad_b_into(&a, &dy, &mut db);
            4: chain::value_and_vjp(&a, &b, &a, &dy);
            0: chain::vjp_into(&a, &b, &a, &dy, &mut da, &mut db, &mut dc);
            0: bilinear(&x, &a, &x);
            3: bilinear::value_and_vjp(&x, &a, &x, T::ONE);
            1: batched(&a, &b);
            2: batched::vjp(&a, &b, &dy);
        }
    }
}

/// More intermediates at once than operands; all of them in memory that the thread keeps.
fn long_chains<T: Element + Debug>() {
    for n in [3, 19, 64] {
        let (a, x, s) = (matrix::<T>(n), Array1::from_elem(n, T::ONE), T::ONE);
        allocate! { (std::any::type_name::<T>(), n);
            8: einsum_grad!(
                "ab,bc,cd,de,ef,fg,gh,hi->ai", &a, &a, &a, &a, &a, &a, &a, &a; &a
            );
            // A gradient without axes is no array, and one of an ellipsis is.
            3: einsum_grad!("...i,ij,,j->...", &a, &a, s, &x; &x);
        }
    }
}

macro_rules! element_types {
    ($($name:ident: $type:ty;)*) => { $(
        mod $name {
            use super::*;

            #[test]
            fn contractions() {
                alone(super::contractions::<$type>);
            }

            #[test]
            fn one_pass() {
                alone(super::one_pass::<$type>);
            }

            #[test]
            fn batches() {
                alone(super::batches::<$type>);
            }

            #[test]
            fn chains() {
                alone(super::chains::<$type>);
            }

            #[test]
            fn functions() {
                alone(super::functions::<$type>);
            }

            #[test]
            fn long_chains() {
                alone(super::long_chains::<$type>);
            }
        }
    )* };
}

element_types! {
    f32: f32;
    f64: f64;
    complex_f32: Complex<f32>;
    complex_f64: Complex<f64>;
}

/// Element types without kernels of their own.
#[test]
fn integers() {
    for n in [1, 3, 7, 19, 70] {
        let (a, mut c) = (matrix::<i64>(n), matrix::<i64>(n));
        allocate! { n;
            1: einsum!("ij,jk->ik", &a, &a);
            1: einsum!("ij,jk,kl->il", &a, &a, &a);
            1: einsum!("ij->ji", &a);
            0: einsum!("ij->", &a);
            0: einsum_into!("ij,jk->ik", &a, &a => &mut c);
        }
    }
}

/// What a thread may allocate besides results in its first call, buffers and tables together.
const SCRATCH: usize = 4 << 20;

/// Asserts that the first call on a thread allocates its result and bounded scratch, and a later one the result alone.
fn in_bounds<R: Results>(what: &str, call: impl Fn() -> R + Send + Sync) {
    let bytes = |count: usize| {
        let before = BYTES.get();
        let results = (0..count).map(|_| call().bytes()).sum::<usize>();
        BYTES.get() - before - results
    };
    let (first, later) = std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let pool = ThreadPoolBuilder::new().num_threads(1).build().unwrap();
            pool.install(|| {
                let first = bytes(1);
                bytes(2);
                (first, bytes(1))
            })
        });
        thread.join().unwrap()
    });
    println!("{what}: {first}");
    assert!(first <= SCRATCH, "{what}: {first} bytes");
    assert_eq!(later, 0, "{what}");
}

/// The bytes of results.
trait Results {
    fn bytes(&self) -> usize;
}

impl<D: Dimension> Results for Array<f32, D> {
    fn bytes(&self) -> usize {
        size_of::<f32>() * self.len()
    }
}

impl<A: Results, B: Results> Results for (A, B) {
    fn bytes(&self) -> usize {
        self.0.bytes() + self.1.bytes()
    }
}

/// A convolution, and its gradients.
macro_rules! windows {
    ($string:literal, $x:expr, $w:expr) => {
        let (x, w) = ($x, $w);
        in_bounds($string, || einsum!($string, &x, &w));
        let y = einsum!($string, &x, &w);
        in_bounds(concat!("gradients of ", $string), || einsum_grad!($string, &x, &w; &y));
    };
}

/// Kernels 31 wide. Copies of all windows would take 31 or 961 times the bytes of an operand, here 8 to 40 MB.
#[test]
fn wide_windows() {
    let ones = |shape: [usize; 4]| Array4::from_elem(shape, 1.0_f32);
    let plane = |n: usize| Array2::from_elem((n, n), 1.0_f32);
    windows!("b c (y+u) (x+v), o c u v -> b o y x", ones([1, 4, 70, 70]), ones([5, 4, 31, 31]));
    windows!(
        "b c (y+u-15) (x+v-15), o c u v -> b o y x",
        ones([1, 4, 50, 50]),
        ones([5, 4, 31, 31])
    );
    windows!("b c (2*y+u) (2*x+v), o c u v -> b o y x", ones([1, 4, 91, 91]), ones([5, 4, 31, 31]));
    // So many channels that vectors are along them.
    windows!("b c (y+u) (x+v), o c u v -> b o y x", ones([1, 4, 70, 70]), ones([48, 4, 31, 31]));
    windows!(
        "b c (y+u-1) (x+v-1), o c u v -> b o y x",
        ones([4, 256, 14, 14]),
        ones([64, 256, 3, 3])
    );
    windows!(
        "b c y (x+v), o c v -> b o y x",
        ones([2, 16, 20, 150]),
        Array3::from_elem((20, 16, 31), 1.0_f32)
    );
    // An operand that is larger than the bound.
    windows!(
        "b c (x+k-15), o c k -> b o x",
        Array3::from_elem((1, 4, 500_000), 1.0_f32),
        Array3::from_elem((5, 4, 31), 1.0_f32)
    );
    // Weights with results adjacent, of which blocks may be copied.
    windows!(
        "b c (x+k), k c o -> b o x",
        Array3::from_elem((1, 350, 202), 1.0_f32),
        Array3::from_elem((3, 350, 1530), 1.0_f32)
    );
    windows!(
        "b c (x+k-1), k c o -> b o x",
        Array3::from_elem((2, 350, 200), 1.0_f32),
        Array3::from_elem((3, 350, 1530), 1.0_f32)
    );
    windows!("(y+u) (x+v), u v -> y x", plane(130), plane(31));
    windows!("(y+u-15) (x+v-15), u v -> y x", plane(100), plane(31));
    windows!("(2*y+u) (2*x+v), u v -> y x", plane(231), plane(31));
    windows!(
        "b c (y+u-15) (x+v-15), c u v -> b c y x",
        ones([1, 3, 60, 60]),
        Array3::from_elem((3, 31, 31), 1.0_f32)
    );
    windows!(
        "b (y+u-15) (x+v-15) c, u v c -> b y x c",
        ones([1, 60, 60, 20]),
        Array3::from_elem((31, 31, 20), 1.0_f32)
    );
}
