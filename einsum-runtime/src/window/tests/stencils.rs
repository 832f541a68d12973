//! Windows with one result for all that they read, and both gradients: one channel, and depthwise.

use super::{Array, Integer, Random, TAKEN, Way, Window, axis, check, check_with_gradients};
use crate::kernel::level::{Level, on_every_level};

/// What nests are like.
#[derive(Clone, Copy)]
pub(super) struct Depthwise {
    /// Fewer channels, and whether they are adjacent.
    channels: usize,
    are_adjacent: bool,
    /// Shorter rows, columns, and windows.
    row: usize,
    column: usize,
    window: usize,
    /// More paddings than none, of up to as much as the window is long and `beyond`.
    beyond: usize,
}

pub(super) const APART: Depthwise =
    Depthwise { channels: 4, are_adjacent: false, row: 91, column: 10, window: 7, beyond: 0 };

/// Channels are many enough for vectors.
pub(super) const ADJACENT: Depthwise =
    Depthwise { channels: 41, are_adjacent: true, row: 21, column: 7, window: 8, beyond: 1 };

/// Rows are too short for vectors, and images and channels small enough for buffers.
pub(super) const SHORT: Depthwise =
    Depthwise { channels: 13, are_adjacent: false, row: 9, column: 6, window: 5, beyond: 1 };

/// Windows are mostly longer than rows.
const LARGER: Depthwise =
    Depthwise { channels: 21, are_adjacent: false, row: 5, column: 5, window: 9, beyond: 1 };

pub(super) fn check_depthwise<T: Integer>(random: &mut Random, of: Depthwise, rounds: usize) {
    for _ in 0..rounds {
        let mut extents = vec![1 + random.below(3), 1 + random.below(of.channels - 1)];
        let batch = axis(extents[0], 0, &[(0, 1)]);
        let channel = axis(extents[1], 0, &[(1, 1)]);
        let (mut x, mut w, mut y) = (vec![batch.clone()], vec![], vec![batch]);
        let windows = 1 + random.below(2);
        for number in 0..windows {
            let longest = if number + 1 == windows { of.row } else { of.column };
            let (s, d) = (1 + random.below(5) * random.below(5) / 5, 1 + random.below(4) / 3);
            let (n, k) = (1 + random.below(longest - 1), 1 + random.below(of.window - 1));
            let pad = random.below(2) * random.below(k + of.beyond);
            let extent = (s * (n - 1) + d * (k - 1) + 1).saturating_sub(2 * pad).max(1);
            let window = Window { steps: [s, d], points: [n, k], pad, extent };
            window.push(&mut extents, [&mut x, &mut w, &mut y]);
        }
        for axes in [&mut x, &mut w, &mut y] {
            let first = axes.len() - windows;
            axes.insert(if of.are_adjacent { axes.len() } else { first }, channel.clone());
        }
        if of.are_adjacent && random.one_in(3) {
            w.rotate_right(1);
        }
        let [x, w, y] = [x, w, y].map(|axes| Array::lay(random, axes));
        check::<T, 2>(random, &extents, &[x.clone(), w.clone()], &y);
        check::<T, 2>(random, &extents, &[w.clone(), x.clone()], &y);
        check::<T, 2>(random, &extents, &[y.clone(), w.clone()], &x);
        check::<T, 2>(random, &extents, &[x, y], &w);
    }
}

/// The most images, channels, rows, columns, and points of a window along both.
pub(super) const SMALL: [usize; 6] = [4, 5, 12, 16, 5, 5];
pub(super) const LONG: [usize; 6] = [2, 3, 9, 150, 4, 5];

/// Padded planes that are as large as their results, of one channel each, and both gradients.
pub(super) fn check_same<T: Integer>(random: &mut Random, most: [usize; 6], rounds: usize) {
    for _ in 0..rounds {
        let extents = most.map(|most| 1 + random.below(most));
        let [b, c, height, width, u, v] =
            [0, 1, 2, 3, 4, 5].map(|n| axis(extents[n], 0, &[(n, 1)]));
        let mut along = |row: usize, window: usize| {
            let middle = extents[window] / 2;
            let pad = if random.one_in(2) { middle } else { random.below(extents[window]) };
            axis(extents[row], -pad.cast_signed(), &[(row, 1), (window, 1)])
        };
        let x = vec![b.clone(), c.clone(), along(2, 4), along(3, 5)];
        let (w, y) = (vec![c.clone(), u, v], vec![b, c, height, width]);
        check_with_gradients::<T>(random, &extents, [x, w, y]);
    }
}

