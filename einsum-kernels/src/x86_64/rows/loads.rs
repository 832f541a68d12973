//! What a step reads of the vectors of a tile.

/// Defines what `step` and `part` read a vector with, and what gets the masks for it.
macro_rules! step_loads {
    () => {
        r"
        # What exists of the vectors of a tile, with AVX-512.
        .macro masks v
            .if BITS
                .if MASKED == EACH
                    # At once, and parted here: that takes less time than as many loads.
                    kmovq k4, qword ptr [rbx + 16]
                    .if \v > 1
                        kshiftrq k5, k4, 16
                    .endif
                    .if \v > 2
                        kshiftrq k6, k4, 32
                    .endif
                    .if \v > 3
                        kshiftrq k7, k4, 48
                    .endif
                .elseif MASKED == ENDS
                    kmovw k4, word ptr [rbx + 16]
                    .if \v > 1
                        kmovw k7, word ptr [rbx + 14 + 2*\v]
                    .endif
                .endif
            .endif
        .endm
        # What exists of all of them.
        .macro load_same i, pointer, mask, sum, other
            .if BITS
                get_masked \i, 4, \pointer + r14
            .else
                get_masked \i, 1, \pointer + r14
            .endif
        .endm
        # With AVX2 that of a vector, of the step that has just been begun: a lane's highest bit counts.
        .macro mask_of i
            .if ELEMENT == 4
                .if MASKED == ENDS || \i == 0 || \i == 2
                    vpbroadcastd ymm7, dword ptr [rbx - 8 + 4*(\i / 2)]
                .endif
                vpsllvd ymm6, ymm7, [rip + {shifts} + 32*(\i & 1)]
            .else
                .if \i == 0
                    vpbroadcastq ymm7, qword ptr [rbx - 8]
                .endif
                vpsllvq ymm6, ymm7, [rip + {shifts} + 64 + 32*\i]
            .endif
        .endm
        .macro load i, pointer, mask, sum, other
            .if TAPS && \i == 0 && TAP == 0
                get_masked 0, 4, \pointer + r14
            .elseif TAPS == 5 && \i == 0 && TAP == 1
                get_masked 0, 5, \pointer + r14
            .elseif TAPS && TAP == TAPS - 1 && \mask == 1
                get_masked \i, 7, \pointer + r14
            .elseif TAPS && TAP > TAPS / 2 && \mask == 1
                get_masked \i, 6, \pointer + r14
            .elseif TAPS
                get_masked \i, \mask, \pointer + r14
            .elseif MASKED == ENDS && \i > 0 && \mask == 2
                get \i, \pointer + r14
            .elseif MASKED
                .if BITS == 0
                    mask_of \i
                    get_masked \i, 1, \pointer + r14
                .elseif MASKED == EACH || \i == 0
                    .irp k, 4, 5, 6, 7
                        .if \k == 4 + \i
                            get_masked \i, \k, \pointer + r14
                        .endif
                    .endr
                .else
                    get_masked \i, 7, \pointer + r14
                .endif
            .else
                get_masked \i, \mask, \pointer + r14
            .endif
        .endm
        # Every so manyth element of as many vectors.
        .macro load_apart i, pointer, mask, sum, other
            get_masked \i, 4, \pointer + r14
            get_masked 16, 5, \pointer + r14 + VECTOR
            v vpermt2p, \i, 24, 16
            .if STEP > 2
                get_masked 17, 6, \pointer + r14 + 2*VECTOR
                v vpermt2p, \i, 25, 17
            .endif
            .if STEP > 3
                get_masked 18, 7, \pointer + r14 + 3*VECTOR
                v vpermt2p, \i, 26, 18
            .endif
        .endm
        .macro read_indices
            .if STEP > 1
                lea rax, [rip + {indices}]
                .set AT, 192*(STEP - 2) + 576*(VECTOR / 64) + 1152*(ELEMENT / 8)
                .if VECTOR == 64
                    vmovups zmm24, [rax + AT]
                    vmovups zmm25, [rax + AT + 64]
                    vmovups zmm26, [rax + AT + 128]
                .else
                    vmovups ymm24, [rax + AT]
                    vmovups ymm25, [rax + AT + 64]
                    vmovups ymm26, [rax + AT + 128]
                .endif
            .endif
        .endm
        .macro load_tap i, pointer, mask, sum, other
            .if TAP == 0
                get_masked \i, 4, \pointer + r14
            .elseif TAP == TAPS - 1
                get_masked \i, 7, \pointer + r14
            .elseif TAP < TAPS / 2
                get_masked \i, 5, \pointer + r14
            .elseif TAP > TAPS / 2
                get_masked \i, 6, \pointer + r14
            .else
                get_masked \i, 2, \pointer + r14
            .endif
        .endm
        # All lanes exist, or all but those of the last vector.
        .macro load_whole i, pointer, mask, sum, other
            get \i, \pointer + r14
        .endm
        .macro load_last i, pointer, mask, sum, other
            .if \mask == 2
                get \i, \pointer + r14
            .else
                get_masked \i, 1, \pointer + r14
            .endif
        .endm
        "
    };
}

pub(super) use step_loads;
