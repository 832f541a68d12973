//! The text that kernels over [`Rows`](super::rows::Rows) share: a function with the arguments' fields as symbols of the
//! assembler, and the loop over rows.
//!
//! Registers, as the System V calling convention has the parameter in `rdi`:
//!
//! | | |
//! |---|---|
//! | `rax rcx r12` | the row of the output, of x, and of y |
//! | `rdx rsi rbx`, `r13 r14 r15` | three more streams of x, and of y |
//! | `r8` | the bytes of a row |
//! | `r9` | rows left |
//! | `r10`, `r11`, `rbp` | free; usually `r11` is the offset in the row, `rbp` the last one with room for a step |

/// Writes a function of assembly. `macros` are the assembler's: name, parameters, and lines. The field `x_row` of the arguments is
/// at `rdi + X_ROW`; `SIZE` is that of an element.
macro_rules! function {
    ($(#[$doc:meta])* $name:ident($type:ty),
     macros: [$($macro:literal $parameters:literal: [$($line:expr),*])*], body: [$($body:expr),* $(,)?]
     $(, symbol: $symbol:ident = $of:path)?) => {
        $(#[$doc])*
        #[inline(never)]
        pub(in crate::stream) unsafe extern "sysv64" fn $name(
            arguments: &$crate::stream::rows::Rows<$type>,
        ) {
            einsum_kernels::assembly!(
                "rdi" = &raw const *arguments;
                ".set OUT, {out}",
                ".set X, {x}",
                ".set Y, {y}",
                ".set Z, {z}",
                ".set LEN, {len}",
                ".set ROWS, {rows}",
                ".set OUT_ROW, {out_row}",
                ".set X_ROW, {x_row}",
                ".set Y_ROW, {y_row}",
                ".set Z_ROW, {z_row}",
                ".set OUT_STEP, {out_step}",
                ".set X_STEP, {x_step}",
                ".set Y_STEP, {y_step}",
                ".set OUT_STREAM, {out_stream}",
                ".set X_STREAM, {x_stream}",
                ".set Y_STREAM, {y_stream}",
                ".set ALPHA, {alpha}",
                ".set BETA, {beta}",
                ".set BYPASS, {bypass}",
                ".set SIZE, {size}",
                $(concat!(".macro ", $macro, " ", $parameters), $($line,)* ".endm",)*
                "push rbx",
                "push rbp",
                "push r12",
                "push r13",
                "push r14",
                "push r15",
                $($body,)*
                "pop r15",
                "pop r14",
                "pop r13",
                "pop r12",
                "pop rbp",
                "pop rbx",
                "vzeroupper",
                $(concat!(".purgem ", $macro),)*
                out = const core::mem::offset_of!($crate::stream::rows::Rows<$type>, out),
                x = const core::mem::offset_of!($crate::stream::rows::Rows<$type>, x),
                y = const core::mem::offset_of!($crate::stream::rows::Rows<$type>, y),
                z = const core::mem::offset_of!($crate::stream::rows::Rows<$type>, z),
                len = const core::mem::offset_of!($crate::stream::rows::Rows<$type>, len),
                rows = const core::mem::offset_of!($crate::stream::rows::Rows<$type>, rows),
                out_row = const core::mem::offset_of!($crate::stream::rows::Rows<$type>, out_row),
                x_row = const core::mem::offset_of!($crate::stream::rows::Rows<$type>, x_row),
                y_row = const core::mem::offset_of!($crate::stream::rows::Rows<$type>, y_row),
                z_row = const core::mem::offset_of!($crate::stream::rows::Rows<$type>, z_row),
                out_step = const core::mem::offset_of!($crate::stream::rows::Rows<$type>, out_step),
                x_step = const core::mem::offset_of!($crate::stream::rows::Rows<$type>, x_step),
                y_step = const core::mem::offset_of!($crate::stream::rows::Rows<$type>, y_step),
                out_stream = const core::mem::offset_of!($crate::stream::rows::Rows<$type>, out_stream),
                x_stream = const core::mem::offset_of!($crate::stream::rows::Rows<$type>, x_stream),
                y_stream = const core::mem::offset_of!($crate::stream::rows::Rows<$type>, y_stream),
                alpha = const core::mem::offset_of!($crate::stream::rows::Rows<$type>, alpha),
                beta = const core::mem::offset_of!($crate::stream::rows::Rows<$type>, beta),
                bypass = const core::mem::offset_of!($crate::stream::rows::Rows<$type>, bypass),
                size = const size_of::<$type>(),
                $($symbol = sym $of,)?
            );
        }
    };
}

/// Writes a function that runs `row` once a row. `before` runs first; `output` moves from the output's row to the next.
macro_rules! row_function {
    ($(#[$doc:meta])* $name:ident($type:ty), macros: $macros:tt,
     before: [$($before:expr),* $(,)?], row: [$($row:expr),* $(,)?], output: [$($output:expr),*]
     $(, symbol: $symbol:ident = $of:path)?) => {
        $crate::stream::text::function!(
            $(#[$doc])*
            $name($type),
            macros: $macros,
            body: [
                "mov rax, [rdi + OUT]",
                "mov rcx, [rdi + X]",
                "mov r12, [rdi + Y]",
                "mov r9, [rdi + ROWS]",
                "mov r8, [rdi + LEN]",
                "imul r8, r8, SIZE",
                $($before,)*
                "2:",
                $($row,)*
                $($output,)*
                "add rcx, [rdi + X_ROW]",
                "add r12, [rdi + Y_ROW]",
                "dec r9",
                "jnz 2b",
            ]
            $(, symbol: $symbol = $of)?
        );
    };
}

/// A load from 4 n bytes before the middle is a mask of the first n elements of 4 bytes of a vector.
pub(super) static MASKS: [u32; 16] = {
    let mut masks = [0; 16];
    let mut i = 0;
    while i < 8 {
        masks[i] = u32::MAX;
        i += 1;
    }
    masks
};

/// Points to the other three streams of x and of y. Changes `r10`.
macro_rules! point_to_streams {
    () => {
        r"
        mov r10, [rdi + X_STREAM]
        lea rdx, [rcx + r10]
        lea rsi, [rcx + 2*r10]
        lea rbx, [rdx + 2*r10]
        mov r10, [rdi + Y_STREAM]
        lea r13, [r12 + r10]
        lea r14, [r12 + 2*r10]
        lea r15, [r13 + 2*r10]
        "
    };
}

pub(super) use {function, point_to_streams, row_function};
