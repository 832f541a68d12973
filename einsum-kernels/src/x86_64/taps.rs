//! Kernels of [`taps`](crate::taps), for vectors of any level.
//!
//! Registers: `rdi` the arguments; `rbx` the next row; `r8 r9` the place in X and Y; `r10` vectors left; `rax rcx rdx rsi` from
//! the first tap to the second, fourth, sixth, and eighth, `r11` to the seventh. Of vector registers 0 holds Y, 1 X where lanes
//! do not exist, 8 … 15 the sums. `k1`, or `ymm2` with AVX2, has the lanes of a row's last vector.

use core::arch::naked_asm;
use core::mem::offset_of;

use super::text::{element_instructions, vector_instructions};
use super::{address_of_mask_32, address_of_mask_64};
use crate::taps::{TapsArguments, TapsSet};

macro_rules! set {
    ($vector:literal, $element:literal, $mask:expr, [$($taps:literal)*]) => {
        TapsSet {
            width: $vector / $element,
            mask: $mask,
            kernels: [$(taps::<$vector, $element, $taps>),*],
        }
    };
}
pub static F32_AVX512: TapsSet = set!(64, 4, |lanes| (1 << lanes) - 1, [1 2 3 4 5 6 7 8]);
pub static F64_AVX512: TapsSet = set!(64, 8, |lanes| (1 << lanes) - 1, [1 2 3 4 5 6 7 8]);
pub static F32_AVX2: TapsSet = set!(32, 4, address_of_mask_32, [1 2 3 4 5 6 7 8]);
pub static F64_AVX2: TapsSet = set!(32, 8, address_of_mask_64, [1 2 3 4 5 6 7 8]);

/// # Safety
///
/// As [`Taps`](crate::taps::Taps).
#[unsafe(naked)]
unsafe extern "sysv64" fn taps<const VECTOR: usize, const ELEMENT: usize, const TAPS: usize>(
    arguments: &TapsArguments,
) {
    naked_asm!(
        ".set VECTOR, {vector}",
        ".set ELEMENT, {element}",
        ".set TAPS, {taps}",
        element_instructions!(),
        vector_instructions!(),
        r"
        # Calls a macro for every tap: its sum, and its place in X.
        .macro each name
            \name 8, r8
            .if TAPS > 1
                \name 9, r8 + rax
            .endif
            .if TAPS > 2
                \name 10, r8 + 2*rax
            .endif
            .if TAPS > 3
                \name 11, r8 + rcx
            .endif
            .if TAPS > 4
                \name 12, r8 + 4*rax
            .endif
            .if TAPS > 5
                \name 13, r8 + rdx
            .endif
            .if TAPS > 6
                \name 14, r8 + r11
            .endif
            .if TAPS > 7
                \name 15, r8 + rsi
            .endif
        .endm
        .macro get_masked i, place:vararg
            .if VECTOR == 64
                f vmovup, zmm\i {{k1}}{{z}}, [\place]
            .else
                f vmaskmovp, ymm\i, ymm2, [\place]
            .endif
        .endm
        .macro clear sum, place:vararg
            vpxor xmm\sum, xmm\sum, xmm\sum
        .endm
        .macro multiply sum, place:vararg
            .if VECTOR == 64
                f vfmadd231p, zmm\sum, zmm0, [\place]
            .else
                f vfmadd231p, ymm\sum, ymm0, [\place]
            .endif
        .endm
        .macro multiply_last sum, place:vararg
            get_masked 1, \place
            v vfmadd231p, \sum, 0, 1
        .endm
        # The sum of all lanes.
        .macro store sum, place:vararg
            .if VECTOR == 64
                vextractf64x4 ymm1, zmm\sum, 1
                f vaddp, ymm\sum, ymm\sum, ymm1
            .endif
            vextractf128 xmm1, ymm\sum, 1
            f vaddp, xmm\sum, xmm\sum, xmm1
            vpermilpd xmm1, xmm\sum, 1
            f vaddp, xmm\sum, xmm\sum, xmm1
            .if ELEMENT == 4
                vmovshdup xmm1, xmm\sum
                vaddss xmm\sum, xmm\sum, xmm1
            .endif
            test r10, r10
            jz 61f
            f vadds, xmm\sum, xmm\sum, [r9]
        61:
            f vmovs, [r9], xmm\sum
            add r9, rbx
        .endm
            push rbx
            mov rax, [rdi + 56]
            lea rcx, [rax + 2*rax]
            lea rdx, [rax + 4*rax]
            lea r11, [rcx + rcx]
            lea rsi, [rdx + 2*rax]
            .if VECTOR == 64
                kmovw k1, word ptr [rdi + 48]
            .else
                mov r8, [rdi + 48]
                vmovdqu ymm2, [r8]
            .endif
            each clear
            mov rbx, [rdi + 24]
        20: # A row.
            mov r8, [rbx]
            mov r9, [rbx + 8]
            add rbx, 16
            add r8, [rdi]
            add r9, [rdi + 8]
            mov r10, [rdi + 40]
            test r10, r10
            jz 40f
            .p2align 5
        30: # A vector.
            get 0, r9
            each multiply
            add r8, VECTOR
            add r9, VECTOR
            dec r10
            jnz 30b
        40:
            get_masked 0, r9
            each multiply_last
            cmp rbx, [rdi + 32]
            jb 20b
            mov r9, [rdi + 16]
            mov rbx, [rdi + 64]
            mov r10, [rdi + 72]
            each store
            pop rbx
            vzeroupper
            ret
            .irp name, f, v, get, put, each, get_masked, clear, multiply, multiply_last, store
                .purgem \name
            .endr
        ",
        vector = const VECTOR,
        element = const ELEMENT,
        taps = const TAPS,
    )
}

// The assembly's numbers.
const _: () = {
    assert!(offset_of!(TapsArguments, x) == 0 && offset_of!(TapsArguments, y) == 8);
    assert!(offset_of!(TapsArguments, c) == 16 && offset_of!(TapsArguments, rows) == 24);
    assert!(offset_of!(TapsArguments, rows_end) == 32 && offset_of!(TapsArguments, vectors) == 40);
    assert!(offset_of!(TapsArguments, last_mask) == 48 && offset_of!(TapsArguments, x_tap) == 56);
    assert!(offset_of!(TapsArguments, c_tap) == 64 && offset_of!(TapsArguments, adds) == 72);
};
