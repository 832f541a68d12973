//! Kernels of [`rows`](crate::rows), for vectors of any level: tiles of up to 4 vectors, with one row or two.
//!
//! Registers: `rdi` the arguments; `r8 r9` the tile in X and C; `r10` vectors left; `r11 r12` from a vector to the next in X
//! and C; `r13 rbp` the weights of the rows; `rbx` the next step, `r14 r15` a step's offsets; `rax rcx rdx rsi` the vectors in X, or
//! in C. Of vector registers 0 … 3 hold X, 4 and 5 weights, 8 … 15 the sums, 4 for each row. Points outside are counted in
//! `[rsp]`, their places are in `[rsp + 8]` and `[rsp + 16]`; `[rsp + 24]` and `[rsp + 32]` have the first and the end of a
//! tile's table, if each has its own.
//!
//! Masks, by number: 1 has the lanes of a tile's last vector, 2 those of the others. With AVX-512 they are `k1` and `k2`;
//! `k3` has the lanes with sums that are no numbers, `k4 … k7` what a step has of the vectors, if `MASKED`. With AVX2 they
//! are in `ymm6` and `ymm7`, read anew where a step's have been there: the first from where `[rsp + 40]` says. `[rsp + 48]`
//! is not 0 if a sum was no number. Reading by a mask takes longer there, so that whole vectors go without, and nothing is written
//! by one.

use core::arch::naked_asm;
use core::mem::offset_of;

use super::text::{
    element_instructions, put_lanes, return_to_caller, save_registers, vector_instructions,
};
use super::{address_of_mask_32, address_of_mask_64};
use crate::rows::{RowsArguments, RowsEntry, RowsSet};

macro_rules! set {
    ($vector:literal, $element:literal, $mask:expr, [$three:literal $five:literal]) => {
        RowsSet {
            element: $element,
            width: $vector / $element,
            mask: $mask,
            kernels: [rows::<$vector, $element, 1, 0>, rows::<$vector, $element, 2, 0>],
            each_masked: [rows::<$vector, $element, 1, 1>, rows::<$vector, $element, 2, 1>],
            ends_masked: [rows::<$vector, $element, 1, 2>, rows::<$vector, $element, 2, 2>],
            taps_masked: [
                [rows::<$vector, $element, 1, $three>, rows::<$vector, $element, 2, $three>],
                [rows::<$vector, $element, 1, $five>, rows::<$vector, $element, 2, $five>],
            ],
        }
    };
}
pub static F32_AVX512: RowsSet = set!(64, 4, |lanes| (1 << lanes) - 1, [3 5]);
pub static F64_AVX512: RowsSet = set!(64, 8, |lanes| (1 << lanes) - 1, [3 5]);
pub static F32_AVX2: RowsSet = set!(32, 4, address_of_mask_32, [1 1]);
pub static F64_AVX2: RowsSet = set!(32, 8, address_of_mask_64, [1 1]);

/// How far to shift the bits of a step's masks to the left, for a vector's lanes to be the highest ones: of 4 bytes, for two
/// vectors in as many, and of 8 bytes, for four.
#[repr(C, align(32))]
struct Shifts([[u32; 8]; 2], [[u64; 4]; 4]);
static SHIFTS: Shifts = {
    let mut shifts = Shifts([[0; 8]; 2], [[0; 4]; 4]);
    let mut lane = 0;
    while lane < 8 {
        let mut vector = 0;
        while vector < 4 {
            if vector < 2 {
                shifts.0[vector][lane] = 31 - (16 * vector + lane) as u32;
            }
            if lane < 4 {
                shifts.1[vector][lane] = 63 - (16 * vector + lane) as u64;
            }
            vector += 1;
        }
        lane += 1;
    }
    shifts
};

/// # Safety
///
/// As [`Rows`](crate::rows::Rows).
#[unsafe(naked)]
unsafe extern "sysv64" fn rows<
    const VECTOR: usize,
    const ELEMENT: usize,
    const ROWS: usize,
    const MASKED: usize,
