//! Kernels that add up rows, as assembler. In [`Rows`], `x_row` is the step between rows.
//!
//! Of each kernel there is one that reads four rows at a time, `y_row` apart. Where these lie far apart in memory,
//! they are four long streams, which arrive faster than one.

use core::mem::offset_of;

use super::rows::Rows;

/// A load from `MASKS[8 - n..]` is a mask of the first `n` elements of 4 bytes of a vector.
static MASKS: [u32; 16] = {
    let mut masks = [0; 16];
    let mut i = 0;
    while i < 8 {
        masks[i] = u32::MAX;
        i += 1;
    }
    masks
};

/// `out[r] += Σ_j x[r, j]`: `out_row` is the step between sums.
///
/// A row is read in four pieces at once, with two vectors of sums each: additions do not wait for each other.
macro_rules! sum_rows {
    ($type:ty, $s:literal) => {
        #[unsafe(naked)]
        pub(in crate::stream) unsafe extern "sysv64" fn sum_rows(arguments: &Rows<$type>) {
            core::arch::naked_asm!(
                // rax: sum; rcx: row; r8: bytes of a row; r9: rows left; r10: bytes of a piece; r11: offset.
                "push rbx",
                "mov rax, [rdi + {out}]",
                "mov rcx, [rdi + {x}]",
                "mov r8, [rdi + {len}]",
                "imul r8, r8, {size}",
                "mov r9, [rdi + {rows}]",
                "mov r10, r8",
                "shr r10, 8",
                "shl r10, 6",
                "2:",
                "vxorps xmm0, xmm0, xmm0",
                "xor r11d, r11d",
                "test r10, r10",
                "jz 4f",
                "vxorps xmm1, xmm1, xmm1",
                "vxorps xmm2, xmm2, xmm2",
                "vxorps xmm3, xmm3, xmm3",
                "vxorps xmm4, xmm4, xmm4",
                "vxorps xmm5, xmm5, xmm5",
                "vxorps xmm6, xmm6, xmm6",
                "vxorps xmm7, xmm7, xmm7",
                "lea rdx, [rcx + r10]",
                "lea rsi, [rcx + 2*r10]",
                "lea rbx, [rdx + 2*r10]",
                ".p2align 4",
                "3:",
                concat!("vaddp", $s, " ymm0, ymm0, [rcx + r11]"),
                concat!("vaddp", $s, " ymm1, ymm1, [rdx + r11]"),
                concat!("vaddp", $s, " ymm2, ymm2, [rsi + r11]"),
                concat!("vaddp", $s, " ymm3, ymm3, [rbx + r11]"),
                concat!("vaddp", $s, " ymm4, ymm4, [rcx + r11 + 32]"),
                concat!("vaddp", $s, " ymm5, ymm5, [rdx + r11 + 32]"),
                concat!("vaddp", $s, " ymm6, ymm6, [rsi + r11 + 32]"),
                concat!("vaddp", $s, " ymm7, ymm7, [rbx + r11 + 32]"),
                "add r11, 64",
                "cmp r11, r10",
                "jl 3b",
                concat!("vaddp", $s, " ymm0, ymm0, ymm4"),
                concat!("vaddp", $s, " ymm1, ymm1, ymm5"),
                concat!("vaddp", $s, " ymm2, ymm2, ymm6"),
                concat!("vaddp", $s, " ymm3, ymm3, ymm7"),
                concat!("vaddp", $s, " ymm0, ymm0, ymm1"),
                concat!("vaddp", $s, " ymm2, ymm2, ymm3"),
                concat!("vaddp", $s, " ymm0, ymm0, ymm2"),
                "shl r11, 2",
                // The rest: one vector a step, then one element a step.
                "4:",
                "lea rsi, [r8 - 32]",
                "cmp r11, rsi",
                "jg 6f",
                "5:",
                concat!("vaddp", $s, " ymm0, ymm0, [rcx + r11]"),
                "add r11, 32",
                "cmp r11, rsi",
                "jle 5b",
                "6:",
                "vextractf128 xmm1, ymm0, 1",
                concat!("vaddp", $s, " xmm0, xmm0, xmm1"),
                "vpermilpd xmm1, xmm0, 1",
                concat!("vaddp", $s, " xmm0, xmm0, xmm1"),
                ".if {size} == 4",
                "vmovshdup xmm1, xmm0",
                "vaddss xmm0, xmm0, xmm1",
                ".endif",
                "cmp r11, r8",
                "jge 8f",
                "7:",
                concat!("vadds", $s, " xmm0, xmm0, [rcx + r11]"),
                "add r11, {size}",
                "cmp r11, r8",
                "jl 7b",
                "8:",
                concat!("vadds", $s, " xmm0, xmm0, [rax]"),
                concat!("vmovs", $s, " [rax], xmm0"),
                "add rax, [rdi + {out_row}]",
                "add rcx, [rdi + {x_row}]",
                "dec r9",
                "jnz 2b",
                "pop rbx",
                "vzeroupper",
                "ret",
                out = const offset_of!(Rows<$type>, out),
                x = const offset_of!(Rows<$type>, x),
                len = const offset_of!(Rows<$type>, len),
                rows = const offset_of!(Rows<$type>, rows),
                out_row = const offset_of!(Rows<$type>, out_row),
                x_row = const offset_of!(Rows<$type>, x_row),
                size = const size_of::<$type>(),
            )
        }
    };
}

