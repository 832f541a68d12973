//! Kernels of [`rows`](crate::rows) with AVX-512: tiles of up to 4 vectors, with one row or two.
//!
//! Registers: `rdi` the arguments; `r8 r9` the tile in X and C; `r10` vectors left; `r11 r12` from a vector to the next in X
//! and C; `r13 rbp` the weights of the rows; `rbx` the next step, `r14 r15` a step's offsets; `rax rcx rdx rsi` the vectors in X, or
//! in C. `zmm0 … zmm3` hold X, `zmm4 zmm5` weights, `zmm8 … zmm15` the sums, 4 for each row. `k1` has the lanes of
//! a tile's last vector, `k2` those of the others, `k3` those with sums that are no numbers; `k4 … k7` what a step has of the
//! vectors, if `MASKED`. Points outside are counted in `[rsp]`,
//! their places are in `[rsp + 8]` and `[rsp + 16]`; `[rsp + 24]` and `[rsp + 32]` have the first and the end of a tile's
//! table, if each has its own.

use core::arch::naked_asm;
use core::mem::offset_of;

use super::text::{element_instructions, return_to_caller, save_registers};
use crate::rows::{RowsArguments, RowsEntry, RowsSet};

macro_rules! set {
    ($width:literal, $element:literal) => {
        RowsSet {
            width: $width,
            kernels: [rows::<$element, 1, 0>, rows::<$element, 2, 0>],
            each_masked: [rows::<$element, 1, 1>, rows::<$element, 2, 1>],
            ends_masked: [rows::<$element, 1, 2>, rows::<$element, 2, 2>],
            taps_masked: [
                [rows::<$element, 1, 3>, rows::<$element, 2, 3>],
                [rows::<$element, 1, 5>, rows::<$element, 2, 5>],
            ],
        }
    };
}
pub static ROWS_32: RowsSet = set!(16, 4);
pub static ROWS_64: RowsSet = set!(8, 8);

