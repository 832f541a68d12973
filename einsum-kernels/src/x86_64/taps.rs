//! Kernels of [`taps`](crate::taps) with AVX-512.
//!
//! Registers: `rdi` the arguments; `rbx` the next row; `r8 r9` the place in X and Y; `r10` vectors left; `rax rcx rdx rsi` from
//! the first tap to the second, fourth, sixth, and eighth, `r11` to the seventh. `zmm0` holds Y, `zmm1` X where lanes do not exist,
//! `zmm8 … zmm15` the sums. `k1` has the lanes of a row's last vector.

use core::arch::naked_asm;
use core::mem::offset_of;

use super::text::element_instructions;
use crate::taps::{TapsArguments, TapsSet};

macro_rules! set {
    ($width:literal, $element:literal: $($taps:literal)*) => {
        TapsSet { width: $width, kernels: [$(taps::<$element, $taps>),*] }
    };
}
pub static TAPS_32: TapsSet = set!(16, 4: 1 2 3 4 5 6 7 8);
pub static TAPS_64: TapsSet = set!(8, 8: 1 2 3 4 5 6 7 8);

/// # Safety
///
/// As [`Taps`](crate::taps::Taps).
#[unsafe(naked)]
unsafe extern "sysv64" fn taps<const ELEMENT: usize, const TAPS: usize>(arguments: &TapsArguments) {
    naked_asm!(
        ".set ELEMENT, {element}",
        ".set TAPS, {taps}",
        element_instructions!(),
        r"
        # Calls a macro for every tap: its sum, and its place in X.
        .macro each name
            \name zmm8, ymm8, xmm8, r8
            .if TAPS > 1
                \name zmm9, ymm9, xmm9, r8 + rax
            .endif
            .if TAPS > 2
                \name zmm10, ymm10, xmm10, r8 + 2*rax
            .endif
            .if TAPS > 3
                \name zmm11, ymm11, xmm11, r8 + rcx
            .endif
            .if TAPS > 4
                \name zmm12, ymm12, xmm12, r8 + 4*rax
            .endif
            .if TAPS > 5
                \name zmm13, ymm13, xmm13, r8 + rdx
            .endif
            .if TAPS > 6
                \name zmm14, ymm14, xmm14, r8 + r11
            .endif
            .if TAPS > 7
                \name zmm15, ymm15, xmm15, r8 + rsi
            .endif
        .endm
        .macro clear sum, half, quarter, place:vararg
            vpxorq \sum, \sum, \sum
        .endm
        .macro multiply sum, half, quarter, place:vararg
            f vfmadd231p, \sum, zmm0, [\place]
        .endm
        .macro multiply_last sum, half, quarter, place:vararg
            f vmovup, zmm1 {{k1}}{{z}}, [\place]
            f vfmadd231p, \sum, zmm0, zmm1
        .endm
        # The sum of all lanes.
        .macro store sum, half, quarter, place:vararg
            vextractf64x4 ymm1, \sum, 1
            f vaddp, \half, \half, ymm1
            vextractf128 xmm1, \half, 1
            f vaddp, \quarter, \quarter, xmm1
            vpermilpd xmm1, \quarter, 1
            f vaddp, \quarter, \quarter, xmm1
            .if ELEMENT == 4
                vmovshdup xmm1, \quarter
                vaddss \quarter, \quarter, xmm1
            .endif
            test r10, r10
            jz 61f
            f vadds, \quarter, \quarter, [r9]
        61:
            f vmovs, [r9], \quarter
            add r9, rbx
        .endm
            push rbx
            mov rax, [rdi + 56]
            lea rcx, [rax + 2*rax]
            lea rdx, [rax + 4*rax]
            lea r11, [rcx + rcx]
            lea rsi, [rdx + 2*rax]
            kmovw k1, word ptr [rdi + 48]
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
            f vmovup, zmm0, [r9]
            each multiply
            add r8, 64
            add r9, 64
            dec r10
            jnz 30b
        40:
            f vmovup, zmm0 {{k1}}{{z}}, [r9]
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
            .irp name, f, each, clear, multiply, multiply_last, store
                .purgem \name
            .endr
        ",
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
