//! Kernels of [`channels`](crate::channels) with AVX-512.
//!
//! Registers: `rdi` the arguments; `r8 r9 r10` the place of a tile's vector in X, W, and C; `rbx` the next tile, `rbp` its
//! `inside`; `r11` vectors left; `rsi` the next step, `rax rcx` its place in X and W, `rdx` its `inside`; `r12 r13 r14` from one
//! to the next in X, W, and C; `zmm0` holds X, `zmm8 … zmm12` W, `zmm16 … zmm23` the sums. `k1` has the lanes
//! of a vector.

use core::arch::naked_asm;
use core::mem::{offset_of, size_of};

use super::text::{element_instructions, return_to_caller, save_registers};
use crate::channels::{ChannelsArguments, ChannelsEntry, ChannelsSet};

macro_rules! set {
    ($width:literal, $element:literal: $($results:literal)*) => {
        ChannelsSet {
            width: $width,
            kernels: [$([
                channels::<$element, $results, 1>,
                channels::<$element, $results, 2>,
                channels::<$element, $results, 3>,
                channels::<$element, $results, 4>,
                channels::<$element, $results, 5>,
            ]),*],
        }
    };
}
pub static CHANNELS_32: ChannelsSet = set!(16, 4: 1 2 3 4 5 6 7 8);
pub static CHANNELS_64: ChannelsSet = set!(8, 8: 1 2 3 4 5 6 7 8);

/// # Safety
///
/// As [`Channels`](crate::channels::Channels).
#[unsafe(naked)]
unsafe extern "sysv64" fn channels<
    const ELEMENT: usize,
    const RESULTS: usize,
    const TAPS: usize,
