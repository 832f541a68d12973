//! The primitives of [`packing`](crate::kernel::packing) in plain Rust.

use crate::kernel::packing::{Packing, Pair, ROWS};

macro_rules! primitives {
    ($abi:literal) => {
        unsafe extern $abi fn copy(
            to: *mut u8,
            from: *const u8,
            reads: *const Pair,
            count: usize,
            bytes: usize,
            step: isize,
        ) {
            for i in 0..count {
                // SAFETY: the caller's duties.
                unsafe {
                    let from = from.wrapping_offset((*reads.add(i))[0]);
                    to.wrapping_offset(i.cast_signed() * step).copy_from_nonoverlapping(from, bytes);
                }
            }
        }

        unsafe extern $abi fn halve<const ELEMENT: usize>(
            to: *mut u8,
            from: *const u8,
            reads: *const Pair,
            count: usize,
            bytes: usize,
            step: isize,
        ) {
            for i in 0..count {
                let to = to.wrapping_offset(i.cast_signed() * step);
                for at in (0..bytes).step_by(ELEMENT) {
                    // SAFETY: the caller's duties.
                    unsafe {
                        let from = from.wrapping_offset((*reads.add(i))[0]).wrapping_add(2 * at);
                        to.wrapping_add(at).copy_from_nonoverlapping(from, ELEMENT);
                    }
                }
            }
        }

        unsafe extern $abi fn transpose<const ELEMENT: usize>(
            to: *mut u8,
            from: *const u8,
            rows: *const Pair,
            step: isize,
            columns: usize,
        ) {
            for q in 0..columns {
                let to = to.wrapping_offset(q.cast_signed() * step);
                // SAFETY: the caller's duties.
                unsafe { gather::<ELEMENT>(to, from.wrapping_add(q * ELEMENT), rows, ROWS) }
            }
        }

        unsafe extern $abi fn transpose_runs<const ELEMENT: usize>(
            to: *mut u8,
            from: *const u8,
            rows: *const Pair,
            step: isize,
            columns: usize,
            reads: *const Pair,
            count: usize,
        ) {
            for i in 0..count {
                let to = to.wrapping_offset((i * columns).cast_signed() * step);
                // SAFETY: the caller's duties.
                unsafe {
                    let from = from.wrapping_offset((*reads.add(i * columns))[0]);
                    transpose::<ELEMENT>(to, from, rows, step, columns);
                }
            }
        }

        unsafe extern $abi fn gather<const ELEMENT: usize>(
            to: *mut u8,
            from: *const u8,
            rows: *const Pair,
            count: usize,
        ) {
            for r in 0..count {
                // SAFETY: the caller's duties.
                unsafe {
                    let from = from.wrapping_offset((*rows.add(r))[0]);
                    to.wrapping_add(r * ELEMENT).copy_from_nonoverlapping(from, ELEMENT);
                }
            }
        }

        unsafe extern $abi fn fill(
            to: *mut Pair,
            count: usize,
            a: isize,
            b: isize,
            a_step: isize,
            b_step: isize,
        ) {
            for i in 0..count {
                let steps = i.cast_signed();
                // SAFETY: the caller's duties.
                unsafe { to.add(i).write([a + steps * a_step, b + steps * b_step]) }
            }
        }

        unsafe extern $abi fn stream(to: *mut u8, from: *const u8, bytes: usize) {
            // SAFETY: the caller's duties.
            unsafe { to.copy_from_nonoverlapping(from, bytes) }
        }
    };
}
#[cfg(target_arch = "x86_64")]
primitives!("sysv64");
#[cfg(not(target_arch = "x86_64"))]
primitives!("C");

const fn packing<const ELEMENT: usize>() -> Packing {
    Packing {
        copy,
        halve: halve::<ELEMENT>,
        transpose: transpose::<ELEMENT>,
        transpose_runs: transpose_runs::<ELEMENT>,
        gather: gather::<ELEMENT>,
        fill,
        stream,
    }
}

pub(crate) static PACKING_4: Packing = packing::<4>();
pub(crate) static PACKING_8: Packing = packing::<8>();
pub(crate) static PACKING_16: Packing = packing::<16>();
