//! Convolutions and the layers of the `layers` example equal torch's, values and gradients: convolutions of small integers
//! exactly, attention up to rounding. What torch computes lies in `torch/`, beside the scripts that have written it.

#[path = "../examples/layers/attention.rs"]
mod attention;
#[path = "../examples/layers/convolution.rs"]
mod convolution;

use std::collections::BTreeMap;

use einloom::{einsum, einsum_grad};
use ndarray::{Array, Array3, Array4, ArrayD, Dimension, IxDyn};

use attention::Attention;
use convolution::{Convolution1, Convolution2};

/// What torch was called with, and its arrays by name.
struct Case {
    call: &'static str,
    arrays: BTreeMap<&'static str, ArrayD<f64>>,
}

impl Case {
    fn array<D: Dimension>(&self, name: &str) -> Array<f64, D> {
        self.arrays[name].clone().into_dimensionality().unwrap()
    }
}

fn convolutions_of_torch() -> Vec<Case> {
    cases(include_str!("torch/convolutions.txt"))
}

fn cases(text: &'static str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for line in text.lines() {
        if let Some(call) = line.strip_prefix("case ") {
            cases.push(Case { call, arrays: BTreeMap::new() });
        } else if !line.starts_with('#') {
            let mut words = line.split(' ');
            let mut word = || words.next().expect("three words");
            let (name, shape, elements) = (word(), word(), word());
            let shape: Vec<usize> = shape.split(',').map(|n| n.parse().unwrap()).collect();
            let elements: Vec<f64> = elements.split(',').map(|n| n.parse().unwrap()).collect();
            let array = ArrayD::from_shape_vec(IxDyn(&shape), elements).unwrap();
            cases.last_mut().expect("a case").arrays.insert(name, array);
        }
    }
    cases
}

/// The value and both gradients of a convolution, against those of its case.
macro_rules! convolution {
    ($case:expr, $text:literal $($options:tt)*) => {{
        let arrays = &$case.arrays;
        let (x, w, dy) = (&arrays["x"], &arrays["w"], &arrays["dy"]);
        assert_eq!(einsum!($text, x, w $($options)*).into_dyn(), arrays["y"], "{}", $case.call);
        let (dx, dw) = gradients!($text, x, w, dy $($options)*);
        assert_eq!(dx.into_dyn(), arrays["dx"], "gradient of the input of {}", $case.call);
        assert_eq!(dw.into_dyn(), arrays["dw"], "gradient of the weight of {}", $case.call);
    }};
}

macro_rules! gradients {
    ($text:literal, $x:expr, $w:expr, $dy:expr) => { einsum_grad!($text, $x, $w; $dy) };
    ($text:literal, $x:expr, $w:expr, $dy:expr; $($options:tt)*) => {
        einsum_grad!($text, $x, $w; $dy; $($options)*)
    };
}

/// A transposed convolution is the gradient of a convolution's input, whose value is its own gradient.
macro_rules! transposed {
    ($case:expr, $text:literal) => {{
        let arrays = &$case.arrays;
        let (x, w, dy) = (&arrays["x"], &arrays["w"], &arrays["dy"]);
        let (y, _) = einsum_grad!($text, &ArrayD::<f64>::zeros(dy.shape()), w; x);
        assert_eq!(y.into_dyn(), arrays["y"], "{}", $case.call);
        assert_eq!(einsum!($text, dy, w).into_dyn(), arrays["dx"], "{}", $case.call);
        let (_, dw) = einsum_grad!($text, dy, w; x);
        assert_eq!(dw.into_dyn(), arrays["dw"], "{}", $case.call);
    }};
}

