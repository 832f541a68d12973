//! Windows and composed axes through the macros.

use einloom::einsum;
use ndarray::Array3;

#[test]
fn valid_convolution() {
    let x = Array3::from_shape_fn((2, 3, 9), |(b, c, x)| (b * 31 + c * 7 + x * x) as f64 % 5.0);
    let w = Array3::from_shape_fn((4, 3, 3), |(o, c, k)| (o * 3 + c * 5 + k) as f64 % 7.0 - 3.0);
    let y = einsum!("bc(x+k),ock->box", &x, &w);
    assert_eq!(y.shape(), [2, 4, 7]);
    for ((b, o, i), &y) in y.indexed_iter() {
        let mut sum = 0.0;
        for c in 0..3 {
            for k in 0..3 {
                sum += x[[b, c, i + k]] * w[[o, c, k]];
            }
        }
        assert_eq!(y, sum);
    }
}