>(
    arguments: &mut RowsArguments,
) {
    naked_asm!(
        ".set VECTOR, {vector}",
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
        vector_instructions!(),
        put_lanes!(),
        r"
        # Calls a macro for every vector: its number, pointer, mask, and sums.
        .macro each v, name
            .if \v > 1
                \name 0, rax, 2, 8, 12
            .else
                \name 0, rax, 1, 8, 12
            .endif
            .if \v > 2
                \name 1, rcx, 2, 9, 13
            .elseif \v > 1
                \name 1, rcx, 1, 9, 13
            .endif
            .if \v > 3
                \name 2, rdx, 2, 10, 14
            .elseif \v > 2
                \name 2, rdx, 1, 10, 14
            .endif
            .if \v > 3
                \name 3, rsi, 1, 11, 15
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
        # Lanes that a mask lacks are zero.
        .macro get_masked i, mask, place:vararg
            .if VECTOR == 64
                f vmovup, zmm\i {{k\mask}}{{z}}, [\place]
            .elseif \mask == 2
                f vmaskmovp, ymm\i, ymm7, [\place]
            .else
                f vmaskmovp, ymm\i, ymm6, [\place]
            .endif
        .endm
        .macro put_masked i, mask, place:vararg
            .if VECTOR == 64
                f vmovup, [\place] {{k\mask}}, zmm\i
            .elseif \mask == 2
                put_lanes \i, 1, ebx, \place
            .else
                put_lanes \i, 1, r15d, \place
            .endif
        .endm
        # Gets the masks of a tile, and where they are.
        .macro read_masks
            .if VECTOR == 32
                mov r15, [rsp + 40]
                mov rbx, [rdi + 88]
                vmovdqu ymm6, [r15]
                vmovdqu ymm7, [rbx]
            .endif
        .endm
        .macro clear i, pointer, mask, sum, other
            vpxor xmm\sum, xmm\sum, xmm\sum
            .if ROWS > 1
                vpxor xmm\other, xmm\other, xmm\other
            .endif
        .endm
        .macro old i, pointer, mask, sum, other
            get_masked \sum, \mask, \pointer
            .if ROWS > 1
                get_masked \other, \mask, \pointer + r14
            .endif
        .endm
        # What exists of the vectors of a tile, with AVX-512.
        .macro masks v
            .if VECTOR == 64
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
            .endif
        .endm
        # With AVX2 that of a vector, of the step that has just been begun: a lane's highest bit counts.
        .macro mask_of i
            .if ELEMENT == 4
                .if MASKED == ENDS || \i == 0 || \i == 2
                    vpbroadcastd ymm7, dword ptr [rbx - 8 + 4*(\i / 2)]
                .endif
                vpsllvd ymm6, ymm7, [rip + {shifts} + 32*(\i & 1)]
            .else
                .if \i == 0
                    vpbroadcastq ymm7, qword ptr [rbx - 8]
                .endif
                vpsllvq ymm6, ymm7, [rip + {shifts} + 64 + 32*\i]
            .endif
        .endm
        .macro load i, pointer, mask, sum, other
            .if TAPS && \i == 0 && TAP == 0
                get_masked 0, 4, \pointer + r14
            .elseif TAPS == 5 && \i == 0 && TAP == 1
                get_masked 0, 5, \pointer + r14
            .elseif TAPS && TAP == TAPS - 1 && \mask == 1
                get_masked \i, 7, \pointer + r14
            .elseif TAPS && TAP > TAPS / 2 && \mask == 1
                get_masked \i, 6, \pointer + r14
            .elseif TAPS
                get_masked \i, \mask, \pointer + r14
            .elseif MASKED == ENDS && \i > 0 && \mask == 2
                get \i, \pointer + r14
            .elseif MASKED
                .if VECTOR == 32
                    mask_of \i
                    get_masked \i, 1, \pointer + r14
                .elseif MASKED == EACH || \i == 0
                    .irp k, 4, 5, 6, 7
                        .if \k == 4 + \i
                            get_masked \i, \k, \pointer + r14
                        .endif
                    .endr
                .else
                    get_masked \i, 7, \pointer + r14
                .endif
            .else
                get_masked \i, \mask, \pointer + r14
            .endif
        .endm
        # All lanes exist, or all but those of the last vector.
        .macro load_whole i, pointer, mask, sum, other
            get \i, \pointer + r14
        .endm
        .macro load_last i, pointer, mask, sum, other
            .if \mask == 2
                get \i, \pointer + r14
            .else
                get_masked \i, 1, \pointer + r14
            .endif
        .endm
        .macro multiply i, pointer, mask, sum, other
            v vfmadd231p, \sum, \i, 4
            .if ROWS > 1
                v vfmadd231p, \other, \i, 5
            .endif
        .endm
        .macro store i, pointer, mask, sum, other
            .if VECTOR == 32
                .if \mask == 2
                    cmp ebx, (1 << (32 / ELEMENT)) - 1
                .else
                    cmp r15d, (1 << (32 / ELEMENT)) - 1
                .endif
                jne 64f
                put \sum, \pointer
                .if ROWS > 1
                    put \other, \pointer + r14
                .endif
                jmp 65f
            64:
            .endif
            put_masked \sum, \mask, \pointer
            .if ROWS > 1
                put_masked \other, \mask, \pointer + r14
            .endif
            65:
            .if ROWS > 1
                v vaddp, \sum, \sum, \other
                .if VECTOR == 64
                    f vcmpunordp, k4 {{k\mask}}, zmm\sum, zmm\sum
                    korw k3, k3, k4
                .else
                    f vcmpunordp, ymm\sum, ymm\sum, ymm\sum
                    .if \mask == 2
                        vpand ymm\sum, ymm\sum, ymm7
                    .else
                        vpand ymm\sum, ymm\sum, ymm6
                    .endif
                    vpor ymm0, ymm0, ymm\sum
                .endif
            .endif
        .endm
        .macro step v, load
            mov r14, [rbx]
            mov r15, [rbx + 8]
            masks \v
            add rbx, 24
            each \v, \load
            .if VECTOR == 64
                f vbroadcasts, zmm4, [r13 + r15]
            .else
                f vbroadcasts, ymm4, [r13 + r15]
            .endif
            .if ROWS > 1
                .if VECTOR == 64
                    f vbroadcasts, zmm5, [rbp + r15]
                .else
                    f vbroadcasts, ymm5, [rbp + r15]
                .endif
            .endif
            each \v, multiply
        .endm
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
            .if VECTOR == 32 && MASKED == 0
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
            .else
                steps \v, load
            .endif
            mov r14, [rdi + 112]
            point \v, r9, r12
            read_masks
            .if VECTOR == 32
                f vmovmskp, r15d, ymm6
                f vmovmskp, ebx, ymm7
                .if ROWS > 1
                    vpxor xmm0, xmm0, xmm0
                .endif
            .endif
            each \v, store
            .if VECTOR == 32 && ROWS > 1
                vmovmskps eax, ymm0
                or [rsp + 48], eax
            .endif
        .endm
        .macro steps v, load
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
            step \v, \load
            .if TAPS
                .rept TAPS - 1
                    .set TAP, TAP + 1
                    step \v, \load
                .endr
            .endif
            .if OWN
                cmp rbx, [rsp + 32]
            .else
                cmp rbx, [rdi + 32]
            .endif
            jb 63b
        .endm
        ",
        save_registers!(),
        r"
            sub rsp, 56
            mov rax, [rdi + 40]
            mov [rsp], rax
            mov r8, [rdi]
            mov r9, [rdi + 8]
            mov r13, [rdi + 16]
            mov rbp, r13
            add rbp, [rdi + 104]
            mov r11, [rdi + 72]
            mov r12, [rdi + 80]
            .if VECTOR == 64
                kmovw k2, word ptr [rdi + 88]
                kxorw k3, k3, k3
            .else
                mov qword ptr [rsp + 48], 0
            .endif
        20: # A point outside.
            mov [rsp + 8], r8
            mov [rsp + 16], r9
            mov r10, [rdi + 64]
            .if VECTOR == 64
                kmovw k1, k2
            .else
                mov rax, [rdi + 88]
                mov [rsp + 40], rax
            .endif
            .if OWN
                mov rax, [rdi + 24]
                mov rcx, [rdi + 32]
                mov [rsp + 24], rax
                mov [rsp + 32], rcx
            .endif
        30: # A tile.
            cmp r10, 4
            ja 34f
            .if VECTOR == 64
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
            .if VECTOR == 64
                kortestw k3, k3
            .else
                cmp qword ptr [rsp + 48], 0
            .endif
            jz 50f
            mov qword ptr [rdi + 128], 1
        50:
            add rsp, 56
        ",
        return_to_caller!(),
        r"
            .irp name, f, v, get, put, each, point, get_masked, put_masked, put_lanes, read_masks, clear, old, masks, mask_of, load, load_whole, load_last, multiply, store, step, steps, tile
                .purgem \name
            .endr
        ",
        vector = const VECTOR,
        element = const ELEMENT,
        rows = const ROWS,
        masked = const MASKED,
        shifts = sym SHIFTS,
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
