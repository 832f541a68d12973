//! Kernels of [`channels`](crate::channels), for vectors of any level.
//!
//! Registers: `rdi` the arguments; `r8 r9 r10` the place of a tile's vector in X, W, and C; `rbx` the next tile, `rbp` its
//! `inside`; `r11` vectors left; `rsi` the next step, `rax rcx` its place in X and W, `rdx` its `inside`; `r12 r13 r14` from one
//! to the next in X, W, and C; `r15` has the bits of a step for which nothing has to be asked. Of vector registers 0 holds X,
//! 2 … 6 W, 8 … 15 the sums. The lanes of a vector are in `k1`, or, with AVX2, in `ymm1`: there masks take time, so that
//! what is whole goes without, and nothing is written by one.

use core::mem::{offset_of, size_of};

use super::text::{
    element_instructions, put_lanes, restore_registers, save_registers, vector_instructions,
};
use super::{address_of_mask_32, address_of_mask_64};
use crate::channels::{ChannelsArguments, ChannelsEntry, ChannelsSet};

macro_rules! set {
    ($vector:literal, $element:literal, $mask:expr, [$($results:literal)*]) => {
        ChannelsSet {
            element: $element,
            width: $vector / $element,
            mask: $mask,
            kernels: [$([
                channels::<$vector, $element, $results, 1>,
                channels::<$vector, $element, $results, 2>,
                channels::<$vector, $element, $results, 3>,
                channels::<$vector, $element, $results, 4>,
                channels::<$vector, $element, $results, 5>,
            ]),*],
        }
    };
}
pub static F32_AVX512: ChannelsSet = set!(64, 4, |lanes| (1 << lanes) - 1, [1 2 3 4 5 6 7 8]);
pub static F64_AVX512: ChannelsSet = set!(64, 8, |lanes| (1 << lanes) - 1, [1 2 3 4 5 6 7 8]);
pub static F32_AVX2: ChannelsSet = set!(32, 4, address_of_mask_32, [1 2 3 4 5 6 7 8]);
pub static F64_AVX2: ChannelsSet = set!(32, 8, address_of_mask_64, [1 2 3 4 5 6 7 8]);

/// # Safety
///
/// As [`Channels`](crate::channels::Channels).
#[inline(never)]
unsafe extern "sysv64" fn channels<
    const VECTOR: usize,
    const ELEMENT: usize,
    const RESULTS: usize,
    const TAPS: usize,
