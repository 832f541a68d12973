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

use core::arch::naked_asm;
use core::mem::offset_of;

use super::text::{
    element_instructions, put_lanes, return_to_caller, save_registers, vector_instructions,
};
use super::{address_of_mask_32, address_of_mask_64};
use crate::rows::{RowsArguments, RowsEntry, RowsPart, RowsSet};

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

/// Which elements are every second, third, and fourth one: of two vectors the first indices, and with what these choose of a
/// third and a fourth one the next. For elements of 4 bytes in vectors of 32 and of 64, and of 8 bytes.
#[repr(C, align(64))]
struct Indices([[[[u32; 16]; 3]; 3]; 2], [[[[u64; 8]; 3]; 3]; 2]);
static INDICES: Indices = {
    let mut indices = Indices([[[[0; 16]; 3]; 3]; 2], [[[[0; 8]; 3]; 3]; 2]);
    let mut at = 0;
    // The half of it for vectors of 64 bytes, the step less 2, the vector less 1, and the lane.
    while at < 2 * 3 * 3 * 16 {
        let [half, step, vector, lane] = [at / 144, at / 48 % 3, at / 16 % 3, at % 16];
        indices.0[half][step][vector][lane] = index(step + 2, vector, lane, 8 << half) as u32;
        if lane < 8 {
            indices.1[half][step][vector][lane] = index(step + 2, vector, lane, 4 << half) as u64;
        }
        at += 1;
    }
    indices
};

/// What takes a lane's element from the vectors before, or from the next one.
const fn index(step: usize, vector: usize, lane: usize, width: usize) -> usize {
    let from = step * lane;
    match from / width {
        0 | 1 if vector == 0 => from,
        of if of == vector + 1 => width + from % width,
        _ => lane,
    }
}

/// # Safety
///
/// As [`Rows`](crate::rows::Rows).
#[unsafe(naked)]
unsafe extern "sysv64" fn rows<
    const VECTOR: usize,
    const ELEMENT: usize,
    const ROWS: usize,
    const MASKED: usize,
    const BITS: usize,
