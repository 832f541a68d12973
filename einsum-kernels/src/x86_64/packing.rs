//! The primitives of [`packing`](crate::packing) with AVX2, for elements of 4, 8, and 16 bytes.

use core::arch::naked_asm;

use super::text::{return_to_caller, save_registers};
use crate::packing::{Packing, Pair};

macro_rules! packing {
    ($($name:ident: $element:literal;)*) => { $(
        pub static $name: Packing = Packing {
            copy,
            halve: halve::<$element>,
            transpose: transpose::<$element>,
            gather: gather::<$element>,
            fill,
            stream,
        };
    )* };
}
packing! {
    PACKING_4: 4;
    PACKING_8: 8;
    PACKING_16: 16;
}

/// The runs between the one that is copied and the one that is fetched into the caches.
const AHEAD: usize = 8;

/// The bytes from which on runs of elements are long.
const LONG: usize = 96;

/// # Safety
///
/// The processor has AVX2; all bytes named in [`Copy`](crate::packing::Copy) can be read and written.
#[unsafe(naked)]
unsafe extern "sysv64" fn copy(
    to: *mut u8,
    from: *const u8,
    reads: *const Pair,
    count: usize,
    bytes: usize,
    step: isize,
) {
    naked_asm!(
        r"
            push rbx
            test rcx, rcx
            jz 90f
            # The bytes after the last whole vector.
            mov eax, r8d
            and eax, 31
            and r8, -32
        20: # A run.
            mov r10, [rdx]
            add r10, rsi
            # A later run is fetched into the caches meanwhile: the processor does not foresee steps of a page.
            lea rbx, [rdx + 16*{ahead}]
            cmp rcx, {ahead}
            cmovbe rbx, rdx
            mov rbx, [rbx]
            add rbx, rsi
            add rdx, 16
            xor r11d, r11d
            cmp r11, r8
            jae 40f
        30:
            prefetcht0 [rbx + r11]
            vmovups ymm0, [r10 + r11]
            vmovups [rdi + r11], ymm0
            add r11, 32
            cmp r11, r8
            jb 30b
        40:
            test eax, eax
            jz 50f
            # Pieces that overlap inside of the run: stores with a mask take some processors tens of cycles.
            test r8, r8
            jz 41f
            add r11, rax
            vmovups ymm0, [r10 + r11 - 32]
            vmovups [rdi + r11 - 32], ymm0
            jmp 50f
        41:
            cmp eax, 16
            jb 42f
            vmovups xmm0, [r10]
            vmovups xmm1, [r10 + rax - 16]
            vmovups [rdi], xmm0
            vmovups [rdi + rax - 16], xmm1
            jmp 50f
        42:
            cmp eax, 8
            jb 43f
            mov r11, [r10]
            mov rbx, [r10 + rax - 8]
            mov [rdi], r11
            mov [rdi + rax - 8], rbx
            jmp 50f
        43:
            mov r11d, [r10]
            mov [rdi], r11d
        50:
            add rdi, r9
            dec rcx
            jnz 20b
        90:
            pop rbx
            vzeroupper
            ret
        ",
        ahead = const AHEAD,
    )
}

