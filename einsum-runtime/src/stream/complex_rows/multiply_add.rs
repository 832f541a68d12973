//! Rows times rows, added to a row of sums.

use num_complex::Complex;

use super::{ComplexRows, complex_kernel};

/// Writes the kernels of a type: `p` is the suffix of packed instructions; `load` moves an element to an xmm register, whose rest it
/// clears, and back;
/// `broadcast` fills a ymm register with an element; `swap` with `mask` makes
/// x' of x; `parts` of y in register 5 are left in registers 6 and 7.
macro_rules! kernels {
    ($real:ident, p: $p:literal, load: $load:literal, broadcast: $broadcast:literal, swap: $swap:literal, mask: $mask:literal, parts: [$($parts_wide:literal),*]) => {
        pub(super) mod $real {
            use super::*;

            complex_kernel!(
                /// See [`MULTIPLY_ADD`](super::super::ComplexSums::MULTIPLY_ADD).
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
                ".purgem TERM",
                ".purgem ROWS",
                ".purgem ENTER",
                ".purgem NEXT",
            );
        }
    };
}
kernels!(f32, p: "s", load: "vmovsd", broadcast: "vbroadcastsd", swap: "vpermilps", mask: "0xB1", parts: ["vmovsldup ymm6, ymm5", "vmovshdup ymm7, ymm5"]);
kernels!(f64, p: "d", load: "vmovupd", broadcast: "vbroadcastf128", swap: "vpermilpd", mask: "0x5", parts: ["vmovddup ymm6, ymm5", "vpermilpd ymm7, ymm5, 0xF"]);