>(
    arguments: &mut RowsArguments,
) {
    naked_asm!(
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
        # The same for those from one number to before another, all with the same mask.
        .macro each_of first, end, name
            .if \first == 0
                \name 0, rax, 1, 8, 12
            .endif
            .if \first <= 1 && \end > 1
                \name 1, rcx, 1, 9, 13
            .endif
            .if \first <= 2 && \end > 2
                \name 2, rdx, 1, 10, 14
            .endif
            .if \end > 3
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
            .elseif BITS
                f vmovup, ymm\i {{k\mask}}{{z}}, [\place]
            .elseif \mask == 2
                f vmaskmovp, ymm\i, ymm7, [\place]
            .else
                f vmaskmovp, ymm\i, ymm6, [\place]
            .endif
        .endm
        .macro put_masked i, mask, place:vararg
            .if VECTOR == 64
                f vmovup, [\place] {{k\mask}}, zmm\i
            .elseif BITS
                f vmovup, [\place] {{k\mask}}, ymm\i
            .elseif \mask == 2
                put_lanes \i, 1, ebx, \place
            .else
                put_lanes \i, 1, r15d, \place
            .endif
        .endm
        # Gets the masks of a tile, and where they are.
        .macro read_masks
            .if BITS == 0
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
            .if BITS
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
        # What exists of all of them.
        .macro load_same i, pointer, mask, sum, other
            .if BITS
                get_masked \i, 4, \pointer + r14
            .else
                get_masked \i, 1, \pointer + r14
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
                .if BITS == 0
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
        # Every so manyth element of as many vectors.
        .macro load_apart i, pointer, mask, sum, other
            get_masked \i, 4, \pointer + r14
            get_masked 16, 5, \pointer + r14 + VECTOR
            v vpermt2p, \i, 24, 16
            .if STEP > 2
                get_masked 17, 6, \pointer + r14 + 2*VECTOR
                v vpermt2p, \i, 25, 17
            .endif
            .if STEP > 3
                get_masked 18, 7, \pointer + r14 + 3*VECTOR
                v vpermt2p, \i, 26, 18
            .endif
        .endm
        .macro read_indices
            .if STEP > 1
                lea rax, [rip + {indices}]
                .set AT, 192*(STEP - 2) + 576*(VECTOR / 64) + 1152*(ELEMENT / 8)
                .if VECTOR == 64
                    vmovups zmm24, [rax + AT]
                    vmovups zmm25, [rax + AT + 64]
                    vmovups zmm26, [rax + AT + 128]
                .else
                    vmovups ymm24, [rax + AT]
                    vmovups ymm25, [rax + AT + 64]
                    vmovups ymm26, [rax + AT + 128]
                .endif
            .endif
        .endm
        .macro load_tap i, pointer, mask, sum, other
            .if TAP == 0
                get_masked \i, 4, \pointer + r14
            .elseif TAP == TAPS - 1
                get_masked \i, 7, \pointer + r14
            .elseif TAP < TAPS / 2
                get_masked \i, 5, \pointer + r14
            .elseif TAP > TAPS / 2
                get_masked \i, 6, \pointer + r14
            .else
                get_masked \i, 2, \pointer + r14
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
        # Writes the lanes that exist. With AVX2 registers have their bits.
        .macro put_row i, mask, place:vararg
            .if BITS
                put_masked \i, \mask, \place
            .else
                .if \mask == 2
                    cmp ebx, (1 << (32 / ELEMENT)) - 1
                .else
                    cmp r15d, (1 << (32 / ELEMENT)) - 1
                .endif
                jne 64f
                put \i, \place
                jmp 65f
            64:
                .if PARTS && \mask == 1
                    test r15d, r15d
                    jz 65f
                .endif
                put_masked \i, \mask, \place
            65:
            .endif
        .endm
        .macro find_no_numbers i, mask
            .if VECTOR == 64
                f vcmpunordp, k0 {{k\mask}}, zmm\i, zmm\i
            .else
                f vcmpunordp, k0 {{k\mask}}, ymm\i, ymm\i
            .endif
        .endm
        .macro store i, pointer, mask, sum, other
            .if PARTS
                put_row \sum, 2, \pointer
            .else
                put_row \sum, \mask, \pointer
            .endif
            .if ROWS > 1
                put_row \other, \mask, \pointer + r14
            .endif
            .if ROWS > 1
                v vaddp, \sum, \sum, \other
                .if BITS
                    .if PARTS
                        find_no_numbers \sum, 2
                    .else
                        find_no_numbers \sum, \mask
                    .endif
                    korw k3, k3, k0
                .else
                    f vcmpunordp, ymm\sum, ymm\sum, ymm\sum
                    .if PARTS || \mask == 2
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
            weights
            each \v, multiply
        .endm
        .macro weights
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
        .endm
        # All steps of a part, if it is of these vectors; goes on behind the parts then.
        .macro part first, end
            cmp r14d, 8*\first + \end
            jne 82f
            .p2align 5
        63:
            mov r14, [rbx]
            mov r15, [rbx + 8]
            .if BITS
                kmovw k4, word ptr [rbx + 16]
                .if STEP > 1
                    kmovw k5, word ptr [rbx + 18]
                .endif
                .if STEP > 2
                    kmovw k6, word ptr [rbx + 20]
                .endif
                .if STEP > 3
                    kmovw k7, word ptr [rbx + 22]
                .endif
                add rbx, 24
            .else
                add rbx, 24
                .if ELEMENT == 4
                    vpbroadcastd ymm7, dword ptr [rbx - 8]
                    vpsllvd ymm6, ymm7, [rip + {shifts}]
                .else
                    vpbroadcastq ymm7, qword ptr [rbx - 8]
                    vpsllvq ymm6, ymm7, [rip + {shifts} + 64]
                .endif
            .endif
            .if STEP > 1
                each_of \first, \end, load_apart
            .else
                each_of \first, \end, load_same
            .endif
            weights
            each_of \first, \end, multiply
            cmp rbx, [rsp + 32]
            jb 63b
            jmp 83f
        82:
        .endm
        .macro parts v
            point \v, r8, r11
        81: # A part of the tile's steps.
            mov r15, [rsp + 56]
            mov ebx, [r15]
            mov r14d, [r15 + 4]
            add rbx, [rdi + 24]
            add r14, [rdi + 24]
            mov [rsp + 32], r14
            mov r14d, [r15 + 12]
            mov [rsp + 64], r14
            mov r14d, [r15 + 8]
            add r15, 16
            mov [rsp + 56], r15
            cmp rbx, [rsp + 32]
            jae 83f
            .if TAPS
                cmp r14d, \v
                jne 84f
                kmovw k4, word ptr [rbx + 16]
                kmovw k7, word ptr [rbx + 24*TAPS - 8]
                .if TAPS == 5
                    kmovw k5, word ptr [rbx + 40]
                    kmovw k6, word ptr [rbx + 88]
                .endif
                .p2align 5
            63: # The steps of a row of the window.
                .set TAP, 0
                .rept TAPS
                    mov r14, [rbx]
                    mov r15, [rbx + 8]
                    add rbx, 24
                    each_of 0, \v, load_tap
                    weights
                    each_of 0, \v, multiply
                    .set TAP, TAP + 1
                .endr
                cmp rbx, [rsp + 32]
                jb 63b
                jmp 83f
            84:
            .else
                part 0, \v
            .endif
            .irp first, 0, 1, 2, 3
                .irp end, 1, 2, 3, 4
                    .if \first < \end && \end <= \v && (\first > 0 || \end < \v)
                        part \first, \end
                    .endif
                .endr
            .endr
        83:
            cmp qword ptr [rsp + 64], 0
            jne 81b
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
        .macro steps v, load
            point \v, r8, r11
            mov rbx, [rsp + 24]
            cmp rbx, [rsp + 32]
            jae 69f
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
            cmp rbx, [rsp + 32]
            jb 63b
        69:
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
        return_to_caller!(),
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
    )
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