/// # Safety
///
/// As [`Rows`](crate::rows::Rows).
#[unsafe(naked)]
unsafe extern "sysv64" fn rows<const ELEMENT: usize, const ROWS: usize, const MASKED: usize>(
    arguments: &mut RowsArguments,
) {
    naked_asm!(
        ".set ELEMENT, {element}",
        ".set ROWS, {rows}",
        ".set MASKED, {masked}",
        ".set EACH, 1",
        ".set ENDS, 2",
        // Else the masks are those of so many steps in turn.
        ".if {masked} > 2",
        ".set TAPS, {masked}",
        ".else",
        ".set TAPS, 0",
        ".endif",
        // Whether every tile may have a table of its own.
        ".if {masked} == 1 || {masked} > 2",
        ".set OWN, 1",
        ".else",
        ".set OWN, 0",
        ".endif",
        element_instructions!(),
        r"
        # Calls a macro for every vector: its number, pointer, mask, and sums.
        .macro each v, name
            .if \v > 1
                \name 0, rax, k2, zmm8, zmm12
            .else
                \name 0, rax, k1, zmm8, zmm12
            .endif
            .if \v > 2
                \name 1, rcx, k2, zmm9, zmm13
            .elseif \v > 1
                \name 1, rcx, k1, zmm9, zmm13
            .endif
            .if \v > 3
                \name 2, rdx, k2, zmm10, zmm14
            .elseif \v > 2
                \name 2, rdx, k1, zmm10, zmm14
            .endif
            .if \v > 3
                \name 3, rsi, k1, zmm11, zmm15
            .endif
        .endm
        .macro point v, first, step
            mov rax, \first
            .if \v > 1
                lea rcx, [rax + \step]
            .endif
            .if \v > 2
                lea rdx, [rcx + \step]
            .endif
            .if \v > 3
                lea rsi, [rdx + \step]
            .endif
        .endm
        .macro clear i, pointer, mask, sum, other
            vpxorq \sum, \sum, \sum
            .if ROWS > 1
                vpxorq \other, \other, \other
            .endif
        .endm
        .macro old i, pointer, mask, sum, other
            f vmovup, \sum {{\mask}}{{z}}, [\pointer]
            .if ROWS > 1
                f vmovup, \other {{\mask}}{{z}}, [\pointer + r14]
            .endif
        .endm
        .macro load i, pointer, mask, sum, other
            .if MASKED == EACH
                .if \i == 0
                    f vmovup, zmm0 {{k4}}{{z}}, [\pointer + r14]
                .elseif \i == 1
                    f vmovup, zmm1 {{k5}}{{z}}, [\pointer + r14]
                .elseif \i == 2
                    f vmovup, zmm2 {{k6}}{{z}}, [\pointer + r14]
                .else
                    f vmovup, zmm3 {{k7}}{{z}}, [\pointer + r14]
                .endif
            .elseif MASKED == ENDS
                .if \i == 0
                    f vmovup, zmm0 {{k4}}{{z}}, [\pointer + r14]
                .else
                    .ifc \mask, k1
                        f vmovup, zmm\i {{k7}}{{z}}, [\pointer + r14]
                    .else
                        f vmovup, zmm\i, [\pointer + r14]
                    .endif
                .endif
            .elseif TAPS && \i == 0 && TAP == 0
                f vmovup, zmm0 {{k4}}{{z}}, [\pointer + r14]
            .elseif TAPS == 5 && \i == 0 && TAP == 1
                f vmovup, zmm0 {{k5}}{{z}}, [\pointer + r14]
            .elseif TAPS && TAP > TAPS / 2
                .ifnc \mask, k1
                    f vmovup, zmm\i {{\mask}}{{z}}, [\pointer + r14]
                .elseif TAP == TAPS - 1
                    f vmovup, zmm\i {{k7}}{{z}}, [\pointer + r14]
                .else
                    f vmovup, zmm\i {{k6}}{{z}}, [\pointer + r14]
                .endif
            .else
                f vmovup, zmm\i {{\mask}}{{z}}, [\pointer + r14]
            .endif
        .endm
        # What exists of the vectors of a tile.
        .macro masks v
            .if MASKED == EACH
                # At once, and parted here: that takes less time than as many loads.
                kmovq k4, qword ptr [rbx + 16]
                .if \v > 1
                    kshiftrq k5, k4, 16
                .endif
                .if \v > 2
                    kshiftrq k6, k4, 32
                .endif
                .if \v > 3
                    kshiftrq k7, k4, 48
                .endif
            .elseif MASKED == ENDS
                kmovw k4, word ptr [rbx + 16]
                .if \v > 1
                    kmovw k7, word ptr [rbx + 14 + 2*\v]
                .endif
            .endif
        .endm
        .macro multiply i, pointer, mask, sum, other
            f vfmadd231p, \sum, zmm\i, zmm4
            .if ROWS > 1
                f vfmadd231p, \other, zmm\i, zmm5
            .endif
        .endm
        .macro store i, pointer, mask, sum, other
            f vmovup, [\pointer] {{\mask}}, \sum
            .if ROWS > 1
                f vmovup, [\pointer + r14] {{\mask}}, \other
                f vaddp, \sum, \sum, \other
                f vcmpunordp, k4 {{\mask}}, \sum, \sum
                korw k3, k3, k4
            .endif
        .endm
        .macro step v
            mov r14, [rbx]
            mov r15, [rbx + 8]
            masks \v
            add rbx, 24
            each \v, load
            f vbroadcasts, zmm4, [r13 + r15]
            .if ROWS > 1
                f vbroadcasts, zmm5, [rbp + r15]
            .endif
            each \v, multiply
        .endm
        .macro tile v
            mov r14, [rdi + 112]
            point \v, r9, r12
            cmp qword ptr [rdi + 120], 0
            jne 61f
            each \v, clear
            jmp 62f
        61:
            each \v, old
        62:
            point \v, r8, r11
            .if OWN
                mov rbx, [rsp + 24]
            .else
                mov rbx, [rdi + 24]
            .endif
            .if TAPS
                # The first vector's in the steps before the middle one, and the last one's in those after it.
                kmovw k4, word ptr [rbx + 16]
                kmovw k7, word ptr [rbx + 24*TAPS - 10 + 2*\v]
                .if TAPS == 5
                    kmovw k5, word ptr [rbx + 40]
                    kmovw k6, word ptr [rbx + 86 + 2*\v]
                .endif
            .endif
            .p2align 5
        63: # A step, or all that have masks of their own.
            .set TAP, 0
            step \v
            .if TAPS
                .rept TAPS - 1
                    .set TAP, TAP + 1
                    step \v
                .endr
            .endif
            .if OWN
                cmp rbx, [rsp + 32]
            .else
                cmp rbx, [rdi + 32]
            .endif
            jb 63b
            mov r14, [rdi + 112]
            point \v, r9, r12
            each \v, store
        .endm
        ",
        save_registers!(),
        r"
            sub rsp, 40
            mov rax, [rdi + 40]
            mov [rsp], rax
            mov r8, [rdi]
            mov r9, [rdi + 8]
            mov r13, [rdi + 16]
            mov rbp, r13
            add rbp, [rdi + 104]
            mov r11, [rdi + 72]
            mov r12, [rdi + 80]
            kmovw k2, word ptr [rdi + 88]
            kxorw k3, k3, k3
        20: # A point outside.
            mov [rsp + 8], r8
            mov [rsp + 16], r9
            mov r10, [rdi + 64]
            kmovw k1, k2
            .if OWN
                mov rax, [rdi + 24]
                mov rcx, [rdi + 32]
                mov [rsp + 24], rax
                mov [rsp + 32], rcx
            .endif
        30: # A tile.
            cmp r10, 4
            ja 34f
            kmovw k1, word ptr [rdi + 96]
            je 34f
            cmp r10, 2
            ja 33f
            je 32f
            tile 1
            jmp 40f
        32:
            tile 2
            jmp 40f
        33:
            tile 3
            jmp 40f
        34:
            tile 4
            lea r8, [r8 + 4*r11]
            lea r9, [r9 + 4*r12]
            .if OWN
                mov rax, [rdi + 144]
                add [rsp + 24], rax
                add [rsp + 32], rax
            .endif
            sub r10, 4
            ja 30b
        40:
            mov r8, [rsp + 8]
            mov r9, [rsp + 16]
            add r8, [rdi + 48]
            add r9, [rdi + 56]
            add r13, [rdi + 136]
            add rbp, [rdi + 136]
            dec qword ptr [rsp]
            jnz 20b
            kortestw k3, k3
            jz 50f
            mov qword ptr [rdi + 128], 1
        50:
            add rsp, 40
        ",
        return_to_caller!(),
        r"
            .irp name, f, each, point, clear, old, load, masks, multiply, store, step, tile
                .purgem \name
            .endr
        ",
        element = const ELEMENT,
        rows = const ROWS,
        masked = const MASKED,
    )
}

