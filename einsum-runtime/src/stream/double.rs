//! Kernels that write rows to every other element, with AVX-512: the gradient of what a window of step two reads is written
//! so. What lies between the elements is not touched.

use super::text::row_function;

macro_rules! double_kernel {
    ($(#[$doc:meta])* $name:ident($type:ty), $permute:literal, $move:literal,
     lanes: [$wide:literal, $count:literal, $shift:literal, $register:literal]) => {
        row_function!(
            $(#[$doc])*
            $name($type),
            macros: [],
            // zmm31, zmm30: where elements of the two vectors come from; zmm29, zmm28: the numbers of their lanes; k1: those
            // that are written.
            before: [
                "mov r10, 0x0706050403020100",
                "vmovq xmm29, r10",
                "mov r10, 0x0f0e0d0c0b0a0908",
                "vmovq xmm28, r10",
                "vpunpcklqdq xmm29, xmm29, xmm28",
                concat!("vpmovzxb", $wide, " zmm29, xmm29"),
                concat!("mov r10d, ", $count),
                concat!("vpbroadcast", $wide, " zmm28, ", $register),
                concat!("vpadd", $wide, " zmm28, zmm28, zmm29"),
                concat!("vpsrl", $wide, " zmm31, zmm29, 1"),
                concat!("vpsrl", $wide, " zmm30, zmm28, 1"),
                "mov r10d, 0x5555",
                "kmovw k1, r10d",
                "mov rbp, r8",
                "sub rbp, 64",
            ],
            row: [
                "xor r11d, r11d",
                "cmp r11, rbp",
                "jg 4f",
                ".p2align 4",
                "3:",
                "vmovups zmm0, [rcx + r11]",
                concat!($permute, " zmm1, zmm31, zmm0"),
                concat!($permute, " zmm2, zmm30, zmm0"),
                concat!($move, " [rax + 2*r11] {{k1}}, zmm1"),
                concat!($move, " [rax + 2*r11 + 64] {{k1}}, zmm2"),
                "add r11, 64",
                "cmp r11, rbp",
                "jle 3b",
                "4:",
                "mov r10, r8",
                "sub r10, r11",
                "jz 6f",
                concat!("shr r10, ", $shift),
                concat!("vpbroadcast", $wide, " zmm3, ", $register),
                concat!("vpcmpu", $wide, " k4, zmm29, zmm3, 1"),
                concat!("vpadd", $wide, " zmm3, zmm3, zmm3"),
                concat!("vpcmpu", $wide, " k2 {{k1}}, zmm29, zmm3, 1"),
                concat!("vpcmpu", $wide, " k3 {{k1}}, zmm28, zmm3, 1"),
                concat!($move, " zmm0 {{k4}}{{z}}, [rcx + r11]"),
                concat!($permute, " zmm1, zmm31, zmm0"),
                concat!($permute, " zmm2, zmm30, zmm0"),
                concat!($move, " [rax + 2*r11] {{k2}}, zmm1"),
                concat!($move, " [rax + 2*r11 + 64] {{k3}}, zmm2"),
                "6:",
            ],
            output: ["add rax, [rdi + OUT_ROW]"]
        );
    };
}

double_kernel!(
    /// `out = x`, where the output's elements are two apart. Needs AVX-512.
    double_4(f32), "vpermps", "vmovups", lanes: ["d", "16", "2", "r10d"]
);
double_kernel!(
    /// `out = x`, where the output's elements are two apart. Needs AVX-512.
    double_8(f64), "vpermpd", "vmovupd", lanes: ["q", "8", "3", "r10"]
);
