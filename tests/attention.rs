//! The `attention` example: its result and its gradients are those that torch gave.

#[path = "../examples/attention/attention.rs"]
mod attention;
#[path = "../examples/attention/reference.rs"]
mod reference;

use attention::Attention;
use einloom::ndarray::ArrayRef3;

/// The roundings of the longest path from an input to a gradient, generously; no intermediate is above 100.
const BOUND: f64 = 1000.0 * 100.0 * f64::EPSILON;

#[track_caller]
fn assert_close(found: &ArrayRef3<f64>, expected: &ArrayRef3<f64>) {
    assert_eq!(found.dim(), expected.dim());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= BOUND, "{found}, but torch has {expected}");
    }
}

#[test]
fn agrees_with_torch() {
    let mut stored = reference::reference();
    let mut take = |name: &str| stored.remove(name).unwrap();
    let (x, dy) = (take("x"), take("dy"));
    let weights = Attention {
        query: take("query"),
        key: take("key"),
        value: take("value"),
        output: take("output"),
    };
    let (y, saved) = weights.forward(&x);
    assert_close(&y, &take("y"));
    let (dx, gradient) = weights.backward(&x, &saved, &dy);
    assert_close(&dx, &take("d_x"));
    assert_close(&gradient.query, &take("d_query"));
    assert_close(&gradient.key, &take("d_key"));
    assert_close(&gradient.value, &take("d_value"));
    assert_close(&gradient.output, &take("d_output"));
    assert!(stored.is_empty(), "all references are compared");
}
