//! Kernels over rows of adjacent elements: copies, products, and scaled sums, as assembler so that debug builds run
//! them at full speed.
//!
//! Every kernel runs over `rows` rows of `len` elements each, and moves all arrays by their row steps from one row to
//! the next. A vector is 32 bytes; what is left of a row is done one element at a time.

/// The arguments of a row kernel. Steps are in bytes; a kernel ignores what it does not use.
#[derive(Clone, Copy)]
#[repr(C)]
pub(super) struct Rows<T> {
    pub(super) out: *mut T,
    pub(super) x: *const T,
    pub(super) y: *const T,
    /// The third factor of a product.
    pub(super) z: *const T,
    /// Elements of a row: 1 or more.
    pub(super) len: usize,
    /// The number of rows: 1 or more.
    pub(super) rows: usize,
    /// Steps from one row to the next.
    pub(super) out_row: isize,
    pub(super) x_row: isize,
    pub(super) y_row: isize,
    pub(super) z_row: isize,
    /// Steps from one element of a row to the next, for kernels that do not assume adjacent elements.
    pub(super) out_step: isize,
    pub(super) x_step: isize,
    pub(super) y_step: isize,
    /// Steps from one stream of rows to the next, for kernels that read several.
    pub(super) out_stream: isize,
    pub(super) x_stream: isize,
    pub(super) y_stream: isize,
    pub(super) alpha: T,
    pub(super) beta: T,
    /// Whether the output bypasses the caches. The caller fences.
    pub(super) bypass: Bypass,
}

/// Whether stores bypass the caches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub(super) enum Bypass {
    /// The output may be read again soon, or has lines in the cache.
    No = 0,
    /// Non-temporal stores of whole cache lines: nothing is read for them from memory.
    Yes = 1,
}

/// A kernel over rows.
///
/// # Safety
///
/// The machine has AVX2. With the steps of the arguments, `out` can be written, and the sources that the kernel uses
/// can be read, at `len` elements of `rows` rows; the output overlaps no source; `len` and `rows` are 1 or more.
pub(super) type RowKernel<T> = unsafe extern "sysv64" fn(&Rows<T>);

