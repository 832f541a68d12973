//! Elements of users: any semiring, size, and alignment, without an equality, and with panics, which leak nothing.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use einsum_runtime::codegen::*;
use einsum_runtime::scalar_operand;
use ndarray::prelude::*;

mod program;

use program::{fill, nest, operand_of, output_of, program, program_into, read, run, run_scalar};

const PRODUCT: Nest = nest(&[0, 2], &[1], &[read(0, &[0, 2]), read(1, &[2, 1])], &[0, 1]);
static MATMUL: Program = program!(
    "i" "j" "k"; operand_of(0, &[0, 1]), operand_of(1, &[1, 2]); PRODUCT
);
static MATMUL_INTO: Program = program_into!(
    "i" "j" "k"; operand_of(0, &[0, 1]), operand_of(1, &[1, 2]), output_of(&[0, 2]); PRODUCT
);
/// The cube of a matrix, with an intermediate.
static CUBE: Program = program!(
    "i" "j" "k" "l";
    operand_of(0, &[0, 1]), operand_of(1, &[1, 2]), operand_of(2, &[2, 3]);
    PRODUCT,
    nest(&[0, 3], &[2], &[read(3, &[0, 2]), read(2, &[2, 1])], &[0, 1])
);
static SUM: Program = program!("i"; operand_of(0, &[0]); nest(&[], &[0], &[read(0, &[0])], &[]));
static ROW_SUMS: Program =
    program!("i" "j"; operand_of(0, &[0, 1]); nest(&[0], &[1], &[read(0, &[0, 1])], &[0]));

/// Counts the bytes that this thread has and has not freed.
struct Counting;

thread_local!(static BYTES: Cell<isize> = const { Cell::new(0) });

// SAFETY: the system's allocator does all of it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = BYTES.try_with(|bytes| bytes.set(bytes.get() + layout.size().cast_signed()));
        // SAFETY: the caller's duty.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        let _ = BYTES.try_with(|bytes| bytes.set(bytes.get() - layout.size().cast_signed()));
        // SAFETY: the caller's duty.
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The max-plus semiring.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Tropical(f64);

scalar_operand!(Tropical);

impl Element for Tropical {
    const ZERO: Self = Tropical(f64::NEG_INFINITY);
    const ONE: Self = Tropical(0.0);
    fn add(a: Self, b: Self) -> Self {
        Tropical(a.0.max(b.0))
    }
    fn mul(a: Self, b: Self) -> Self {
        Tropical(a.0 + b.0)
    }
}

#[test]
fn a_semiring_of_a_user() {
    let a = Array2::from_shape_fn((20, 20), |(i, j)| Tropical((i * 7 + j * 3) as f64 % 11.0));
    let a0 = operand::<2, _>(&a);
    let y: Array2<Tropical> = run(&MATMUL, &a0, &[a0.erased(), a0.erased()]);
    for ((i, k), y) in y.indexed_iter() {
        let paths = (0..20).map(|j| a[[i, j]].0 + a[[j, k]].0);
        assert_eq!(y.0, paths.fold(f64::NEG_INFINITY, f64::max));
    }
    let none = Array1::from_elem(0, Tropical::ONE);
    let n0 = operand::<1, _>(&none);
    assert_eq!(run_scalar(&SUM, &n0, &[n0.erased()]), Tropical::ZERO);
}

/// Nothing equals anything: no decision about memory may rest on a user's `==`.
#[derive(Clone, Copy, Debug)]
struct Unequal(i32);

impl PartialEq for Unequal {
    fn eq(&self, _other: &Self) -> bool {
        false
    }
}

scalar_operand!(Unequal);

impl Element for Unequal {
    const ZERO: Self = Unequal(0);
    const ONE: Self = Unequal(1);
    fn add(a: Self, b: Self) -> Self {
        Unequal(a.0 + b.0)
    }
    fn mul(a: Self, b: Self) -> Self {
        Unequal(a.0 * b.0)
    }
}

#[test]
fn an_element_without_equality() {
    let a = Array2::from_elem((3, 0), Unequal(1));
    let a0 = operand::<2, _>(&a);
    let sums: Array1<Unequal> = run(&ROW_SUMS, &a0, &[a0.erased()]);
    assert!(sums.len() == 3 && sums.iter().all(|x| x.0 == 0));
    let b = Array2::from_elem((20, 600), Unequal(1));
    let b0 = operand::<2, _>(&b);
    let turned = b.t();
    let b1 = operand_like::<2, _, _, _>(&turned, &b0);
    let y: Array2<Unequal> = run(&MATMUL, &b0, &[b0.erased(), b1.erased()]);
    assert!(y.iter().all(|x| x.0 == 600));
}

/// The integers modulo 256, aligned more than any allocator does unasked.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(align(256))]
struct Aligned(u8);