>(
    arguments: &ChannelsArguments,
) {
    naked_asm!(
        ".set ELEMENT, {element}",
        ".set RESULTS, {results}",
        ".set TAPS, {taps}",
        element_instructions!(),
        r"
        # Calls a macro for every result: its number, sum, and place in C.
        .macro each name
            mov rax, r10
            \name 0, zmm16
            \name 1, zmm17
            \name 2, zmm18
            \name 3, zmm19
            \name 4, zmm20
            \name 5, zmm21
            \name 6, zmm22
            \name 7, zmm23
        .endm
        .macro clear a, sum
            .if \a < RESULTS
                vpxorq \sum, \sum, \sum
            .endif
        .endm
        .macro old a, sum
            .if \a < RESULTS
                f vmovup, \sum {{k1}}{{z}}, [rax]
                add rax, r14
            .endif
        .endm
        .macro store a, sum
            .if \a < RESULTS
                f vmovup, [rax] {{k1}}, \sum
                add rax, r14
            .endif
        .endm
        .macro tap b, w
            .if \b < TAPS
                f vmovup, \w {{k1}}{{z}}, [rcx]
                .if \b + 1 < TAPS
                    add rcx, r13
                .endif
            .endif
        .endm
        .macro product sum, a, w, b
            .if \a < RESULTS
                .if \b < TAPS
                    f vfmadd231p, \sum, zmm0, \w
                .endif
            .endif
        .endm
        # A vector of X, for the results before it that it is a tap of.
        .macro position i, s0, a0, s1, a1, s2, a2, s3, a3, s4, a4
            .if \i < RESULTS + TAPS - 1
                vpxorq zmm0, zmm0, zmm0
                shr edx, 1
                jnc 61f
                f vmovup, zmm0 {{k1}}{{z}}, [rax]
            61:
                add rax, r12
                product \s0, \a0, zmm8, 0
                .if \i > 0
                    product \s1, \a1, zmm9, 1
                .endif
                .if \i > 1
                    product \s2, \a2, zmm10, 2
                .endif
                .if \i > 2
                    product \s3, \a3, zmm11, 3
                .endif
                .if \i > 3
                    product \s4, \a4, zmm12, 4
                .endif
            .endif
        .endm
        ",
        save_registers!(),
        r"
            mov r12, [rdi + 72]
            mov r13, [rdi + 80]
            mov r14, [rdi + 88]
            mov rbx, [rdi + 40]
        20: # A tile.
            mov r8, [rbx]
            mov r10, [rbx + 8]
            mov rbp, [rbx + 16]
            add rbx, 24
            add r8, [rdi]
            add r10, [rdi + 16]
            mov r9, [rdi + 8]
            mov r11, [rdi + 56]
            kxnorw k1, k1, k1
        30: # A vector.
            cmp r11, 1
            ja 31f
            kmovw k1, word ptr [rdi + 64]
        31:
            cmp qword ptr [rdi + 96], 0
            jne 32f
            each clear
            jmp 33f
        32:
            each old
        33:
            mov rsi, [rdi + 24]
            .p2align 5
        40: # A step.
            mov rax, [rsi]
            mov rcx, [rsi + 8]
            mov rdx, [rsi + 16]
            add rsi, 24
            add rax, r8
            add rcx, r9
            and rdx, rbp
            tap 0, zmm8
            tap 1, zmm9
            tap 2, zmm10
            tap 3, zmm11
            tap 4, zmm12
            position 0, zmm16, 0, zmm16, 9, zmm16, 9, zmm16, 9, zmm16, 9
            position 1, zmm17, 1, zmm16, 0, zmm16, 9, zmm16, 9, zmm16, 9
            position 2, zmm18, 2, zmm17, 1, zmm16, 0, zmm16, 9, zmm16, 9
            position 3, zmm19, 3, zmm18, 2, zmm17, 1, zmm16, 0, zmm16, 9
            position 4, zmm20, 4, zmm19, 3, zmm18, 2, zmm17, 1, zmm16, 0
            position 5, zmm21, 5, zmm20, 4, zmm19, 3, zmm18, 2, zmm17, 1
            position 6, zmm22, 6, zmm21, 5, zmm20, 4, zmm19, 3, zmm18, 2
            position 7, zmm23, 7, zmm22, 6, zmm21, 5, zmm20, 4, zmm19, 3
            position 8, zmm23, 9, zmm23, 7, zmm22, 6, zmm21, 5, zmm20, 4
            position 9, zmm23, 9, zmm23, 9, zmm23, 7, zmm22, 6, zmm21, 5
            position 10, zmm23, 9, zmm23, 9, zmm23, 9, zmm23, 7, zmm22, 6
            position 11, zmm23, 9, zmm23, 9, zmm23, 9, zmm23, 9, zmm23, 7
            cmp rsi, [rdi + 32]
            jb 40b
            each store
            add r8, 64
            add r9, 64
            add r10, 64
            dec r11
            jnz 30b
            cmp rbx, [rdi + 48]
            jb 20b
        ",
        return_to_caller!(),
        r"
            .irp name, f, each, clear, old, store, tap, product, position
                .purgem \name
            .endr
        ",
        element = const ELEMENT,
        results = const RESULTS,
        taps = const TAPS,
    )
}

// The assembly's numbers.
const _: () = {
    type Arguments = ChannelsArguments;
    assert!(size_of::<ChannelsEntry>() == 24 && offset_of!(ChannelsEntry, x) == 0);
    assert!(offset_of!(ChannelsEntry, other) == 8 && offset_of!(ChannelsEntry, inside) == 16);
    assert!(offset_of!(Arguments, x) == 0 && offset_of!(Arguments, w) == 8);
    assert!(offset_of!(Arguments, c) == 16 && offset_of!(Arguments, steps) == 24);
    assert!(offset_of!(Arguments, steps_end) == 32 && offset_of!(Arguments, tiles) == 40);
    assert!(offset_of!(Arguments, tiles_end) == 48 && offset_of!(Arguments, vectors) == 56);
    assert!(offset_of!(Arguments, last_mask) == 64 && offset_of!(Arguments, x_step) == 72);
    assert!(offset_of!(Arguments, w_step) == 80 && offset_of!(Arguments, c_step) == 88);
    assert!(offset_of!(Arguments, adds) == 96);
};