/// Writes a kernel whose elements depend on each other's place only. `row` runs once a row, `vector` computes the
/// vector `\v` at the byte offset `\at`, and `single` one element. ymm14 and ymm15 are full of `alpha` and `beta`. What is
/// left at the end of a row may be done by `rest`, which goes on at 7 or 8. Where there is a third factor, `r13` is its row.
macro_rules! row_kernel {
    ($(#[$doc:meta])* $name:ident($type:ty), broadcast: $broadcast:expr, store: $store:expr,
     row: [$($row:expr),*], vector: $vector:tt, single: $single:tt
     $(, rest: [$($rest:expr),* $(,)?])?) => {
        $crate::stream::text::row_function!(
            $(#[$doc])*
            $name($type),
            macros: ["VECTOR" "v, at": $vector "SINGLE" "v, at": $single],
            before: [
                concat!($broadcast, " ymm14, [rdi + ALPHA]"),
                concat!($broadcast, " ymm15, [rdi + BETA]"),
                "mov r13, [rdi + Z]",
            ],
            row: [
                $($row,)*
                "xor r11d, r11d",
                "lea rbp, [r8 - 128]",
                "cmp qword ptr [rdi + BYPASS], 0",
                "jne 20f",
                // Four vectors a step.
                "cmp r11, rbp",
                "jg 4f",
                ".p2align 4",
                "3:",
                "VECTOR ymm0, r11",
                "VECTOR ymm1, r11+32",
                "VECTOR ymm2, r11+64",
                "VECTOR ymm3, r11+96",
                "vmovups [rax + r11], ymm0",
                "vmovups [rax + r11 + 32], ymm1",
                "vmovups [rax + r11 + 64], ymm2",
                "vmovups [rax + r11 + 96], ymm3",
                "add r11, 128",
                "cmp r11, rbp",
                "jle 3b",
                // One vector a step.
                "4:",
                "lea rbp, [r8 - 32]",
                "cmp r11, rbp",
                "jg 6f",
                "5:",
                "VECTOR ymm0, r11",
                "vmovups [rax + r11], ymm0",
                "add r11, 32",
                "cmp r11, rbp",
                "jle 5b",
                // One element a step.
                "6:",
                "cmp r11, r8",
                "jge 8f",
                $($($rest,)*)?
                "7:",
                "SINGLE xmm0, r11",
                concat!($store, " [rax + r11], xmm0"),
                "add r11, SIZE",
                "cmp r11, r8",
                "jl 7b",
                "jmp 8f",
                // As 3, with whole cache lines past the caches: first single elements up to a line.
                "20:",
                "lea rbp, [rax + r11]",
                "test bpl, 63",
                "jz 21f",
                "SINGLE xmm0, r11",
                concat!($store, " [rax + r11], xmm0"),
                "add r11, SIZE",
                "cmp r11, r8",
                "jl 20b",
                "jmp 8f",
                "21:",
                "lea rbp, [r8 - 128]",
                "cmp r11, rbp",
                "jg 4b",
                ".p2align 4",
                "22:",
                "VECTOR ymm0, r11",
                "VECTOR ymm1, r11+32",
                "VECTOR ymm2, r11+64",
                "VECTOR ymm3, r11+96",
                "vmovntps [rax + r11], ymm0",
                "vmovntps [rax + r11 + 32], ymm1",
                "vmovntps [rax + r11 + 64], ymm2",
                "vmovntps [rax + r11 + 96], ymm3",
                "add r11, 128",
                "cmp r11, rbp",
                "jle 22b",
                "jmp 4b",
                "8:",
            ],
            output: ["add rax, [rdi + OUT_ROW]", "add r13, [rdi + Z_ROW]"]
        );
    };
}

pub(super) use row_kernel;

macro_rules! row_kernels {
    ($module:ident, $type:ty, $s:literal) => {
        pub(super) mod $module {
            use super::*;

            row_kernel!(
                /// `out = x`
                copy($type), broadcast: concat!("vbroadcasts", $s), store: concat!("vmovs", $s),
                row: [],
                vector: [r"vmovups \v, [rcx + \at]"],
                single: [concat!("vmovs", $s, r" \v, [rcx + \at]")],
                // Vectors that overlap inside of the row.
                rest: [
                    "cmp qword ptr [rdi + BYPASS], 0",
                    "jne 7f",
                    "lea rbp, [r8 - 32]",
                    "cmp r8, 32",
                    "jl 60f",
                    "vmovups ymm0, [rcx + rbp]",
                    "vmovups [rax + rbp], ymm0",
                    "jmp 8f",
                    "60:",
                    "cmp r8, 16",
                    "jl 7f",
                    "vmovups xmm0, [rcx]",
                    "vmovups xmm1, [rcx + rbp + 16]",
                    "vmovups [rax], xmm0",
                    "vmovups [rax + rbp + 16], xmm1",
                    "jmp 8f",
                ]
            );
            row_kernel!(
                /// `out = x[0]`, along a row
                fill($type), broadcast: concat!("vbroadcasts", $s), store: concat!("vmovs", $s),
                row: [concat!("vbroadcasts", $s, " ymm4, [rcx]")],
                vector: [r"vmovaps \v, ymm4"],
                single: [r"vmovaps \v, xmm4"]
            );
            row_kernel!(
                /// `out = x · y`
                multiply($type), broadcast: concat!("vbroadcasts", $s), store: concat!("vmovs", $s),
                row: [],
                vector: [r"vmovups \v, [rcx + \at]", concat!("vmulp", $s, r" \v, \v, [r12 + \at]")],
                single: [
                    concat!("vmovs", $s, r" \v, [rcx + \at]"),
                    concat!("vmuls", $s, r" \v, \v, [r12 + \at]")
                ]
            );
            row_kernel!(
                /// `out = x · y[0]`, along a row
                multiply_by($type), broadcast: concat!("vbroadcasts", $s), store: concat!("vmovs", $s),
                row: [concat!("vbroadcasts", $s, " ymm4, [r12]")],
                vector: [concat!("vmulp", $s, r" \v, ymm4, [rcx + \at]")],
                single: [concat!("vmuls", $s, r" \v, xmm4, [rcx + \at]")]
            );
            row_kernel!(
                /// `out = x · y · z`
                multiply_three($type), broadcast: concat!("vbroadcasts", $s), store: concat!("vmovs", $s),
                row: [],
                vector: [
                    r"vmovups \v, [rcx + \at]",
                    concat!("vmulp", $s, r" \v, \v, [r12 + \at]"),
                    concat!("vmulp", $s, r" \v, \v, [r13 + \at]")
                ],
                single: [
                    concat!("vmovs", $s, r" \v, [rcx + \at]"),
                    concat!("vmuls", $s, r" \v, \v, [r12 + \at]"),
                    concat!("vmuls", $s, r" \v, \v, [r13 + \at]")
                ]
            );
            row_kernel!(
                /// `out = x · y · z[0]`, along a row
                multiply_two_by($type), broadcast: concat!("vbroadcasts", $s), store: concat!("vmovs", $s),
                row: [concat!("vbroadcasts", $s, " ymm4, [r13]")],
                vector: [
                    r"vmovups \v, [rcx + \at]",
                    concat!("vmulp", $s, r" \v, \v, [r12 + \at]"),
                    concat!("vmulp", $s, r" \v, \v, ymm4")
                ],
                single: [
                    concat!("vmovs", $s, r" \v, [rcx + \at]"),
                    concat!("vmuls", $s, r" \v, \v, [r12 + \at]"),
                    concat!("vmuls", $s, r" \v, \v, xmm4")
                ]
            );
            row_kernel!(
                /// `out = x · y[0] · z[0]`, along a row
                multiply_by_two($type), broadcast: concat!("vbroadcasts", $s), store: concat!("vmovs", $s),
                row: [
                    concat!("vbroadcasts", $s, " ymm4, [r12]"),
                    concat!("vbroadcasts", $s, " ymm5, [r13]")
                ],
                vector: [
                    concat!("vmulp", $s, r" \v, ymm4, [rcx + \at]"),
                    concat!("vmulp", $s, r" \v, \v, ymm5")
                ],
                single: [
                    concat!("vmuls", $s, r" \v, xmm4, [rcx + \at]"),
                    concat!("vmuls", $s, r" \v, \v, xmm5")
                ]
            );
            row_kernel!(
                /// `out = alpha · x`
                scale($type), broadcast: concat!("vbroadcasts", $s), store: concat!("vmovs", $s),
                row: [],
                vector: [concat!("vmulp", $s, r" \v, ymm14, [rcx + \at]")],
                single: [concat!("vmuls", $s, r" \v, xmm14, [rcx + \at]")]
            );
            row_kernel!(
                /// `out = beta · out + alpha · x`
                blend($type), broadcast: concat!("vbroadcasts", $s), store: concat!("vmovs", $s),
                row: [],
                vector: [
                    concat!("vmulp", $s, r" ymm5, ymm15, [rax + \at]"),
                    concat!("vmulp", $s, r" \v, ymm14, [rcx + \at]"),
                    concat!("vaddp", $s, r" \v, ymm5, \v")
                ],
                single: [
                    concat!("vmuls", $s, r" xmm5, xmm15, [rax + \at]"),
                    concat!("vmuls", $s, r" \v, xmm14, [rcx + \at]"),
                    concat!("vadds", $s, r" \v, xmm5, \v")
                ]
            );
        }
    };
}
row_kernels!(f32, f32, "s");
row_kernels!(f64, f64, "d");
