//! A contraction with its memory, run by a kernel and one multiplication at a time.

use core::fmt::Debug;

use num_complex::Complex;

use crate::engine::Contract;
use crate::guarded::Guarded;
use crate::kernel::prepare::prepare;
use crate::kernel::{Dim, Dims, Kernel, Mode, Read, contract, prepared_binary};
use crate::oracle::{self, Random};

pub(super) trait Sample: Contract + Debug {
    fn small(random: &mut Random) -> Self;
    fn nan() -> Self;
    fn is_nan(self) -> bool;
}

macro_rules! sample {
    ($($float:ident)*) => { $(
        impl Sample for $float {
            fn small(random: &mut Random) -> Self {
                random.below(7) as $float - 3.0
            }
            fn nan() -> Self {
                $float::NAN
            }
            fn is_nan(self) -> bool {
                self.is_nan()
            }
        }
    )* };
}
sample!(f32 f64);

macro_rules! sample_integers {
    ($($integer:ident)*) => { $(
        impl Sample for $integer {
            /// Any number: products and sums wrap.
            fn small(random: &mut Random) -> Self {
                (random.below(1 << 31) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) as $integer
            }
            fn nan() -> Self {
                $integer::MIN + 0x5eed
            }
            fn is_nan(self) -> bool {
                self == Self::nan()
            }
        }
    )* };
}
sample_integers!(i32 i64);

macro_rules! sample_complex {
    ($($float:ident)*) => { $(
        impl Sample for Complex<$float> {
            fn small(random: &mut Random) -> Self {
                Complex::new($float::small(random), $float::small(random))
            }
            fn nan() -> Self {
                Complex::new($float::NAN, $float::NAN)
            }
            fn is_nan(self) -> bool {
                self.re.is_nan() && self.im.is_nan()
            }
        }
    )* };
}
sample_complex!(f32 f64);

/// A loop of a case: its extent, and the arrays that it steps through.
#[derive(Clone, Copy, Debug)]
pub(super) struct Letter {
    pub(super) extent: usize,
    x: bool,
    y: bool,
    c: bool,
}

pub(super) const fn letter(extent: usize, arrays: &str) -> Letter {
    let mut letter = Letter { extent, x: false, y: false, c: false };
    let arrays = arrays.as_bytes();
    let mut i = 0;
    while i < arrays.len() {
        match arrays[i] {
            b'x' => letter.x = true,
            b'y' => letter.y = true,
            b'c' => letter.c = true,
            _ => panic!("no such array"),
        }
        i += 1;
    }
    letter
}

/// An array's steps for the letters, in the order of `order` from the outermost; the memory that it takes.
struct Placed {
    steps: Vec<isize>,
    first: isize,
    len: usize,
}

const MARGIN: usize = 3;

fn place(
    letters: &[Letter],
    order: &[usize],
    has: fn(&Letter) -> bool,
    random: Option<&mut Random>,
) -> Placed {
    let mut placed = Placed { steps: vec![0; letters.len()], first: MARGIN as isize, len: 0 };
    let mut step = 1_isize;
    let mut random = random;
    let mut odd = |n: usize| random.as_mut().is_some_and(|r| r.one_in(n));
    if odd(12) {
        step = 2;
    }
    for &l in order.iter().rev().filter(|&&l| has(&letters[l])) {
        let extent = letters[l].extent.cast_signed();
        placed.steps[l] = step;
        step *= extent;
        if odd(6) {
            step += 1;
        }
        if odd(8) {
            placed.first += placed.steps[l] * (extent - 1);
            placed.steps[l] = -placed.steps[l];
        }
    }
    placed.len = step.cast_unsigned() + 2 * MARGIN;
    placed
}

#[derive(Clone)]
pub(super) struct Case<T> {
    dims: Dims<2>,
    sources: [(Vec<T>, isize); 2],
    out: (Vec<T>, isize),
    conjugated: [bool; 2],
}

