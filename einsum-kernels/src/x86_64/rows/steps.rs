//! Loops over the steps of a tile.

/// Defines `steps`, for steps of all vectors, and `parts`, for those of some of them.
macro_rules! step_loops {
    () => {
        r"
        .macro multiply i, pointer, mask, sum, other
            v vfmadd231p, \sum, \i, 4
            .if ROWS > 1
                v vfmadd231p, \other, \i, 5
            .endif
        .endm
        .macro step v, load
            mov r14, [rbx]
            mov r15, [rbx + 8]
            masks \v
            add rbx, 24
            each \v, \load
            weights
            each \v, multiply
        .endm
        .macro weights
            .if VECTOR == 64
                f vbroadcasts, zmm4, [r13 + r15]
            .else
                f vbroadcasts, ymm4, [r13 + r15]
            .endif
            .if ROWS > 1
                .if VECTOR == 64
                    f vbroadcasts, zmm5, [rbp + r15]
                .else
                    f vbroadcasts, ymm5, [rbp + r15]
                .endif
            .endif
        .endm
        # All steps of a part, if it is of these vectors; goes on behind the parts then.
        .macro part first, end
            cmp r14d, 8*\first + \end
            jne 82f
            .p2align 5
        63:
            mov r14, [rbx]
            mov r15, [rbx + 8]
            .if BITS
                kmovw k4, word ptr [rbx + 16]
                .if STEP > 1
                    kmovw k5, word ptr [rbx + 18]
                .endif
                .if STEP > 2
                    kmovw k6, word ptr [rbx + 20]
                .endif
                .if STEP > 3
                    kmovw k7, word ptr [rbx + 22]
                .endif
                add rbx, 24
            .else
                add rbx, 24
                .if ELEMENT == 4
                    vpbroadcastd ymm7, dword ptr [rbx - 8]
                    vpsllvd ymm6, ymm7, [rip + {shifts}]
                .else
                    vpbroadcastq ymm7, qword ptr [rbx - 8]
                    vpsllvq ymm6, ymm7, [rip + {shifts} + 64]
                .endif
            .endif
            .if STEP > 1
                each_of \first, \end, load_apart
            .else
                each_of \first, \end, load_same
            .endif
            weights
            each_of \first, \end, multiply
            cmp rbx, [rsp + 32]
            jb 63b
            jmp 83f
        82:
        .endm
        .macro parts v
            point \v, r8, r11
        81: # A part of the tile's steps.
            mov r15, [rsp + 56]
            mov ebx, [r15]
            mov r14d, [r15 + 4]
            add rbx, [rdi + 24]
            add r14, [rdi + 24]
            mov [rsp + 32], r14
            mov r14d, [r15 + 12]
            mov [rsp + 64], r14
            mov r14d, [r15 + 8]
            add r15, 16
            mov [rsp + 56], r15
            cmp rbx, [rsp + 32]
            jae 83f
            .if TAPS
                cmp r14d, \v
                jne 84f
                kmovw k4, word ptr [rbx + 16]
                kmovw k7, word ptr [rbx + 24*TAPS - 8]
                .if TAPS == 5
                    kmovw k5, word ptr [rbx + 40]
                    kmovw k6, word ptr [rbx + 88]
                .endif
                .p2align 5
            63: # The steps of a row of the window.
                .set TAP, 0
                .rept TAPS
                    mov r14, [rbx]
                    mov r15, [rbx + 8]
                    add rbx, 24
                    each_of 0, \v, load_tap
                    weights
                    each_of 0, \v, multiply
                    .set TAP, TAP + 1
                .endr
                cmp rbx, [rsp + 32]
                jb 63b
                jmp 83f
            84:
            .else
                part 0, \v
            .endif
            .irp first, 0, 1, 2, 3
                .irp end, 1, 2, 3, 4
                    .if \first < \end && \end <= \v && (\first > 0 || \end < \v)
                        part \first, \end
                    .endif
                .endr
            .endr
        83:
            cmp qword ptr [rsp + 64], 0
            jne 81b
        .endm
        .macro steps v, load
            point \v, r8, r11
            mov rbx, [rsp + 24]
            cmp rbx, [rsp + 32]
            jae 69f
            .if TAPS
                # The first vector's in the steps before the middle one, and the last one's in those after it.
                kmovw k4, word ptr [rbx + 16]
                kmovw k7, word ptr [rbx + 24*TAPS - 10 + 2*\v]
                .if TAPS == 5
                    kmovw k5, word ptr [rbx + 40]
                    kmovw k6, word ptr [rbx + 86 + 2*\v]
                .endif
            .endif
            .p2align 5
        63: # A step, or all that have masks of their own.
            .set TAP, 0
            step \v, \load
            .if TAPS
                .rept TAPS - 1
                    .set TAP, TAP + 1
                    step \v, \load
                .endr
            .endif
            cmp rbx, [rsp + 32]
            jb 63b
        69:
        .endm
        "
    };
}

pub(super) use step_loops;
