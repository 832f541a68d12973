//! Elements that are no numbers show where a window reads them, and nowhere else.

use super::{Owned, axis, points};
use crate::element::Element;
use crate::kernel::level::on_every_level;
use crate::kernel::raw::{RawMode, RawRead};
use crate::window::{Windowed, run};

/// One channel: an element that is no number shows where the window reads it, and nowhere else.
#[test]
fn no_numbers() {
    on_every_level(|_| check_inside());
}

fn check_inside() {
    let (extents, reach) = ([13, 30, 3, 5], [15, 34]);
    let axes = [
        axis(reach[0], 0, &[(0, 1), (2, 1)]).at_stride(34),
        axis(reach[1], 0, &[(1, 1), (3, 1)]).at_stride(1),
    ];
    let weights = [axis(3, 0, &[(2, 1)]).at_stride(5), axis(5, 0, &[(3, 1)]).at_stride(1)];
    let target = [axis(13, 0, &[(0, 1)]).at_stride(30), axis(30, 0, &[(1, 1)]).at_stride(1)];
    for bad in [f64::NAN, f64::INFINITY] {
        for (row, column) in [(0, 0), (7, 11), (14, 33), (3, 20)] {
            let mut x = vec![1.0_f64; 15 * 34];
            x[row * 34 + column] = bad;
            let w = [1.0_f64; 15];
            let mut y = vec![0.0_f64; 13 * 30];
            let [axes, weights, target] =
                [&axes, &weights, &target].map(|axes| axes.each_ref().map(Owned::axis));
            let nest = Windowed { extents: &extents, sources: [&axes, &weights], target: &target };
            let reads =
                [x.as_ptr(), w.as_ptr()].map(|ptr| RawRead { ptr: ptr.cast(), conjugated: false });
            // SAFETY: the memory is as large as the axes say.
            unsafe { run(f64::TABLE.raw, &nest, reads, y.as_mut_ptr().cast(), RawMode::Assign) };
            for (place, sum) in y.iter().enumerate() {
                let (i, j) = (place / 30, place % 30);
                let is_read = (i..i + 3).contains(&row) && (j..j + 5).contains(&column);
                assert_eq!(sum.is_finite(), !is_read, "{bad} at {row} {column}: {i} {j} {sum}");
                assert!(is_read || *sum == 15.0);
            }
        }
    }
}

/// An edge of zeros, for one channel, adjacent ones, and planes: likewise, and in its channel alone.
#[test]
fn no_numbers_at_edges() {
    for (height, width) in [(7, 8), (7, 13), (19, 14), (9, 40), (7, 170), (6, 230)] {
        on_every_level(|_| check_no_numbers(1, height, width, false));
    }
    on_every_level(|_| check_no_numbers(19, 6, 13, false));
    for (height, width) in [(7, 8), (7, 13), (19, 14), (6, 30), (8, 40), (7, 170)] {
        on_every_level(|_| check_no_numbers(5, height, width, true));
    }
}

fn check_no_numbers(channels: usize, height: usize, width: usize, are_planes: bool) {
    let at = |y: usize, x: usize, c: usize| match are_planes {
        true => (c * height + y) * width + x,
        false => (y * width + x) * channels + c,
    };
    let extents = [height, width, channels, 3, 5];
    let plane = |offsets: [isize; 2], terms: [&[(usize, isize)]; 2]| {
        [
            axis(height, offsets[0], terms[0]).at_stride(at(1, 0, 0).cast_signed()),
            axis(width, offsets[1], terms[1]).at_stride(at(0, 1, 0).cast_signed()),
            axis(channels, 0, &[(2, 1)]).at_stride(at(0, 0, 1).cast_signed()),
        ]
    };
    let of_x = plane([-1, -2], [&[(0, 1), (3, 1)], &[(1, 1), (4, 1)]]);
    let of_y = plane([0, 0], [&[(0, 1)], &[(1, 1)]]);
    let of_w = [
        axis(3, 0, &[(3, 1)]).at_stride((5 * channels).cast_signed()),
        axis(5, 0, &[(4, 1)]).at_stride(channels.cast_signed()),
        axis(channels, 0, &[(2, 1)]).at_stride(1),
    ];
    let [of_x, of_y, of_w] = [&of_x, &of_y, &of_w].map(|axes| axes.each_ref().map(Owned::axis));
    let nest = Windowed { extents: &extents, sources: [&of_x, &of_w], target: &of_y };
    for bad in [f32::NAN, f32::INFINITY] {
        for (row, column, channel) in [(0, 0, 0), (2, 7, 18), (5, width - 1, 15), (4, 1, 16)] {
            let channel = channel % channels;
            let mut x = vec![1.0_f32; height * width * channels];
            x[at(row, column, channel)] = bad;
            let w = vec![1.0_f32; 15 * channels];
            let mut y = vec![0.0_f32; x.len()];
            let reads =
                [x.as_ptr(), w.as_ptr()].map(|ptr| RawRead { ptr: ptr.cast(), conjugated: false });
            // SAFETY: the memory is as large as the axes say.
            unsafe {
                run(f32::TABLE.raw, &nest, reads, y.as_mut_ptr().cast(), RawMode::Assign);
            };
            points(&extents[..3], &mut |point| {
                let &[i, j, c] = point else { unreachable!() };
                let is_read = i.abs_diff(row) <= 1 && j.abs_diff(column) <= 2 && c == channel;
                let sum = y[at(i, j, c)];
                assert_eq!(sum.is_finite(), !is_read, "{bad} at {row} {column} {channel}");
                let inside = |at: usize, reach: usize, end: usize| {
                    (at + reach).min(end - 1) - at.saturating_sub(reach) + 1
                };
                let count = inside(i, 1, height) * inside(j, 2, width);
                assert!(is_read || sum == count as f32);
            });
        }
    }
}
