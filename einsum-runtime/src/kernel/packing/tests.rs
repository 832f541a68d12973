//! The primitives in assembly against those in plain Rust, on bytes.

use super::*;
use crate::kernel::level::{Level, on_every_level};
use crate::kernel::plain;

fn packings(level: Level) -> [(usize, &'static Packing); 3] {
    let [four, eight, sixteen] = match level {
        Level::Plain => {
            [&plain::packing::PACKING_4, &plain::packing::PACKING_8, &plain::packing::PACKING_16]
        }
        #[cfg(target_arch = "x86_64")]
        _ => {
            use crate::kernel::x86_64::packing::{PACKING_4, PACKING_8, PACKING_16};
            [&PACKING_4, &PACKING_8, &PACKING_16]
        }
        #[cfg(not(target_arch = "x86_64"))]
        _ => unreachable!("no other level is detected"),
    };
    [(4, four), (8, eight), (16, sixteen)]
}

fn bytes() -> Vec<u8> {
    (0..4096_usize).map(|i| (i.wrapping_mul(2_654_435_761) >> 11) as u8).collect()
}

#[test]
fn copy_and_gather() {
    on_every_level(|level| {
        for (element, packing) in packings(level) {
            let from = bytes();
            let offsets: [Pair; 11] =
                [5, 0, 2, 2, 9, 7, 1, 11, 30, 21, 4].map(|i| [i * 16, 999_999]);
            for count in 0..offsets.len() {
                for length in 0..40 {
                    let (mut to, mut expected) = (vec![7_u8; 4096], vec![7_u8; 4096]);
                    for (i, &[offset, _]) in offsets[..count].iter().enumerate() {
                        let at = offset.cast_unsigned();
                        let run = &from[at..at + 4 * length];
                        expected[i * 200..][..4 * length].copy_from_slice(run);
                    }
                    // SAFETY: 11 runs of up to 160 bytes, read before byte 640 and written before byte 2400.
                    unsafe {
                        let reads = offsets.as_ptr();
                        (packing.copy)(
                            to.as_mut_ptr(),
                            from.as_ptr(),
                            reads,
                            count,
                            4 * length,
                            200,
                        );
                    }
                    assert_eq!(to, expected, "{level:?} {element} {count} {length}");
                }
                for length in 0..20 {
                    let (mut to, mut expected) = (vec![7_u8; 4096], vec![7_u8; 4096]);
                    for (i, &[offset, _]) in offsets[..count].iter().enumerate() {
                        for at in 0..length {
                            let from_at = offset.cast_unsigned() + 2 * at * element;
                            expected[i * 350 + at * element..][..element]
                                .copy_from_slice(&from[from_at..from_at + element]);
                        }
                    }
                    // SAFETY: 11 runs of up to 20 elements, read before byte 1200 and written before byte 3850.
                    unsafe {
                        let (to, from, reads) = (to.as_mut_ptr(), from.as_ptr(), offsets.as_ptr());
                        (packing.halve)(to, from, reads, count, length * element, 350);
                    }
                    assert_eq!(to, expected, "{level:?} {element} {count} {length}");
                }
                let (mut to, mut expected) = (vec![7_u8; 4096], vec![7_u8; 4096]);
                for (i, &[offset, _]) in offsets[..count].iter().enumerate() {
                    let at = offset.cast_unsigned();
                    expected[i * element..][..element].copy_from_slice(&from[at..at + element]);
                }
                // SAFETY: as above.
                unsafe {
                    (packing.gather)(to.as_mut_ptr(), from.as_ptr(), offsets.as_ptr(), count);
                }
                assert_eq!(to, expected, "{level:?} {element} {count}");
            }
        }
    });
}

#[test]
fn stream() {
    /// Aligned to a cache line.
    #[repr(align(64))]
    struct Lines([u8; 4096]);
    on_every_level(|level| {
        let (_, packing) = packings(level)[0];
        let from = bytes();
        for start in (0..132).step_by(4) {
            for length in (0..400).step_by(4) {
                let (mut to, mut expected) = (Lines([7; 4096]), [7; 4096]);
                expected[start..start + length].copy_from_slice(&from[12..12 + length]);
                // SAFETY: fewer bytes than there are.
                unsafe {
                    let to = to.0.as_mut_ptr().add(start);
                    (packing.stream)(to, from.as_ptr().add(12), length);
                }
                assert_eq!(to.0, expected, "{level:?} {start} {length}");
            }
        }
    });
}

#[test]
fn transpose() {
    on_every_level(|level| {
        for (element, packing) in packings(level) {
            let from = bytes();
            let rows: [Pair; ROWS] =
                [800, 0, 330, 1200, 16, 16, 2000, 640].map(|row| [row, 999_999]);
            for columns in 0..20 {
                let step = element * (ROWS + 1);
                let (mut to, mut expected) = (vec![7_u8; 4096], vec![7_u8; 4096]);
                for q in 0..columns {
                    for (r, &[row, _]) in rows.iter().enumerate() {
                        let at = row.cast_unsigned() + q * element;
                        expected[q * step + r * element..][..element]
                            .copy_from_slice(&from[at..at + element]);
                    }
                }
                // SAFETY: rows of up to 20 elements of up to 16 bytes.
                unsafe {
                    let step = step.cast_signed();
                    let rows = rows.as_ptr();
                    (packing.transpose)(to.as_mut_ptr(), from.as_ptr(), rows, step, columns);
                }
                assert_eq!(to, expected, "{level:?} {element} {columns}");
            }
        }
    });
}

#[test]
fn transpose_runs() {
    on_every_level(|level| {
        for (element, packing) in packings(level) {
            let from = bytes();
            let rows: [Pair; ROWS] =
                [800, 0, 330, 1200, 16, 16, 1500, 640].map(|row| [row, 999_999]);
            for (columns, count) in (1..10).flat_map(|columns| (0..4).map(move |n| (columns, n))) {
                // Only the entry of a run's first element says where it is.
                let mut reads = [[isize::MIN, 999_999]; 40];
                let starts = [48, 0, 300, 171];
                for (i, start) in starts.iter().enumerate() {
                    reads[i * columns][0] = *start;
                }
                let step = element * (ROWS + 1);
                let (mut to, mut expected) = (vec![7_u8; 8192], vec![7_u8; 8192]);
                for (q, column) in (0..count * columns).enumerate() {
                    let start = starts[column / columns].cast_unsigned();
                    for (r, &[row, _]) in rows.iter().enumerate() {
                        let at = start + row.cast_unsigned() + column % columns * element;
                        expected[q * step + r * element..][..element]
                            .copy_from_slice(&from[at..at + element]);
                    }
                }
                // SAFETY: rows of up to 9 elements of up to 16 bytes, read before byte 2000 and written before byte 4000.
                unsafe {
                    let (step, reads) = (step.cast_signed(), reads.as_ptr());
                    let (to, from, rows) = (to.as_mut_ptr(), from.as_ptr(), rows.as_ptr());
                    (packing.transpose_runs)(to, from, rows, step, columns, reads, count);
                }
                assert_eq!(to, expected, "{level:?} {element} {columns} {count}");
            }
        }
    });
}

#[test]
fn fill() {
    on_every_level(|level| {
        for count in 0..5 {
            let mut table = [[-1; 2]; 5];
            let (_, packing) = packings(level)[0];
            // SAFETY: the table has 5 pairs.
            unsafe { (packing.fill)(table.as_mut_ptr(), count, 3, 100, 7, -10) };
            for (i, pair) in (0..).zip(table) {
                let written = i < count.cast_signed();
                assert_eq!(pair, if written { [3 + 7 * i, 100 - 10 * i] } else { [-1; 2] });
            }
        }
    });
}
