//! Kernels over rows of elements at any steps, one element at a time: what no vector kernel takes.

use core::mem::offset_of;

use super::rows::Rows;

/// Writes a kernel that lets `element` compute xmm0 from the elements at rsi (x) and rbx (y), and stores it to rax.
macro_rules! strided_kernel {
    ($(#[$doc:meta])* $name:ident($type:ty), $mov:expr, element: [$($element:expr),*]) => {
        $(#[$doc])*
        #[unsafe(naked)]
        pub(in crate::stream) unsafe extern "sysv64" fn $name(arguments: &Rows<$type>) {
            core::arch::naked_asm!(
                // rax, rsi, rbx: elements of out, x, y; r8: elements left; r9: rows left; r10, r11, r12: steps.
                "push rbx",
                "push r12",
                "mov r9, [rdi + {rows}]",
                "mov r10, [rdi + {out_step}]",
                "mov r11, [rdi + {x_step}]",
                "mov r12, [rdi + {y_step}]",
                "mov rdx, [rdi + {out}]",
                "mov rcx, [rdi + {x}]",
                "mov rbx, [rdi + {y}]",
                concat!($mov, " xmm14, [rdi + {alpha}]"),
                concat!($mov, " xmm15, [rdi + {beta}]"),
                "2:",
                "mov rax, rdx",
                "mov rsi, rcx",
                "push rbx",
                "mov r8, [rdi + {len}]",
                ".p2align 4",
                "3:",
                $($element,)*
                concat!($mov, " [rax], xmm0"),
                "add rax, r10",
                "add rsi, r11",
                "add rbx, r12",
                "dec r8",
                "jnz 3b",
                "pop rbx",
                "add rdx, [rdi + {out_row}]",
                "add rcx, [rdi + {x_row}]",
                "add rbx, [rdi + {y_row}]",
                "dec r9",
                "jnz 2b",
                "pop r12",
                "pop rbx",
                "ret",
                out = const offset_of!(Rows<$type>, out),
                x = const offset_of!(Rows<$type>, x),
                y = const offset_of!(Rows<$type>, y),
                len = const offset_of!(Rows<$type>, len),
                rows = const offset_of!(Rows<$type>, rows),
                out_row = const offset_of!(Rows<$type>, out_row),
                x_row = const offset_of!(Rows<$type>, x_row),
                y_row = const offset_of!(Rows<$type>, y_row),
                out_step = const offset_of!(Rows<$type>, out_step),
                x_step = const offset_of!(Rows<$type>, x_step),
                y_step = const offset_of!(Rows<$type>, y_step),
                alpha = const offset_of!(Rows<$type>, alpha),
                beta = const offset_of!(Rows<$type>, beta),
            )
        }
    };
}

macro_rules! strided_kernels {
    ($module:ident, $type:ty, $s:literal) => {
        pub(super) mod $module {
            use super::*;

            strided_kernel!(
                /// `out = x`
                copy($type), concat!("vmovs", $s),
                element: [concat!("vmovs", $s, " xmm0, [rsi]")]
            );
            strided_kernel!(
                /// `out = x · y`
                multiply($type), concat!("vmovs", $s),
                element: [
                    concat!("vmovs", $s, " xmm0, [rsi]"),
                    concat!("vmuls", $s, " xmm0, xmm0, [rbx]")
                ]
            );
            strided_kernel!(
                /// `out = alpha · x`
                scale($type), concat!("vmovs", $s),
                element: [concat!("vmuls", $s, " xmm0, xmm14, [rsi]")]
            );
            strided_kernel!(
                /// `out = beta · out + alpha · x`
                blend($type), concat!("vmovs", $s),
                element: [
                    concat!("vmuls", $s, " xmm1, xmm15, [rax]"),
                    concat!("vmuls", $s, " xmm0, xmm14, [rsi]"),
                    concat!("vadds", $s, " xmm0, xmm1, xmm0")
                ]
            );
        }
    };
}
strided_kernels!(f32, f32, "s");
strided_kernels!(f64, f64, "d");

strided_kernel!(
    /// `out = x`, of 16 bytes
    copy_16([f64; 2]), "vmovups", element: ["vmovups xmm0, [rsi]"]
);
