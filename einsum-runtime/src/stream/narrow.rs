//! Kernels that add short rows up, for many sums of rows in one call: the sums of a row stay in registers, and memory is
//! read in order.
//!
//! Registers: `rdi` the arguments; `rax rcx` the sums and the first row of a group; `r9` groups left; `rdx` a row, `r11` rows
//! left; `r10` the step between rows. `ymm14` is a row's last vector, `ymm15` the lanes that it has.

use core::mem::offset_of;

use super::text::MASKS;

/// The most bytes of a row: eight vectors.
pub(super) const BYTES: usize = 256;

/// The bytes of a vector. Sums have whole ones, of which those behind a row are added zeros.
pub(super) const VECTOR: usize = 32;

/// The most rows of a call. They are added one after the other if they have more than four vectors, else to two partial sums
/// or four.
pub(super) const ROWS: usize = 128;

/// The arguments of a kernel. Steps are in bytes.
#[repr(C)]
pub(super) struct Narrow<T> {
    pub(super) sums: *mut T,
    pub(super) x: *const T,
    /// The number of groups, and of rows of each: 1 or more.
    pub(super) groups: usize,
    pub(super) rows: usize,
    pub(super) sums_group: isize,
    pub(super) x_group: isize,
    pub(super) x_row: isize,
    /// The bytes of a row in its last vector: 1 or more.
    pub(super) last: usize,
}

/// `sums[g, j] += Σ_r x[g, r, j]`
///
/// # Safety
///
/// The machine has AVX2. With the steps of the arguments, x can be read at rows of as many vectors as the kernel is for, the
/// last of `last` bytes; the sums, of whole vectors, can be read and written, and overlap no row.
pub(super) type NarrowKernel<T> = unsafe extern "sysv64" fn(&Narrow<T>);

/// Returns the kernel for rows of so many bytes.
pub(super) const fn kernel<T>(bytes: usize) -> NarrowKernel<T> {
    match bytes.is_multiple_of(VECTOR) {
        true => kernel_of::<T, false>(bytes),
        false => kernel_of::<T, true>(bytes),
    }
}

/// As [`kernel`], whose last vectors have all lanes unless they are masked.
const fn kernel_of<T, const MASKED: bool>(bytes: usize) -> NarrowKernel<T> {
    match bytes.div_ceil(VECTOR) {
        1 => narrow::<T, MASKED, 1, 4>,
        2 => narrow::<T, MASKED, 2, 4>,
        3 => narrow::<T, MASKED, 3, 2>,
        4 => narrow::<T, MASKED, 4, 2>,
        5 => narrow::<T, MASKED, 5, 1>,
        6 => narrow::<T, MASKED, 6, 1>,
        7 => narrow::<T, MASKED, 7, 1>,
        _ => narrow::<T, MASKED, 8, 1>,
    }
}