/// Checks nests of both real types on every level, and that some of all these ways are taken from a level on.
fn check_real<const N: usize>(of: Depthwise, rounds: usize, ways: [Way; N], least: Level) {
    let mut random = Random(4);
    on_every_level(|level| {
        let taken = || ways.map(|way| TAKEN.get()[way as usize]);
        let before = taken();
        check_depthwise::<f32>(&mut random, of, rounds);
        check_depthwise::<f64>(&mut random, of, rounds);
        let mut taken = taken();
        taken.iter_mut().zip(before).for_each(|(taken, before)| *taken -= before);
        println!("{taken:?}");
        assert!(taken.iter().all(|taken| *taken > 10) || level < least, "{taken:?}");
    });
    check_depthwise::<i32>(&mut random, of, 20);
}

#[test]
fn adjacent_channels() {
    check_real(ADJACENT, 250, [Way::Channels], Level::Avx2);
}

#[test]
fn short_rows() {
    check_real(SHORT, 250, [Way::ShortRows, Way::OddRows], Level::Avx2);
}

#[test]
fn windows_longer_than_rows() {
    check_real(LARGER, 120, [Way::ShortRows], Level::Avx2);
}

/// Results two steps apart are short rows, also if windows are longer.
#[test]
fn rows_of_windows_with_steps() {
    check_windows(2, [5, 7], 0);
}

/// So are those of which there are fewer than lanes, if windows reach over edges.
#[test]
fn rows_of_large_windows() {
    check_windows(1, [7, 7], 3);
    check_windows(1, [7, 5], 2);
}

#[test]
fn rows_in_blocks() {
    check_rows_in_blocks();
}

/// Of images of which a few channels are larger than a cache, so many rows are formed at a time; windows of the first and of the
/// last of these reach over edges, or none do.
pub(super) fn check_rows_in_blocks() {
    check_depthwise_of([[2, 1, 30, 5, 2], [2, 1, 8, 5, 2]], 16, Way::RowsInBlocks);
    check_depthwise_of([[3, 1, 25, 4, 0], [3, 1, 8, 4, 0]], 6, Way::RowsInBlocks);
    check_depthwise_of([[2, 2, 40, 4, 9], [2, 1, 8, 5, 1]], 4, Way::RowsInBlocks);
}

/// So are sums of rows with fewer elements than a vector, if there are fewer results along a row than points of the window.
#[test]
fn sums_of_short_rows() {
    check_depthwise_of([[1, 1, 9, 5, 0], [1, 1, 2, 9, 0]], 16, Way::ShortRows);
    check_depthwise_of([[1, 2, 4, 7, 3], [1, 1, 3, 5, 1]], 16, Way::ShortRows);
}

#[test]
fn dilated_rows() {
    check_dilated();
}

/// Windows dilated over rows, in blocks of images and of channels, with rows of a class that are pairs or not.
pub(super) fn check_dilated() {
    for (rows, channels) in [(7, 1), (8, 5), (13, 3)] {
        check_depthwise_of([[1, 2, rows, 3, 0], [1, 1, 35, 3, 0]], channels, Way::DilatedRows);
        check_depthwise_of([[1, 3, rows, 3, 2], [1, 2, 20, 2, 1]], channels, Way::DilatedRows);
        check_depthwise_of([[2, 4, rows, 3, 3], [1, 1, 17, 5, 2]], channels, Way::DilatedRows);
    }
}

/// Checks windows along two axes, and that they are run with channels innermost.
fn check_windows(step: usize, [n, k]: [usize; 2], pad: usize) {
    check_depthwise_of([[step, 1, n, k, pad]; 2], 16, Way::ShortRows);
}

