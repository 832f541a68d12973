//! Windows and composed axes through the macros, on arrays as users have them.

use einloom::{einsum, einsum_grad, einsum_into, einsum_view};
use ndarray::{Array, Array1, Array2, Array3, Array4, Dimension, ShapeBuilder, array, s};

/// An array of small integers, so that every sum is exact.
fn numbers<D: Dimension, S: ShapeBuilder<Dim = D>>(shape: S, seed: usize) -> Array<f64, D> {
    let mut state = seed;
    Array::from_shape_simple_fn(shape, || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) % 9) as f64 - 4.0
    })
}

/// The convolution as it is defined, with a step and dilation, and padding in front and behind.
fn convolved(
    x: &Array3<f64>,
    w: &Array3<f64>,
    [step, dilation, front, n]: [usize; 4],
) -> Array3<f64> {
    let ((batch, channels, len), (out, _, taps)) = (x.dim(), w.dim());
    Array3::from_shape_fn((batch, out, n), |(b, o, i)| {
        let mut sum = 0.0;
        for (c, k) in (0..channels).flat_map(|c| (0..taps).map(move |k| (c, k))) {
            if let Some(at) = (step * i + dilation * k).checked_sub(front).filter(|at| *at < len) {
                sum += x[[b, c, at]] * w[[o, c, k]];
            }
        }
        sum
    })
}

#[test]
fn convolutions() {
    let (x, w) = (numbers((2, 3, 19), 1), numbers((4, 3, 3), 2));
    assert_eq!(einsum!("bc(x+k),ock->box", &x, &w), convolved(&x, &w, [1, 1, 0, 17]));
    assert_eq!(einsum!("bc(2*x+3*k),ock->box", &x, &w), convolved(&x, &w, [2, 3, 0, 7]));
    assert_eq!(einsum!("bc(x+k-1),ock->box", &x, &w), convolved(&x, &w, [1, 1, 1, 19]));
    assert_eq!(einsum!("bc(3*x+2*k-4),ock->box", &x, &w), convolved(&x, &w, [3, 2, 4, 8]));
    // Two in front, none behind.
    assert_eq!(einsum!("bc(x+k-2),ock->box", &x, &w; x = 19), convolved(&x, &w, [1, 1, 2, 19]));
    let (step, dilation) = (2, 3);
    assert_eq!(
        einsum!("b c (step*x + dilation*k), o c k -> b o x", &x, &w; step = step, dilation = dilation),
        convolved(&x, &w, [2, 3, 0, 7])
    );
    assert_eq!(
        einsum!("b c (step*x + k), o c k -> b o x", &x, &w; step = 4),
        convolved(&x, &w, [4, 1, 0, 5])
    );
}

/// Depthwise, the channels last: the value and both gradients, by their definitions.
#[test]
fn adjacent_channels() {
    for (channels, [height, width], taps) in [(37, [9, 21], [3, 5]), (8, [14, 7], [7, 3])] {
        let x = numbers((2, height, width, channels), 1);
        let w = numbers((taps[0], taps[1], channels), 2);
        let (rows, columns) = ((height + 2 - taps[0]) / 2 + 1, width + 5 - taps[1]);
        let dy = numbers((2, rows, columns, channels), 3);
        let mut expected =
            (Array4::zeros(dy.dim()), Array4::zeros(x.dim()), Array3::zeros(w.dim()));
        for ((b, i, j, c), &dy) in dy.indexed_iter() {
            for (u, v) in (0..taps[0]).flat_map(|u| (0..taps[1]).map(move |v| (u, v))) {
                let row = (2 * i + u).checked_sub(1).filter(|row| *row < height);
                let column = (j + v).checked_sub(2).filter(|column| *column < width);
                let Some((row, column)) = row.zip(column) else { continue };
                expected.0[[b, i, j, c]] += x[[b, row, column, c]] * w[[u, v, c]];
                expected.1[[b, row, column, c]] += dy * w[[u, v, c]];
                expected.2[[u, v, c]] += dy * x[[b, row, column, c]];
            }
        }
        let y = einsum!("b (2*y+u-1) (x+v-2) c, u v c -> b y x c", &x, &w);
        assert_eq!(y.dim(), expected.0.dim());
        let (dx, dw) = einsum_grad!("b (2*y+u-1) (x+v-2) c, u v c -> b y x c", &x, &w; &dy);
        assert!((y, dx, dw) == expected);
    }
}

#[test]
fn layouts() {
    let (x, w) = (numbers((19, 2, 3), 3), numbers((3, 4, 3), 4));
    let turned = x.view().permuted_axes([1, 2, 0]);
    let kernel = w.view().permuted_axes([1, 0, 2]);
    let kernel = kernel.slice(s![.., .., ..;-1]);
    let expected = convolved(&turned.to_owned(), &kernel.to_owned(), [2, 1, 1, 10]);
    assert_eq!(einsum!("bc(2*x+k-1),ock->box", &turned, kernel), expected);
    let mut y = Array3::from_elem((4, 20, 2), 1.0);
    let mut place = y.slice_mut(s![..;-1, ..;2, ..]).permuted_axes([2, 0, 1]);
    einsum_into!("bc(2*x+k-1),ock->box", &turned, kernel => place; alpha = 2.0, beta = 3.0);
    let found = y.slice(s![..;-1, ..;2, ..]).permuted_axes([2, 0, 1]).to_owned();
    assert_eq!(found, expected.mapv(|value| 2.0 * value + 3.0));
    assert!(y.slice(s![.., 1..;2, ..]).iter().all(|&value| value == 1.0));
}

