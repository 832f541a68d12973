//! Micro-kernels for AVX-512 of one vector and up to 28 columns at equal distances. Every multiplication reads an element of Y,
//! and a processor reads no faster than it multiplies: the more columns a step has, the less the vector and the numbers of the
//! step count that are read besides.
//!
//! Registers, besides `zmm0` for X, `zmm3` for an element in all lanes, and a sum for each column from `zmm4` on:
//!
//! | | in the loop over steps | when a tile is finished |
//! |---|---|---|
//! | `rax` | the vector in X | the vector in C, at the tile's first column |
//! | `r8` | the first column in Y | |
//! | `r9` | the step in X | the vector's entry |
//! | `r10`, `r13`, `rcx` | every eighth column of the step, from the first on | |
//! | `rbx`, `rbp`, `rdx`, `r12` | once, three, five, and seven times from column to column in Y | `rbp`: the tile's entry |
//! | `rsi`, `r11` | the next step's entry, the last one's end | |
//! | `r14`, `r15` | what is fetched of Y, by how much that moves | from column to column in C, the column in C |
//! | `k1` | the mask of the vector | |

use super::text::{element_instructions, restore_registers, save_registers};
use crate::table::Arguments;

/// # Safety
///
/// As [`Kernel`](crate::table::Kernel), of [`long`](crate::table::KernelSet::long).
#[inline(never)]
pub(super) unsafe extern "sysv64" fn sweep<const ELEMENT: usize, const COLUMNS: usize>(
    arguments: *mut Arguments,
) {
    crate::assembly!(
        "rdi" = arguments;
        ".set ELEMENT, {element}",
        ".set COLUMNS, {columns}",
        element_instructions!(),
        r"
        # Calls a macro with the number of every column's sum.
        .macro each_sum name
            .irp i, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
                .if \i - 4 < COLUMNS
                    \name \i
                .endif
            .endr
        .endm
        .macro clear i
            vpxord zmm\i, zmm\i, zmm\i
        .endm
        .macro multiply i, at
            .if \i - 4 < COLUMNS
                .if ELEMENT == 4
                    vfmadd231ps zmm\i, zmm0, dword ptr [\at] {{1to16}}
                .else
                    vfmadd231pd zmm\i, zmm0, qword ptr [\at] {{1to8}}
                .endif
            .endif
        .endm
        .macro multiply_eight base, a, b, c, d, e, g, h, i
            multiply \a, \base
            multiply \b, \base+rbx
            multiply \c, \base+2*rbx
            multiply \d, \base+rbp
            multiply \e, \base+4*rbx
            multiply \g, \base+rdx
            multiply \h, \base+2*rbp
            multiply \i, \base+r12
        .endm
        # A mask takes time of the units that multiply, on some processors.
        .macro step_loop is_masked
            .p2align 6
        30:
            mov r9, [rsi]
            mov r10, [rsi + 8]
            add rsi, 16
            add r10, r8
            .if \is_masked
                f vmovup, zmm0 {{k1}}{{z}}, [rax + r9]
            .else
                f vmovup, zmm0, [rax + r9]
            .endif
            multiply_eight r10, 4, 5, 6, 7, 8, 9, 10, 11
            .if COLUMNS > 8
                lea r13, [r10 + 8*rbx]
                multiply_eight r13, 12, 13, 14, 15, 16, 17, 18, 19
            .endif
            .if COLUMNS > 16
                lea rcx, [r13 + 8*rbx]
                multiply_eight rcx, 20, 21, 22, 23, 24, 25, 26, 27
            .endif
            .if COLUMNS > 24
                lea rcx, [rcx + 8*rbx]
                multiply_eight rcx, 28, 29, 30, 31, 32, 32, 32, 32
            .endif
            prefetcht0 [r10 + r14]
            add r14, r15
            cmp rsi, r11
            jb 30b
        .endm
        .macro scale i
            f vmulp, zmm\i, zmm\i, zmm3
        .endm
        .macro expect i
            prefetcht0 [rax + r15]
            add r15, r14
        .endm
        .macro add_old i
            f vfmadd231p, zmm\i {{k1}}, zmm3, [rax + r15]
            add r15, r14
        .endm
        .macro store i
            f vmovup, [rax + r15] {{k1}}, zmm\i
            add r15, r14
        .endm
        # The first column of the tile in C, and the vector there.
        .macro begin_c
            mov rbp, [rdi + 32]
            mov rax, [rbp + 8]
            add rax, [rdi + 16]
            mov r9, [rdi + 24]
            add rax, [r9 + 8]
            mov r14, [rdi + 120]
            xor r15d, r15d
        .endm
        ",
        save_registers!(),
        r"
        20: # A tile of columns.
            each_sum clear
            test byte ptr [rdi + 64], 2
            jz 25f
            # C is going to be read: it had better be on its way while the sums are formed.
            begin_c
            each_sum expect
        25:
            mov r9, [rdi + 24]
            mov rax, [r9]
            add rax, [rdi]
            kmovw k1, word ptr [r9 + 16]
            mov rbp, [rdi + 32]
            mov r8, [rbp]
            add r8, [rdi + 8]
            mov rbx, [rdi + 112]
            lea rbp, [rbx + 2*rbx]
            lea rdx, [rbx + 4*rbx]
            lea r12, [rbp + 4*rbx]
            mov r14, [rdi + 96]
            mov r15, [rdi + 104]
            mov rsi, [rdi + 40]
            mov r11, [rdi + 48]
            cmp rsi, r11
            jae 40f
            .if ELEMENT == 4
                kortestw k1, k1
            .else
                kortestb k1, k1
            .endif
            jc 31f
            step_loop 1
            jmp 40f
        31:
            step_loop 0
        40: # The way into C.
            begin_c
            test byte ptr [rdi + 64], 1
            jz 50f
            f vbroadcasts, zmm3, [rdi + 72]
            each_sum scale
        50:
            test byte ptr [rdi + 64], 2
            jz 60f
            f vbroadcasts, zmm3, [rdi + 80]
            each_sum add_old
            xor r15d, r15d
        60:
            each_sum store
            add rbp, 16*COLUMNS
            mov [rdi + 32], rbp
            dec qword ptr [rdi + 56]
            jnz 20b
        ",
        restore_registers!(),
        r"
        .irp name, f, each_sum, clear, multiply, multiply_eight, step_loop, scale, expect, add_old, store, begin_c
            .purgem \name
        .endr
        ",
        element = const ELEMENT,
        columns = const COLUMNS,
    );
}
