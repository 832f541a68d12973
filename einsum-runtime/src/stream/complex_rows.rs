//! Kernels over rows of complex numbers that compute more than one product: sums of products, scaled sums, and products
//! at any steps. Assembler, so that debug builds run them at full speed.
//!
//! A register holds real and imaginary parts in turns. With `x' = (x.im, x.re)`, a product is the sum of two products of
//! real numbers, and all conjugations are signs of the factors. For `s(x)` and `t(y)`, each as it is or conjugated, with
//! σ and τ = -1 if so:
//!
//! ```text
//! s(x)·t(y) = (y.re, σ·y.re) · x + (-στ·y.im, τ·y.im) · x'          factors along a row: `add_scaled`
//! Σ s(x)·t(y) = (Σ x·y over the real parts - στ·Σ over the imaginary ones,
//!                τ·Σ x·y' over the real parts + σ·Σ over the imaginary ones)        `dot`
//! ```

use core::arch::naked_asm;
use core::mem::offset_of;

use num_complex::Complex;

/// The arguments of a kernel. Steps are in bytes; a kernel ignores what it does not use.
#[derive(Clone, Copy)]
#[repr(C)]
pub(super) struct ComplexRows<T> {
    pub(super) out: *mut T,
    pub(super) x: *const T,
    pub(super) y: *const T,
    /// Elements of a row, and rows: 1 or more.
    pub(super) len: usize,
    pub(super) rows: usize,
    /// Steps from one row to the next.
    pub(super) out_row: isize,
    pub(super) x_row: isize,
    pub(super) y_row: isize,
    /// Steps from one element of a row to the next, for kernels that do not assume adjacent elements.
    pub(super) out_step: isize,
    pub(super) x_step: isize,
    pub(super) y_step: isize,
    /// [`TURNED`], [`ADDS`], and [`OLD_TURNED`], for `enter`.
    pub(super) flags: usize,
    /// Of `enter`: of x, x', the old value o, and o'. Of the others: two with signs.
    pub(super) factors: [T; 4],
}

/// In [`ComplexRows::flags`]: there is a factor of x'.
pub(super) const TURNED: usize = 1;
/// In [`ComplexRows::flags`]: the old value is added.
pub(super) const ADDS: usize = 2;
/// In [`ComplexRows::flags`]: there is a factor of o'.
pub(super) const OLD_TURNED: usize = 4;

/// A kernel.
///
/// # Safety
///
/// The machine has AVX2 and FMA. With the steps of the arguments, `out` can be written, and the sources that the kernel
/// uses can be read, at `len` elements of `rows` rows; the output overlaps no source; `len` and `rows` are 1 or more.
pub(super) type ComplexKernel<T> = unsafe extern "sysv64" fn(&ComplexRows<T>);

/// The kernels of a type.
pub(super) trait ComplexSums: Copy {
    /// `out = f0·x + f1·x' + f2·out + f3·out'`, parts by parts, of which flags leave out all but the first. Any steps.
    const ENTER: ComplexKernel<Self>;
    /// `out = x · y` at any steps; the factors' bits change the signs of x and y. No operation is fused.
    const MULTIPLY: ComplexKernel<Self>;
    /// `out[row] += Σ x · y` along rows of adjacent elements; the factors' bits change the signs of the two sums.
    const DOT: ComplexKernel<Self>;
    /// `out[..] += x[row][..] · y[row]` for rows of adjacent elements; the factors' bits are signs for the parts of y.
    const ADD_SCALED: ComplexKernel<Self>;
    /// `out[..] += Σ x[row][..] · y[row][..]` over rows of adjacent elements; factors as in `ADD_SCALED`.
    const MULTIPLY_ADD: ComplexKernel<Self>;
}

