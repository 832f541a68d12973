//! Rows of integers: loops that the compiler turns into vectors of the processor's size, compiled for every level.

use core::slice::{from_raw_parts, from_raw_parts_mut};

use crate::element::Element;
use crate::kernel::accumulate::Terms;
use crate::kernel::elementwise;
#[cfg(target_arch = "x86_64")]
use crate::kernel::level::Level;
use crate::kernel::{Dim, Read};

/// Writes a function that calls another one, which must always be inlined, compiled for the level of the processor.
macro_rules! at_every_level {
    ($(#[$doc:meta])* $vis:vis unsafe fn $name:ident<$($of:ident $(: $bound:ident)?),*>(
        $($arg:ident: $type:ty),* $(,)?
    ) = $body:path;) => {
        $(#[$doc])*
        $vis unsafe fn $name<$($of $(: $bound)?),*>($($arg: $type),*) {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
                unsafe fn avx512<$($of $(: $bound)?),*>($($arg: $type),*) {
                    // SAFETY: the caller's duties.
                    unsafe { $body($($arg),*) }
                }
                #[target_feature(enable = "avx2")]
                unsafe fn avx2<$($of $(: $bound)?),*>($($arg: $type),*) {
                    // SAFETY: the caller's duties.
                    unsafe { $body($($arg),*) }
                }
                // SAFETY: the caller's duties, and the machine's level.
                unsafe {
                    match Level::current() {
                        Level::Avx512 => return avx512($($arg),*),
                        Level::Avx2 => return avx2($($arg),*),
                        Level::Plain => {}
                    }
                }
            }
            // SAFETY: the caller's duties.
            unsafe { $body($($arg),*) }
        }
    };
}

at_every_level! {
    /// `to[i] = x[i] · y[i]`
    ///
    /// # Safety
    ///
    /// As [`elementwise::multiply_row`].
    pub(super) unsafe fn multiply_row<T: Element>(
        len: usize,
        step: &Dim<2>,
        to: *mut T,
        sources: [Read<T>; 2],
    ) = elementwise::multiply_row;
}

at_every_level! {
    /// `to[i] = to[i] · y[i]`, or by the same element if `is_constant`.
    ///
    /// # Safety
    ///
    /// Elements can be read and written at `len` adjacent places of `to`, and read of `y`; they do not overlap.
    pub(super) unsafe fn multiply_in_place<T: Element>(
        len: usize,
        to: *mut T,
        y: *const T,
        is_constant: bool,
    ) = in_place;
}

at_every_level! {
    unsafe fn add_rows_of_one<T: Element>(
        sums: &mut [T],
        x: *const T,
        step: isize,
        across: &Dim<1>,
    ) = add_one;
}

at_every_level! {
    unsafe fn add_rows_of_two<T: Element>(
        sums: &mut [T],
        sources: [*const T; 2],
        steps: [isize; 2],
        across: &Dim<2>,
    ) = add_two;
}

at_every_level! {
    unsafe fn sum_rows_of_one<T: Element>(
        sums: &mut [T],
        x: *const T,
        row: &Dim<1>,
        along: isize,
    ) = sum_one;
}

at_every_level! {
    unsafe fn sum_rows_of_two<T: Element>(
        sums: &mut [T],
        sources: [*const T; 2],
        row: &Dim<2>,
        along: [isize; 2],
    ) = sum_two;
}

/// # Safety
///
/// As [`multiply_in_place`].
#[inline(always)]
unsafe fn in_place<T: Element>(len: usize, to: *mut T, y: *const T, is_constant: bool) {
    // SAFETY: the caller's duties.
    let to = unsafe { from_raw_parts_mut(to, len) };
    if is_constant {
        // SAFETY: the caller's duties.
        let y = unsafe { y.read() };
        to.iter_mut().for_each(|to| *to = T::mul(*to, y));
    } else {
        // SAFETY: the caller's duties.
        let y = unsafe { from_raw_parts(y, len) };
        to.iter_mut().zip(y).for_each(|(to, &y)| *to = T::mul(*to, y));
    }
}

/// Rows that are added in one pass over the sums.
const ROWS: usize = 4;