#[test]
fn other_elements() {
    let taps = [1_u8, 10, 100];
    assert_eq!(einsum!("(x+k),k->x", [1_u8, 2, 0, 1], &taps), array![21, 102]);
    assert_eq!(einsum!("(x+k),k->x", vec![1_i64; 5], [1, -1].as_slice()), array![0, 0, 0, 0]);
    let nested = [[1.0_f32, 2.0, 3.0], [4.0, 5.0, 6.0]];
    assert_eq!(einsum!("(y+u)(x+v)->yx", &nested; u = 2, v = 2), array![[12.0, 16.0]]);
    assert_eq!(einsum!("b(h w)->hw", &nested; w = 3), array![[5.0, 7.0, 9.0]]);
}

#[test]
fn extents_of_zero() {
    let (none, k) = (Array2::<f64>::zeros((2, 0)), Array1::<f64>::ones(3));
    assert_eq!(einsum!("b(x+k),k->bx", &none, &k).dim(), (2, 0));
    assert_eq!(einsum!("b(x+k-1),k->bx", &none, Array1::<f64>::ones(2)).dim(), (2, 1));
    let a = Array2::<f64>::ones((2, 4));
    // No taps: a sum of nothing, of which an extent of one is as large as can be.
    assert_eq!(einsum!("b(x+k),k->bx", &a, Array1::<f64>::zeros(0)), Array2::zeros((2, 4)));
    assert_eq!(einsum!("b(h d)->bhd", &none; h = 3).dim(), (2, 3, 0));
    let (da, dk) = einsum_grad!("b(x+k),k->bx", &none, &k; Array2::<f64>::zeros((2, 0)));
    assert_eq!((da, dk), (none, Array1::zeros(3)));
}

#[test]
fn gradients_of_windows_add_up() {
    let (x, w) = (numbers((2, 3, 8), 5), numbers((4, 3, 3), 6));
    let dy = numbers((2, 4, 3), 7);
    let (dx, dw) = einsum_grad!("bc(2*x+k),ock->box", &x, &w; &dy);
    let (mut expected_x, mut expected_w) = (Array3::zeros((2, 3, 8)), Array3::zeros((4, 3, 3)));
    for ((b, o, i), &dy) in dy.indexed_iter() {
        for (c, k) in (0..3).flat_map(|c| (0..3).map(move |k| (c, k))) {
            expected_x[[b, c, 2 * i + k]] += dy * w[[o, c, k]];
            expected_w[[o, c, k]] += dy * x[[b, c, 2 * i + k]];
        }
    }
    // The last position of `x` is in no window.
    assert_eq!(expected_x.slice(s![.., .., 7]), Array2::<f64>::zeros((2, 3)));
    assert_eq!((dx, dw), (expected_x, expected_w));
}

#[test]
fn heads() {
    let (q, k) = (numbers((2, 5, 6), 8), numbers((2, 7, 6), 9));
    let scores = einsum!("b q (h d), b k (h d) -> b h q k", &q, &k; h = 3);
    assert_eq!(scores.dim(), (2, 3, 5, 7));
    let split = |x: &Array3<f64>, n| x.clone().into_shape_with_order((2, n, 3, 2)).unwrap();
    let (q4, k4) = (split(&q, 5), split(&k, 7));
    assert_eq!(scores, einsum!("bqhd,bkhd->bhqk", &q4, &k4));
    let v = numbers((2, 7, 6), 10);
    let merged = einsum!("b h q k, b k (h d) -> b q (h d)", &scores, &v);
    let apart = einsum!("bhqk,bkhd->bqhd", &scores, &split(&v, 7));
    assert_eq!(merged, apart.clone().into_shape_with_order((2, 5, 6)).unwrap());
    let dy = numbers((2, 5, 6), 11);
    let (ds, dv) = einsum_grad!("b h q k, b k (h d) -> b q (h d)", &scores, &v; &dy);
    let (ds4, dv4) = einsum_grad!("bhqk,bkhd->bqhd", &scores, &split(&v, 7); &split(&dy, 5));
    assert_eq!((ds, dv), (ds4, dv4.into_shape_with_order((2, 7, 6)).unwrap()));
}

#[test]
fn views() {
    let a = Array4::from_shape_fn((2, 3, 8, 6), |(i, j, k, l)| ((i * 3 + j) * 8 + k) * 6 + l);
    let split = einsum_view!("b c (y v) (u x) -> u b c x v y", &a; v = 2, u = 3);
    assert_eq!(split.dim(), (3, 2, 3, 2, 2, 4));
    for ((u, b, c, x, v, y), &value) in split.indexed_iter() {
        assert_eq!(value, a[[b, c, 2 * y + v, 2 * u + x]]);
    }
    let reversed = a.slice(s![.., .., ..;-1, ..]);
    let windows = einsum_view!("... (2*y+u+1) x -> ... x y u", &reversed; u = 3);
    assert_eq!(windows.dim(), (2, 3, 6, 3, 3));
    for ((b, c, x, y, u), &value) in windows.indexed_iter() {
        assert_eq!(value, reversed[[b, c, 2 * y + u + 1, x]]);
    }
    assert_eq!(einsum_view!("(2*i+1)->i", &[1, 2, 3, 4, 5]), array![2, 4]);
    assert_eq!(einsum_view!("ij->ji", &array![[1, 2]]; i = 1), array![[1], [2]]);
    let none = Array1::<u8>::zeros(0);
    assert_eq!(einsum_view!("(x+k)->xk", &none; k = 2).dim(), (0, 2));
}
