//! Complex and real einsums against values that torch gave once; see `DATA.md`.

use std::collections::BTreeMap;

use einloom::einsum_fn;
use ndarray::{Array, ArrayD, Dimension, Ix1, Ix2, Ix3, Ix4, arr0};
use num_complex::Complex;

type C = Complex<f64>;

einsum_fn! {
    #[hvp]
    fn chain(a: "ij", b: "jk", c: "kl") -> "il";
    #[hvp]
    fn diagonal(a: "iij", b: "jk") -> "ik";
    #[hvp]
    fn lone(a: "bik", b: "jkl") -> "bij";
    #[hvp]
    fn ellipsis(a: "...ij", b: "...jk") -> "...ik";
    #[hvp]
    fn bilinear(a: "i", b: "ij", c: "j") -> "";
}

/// The roundings of sums of at most 16 products of at most four numbers below 5.
const BOUND: f64 = 16.0 * 625.0 * 8.0 * f64::EPSILON;

/// The arrays of one case by name.
struct Case(BTreeMap<&'static str, ArrayD<C>>);

impl Case {
    fn new(case: &str) -> Self {
        let lines = include_str!("reference.csv").lines().map(|line| line.split(',').collect());
        let lines = lines.filter(|fields: &Vec<&str>| fields[0] == case);
        Case(lines.map(|fields| (fields[1], array(fields[2], fields[3]))).collect())
    }

    fn take<D: Dimension>(&self, name: &str) -> Array<C, D> {
        self.0[name].clone().into_dimensionality().expect("the rank of the case")
    }

    fn real<D: Dimension>(&self, name: &str) -> Array<f64, D> {
        self.take(name).mapv(|element| element.re)
    }

    #[track_caller]
    fn compare<D: Dimension>(&self, name: &str, found: &Array<C, D>) {
        let expected = &self.0[name];
        assert_eq!(found.shape(), expected.shape(), "shape of {name}");
        for (found, expected) in found.iter().zip(expected) {
            let error = (found - expected).norm();
            assert!(error <= BOUND, "{name}: {found}, but torch has {expected}");
        }
    }

    #[track_caller]
    fn compare_real<D: Dimension>(&self, name: &str, found: &Array<f64, D>) {
        self.compare(name, &found.mapv(C::from));
    }
}

fn array(shape: &str, elements: &str) -> ArrayD<C> {
    let shape: Vec<usize> =
        shape.split_whitespace().map(|extent| extent.parse().expect("an extent")).collect();
    let parts: Vec<f64> = elements.split(' ').map(|part| part.parse().expect("a number")).collect();
    let elements = parts.chunks(2).map(|part| C::new(part[0], part[1])).collect();
    ArrayD::from_shape_vec(shape, elements).expect("a shape has as many elements")
}

#[test]
fn chains() {
    let case = Case::new("chain");
    let [a, b, c]: [Array<C, Ix2>; 3] = ["x0", "x1", "x2"].map(|name| case.take(name));
    let [ta, tb, tc]: [Array<C, Ix2>; 3] = ["t0", "t1", "t2"].map(|name| case.take(name));
    let dy = case.take("dy");
    let (y, (da, db, dc)) = chain::value_and_vjp(&a, &b, &c, &dy);
    case.compare("y", &y);
    case.compare("d0", &da);
    case.compare("d1", &db);
    case.compare("d2", &dc);
    case.compare("ty", &chain::jvp(&a, &b, &c, &ta, &tb, &tc));
    let (ha, hb, hc) = chain::hvp(&a, &b, &c, &dy, &ta, &tb, &tc);
    case.compare("h0", &ha);
    case.compare("h1", &hb);
    case.compare("h2", &hc);
}

#[test]
fn diagonals() {
    let case = Case::new("diagonal");
    let (a, b) = (case.take::<Ix3>("x0"), case.take::<Ix2>("x1"));
    let (ta, tb) = (case.take::<Ix3>("t0"), case.take::<Ix2>("t1"));
    let dy = case.take("dy");
    let (y, (da, db)) = diagonal::value_and_vjp(&a, &b, &dy);
    case.compare("y", &y);
    case.compare("d0", &da);
    case.compare("d1", &db);
    case.compare("ty", &diagonal::jvp(&a, &b, &ta, &tb));
    let (ha, hb) = diagonal::hvp(&a, &b, &dy, &ta, &tb);
    case.compare("h0", &ha);
    case.compare("h1", &hb);
}

#[test]
fn lone_indices() {
    let case = Case::new("lone");
    let [a, b]: [Array<f64, Ix3>; 2] = ["x0", "x1"].map(|name| case.real(name));
    let [ta, tb]: [Array<f64, Ix3>; 2] = ["t0", "t1"].map(|name| case.real(name));
    let dy = case.real("dy");
    let (y, (da, db)) = lone::value_and_vjp(&a, &b, &dy);
    case.compare_real("y", &y);
    case.compare_real("d0", &da);
    case.compare_real("d1", &db);
    case.compare_real("ty", &lone::jvp(&a, &b, &ta, &tb));
    let (ha, hb) = lone::hvp(&a, &b, &dy, &ta, &tb);
    case.compare_real("h0", &ha);
    case.compare_real("h1", &hb);
}

#[test]
fn broadcast_ellipses() {
    let case = Case::new("ellipsis");
    let (a, b) = (case.take::<Ix3>("x0"), case.take::<Ix4>("x1"));
    let (ta, tb) = (case.take::<Ix3>("t0"), case.take::<Ix4>("t1"));
    let dy = case.take::<Ix4>("dy");
    let (y, (da, db)) = ellipsis::value_and_vjp(&a, &b, &dy);
    case.compare("y", &y);
    case.compare("d0", &da);
    case.compare("d1", &db);
    case.compare("ty", &ellipsis::jvp(&a, &b, &ta, &tb));
    let (ha, hb) = ellipsis::hvp(&a, &b, &dy, &ta, &tb);
    case.compare("h0", &ha);
    case.compare("h1", &hb);
}

#[test]
fn scalars() {
    let case = Case::new("bilinear");
    let (a, b, c) = (case.real::<Ix1>("x0"), case.real::<Ix2>("x1"), case.real::<Ix1>("x2"));
    let (ta, tb, tc) = (case.real::<Ix1>("t0"), case.real::<Ix2>("t1"), case.real::<Ix1>("t2"));
    let dy = case.0["dy"].first().expect("a scalar").re;
    let (y, (da, db, dc)) = bilinear::value_and_vjp(&a, &b, &c, dy);
    case.compare_real("y", &arr0(y));
    case.compare_real("d0", &da);
    case.compare_real("d1", &db);
    case.compare_real("d2", &dc);
    case.compare_real("ty", &arr0(bilinear::jvp(&a, &b, &c, &ta, &tb, &tc)));
    let (ha, hb, hc) = bilinear::hvp(&a, &b, &c, dy, &ta, &tb, &tc);
    case.compare_real("h0", &ha);
    case.compare_real("h1", &hb);
    case.compare_real("h2", &hc);
}
