//! Kernels of [`taps`](crate::taps), for vectors of any level.
//!
//! Registers: `rdi` the arguments; `rbx` the next entry; `r8 r9` the place in X and Y; `r10` vectors left; `rax rcx rdx rsi` from
//! the first tap to the second, fourth, sixth, and eighth, `r11` to the seventh; `r12 r13` from the first row to the second and
//! fourth, `r14` the fifth row; `r15` the masks. Of vector registers those from `SUMS` on hold the sums, row by row, those
//! below X or Y of an entry, whichever are fewer, and one of the other at a time. With AVX-512 and up to three taps masks are
//! in `k1` … `k7`.

use core::mem::offset_of;

use super::text::{element_instructions, vector_instructions};
use crate::taps::{FROM_SUMS, TO_SUMS, TapsArguments, TapsSet};

macro_rules! set {
    ($vector:literal, $element:literal, $put_mask:expr, $mask_bytes:literal, [$($taps:literal: $($rows:literal)*;)*]) => {
        TapsSet {
            width: $vector / $element,
            put_mask: $put_mask,
            mask_bytes: $mask_bytes,
            kernels: [$(&[$(taps::<$vector, $element, $taps, $rows>),*]),*],
        }
    };
}
macro_rules! set_512 {
    ($element:literal) => {
        set!(64, $element, put_bits, 2, [
            1: 1 2 4 8; 2: 1 2 4 8; 3: 1 2 4 8; 4: 1 2 4; 5: 1 2 4; 6: 1 2 4; 7: 1 2; 8: 1 2;
        ])
    };
}
macro_rules! set_avx2 {
    ($element:literal, $put_mask:expr) => {
        set!(32, $element, $put_mask, 32, [
            1: 1 2 4 8; 2: 1 2 4; 3: 1 2 4; 4: 1 2; 5: 1 2; 6: 1 2; 7: 1; 8: 1;
        ])
    };
}
pub static F32_AVX512: TapsSet = set_512!(4);
pub static F64_AVX512: TapsSet = set_512!(8);
pub static F32_AVX2: TapsSet = set_avx2!(4, put_lanes_32);
pub static F64_AVX2: TapsSet = set_avx2!(8, put_lanes_64);

/// # Safety
///
/// There is room for so many masks.
unsafe fn put_bits(table: *mut u8, number: usize, bits: u32) {
    // SAFETY: the caller's duty.
    unsafe { table.cast::<u16>().wrapping_add(number).write_unaligned(bits as u16) }
}

/// # Safety
///
/// There is room for so many masks.
unsafe fn put_lanes_32(table: *mut u8, number: usize, bits: u32) {
    let lanes: [i32; 8] = core::array::from_fn(|lane| -((bits >> lane & 1) as i32));
    // SAFETY: the caller's duty.
    unsafe { table.cast::<[i32; 8]>().wrapping_add(number).write_unaligned(lanes) }
}

/// # Safety
///
/// There is room for so many masks.
unsafe fn put_lanes_64(table: *mut u8, number: usize, bits: u32) {
    let lanes: [i64; 4] = core::array::from_fn(|lane| -i64::from(bits >> lane & 1));
    // SAFETY: the caller's duty.
    unsafe { table.cast::<[i64; 4]>().wrapping_add(number).write_unaligned(lanes) }
}

/// # Safety
///
/// As [`Taps`](crate::taps::Taps).
#[inline(never)]
unsafe extern "sysv64" fn taps<
    const VECTOR: usize,
    const ELEMENT: usize,
    const TAPS: usize,
    const ROWS: usize,
