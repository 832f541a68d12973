//! Kernels for many points of which each array has few elements: the lanes are the elements of C of one or more points, for
//! which those of X and of Y are picked, a step at a time, from the two vectors that have all of them.
//!
//! Registers: `rax rcx rdx` the block in X, Y, and C, `r9 r10 r11` the steps to the next; `r8` blocks left. `k1 k2` have the
//! lanes of X, `k3 k4` of Y, `k5 k6` of C. `zmm0 … zmm3` are X and Y, `zmm6 zmm7` the sums of a block, `zmm8 zmm9` those of all
//! blocks, or C, `zmm10` a product of integers, `zmm13 zmm14` the signs of complex products, and `zmm16 …` the lanes that are picked of X and of Y, in turns.

use crate::batch::PicksArguments;
use crate::x86_64::INTEGER;
use crate::x86_64::text::{arithmetic, element_instructions, no_arithmetic};

/// With AVX-512, for sums of `STEPS` products, `VECTORS` vectors of C, and `OF_Y` of Y, which are picked from faster if it
/// is one. Of no vector of Y there are elements of X in place of products. Steps of complex numbers are pairs of such.
///
/// # Safety
///
/// As [`Adjacent`](crate::batch::Picks).
#[inline(never)]
pub(super) unsafe extern "sysv64" fn avx512<
    const ELEMENT: usize,
    const VECTORS: usize,
    const OF_Y: usize,
    const STEPS: usize,
    const COMPLEX: usize,