scalar_operand!(Aligned);

impl Element for Aligned {
    const ZERO: Self = Aligned(0);
    const ONE: Self = Aligned(1);
    fn add(a: Self, b: Self) -> Self {
        // A reference to where a value lies, which must be aligned.
        for value in [&a, &b] {
            assert!(std::ptr::from_ref(value).is_aligned());
        }
        Aligned(a.0.wrapping_add(b.0))
    }
    fn mul(a: Self, b: Self) -> Self {
        Aligned(a.0.wrapping_mul(b.0))
    }
}

/// Elements without a value: the only one is zero and one.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(align(128))]
struct Nothing;

scalar_operand!(Nothing);

impl Element for Nothing {
    const ZERO: Self = Nothing;
    const ONE: Self = Nothing;
    fn add(_a: Self, _b: Self) -> Self {
        Nothing
    }
    fn mul(_a: Self, _b: Self) -> Self {
        Nothing
    }
}

#[test]
fn alignment_and_size_of_elements() {
    for n in [0, 1, 3, 11] {
        let a = Array2::from_shape_fn((n, n), |(i, j)| Aligned((i * 3 + j) as u8));
        let plain = a.mapv(|x| u32::from(x.0));
        let a0 = operand::<2, _>(&a);
        let y: Array2<Aligned> = run(&CUBE, &a0, &[a0.erased(), a0.erased(), a0.erased()]);
        assert_eq!(y.mapv(|x| u32::from(x.0)), plain.dot(&plain).dot(&plain).mapv(|x| x % 256));
        assert!(y.as_ptr().is_aligned());
        let b = Array2::from_elem((n, n), Nothing);
        let b0 = operand::<2, _>(&b);
        let y: Array2<Nothing> = run(&CUBE, &b0, &[b0.erased(), b0.erased(), b0.erased()]);
        assert_eq!(y, b);
        assert!(y.as_ptr().is_aligned());
    }
}

/// Panics when a product meets `u8::MAX`.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Fragile<T: Copy>(u8, T);

scalar_operand!(impl<T> for Fragile<T> where T: Copy);

impl Element for Fragile<u8> {
    const ZERO: Self = Fragile(0, 0);
    const ONE: Self = Fragile(1, 0);
    fn add(a: Self, b: Self) -> Self {
        Fragile(a.0.wrapping_add(b.0), 0)
    }
    fn mul(a: Self, b: Self) -> Self {
        assert!(a.0 < u8::MAX && b.0 < u8::MAX, "fragile");
        Fragile(a.0.wrapping_mul(b.0), 0)
    }
}

/// New arrays, intermediates, and packed blocks are freed, and outputs stay arrays of elements.
#[test]
fn a_panicking_element() {
    for n in [2, 3, 30, 70] {
        let mut a = Array2::from_elem((n, n), Fragile(3, 0));
        a[[n / 2, n - 1]] = Fragile(u8::MAX, 0);
        let mut c = a.clone();
        let mut panics = || {
            let a0 = operand::<2, _>(&a);
            let arrays = || [a0.erased(), a0.erased()];
            let fresh = || run::<_, Ix2, 2, _, _>(&MATMUL, &a0, &arrays());
            assert!(catch_unwind(AssertUnwindSafe(fresh)).is_err());
            let cube = || {
                let arrays = [a0.erased(), a0.erased(), a0.erased()];
                run::<_, Ix2, 2, _, _>(&CUBE, &a0, &arrays)
            };
            assert!(catch_unwind(AssertUnwindSafe(cube)).is_err());
            let mut c0 = output::<2, _, _, _>(&mut c, &a0);
            let into = || {
                let arrays = [a0.erased(), a0.erased(), c0.erased()];
                fill(&MATMUL_INTO, &a0, &arrays, None, Some(Fragile::ONE));
            };
            assert!(catch_unwind(AssertUnwindSafe(into)).is_err());
            let direct = || {
                let mut row = a0.row(n * n);
                let [x, y] = [0, 1].map(|_| a0.along((n, n, 1, 1), 0, 1));
                sums2::<_, _, _, 2, 0, true>(
                    (a0.arithmetic(), (a0.static_extents(),)),
                    &mut row,
                    x,
                    y,
                );
                a0.array::<2, Ix2>(row, [n, n])
            };
            assert!(catch_unwind(AssertUnwindSafe(direct)).is_err());
        };
        // The first panic makes what the thread keeps: its intermediates, and what the test harness captures.
        std::panic::set_hook(Box::new(|_| {}));
        panics();
        let before = BYTES.get();
        panics();
        let leaked = BYTES.get() - before;
        drop(std::panic::take_hook());
        assert_eq!(leaked, 0, "{n}");
        assert_eq!(c.iter().map(|x| usize::from(x.1)).sum::<usize>(), 0);
    }
}
