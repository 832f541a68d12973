//! Micro-kernels for AVX-512 whose columns are at equal distances: tiles of up to 3 vectors and 8 columns. Columns need no
//! pointers of their own then, so that there can be more of them, and less of X is read for every multiplication.
//!
//! Registers, besides those of [`sums`](super::sums):
//!
//! | | in the loop over steps | when a tile is finished |
//! |---|---|---|
//! | `rax rcx rdx` | the vectors in X | the vectors in C, at the tile's first column |
//! | `r8` | the first column in Y | |
//! | `r9`, `r10` | the step in X; the first column of the step in Y | `r9`: the vectors' entries |
//! | `r13` | the fifth column of the step | |
//! | `rbx`, `rbp` | once and three times from column to column in Y | `rbp`: the tile's entry |
//! | `rsi`, `r11` | the next step's entry, the last one's end | |
//! | `r12`, `r15` | what is fetched of Y, by how much that moves | `r15`: the column in C |
//! | `r14` | what is fetched of X | from column to column in C |
//! | `k1 … k3` | the masks of the vectors | |

use super::sums::{purge_sums, sums};
use super::text::{element_instructions, places, restore_registers, save_registers, step_loops};
use crate::table::Arguments;

/// # Safety
///
/// As [`Kernel`](crate::table::Kernel), of [`even`](crate::table::KernelSet::even).
#[inline(never)]
pub(super) unsafe extern "sysv64" fn sweep<
    const ELEMENT: usize,
    const VECTORS: usize,
    const COLUMNS: usize,
>(
    arguments: *mut Arguments,
) {
    crate::assembly!(
        "rdi" = arguments;
        ".set ELEMENT, {element}",
        ".set VECTORS, {vectors}",
        ".set COLUMNS, {columns}",
        element_instructions!(),
        places!(),
        sums!(),
        step_loops!(),
        r"
        # Calls a macro for every vector with its number, pointer, and mask.
        .macro vectors name
            \name 0, rax, k1
            .if VECTORS > 1
                \name 1, rcx, k2
            .endif
            .if VECTORS > 2
                \name 2, rdx, k3
            .endif
        .endm
        .macro point_to_x i, pointer, mask
            mov \pointer, [r9 + 24*\i]
            add \pointer, [rdi]
            kmovw \mask, word ptr [r9 + 24*\i + 16]
        .endm
        .macro point_to_c i, pointer, mask
            mov \pointer, [r9 + 24*\i + 8]
            add \pointer, r8
        .endm
        # A mask takes time of the units that multiply, on some processors.
        .macro load i, pointer, mask
            .if MASKS == 0 || (MASKS == 1 && \i < VECTORS - 1)
                f vmovup, zmm\i, [\pointer + r9]
            .else
                f vmovup, zmm\i {{\mask}}{{z}}, [\pointer + r9]
            .endif
        .endm
        .macro step_loop masks, is_fetching
            .set MASKS, \masks
            .p2align 6
        30:
            mov r9, [rsi]
            mov r10, [rsi + 8]
            add rsi, 16
            add r10, r8
            .if COLUMNS > 4
                lea r13, [r10 + 4*rbx]
            .endif
            vectors load
            places multiply, r10, rbx, rbp, r13
            .if \is_fetching
                add r9, r14
                vectors fetch
            .endif
            prefetcht0 [r10 + r12]
            add r12, r15
            cmp rsi, r11
            jb 30b
        .endm
        # X of a later tile, in memory that the processor does not foresee.
        .macro fetch i, pointer, mask
            prefetcht1 [\pointer + r9]
        .endm
        # Calls a macro for every vector of C and its sum.
        .macro in_c name, a, b, c
            \name \a, rax, k1
            .if VECTORS > 1
                \name \b, rcx, k2
            .endif
            .if VECTORS > 2
                \name \c, rdx, k3
            .endif
        .endm
        .macro expect j
            vectors expect_one
            add r15, r14
        .endm
        .macro expect_one i, pointer, mask
            prefetcht0 [\pointer + r15]
        .endm
        .macro add_old j
            with_sums add_old_sums, \j
            add r15, r14
        .endm
        .macro add_old_sums a, b, c, rest:vararg
            in_c add_one, \a, \b, \c
        .endm
        .macro add_one sum, pointer, mask
            f vfmadd231p, \sum {{\mask}}, zmm3, [\pointer + r15]
        .endm
        .macro store j
            with_sums store_sums, \j
            add r15, r14
        .endm
        .macro store_sums a, b, c, rest:vararg
            in_c store_one, \a, \b, \c
        .endm
        .macro store_one sum, pointer, mask
            f vmovup, [\pointer + r15] {{\mask}}, \sum
        .endm
        # The first column of the tile in C, and all vectors there.
        .macro begin_c
            mov rbp, [rdi + 32]
            mov r8, [rbp + 8]
            add r8, [rdi + 16]
            mov r9, [rdi + 24]
            vectors point_to_c
            mov r14, [rdi + 120]
            xor r15d, r15d
        .endm
        ",
        save_registers!(),
        r"
        20: # A tile of columns.
            each_column clear
            test byte ptr [rdi + 64], 2
            jz 25f
            # C is going to be read: it had better be on its way while the sums are formed.
            begin_c
            each_column expect
        25:
            mov r9, [rdi + 24]
            vectors point_to_x
            mov rbp, [rdi + 32]
            mov r8, [rbp]
            add r8, [rdi + 8]
            mov rbx, [rdi + 112]
            lea rbp, [rbx + 2*rbx]
            mov r14, [rdi + 88]
            mov r12, [rdi + 96]
            mov r15, [rdi + 104]
            mov rsi, [rdi + 40]
            mov r11, [rdi + 48]
            cmp rsi, r11
            jae 40f
            step_loops VECTORS, [rdi + 88]
        40: # The way into C.
            begin_c
            test byte ptr [rdi + 64], 1
            jz 50f
            factor [rdi + 72]
            each_column scale
        50:
            test byte ptr [rdi + 64], 2
            jz 60f
            factor [rdi + 80]
            each_column add_old
            xor r15d, r15d
        60:
            each_column store
            add rbp, 16*COLUMNS
            mov [rdi + 32], rbp
            dec qword ptr [rdi + 56]
            jnz 20b
        ",
        restore_registers!(),
        purge_sums!(),
        r"
        .irp name, f, places, vectors, point_to_x, point_to_c, load, step_loop, step_loops, join_masks, jump_if_full, fetch, in_c, expect, expect_one, add_old, add_old_sums, add_one
            .purgem \name
        .endr
        .irp name, store, store_sums, store_one, begin_c, clear, multiply, scale, factor
            .purgem \name
        .endr
        ",
        element = const ELEMENT,
        vectors = const VECTORS,
        columns = const COLUMNS,
    );
}
