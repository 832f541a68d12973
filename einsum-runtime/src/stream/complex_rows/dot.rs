//! Sums of products along rows.

use num_complex::Complex;

use super::{ComplexRows, complex_kernel};

/// Writes the kernels of a type: `p` is the suffix of packed instructions; `load` moves an element to an xmm register, whose rest it
/// clears, and back;
/// `broadcast` fills a ymm register with an element; `swap` with `mask` makes
/// x' of x; `add_across` leaves the sum over xmm0
/// and the one over xmm4 in xmm0.
macro_rules! kernels {
    ($real:ident, p: $p:literal, load: $load:literal, broadcast: $broadcast:literal, swap: $swap:literal, mask: $mask:literal, add_across: [$($across:literal),*]) => {
        pub(super) mod $real {
            use super::*;

            complex_kernel!(
                /// See [`DOT`](super::super::ComplexSums::DOT).
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
                ".purgem TERM",
            );
        }
    };
}
kernels!(f32, p: "s", load: "vmovsd", broadcast: "vbroadcastsd", swap: "vpermilps", mask: "0xB1", add_across: ["vhaddps xmm0, xmm0, xmm4", "vhaddps xmm0, xmm0, xmm0"]);
kernels!(f64, p: "d", load: "vmovupd", broadcast: "vbroadcastf128", swap: "vpermilpd", mask: "0x5", add_across: ["vhaddpd xmm0, xmm0, xmm4"]);
