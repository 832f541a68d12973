//! Kernels for windows whose lanes are positions, see [`positions`](crate::positions): tiles of up to 3 vectors and 8 columns, for
//! AVX-512. What lies outside of X has no lanes. Tiles that have all lanes at all taps, as most have, are not asked for their masks: to load
//! by one, and the mask itself, takes a unit that multiplies on some processors.
//!
//! Registers, besides those of `sums`, and `zmm4` for indices, `zmm5 … zmm7` for what lies between elements:
//!
//! | | in the loop over taps | when a tile is finished |
//! |---|---|---|
//! | `rax rcx rdx` | the vectors in X, at the channel | the vectors in C |
//! | `r12 r14 r15` | the masks of the vectors | `r15`: the column in C; `r14`: from column to column there |
//! | `r8` | the first column in Y, at the channel | |
//! | `r9`, `r10` | the tap in X; the first column of the tap in Y | `r9`: the vectors' entries |
//! | `r13` | the fifth column of the tap | |
//! | `rbx`, `rbp` | once and three times from column to column in Y | |
//! | `rsi`, `r11` | the number of the tap, the taps | |
//! | `k1 … k3` | the masks of the vectors of a tap, and, where elements are 2 apart, `k4 … k6` those of the next ones | |

use core::mem::offset_of;

use super::sums::{purge_sums, sums};
use super::text::{element_instructions, places, restore_registers, save_registers};
use crate::positions::{PositionsArguments, PositionsSet, PositionsTap, PositionsVector};

/// In place of how far elements are apart: lanes are channels, and summed.
const DOTS: usize = 0;

macro_rules! row {
    ($element:literal, $vectors:literal, $apart:expr) => {
        [
            sweep::<$element, $vectors, 3, { $apart }>,
            sweep::<$element, $vectors, 4, { $apart }>,
            sweep::<$element, $vectors, 5, { $apart }>,
            sweep::<$element, $vectors, 6, { $apart }>,
            sweep::<$element, $vectors, 7, { $apart }>,
            sweep::<$element, $vectors, 8, { $apart }>,
        ]
    };
}

macro_rules! set {
    ($element:literal) => {
        PositionsSet {
            width: 64 / $element,
            kernels: [
                [row!($element, 1, 1), row!($element, 2, 1), row!($element, 3, 1)],
                [row!($element, 1, 2), row!($element, 2, 2), row!($element, 3, 2)],
            ],
            dots: [row!($element, 1, DOTS), row!($element, 2, DOTS), row!($element, 3, DOTS)],
        }
    };
}

pub static F32_AVX512: PositionsSet = set!(4);
pub static F64_AVX512: PositionsSet = set!(8);

/// Every second element of two vectors, of 4 bytes and of 8; first of vectors that follow each other, then of such as have an element
/// in common.
#[repr(C, align(64))]
struct Indices([[u32; 16]; 2], [[u64; 8]; 2]);
static INDICES: Indices = {
    let mut indices = Indices([[0; 16]; 2], [[0; 8]; 2]);
    let mut lane = 0;
    while lane < 16 {
        indices.0[0][lane] = 2 * lane as u32;
        indices.0[1][lane] = 2 * lane as u32 + (lane >= 8) as u32;
        if lane < 8 {
            indices.1[0][lane] = 2 * lane as u64;
            indices.1[1][lane] = 2 * lane as u64 + (lane >= 4) as u64;
        }
        lane += 1;
    }
    indices
};

/// # Safety
///
/// As [`Positions`](crate::positions::Positions).
#[inline(never)]
unsafe extern "sysv64" fn sweep<
    const ELEMENT: usize,
    const VECTORS: usize,
    const COLUMNS: usize,
    const APART: usize,