/// # Safety
///
/// As [`copy`], for every other element. What lies between these is read too: it belongs to the same memory.
#[unsafe(naked)]
unsafe extern "sysv64" fn halve<const ELEMENT: usize>(
    to: *mut u8,
    from: *const u8,
    reads: *const Pair,
    count: usize,
    bytes: usize,
    step: isize,
) {
    naked_asm!(
        ".set ELEMENT, {element}",
        r"
            push rbx
            test rcx, rcx
            jz 90f
            # The last whole vector.
            mov rax, r8
            sub rax, 32
        20: # A run.
            mov r10, [rdx]
            add r10, rsi
            lea rbx, [rdx + 16*{ahead}]
            cmp rcx, {ahead}
            cmovbe rbx, rdx
            mov rbx, [rbx]
            add rbx, rsi
            add rdx, 16
            xor r11d, r11d
        .if ELEMENT < 16
            test rax, rax
            jl 50f
            jz 40f
        30:
            prefetcht0 [rbx + 2*r11]
            vmovups ymm0, [r10 + 2*r11]
            .if ELEMENT == 4
                vshufps ymm0, ymm0, [r10 + 2*r11 + 32], 0x88
            .else
                vunpcklpd ymm0, ymm0, [r10 + 2*r11 + 32]
            .endif
            vpermpd ymm0, ymm0, 0xd8
            vmovups [rdi + r11], ymm0
            add r11, 32
            cmp r11, rax
            jl 30b
        40: # Nothing is read behind the last element.
            vmovups ymm0, [r10 + 2*rax]
            .if ELEMENT == 4
                vshufps ymm0, ymm0, [r10 + 2*rax + 28], 0xd8
            .else
                vshufpd ymm0, ymm0, [r10 + 2*rax + 24], 0xa
            .endif
            vpermpd ymm0, ymm0, 0xd8
            vmovups [rdi + rax], ymm0
            jmp 60f
        .endif
        50:
            cmp r11, r8
            jae 60f
            .if ELEMENT == 4
                mov ebx, [r10 + 2*r11]
                mov [rdi + r11], ebx
            .elseif ELEMENT == 8
                mov rbx, [r10 + 2*r11]
                mov [rdi + r11], rbx
            .else
                vmovups xmm0, [r10 + 2*r11]
                vmovups [rdi + r11], xmm0
            .endif
            add r11, ELEMENT
            jmp 50b
        60:
            add rdi, r9
            dec rcx
            jnz 20b
        90:
            pop rbx
            vzeroupper
            ret
        ",
        element = const ELEMENT,
        ahead = const AHEAD,
    )
}

/// Four columns of 4 bytes, or two of 8, are read from the rows `i` and `i + 4`, or `i + 2`, into the halves of a
/// vector; interleaving such vectors yields whole columns. What is left over is copied element by element.
///
/// # Safety
///
/// The processor has AVX2; all elements named in [`Transpose`](crate::packing::Transpose) can be read and written.
#[unsafe(naked)]
unsafe extern "sysv64" fn transpose<const ELEMENT: usize>(
    to: *mut u8,
    from: *const u8,
    rows: *const Pair,
    step: isize,
    columns: usize,
) {
    naked_asm!(
        ".set ELEMENT, {element}",
        r"
        .macro point_to pointer, i
            mov \pointer, [rdx + 16*\i]
            add \pointer, rsi
        .endm
        .macro read i, low, high
            vmovups xmm\i, [\low + r14]
            vinsertf128 ymm\i, ymm\i, [\high + r14], 1
        .endm
        .macro move pointer, i
            .if ELEMENT == 4
                mov esi, [\pointer + r14]
                mov [rdi + 4*\i], esi
            .elseif ELEMENT == 8
                mov rsi, [\pointer + r14]
                mov [rdi + 8*\i], rsi
            .else
                vmovups xmm0, [\pointer + r14]
                vmovups [rdi + 16*\i], xmm0
            .endif
        .endm
        .macro interleave
            .if ELEMENT == 4
                read 0, rax, rbx
                read 1, r9, rbp
                read 2, r10, r12
                read 3, r11, r13
                vunpcklps ymm4, ymm0, ymm1
                vunpckhps ymm5, ymm0, ymm1
                vunpcklps ymm6, ymm2, ymm3
                vunpckhps ymm7, ymm2, ymm3
                vunpcklpd ymm0, ymm4, ymm6
                vunpckhpd ymm1, ymm4, ymm6
                vunpcklpd ymm2, ymm5, ymm7
                vunpckhpd ymm3, ymm5, ymm7
                vmovups [rdi], ymm0
                vmovups [rdi + rcx], ymm1
                vmovups [rdi + 2*rcx], ymm2
                vmovups [rdi + r15], ymm3
                lea rdi, [rdi + 4*rcx]
            .else
                read 0, rax, r10
                read 1, r9, r11
                read 2, rbx, r12
                read 3, rbp, r13
                vunpcklpd ymm4, ymm0, ymm1
                vunpckhpd ymm5, ymm0, ymm1
                vunpcklpd ymm6, ymm2, ymm3
                vunpckhpd ymm7, ymm2, ymm3
                vmovups [rdi], ymm4
                vmovups [rdi + 32], ymm6
                vmovups [rdi + rcx], ymm5
                vmovups [rdi + rcx + 32], ymm7
                lea rdi, [rdi + 2*rcx]
            .endif
            add r14, 16
        .endm
        ",
        save_registers!(),
        r"
            point_to rax, 0
            point_to r9, 1
            point_to r10, 2
            point_to r11, 3
            point_to rbx, 4
            point_to rbp, 5
            point_to r12, 6
            point_to r13, 7
            xor r14d, r14d
        .if ELEMENT < 16
            lea r15, [rcx + 2*rcx]
            # Long runs: the rows after these are fetched into the caches, if they are as far apart.
            mov rdx, r9
            sub rdx, rax
            shl rdx, 3
            cmp r8, {long}/ELEMENT
            jb 35f
        30:
            lea rsi, [rdx + r14]
            .irp pointer, rax, r9, r10, r11, rbx, rbp, r12, r13
                prefetcht0 [\pointer + rsi]
            .endr
            interleave
            sub r8, 16/ELEMENT
            cmp r8, 16/ELEMENT
            jae 30b
        35:
            sub r8, 16/ELEMENT
            jb 40f
        36:
            interleave
            sub r8, 16/ELEMENT
            jae 36b
        40:
            add r8, 16/ELEMENT
        .endif
            test r8, r8
            jz 90f
        50:
            move rax, 0
            move r9, 1
            move r10, 2
            move r11, 3
            move rbx, 4
            move rbp, 5
            move r12, 6
            move r13, 7
            add rdi, rcx
            add r14, ELEMENT
            dec r8
            jnz 50b
        90:
        ",
        return_to_caller!(),
        r"
        .irp name, point_to, read, move, interleave
            .purgem \name
        .endr
        ",
        element = const ELEMENT,
        long = const LONG,
    )
}