>(
    arguments: &TapsArguments,
) {
    crate::assembly!(
        "rdi" = &raw const *arguments;
        ".set VECTOR, {vector}",
        ".set ELEMENT, {element}",
        ".set TAPS, {taps}",
        ".set ROWS, {rows}",
        element_instructions!(),
        vector_instructions!(),
        r"
        .if VECTOR == 64
            .set SUMS, 8
        .else
            .set SUMS, 16 - ROWS*TAPS
        .endif
        # Arguments of macros that begin with a percent sign are evaluated.
        .altmacro
        # Calls a macro with the sum of every row and tap.
        .macro each name
            .set ROW, 0
            .rept ROWS
                .set TAP, 0
                .rept TAPS
                    \name %(SUMS + ROW*TAPS + TAP)
                    .set TAP, TAP + 1
                .endr
                .set ROW, ROW + 1
            .endr
        .endm
        # Reads a vector of which lanes may lack: MASKED has the number of its mask, if it is not 0, less one.
        .macro read i, place:vararg
            .if MASKED == 0
                get \i, \place
            .elseif VECTOR == 64 && TAPS <= 3
                read_masked \i, %MASKED, \place
            .elseif VECTOR == 64
                kmovw k1, word ptr [r15 + 2*(MASKED - 1)]
                read_masked \i, 1, \place
            .else
                vmovdqu ymm\i, [r15 + 32*(MASKED - 1)]
                f vmaskmovp, ymm\i, ymm\i, [\place]
            .endif
        .endm
        .macro read_masked i, mask, place:vararg
            f vmovup, zmm\i {{k\mask}}{{z}}, [\place]
        .endm
        .macro read_x i, tap
            .set MASKED, 0
            .if KIND == 1
                .set MASKED, 2 + \tap
            .elseif KIND == 2
                .set MASKED, 2 + TAPS + \tap
            .endif
            .if \tap == 0
                read \i, r8
            .elseif \tap == 1
                read \i, r8 + rax
            .elseif \tap == 2
                read \i, r8 + 2*rax
            .elseif \tap == 3
                read \i, r8 + rcx
            .elseif \tap == 4
                read \i, r8 + 4*rax
            .elseif \tap == 5
                read \i, r8 + rdx
            .elseif \tap == 6
                read \i, r8 + r11
            .else
                read \i, r8 + rsi
            .endif
        .endm
        .macro read_y i, row
            .set MASKED, 0
            .if KIND == 2
                .set MASKED, 1
            .endif
            .if \row == 0
                read \i, r9
            .elseif \row == 1
                read \i, r9 + r12
            .elseif \row == 2
                read \i, r9 + 2*r12
            .elseif \row == 3
                read \i, r9 + r13
            .elseif \row == 4
                read \i, r14
            .elseif \row == 5
                read \i, r14 + r12
            .elseif \row == 6
                read \i, r14 + 2*r12
            .else
                read \i, r14 + r13
            .endif
        .endm
        .macro multiply sum, a, b
            v vfmadd231p, \sum, \a, \b
        .endm
        # All products of a vector: the first of an entry if KIND is 1, the last if it is 2.
        .macro products kind
            .set KIND, \kind
            .set I, 0
            .if TAPS <= ROWS
                .rept TAPS
                    read_x %I, %I
                    .set I, I + 1
                .endr
                .set ROW, 0
                .rept ROWS
                    read_y %TAPS, %ROW
                    .set TAP, 0
                    .rept TAPS
                        multiply %(SUMS + ROW*TAPS + TAP), %TAP, %TAPS
                        .set TAP, TAP + 1
                    .endr
                    .set ROW, ROW + 1
                .endr
            .else
                .rept ROWS
                    read_y %I, %I
                    .set I, I + 1
                .endr
                .set TAP, 0
                .rept TAPS
                    read_x %ROWS, %TAP
                    .set ROW, 0
                    .rept ROWS
                        multiply %(SUMS + ROW*TAPS + TAP), %ROW, %ROWS
                        .set ROW, ROW + 1
                    .endr
                    .set TAP, TAP + 1
                .endr
            .endif
        .endm
        .macro next_vector
            add r8, VECTOR
            add r9, VECTOR
            .if ROWS > 4
                add r14, VECTOR
            .endif
        .endm
        .macro clear sum
            .if \sum < 16
                vpxor xmm\sum, xmm\sum, xmm\sum
            .else
                vpxord zmm\sum, zmm\sum, zmm\sum
            .endif
        .endm
        .macro take_sum sum
            get \sum, r8 + VECTOR*(\sum - SUMS)
        .endm
        .macro put_sum sum
            put \sum, r8 + VECTOR*(\sum - SUMS)
        .endm
        # The sum of all lanes.
        .macro store sum
            .if VECTOR == 64
                vextractf64x4 ymm1, zmm\sum, 1
                f vaddp, ymm0, ymm\sum, ymm1
            .else
                vmovaps ymm0, ymm\sum
            .endif
            vextractf128 xmm1, ymm0, 1
            f vaddp, xmm0, xmm0, xmm1
            vpermilpd xmm1, xmm0, 1
            f vaddp, xmm0, xmm0, xmm1
            .if ELEMENT == 4
                vmovshdup xmm1, xmm0
                vaddss xmm0, xmm0, xmm1
            .endif
            test r10, r10
            jz 61f
            f vadds, xmm0, xmm0, [r9]
        61:
            f vmovs, [r9], xmm0
            .if TAP == TAPS - 1
                add r8, rbx
                mov r9, r8
            .else
                add r9, r11
            .endif
        .endm
            push rbx
            push r12
            push r13
            push r14
            push r15
            mov rax, [rdi + 56]
            lea rcx, [rax + 2*rax]
            lea rdx, [rax + 4*rax]
            lea r11, [rcx + rcx]
            lea rsi, [rdx + 2*rax]
            mov r12, [rdi + 80]
            lea r13, [r12 + 2*r12]
            mov r15, [rdi + 48]
            .if VECTOR == 64 && TAPS <= 3
                .irp number, 1, 2, 3, 4, 5, 6, 7
                    .if \number <= 2*TAPS + 1
                        kmovw k\number, word ptr [r15 + 2*\number - 2]
                    .endif
                .endr
            .endif
            test byte ptr [rdi + 104], 1
            jz 22f
            mov r8, [rdi + 96]
            each take_sum
            jmp 25f
        22:
            each clear
        25:
            mov rbx, [rdi + 24]
            jmp 45f
        20: # An entry.
            mov r8, [rbx]
            mov r9, [rbx + 8]
            add rbx, 16
            add r8, [rdi]
            add r9, [rdi + 8]
            .if ROWS > 4
                lea r14, [r9 + 4*r12]
            .endif
            mov r10, [rdi + 40]
            test r10, r10
            jz 40f
            products 1
            next_vector
            dec r10
            jz 40f
            .p2align 5
        30: # A vector.
            products 0
            next_vector
            dec r10
            jnz 30b
        40:
            products 2
        45:
            cmp rbx, [rdi + 32]
            jb 20b
            test byte ptr [rdi + 104], 2
            jz 50f
            mov r8, [rdi + 96]
            each put_sum
            jmp 70f
        50:
            mov r8, [rdi + 16]
            mov r9, r8
            mov r11, [rdi + 64]
            mov r10, [rdi + 72]
            mov rbx, [rdi + 88]
            each store
        70:
            pop r15
            pop r14
            pop r13
            pop r12
            pop rbx
            vzeroupper
            .noaltmacro
            .irp name, f, v, get, put, each, read, read_masked, read_x, read_y, multiply, products, next_vector, clear, take_sum, put_sum, store
                .purgem \name
            .endr
        ",
        vector = const VECTOR,
        element = const ELEMENT,
        taps = const TAPS,
        rows = const ROWS,
    );
}

// The assembly's numbers.
const _: () = {
    assert!(offset_of!(TapsArguments, x) == 0 && offset_of!(TapsArguments, y) == 8);
    assert!(offset_of!(TapsArguments, c) == 16 && offset_of!(TapsArguments, entries) == 24);
    assert!(offset_of!(TapsArguments, entries_end) == 32);
    assert!(offset_of!(TapsArguments, vectors) == 40 && offset_of!(TapsArguments, masks) == 48);
    assert!(offset_of!(TapsArguments, x_tap) == 56 && offset_of!(TapsArguments, c_tap) == 64);
    assert!(offset_of!(TapsArguments, adds) == 72 && offset_of!(TapsArguments, y_row) == 80);
    assert!(offset_of!(TapsArguments, c_row) == 88 && offset_of!(TapsArguments, sums) == 96);
    assert!(offset_of!(TapsArguments, flow) == 104 && FROM_SUMS == 1 && TO_SUMS == 2);
};
