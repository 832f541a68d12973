//! Kernels of [`rows`](crate::rows), for vectors of any level: tiles of up to 4 vectors, with one row or two.
//!
//! Registers: `rdi` the arguments; `r8 r9` the tile in X and C; `r10` vectors left; `r11 r12` from a vector to the next in X
//! and C; `r13 rbp` the weights of the rows; `rbx` the next step, `r14 r15` a step's offsets; `rax rcx rdx rsi` the vectors in X, or
//! in C. Of vector registers 0 … 3 hold X, 4 and 5 weights, 8 … 15 the sums, 4 for each row; where elements of X lie apart, 16 … 18
//! hold more of it, and 24 … 26 which of them are chosen. Points outside are counted in
//! `[rsp]`, their places are in `[rsp + 8]` and `[rsp + 16]`; `[rsp + 24]` and `[rsp + 32]` have the first and the end of
//! the steps of a tile, or of a part of them; `[rsp + 56]` says where the next part is, and `[rsp + 64]` whether it is of the
//! same tile.
//!
//! Masks, by number: 1 has the lanes of a tile's last vector, 2 those of the others. With AVX-512 they are `k1` and `k2`;
//! `k3` has the lanes with sums that are no numbers, `k4 … k7` what a step has of the vectors, if `MASKED`. Of tiles in `PARTS`
//! all vectors are written by mask 2, but the second row of the last one, which may not exist, by mask 1. With AVX2 they
//! are in `ymm6` and `ymm7`, read anew where a step's have been there: the first from where `[rsp + 40]` says. `[rsp + 48]`
//! is not 0 if a sum was no number. Reading by a mask takes longer there, so that whole vectors go without, and nothing is written
//! by one.

mod loads;
mod steps;
mod tables;
mod vectors;

use core::mem::offset_of;

use super::text::{
    element_instructions, put_lanes, restore_registers, save_registers, vector_instructions,
};
use super::{address_of_mask_32, address_of_mask_64};
use crate::rows::{RowsArguments, RowsEntry, RowsPart, RowsSet};
use loads::step_loads;
use steps::step_loops;
use tables::{INDICES, SHIFTS};
use vectors::tile_vectors;

macro_rules! set {
    ($vector:literal, $element:literal, $bits:tt, $mask:expr, $taps:tt, $taps_in_parts:tt) => {
        RowsSet {
            element: $element,
            width: $vector / $element,
            mask: $mask,
            kernels: kernels!($vector, $element, $bits, 0),
            each_masked: kernels!($vector, $element, $bits, 1),
            ends_masked: kernels!($vector, $element, $bits, 2),
            taps_masked: kernels!($vector, $element, $bits, $taps),
            in_parts: kernels!($vector, $element, $bits, 6),
            taps_in_parts: kernels!($vector, $element, $bits, $taps_in_parts),
            apart: apart!($vector, $element, $bits),
        }
    };
}
macro_rules! apart {
    ($vector:literal, $element:literal, 0) => {
        None
    };
    ($vector:literal, $element:literal, 1) => {
        Some([
            kernels!($vector, $element, 1, 22),
            kernels!($vector, $element, 1, 23),
            kernels!($vector, $element, 1, 24),
        ])
    };
}
macro_rules! kernels {
    ($vector:literal, $element:literal, $bits:tt, [$three:literal $five:literal]) => {
        [kernels!($vector, $element, $bits, $three), kernels!($vector, $element, $bits, $five)]
    };
    ($vector:literal, $element:literal, $bits:tt, $masked:literal) => {
        [rows::<$vector, $element, 1, $masked, $bits>, rows::<$vector, $element, 2, $masked, $bits>]
    };
}
pub static F32_AVX512: RowsSet = set!(64, 4, 1, |lanes| (1 << lanes) - 1, [3 5], [9 11]);
pub static F64_AVX512: RowsSet = set!(64, 8, 1, |lanes| (1 << lanes) - 1, [3 5], [9 11]);
pub static F32_AVX2: RowsSet = set!(32, 4, 0, address_of_mask_32, [1 1], [6 6]);
pub static F64_AVX2: RowsSet = set!(32, 8, 0, address_of_mask_64, [1 1], [6 6]);

/// For rows that fill half a vector at most, with AVX-512: twice as many vectors of that size are read and multiplied at a
/// time.
pub static F32_HALF: RowsSet = set!(32, 4, 1, |lanes| (1 << lanes) - 1, [1 1], [9 11]);
pub static F64_HALF: RowsSet = set!(32, 8, 1, |lanes| (1 << lanes) - 1, [1 1], [9 11]);
/// # Safety
///
/// As [`Rows`](crate::rows::Rows).
#[inline(never)]
unsafe extern "sysv64" fn rows<
    const VECTOR: usize,
    const ELEMENT: usize,
    const ROWS: usize,
    const MASKED: usize,
    const BITS: usize,
