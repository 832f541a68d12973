//! The text that the micro-kernels of all x86-64 levels share, for the assembler's macro processor.
//!
//! A level defines what it does with one vector and with one column:
//!
//! | macro | parameters | |
//! |---|---|---|
//! | `vectors` | a macro | calls it for every vector with its number and pointer |
//! | `columns` | a macro | calls it for every column with its number, pointer, and accumulators |
//! | `use_mask` | vector, a register that holds its entry | gets the mask ready |
//! | `load` | vector, pointer | reads X |
//! | `loops` | | runs `step_loop`, with masks and fetching X or without |
//! | `clear`, `multiply` | as `columns` | zeroes accumulators; reads Y and multiplies |
//! | `scale`, `add_old`, `store` | as `columns` | finish a tile; alpha or beta has been broadcast with `factor` |
//!
//! Registers, as the System V calling convention has the first parameter in `rdi`:
//!
//! | | in the loop over steps | when a tile is finished |
//! |---|---|---|
//! | `rax rcx rdx rsi` | the vectors in X | the vectors in C |
//! | `r8 … r13` | the columns in Y | |
//! | `r14` | a step's offset in X, then in Y | |
//! | `r15` | the end of the steps | a column's offset in C |
//! | `rbx` | the next step's entry | |
//! | `rbp` | what is fetched of Y, but for the step's offset | the first column's entry |
//!
//! Symbols: `VECTORS` and `COLUMNS` of a tile, `ELEMENT` and `VECTOR` sizes in bytes, `SPARE` if `rsi` is free in
//! the loop over steps, `PAIRS` if columns are pairs, and `KIND`, see [`super`]. Macros are global in the assembler, so that every kernel removes its own
//! at the end. Numbers are used in place of the fields of [`Arguments`](crate::table::Arguments), asserted in [`super`].

/// Defines `f`, an instruction on packed or scalar elements: `f vadd` stands for vaddps or vaddpd.
macro_rules! element_instructions {
    () => {
        r"
        .macro f name, operands:vararg
            .if ELEMENT == 4
                \name\()s \operands
            .else
                \name\()d \operands
            .endif
        .endm
        "
    };
}

/// Defines `fma`, which adds a product to a sum, `product`, and `sum`, on vectors of real numbers or, if `INTEGER`, of integers. For
/// these `fma` needs another register. By a mask, lanes that do not exist are not read, and their sums are worth nothing.
macro_rules! arithmetic {
    () => {
        r"
        .macro fma sum, other, a, b:vararg
            .if INTEGER == 0
                f vfmadd231p, \sum, \a, \b
            .else
                product \other, \a, \b
                sum \sum, \sum, \other
            .endif
        .endm
        .macro fma_masked mask, sum, other, a, b:vararg
            .if INTEGER == 0
                f vfmadd231p, \sum {{\mask}}, \a, \b
            .else
                product \other {{\mask}}{{z}}, \a, \b
                sum \sum, \sum, \other
            .endif
        .endm
        .macro product operands:vararg
            .if INTEGER == 0
                f vmulp, \operands
            .elseif ELEMENT == 4
                vpmulld \operands
            .else
                vpmullq \operands
            .endif
        .endm
        .macro sum operands:vararg
            .if INTEGER == 0
                f vaddp, \operands
            .elseif ELEMENT == 4
                vpaddd \operands
            .else
                vpaddq \operands
            .endif
        .endm
        "
    };
}

/// Removes what [`arithmetic`] defines.
macro_rules! no_arithmetic {
    () => {
        r"
        .irp name, fma, fma_masked, product, sum
            .purgem \name
        .endr
        "
    };
}

/// Defines `v`, an instruction on whole vectors of packed elements, by the numbers of their registers, for every `VECTOR`:
/// `v vadd…, 8, 8, 2`.
macro_rules! vector_instructions {
    () => {
        r"
        .macro v name, a, b, c
            .if VECTOR == 64
                f \name, zmm\a, zmm\b, zmm\c
            .else
                f \name, ymm\a, ymm\b, ymm\c
            .endif
        .endm
        # Reads or writes a vector.
        .macro get i, place:vararg
            .if VECTOR == 64
                f vmovup, zmm\i, [\place]
            .else
                f vmovup, ymm\i, [\place]
            .endif
        .endm
        .macro put i, place:vararg
            .if VECTOR == 64
                f vmovup, [\place], zmm\i
            .else
                f vmovup, [\place], ymm\i
            .endif
        .endm
        "
    };
}

