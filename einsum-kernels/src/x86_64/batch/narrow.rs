//! Transposes between arrays of products and panels, with AVX-512, as many products at a time as a vector has lanes: four
//! numbers of each, where the last four are moved back, or up to three with a mask.
//!
//! Registers: `rdi rsi` the block in `to` and `from`, `rdx rcx` their rows and `rbp rbx` three times these; `r8` blocks
//! left; `r10 r11` the four numbers in `from` and `to`, `r13` numbers left; `r12` how many there are at once. `k1` to `k4`
//! have these numbers in each part of a vector. Vectors 16 and 17 are indices.

use crate::x86_64::text::{restore_registers, save_registers};

/// What both directions have in common: `four` transposes four numbers of a block's products, `next_four` goes on by `r14`
/// numbers, and `next_block` to the next block.
macro_rules! body {
    () => {
        concat!(
            save_registers!(),
            r"
            mov r10, rcx
            mov r12d, 4
            cmp r9, r12
            cmovb r12, r9
            mov ecx, r12d
            mov eax, 1
            shl eax, cl
            dec eax
            mov rcx, r10
            kmovw k1, eax
            kshiftlw k2, k1, 4
            kshiftlw k3, k1, 8
            kshiftlw k4, k1, 12
            lea rbx, [rcx + 2*rcx]
            lea rbp, [rdx + 2*rdx]
            .if ELEMENT == 8
                movabs rax, 0x0D0C050409080100
                vmovq xmm16, rax
                vpmovzxbq zmm16, xmm16
                movabs rax, 0x0F0E07060B0A0302
                vmovq xmm17, rax
                vpmovzxbq zmm17, xmm17
            .endif
            .p2align 4
        20: # A block of products.
            mov r10, rsi
            mov r11, rdi
            mov r13, r9
        30: # Four numbers.
            four
            sub r13, 4
            jle 40f
            mov r14d, 4
            cmp r13, r14
            cmovb r14, r13
            cmovb r13, r12
            next_four
            jmp 30b
        40:
            next_block
            dec r8
            jnz 20b
            ",
            restore_registers!()
        )
    };
}

/// Transposes the numbers of products: `from[product][number]` to `to[number][product]`.
///
/// # Safety
///
/// As [`Narrow`](crate::batch::Narrow).
#[inline(never)]
pub(super) unsafe extern "sysv64" fn pack<const ELEMENT: usize>(
    to: *mut u8,
    from: *const u8,
    to_row: isize,
    from_row: isize,
    blocks: usize,
    numbers: usize,
) {
    crate::assembly!(
        "rdi" = to, "rsi" = from, "rdx" = to_row, "rcx" = from_row, "r8" = blocks, "r9" = numbers;
        ".set ELEMENT, {element}",
        r"
        # Some products of four numbers in the parts of a vector.
        .macro products vector, place
            .if ELEMENT == 4
                vmovups zmm\vector {{k1}}{{z}}, [r10+\place]
                vmovups zmm\vector {{k2}}, [r14+\place-16]
                vmovups zmm\vector {{k3}}, [r15+\place-32]
                vmovups zmm\vector {{k4}}, [rax+\place-48]
            .else
                vmovupd zmm\vector {{k1}}{{z}}, [r10+\place]
                vmovupd zmm\vector {{k2}}, [r14+\place-32]
            .endif
        .endm
        .macro products_whole vector, place
            .if ELEMENT == 4
                vmovups xmm\vector, [r10+\place]
                vinsertf128 ymm\vector, ymm\vector, [r14+\place], 1
                vinsertf32x4 zmm\vector, zmm\vector, [r15+\place], 2
                vinsertf32x4 zmm\vector, zmm\vector, [rax+\place], 3
            .else
                vmovupd ymm\vector, [r10+\place]
                vinsertf64x4 zmm\vector, zmm\vector, [r14+\place], 1
            .endif
        .endm
        .macro four
            # As many lines as are read: the processor does not foresee masked loads, or so many rows.
            mov r14, r9
            sub r14, r13
            shl r14, 6
            prefetcht0 [rsi + r14 + 4096]
            prefetcht0 [rsi + r14 + 4096+64]
            prefetcht0 [rsi + r14 + 4096+128]
            prefetcht0 [rsi + r14 + 4096+192]
            lea r14, [r10 + 4*rcx]
            .if ELEMENT == 4
                lea r15, [r14 + 4*rcx]
                lea rax, [r15 + 4*rcx]
            .endif
            cmp r12, 4
            jb 35f
            products_whole 0, 0
            products_whole 1, rcx
            products_whole 2, 2*rcx
            products_whole 3, rbx
            jmp 36f
        35:
            products 0, 0
            products 1, rcx
            products 2, 2*rcx
            products 3, rbx
        36:
            .if ELEMENT == 4
                vunpcklps zmm4, zmm0, zmm1
                vunpckhps zmm5, zmm0, zmm1
                vunpcklps zmm6, zmm2, zmm3
                vunpckhps zmm7, zmm2, zmm3
                vunpcklpd zmm0, zmm4, zmm6
                vunpckhpd zmm1, zmm4, zmm6
                vunpcklpd zmm2, zmm5, zmm7
                vunpckhpd zmm3, zmm5, zmm7
            .else
                vunpcklpd zmm4, zmm0, zmm1
                vunpckhpd zmm5, zmm0, zmm1
                vunpcklpd zmm6, zmm2, zmm3
                vunpckhpd zmm7, zmm2, zmm3
                vmovapd zmm0, zmm4
                vmovapd zmm1, zmm5
                vpermt2pd zmm0, zmm16, zmm6
                vpermt2pd zmm1, zmm16, zmm7
                vpermt2pd zmm4, zmm17, zmm6
                vpermt2pd zmm5, zmm17, zmm7
                vmovapd zmm2, zmm4
                vmovapd zmm3, zmm5
            .endif
            vmovups [r11], zmm0
            cmp r12, 2
            jb 38f
            vmovups [r11 + rdx], zmm1
            je 38f
            vmovups [r11 + 2*rdx], zmm2
            cmp r12, 3
            je 38f
            vmovups [r11 + rbp], zmm3
        38:
        .endm
        .macro next_four
            lea r10, [r10 + ELEMENT*r14]
            imul r14, rdx
            add r11, r14
        .endm
        .macro next_block
            mov rax, rcx
            .if ELEMENT == 4
                shl rax, 4
            .else
                shl rax, 3
            .endif
            add rsi, rax
            add rdi, 64
        .endm
        ",
        body!(),
        ".irp name, products, products_whole, four, next_four, next_block",
        r".purgem \name",
        ".endr",
        element = const ELEMENT,
    );
}