#[test]
fn convolutions() {
    let mut seen = 0;
    for case in convolutions_of_torch() {
        seen += 1;
        match case.call {
            "conv1d" => convolution!(case, "bc(x+k),ock->box"),
            "conv1d stride=2" => convolution!(case, "bc(2*x+k),ock->box"),
            "conv1d stride=3 padding=2 dilation=2" => {
                convolution!(case, "bc(3*x+2*k-2),ock->box");
            }
            "conv1d padding=4" => convolution!(case, "bc(x+k-4),ock->box"),
            "conv2d padding=1" => convolution!(case, "bc(y+u-1)(x+v-1),ocuv->boyx"),
            "conv2d stride=2 padding=1" => {
                convolution!(case, "bc(2*y+u-1)(2*x+v-1),ocuv->boyx");
            }
            "conv2d stride=2 padding=2 dilation=2" => {
                convolution!(case, "bc(2*y+2*u-2)(2*x+2*v-2),ocuv->boyx");
            }
            "conv2d padding=1 groups=2" => convolution!(
                case,
                "b (g c) (y+u-1) (x+v-1), (g o) c u v -> b (g o) y x"; g = 2
            ),
            // As many groups as channels: a depthwise convolution, also without a composed axis.
            "conv2d padding=1 groups=4" => {
                convolution!(
                    case,
                    "b (g c) (y+u-1) (x+v-1), (g o) c u v -> b (g o) y x"; g = 4
                );
                convolution!(case, "b c (y+u-1) (x+v-1), c 1 u v -> b c y x");
            }
            "conv_transpose1d stride=2 padding=1" => transposed!(case, "bc(2*x+k-1),ock->box"),
            "conv_transpose2d stride=2 padding=1" => {
                transposed!(case, "bc(2*y+u-1)(2*x+v-1),ocuv->boyx");
            }
            "conv1d stride=2 padding=1" => convolution!(case, "bc(2*x+k-1),ock->box"),
            "conv2d stride=2 padding=1 dilation=2 groups=2" => convolution!(
                case,
                "b (g c) (2*y+2*u-1) (2*x+2*v-1), (g o) c u v -> b (g o) y x"; g = 2
            ),
            other => panic!("{other} is not compared"),
        }
    }
    assert_eq!(seen, 13);
}

#[test]
fn convolutions_of_the_example() {
    let mut seen = 0;
    for case in convolutions_of_torch() {
        let (groups, stride, dilation) = match case.call {
            "conv1d stride=2 padding=1" => {
                let layer = Convolution1 { weight: case.array("w"), stride: 2 };
                let (x, dy): (Array3<f64>, Array3<f64>) = (case.array("x"), case.array("dy"));
                assert_eq!(layer.forward(&x), case.array("y"));
                assert_eq!(layer.backward(&x, &dy), (case.array("dx"), case.array("dw")));
                seen += 1;
                continue;
            }
            "conv2d padding=1" => (1, 1, 1),
            "conv2d stride=2 padding=1" => (1, 2, 1),
            "conv2d padding=1 groups=2" => (2, 1, 1),
            "conv2d padding=1 groups=4" => (4, 1, 1),
            "conv2d stride=2 padding=1 dilation=2 groups=2" => (2, 2, 2),
            _ => continue,
        };
        let layer = Convolution2 { weight: case.array("w"), groups, stride, dilation };
        let (x, dy): (Array4<f64>, Array4<f64>) = (case.array("x"), case.array("dy"));
        assert_eq!(layer.forward(&x), case.array("y"), "{}", case.call);
        assert_eq!(layer.backward(&x, &dy), (case.array("dx"), case.array("dw")), "{}", case.call);
        seen += 1;
    }
    assert_eq!(seen, 6);
}

#[test]
fn attention_of_the_example() {
    let all = cases(include_str!("torch/attention.txt"));
    let [case] = &all[..] else { panic!("one case") };
    assert_eq!(case.call, "attention heads=2");
    let layer =
        Attention { heads: 2, projection: case.array("projection"), output: case.array("output") };
    let (x, dy): (Array3<f64>, Array3<f64>) = (case.array("x"), case.array("dy"));
    let (y, seen) = layer.forward(&x);
    let (dx, gradient) = layer.backward(&x, &seen, &dy);
    assert_eq!(gradient.heads, 2);
    // Sums of at most 18 products of numbers below 10, a few layers deep.
    let close = |found: ArrayD<f64>, name: &str| {
        let expected = &case.arrays[name];
        assert_eq!(found.shape(), expected.shape(), "{name}");
        let error = (found - expected).fold(0.0_f64, |most, error| most.max(error.abs()));
        assert!(error < 1e-12, "{name} differs by {error}");
    };
    close(y.into_dyn(), "y");
    close(dx.into_dyn(), "dx");
    close(gradient.projection.into_dyn(), "dprojection");
    close(gradient.output.into_dyn(), "doutput");
}