/// `out[r + s] += Σ_j x[r, s, j]` for four s: `y_row` is the source's step along s, `out_step` the output's.
macro_rules! sum_four_rows {
    ($type:ty, $s:literal) => {
        #[unsafe(naked)]
        pub(in crate::stream) unsafe extern "sysv64" fn sum_four_rows(arguments: &Rows<$type>) {
            core::arch::naked_asm!(
                // rax: sum; rcx, rdx, rsi, rbx: rows; r8: bytes of a row; r9: rows left; r10: step along s;
                // r11: offset in the row; ymm15: mask of the last vector.
                "push rbx",
                "push r12",
                "mov rax, [rdi + {out}]",
                "mov rcx, [rdi + {x}]",
                "mov r9, [rdi + {rows}]",
                "mov r10, [rdi + {y_row}]",
                "mov r8, [rdi + {len}]",
                "imul r8, r8, {size}",
                "mov r11, r8",
                "and r11, 31",
                "lea rdx, [rip + {masks} + 32]",
                "sub rdx, r11",
                "vmovups ymm15, [rdx]",
                "2:",
                "lea rdx, [rcx + r10]",
                "lea rsi, [rcx + 2*r10]",
                "lea rbx, [rdx + 2*r10]",
                "vxorps xmm0, xmm0, xmm0",
                "vxorps xmm1, xmm1, xmm1",
                "vxorps xmm2, xmm2, xmm2",
                "vxorps xmm3, xmm3, xmm3",
                "vxorps xmm4, xmm4, xmm4",
                "vxorps xmm5, xmm5, xmm5",
                "vxorps xmm6, xmm6, xmm6",
                "vxorps xmm7, xmm7, xmm7",
                "xor r11d, r11d",
                "lea r12, [r8 - 64]",
                "cmp r11, r12",
                "jg 4f",
                ".p2align 4",
                "3:",
                concat!("vaddp", $s, " ymm0, ymm0, [rcx + r11]"),
                concat!("vaddp", $s, " ymm4, ymm4, [rcx + r11 + 32]"),
                concat!("vaddp", $s, " ymm1, ymm1, [rdx + r11]"),
                concat!("vaddp", $s, " ymm5, ymm5, [rdx + r11 + 32]"),
                concat!("vaddp", $s, " ymm2, ymm2, [rsi + r11]"),
                concat!("vaddp", $s, " ymm6, ymm6, [rsi + r11 + 32]"),
                concat!("vaddp", $s, " ymm3, ymm3, [rbx + r11]"),
                concat!("vaddp", $s, " ymm7, ymm7, [rbx + r11 + 32]"),
                "add r11, 64",
                "cmp r11, r12",
                "jle 3b",
                "4:",
                "add r12, 32",
                "cmp r11, r12",
                "jg 5f",
                concat!("vaddp", $s, " ymm0, ymm0, [rcx + r11]"),
                concat!("vaddp", $s, " ymm1, ymm1, [rdx + r11]"),
                concat!("vaddp", $s, " ymm2, ymm2, [rsi + r11]"),
                concat!("vaddp", $s, " ymm3, ymm3, [rbx + r11]"),
                "add r11, 32",
                "5:",
                "cmp r11, r8",
                "jge 6f",
                "vmaskmovps ymm8, ymm15, [rcx + r11]",
                "vmaskmovps ymm9, ymm15, [rdx + r11]",
                "vmaskmovps ymm10, ymm15, [rsi + r11]",
                "vmaskmovps ymm11, ymm15, [rbx + r11]",
                concat!("vaddp", $s, " ymm4, ymm4, ymm8"),
                concat!("vaddp", $s, " ymm5, ymm5, ymm9"),
                concat!("vaddp", $s, " ymm6, ymm6, ymm10"),
                concat!("vaddp", $s, " ymm7, ymm7, ymm11"),
                "6:",
                concat!("vaddp", $s, " ymm0, ymm0, ymm4"),
                concat!("vaddp", $s, " ymm1, ymm1, ymm5"),
                concat!("vaddp", $s, " ymm2, ymm2, ymm6"),
                concat!("vaddp", $s, " ymm3, ymm3, ymm7"),
                // Across lanes: xmm0 and xmm1 get the sums of two rows each in their lowest elements.
                concat!("vhaddp", $s, " ymm0, ymm0, ymm1"),
                concat!("vhaddp", $s, " ymm2, ymm2, ymm3"),
                ".if {size} == 4",
                "vhaddps ymm0, ymm0, ymm2",
                "vextractf128 xmm1, ymm0, 1",
                "vaddps xmm0, xmm0, xmm1",
                "vpermilpd xmm1, xmm0, 1",
                "vmovshdup xmm2, xmm0",
                "vmovshdup xmm3, xmm1",
                ".else",
                "vextractf128 xmm1, ymm0, 1",
                "vaddpd xmm0, xmm0, xmm1",
                "vextractf128 xmm3, ymm2, 1",
                "vaddpd xmm1, xmm2, xmm3",
                "vpermilpd xmm2, xmm0, 1",
                "vpermilpd xmm3, xmm1, 1",
                ".endif",
                "mov r11, [rdi + {out_step}]",
                "lea rdx, [rax + r11]",
                "lea rsi, [rax + 2*r11]",
                "lea rbx, [rdx + 2*r11]",
                concat!("vadds", $s, " xmm0, xmm0, [rax]"),
                concat!("vmovs", $s, " [rax], xmm0"),
                concat!("vadds", $s, " xmm2, xmm2, [rdx]"),
                concat!("vmovs", $s, " [rdx], xmm2"),
                concat!("vadds", $s, " xmm1, xmm1, [rsi]"),
                concat!("vmovs", $s, " [rsi], xmm1"),
                concat!("vadds", $s, " xmm3, xmm3, [rbx]"),
                concat!("vmovs", $s, " [rbx], xmm3"),
                "add rax, [rdi + {out_row}]",
                "add rcx, [rdi + {x_row}]",
                "dec r9",
                "jnz 2b",
                "pop r12",
                "pop rbx",
                "vzeroupper",
                "ret",
                out = const offset_of!(Rows<$type>, out),
                x = const offset_of!(Rows<$type>, x),
                len = const offset_of!(Rows<$type>, len),
                rows = const offset_of!(Rows<$type>, rows),
                out_row = const offset_of!(Rows<$type>, out_row),
                out_step = const offset_of!(Rows<$type>, out_step),
                x_row = const offset_of!(Rows<$type>, x_row),
                y_row = const offset_of!(Rows<$type>, y_row),
                size = const size_of::<$type>(),
                masks = sym MASKS,
            )
        }
    };
}

