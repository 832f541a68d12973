//! With AVX-512, for 2 or 3 vectors of real numbers: every element of Y is read for several vectors at once, so that units that
//! multiply do not wait for those that read.
//!
//! `k1` has the lanes of the last vector, the others have all. [`sums`] has the other registers.

use crate::batch::EachArguments;
use crate::x86_64::sums::{purge_sums, sums};

/// The fewest steps that take long enough to fetch what C holds.
const EXPECTING: usize = 64;

/// # Safety
///
/// As [`Each`](crate::batch::Each).
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
        sums!(),
        r"
        .macro begin
            kmovw k1, word ptr [rdi + 96]
        .endm
        .macro load
            f vmovup, zmm0, [r9]
            .if VECTORS > 2
                f vmovup, zmm1, [r9 + 64]
                f vmovup, zmm2 {{k1}}{{z}}, [r9 + 128]
            .else
                f vmovup, zmm1 {{k1}}{{z}}, [r9 + 64]
            .endif
        .endm
        .macro steps
            steps_by load
        .endm
        .macro add_old j, at
            with_sums add_old_sums, \j, \at
        .endm
        .macro add_old_sums a, b, c, at
            f vfmadd231p, \a, zmm3, [\at]
            .if VECTORS > 2
                f vfmadd231p, \b, zmm3, [\at + 64]
                f vfmadd231p, \c {{k1}}, zmm3, [\at + 128]
            .else
                f vfmadd231p, \b {{k1}}, zmm3, [\at + 64]
            .endif
        .endm
        .macro store j, at
            with_sums store_sums, \j, \at
        .endm
        .macro store_sums a, b, c, at
            f vmovup, [\at], \a
            .if VECTORS > 2
                f vmovup, [\at + 64], \b
                f vmovup, [\at + 128] {{k1}}, \c
            .else
                f vmovup, [\at + 64] {{k1}}, \b
            .endif
        .endm
        .macro stores
            in_c store
        .endm
        # What C holds had better be on its way while the sums are formed, if there is time for that.
        .macro expects
            test byte ptr [rdi + 104], 2
            jz 25f
            cmp qword ptr [rdi + 32], {expecting}
            jb 25f
            lea r15, [r14 + 2*r14]
            .if COLUMNS > 4
                lea r13, [rdx + 4*r14]
            .endif
            in_c expect
        25:
        .endm
        .macro expect j, at
            prefetcht0 [\at]
            prefetcht0 [\at + 64]
            .if VECTORS > 2
                prefetcht0 [\at + 128]
            .endif
        .endm
        ",
        body!(),
        purge_sums!(),
        ".purgem add_old_sums",
        ".purgem store_sums",
        ".purgem expect",
        element = const ELEMENT,
        vectors = const VECTORS,
        columns = const COLUMNS,
        expecting = const EXPECTING,
    );
}