/// Lays a case out; `orders` are those of X, Y, and C.
pub(super) fn case<T: Sample>(
    letters: &[Letter],
    orders: [&[usize]; 3],
    data: &mut Random,
    mut odd: Option<&mut Random>,
) -> Case<T> {
    let x = place(letters, orders[0], |l| l.x, odd.as_deref_mut());
    let y = place(letters, orders[1], |l| l.y, odd.as_deref_mut());
    let c = place(letters, orders[2], |l| l.c, odd);
    let dims = letters
        .iter()
        .enumerate()
        .map(|(i, l)| Dim {
            extent: l.extent,
            out: c.steps[i],
            sources: [x.steps[i], y.steps[i]],
            summed: !l.c,
        })
        .collect();
    let conjugated = [data.one_in(2), data.one_in(2)];
    let mut fill = |p: &Placed| ((0..p.len).map(|_| T::small(data)).collect(), p.first);
    Case { dims, sources: [fill(&x), fill(&y)], out: fill(&c), conjugated }
}

/// One multiplication at a time.
fn expected<T: Sample>(case: &Case<T>, mode: Mode<T>) -> Vec<T> {
    let source = |p: usize| {
        let (memory, first) = &case.sources[p];
        (&memory[..], *first, case.conjugated[p])
    };
    let (out, first) = &case.out;
    let sums = oracle::sums(&case.dims, [source(0), source(1)], (out.len(), *first));
    out.iter().zip(sums).map(|(&old, sum)| oracle::enter(mode, old, sum)).collect()
}

pub(super) fn modes<T: Sample>(random: &mut Random) -> [Mode<T>; 4] {
    let (alpha, beta) = (T::small(random), T::small(random));
    [
        Mode::Assign,
        Mode::Scale { alpha: T::ONE, beta: T::ONE },
        Mode::Scale { alpha, beta },
        Mode::Scale { alpha, beta: T::ZERO },
    ]
}

/// Runs a case in a mode.
pub(super) fn check<T: Sample>(mut case: Case<T>, mode: Mode<T>, what: &dyn Debug) {
    if !oracle::reads_output(mode) {
        case.out.0.fill(T::nan());
    }
    let expected = expected(&case, mode);
    check_kernel(case.clone(), &expected, mode, T::KERNELS.binary, what);
    // Without the way for small products.
    check_kernel(case, &expected, mode, without_small::<T>, what);
}

fn check_kernel<T: Sample>(
    mut case: Case<T>,
    expected: &[T],
    mode: Mode<T>,
    kernel: Kernel<T, 2>,
    what: &dyn Debug,
) {
    // Nothing can be read behind the last element of a source.
    let guarded = [0, 1].map(|p| {
        let (memory, first) = &case.sources[p];
        let reach = |d: &Dim<2>| d.sources[p].max(0) * (d.extent.cast_signed() - 1);
        let last = first + case.dims.iter().map(reach).sum::<isize>();
        Guarded::of(&memory[..=last.cast_unsigned()])
    });
    let reads = [0, 1].map(|p| {
        let first = case.sources[p].1;
        let ptr = guarded[p].as_ptr().wrapping_offset(first);
        Read { ptr, conjugated: case.conjugated[p] }
    });
    let out = case.out.0.as_mut_ptr().wrapping_offset(case.out.1);
    let mut dims = case.dims.clone();
    // SAFETY: `place` keeps all points inside the vectors, and those of the output apart.
    unsafe { kernel(&mut dims, reads, out, mode) };
    let same = |(&a, &b): (&T, &T)| a == b || (a.is_nan() && b.is_nan());
    let wrong = case.out.0.iter().zip(expected).position(|pair| !same(pair));
    assert!(wrong.is_none(), "element {wrong:?}: {:?} {mode:?} {what:?}", case.dims);
}

/// The engine alone, also for products that the small path would take.
unsafe fn without_small<T: Contract>(
    dims: &mut Dims<2>,
    mut sources: [Read<T>; 2],
    mut out: *mut T,
    mode: Mode<T>,
) {
    let work = prepare(dims, &mut sources, &mut out);
    // SAFETY: the caller's duties; `prepare` keeps the points.
    unsafe {
        if !contract(work, dims, sources, out, mode) {
            prepared_binary(work, dims, sources, out, mode);
        }
    }
}