/// Defines `put_lanes`, which writes the lanes of a vector of AVX2 of which a register has a bit each, the first ones, at least
/// one, by way of another vector register. Writing by a mask takes several times as long.
macro_rules! put_lanes {
    () => {
        r"
        .macro put_lanes i, spare, bits, place:vararg
            .if ELEMENT == 4
                test \bits, 8
                jz 71f
                vmovups [\place], xmm\i
                vextractf128 xmm\spare, ymm\i, 1
                test \bits, 32
                jz 72f
                vmovlps [\place + 16], xmm\spare
                test \bits, 64
                jz 79f
                vextractps dword ptr [\place + 24], xmm\spare, 2
                jmp 79f
            71:
                test \bits, 2
                jz 73f
                vmovlps [\place], xmm\i
                test \bits, 4
                jz 79f
                vextractps dword ptr [\place + 8], xmm\i, 2
                jmp 79f
            72:
                test \bits, 16
                jz 79f
                vmovss [\place + 16], xmm\spare
                jmp 79f
            73:
                vmovss [\place], xmm\i
            .else
                test \bits, 2
                jz 73f
                vmovupd [\place], xmm\i
                test \bits, 4
                jz 79f
                vextractf128 xmm\spare, ymm\i, 1
                vmovsd [\place + 16], xmm\spare
                jmp 79f
            73:
                vmovsd [\place], xmm\i
            .endif
            79:
        .endm
        "
    };
}

/// Defines `step_loops`, for AVX-512: the loop over steps for tiles of so many vectors, whose masks are in `k1` …, and for how far
/// ahead X is fetched, if it is. A level defines `step_loop`, with the masks that it minds, none, that of the last vector, or
/// all, and whether it fetches. Label 40 is behind.
///
/// A mask takes time of the units that multiply on some processors, and to fetch takes as long as to load, whatever there is to do.
macro_rules! step_loops {
    () => {
        r"
        # Goes on elsewhere if the first vectors have all lanes.
        .macro jump_if_full count, label
            .if ELEMENT == 4
                join_masks w, \count
            .else
                join_masks b, \count
            .endif
            jc \label
        .endm
        .macro join_masks size, count
            .if \count == 1
                kortest\size k1, k1
            .else
                kand\size k5, k1, k2
                .if \count > 2
                    kand\size k5, k5, k3
                .endif
                .if \count > 3
                    kand\size k5, k5, k4
                .endif
                kortest\size k5, k5
            .endif
        .endm
        .macro step_loops vectors, ahead:vararg
            cmp qword ptr \ahead, 0
            jne 34f
            jump_if_full \vectors, 32f
            .if \vectors > 1
                jump_if_full \vectors - 1, 31f
            .endif
            step_loop 2, 0
            jmp 40f
            .if \vectors > 1
            31:
                step_loop 1, 0
                jmp 40f
            .endif
        32:
            step_loop 0, 0
            jmp 40f
        34:
            jump_if_full \vectors, 35f
            step_loop 2, 1
            jmp 40f
        35:
            step_loop 0, 1
        .endm
        "
    };
}

/// Defines `places`, which calls a macro with the number and the place of each of up to 8 `COLUMNS` at equal distances, by registers
/// that hold a column, `step` and `three` times it, and the fifth column.
macro_rules! places {
    () => {
        r"
        .macro places name, base, step, three, fifth
            \name 0, \base
            .if COLUMNS > 1
                \name 1, \base+\step
            .endif
            .if COLUMNS > 2
                \name 2, \base+2*\step
            .endif
            .if COLUMNS > 3
                \name 3, \base+\three
            .endif
            .if COLUMNS > 4
                \name 4, \fifth
            .endif
            .if COLUMNS > 5
                \name 5, \fifth+\step
            .endif
            .if COLUMNS > 6
                \name 6, \fifth+2*\step
            .endif
            .if COLUMNS > 7
                \name 7, \fifth+\three
            .endif
        .endm
        "
    };
}

/// Saves what a function must leave as it was, for [`restore_registers`].
macro_rules! save_registers {
    () => {
        r"
            push rbx
            push rbp
            push r12
            push r13
            push r14
            push r15
        "
    };
}

