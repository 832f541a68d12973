//! Sums of few elements that lie apart, as traces of many small matrices: one element at a time, four sums at once.
//!
//! Accuracy: at most [`MOST`] elements are added one after the other.

use super::complex::ComplexLane;
use super::copy::take_smallest;
use super::lane::Lane;
use super::rows::{Bypass, RowKernel};
use super::sweep::{Arrays, sweep_rows};
use super::text::function;
use crate::kernel::{Dim, Dims, Mode};

/// The most elements of a sum.
const MOST: usize = 64;

/// `out[o] = Σ x[s]`, or what `mode` makes of the sum. Returns false, with nothing done, unless one loop is summed, over few
/// elements, which lie closer together than those of other loops and are not adjacent.
///
/// # Safety
///
/// As [`Kernels`](crate::kernel::Kernels), after [`prepare`](crate::kernel::prepare); the machine has AVX2.
pub(super) unsafe fn sum<T: Lane + PartialEq>(
    dims: &mut Dims<1>,
    arrays: Arrays<T, 1>,
    mode: Mode<T>,
) -> bool {
    let step = |d: &Dim<1>| d.sources[0].unsigned_abs();
    let Some(at) = few(dims) else { return false };
    let along = dims[at];
    if step(&along) < 2 || dims.iter().any(|d| !d.summed && step(d) < step(&along)) {
        return false;
    }
    dims.remove(at);
    let rows = take_smallest(dims, |d| d.out.unsigned_abs());
    let (kernel, factors) = kernel::<T>(mode);
    // SAFETY: the caller's duties; no row is cut.
    unsafe { sweep_rows(kernel, dims, (&along, &rows), arrays, factors, Bypass::No) }
    true
}

/// As [`sum`], for complex numbers, wherever no elements are adjacent: others are summed in rows of their parts.
///
/// # Safety
///
/// As [`sum`].
pub(super) unsafe fn sum_complex<T: ComplexLane>(dims: &mut Dims<1>, arrays: Arrays<T, 1>) -> bool {
    let Some(at) = few(dims) else { return false };
    if dims.iter().any(|d| d.sources[0].unsigned_abs() < 2) {
        return false;
    }
    let along = dims.remove(at);
    let rows = take_smallest(dims, |d| d.out.unsigned_abs());
    // SAFETY: as above; factors are not looked at.
    unsafe { sweep_rows(T::SUM_APART, dims, (&along, &rows), arrays, T::SIGNS, Bypass::No) }
    true
}

/// Returns the number of the only loop that is summed, if it has few points.
fn few(dims: &Dims<1>) -> Option<usize> {
    let mut summed = (0..dims.len()).filter(|&i| dims[i].summed);
    match (summed.next(), summed.next()) {
        (Some(only), None) if dims[only].extent <= MOST => Some(only),
        _ => None,
    }
}

/// Returns the kernel for a mode, and its factors.
fn kernel<T: Lane + PartialEq>(mode: Mode<T>) -> (RowKernel<T>, [T; 2]) {
    match mode {
        Mode::Assign => (T::SUM_APART[0], [T::ONE; 2]),
        Mode::Scale { alpha, beta } => {
            (T::SUM_APART[if beta == T::ZERO { 1 } else { 2 }], [alpha, beta])
        }
    }
}