>(
    arguments: &mut PositionsArguments,
) {
    crate::assembly!(
        "rdi" = &raw mut *arguments;
        ".set ELEMENT, {element}",
        ".set VECTORS, {vectors}",
        ".set COLUMNS, {columns}",
        ".set APART, {apart}",
        element_instructions!(),
        places!(),
        sums!(),
        r"
        # Calls a macro for every vector with its number, pointer, masks, and the registers for these.
        .macro vectors name
            \name 0, rax, r12, k1, k4
            .if VECTORS > 1
                \name 1, rcx, r14, k2, k5
            .endif
            .if VECTORS > 2
                \name 2, rdx, r15, k3, k6
            .endif
        .endm
        .macro point_to_x i, pointer, masks, mask, other
            mov \pointer, [r9 + 32*\i]
            add \pointer, [rdi]
            mov \masks, [r9 + 32*\i + 16]
        .endm
        # What the tile after the next reads of the channel at the last tap: there are more of these than the processor sees ahead.
        .macro fetch i, pointer, masks, mask, other
            prefetcht0 [\pointer + r9 + 128*APART*VECTORS]
        .endm
        .macro next_channel i, pointer, masks, mask, other
            add \pointer, r9
        .endm
        .macro use_last_masks i, pointer, masks, mask, other
            add \masks, r9
        .endm
        .macro use_masks i, pointer, masks, mask, other
            .if APART < 2
                kmovw \mask, word ptr [\masks + 2*rsi]
            .else
                kmovw \mask, word ptr [\masks + 4*rsi]
                kmovw \other, word ptr [\masks + 4*rsi + 2]
            .endif
        .endm
        .macro load i, pointer, masks, mask, other
            .if IS_FULL
                f vmovup, zmm\i, [\pointer + r9]
            .else
                f vmovup, zmm\i {{\mask}}{{z}}, [\pointer + r9]
            .endif
            .if APART == 2
                .if \i == 0
                    load_second \i, 5, \pointer, \other
                .elseif \i == 1
                    load_second \i, 6, \pointer, \other
                .else
                    load_second \i, 7, \pointer, \other
                .endif
            .endif
        .endm
        # Full vectors begin with the last element of the one before: what follows the last lane's may not be there.
        .macro load_second i, second, pointer, other
            .if IS_FULL
                f vmovup, zmm\second, [\pointer + r9 + 64 - ELEMENT]
            .else
                f vmovup, zmm\second {{\other}}{{z}}, [\pointer + r9 + 64]
            .endif
            f vpermt2p, zmm\i, zmm4, zmm\second
        .endm
        # The loops over channels and taps: with all lanes of X at all taps, or as masks say. The former go on with the latter where the
        # last channels have other masks.
        .macro taps is_full
            .set IS_FULL, \is_full
            .if APART == 2
                f vmovup, zmm4, [rip + {indices} + 128*(ELEMENT / 8) + 64*IS_FULL]
            .endif
            .p2align 6
        30: # A tap.
            movsxd r9, dword ptr [r11 + 8*rsi]
            movsxd r10, dword ptr [r11 + 8*rsi + 4]
            .if !IS_FULL
                vectors use_masks
            .endif
            add r10, r8
            .if COLUMNS > 4
                lea r13, [r10 + 4*rbx]
            .endif
            vectors load
            .if APART == 0
                places multiply_lanes, r10, rbx, rbp, r13
            .else
                places multiply, r10, rbx, rbp, r13
            .endif
            inc rsi
            cmp rsi, [rdi + 104]
            jb 30b
            # The next channel.
            .if APART > 0
                vectors fetch
            .endif
            mov r9, [rdi + 56]
            vectors next_channel
            add r8, [rdi + 64]
            mov rsi, [rdi + 96]
            .if APART == 0
                dec qword ptr [rdi + 112]
                jz 50f
                cmp qword ptr [rdi + 112], 1
                jne 30b
                mov r9, [rdi + 80]
                vectors use_last_masks
                .if IS_FULL
                    test r9, r9
                    jz 30b
                .else
                    jmp 30b
                .endif
            .else
                dec qword ptr [rdi + 112]
                jnz 30b
                .if IS_FULL
                    jmp 50f
                .endif
            .endif
        .endm
        # A vector of Y, for as many channels as of X.
        .macro multiply_lanes j, at
            with_sums multiply_lanes_sums, \j, \at
        .endm
        .macro multiply_lanes_sums a, b, c, at
            .if VECTORS == 1
                f vfmadd231p, \a, zmm0, [\at]
            .else
                f vmovup, zmm3, [\at]
                f vfmadd231p, \a, zmm0, zmm3
                f vfmadd231p, \b, zmm1, zmm3
                .if VECTORS > 2
                    f vfmadd231p, \c, zmm2, zmm3
                .endif
            .endif
        .endm
        # Adds up the lanes of all columns of a vector, and writes these.
        .macro finish_dots i, pointer, masks, mask, other
            .if ELEMENT == 4
                pair \i, 0, 1, 3
                pair \i, 2, 3, 4
                halves 5, 3, 4
                pair \i, 4, 5, 3
                pair \i, 6, 7, 4
                halves 6, 3, 4
                quarters 5, 5, 6
                quarters 5, 5, 5
            .else
                pair \i, 0, 1, 3
                pair \i, 2, 3, 4
                quarters 5, 3, 4
                pair \i, 4, 5, 3
                pair \i, 6, 7, 4
                quarters 6, 3, 4
                quarters 5, 5, 6
            .endif
            cmp qword ptr [rdi + 88], 0
            je 61f
            f vaddp, zmm5 {{k7}}, zmm5, [\pointer]
        61:
            f vmovup, [\pointer] {{k7}}, zmm5
        .endm
        # Of two columns, the sums of lanes that are a half of a quarter apart, side by side.
        .macro pair i, j, k, to
            take 1, \i, \j
            take 2, \i, \k
            f vunpcklp, zmm\to, zmm1, zmm2
            f vunpckhp, zmm1, zmm1, zmm2
            f vaddp, zmm\to, zmm\to, zmm1
        .endm
        # The same of halves of quarters.
        .macro halves to, a, b
            vunpcklpd zmm1, zmm\a, zmm\b
            vunpckhpd zmm2, zmm\a, zmm\b
            f vaddp, zmm\to, zmm1, zmm2
        .endm
        # And of quarters: of each of two vectors two sums.
        .macro quarters to, a, b
            vshuff32x4 zmm1, zmm\a, zmm\b, 0x88
            vshuff32x4 zmm2, zmm\a, zmm\b, 0xdd
            f vaddp, zmm\to, zmm1, zmm2
        .endm
        .macro take to, i, j
            .if \j < COLUMNS
                with_sums take_one, \j, \i, zmm\to
            .else
                vpxord zmm\to, zmm\to, zmm\to
            .endif
        .endm
        .macro take_one a, b, c, i, to
            .if \i == 0
                f vmovap, \to, \a
            .elseif \i == 1
                f vmovap, \to, \b
            .else
                f vmovap, \to, \c
            .endif
        .endm
        .macro point_to_c i, pointer, masks, mask, other
            mov \pointer, [r9 + 32*\i + 8]
            add \pointer, [rdi + 16]
            kmovw \mask, word ptr [r9 + 32*\i + 24]
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
        .macro add_old j
            with_sums add_old_sums, \j
            add r15, r14
        .endm
        .macro add_old_sums a, b, c, rest:vararg
            in_c add_one, \a, \b, \c
        .endm
        .macro add_one sum, pointer, mask
            f vaddp, \sum {{\mask}}, \sum, [\pointer + r15]
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
        ",
        save_registers!(),
        r"
        .if APART == 0
            mov r9d, (1 << COLUMNS) - 1
            kmovw k7, r9d
        .endif
        20: # A tile of vectors.
            each_column clear
            mov r9, [rdi + 24]
            vectors point_to_x
            movzx esi, word ptr [r9 + 28]
            movzx r10d, word ptr [r9 + 30]
            mov r11, [rdi + 40]
            mov [rdi + 96], rsi
            mov [rdi + 104], r10
            mov r8, [rdi + 48]
            mov [rdi + 112], r8
            mov r8, [rdi + 8]
            mov rbx, [rdi + 72]
            lea rbp, [rbx + 2*rbx]
            cmp rsi, r10
            jae 50f
            mov r9, [rdi + 24]
            cmp word ptr [r9 + 26], 0
            je 40f
            taps 1
        40:
            taps 0
        50: # The way into C.
            mov r9, [rdi + 24]
            vectors point_to_c
            .if APART == 0
                vectors finish_dots
            .else
                mov r14, [rdi + 80]
                cmp qword ptr [rdi + 88], 0
                je 60f
                xor r15d, r15d
                each_column add_old
            60:
                xor r15d, r15d
                each_column store
            .endif
            add r9, 32*VECTORS
            mov [rdi + 24], r9
            dec qword ptr [rdi + 32]
            jnz 20b
        ",
        restore_registers!(),
        purge_sums!(),
        r"
        .irp name, f, places, vectors, point_to_x, fetch, next_channel, use_masks, load, load_second, taps, point_to_c, in_c, add_old, add_old_sums, add_one
            .purgem \name
        .endr
        .irp name, store, store_sums, store_one, clear, multiply, scale, factor, use_last_masks, multiply_lanes, multiply_lanes_sums
            .purgem \name
        .endr
        .irp name, finish_dots, pair, halves, quarters, take, take_one
            .purgem \name
        .endr
        ",
        element = const ELEMENT,
        vectors = const VECTORS,
        columns = const COLUMNS,
        apart = const APART,
        indices = sym INDICES,
    );
}