/// Writes a kernel.
macro_rules! kernel {
    ($(#[$doc:meta])* $name:ident($type:ty): $($line:expr),* $(,)?) => {
        $(#[$doc])*
        ///
        /// # Safety
        ///
        /// As [`ComplexKernel`].
        #[unsafe(naked)]
        unsafe extern "sysv64" fn $name(arguments: &ComplexRows<$type>) {
            naked_asm!(
                // Every kernel knows all names, of which it uses some.
                "/* {out_row} {y} {y_row} {y_step} {out_step} {x_step} {flags} {per_vector} {size} {factors} */",
                $($line,)*
                out = const offset_of!(ComplexRows<$type>, out),
                x = const offset_of!(ComplexRows<$type>, x),
                y = const offset_of!(ComplexRows<$type>, y),
                len = const offset_of!(ComplexRows<$type>, len),
                rows = const offset_of!(ComplexRows<$type>, rows),
                out_row = const offset_of!(ComplexRows<$type>, out_row),
                x_row = const offset_of!(ComplexRows<$type>, x_row),
                y_row = const offset_of!(ComplexRows<$type>, y_row),
                out_step = const offset_of!(ComplexRows<$type>, out_step),
                x_step = const offset_of!(ComplexRows<$type>, x_step),
                y_step = const offset_of!(ComplexRows<$type>, y_step),
                flags = const offset_of!(ComplexRows<$type>, flags),
                factors = const offset_of!(ComplexRows<$type>, factors),
                size = const size_of::<$type>(),
                per_vector = const 32 / size_of::<$type>(),
            )
        }
    };
}

/// Writes the kernels of a type: `p` is the suffix of packed instructions; `load` moves an element to an xmm register,
/// whose rest it clears, and back; `broadcast` and `part` fill a ymm register with an element, and with a part of one;
/// `swap` with `mask` makes x' of x; `parts` of y in xmm5 are left in xmm6 and xmm7, `wide_parts` in
/// whole registers; `add_across` leaves the sum over
/// xmm0 and the one over xmm4 in xmm0.
macro_rules! kernels {
    ($real:ident, p: $p:literal, load: $load:literal, broadcast: $broadcast:literal, part: $part:literal,
     swap: $swap:literal, mask: $mask:literal, parts: [$($parts:literal),*],
     wide_parts: [$($parts_wide:literal),*], add_across: [$($across:literal),*]) => {
        mod $real {
            use super::*;

            kernel!(
                /// See [`ComplexSums::ENTER`].
                enter(Complex<$real>):
                // rax, rcx: the rows of out and x; rdx, rsi: their elements; r8: elements left; r9: rows left;
                // r10, r11: steps; rdi: flags at last.
                concat!(".macro VALUE r, mov\n \\mov \\r\\()4, [rsi]\n vmulp", $p, " \\r\\()0, \\r\\()4, \\r\\()8"),
                "test bl, 1",
                "jz 81f",
                concat!($swap, " \\r\\()5, \\r\\()4, ", $mask),
                concat!("vfmadd231p", $p, " \\r\\()0, \\r\\()5, \\r\\()9"),
                "81:",
                "test bl, 2",
                "jz 82f",
                "\\mov \\r\\()4, [rdx]",
                concat!("vfmadd231p", $p, " \\r\\()0, \\r\\()4, \\r\\()10"),
                "test bl, 4",
                "jz 82f",
                concat!($swap, " \\r\\()5, \\r\\()4, ", $mask),
                concat!("vfmadd231p", $p, " \\r\\()0, \\r\\()5, \\r\\()11"),
                "82:",
                "\\mov [rdx], \\r\\()0\n .endm",
                "push rbx",
                "mov rax, [rdi + {out}]",
                "mov rcx, [rdi + {x}]",
                "mov r9, [rdi + {rows}]",
                "mov r10, [rdi + {out_step}]",
                "mov r11, [rdi + {x_step}]",
                "mov rbx, [rdi + {flags}]",
                concat!($broadcast, " ymm8, [rdi + {factors}]"),
                concat!($broadcast, " ymm9, [rdi + {factors} + {size}]"),
                concat!($broadcast, " ymm10, [rdi + {factors} + 2*{size}]"),
                concat!($broadcast, " ymm11, [rdi + {factors} + 3*{size}]"),
                "2:",
                "mov rdx, rax",
                "mov rsi, rcx",
                "mov r8, [rdi + {len}]",
                "cmp r10, {size}",
                "jne 5f",
                "cmp r11, {size}",
                "jne 5f",
                // Vectors of adjacent elements.
                "3:",
                "sub r8, {per_vector}",
                "jl 4f",
                "VALUE ymm, vmovups",
                "add rdx, 32",
                "add rsi, 32",
                "jmp 3b",
                "4:",
                "add r8, {per_vector}",
                // One element a step.
                "5:",
                "sub r8, 1",
                "jl 6f",
                concat!("VALUE xmm, ", $load),
                "add rdx, r10",
                "add rsi, r11",
                "jmp 5b",
                "6:",
                "add rax, [rdi + {out_row}]",
                "add rcx, [rdi + {x_row}]",
                "dec r9",
                "jnz 2b",
                "pop rbx",
                "vzeroupper",
                "ret",
                ".purgem VALUE",
            );

            kernel!(
                /// See [`ComplexSums::MULTIPLY`].
                multiply(Complex<$real>):
                // rax, rcx, rdx: the rows; r10, rsi, r11: their elements; r8: elements left; r9: rows left.
                "mov rax, [rdi + {out}]",
                "mov rcx, [rdi + {x}]",
                "mov rdx, [rdi + {y}]",
                "mov r9, [rdi + {rows}]",
                concat!($broadcast, " ymm14, [rdi + {factors}]"),
                concat!($broadcast, " ymm15, [rdi + {factors} + {size}]"),
                "2:",
                "mov r10, rax",
                "mov rsi, rcx",
                "mov r11, rdx",
                "mov r8, [rdi + {len}]",
                ".p2align 4",
                "3:",
                concat!($load, " xmm4, [rsi]"),
                concat!($load, " xmm5, [r11]"),
                "vxorps xmm4, xmm4, xmm14",
                "vxorps xmm5, xmm5, xmm15",
                $($parts,)*
                concat!($swap, " xmm9, xmm4, ", $mask),
                concat!("vmulp", $p, " xmm9, xmm9, xmm7"),
                concat!("vmulp", $p, " xmm8, xmm4, xmm6"),
                concat!("vaddsubp", $p, " xmm0, xmm8, xmm9"),
                concat!($load, " [r10], xmm0"),
                "add r10, [rdi + {out_step}]",
                "add rsi, [rdi + {x_step}]",
                "add r11, [rdi + {y_step}]",
                "dec r8",
                "jnz 3b",
                "add rax, [rdi + {out_row}]",
                "add rcx, [rdi + {x_row}]",
                "add rdx, [rdi + {y_row}]",
                "dec r9",
                "jnz 2b",
                "vzeroupper",
                "ret",
            );

            kernel!(
                /// See [`ComplexSums::DOT`].
                dot(Complex<$real>):
                // rax: the sum; rcx, rdx: the rows; rsi, r10: their elements; r8: elements left; r9: rows left.
                // ymm0 … ymm3: sums of x·y; ymm4 … ymm7: of x·y'.
                concat!(".macro TERM direct, turned, at, r, mov\n \\mov \\r\\()8, [rsi + \\at]\n \\mov \\r\\()9, [r10 + \\at]"),
                concat!("vfmadd231p", $p, " \\direct, ymm8, ymm9"),
                concat!($swap, " ymm9, ymm9, ", $mask),
                concat!("vfmadd231p", $p, " \\turned, ymm8, ymm9\n .endm"),
                "mov rax, [rdi + {out}]",
                "mov rcx, [rdi + {x}]",
                "mov rdx, [rdi + {y}]",
                "mov r9, [rdi + {rows}]",
                concat!($broadcast, " ymm14, [rdi + {factors}]"),
                concat!($broadcast, " ymm15, [rdi + {factors} + {size}]"),
                "2:",
                "mov rsi, rcx",
                "mov r10, rdx",
                "mov r8, [rdi + {len}]",
                ".irp i, 0, 1, 2, 3, 4, 5, 6, 7",
                "vxorps ymm\\i, ymm\\i, ymm\\i",
                ".endr",
                "sub r8, 4*{per_vector}",
                "jl 4f",
                ".p2align 4",
                "3:",
                "TERM ymm0, ymm4, 0, ymm, vmovups",
                "TERM ymm1, ymm5, 32, ymm, vmovups",
                "TERM ymm2, ymm6, 64, ymm, vmovups",
                "TERM ymm3, ymm7, 96, ymm, vmovups",
                "add rsi, 128",
                "add r10, 128",
                "sub r8, 4*{per_vector}",
                "jge 3b",
                "4:",
                "add r8, 4*{per_vector}",
                "5:",
                "sub r8, {per_vector}",
                "jl 6f",
                "TERM ymm0, ymm4, 0, ymm, vmovups",
                "add rsi, 32",
                "add r10, 32",
                "jmp 5b",
                "6:",
                "add r8, {per_vector}",
                "7:",
                "sub r8, 1",
                "jl 8f",
                concat!("TERM ymm1, ymm5, 0, xmm, ", $load),
                "add rsi, {size}",
                "add r10, {size}",
                "jmp 7b",
                "8:",
                concat!("vaddp", $p, " ymm0, ymm0, ymm1"),
                concat!("vaddp", $p, " ymm2, ymm2, ymm3"),
                concat!("vaddp", $p, " ymm4, ymm4, ymm5"),
                concat!("vaddp", $p, " ymm6, ymm6, ymm7"),
                concat!("vaddp", $p, " ymm0, ymm0, ymm2"),
                concat!("vaddp", $p, " ymm4, ymm4, ymm6"),
                "vxorps ymm0, ymm0, ymm14",
                "vxorps ymm4, ymm4, ymm15",
                "vextractf128 xmm1, ymm0, 1",
                "vextractf128 xmm5, ymm4, 1",
                concat!("vaddp", $p, " xmm0, xmm0, xmm1"),
                concat!("vaddp", $p, " xmm4, xmm4, xmm5"),
                $($across,)*
                concat!($load, " xmm1, [rax]"),
                concat!("vaddp", $p, " xmm0, xmm0, xmm1"),
                concat!($load, " [rax], xmm0"),
                "add rax, [rdi + {out_row}]",
                "add rcx, [rdi + {x_row}]",
                "add rdx, [rdi + {y_row}]",
                "dec r9",
                "jnz 2b",
                "vzeroupper",
                "ret",
                ".purgem TERM",
            );

            kernel!(
                /// See [`ComplexSums::ADD_SCALED`].
                add_scaled(Complex<$real>):
                // rcx, rdx: the first row's x and y; rsi, r10, r11, rax: four rows; r8: the offset of an element;
                // r9: rows left; rbx: the sums; rbp: the bytes of a row. ymm6, ymm7: signs; ymm8 … ymm15: factors.
                ".macro FACTORS direct, turned",
                concat!($part, " \\direct, [rdx]"),
                concat!($part, " \\turned, [rdx + {size}/2]"),
                "vxorps \\direct, \\direct, ymm6",
                "vxorps \\turned, \\turned, ymm7",
                "add rdx, [rdi + {y_row}]",
                ".endm",
                ".macro TERM row, r, i, j, mov",
                "\\mov \\r\\()1, [\\row + r8]",
                concat!("vfmadd231p", $p, " \\r\\()0, \\r\\()1, \\r\\()\\i"),
                concat!($swap, " \\r\\()1, \\r\\()1, ", $mask),
                concat!("vfmadd231p", $p, " \\r\\()0, \\r\\()1, \\r\\()\\j"),
                ".endm",
                ".macro FOUR r, mov",
                "\\mov \\r\\()0, [rbx + r8]",
                "TERM rsi, \\r, 8, 9, \\mov",
                "TERM r10, \\r, 10, 11, \\mov",
                "TERM r11, \\r, 12, 13, \\mov",
                "TERM rax, \\r, 14, 15, \\mov",
                "\\mov [rbx + r8], \\r\\()0",
                ".endm",
                ".macro ONE r, mov",
                "\\mov \\r\\()0, [rbx + r8]",
                "TERM rsi, \\r, 8, 9, \\mov",
                "\\mov [rbx + r8], \\r\\()0",
                ".endm",
                "push rbx",
                "push rbp",
                "push r12",
                "mov rbx, [rdi + {out}]",
                "mov rcx, [rdi + {x}]",
                "mov rdx, [rdi + {y}]",
                "mov r9, [rdi + {rows}]",
                "mov rbp, [rdi + {len}]",
                "imul rbp, rbp, {size}",
                "lea r12, [rbp - 32]",
                concat!($broadcast, " ymm6, [rdi + {factors}]"),
                concat!($broadcast, " ymm7, [rdi + {factors} + {size}]"),
                "2:",
                "mov rsi, rcx",
                "cmp r9, 4",
                "jl 20f",
                "FACTORS ymm8, ymm9",
                "FACTORS ymm10, ymm11",
                "FACTORS ymm12, ymm13",
                "FACTORS ymm14, ymm15",
                "mov r8, [rdi + {x_row}]",
                "lea r10, [rsi + r8]",
                "lea r11, [r10 + r8]",
                "lea rax, [r11 + r8]",
                "lea rcx, [rax + r8]",
                "xor r8d, r8d",
                "3:",
                "cmp r8, r12",
                "jg 4f",
                "FOUR ymm, vmovups",
                "add r8, 32",
                "jmp 3b",
                "4:",
                "cmp r8, rbp",
                "jge 5f",
                concat!("FOUR xmm, ", $load),
                "add r8, {size}",
                "jmp 4b",
                "5:",
                "sub r9, 4",
                "jnz 2b",
                "jmp 9f",
                // A single row.
                "20:",
                "FACTORS ymm8, ymm9",
                "add rcx, [rdi + {x_row}]",
                "xor r8d, r8d",
                "6:",
                "cmp r8, r12",
                "jg 7f",
                "ONE ymm, vmovups",
                "add r8, 32",
                "jmp 6b",
                "7:",
                "cmp r8, rbp",
                "jge 8f",
                concat!("ONE xmm, ", $load),
                "add r8, {size}",
                "jmp 7b",
                "8:",
                "dec r9",
                "jnz 2b",
                "9:",
                "pop r12",
                "pop rbp",
                "pop rbx",
                "vzeroupper",
                "ret",
                ".purgem FACTORS",
                ".purgem TERM",
                ".purgem FOUR",
                ".purgem ONE",
            );

            kernel!(
                /// See [`ComplexSums::MULTIPLY_ADD`].
                multiply_add(Complex<$real>):
                // rax: the sums; rcx, rdx: x and y in the first row; rsi, r10: in this row; r8: elements left; r9: rows
                // left. ymm0, ymm1: sums of x times the real parts of y; ymm2, ymm3: of x' times the imaginary ones.
                ".macro TERM direct, turned, at, r, mov",
                "\\mov \\r\\()4, [rsi + \\at]",
                "\\mov \\r\\()5, [r10 + \\at]",
                $($parts_wide,)*
                concat!("vfmadd231p", $p, " \\direct, ymm4, ymm6"),
                concat!($swap, " ymm4, ymm4, ", $mask),
                concat!("vfmadd231p", $p, " \\turned, ymm4, ymm7"),
                ".endm",
                ".macro ROWS two, r, mov",
                "mov rsi, rcx",
                "mov r10, rdx",
                "mov r9, [rdi + {rows}]",
                ".irp i, 0, 1, 2, 3",
                "vxorps ymm\\i, ymm\\i, ymm\\i",
                ".endr",
                ".p2align 4",
                "30:",
                "TERM ymm0, ymm2, 0, \\r, \\mov",
                ".if \\two",
                "TERM ymm1, ymm3, 32, \\r, \\mov",
                ".endif",
                "add rsi, [rdi + {x_row}]",
                "add r10, [rdi + {y_row}]",
                "dec r9",
                "jnz 30b",
                ".endm",
                ".macro ENTER direct, turned, r, mov, at",
                "vxorps \\r\\()\\direct, \\r\\()\\direct, \\r\\()14",
                "vxorps \\r\\()\\turned, \\r\\()\\turned, \\r\\()15",
                concat!("vaddp", $p, " \\r\\()\\direct, \\r\\()\\direct, \\r\\()\\turned"),
                "\\mov \\r\\()4, [rax + \\at]",
                concat!("vaddp", $p, " \\r\\()\\direct, \\r\\()\\direct, \\r\\()4"),
                "\\mov [rax + \\at], \\r\\()\\direct",
                ".endm",
                ".macro NEXT bytes",
                "add rax, \\bytes",
                "add rcx, \\bytes",
                "add rdx, \\bytes",
                ".endm",
                "mov rax, [rdi + {out}]",
                "mov rcx, [rdi + {x}]",
                "mov rdx, [rdi + {y}]",
                "mov r8, [rdi + {len}]",
                concat!($broadcast, " ymm14, [rdi + {factors}]"),
                concat!($broadcast, " ymm15, [rdi + {factors} + {size}]"),
                // Two vectors, a cache line, as long as there are so many.
                "2:",
                "sub r8, 2*{per_vector}",
                "jl 3f",
                "ROWS 1, ymm, vmovups",
                "ENTER 0, 2, ymm, vmovups, 0",
                "ENTER 1, 3, ymm, vmovups, 32",
                "NEXT 64",
                "jmp 2b",
                "3:",
                "add r8, 2*{per_vector}",
                "4:",
                "sub r8, 1",
                "jl 5f",
                concat!("ROWS 0, xmm, ", $load),
                concat!("ENTER 0, 2, xmm, ", $load, ", 0"),
                "NEXT {size}",
                "jmp 4b",
                "5:",
                "vzeroupper",
                "ret",
                ".purgem TERM",
                ".purgem ROWS",
                ".purgem ENTER",
                ".purgem NEXT",
            );

            impl ComplexSums for Complex<$real> {
                const ENTER: ComplexKernel<Self> = enter;
                const MULTIPLY: ComplexKernel<Self> = multiply;
                const DOT: ComplexKernel<Self> = dot;
                const ADD_SCALED: ComplexKernel<Self> = add_scaled;
                const MULTIPLY_ADD: ComplexKernel<Self> = multiply_add;
            }
        }
    };
}
kernels!(
    f32, p: "s", load: "vmovsd", broadcast: "vbroadcastsd", part: "vbroadcastss",
    swap: "vpermilps", mask: "0xB1", parts: ["vmovsldup xmm6, xmm5", "vmovshdup xmm7, xmm5"],
    wide_parts: ["vmovsldup ymm6, ymm5", "vmovshdup ymm7, ymm5"],
    add_across: ["vhaddps xmm0, xmm0, xmm4", "vhaddps xmm0, xmm0, xmm0"]
);
kernels!(
    f64, p: "d", load: "vmovupd", broadcast: "vbroadcastf128", part: "vbroadcastsd",
    swap: "vpermilpd", mask: "0x5", parts: ["vmovddup xmm6, xmm5", "vpermilpd xmm7, xmm5, 0x3"],
    wide_parts: ["vmovddup ymm6, ymm5", "vpermilpd ymm7, ymm5, 0xF"],
    add_across: ["vhaddpd xmm0, xmm0, xmm4"]
);