/// # Safety
///
/// As [`Terms::add_rows`].
#[inline(always)]
unsafe fn add_one<T: Element>(sums: &mut [T], mut x: *const T, step: isize, across: &Dim<1>) {
    let len = sums.len();
    let [next] = across.sources;
    let mut left = across.extent;
    while left > 0 {
        if step != 1 {
            for (i, sum) in (0..).zip(&mut *sums) {
                // SAFETY: the caller's duties.
                *sum = T::add(*sum, unsafe { x.offset(i * step).read() });
            }
        } else if left >= ROWS {
            // SAFETY: the caller's duties; nobody writes to a source.
            let row = |r: isize| unsafe { from_raw_parts(x.offset(r * next), len) };
            let (a, b, c, d) = (row(0), row(1), row(2), row(3));
            for i in 0..len {
                let (ab, cd) = (T::add(a[i], b[i]), T::add(c[i], d[i]));
                sums[i] = T::add(sums[i], T::add(ab, cd));
            }
            left -= ROWS;
            x = x.wrapping_offset(ROWS.cast_signed() * next);
            continue;
        } else {
            // SAFETY: the caller's duties; nobody writes to a source.
            let row = unsafe { from_raw_parts(x, len) };
            sums.iter_mut().zip(row).for_each(|(sum, &x)| *sum = T::add(*sum, x));
        }
        left -= 1;
        x = x.wrapping_offset(next);
    }
}

/// # Safety
///
/// As [`Terms::add_rows`].
#[inline(always)]
unsafe fn add_two<T: Element>(
    sums: &mut [T],
    [mut x, mut y]: [*const T; 2],
    mut steps: [isize; 2],
    across: &Dim<2>,
) {
    let mut next = across.sources;
    if steps == [1, 0] {
        // Factors commute.
        core::mem::swap(&mut x, &mut y);
        steps.reverse();
        next.reverse();
    }
    let len = sums.len();
    let mut left = across.extent;
    while left > 0 {
        let many = left >= ROWS;
        let at = |r: isize| (x.wrapping_offset(r * next[0]), y.wrapping_offset(r * next[1]));
        // SAFETY: the caller's duties; nobody writes to a source.
        let row = |from: *const T| unsafe { from_raw_parts(from, len) };
        match steps {
            [0, 1] if many => {
                // SAFETY: the caller's duties, as rows are not empty.
                let of = |r: isize| unsafe { (at(r).0.read(), row(at(r).1)) };
                let ((a, p), (b, q), (c, r), (d, s)) = (of(0), of(1), of(2), of(3));
                for i in 0..len {
                    let ab = T::add(T::mul(a, p[i]), T::mul(b, q[i]));
                    let cd = T::add(T::mul(c, r[i]), T::mul(d, s[i]));
                    sums[i] = T::add(sums[i], T::add(ab, cd));
                }
            }
            [0, 1] => {
                // SAFETY: as above.
                let x = unsafe { x.read() };
                for (sum, &y) in sums.iter_mut().zip(row(y)) {
                    *sum = T::add(*sum, T::mul(x, y));
                }
            }
            [1, 1] => {
                for ((sum, &x), &y) in sums.iter_mut().zip(row(x)).zip(row(y)) {
                    *sum = T::add(*sum, T::mul(x, y));
                }
            }
            [x_step, y_step] => {
                for (i, sum) in (0..).zip(&mut *sums) {
                    // SAFETY: the caller's duties.
                    let (x, y) =
                        unsafe { (x.offset(i * x_step).read(), y.offset(i * y_step).read()) };
                    *sum = T::add(*sum, T::mul(x, y));
                }
            }
        }
        let rows = if many && steps == [0, 1] { ROWS } else { 1 };
        (x, y) = at(rows.cast_signed());
        left -= rows;
    }
}

