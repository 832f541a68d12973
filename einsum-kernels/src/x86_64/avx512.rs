//! Micro-kernels for AVX-512: tiles of up to 4 vectors and 6 columns.
//!
//! Registers: `zmm0 … zmm3` vectors of X, `zmm4` an element of Y in all lanes (or a vector of Y), `zmm5` a product of integers, `zmm8 … zmm31` the
//! sums, 4 for each column, and `k1 … k4` the masks of the vectors. All stores have one, and loads of vectors that lack lanes.
//! With pairs of columns the last 2 of a column's sums are those of its pair, `rdx` is a step's offset in Y for these, and
//! `rsi` how far apart a pair is.

use super::text::{arithmetic, no_arithmetic, shared_body, shared_macros, step_loops};
use super::{ADJACENT, COPIED, IN_PLACE, INTEGER, LANES, MASKED, PAIRED, PANEL, STREAMING};
use crate::table::Arguments;

/// # Safety
///
/// As [`Kernel`](crate::table::Kernel).
#[inline(never)]
pub(super) unsafe extern "sysv64" fn sweep<
    const ELEMENT: usize,
    const VECTORS: usize,
    const COLUMNS: usize,
    const KIND: usize,
>(
    arguments: *mut Arguments,
) {
    crate::assembly!(
        "rdi" = arguments;
        ".set ELEMENT, {element} & {bytes}",
        ".set INTEGER, {element} & {integer}",
        ".set VECTORS, {vectors}",
        ".set COLUMNS, {columns}",
        ".set KIND, {kind} & {kinds}",
        ".set IN_PLACE, {kind} & {in_place}",
        ".set VECTOR, 64",
        ".set PAIRS, KIND == {paired}",
        ".set SPARE, VECTORS < 3 && KIND != {paired}",
        shared_macros!(),
        step_loops!(),
        arithmetic!(),
        r"
        .macro vectors name
            \name 0, rax
            .if VECTORS > 1
                \name 1, rcx
            .endif
            .if VECTORS > 2
                \name 2, rdx
            .endif
            .if VECTORS > 3
                \name 3, rsi
            .endif
        .endm
        .macro columns name
            \name 0, r8, zmm8, zmm9, zmm10, zmm11
            .if COLUMNS > 1
                \name 1, r9, zmm12, zmm13, zmm14, zmm15
            .endif
            .if COLUMNS > 2
                \name 2, r10, zmm16, zmm17, zmm18, zmm19
            .endif
            .if COLUMNS > 3
                \name 3, r11, zmm20, zmm21, zmm22, zmm23
            .endif
            .if COLUMNS > 4
                \name 4, r12, zmm24, zmm25, zmm26, zmm27
            .endif
            .if COLUMNS > 5
                \name 5, r13, zmm28, zmm29, zmm30, zmm31
            .endif
        .endm
        # Calls a macro for every vector's accumulator of a column.
        .macro each name, a, b, c, d
            \name 0, rax, k1, \a
            .if VECTORS > 1
                \name 1, rcx, k2, \b
            .endif
            .if VECTORS > 2
                \name 2, rdx, k3, \c
            .endif
            .if VECTORS > 3
                \name 3, rsi, k4, \d
            .endif
        .endm
        .macro use_mask i, entry
            .if \i == 0
                kmovw k1, word ptr [\entry + 16]
            .elseif \i == 1
                kmovw k2, word ptr [\entry + 40]
            .elseif \i == 2
                kmovw k3, word ptr [\entry + 64]
            .else
                kmovw k4, word ptr [\entry + 88]
            .endif
        .endm
        .macro loops
            .if INTEGER
                step_loop 2, 1
            .elseif KIND == {streaming}
                cmp qword ptr [rdi + 88], 0
                je 71f
                step_loop 0, 1
                jmp 40f
            71:
                step_loop 0, 0
            .elseif KIND == {adjacent}
                steps_of_panel ELEMENT
            .elseif KIND == {copied}
                steps_of_panel {most}*ELEMENT
            .elseif KIND == {panel}
                steps_of_panel 0
            .else
                .if VECTORS > 2 && KIND == {masked}
                    cmp qword ptr [rdi + 136], ELEMENT
                    jne 70f
                    jump_if_full VECTORS, 72f
                    jump_if_full VECTORS - 1, 71f
                70:
                .endif
                step_loops VECTORS, [rdi + 88]
                .if VECTORS > 2 && KIND == {masked}
                    jmp 40f
                71:
                    steps_of_table 1
                    jmp 40f
                72:
                    steps_of_table 0
                .endif
            .endif
        .endm
        # The loop over steps of a panel, whose vectors and steps follow each other, and which are `apart` in Y, or, if that is 0, where the
        # table has them: what is read is at known distances from few registers. Processors that run two threads on a core have
        # little time for instructions to spare.
        .macro steps_of_panel apart
            mov r14, [rbx + 8]
            add rax, [rbx]
            mov rcx, [rdi + 128]
            lea rdx, [rcx + 2*rcx]
            sub r15, rbx
            shr r15, 4
            mov esi, r15d
            and esi, 3
            shr r15, 2
            jz 32f
            .p2align 6
        31:
            step_of_panel rax, 0, \apart
            step_of_panel rax+rcx, 1, \apart
            step_of_panel rax+2*rcx, 2, \apart
            step_of_panel rax+rdx, 3, \apart
            lea rax, [rax + 4*rcx]
            next_of_panel 4, \apart
            dec r15
            jnz 31b
        32:
            test esi, esi
            jz 40f
        33:
            step_of_panel rax, 0, \apart
            add rax, rcx
            next_of_panel 1, \apart
            dec esi
            jnz 33b
        .endm
        .macro next_of_panel steps, apart
            .if \apart
                add r14, \steps*\apart
            .else
                add rbx, 16*\steps
            .endif
        .endm
        .macro step_of_panel x, step, apart
            .set Y, \step*\apart
            .if \apart == 0
                mov r14, [rbx + 16*\step + 8]
            .endif
            f vmovup, zmm0, [\x]
            .if VECTORS > 1
                f vmovup, zmm1, [\x + 64]
            .endif
            .if VECTORS > 2
                f vmovup, zmm2, [\x + 128]
            .endif
            .if VECTORS > 3
                f vmovup, zmm3, [\x + 192]
            .endif
            columns multiply_at
        .endm
        # The loop over steps that are adjacent in Y, four by four.
        .macro steps_of_table masks
            .set MASKS, \masks
            sub r15, 4*16
            cmp rbx, r15
            ja 74f
            .p2align 6
        73:
            mov r14, [rbx + 8]
            step_of_table 0
            step_of_table 1
            step_of_table 2
            step_of_table 3
            add rbx, 4*16
            cmp rbx, r15
            jbe 73b
        74:
            add r15, 4*16
            cmp rbx, r15
            jae 40f
        75:
            mov r14, [rbx + 8]
            step_of_table 0
            add rbx, 16
            cmp rbx, r15
            jb 75b
        .endm
        .macro step_of_table step
            .set Y, \step*ELEMENT
            mov rbp, [rbx + 16*\step]
            vectors load_by_table
            columns multiply_at
        .endm
        .macro load_by_table i, pointer
            .if MASKS == 0 || \i < VECTORS - 1
                f vmovup, zmm\i, [\pointer + rbp]
            .elseif \i == 2
                f vmovup, zmm2 {{k3}}{{z}}, [\pointer + rbp]
            .else
                f vmovup, zmm3 {{k4}}{{z}}, [\pointer + rbp]
            .endif
        .endm
        .macro multiply_at j, pointer, a, b, c, d
            f vbroadcasts, zmm4, [\pointer + r14 + Y]
            each multiply_one, \a, \b, \c, \d
        .endm
        # A mask takes time of the units that multiply, on some processors.
        .macro load i, pointer
            .if MASKS == 0 || (MASKS == 1 && \i < VECTORS - 1)
                f vmovup, zmm\i, [\pointer + r14]
            .elseif \i == 0
                f vmovup, zmm0 {{k1}}{{z}}, [\pointer + r14]
            .elseif \i == 1
                f vmovup, zmm1 {{k2}}{{z}}, [\pointer + r14]
            .elseif \i == 2
                f vmovup, zmm2 {{k3}}{{z}}, [\pointer + r14]
            .else
                f vmovup, zmm3 {{k4}}{{z}}, [\pointer + r14]
            .endif
        .endm
        .macro clear_one i, pointer, mask, sum
            vpxorq \sum, \sum, \sum
        .endm
        .macro clear j, pointer, a, b, c, d
            each clear_one, \a, \b, \c, \d
            .if PAIRS
                each clear_one, \c, \d
            .endif
        .endm
        .macro multiply_one i, pointer, mask, sum
            fma \sum, zmm5, zmm\i, zmm4
        .endm
        .macro multiply_in_place i, pointer, step, sum
            .if ELEMENT == 4
                fma \sum, zmm5, zmm\i, dword ptr [\pointer + \step] {{1to16}}
            .else
                fma \sum, zmm5, zmm\i, qword ptr [\pointer + \step] {{1to8}}
            .endif
        .endm
        .macro multiply_few pointer, step, a, b
            multiply_in_place 0, \pointer, \step, \a
            .if VECTORS > 1
                multiply_in_place 1, \pointer, \step, \b
            .endif
        .endm
        # Reading an element anew for each vector is as fast for one vector. For two of them it is faster where a broadcast takes
        # time of the units that multiply, but as part of a multiplication, if columns are not so few that others limit.
        .macro multiply j, pointer, a, b, c, d
            .if KIND == {lanes} && MASKS == 0
                f vmovup, zmm4, [\pointer + r14]
                each multiply_one, \a, \b, \c, \d
            .elseif KIND == {lanes}
                f vmovup, zmm4 {{k1}}{{z}}, [\pointer + r14]
                each multiply_one, \a, \b, \c, \d
            .elseif VECTORS == 1 || (IN_PLACE && (COLUMNS > 3 || PAIRS))
                multiply_few \pointer, r14, \a, \b
                .if PAIRS
                    multiply_few \pointer, rdx, \c, \d
                .endif
            .else
                f vbroadcasts, zmm4, [\pointer + r14]
                each multiply_one, \a, \b, \c, \d
                .if PAIRS
                    f vbroadcasts, zmm4, [\pointer + rdx]
                    each multiply_one, \c, \d
                .endif
            .endif
        .endm
        .macro factor place
            f vbroadcasts, zmm4, \place
        .endm
        .macro scale_one i, pointer, mask, sum
            product \sum, \sum, zmm4
        .endm
        .macro scale j, pointer, a, b, c, d
            each scale_one, \a, \b, \c, \d
            .if PAIRS
                each scale_one, \c, \d
            .endif
        .endm
        .macro add_one i, pointer, mask, sum
            fma_masked \mask, \sum, zmm5, zmm4, [\pointer + r15]
        .endm
        .macro add_old j, pointer, a, b, c, d
            mov r15, [rbp + 16*\j + 8]
            each add_one, \a, \b, \c, \d
            .if PAIRS
                add r15, [rdi + 120]
                each add_one, \c, \d
            .endif
        .endm
        .macro store_one i, pointer, mask, sum
            .if KIND == {streaming}
                f vmovntp, [\pointer + r15], \sum
            .else
                f vmovup, [\pointer + r15] {{\mask}}, \sum
            .endif
        .endm
        .macro store j, pointer, a, b, c, d
            mov r15, [rbp + 16*\j + 8]
            each store_one, \a, \b, \c, \d
            .if PAIRS
                add r15, [rdi + 120]
                each store_one, \c, \d
            .endif
        .endm
        ",
        shared_body!(),
        ".irp name, steps_of_table, step_of_table, load_by_table",
        r".purgem \name",
        ".endr",
        ".irp name, step_loops, steps_of_panel, next_of_panel, step_of_panel, multiply_at, jump_if_full, join_masks, clear_one, multiply_one, multiply_in_place, multiply_few, scale_one, add_one, store_one",
        r".purgem \name",
        ".endr",
        no_arithmetic!(),
        element = const ELEMENT,
        bytes = const INTEGER - 1,
        integer = const INTEGER,
        vectors = const VECTORS,
        columns = const COLUMNS,
        kind = const KIND,
        kinds = const IN_PLACE - 1,
        in_place = const IN_PLACE,
        lanes = const LANES,
        paired = const PAIRED,
        streaming = const STREAMING,
        masked = const MASKED,
        adjacent = const ADJACENT,
        copied = const COPIED,
        panel = const PANEL,
        most = const crate::table::COLUMNS,
    );
}
