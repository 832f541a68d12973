//! Kernels that let rows leave a buffer past the caches: their whole lines, and nothing else of them; or their ends alone.

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

/// Writes a kernel for what `leave_kernel` leaves out at an end of rows: `at` is where it is in a row and how long, at r11 and in
/// ebp, from the bytes from the row's start to a line in r11.
macro_rules! end_kernel {
    ($(#[$doc:meta])* $name:ident($type:ty), at: [$($at:literal),* $(,)?]) => {
        row_function!(
            $(#[$doc])*
            $name($type),
            macros: [],
            before: [],
            row: [
                "mov r11, rax",
                "neg r11",
                "and r11d, 63",
                $($at,)*
                // A mask of so many elements of 4 bytes; shifts go by cl.
                "mov rdx, rcx",
                "mov ecx, ebp",
                "shr ecx, 2",
                "mov ebp, 1",
                "shl ebp, cl",
                "dec ebp",
                "kmovw k1, ebp",
                "mov rcx, rdx",
                "vmovups zmm0 {{k1}}{{z}}, [rcx + r11]",
                "vmovups [rax + r11] {{k1}}, zmm0",
            ],
            output: ["add rax, [rdi + OUT_ROW]"]
        );
    };
}

macro_rules! end_kernels {
    ($first:ident $last:ident($type:ty)) => {
        end_kernel!(
            /// `out = x` up to the first line of each row, which has one. Needs AVX-512.
            $first($type),
            at: ["mov ebp, r11d", "xor r11d, r11d"]
        );
        end_kernel!(
            /// `out = x` from the end of the last line of each row on, which has one. Needs AVX-512.
            $last($type),
            at: ["mov rbp, r8", "sub rbp, r11", "and ebp, 63", "mov r11, r8", "sub r11, rbp"]
        );
    };
}
end_kernels!(leave_first_4 leave_last_4(f32));
end_kernels!(leave_first_8 leave_last_8(f64));
end_kernels!(leave_first_16 leave_last_16([f64; 2]));

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
