//! With AVX-512, for real numbers and as many vectors as sums of so many columns leave registers for, all of them whole: products
//! that are bound by reading X, which may be fetched ahead, every line of it.
//!
//! Registers: `zmm0 … zmm5` hold X, `zmm7` an element in all lanes, `zmm8 … zmm31` the sums, those of a column side by side.

use crate::batch::EachArguments;

/// # Safety
///
/// As [`Each`](crate::batch::Each); the mask is not looked at.
#[inline(never)]
pub(in super::super) unsafe extern "sysv64" fn each<
    const ELEMENT: usize,
    const VECTORS: usize,
    const COLUMNS: usize,
>(
    arguments: &EachArguments,
) {
    crate::assembly!(
        "rdi" = &raw const *arguments;
        ".set ELEMENT, {element}",
        ".set VECTORS, {vectors}",
        ".set COLUMNS, {columns}",
        r"
        # Calls a macro with every sum of column `j`, the vector of X, and its number.
        .macro each_sum name, j, rest:vararg
            .set SUM, 0
            .irp sum, zmm8, zmm9, zmm10, zmm11, zmm12, zmm13, zmm14, zmm15, zmm16, zmm17, zmm18, zmm19, zmm20, zmm21, zmm22, zmm23, zmm24, zmm25, zmm26, zmm27, zmm28, zmm29, zmm30, zmm31
                .if SUM / VECTORS == \j
                    .set VECTOR, SUM - \j * VECTORS
                    \name \sum, \rest
                .endif
                .set SUM, SUM + 1
            .endr
        .endm
        .macro each_vector name, rest:vararg
            .set VECTOR, 0
            .irp x, zmm0, zmm1, zmm2, zmm3, zmm4, zmm5
                .if VECTOR < VECTORS
                    \name \x, \rest
                .endif
                .set VECTOR, VECTOR + 1
            .endr
        .endm
        .macro begin
        .endm
        .macro load
            each_vector load_vector
        .endm
        .macro load_vector x, rest:vararg
            f vmovup, \x, [r9 + 64*VECTOR]
        .endm
        .macro load_ahead
            each_vector load_vector_ahead
        .endm
        .macro load_vector_ahead x, rest:vararg
            f vmovup, \x, [r9 + 64*VECTOR]
            prefetcht0 [r9 + r15 + 64*VECTOR]
        .endm
        .macro steps
            test r15, r15
            jnz 32f
            steps_by load
            jmp 33f
        32:
            steps_by load_ahead
        33:
        .endm
        .macro clear j, rest:vararg
            each_sum clear_sum, \j
        .endm
        .macro clear_sum sum, rest:vararg
            vpxord \sum, \sum, \sum
        .endm
        .macro multiply j, at
            f vbroadcasts, zmm7, [\at]
            each_sum multiply_sum, \j
        .endm
        .macro multiply_sum sum, rest:vararg
            .set X, 0
            .irp x, zmm0, zmm1, zmm2, zmm3, zmm4, zmm5
                .if X == VECTOR
                    f vfmadd231p, \sum, \x, zmm7
                .endif
                .set X, X + 1
            .endr
        .endm
        .macro factor place
            f vbroadcasts, zmm7, \place
        .endm
        .macro scale j, rest:vararg
            each_sum scale_sum, \j
        .endm
        .macro scale_sum sum, rest:vararg
            f vmulp, \sum, \sum, zmm7
        .endm
        .macro add_old j, at
            each_sum add_old_sum, \j, \at
        .endm
        .macro add_old_sum sum, at
            f vfmadd231p, \sum, zmm7, [\at + 64*VECTOR]
        .endm
        .macro store j, at
            each_sum store_sum, \j, \at
        .endm
        .macro store_sum sum, at
            f vmovup, [\at + 64*VECTOR], \sum
        .endm
        .macro expects
        .endm
        .macro stores
            in_c store
        .endm
        ",
        body!(),
        r"
        .irp name, each_sum, each_vector, load_vector, load_ahead, load_vector_ahead, clear_sum, multiply_sum, scale_sum, add_old_sum, store_sum
            .purgem \name
        .endr
        ",
        element = const ELEMENT,
        vectors = const VECTORS,
        columns = const COLUMNS,
    );
}