/// `out[j] += Σ_r Σ_s x[r, s, j]` for four s: `y_row` is the step along s. The sums are loaded and stored once for four
/// rows.
macro_rules! add_four_rows {
    ($type:ty, $s:literal) => {
        #[unsafe(naked)]
        pub(in crate::stream) unsafe extern "sysv64" fn add_four_rows(arguments: &Rows<$type>) {
            core::arch::naked_asm!(
                // rax: sums; rcx, rdx, rsi, rbx: rows; r8: bytes of a row; r9: rows left; r10: step along s;
                // r11: offset in the row; r12: the last offset with room for two vectors.
                "push rbx",
                "push r12",
                "mov rax, [rdi + {out}]",
                "mov rcx, [rdi + {x}]",
                "mov r9, [rdi + {rows}]",
                "mov r10, [rdi + {y_row}]",
                "mov r8, [rdi + {len}]",
                "imul r8, r8, {size}",
                "2:",
                "lea rdx, [rcx + r10]",
                "lea rsi, [rcx + 2*r10]",
                "lea rbx, [rdx + 2*r10]",
                "xor r11d, r11d",
                "lea r12, [r8 - 64]",
                "cmp r11, r12",
                "jg 4f",
                ".p2align 4",
                "3:",
                "vmovups ymm0, [rcx + r11]",
                "vmovups ymm1, [rsi + r11]",
                "vmovups ymm2, [rcx + r11 + 32]",
                "vmovups ymm3, [rsi + r11 + 32]",
                concat!("vaddp", $s, " ymm0, ymm0, [rdx + r11]"),
                concat!("vaddp", $s, " ymm1, ymm1, [rbx + r11]"),
                concat!("vaddp", $s, " ymm2, ymm2, [rdx + r11 + 32]"),
                concat!("vaddp", $s, " ymm3, ymm3, [rbx + r11 + 32]"),
                concat!("vaddp", $s, " ymm0, ymm0, ymm1"),
                concat!("vaddp", $s, " ymm2, ymm2, ymm3"),
                concat!("vaddp", $s, " ymm0, ymm0, [rax + r11]"),
                concat!("vaddp", $s, " ymm2, ymm2, [rax + r11 + 32]"),
                "vmovups [rax + r11], ymm0",
                "vmovups [rax + r11 + 32], ymm2",
                "add r11, 64",
                "cmp r11, r12",
                "jle 3b",
                "4:",
                "cmp r11, r8",
                "jge 6f",
                "5:",
                concat!("vmovs", $s, " xmm0, [rcx + r11]"),
                concat!("vmovs", $s, " xmm1, [rsi + r11]"),
                concat!("vadds", $s, " xmm0, xmm0, [rdx + r11]"),
                concat!("vadds", $s, " xmm1, xmm1, [rbx + r11]"),
                concat!("vadds", $s, " xmm0, xmm0, xmm1"),
                concat!("vadds", $s, " xmm0, xmm0, [rax + r11]"),
                concat!("vmovs", $s, " [rax + r11], xmm0"),
                "add r11, {size}",
                "cmp r11, r8",
                "jl 5b",
                "6:",
                "add rcx, [rdi + {x_row}]",
                "dec r9",
                "jnz 2b",
                "pop r12",
                "pop rbx",
                "vzeroupper",
                "ret",
                out = const offset_of!(Rows<$type>, out),
                x = const offset_of!(Rows<$type>, x),
                len = const offset_of!(Rows<$type>, len),
                rows = const offset_of!(Rows<$type>, rows),
                x_row = const offset_of!(Rows<$type>, x_row),
                y_row = const offset_of!(Rows<$type>, y_row),
                size = const size_of::<$type>(),
            )
        }
    };
}

