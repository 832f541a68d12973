//! The text that kernels of up to 3 vectors and 8 columns share, for AVX-512: their sums.
//!
//! Registers: `zmm0 … zmm2` hold X, `zmm3` an element in all lanes, `zmm8 … zmm31` the sums, 3 for each column.

/// Defines
///
/// | macro | |
/// |---|---|
/// | `with_sums name, j, rest` | calls a macro with the sums of column `j` |
/// | `each_column name` | calls a macro with the number of every column |
/// | `clear`, `scale` | zero the sums of a column, and multiply them by the element |
/// | `multiply j, at` | reads an element of Y, for one vector as part of the multiplication, and multiplies X by it |
/// | `factor place` | reads the element |
///
/// For `VECTORS` and `COLUMNS`. [`purge_sums`] removes them.
macro_rules! sums {
    () => {
        r"
        .macro with_sums name, j, rest:vararg
            .if \j == 0
                \name zmm8, zmm9, zmm10, \rest
            .elseif \j == 1
                \name zmm11, zmm12, zmm13, \rest
            .elseif \j == 2
                \name zmm14, zmm15, zmm16, \rest
            .elseif \j == 3
                \name zmm17, zmm18, zmm19, \rest
            .elseif \j == 4
                \name zmm20, zmm21, zmm22, \rest
            .elseif \j == 5
                \name zmm23, zmm24, zmm25, \rest
            .elseif \j == 6
                \name zmm26, zmm27, zmm28, \rest
            .else
                \name zmm29, zmm30, zmm31, \rest
            .endif
        .endm
        .macro each_column name
            .irp j, 0, 1, 2, 3, 4, 5, 6, 7
                .if \j < COLUMNS
                    \name \j
                .endif
            .endr
        .endm
        .macro clear j, rest:vararg
            with_sums clear_sums, \j
        .endm
        .macro clear_sums a, b, c, rest:vararg
            vpxord \a, \a, \a
            .if VECTORS > 1
                vpxord \b, \b, \b
            .endif
            .if VECTORS > 2
                vpxord \c, \c, \c
            .endif
        .endm
        .macro multiply j, at
            with_sums multiply_sums, \j, \at
        .endm
        .macro multiply_sums a, b, c, at
            .if VECTORS == 1
                multiply_in_place \a, zmm0, \at
            .else
                f vbroadcasts, zmm3, [\at]
                f vfmadd231p, \a, zmm0, zmm3
                f vfmadd231p, \b, zmm1, zmm3
                .if VECTORS > 2
                    f vfmadd231p, \c, zmm2, zmm3
                .endif
            .endif
        .endm
        .macro multiply_in_place sum, x, at
            .if ELEMENT == 4
                vfmadd231ps \sum, \x, dword ptr [\at] {{1to16}}
            .else
                vfmadd231pd \sum, \x, qword ptr [\at] {{1to8}}
            .endif
        .endm
        .macro factor place
            f vbroadcasts, zmm3, \place
        .endm
        .macro scale j, rest:vararg
            with_sums scale_sums, \j
        .endm
        .macro scale_sums a, b, c, rest:vararg
            f vmulp, \a, \a, zmm3
            .if VECTORS > 1
                f vmulp, \b, \b, zmm3
            .endif
            .if VECTORS > 2
                f vmulp, \c, \c, zmm3
            .endif
        .endm
        "
    };
}

/// Removes the macros of [`sums`] that are not among those that all levels have.
macro_rules! purge_sums {
    () => {
        r"
        .irp name, with_sums, each_column, clear_sums, multiply_sums, multiply_in_place, scale_sums
            .purgem \name
        .endr
        "
    };
}

pub(super) use {purge_sums, sums};