/// Writes a kernel that lets `put` store the sum in `\v` at `\o`; `load` reads an element, and `add` adds the one at `\at`. Here
/// `len` elements of x, `x_step` apart, make a sum, and there are `rows` sums.
macro_rules! apart_kernel {
    ($(#[$doc:meta])* $name:ident($type:ty), load: $load:expr, add: $add:tt, put: $put:tt) => {
        function!(
            $(#[$doc])*
            $name($type),
            macros: ["PUT" "v, o": $put "ADD" "sum, at": $add],
            body: [
                // rax, rcx: the first of four sums, and its elements; r9: sums left; r10, r12: steps to the next, rdx, r13: three.
                "mov r9, [rdi + ROWS]",
                "mov r10, [rdi + OUT_ROW]",
                "mov r11, [rdi + X_STEP]",
                "mov r12, [rdi + X_ROW]",
                "mov rax, [rdi + OUT]",
                "mov rcx, [rdi + X]",
                "lea rdx, [r10 + 2*r10]",
                "lea r13, [r12 + 2*r12]",
                concat!($load, " xmm14, [rdi + ALPHA]"),
                concat!($load, " xmm15, [rdi + BETA]"),
                "sub r9, 4",
                "jl 4f",
                ".p2align 4",
                "2:",
                "mov rsi, rcx",
                "mov r8, [rdi + LEN]",
                concat!($load, " xmm0, [rsi]"),
                concat!($load, " xmm1, [rsi + r12]"),
                concat!($load, " xmm2, [rsi + 2*r12]"),
                concat!($load, " xmm3, [rsi + r13]"),
                "dec r8",
                "jz 31f",
                "3:",
                "add rsi, r11",
                "ADD xmm0, rsi",
                "ADD xmm1, rsi+r12",
                "ADD xmm2, rsi+2*r12",
                "ADD xmm3, rsi+r13",
                "dec r8",
                "jnz 3b",
                "31:",
                "PUT xmm0, rax",
                "PUT xmm1, rax+r10",
                "PUT xmm2, rax+2*r10",
                "PUT xmm3, rax+rdx",
                "lea rcx, [rcx + 4*r12]",
                "lea rax, [rax + 4*r10]",
                "sub r9, 4",
                "jge 2b",
                "4:",
                "add r9, 4",
                "jz 7f",
                "5:",
                "mov rsi, rcx",
                "mov r8, [rdi + LEN]",
                concat!($load, " xmm0, [rsi]"),
                "dec r8",
                "jz 61f",
                "6:",
                "add rsi, r11",
                "ADD xmm0, rsi",
                "dec r8",
                "jnz 6b",
                "61:",
                "PUT xmm0, rax",
                "add rcx, r12",
                "add rax, r10",
                "dec r9",
                "jnz 5b",
                "7:",
            ]
        );
    };
}

macro_rules! apart_kernels {
    ($module:ident, $type:ty, $s:literal) => {
        pub(super) mod $module {
            use super::*;

            apart_kernel!(
                /// `out = Σ x`
                sum($type),
                load: concat!("vmovs", $s),
                add: [concat!("vadds", $s, r" \sum, \sum, [\at]")],
                put: [concat!("vmovs", $s, r" [\o], \v")]
            );
            apart_kernel!(
                /// `out = alpha · Σ x`
                scale($type),
                load: concat!("vmovs", $s),
                add: [concat!("vadds", $s, r" \sum, \sum, [\at]")],
                put: [
                    concat!("vmuls", $s, r" \v, \v, xmm14"),
                    concat!("vmovs", $s, r" [\o], \v")
                ]
            );
            apart_kernel!(
                /// `out = beta · out + alpha · Σ x`
                blend($type),
                load: concat!("vmovs", $s),
                add: [concat!("vadds", $s, r" \sum, \sum, [\at]")],
                put: [
                    concat!("vmuls", $s, r" xmm5, xmm15, [\o]"),
                    concat!("vmuls", $s, r" \v, \v, xmm14"),
                    concat!("vadds", $s, r" \v, \v, xmm5"),
                    concat!("vmovs", $s, r" [\o], \v")
                ]
            );
        }
    };
}
apart_kernels!(f32, f32, "s");
apart_kernels!(f64, f64, "d");

/// Sums of complex numbers.
pub(super) mod complex {
    use num_complex::Complex;

    use super::*;

    apart_kernel!(
        /// `out = Σ x`
        sum_32(Complex<f32>),
        load: "vmovsd",
        add: [r"vmovsd xmm5, [\at]", r"vaddps \sum, \sum, xmm5"],
        put: [r"vmovsd [\o], \v"]
    );
    apart_kernel!(
        /// `out = Σ x`
        sum_64(Complex<f64>),
        load: "vmovupd",
        add: [r"vaddpd \sum, \sum, [\at]"],
        put: [r"vmovupd [\o], \v"]
    );
}
