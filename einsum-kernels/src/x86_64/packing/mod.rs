//! The primitives of [`packing`](crate::packing) with AVX2, for elements of 4, 8, and 16 bytes.

mod transpose;

use crate::packing::{Packing, Pair};
use transpose::{transpose, transpose_runs};

macro_rules! packing {
    ($($name:ident: $element:literal;)*) => { $(
        pub static $name: Packing = Packing {
            copy,
            halve: halve::<$element>,
            transpose: transpose::<$element>,
            transpose_runs: transpose_runs::<$element>,
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

/// # Safety
///
/// The processor has AVX2; all bytes named in [`Copy`](crate::packing::Copy) can be read and written.
#[inline(never)]
unsafe extern "sysv64" fn copy(
    to: *mut u8,
    from: *const u8,
    reads: *const Pair,
    count: usize,
    bytes: usize,
    step: isize,
) {
    crate::assembly!(
        "rdi" = to, "rsi" = from, "rdx" = reads, "rcx" = count, "r8" = bytes, "r9" = step;
        r"
        # Runs of two vectors that overlap, if they are not as long.
        .macro short_runs size, first, second
            lea r11, [r8 - \size]
        21:
            cmp rcx, {ahead}
            jbe 22f
            mov rbx, [rdx + 16*{ahead}]
            prefetcht0 [rsi + rbx]
        22:
            mov r10, [rdx]
            add r10, rsi
            add rdx, 16
            vmovups \first, [r10]
            vmovups \second, [r10 + r11]
            vmovups [rdi], \first
            vmovups [rdi + r11], \second
            add rdi, r9
            dec rcx
            jnz 21b
            jmp 90f
        .endm
            push rbx
            test rcx, rcx
            jz 90f
            cmp r8, 64
            ja 15f
            cmp r8, 32
            ja 14f
            cmp r8, 16
            jb 15f
            short_runs 16, xmm0, xmm1
        14:
            short_runs 32, ymm0, ymm1
        15:
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
        .purgem short_runs
        ",
        ahead = const AHEAD,
    );
}

/// # Safety
///
/// As [`copy`], for every other element. What lies between these is read too: it belongs to the same memory.
#[inline(never)]
unsafe extern "sysv64" fn halve<const ELEMENT: usize>(
    to: *mut u8,
    from: *const u8,
    reads: *const Pair,
    count: usize,
    bytes: usize,
    step: isize,
) {
    crate::assembly!(
        "rdi" = to, "rsi" = from, "rdx" = reads, "rcx" = count, "r8" = bytes, "r9" = step;
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
        ",
        element = const ELEMENT,
        ahead = const AHEAD,
    );
}

/// # Safety
///
/// The processor has AVX; all elements named in [`Gather`](crate::packing::Gather) can be read and written.
#[inline(never)]
unsafe extern "sysv64" fn gather<const ELEMENT: usize>(
    to: *mut u8,
    from: *const u8,
    rows: *const Pair,
    count: usize,
) {
    crate::assembly!(
        "rdi" = to, "rsi" = from, "rdx" = rows, "rcx" = count;
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
        ",
        element = const ELEMENT,
    );
}

/// # Safety
///
/// `count` pairs can be written from `to` on.
#[inline(never)]
unsafe extern "sysv64" fn fill(
    to: *mut Pair,
    count: usize,
    a: isize,
    b: isize,
    a_step: isize,
    b_step: isize,
) {
    crate::assembly!(
        "rdi" = to, "rsi" = count, "rdx" = a, "rcx" = b, "r8" = a_step, "r9" = b_step;
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
    );
}

/// # Safety
///
/// The processor has AVX; all bytes named in [`Stream`](crate::packing::Stream) can be read and written.
#[inline(never)]
unsafe extern "sysv64" fn stream(to: *mut u8, from: *const u8, bytes: usize) {
    crate::assembly!(
        "rdi" = to, "rsi" = from, "rdx" = bytes;
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
        ",
    );
}