/// Checks windows over two images, and that they are run in a way where they are assigned: of each, the step, the dilation,
/// the results, the points, and the padding.
fn check_depthwise_of(windows: [[usize; 5]; 2], channels: usize, way: Way) {
    let mut random = Random(5);
    let mut extents = vec![2, channels];
    let (batch, channel) = (axis(2, 0, &[(0, 1)]), axis(channels, 0, &[(1, 1)]));
    let mut x = vec![batch.clone(), channel.clone()];
    let (mut w, mut y) = (vec![channel.clone()], vec![batch, channel]);
    for [step, dilation, n, k, pad] in windows {
        let extent = step * (n - 1) + dilation * (k - 1) + 1 - 2 * pad;
        let window = Window { steps: [step, dilation], points: [n, k], pad, extent };
        window.push(&mut extents, [&mut x, &mut w, &mut y]);
    }
    let [x, w, y] = [x, w, y].map(Array::adjacent);
    on_every_level(|level| {
        let taken = || TAKEN.get()[way as usize];
        let before = taken();
        for _ in 0..8 {
            check::<f32, 2>(&mut random, &extents, &[x.clone(), w.clone()], &y);
        }
        assert!(taken() > before || level < Level::Avx2);
    });
}

#[test]
fn rows_apart() {
    check_real(APART, 150, [Way::RowsApart], Level::Avx512);
}

#[test]
fn stencils() {
    check_real(
        APART,
        150,
        [Way::Rows, Way::OwnWeights, Way::PaddedRows, Way::Taps, Way::Stencil],
        Level::Avx2,
    );
}

/// Checks padded planes on every level, and that some of both ways are taken where there are kernels.
fn check_planes(most: [usize; 6], rounds: usize, ways: [Way; 2]) {
    let mut random = Random(11);
    on_every_level(|level| {
        let taken = || ways.map(|way| TAKEN.get()[way as usize]);
        let before = taken();
        check_same::<f32>(&mut random, most, rounds);
        check_same::<f64>(&mut random, most, rounds);
        let taken = [0, 1].map(|way| taken()[way] - before[way]);
        println!("{taken:?}");
        assert!(taken.iter().all(|taken| *taken > 10) || level < Level::Avx2, "{taken:?}");
    });
}

#[test]
fn planes() {
    check_planes(SMALL, 200, [Way::Planes, Way::PaddedRows]);
}

#[test]
fn long_rows() {
    check_planes(LONG, 80, [Way::PaddedTaps, Way::PaddedRows]);
}

/// The gradient of weights over channels that all images have: those of a row follow each other in both arrays, as a row of
/// a padded plane does, but it is along another axis that points are outside.
#[test]
fn padded_along_another_axis() {
    let mut random = Random(12);
    on_every_level(|_| {
        for _ in 0..150 {
            let extents = [5, 4, 17, 9, 30].map(|most| 1 + random.below(most));
            let [u, v, c, x, y] = [0, 1, 2, 3, 4];
            let along = |window: usize, row: usize, pad: usize| {
                let inside = (extents[window] + extents[row] - 1).saturating_sub(2 * pad).max(1);
                axis(inside, -pad.cast_signed(), &[(window, 1), (row, 1)])
            };
            let pads = if random.one_in(3) { [0, 1] } else { [1 + random.below(2), 0] };
            let channel = axis(extents[c], 0, &[(c, 1)]);
            let image = vec![along(u, x, pads[0]), along(v, y, pads[1]), channel.clone()];
            let cotangent = [x, y].map(|n| axis(extents[n], 0, &[(n, 1)])).to_vec();
            let weights =
                vec![axis(extents[u], 0, &[(u, 1)]), axis(extents[v], 0, &[(v, 1)]), channel];
            let [image, cotangent, weights] =
                [image, cotangent, weights].map(|axes| Array::lay(&mut random, axes));
            let sources = [image, cotangent];
            check::<f32, 2>(&mut random, &extents, &sources, &weights);
            check::<f64, 2>(&mut random, &extents, &sources, &weights);
        }
    });
}