/// # Safety
///
/// As [`Terms::sum_rows`].
#[inline(always)]
unsafe fn sum_one<T: Element>(sums: &mut [T], mut x: *const T, row: &Dim<1>, along: isize) {
    let (len, [step]) = (row.extent, row.sources);
    for sum in sums {
        let total = if step == 1 {
            // SAFETY: the caller's duties; nobody writes to a source.
            unsafe { from_raw_parts(x, len) }.iter().copied().fold(*sum, T::add)
        } else {
            // SAFETY: as above.
            let at = |i: isize| unsafe { x.offset(i * step).read() };
            (0..len.cast_signed()).map(at).fold(*sum, T::add)
        };
        *sum = total;
        x = x.wrapping_offset(along);
    }
}

/// # Safety
///
/// As [`Terms::sum_rows`].
#[inline(always)]
unsafe fn sum_two<T: Element>(
    sums: &mut [T],
    [mut x, mut y]: [*const T; 2],
    row: &Dim<2>,
    along: [isize; 2],
) {
    let (len, steps) = (row.extent, row.sources);
    for sum in sums {
        let add = |sum: T, (x, y): (T, T)| T::add(sum, T::mul(x, y));
        if steps == [1, 1] {
            // SAFETY: the caller's duties; nobody writes to a source.
            let (x, y) = unsafe { (from_raw_parts(x, len), from_raw_parts(y, len)) };
            *sum = x.iter().copied().zip(y.iter().copied()).fold(*sum, add);
        } else {
            // SAFETY: as above.
            let at = |i: isize| unsafe {
                (x.offset(i * steps[0]).read(), y.offset(i * steps[1]).read())
            };
            *sum = (0..len.cast_signed()).map(at).fold(*sum, add);
        }
        x = x.wrapping_offset(along[0]);
        y = y.wrapping_offset(along[1]);
    }
}

/// Sources of sums of integers. These may be added in any order.
#[derive(Clone, Copy)]
pub(super) struct Integers<T, const P: usize>(pub(super) [Read<T>; P]);

impl<T, const P: usize> Integers<T, P> {
    fn from(self, at: [isize; P]) -> [*const T; P] {
        let mut from = self.0.map(|source| source.ptr);
        for (from, at) in from.iter_mut().zip(at) {
            *from = from.wrapping_offset(at);
        }
        from
    }
}

impl<T: Element> Terms<T, 1> for Integers<T, 1> {
    unsafe fn sum_row(self, len: usize, at: [isize; 1], steps: [isize; 1]) -> T {
        // SAFETY: the caller's duties.
        unsafe { self.0.sum_row(len, at, steps) }
    }

    unsafe fn add_row(self, sums: &mut [T], at: [isize; 1], steps: [isize; 1]) {
        // SAFETY: the caller's duties.
        unsafe { self.0.add_row(sums, at, steps) }
    }

    unsafe fn sum_rows(self, sums: &mut [T], at: [isize; 1], row: &Dim<1>, [along]: [isize; 1]) {
        let [x] = self.from(at);
        // SAFETY: the caller's duties.
        unsafe { sum_rows_of_one(sums, x, row, along) }
    }

    unsafe fn add_rows(self, sums: &mut [T], at: [isize; 1], [step]: [isize; 1], across: &Dim<1>) {
        let [x] = self.from(at);
        // SAFETY: the caller's duties.
        unsafe { add_rows_of_one(sums, x, step, across) }
    }
}

impl<T: Element> Terms<T, 2> for Integers<T, 2> {
    unsafe fn sum_row(self, len: usize, at: [isize; 2], steps: [isize; 2]) -> T {
        // SAFETY: the caller's duties.
        unsafe { self.0.sum_row(len, at, steps) }
    }

    unsafe fn add_row(self, sums: &mut [T], at: [isize; 2], steps: [isize; 2]) {
        // SAFETY: the caller's duties.
        unsafe { self.0.add_row(sums, at, steps) }
    }

    unsafe fn sum_rows(self, sums: &mut [T], at: [isize; 2], row: &Dim<2>, along: [isize; 2]) {
        // SAFETY: the caller's duties.
        unsafe { sum_rows_of_two(sums, self.from(at), row, along) }
    }

    unsafe fn add_rows(self, sums: &mut [T], at: [isize; 2], steps: [isize; 2], across: &Dim<2>) {
        // SAFETY: the caller's duties.
        unsafe { add_rows_of_two(sums, self.from(at), steps, across) }
    }
}