/// # Safety
///
/// The processor has AVX; all elements named in [`Gather`](crate::packing::Gather) can be read and written.
#[unsafe(naked)]
unsafe extern "sysv64" fn gather<const ELEMENT: usize>(
    to: *mut u8,
    from: *const u8,
    rows: *const Pair,
    count: usize,
) {
    naked_asm!(
        ".set ELEMENT, {element}",
        r"
            test rcx, rcx
            jz 90f
        30:
            mov rax, [rdx]
            add rdx, 16
            .if ELEMENT == 4
                mov eax, [rsi + rax]
                mov [rdi], eax
            .elseif ELEMENT == 8
                mov rax, [rsi + rax]
                mov [rdi], rax
            .else
                vmovups xmm0, [rsi + rax]
                vmovups [rdi], xmm0
            .endif
            add rdi, ELEMENT
            dec rcx
            jnz 30b
        90:
            ret
        ",
        element = const ELEMENT,
    )
}

/// # Safety
///
/// `count` pairs can be written from `to` on.
#[unsafe(naked)]
unsafe extern "sysv64" fn fill(
    to: *mut Pair,
    count: usize,
    a: isize,
    b: isize,
    a_step: isize,
    b_step: isize,
) {
    naked_asm!(
        "test rsi, rsi",
        "jz 90f",
        "30:",
        "mov [rdi], rdx",
        "mov [rdi + 8], rcx",
        "add rdx, r8",
        "add rcx, r9",
        "add rdi, 16",
        "dec rsi",
        "jnz 30b",
        "90:",
        "ret",
    )
}

/// # Safety
///
/// The processor has AVX; all bytes named in [`Stream`](crate::packing::Stream) can be read and written.
#[unsafe(naked)]
unsafe extern "sysv64" fn stream(to: *mut u8, from: *const u8, bytes: usize) {
    naked_asm!(
        r"
        20: # Up to a cache line.
            test rdx, rdx
            jz 90f
            test dil, 63
            jz 30f
            mov eax, [rsi]
            mov [rdi], eax
            add rsi, 4
            add rdi, 4
            sub rdx, 4
            jmp 20b
        30:
            sub rdx, 64
            jb 50f
        40: # Lines.
            vmovups ymm0, [rsi]
            vmovups ymm1, [rsi + 32]
            vmovntps [rdi], ymm0
            vmovntps [rdi + 32], ymm1
            add rsi, 64
            add rdi, 64
            sub rdx, 64
            jae 40b
        50:
            add rdx, 64
            jz 90f
        60:
            mov eax, [rsi]
            mov [rdi], eax
            add rsi, 4
            add rdi, 4
            sub rdx, 4
            jnz 60b
        90:
            vzeroupper
            ret
        ",
    )
}
