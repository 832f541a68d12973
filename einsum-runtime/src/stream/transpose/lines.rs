//! Kernels that let rows leave a buffer past the caches: their whole lines, and nothing else of them.

use crate::stream::text::row_function;

macro_rules! leave_kernel {
    ($(#[$doc:meta])* $name:ident($type:ty)) => {
        row_function!(
            $(#[$doc])*
            $name($type),
            macros: [],
            before: ["lea rbp, [r8 - 64]"],
            row: [
                // The first line that the row fills.
                "mov r11, rax",
                "neg r11",
                "and r11d, 63",
                "cmp r11, rbp",
                "jg 4f",
                "3:",
                "vmovups ymm0, [rcx + r11]",
                "vmovups ymm1, [rcx + r11 + 32]",
                "vmovntps [rax + r11], ymm0",
                "vmovntps [rax + r11 + 32], ymm1",
                "add r11, 64",
                "cmp r11, rbp",
                "jle 3b",
                "4:",
            ],
            output: ["add rax, [rdi + OUT_ROW]"]
        );
    };
}

leave_kernel!(
    /// `out = x`, for elements of 4 bytes. The caller fences. Needs AVX2.
    leave_4(f32)
);
leave_kernel!(
    /// `out = x`, for elements of 8 bytes. The caller fences. Needs AVX2.
    leave_8(f64)
);
leave_kernel!(
    /// `out = x`, for elements of 16 bytes. The caller fences. Needs AVX2.
    leave_16([f64; 2])
);