>(
    arguments: &PicksArguments,
) {
    crate::assembly!(
        "rdi" = &raw const *arguments;
        ".set ELEMENT, {element} & {bytes}",
        ".set INTEGER, {element} & {integer}",
        ".set VECTORS, {vectors}",
        ".set OF_Y, {of_y}",
        ".set STEPS, {steps}",
        ".set COMPLEX, {complex}",
        element_instructions!(),
        arithmetic!(),
        r"
        # For every step and vector of C: its number, and the registers with the lanes.
        .macro picks name
            \name 0, zmm16, zmm17
            \name 1, zmm18, zmm19
            \name 2, zmm20, zmm21
            \name 3, zmm22, zmm23
            \name 4, zmm24, zmm25
            \name 5, zmm26, zmm27
            \name 6, zmm28, zmm29
            \name 7, zmm30, zmm31
        .endm
        .macro get_lanes i, x, y
            .if \i < VECTORS*STEPS
                vmovups \x, [rsi + 128*\i]
                .if OF_Y
                    vmovups \y, [rsi + 128*\i + 64]
                .endif
            .endif
        .endm
        .macro add_term is_second, is_first
            .if \is_first && \is_second
                vmovaps zmm7, zmm4
            .elseif \is_second
                sum zmm7, zmm7, zmm4
            .elseif \is_first
                vmovaps zmm6, zmm4
            .else
                sum zmm6, zmm6, zmm4
            .endif
        .endm
        .macro add_product i, x, y
            .if \i < VECTORS*STEPS
                vmovaps zmm4, zmm0
                f vpermt2p, zmm4, \x, zmm1
                .if OF_Y == 1
                    f vpermp, zmm5, \y, zmm2
                .elseif OF_Y == 2
                    vmovaps zmm5, zmm2
                    f vpermt2p, zmm5, \y, zmm3
                .endif
                .if COMPLEX && ((\i / VECTORS) & 1)
                    vpxord zmm5, zmm5, zmm14
                .elseif COMPLEX
                    vpxord zmm5, zmm5, zmm13
                .endif
                .if OF_Y == 0
                    add_term (VECTORS == 2 && (\i & 1)), (\i < VECTORS)
                .elseif VECTORS == 2 && \i == 1
                    product zmm7, zmm4, zmm5
                .elseif VECTORS == 2 && (\i & 1) && COMPLEX && STEPS == 2
                    product zmm10, zmm4, zmm5
                    sum zmm7, zmm7, zmm10
                .elseif VECTORS == 2 && (\i & 1)
                    fma zmm7, zmm10, zmm4, zmm5
                .elseif \i == 0
                    product zmm6, zmm4, zmm5
                .elseif COMPLEX && STEPS == 2
                    # A product alone is rounded as its own conjugate is: that of both is real.
                    product zmm10, zmm4, zmm5
                    sum zmm6, zmm6, zmm10
                .else
                    fma zmm6, zmm10, zmm4, zmm5
                .endif
            .endif
        .endm
        # The sums of a block. The processor does not foresee masked loads.
        .macro add_products
            prefetcht0 [rax + 1024]
            prefetcht0 [rax + 1088]
            .if OF_Y
                prefetcht0 [rcx + 1024]
            .endif
            f vmovup, zmm0 {{k1}}{{z}}, [rax]
            f vmovup, zmm1 {{k2}}{{z}}, [rax + 64]
            .if OF_Y
                f vmovup, zmm2 {{k3}}{{z}}, [rcx]
            .endif
            .if OF_Y == 2
                f vmovup, zmm3 {{k4}}{{z}}, [rcx + 64]
            .endif
            picks add_product
        .endm
        .macro multiply_by_alpha
            .if OF_Y
                product zmm6, zmm6, zmm15
            .endif
            .if OF_Y && VECTORS == 2
                product zmm7, zmm7, zmm15
            .endif
        .endm
        .macro store_and_step
            f vmovup, [rdx] {{k5}}, zmm6
            .if VECTORS == 2
                f vmovup, [rdx + 64] {{k6}}, zmm7
            .endif
            add rax, r9
            add rcx, r10
            add rdx, r11
            dec r8
        .endm
            mov rax, [rdi]
            mov rcx, [rdi + 8]
            mov rdx, [rdi + 16]
            mov r8, [rdi + 24]
            mov r9, [rdi + 32]
            mov r10, [rdi + 40]
            mov r11, [rdi + 48]
            kmovw k1, word ptr [rdi + 56]
            kmovw k2, word ptr [rdi + 64]
            kmovw k3, word ptr [rdi + 72]
            kmovw k4, word ptr [rdi + 80]
            kmovw k5, word ptr [rdi + 88]
            kmovw k6, word ptr [rdi + 96]
            f vbroadcasts, zmm15, [rdi + 104]
            .if COMPLEX && ELEMENT == 4
                vpbroadcastq zmm13, qword ptr [rdi + 128]
                vpbroadcastq zmm14, qword ptr [rdi + 144]
            .elseif COMPLEX
                vbroadcastf64x2 zmm13, xmmword ptr [rdi + 128]
                vbroadcastf64x2 zmm14, xmmword ptr [rdi + 144]
            .endif
            mov rsi, [rdi + 112]
            picks get_lanes
            cmp qword ptr [rdi + 120], 0
            jne 40f
            .if OF_Y
                test r11, r11
                jz 30f
            .endif
            .p2align 6
        20: # A block.
            add_products
            multiply_by_alpha
            store_and_step
            jnz 20b
            jmp 90f
            .p2align 6
        40: # A block that is added to C.
            add_products
            multiply_by_alpha
            f vmovup, zmm8 {{k5}}{{z}}, [rdx]
            sum zmm6, zmm6, zmm8
            .if VECTORS == 2
                f vmovup, zmm9 {{k6}}{{z}}, [rdx + 64]
                sum zmm7, zmm7, zmm9
            .endif
            store_and_step
            jnz 40b
            .if OF_Y
                jmp 90f
            30: # Totals of all blocks.
                f vmovup, zmm8 {{k5}}{{z}}, [rdx]
                .if VECTORS == 2
                    f vmovup, zmm9 {{k6}}{{z}}, [rdx + 64]
                .endif
                .p2align 6
            31:
                add_products
                sum zmm8, zmm8, zmm6
                .if VECTORS == 2
                    sum zmm9, zmm9, zmm7
                .endif
                add rax, r9
                add rcx, r10
                dec r8
                jnz 31b
                f vmovup, [rdx] {{k5}}, zmm8
                .if VECTORS == 2
                    f vmovup, [rdx + 64] {{k6}}, zmm9
                .endif
            .endif
        90:
            vzeroupper
            .irp name, f, picks, get_lanes, add_term, add_product, add_products, multiply_by_alpha, store_and_step
                .purgem \name
            .endr
        ",
        no_arithmetic!(),
        element = const ELEMENT,
        bytes = const INTEGER - 1,
        integer = const INTEGER,
        vectors = const VECTORS,
        of_y = const OF_Y,
        steps = const STEPS,
        complex = const COMPLEX,
    );
}