// The assembly's numbers.
const _: () = {
    assert!(size_of::<PositionsVector>() == 32 && offset_of!(PositionsVector, x) == 0);
    assert!(offset_of!(PositionsVector, c) == 8 && offset_of!(PositionsVector, masks) == 16);
    assert!(offset_of!(PositionsVector, lanes) == 24 && offset_of!(PositionsVector, is_full) == 26);
    assert!(offset_of!(PositionsVector, first_tap) == 28);
    assert!(offset_of!(PositionsVector, end_tap) == 30);
    assert!(size_of::<PositionsTap>() == 8 && offset_of!(PositionsTap, x) == 0);
    assert!(offset_of!(PositionsTap, y) == 4);
    assert!(offset_of!(PositionsArguments, x) == 0 && offset_of!(PositionsArguments, y) == 8);
    assert!(offset_of!(PositionsArguments, c) == 16);
    assert!(offset_of!(PositionsArguments, vectors) == 24);
    assert!(offset_of!(PositionsArguments, tiles) == 32);
    assert!(offset_of!(PositionsArguments, taps) == 40);
    assert!(offset_of!(PositionsArguments, channels) == 48);
    assert!(offset_of!(PositionsArguments, x_channel) == 56);
    assert!(offset_of!(PositionsArguments, y_channel) == 64);
    assert!(offset_of!(PositionsArguments, y_column) == 72);
    assert!(offset_of!(PositionsArguments, c_column) == 80);
    assert!(offset_of!(PositionsArguments, adds) == 88);
    assert!(offset_of!(PositionsArguments, own) == 96);
};