/// `out[j] += Σ_r x[r, j]`
macro_rules! add_rows {
    ($type:ty, $s:literal) => {
        #[unsafe(naked)]
        pub(in crate::stream) unsafe extern "sysv64" fn add_rows(arguments: &Rows<$type>) {
            core::arch::naked_asm!(
                // rax: sums; rcx: row; r8: bytes of a row; r9: rows left; r11: offset in the row; r12: the last
                // offset with room for two vectors.
                "push rbx",
                "push r12",
                "mov rax, [rdi + {out}]",
                "mov rcx, [rdi + {x}]",
                "mov r9, [rdi + {rows}]",
                "mov r10, [rdi + {y_row}]",
                "mov r8, [rdi + {len}]",
                "imul r8, r8, {size}",
                "2:",
                "xor r11d, r11d",
                "lea r12, [r8 - 64]",
                "cmp r11, r12",
                "jg 4f",
                ".p2align 4",
                "3:",
                "vmovups ymm0, [rcx + r11]",
                "vmovups ymm1, [rcx + r11 + 32]",
                concat!("vaddp", $s, " ymm0, ymm0, [rax + r11]"),
                concat!("vaddp", $s, " ymm1, ymm1, [rax + r11 + 32]"),
                "vmovups [rax + r11], ymm0",
                "vmovups [rax + r11 + 32], ymm1",
                "add r11, 64",
                "cmp r11, r12",
                "jle 3b",
                "4:",
                "cmp r11, r8",
                "jge 6f",
                "5:",
                concat!("vmovs", $s, " xmm0, [rcx + r11]"),
                concat!("vadds", $s, " xmm0, xmm0, [rax + r11]"),
                concat!("vmovs", $s, " [rax + r11], xmm0"),
                "add r11, {size}",
                "cmp r11, r8",
                "jl 5b",
                "6:",
                "add rcx, [rdi + {x_row}]",
                "dec r9",
                "jnz 2b",
                "pop r12",
                "pop rbx",
                "vzeroupper",
                "ret",
                out = const offset_of!(Rows<$type>, out),
                x = const offset_of!(Rows<$type>, x),
                len = const offset_of!(Rows<$type>, len),
                rows = const offset_of!(Rows<$type>, rows),
                x_row = const offset_of!(Rows<$type>, x_row),
                y_row = const offset_of!(Rows<$type>, y_row),
                size = const size_of::<$type>(),
            )
        }
    };
}

macro_rules! sums {
    ($module:ident, $type:ty, $s:literal) => {
        pub(super) mod $module {
            use super::*;

            sum_rows!($type, $s);
            sum_four_rows!($type, $s);
            add_rows!($type, $s);
            add_four_rows!($type, $s);
        }
    };
}
sums!(f32, f32, "s");
sums!(f64, f64, "d");
