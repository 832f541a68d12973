//! Sums along rows.

use num_complex::Complex;

use super::{ComplexRows, complex_kernel};

/// Writes the kernels of a type: `p` is the suffix of packed instructions; `load` moves an element to an xmm register, whose
/// rest it clears, and back; `fold` adds the numbers of xmm0 if it holds two.
macro_rules! kernels {
    ($real:ident, p: $p:literal, load: $load:literal, fold: [$($fold:literal),*]) => {
        pub(super) mod $real {
            use super::*;

            complex_kernel!(
                /// See [`SUM`](super::super::ComplexSums::SUM).
                sum(Complex<$real>):
                // rax: the sum; rcx: the row; rsi: its elements; r8: elements left; r9: rows left. ymm0 … ymm3: sums.
                "mov rax, [rdi + {out}]",
                "mov rcx, [rdi + {x}]",
                "mov r9, [rdi + {rows}]",
                "2:",
                "mov rsi, rcx",
                "mov r8, [rdi + {len}]",
                ".irp i, 0, 1, 2, 3",
                "vxorps ymm\\i, ymm\\i, ymm\\i",
                ".endr",
                "sub r8, 4*{per_vector}",
                "jl 4f",
                ".p2align 4",
                "3:",
                concat!("vaddp", $p, " ymm0, ymm0, [rsi]"),
                concat!("vaddp", $p, " ymm1, ymm1, [rsi + 32]"),
                concat!("vaddp", $p, " ymm2, ymm2, [rsi + 64]"),
                concat!("vaddp", $p, " ymm3, ymm3, [rsi + 96]"),
                "add rsi, 128",
                "sub r8, 4*{per_vector}",
                "jge 3b",
                "4:",
                "add r8, 4*{per_vector}",
                "5:",
                "sub r8, {per_vector}",
                "jl 6f",
                concat!("vaddp", $p, " ymm0, ymm0, [rsi]"),
                "add rsi, 32",
                "jmp 5b",
                "6:",
                "add r8, {per_vector}",
                "7:",
                "sub r8, 1",
                "jl 8f",
                concat!($load, " xmm4, [rsi]"),
                concat!("vaddp", $p, " ymm1, ymm1, ymm4"),
                "add rsi, {size}",
                "jmp 7b",
                "8:",
                concat!("vaddp", $p, " ymm0, ymm0, ymm1"),
                concat!("vaddp", $p, " ymm2, ymm2, ymm3"),
                concat!("vaddp", $p, " ymm0, ymm0, ymm2"),
                "vextractf128 xmm1, ymm0, 1",
                concat!("vaddp", $p, " xmm0, xmm0, xmm1"),
                $($fold,)*
                concat!($load, " [rax], xmm0"),
                "add rax, [rdi + {out_row}]",
                "add rcx, [rdi + {x_row}]",
                "dec r9",
                "jnz 2b",
                "vzeroupper",
            );
        }
    };
}
kernels!(f32, p: "s", load: "vmovsd", fold: ["vmovhlps xmm1, xmm0, xmm0", "vaddps xmm0, xmm0, xmm1"]);
kernels!(f64, p: "d", load: "vmovupd", fold: []);