// The assembly's numbers.
const _: () = {
    assert!(size_of::<RowsEntry>() == 24 && offset_of!(RowsEntry, x) == 0);
    assert!(offset_of!(RowsEntry, w) == 8 && offset_of!(RowsEntry, masks) == 16);
    assert!(offset_of!(RowsArguments, x) == 0 && offset_of!(RowsArguments, c) == 8);
    assert!(offset_of!(RowsArguments, w) == 16 && offset_of!(RowsArguments, steps) == 24);
    assert!(offset_of!(RowsArguments, steps_end) == 32 && offset_of!(RowsArguments, outer) == 40);
    assert!(offset_of!(RowsArguments, x_outer) == 48 && offset_of!(RowsArguments, c_outer) == 56);
    assert!(offset_of!(RowsArguments, vectors) == 64 && offset_of!(RowsArguments, x_vector) == 72);
    assert!(offset_of!(RowsArguments, c_vector) == 80 && offset_of!(RowsArguments, mask) == 88);
    assert!(offset_of!(RowsArguments, last_mask) == 96 && offset_of!(RowsArguments, w_row) == 104);
    assert!(offset_of!(RowsArguments, c_row) == 112 && offset_of!(RowsArguments, adds) == 120);
    assert!(offset_of!(RowsArguments, is_nan) == 128 && offset_of!(RowsArguments, w_outer) == 136);
    assert!(offset_of!(RowsArguments, steps_tile) == 144);
};