/// Transposes back: `from[number][product]` to `to[product][number]`.
///
/// # Safety
///
/// As [`Narrow`](crate::batch::Narrow).
#[inline(never)]
pub(super) unsafe extern "sysv64" fn unpack<const ELEMENT: usize>(
    to: *mut u8,
    from: *const u8,
    to_row: isize,
    from_row: isize,
    blocks: usize,
    numbers: usize,
) {
    crate::assembly!(
        "rdi" = to, "rsi" = from, "rdx" = to_row, "rcx" = from_row, "r8" = blocks, "r9" = numbers;
        ".set ELEMENT, {element}",
        r"
        # The products in the parts of a vector.
        .macro products vector, place
            .if ELEMENT == 4
                vextractf32x4 xmm5, zmm\vector, 1
                vextractf32x4 xmm6, zmm\vector, 2
                vextractf32x4 xmm7, zmm\vector, 3
                vmovups [r11+\place] {{k1}}, xmm\vector
                vmovups [r14+\place] {{k1}}, xmm5
                vmovups [r15+\place] {{k1}}, xmm6
                vmovups [rax+\place] {{k1}}, xmm7
            .else
                vextractf64x4 ymm5, zmm\vector, 1
                vmovupd [r11+\place] {{k1}}, ymm\vector
                vmovupd [r14+\place] {{k1}}, ymm5
            .endif
        .endm
        .macro products_whole vector, place
            .if ELEMENT == 4
                vmovups [r11+\place], xmm\vector
                vextractf128 [r14+\place], ymm\vector, 1
                vextractf32x4 [r15+\place], zmm\vector, 2
                vextractf32x4 [rax+\place], zmm\vector, 3
            .else
                vmovupd [r11+\place], ymm\vector
                vextractf64x4 [r14+\place], zmm\vector, 1
            .endif
        .endm
        .macro four
            vmovups zmm0, [r10]
            cmp r12, 2
            jb 35f
            vmovups zmm1, [r10 + rcx]
            je 35f
            vmovups zmm2, [r10 + 2*rcx]
            cmp r12, 3
            je 35f
            vmovups zmm3, [r10 + rbx]
        35:
            lea r14, [r11 + 4*rdx]
            .if ELEMENT == 4
                lea r15, [r14 + 4*rdx]
                lea rax, [r15 + 4*rdx]
                vunpcklps zmm4, zmm0, zmm1
                vunpckhps zmm5, zmm0, zmm1
                vunpcklps zmm6, zmm2, zmm3
                vunpckhps zmm7, zmm2, zmm3
                vunpcklpd zmm0, zmm4, zmm6
                vunpckhpd zmm1, zmm4, zmm6
                vunpcklpd zmm2, zmm5, zmm7
                vunpckhpd zmm3, zmm5, zmm7
            .else
                # Of products 0, 2, 4, 6 and of the others.
                vunpcklpd zmm4, zmm0, zmm1
                vunpckhpd zmm5, zmm0, zmm1
                vunpcklpd zmm6, zmm2, zmm3
                vunpckhpd zmm7, zmm2, zmm3
                vmovapd zmm0, zmm4
                vmovapd zmm1, zmm5
                vpermt2pd zmm0, zmm16, zmm6
                vpermt2pd zmm1, zmm16, zmm7
                vpermt2pd zmm4, zmm17, zmm6
                vpermt2pd zmm5, zmm17, zmm7
                vmovapd zmm2, zmm4
                vmovapd zmm3, zmm5
            .endif
            cmp r12, 4
            jb 36f
            products_whole 0, 0
            products_whole 1, rdx
            products_whole 2, 2*rdx
            products_whole 3, rbp
            jmp 38f
        36:
            products 0, 0
            products 1, rdx
            products 2, 2*rdx
            products 3, rbp
        38:
        .endm
        .macro next_four
            lea r11, [r11 + ELEMENT*r14]
            imul r14, rcx
            add r10, r14
        .endm
        .macro next_block
            mov rax, rdx
            .if ELEMENT == 4
                shl rax, 4
            .else
                shl rax, 3
            .endif
            add rdi, rax
            add rsi, 64
        .endm
        ",
        body!(),
        ".irp name, products, products_whole, four, next_four, next_block",
        r".purgem \name",
        ".endr",
        element = const ELEMENT,
    );
}
