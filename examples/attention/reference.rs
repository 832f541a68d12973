//! The stored reference values; see `DATA.md`.

use std::collections::BTreeMap;

use einloom::ndarray::Array3;

/// The arrays of `reference.csv` by name.
pub(crate) fn reference() -> BTreeMap<&'static str, Array3<f64>> {
    include_str!("reference.csv").lines().map(array).collect()
}

fn array(line: &'static str) -> (&'static str, Array3<f64>) {
    let mut fields = line.split(',');
    let mut field = || fields.next().expect("a line has a name, a shape, and elements");
    let (name, shape, elements) = (field(), field(), field());
    let shape: Vec<usize> =
        shape.split(' ').map(|extent| extent.parse().expect("extents are integers")).collect();
    let elements =
        elements.split(' ').map(|element| element.parse().expect("elements are numbers")).collect();
    let [first, second, third] = shape[..] else { panic!("`{name}` has three axes") };
    let array = Array3::from_shape_vec((first, second, third), elements);
    (name, array.expect("a shape has as many elements"))
}