/// With rows of `VECTORS` vectors, `ROWS` of them at a time: of one or two vectors four, of up to four two.
///
/// # Safety
///
/// As [`NarrowKernel`]; `T` is `f32` or `f64`.
#[inline(never)]
unsafe extern "sysv64" fn narrow<T, const MASKED: bool, const VECTORS: usize, const ROWS: usize>(
    arguments: &Narrow<T>,
) {
    einsum_kernels::assembly!(
        "rdi" = &raw const *arguments;
        ".set VECTORS, {vectors}",
        ".set ROWS, {rows}",
        ".set MASKED, {masked}",
        r"
        .macro plus sum, by
            .if {size} == 4
                vaddps ymm\sum, ymm\sum, \by
            .else
                vaddpd ymm\sum, ymm\sum, \by
            .endif
        .endm
        # Adds a row to sums, the first of which is in this register.
        .macro vector number, sum
            .if \number < VECTORS - 1 || \number == VECTORS - 1 && MASKED == 0
                plus \sum, [rdx + 32*\number]
            .elseif \number == VECTORS - 1
                vmaskmovps ymm14, ymm15, [rdx + 32*\number]
                plus \sum, ymm14
            .endif
        .endm
        .macro row a, b=0, c=0, d=0, e=0, f=0, g=0, h=0
            vector 0, \a
            vector 1, \b
            vector 2, \c
            vector 3, \d
            vector 4, \e
            vector 5, \f
            vector 6, \g
            vector 7, \h
            add rdx, r10
        .endm
        .macro rows
            .if VECTORS == 1
                row 0
                row 1
                row 2
                row 3
            .elseif VECTORS == 2
                row 0, 1
                row 2, 3
                row 4, 5
                row 6, 7
            .elseif VECTORS == 3
                row 0, 1, 2
                row 3, 4, 5
            .elseif VECTORS == 4
                row 0, 1, 2, 3
                row 4, 5, 6, 7
            .else
                row 0, 1, 2, 3, 4, 5, 6, 7
            .endif
        .endm
        # Adds the sums of the other rows to those of the first.
        .macro fold
            .if VECTORS == 1
                plus 0, ymm1
                plus 2, ymm3
                plus 0, ymm2
            .elseif VECTORS == 2
                plus 0, ymm2
                plus 1, ymm3
                plus 4, ymm6
                plus 5, ymm7
                plus 0, ymm4
                plus 1, ymm5
            .elseif VECTORS == 3
                plus 0, ymm3
                plus 1, ymm4
                plus 2, ymm5
            .elseif VECTORS == 4
                plus 0, ymm4
                plus 1, ymm5
                plus 2, ymm6
                plus 3, ymm7
            .endif
        .endm
        .macro put sum
            .if \sum < VECTORS
                plus \sum, [rax + 32*\sum]
                vmovups [rax + 32*\sum], ymm\sum
            .endif
        .endm
        ",
        "mov rax, [rdi + {sums}]",
        "mov rcx, [rdi + {x}]",
        "mov r9, [rdi + {groups}]",
        "mov r10, [rdi + {x_row}]",
        "lea rdx, [rip + {masks} + 32]",
        "sub rdx, [rdi + {last}]",
        "vmovups ymm15, [rdx]",
        ".p2align 4",
        "2:",
        "mov rdx, rcx",
        "mov r11, [rdi + {count}]",
        ".irp sum, 0, 1, 2, 3, 4, 5, 6, 7",
        "vxorps xmm\\sum, xmm\\sum, xmm\\sum",
        ".endr",
        "sub r11, ROWS",
        "jb 4f",
        ".p2align 4",
        "3:",
        "rows",
        "sub r11, ROWS",
        "jae 3b",
        "4:",
        "add r11, ROWS",
        "jz 6f",
        "5:",
        "row 0, 1, 2, 3, 4, 5, 6, 7",
        "dec r11",
        "jnz 5b",
        "6:",
        "fold",
        ".irp sum, 0, 1, 2, 3, 4, 5, 6, 7",
        "put \\sum",
        ".endr",
        "add rcx, [rdi + {x_group}]",
        "add rax, [rdi + {sums_group}]",
        "dec r9",
        "jnz 2b",
        "vzeroupper",
        ".irp name, plus, vector, row, rows, fold, put",
        ".purgem \\name",
        ".endr",
        vectors = const VECTORS,
        rows = const ROWS,
        masked = const MASKED as usize,
        size = const size_of::<T>(),
        sums = const offset_of!(Narrow<T>, sums),
        x = const offset_of!(Narrow<T>, x),
        groups = const offset_of!(Narrow<T>, groups),
        count = const offset_of!(Narrow<T>, rows),
        sums_group = const offset_of!(Narrow<T>, sums_group),
        x_group = const offset_of!(Narrow<T>, x_group),
        x_row = const offset_of!(Narrow<T>, x_row),
        last = const offset_of!(Narrow<T>, last),
        masks = sym MASKS,
    );
}
