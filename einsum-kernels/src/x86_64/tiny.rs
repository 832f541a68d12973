//! The kernels of [`tiny`](crate::tiny).

use core::mem::offset_of;

use super::text::{element_instructions, put_lanes};
use super::{address_of_mask_32, address_of_mask_64};
use crate::tiny::{LOOPS, OUTER, Walk, WalkKernels};

/// For processors of any level: no vectors.
const SCALAR: usize = 0;
const AVX2: usize = 1;
const AVX512: usize = 2;

macro_rules! sets {
    ($($avx512:ident $avx2:ident: $element:literal, $mask:ident;)*) => { $(
        pub static $avx512: WalkKernels = WalkKernels {
            width: 64,
            mask: |lanes| (1 << lanes) - 1,
            unary: [walk::<$element, AVX512, 1, 1>],
            binary: [walk::<$element, AVX512, 2, 1>, walk::<$element, AVX512, 2, 2>],
            scalar: [walk::<$element, SCALAR, 1, 0>, walk::<$element, SCALAR, 2, 0>],
        };
        pub static $avx2: WalkKernels = WalkKernels {
            width: 32,
            mask: $mask,
            unary: [walk::<$element, AVX2, 1, 1>],
            binary: [walk::<$element, AVX2, 2, 1>, walk::<$element, AVX2, 2, 2>],
            scalar: [walk::<$element, SCALAR, 1, 0>, walk::<$element, SCALAR, 2, 0>],
        };
    )* };
}
sets! {
    F32_AVX512 F32_AVX2: 4, address_of_mask_32;
    F64_AVX512 F64_AVX2: 8, address_of_mask_64;
}

/// Assigns the sums of a nest over `P` sources of elements of `ELEMENT` bytes, `f32` or `f64`. The first `VECTORS` sources
/// have adjacent elements along the lanes, and of the others all lanes get the same.
///
/// # Safety
///
/// As [`WalkKernel`](crate::tiny::WalkKernel).
#[inline(never)]
unsafe extern "sysv64" fn walk<
    const ELEMENT: usize,
    const LEVEL: usize,
    const P: usize,
    const VECTORS: usize,