/// Restores them, at the end of an assembly that may have used vectors.
macro_rules! restore_registers {
    () => {
        r"
            pop r15
            pop r14
            pop r13
            pop r12
            pop rbp
            pop rbx
            vzeroupper
        "
    };
}

/// Macros that need to know nothing of the level.
macro_rules! shared_macros {
    () => {
        concat!(
            $crate::x86_64::text::element_instructions!(),
            r"
        .macro point_to_x i, pointer
            mov \pointer, [rbp + 24*\i]
            add \pointer, [rdi]
            use_mask \i, rbp
        .endm
        # X of a later tile, in memory that the processor does not foresee. Narrower vectors mostly share a line.
        .macro fetch i, pointer
            .if VECTOR == 64 || \i == 0
                prefetcht1 [\pointer + r14]
            .endif
        .endm
        .macro point_to_c i, pointer
            mov \pointer, [r14 + 24*\i + 8]
            add \pointer, [rdi + 16]
        .endm
        # C is going to be read: it had better be on its way while the sums are formed.
        .macro expect j, pointer, accumulators:vararg
            mov r14, [rdi + 24]
            mov r15, [rbp + 16*\j + 8]
            add r15, [rdi + 16]
            vectors expect_one
            .if PAIRS
                add r15, [rdi + 120]
                vectors expect_one
            .endif
        .endm
        .macro expect_one i, pointer
            mov rbx, [r14 + 24*\i + 8]
            prefetcht0 [r15 + rbx]
        .endm
        # Masks: of the vectors that mind theirs, 0, the last, or all. Fetching takes as long as loading, even if there is nothing to do.
        .macro step_loop masks, is_fetching
            .set MASKS, \masks
            .p2align 6
        30:
            mov r14, [rbx]
            vectors load
            .if \is_fetching
                .if SPARE
                    add r14, rsi
                .else
                    add r14, [rdi + 88]
                .endif
                vectors fetch
            .endif
            mov r14, [rbx + 8]
            add rbx, 16
            .if PAIRS
                lea rdx, [r14 + rsi]
            .endif
            columns multiply
            prefetcht0 [rbp + r14]
            add rbp, [rdi + 104]
            cmp rbx, r15
            jb 30b
        .endm
        .macro point_to_y j, pointer, accumulators:vararg
            mov \pointer, [rbp + 16*\j]
            add \pointer, [rdi + 8]
        .endm
        "
        )
    };
}

/// A kernel: for every tile of columns the loop over steps, then the way into C.
macro_rules! shared_body {
    () => {
        concat!(
            $crate::x86_64::text::save_registers!(),
            r"
        20: # A tile of columns.
            mov rbp, [rdi + 24]
            vectors point_to_x
            mov rbp, [rdi + 32]
            columns point_to_y
            columns clear
            test byte ptr [rdi + 64], 2
            jz 25f
            columns expect
        25:
            mov rbp, [rdi + 96]
            add rbp, r8
            mov rbx, [rdi + 40]
            cmp rbx, [rdi + 48]
            jae 40f
            mov r15, [rdi + 48]
            .if SPARE
                mov rsi, [rdi + 88]
            .endif
            .if PAIRS
                mov rsi, [rdi + 112]
            .endif
            loops
        40: # The way into C.
            mov rbp, [rdi + 32]
            mov r14, [rdi + 24]
            vectors point_to_c
            test byte ptr [rdi + 64], 1
            jz 50f
            factor [rdi + 72]
            columns scale
        50:
            test byte ptr [rdi + 64], 2
            jz 60f
            factor [rdi + 80]
            columns add_old
        60:
            columns store
            add rbp, 16*COLUMNS
            mov [rdi + 32], rbp
            dec qword ptr [rdi + 56]
            jnz 20b
            ",
            $crate::x86_64::text::restore_registers!(),
            r"
            .irp name, f, step_loop, loops, fetch, expect, expect_one, point_to_x, point_to_c, point_to_y, vectors, columns, use_mask, load, clear, multiply, factor, scale, add_old, store, each
                .purgem \name
            .endr
        "
        )
    };
}

pub(super) use {
    arithmetic, element_instructions, no_arithmetic, places, put_lanes, restore_registers,
    save_registers, shared_body, shared_macros, step_loops, vector_instructions,
};
