//! The text that turns a block in registers, for kernels with AVX-512. Registers 0 and following hold rows of the source, as
//! two halves of a line beside each other or as lines, and become free; 16 and following hold rows of the output then.

/// Turns 4 rows of lanes of 4 bytes: rows a to d, and 4 more beside them, become columns a to d by way of t to w.
macro_rules! unpack_4 {
    ($a:literal, $b:literal, $c:literal, $d:literal, $t:literal, $u:literal, $v:literal, $w:literal) => {
        concat!(
            "vunpcklps zmm",
            $t,
            ", zmm",
            $a,
            ", zmm",
            $b,
            "\n",
            "vunpckhps zmm",
            $u,
            ", zmm",
            $a,
            ", zmm",
            $b,
            "\n",
            "vunpcklps zmm",
            $v,
            ", zmm",
            $c,
            ", zmm",
            $d,
            "\n",
            "vunpckhps zmm",
            $w,
            ", zmm",
            $c,
            ", zmm",
            $d,
            "\n",
            "vunpcklpd zmm",
            $a,
            ", zmm",
            $t,
            ", zmm",
            $v,
            "\n",
            "vunpckhpd zmm",
            $b,
            ", zmm",
            $t,
            ", zmm",
            $v,
            "\n",
            "vunpcklpd zmm",
            $c,
            ", zmm",
            $u,
            ", zmm",
            $w,
            "\n",
            "vunpckhpd zmm",
            $d,
            ", zmm",
            $u,
            ", zmm",
            $w,
            "\n",
        )
    };
}

/// Turns 2 rows of lanes of 8 bytes: a and b, and 2 more beside them.
macro_rules! unpack_8 {
    ($even:literal, $odd:literal, $a:literal, $b:literal) => {
        concat!(
            "vunpcklpd zmm",
            $even,
            ", zmm",
            $a,
            ", zmm",
            $b,
            "\n",
            "vunpckhpd zmm",
            $odd,
            ", zmm",
            $a,
            ", zmm",
            $b,
            "\n",
        )
    };
}

/// Columns of all rows from those of one half of them, and of the other.
macro_rules! columns {
    ($low:literal, $high:literal, $a:literal, $b:literal) => {
        concat!(
            "vshuff64x2 zmm",
            $low,
            ", zmm",
            $a,
            ", zmm",
            $b,
            ", 0x88\n",
            "vshuff64x2 zmm",
            $high,
            ", zmm",
            $a,
            ", zmm",
            $b,
            ", 0xdd\n",
        )
    };
}

/// 16x16 elements of 4 bytes: the first halves of rows 0 to 3 with those of rows 4 to 7 beside them, of rows 8 to 11 with those
/// of 12 to 15; then the second halves.
macro_rules! turn_4 {
    () => {
        concat!(
            unpack_4!(0, 1, 2, 3, 16, 17, 18, 19),
            unpack_4!(4, 5, 6, 7, 20, 21, 22, 23),
            unpack_4!(8, 9, 10, 11, 24, 25, 26, 27),
            unpack_4!(12, 13, 14, 15, 28, 29, 30, 31),
            columns!(16, 20, 0, 4),
            columns!(17, 21, 1, 5),
            columns!(18, 22, 2, 6),
            columns!(19, 23, 3, 7),
            columns!(24, 28, 8, 12),
            columns!(25, 29, 9, 13),
            columns!(26, 30, 10, 14),
            columns!(27, 31, 11, 15),
        )
    };
}

/// 8x8 elements of 8 bytes: the first halves of rows 0 and 1 with those of rows 2 and 3 beside them, of rows 4 and 5 with those
/// of 6 and 7; then the second halves.
macro_rules! turn_8 {
    () => {
        concat!(
            unpack_8!(8, 9, 0, 1),
            unpack_8!(10, 11, 2, 3),
            unpack_8!(12, 13, 4, 5),
            unpack_8!(14, 15, 6, 7),
            columns!(16, 18, 8, 10),
            columns!(17, 19, 9, 11),
            columns!(20, 22, 12, 14),
            columns!(21, 23, 13, 15),
        )
    };
}

/// 4x4 elements of 16 bytes: whole lines.
macro_rules! turn_16 {
    () => {
        concat!(
            "vshuff64x2 zmm4, zmm0, zmm1, 0x44\n",
            "vshuff64x2 zmm5, zmm0, zmm1, 0xee\n",
            "vshuff64x2 zmm6, zmm2, zmm3, 0x44\n",
            "vshuff64x2 zmm7, zmm2, zmm3, 0xee\n",
            columns!(16, 17, 4, 6),
            columns!(18, 19, 5, 7),
        )
    };
}

pub(super) use {columns, turn_4, turn_8, turn_16, unpack_4, unpack_8};