>(
    arguments: &mut RowsArguments,
) {
    crate::assembly!(
        "rdi" = &raw mut *arguments;
        ".set VECTOR, {vector}",
        ".set ELEMENT, {element}",
        ".set ROWS, {rows}",
        ".set MASKED, {masked}",
        ".set BITS, {bits}",
        ".set EACH, 1",
        ".set ENDS, 2",
        // Else the masks are those of so many steps in turn.
        ".if {masked} == 3 || {masked} == 5",
        ".set TAPS, {masked}",
        ".elseif {masked} > 6 && {masked} < 20",
        ".set TAPS, {masked} - 6",
        ".else",
        ".set TAPS, 0",
        ".endif",
        ".set PARTS, {masked} >= 6",
        // Whether every tile may have a table of its own.
        ".set OWN, {masked} == 1 || {masked} == 3 || {masked} == 5",
        // From a lane's element of X to that of the next.
        ".if {masked} > 20",
        ".set STEP, {masked} - 20",
        ".else",
        ".set STEP, 1",
        ".endif",
        element_instructions!(),
        vector_instructions!(),
        put_lanes!(),
        tile_vectors!(),
        step_loads!(),
        step_loops!(),
        r"
        .macro tile v
            read_masks
            mov r14, [rdi + 112]
            point \v, r9, r12
            cmp qword ptr [rdi + 120], 0
            jne 61f
            each \v, clear
            jmp 62f
        61:
            each \v, old
        62:
            .if BITS == 0 && MASKED == 0
                cmp dword ptr [rbx + 28], 0
                je 67f
                cmp dword ptr [r15 + 28], 0
                je 66f
                steps \v, load_whole
                jmp 68f
            66:
                steps \v, load_last
                jmp 68f
            67:
                steps \v, load
            68:
            .elseif PARTS
                parts \v
            .else
                steps \v, load
            .endif
            mov r14, [rdi + 112]
            point \v, r9, r12
            read_masks
            .if BITS == 0
                f vmovmskp, r15d, ymm6
                f vmovmskp, ebx, ymm7
                .if ROWS > 1
                    vpxor xmm0, xmm0, xmm0
                .endif
            .endif
            each \v, store
            .if BITS == 0 && ROWS > 1
                vmovmskps eax, ymm0
                or [rsp + 48], eax
            .endif
        .endm
        ",
        save_registers!(),
        r"
            sub rsp, 72
            mov rax, [rdi + 40]
            mov [rsp], rax
            mov rax, [rdi + 32]
            mov [rsp + 56], rax
            mov r8, [rdi]
            mov r9, [rdi + 8]
            mov r13, [rdi + 16]
            mov rbp, r13
            add rbp, [rdi + 104]
            mov r11, [rdi + 72]
            mov r12, [rdi + 80]
            .if BITS
                kmovw k2, word ptr [rdi + 88]
                kxorw k3, k3, k3
            .else
                mov qword ptr [rsp + 48], 0
            .endif
            read_indices
        20: # A point outside.
            mov [rsp + 8], r8
            mov [rsp + 16], r9
            mov r10, [rdi + 64]
            .if BITS
                kmovw k1, k2
            .else
                mov rax, [rdi + 88]
                mov [rsp + 40], rax
            .endif
            .if PARTS
                # The same ones for each of them.
                mov rax, [rdi + 32]
                mov [rsp + 56], rax
            .else
                mov rax, [rsp + 56]
                mov ecx, [rax]
                mov edx, [rax + 4]
                add rcx, [rdi + 24]
                add rdx, [rdi + 24]
                mov [rsp + 24], rcx
                mov [rsp + 32], rdx
                add rax, [rdi + 152]
                mov [rsp + 56], rax
            .endif
        30: # A tile.
            cmp r10, 4
            ja 34f
            .if BITS
                kmovw k1, word ptr [rdi + 96]
            .else
                mov rax, [rdi + 96]
                mov [rsp + 40], rax
            .endif
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
            .if BITS
                kortestw k3, k3
            .else
                cmp qword ptr [rsp + 48], 0
            .endif
            jz 50f
            mov qword ptr [rdi + 128], 1
        50:
            add rsp, 72
        ",
        restore_registers!(),
        r"
            .irp name, f, v, get, put, each, each_of, point, get_masked, put_masked, put_lanes, read_masks, clear, old, masks, mask_of, load, load_same, load_apart, read_indices, load_tap, load_whole, load_last, multiply, put_row, find_no_numbers, store, step, weights, part, parts, steps, tile
                .purgem \name
            .endr
        ",
        vector = const VECTOR,
        element = const ELEMENT,
        rows = const ROWS,
        masked = const MASKED,
        bits = const BITS,
        shifts = sym SHIFTS,
        indices = sym INDICES,
    );
}

// The assembly's numbers.
const _: () = {
    assert!(size_of::<RowsEntry>() == 24 && offset_of!(RowsEntry, x) == 0);
    assert!(offset_of!(RowsEntry, w) == 8 && offset_of!(RowsEntry, masks) == 16);
    assert!(offset_of!(RowsArguments, x) == 0 && offset_of!(RowsArguments, c) == 8);
    assert!(offset_of!(RowsArguments, w) == 16 && offset_of!(RowsArguments, steps) == 24);
    assert!(size_of::<RowsPart>() == 16 && offset_of!(RowsPart, first) == 0);
    assert!(offset_of!(RowsPart, end) == 4 && offset_of!(RowsPart, vectors) == 8);
    assert!(offset_of!(RowsPart, has_next) == 12);
    assert!(offset_of!(RowsArguments, parts) == 32 && offset_of!(RowsArguments, outer) == 40);
    assert!(offset_of!(RowsArguments, x_outer) == 48 && offset_of!(RowsArguments, c_outer) == 56);
    assert!(offset_of!(RowsArguments, vectors) == 64 && offset_of!(RowsArguments, x_vector) == 72);
    assert!(offset_of!(RowsArguments, c_vector) == 80 && offset_of!(RowsArguments, mask) == 88);
    assert!(offset_of!(RowsArguments, last_mask) == 96 && offset_of!(RowsArguments, w_row) == 104);
    assert!(offset_of!(RowsArguments, c_row) == 112 && offset_of!(RowsArguments, adds) == 120);
    assert!(offset_of!(RowsArguments, is_nan) == 128 && offset_of!(RowsArguments, w_outer) == 136);
    assert!(offset_of!(RowsArguments, steps_tile) == 144);
    assert!(offset_of!(RowsArguments, parts_outer) == 152);
};
