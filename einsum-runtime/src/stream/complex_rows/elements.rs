//! Kernels that compute each element for itself, at any steps: scaled and conjugated copies, and products.

use num_complex::Complex;

use super::{ComplexRows, complex_kernel};

/// Writes the kernels of a type: `p` is the suffix of packed instructions; `load` moves an element to an xmm register, whose rest it
/// clears, and back;
/// `broadcast` fills a ymm register with an element; `swap` with `mask` makes
/// x' of x; `parts` of y in register 5 are left in registers 6 and 7.
macro_rules! kernels {
    ($real:ident, p: $p:literal, load: $load:literal, broadcast: $broadcast:literal, swap: $swap:literal, mask: $mask:literal, parts: [$($parts:literal),*]) => {
        pub(super) mod $real {
            use super::*;

            complex_kernel!(
                /// See [`ENTER`](super::super::ComplexSums::ENTER).
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
                ".purgem VALUE",
            );

            complex_kernel!(
                /// See [`MULTIPLY`](super::super::ComplexSums::MULTIPLY).
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
            );
        }
    };
}
kernels!(f32, p: "s", load: "vmovsd", broadcast: "vbroadcastsd", swap: "vpermilps", mask: "0xB1", parts: ["vmovsldup xmm6, xmm5", "vmovshdup xmm7, xmm5"]);
kernels!(f64, p: "d", load: "vmovupd", broadcast: "vbroadcastf128", swap: "vpermilpd", mask: "0x5", parts: ["vmovddup xmm6, xmm5", "vpermilpd xmm7, xmm5, 0x3"]);