>(
    walk: &Walk,
    x: *const u8,
    y: *const u8,
    out: *mut u8,
) {
    // Registers: the walk in rdi; sources in r8, r9, the output in r11; iterations left in rax, rcx, rdx of kept and in rsi, rbx of
    // summed loops. Vector 0 is the sum, 15 what it begins with, -0, which every number keeps its sign added to.
    // Masks: k1 and vector 14 of all vectors but the last of a sum over lanes, k2 and vector 13 of that one.
    crate::assembly!(
        "rdi" = &raw const *walk, "rsi" = x, "rdx" = y, "rcx" = out;
        ".set ELEMENT, {element}",
        ".set LEVEL, {level}",
        ".set P, {p}",
        ".set VECTORS, {vectors}",
        element_instructions!(),
        put_lanes!(),
        r"
        # Moves on by one iteration of a loop.
        .macro move_sources number
            add r8, [rdi + {sources} + 8*\number]
            .if P > 1
                add r9, [rdi + {sources} + 8*{loops} + 8*\number]
            .endif
        .endm
        # Adds vector 1 times a source to the sum.
        .macro avx512_add mask, is_vector
            .if \is_vector
                f vfmadd231p, zmm0 {{\mask}}, zmm1, [r9]
            .elseif ELEMENT == 4
                vfmadd231ps zmm0 {{\mask}}, zmm1, [r9]{{1to16}}
            .else
                vfmadd231pd zmm0 {{\mask}}, zmm1, [r9]{{1to8}}
            .endif
        .endm
        .macro avx2_read to, mask, pointer, is_vector, is_last
            .if \is_vector
                f vmaskmovp, \to, \mask, [\pointer]
            .else
                f vbroadcasts, \to, [\pointer]
                # What does not exist must not be infinite either.
                .if \is_last
                    vandps \to, \to, \mask
                .endif
            .endif
        .endm
        # Adds the product of one vector of every source to the sum.
        .macro step mask, vector_mask, is_last
            .if LEVEL == 2
                .if P == 1
                    f vaddp, zmm0 {{\mask}}, zmm0, [r8]
                .else
                    f vmovup, zmm1 {{\mask}}{{z}}, [r8]
                .endif
                .if P == 2
                    avx512_add \mask, (VECTORS > 1)
                .endif
            .elseif LEVEL == 1
                f vmaskmovp, ymm1, \vector_mask, [r8]
                .if P == 1
                    f vaddp, ymm0, ymm0, ymm1
                .else
                    avx2_read ymm2, \vector_mask, r9, (VECTORS > 1), \is_last
                    f vfmadd231p, ymm0, ymm1, ymm2
                .endif
            .else
                f movs, xmm1, [r8]
                .if P > 1
                    f muls, xmm1, [r9]
                .endif
                f adds, xmm0, xmm1
            .endif
        .endm
            push rbx
            mov r8, rsi
            mov r9, rdx
            mov r11, rcx
            .if LEVEL == 2
                kmovw k1, word ptr [rdi + {mask}]
                kmovw k2, word ptr [rdi + {last_mask}]
                vpternlogd zmm15, zmm15, zmm15, 0xff
                .if ELEMENT == 4
                    vpslld zmm15, zmm15, 31
                .else
                    vpsllq zmm15, zmm15, 63
                .endif
            .elseif LEVEL == 1
                mov rax, [rdi + {mask}]
                vmovups ymm14, [rax]
                mov rax, [rdi + {last_mask}]
                vmovups ymm13, [rax]
                vpcmpeqd ymm15, ymm15, ymm15
                .if ELEMENT == 4
                    vpslld ymm15, ymm15, 31
                .else
                    vpsllq ymm15, ymm15, 63
                .endif
            .else
                pcmpeqd xmm15, xmm15
                .if ELEMENT == 4
                    pslld xmm15, 31
                .else
                    psllq xmm15, 63
                .endif
            .endif
            mov rax, [rdi]
        20:
            mov rcx, [rdi + 8]
        30:
            mov rdx, [rdi + 16]
        40: # One vector of the output.
            .if LEVEL == 2
                vmovaps zmm0, zmm15
            .else
                movaps xmm0, xmm15
                .if LEVEL == 1
                    vmovaps ymm0, ymm15
                .endif
            .endif
            mov rsi, [rdi + 24]
        50:
            mov rbx, [rdi + 32]
            .if LEVEL > 0
                test rbx, rbx
                jz 70f
            .endif
        60:
            step k1, ymm14, 0
            move_sources 4
            dec rbx
            jnz 60b
        70:
            .if LEVEL > 0
                cmp qword ptr [rdi + {has_last}], 0
                je 80f
                step k2, ymm13, 1
                move_sources 4
            80:
            .endif
            move_sources 3
            dec rsi
            jnz 50b
            .if LEVEL > 0
                cmp qword ptr [rdi + {is_sum}], 0
                je 90f
                .if LEVEL == 2
                    vextractf64x4 ymm1, zmm0, 1
                    f vaddp, ymm0, ymm0, ymm1
                .endif
                vextractf128 xmm1, ymm0, 1
                f vaddp, xmm0, xmm0, xmm1
                .if ELEMENT == 4
                    vmovhlps xmm1, xmm0, xmm0
                    vaddps xmm0, xmm0, xmm1
                    vmovshdup xmm1, xmm0
                    vaddss xmm0, xmm0, xmm1
                    vmovss [r11], xmm0
                .else
                    vunpckhpd xmm1, xmm0, xmm0
                    vaddsd xmm0, xmm0, xmm1
                    vmovsd [r11], xmm0
                .endif
                jmp 92f
            90:
                .if LEVEL == 2
                    f vmovup, [r11] {{k1}}, zmm0
                .else
                    f vmovmskp, ebx, ymm14
                    cmp ebx, (1 << (32 / ELEMENT)) - 1
                    je 91f
                    put_lanes 0, 1, ebx, r11
                    jmp 92f
                91:
                    f vmovup, [r11], ymm0
                .endif
            92:
            .else
                f movs, [r11], xmm0
            .endif
            add r11, [rdi + {out} + 16]
            move_sources 2
            dec rdx
            jnz 40b
            add r11, [rdi + {out} + 8]
            move_sources 1
            dec rcx
            jnz 30b
            add r11, [rdi + {out}]
            move_sources 0
            dec rax
            jnz 20b
            pop rbx
            .if LEVEL > 0
                vzeroupper
            .endif
            .irp name, f, put_lanes, move_sources, avx512_add, avx2_read, step
                .purgem \name
            .endr
        ",
        element = const ELEMENT,
        level = const LEVEL,
        p = const P,
        vectors = const VECTORS,
        loops = const LOOPS,
        out = const offset_of!(Walk, out),
        sources = const offset_of!(Walk, sources),
        mask = const offset_of!(Walk, mask),
        last_mask = const offset_of!(Walk, last_mask),
        has_last = const offset_of!(Walk, has_last),
        is_sum = const offset_of!(Walk, is_sum),
    );
}

// The assembly's numbers.
const _: () = {
    assert!(offset_of!(Walk, extents) == 0 && LOOPS == 5 && OUTER == 3);
};
