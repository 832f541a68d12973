//! The vectors of a tile: which registers they have, and how they are read and written where lanes lack.

/// Defines `each`, `each_of`, and `point`, which go over the vectors of a tile, and what becomes of their sums: `clear`, `old`, and
/// `store`.
macro_rules! tile_vectors {
    () => {
        r"
        # Calls a macro for every vector: its number, pointer, mask, and sums.
        .macro each v, name
            .if \v > 1
                \name 0, rax, 2, 8, 12
            .else
                \name 0, rax, 1, 8, 12
            .endif
            .if \v > 2
                \name 1, rcx, 2, 9, 13
            .elseif \v > 1
                \name 1, rcx, 1, 9, 13
            .endif
            .if \v > 3
                \name 2, rdx, 2, 10, 14
            .elseif \v > 2
                \name 2, rdx, 1, 10, 14
            .endif
            .if \v > 3
                \name 3, rsi, 1, 11, 15
            .endif
        .endm
        # The same for those from one number to before another, all with the same mask.
        .macro each_of first, end, name
            .if \first == 0
                \name 0, rax, 1, 8, 12
            .endif
            .if \first <= 1 && \end > 1
                \name 1, rcx, 1, 9, 13
            .endif
            .if \first <= 2 && \end > 2
                \name 2, rdx, 1, 10, 14
            .endif
            .if \end > 3
                \name 3, rsi, 1, 11, 15
            .endif
        .endm
        .macro point v, first, step
            mov rax, \first
            .if \v > 1
                lea rcx, [rax + \step]
            .endif
            .if \v > 2
                lea rdx, [rcx + \step]
            .endif
            .if \v > 3
                lea rsi, [rdx + \step]
            .endif
        .endm
        # Lanes that a mask lacks are zero.
        .macro get_masked i, mask, place:vararg
            .if VECTOR == 64
                f vmovup, zmm\i {{k\mask}}{{z}}, [\place]
            .elseif BITS
                f vmovup, ymm\i {{k\mask}}{{z}}, [\place]
            .elseif \mask == 2
                f vmaskmovp, ymm\i, ymm7, [\place]
            .else
                f vmaskmovp, ymm\i, ymm6, [\place]
            .endif
        .endm
        .macro put_masked i, mask, place:vararg
            .if VECTOR == 64
                f vmovup, [\place] {{k\mask}}, zmm\i
            .elseif BITS
                f vmovup, [\place] {{k\mask}}, ymm\i
            .elseif \mask == 2
                put_lanes \i, 1, ebx, \place
            .else
                put_lanes \i, 1, r15d, \place
            .endif
        .endm
        # Gets the masks of a tile, and where they are.
        .macro read_masks
            .if BITS == 0
                mov r15, [rsp + 40]
                mov rbx, [rdi + 88]
                vmovdqu ymm6, [r15]
                vmovdqu ymm7, [rbx]
            .endif
        .endm
        .macro clear i, pointer, mask, sum, other
            vpxor xmm\sum, xmm\sum, xmm\sum
            .if ROWS > 1
                vpxor xmm\other, xmm\other, xmm\other
            .endif
        .endm
        .macro old i, pointer, mask, sum, other
            get_masked \sum, \mask, \pointer
            .if ROWS > 1
                get_masked \other, \mask, \pointer + r14
            .endif
        .endm
        # Writes the lanes that exist. With AVX2 registers have their bits.
        .macro put_row i, mask, place:vararg
            .if BITS
                put_masked \i, \mask, \place
            .else
                .if \mask == 2
                    cmp ebx, (1 << (32 / ELEMENT)) - 1
                .else
                    cmp r15d, (1 << (32 / ELEMENT)) - 1
                .endif
                jne 64f
                put \i, \place
                jmp 65f
            64:
                .if PARTS && \mask == 1
                    test r15d, r15d
                    jz 65f
                .endif
                put_masked \i, \mask, \place
            65:
            .endif
        .endm
        .macro find_no_numbers i, mask
            .if VECTOR == 64
                f vcmpunordp, k0 {{k\mask}}, zmm\i, zmm\i
            .else
                f vcmpunordp, k0 {{k\mask}}, ymm\i, ymm\i
            .endif
        .endm
        .macro store i, pointer, mask, sum, other
            .if PARTS
                put_row \sum, 2, \pointer
            .else
                put_row \sum, \mask, \pointer
            .endif
            .if ROWS > 1
                put_row \other, \mask, \pointer + r14
            .endif
            .if ROWS > 1
                v vaddp, \sum, \sum, \other
                .if BITS
                    .if PARTS
                        find_no_numbers \sum, 2
                    .else
                        find_no_numbers \sum, \mask
                    .endif
                    korw k3, k3, k0
                .else
                    f vcmpunordp, ymm\sum, ymm\sum, ymm\sum
                    .if PARTS || \mask == 2
                        vpand ymm\sum, ymm\sum, ymm7
                    .else
                        vpand ymm\sum, ymm\sum, ymm6
                    .endif
                    vpor ymm0, ymm0, ymm\sum
                .endif
            .endif
        .endm
        "
    };
}

pub(super) use tile_vectors;