>(
    arguments: &ChannelsArguments,
) {
    crate::assembly!(
        "rdi" = &raw const *arguments;
        ".set VECTOR, {vector}",
        ".set ELEMENT, {element}",
        ".set RESULTS, {results}",
        ".set TAPS, {taps}",
        ".set ALL, (1 << (RESULTS + TAPS - 1)) - 1",
        element_instructions!(),
        vector_instructions!(),
        put_lanes!(),
        r"
        # Calls a macro for every result with the number of its sum, and its place in C in rax.
        .macro each name
            mov rax, r10
            .irp sum, 8, 9, 10, 11, 12, 13, 14, 15
                .if \sum - 8 < RESULTS
                    \name \sum
                    add rax, r14
                .endif
            .endr
        .endm
        .macro clear sum
            vpxor xmm\sum, xmm\sum, xmm\sum
        .endm
        # Lanes that do not exist are zero.
        .macro get_masked i, place:vararg
            .if VECTOR == 64
                f vmovup, zmm\i {{k1}}{{z}}, [\place]
            .else
                f vmaskmovp, ymm\i, ymm1, [\place]
            .endif
        .endm
        .macro old sum
            get_masked \sum, rax
        .endm
        .macro store sum
            put \sum, rax
        .endm
        .macro store_masked sum
            .if VECTOR == 64
                f vmovup, [rax] {{k1}}, zmm\sum
            .else
                put_lanes \sum, 0, edx, rax
            .endif
        .endm
        # A vector of W. All lanes exist unless it is masked.
        .macro tap get, b
            .if \b < TAPS
                .if \b == 0
                    \get 2, rcx
                .elseif \b == 1
                    \get 3, rcx + r13
                .elseif \b == 2
                    \get 4, rcx + 2*r13
                .elseif \b == 3
                    add rcx, r13
                    \get 5, rcx + 2*r13
                .else
                    lea rcx, [rcx + 2*r13]
                    \get 6, rcx + r13
                .endif
            .endif
        .endm
        .macro product sum, w, b
            .if \sum - 8 < RESULTS
                .if \b < TAPS
                    v vfmadd231p, \sum, 0, \w
                .endif
            .endif
        .endm
        # A vector of X, for the results before it that it is a tap of: their sums, 16 for those that are none.
        .macro position get, i, s0, s1, s2, s3, s4
            .if \i < RESULTS + TAPS - 1
                .ifc \get, get
                    .if \i & 1
                        get 0, rax + r12
                        lea rax, [rax + 2*r12]
                    .else
                        get 0, rax
                    .endif
                .else
                    vpxor xmm0, xmm0, xmm0
                    shr edx, 1
                    jnc 61f
                    \get 0, rax
                61:
                    add rax, r12
                .endif
                product \s0, 2, 0
                product \s1, 3, 1
                product \s2, 4, 2
                product \s3, 5, 3
                product \s4, 6, 4
            .endif
        .endm
        .macro step get
            .irp b, 0, 1, 2, 3, 4
                tap \get, \b
            .endr
            position \get, 0, 8, 16, 16, 16, 16
            position \get, 1, 9, 8, 16, 16, 16
            position \get, 2, 10, 9, 8, 16, 16
            position \get, 3, 11, 10, 9, 8, 16
            position \get, 4, 12, 11, 10, 9, 8
            position \get, 5, 13, 12, 11, 10, 9
            position \get, 6, 14, 13, 12, 11, 10
            position \get, 7, 15, 14, 13, 12, 11
            position \get, 8, 16, 15, 14, 13, 12
            position \get, 9, 16, 16, 15, 14, 13
            position \get, 10, 16, 16, 16, 15, 14
            position \get, 11, 16, 16, 16, 16, 15
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
            .if VECTOR == 64
                kxnorw k1, k1, k1
            .else
                vpcmpeqd ymm1, ymm1, ymm1
            .endif
            mov r15d, ALL
        30: # A vector.
            cmp r11, 1
            ja 31f
            .if VECTOR == 64
                kmovw k1, word ptr [rdi + 64]
                cmp dword ptr [rdi + 64], (1 << (64 / ELEMENT)) - 1
                je 31f
            .else
                mov rax, [rdi + 64]
                vmovdqu ymm1, [rax]
                cmp dword ptr [rax + 28], 0
                jne 31f
            .endif
            mov r15, -1
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
            and edx, ebp
            and edx, ALL
            cmp rdx, r15
            jne 41f
            step get
            cmp rsi, [rdi + 32]
            jb 40b
            jmp 43f
        41:
            test edx, edx
            jz 42f
            step get_masked
        42:
            cmp rsi, [rdi + 32]
            jb 40b
        43:
            cmp r15, ALL
            jne 44f
            each store
            jmp 45f
        44:
            .if VECTOR == 32
                f vmovmskp, edx, ymm1
            .endif
            each store_masked
        45:
            add r8, VECTOR
            add r9, VECTOR
            add r10, VECTOR
            dec r11
            jnz 30b
            cmp rbx, [rdi + 48]
            jb 20b
        ",
        restore_registers!(),
        r"
            .irp name, f, v, get, put, put_lanes, each, clear, get_masked, old, store, store_masked, tap, product, position, step
                .purgem \name
            .endr
        ",
        vector = const VECTOR,
        element = const ELEMENT,
        results = const RESULTS,
        taps = const TAPS,
    );
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
