//! What a result must be: an einsum in letters as nested loops over `f64`.
//!
//! Shares nothing with einloom. All labels are looped over, in the order of the output and then of
//! the operands, but the output's last label runs innermost, which keeps large cases bearable.

use ndarray::{Array, Dimension, LayoutRef};

use crate::Number;

/// Computes `expression`, letters only, and returns the result in C order.
///
/// # Panics
///
/// If the expression does not fit the operands.
pub fn einsum(expression: &str, operands: &[&dyn Operand]) -> Vec<f64> {
    let (inputs, output) = expression.split_once("->").expect("an arrow");
    let inputs: Vec<&str> = inputs.split(',').collect();
    assert_eq!(inputs.len(), operands.len(), "operands of `{expression}`");

    let mut labels: Vec<char> = output.chars().collect();
    let innermost = labels.pop();
    for label in inputs.iter().flat_map(|term| term.chars()) {
        if !labels.contains(&label) && innermost != Some(label) {
            labels.push(label);
        }
    }
    labels.extend(innermost);

    let extents: Vec<usize> =
        labels.iter().map(|&label| extent(label, &inputs, operands)).collect();
    let shape = |term: &str| -> Vec<usize> {
        term.chars().map(|label| extent(label, &inputs, operands)).collect()
    };
    let data: Vec<Vec<f64>> = operands.iter().map(|operand| operand.values()).collect();
    let mut result = vec![0.0; shape(output).iter().product()];
    let strides: Vec<Vec<usize>> =
        inputs.iter().chain([&output]).map(|term| strides(term, &shape(term), &labels)).collect();
    nest(&extents, &strides, &vec![0; strides.len()], &data, &mut result);
    result
}

/// An operand of the oracle: an array of any type and rank.
pub trait Operand {
    /// The extents of its axes.
    fn shape(&self) -> &[usize];
    /// Its elements in C order.
    fn values(&self) -> Vec<f64>;
}

impl<T: Number, D: Dimension> Operand for Array<T, D> {
    fn shape(&self) -> &[usize] {
        LayoutRef::shape(self)
    }
    fn values(&self) -> Vec<f64> {
        self.iter().map(|value| value.wide()).collect()
    }
}

fn extent(label: char, inputs: &[&str], operands: &[&dyn Operand]) -> usize {
    let mut found = inputs
        .iter()
        .zip(operands)
        .flat_map(|(term, operand)| term.chars().zip(operand.shape().iter().copied()))
        .filter(|&(other, _)| other == label)
        .map(|(_, extent)| extent);
    let first = found.next().expect("a label of some operand");
    assert!(found.all(|other| other == first), "extents of `{label}` disagree");
    first
}

/// How far each label's next position is in an array in C order; repeated labels add up.
fn strides(term: &str, shape: &[usize], labels: &[char]) -> Vec<usize> {
    let stride = |axis: usize| shape[axis + 1..].iter().product::<usize>();
    let along = |label| term.chars().enumerate().filter(move |&(_, other)| other == label);
    labels.iter().map(|&label| along(label).map(|(axis, _)| stride(axis)).sum()).collect()
}

/// Runs the loops over `extents` from the arrays' places `at`, the last of which is the result's.
fn nest(
    extents: &[usize],
    strides: &[Vec<usize>],
    at: &[usize],
    data: &[Vec<f64>],
    result: &mut [f64],
) {
    let depth = strides[0].len() - extents.len();
    let step = |position: usize, array: usize| at[array] + position * strides[array][depth];
    match extents {
        [] => {
            let factors = data.iter().zip(at).map(|(data, &at)| data[at]);
            result[at[data.len()]] += factors.product::<f64>();
        }
        // One operand after the other, which the compiler makes fast.
        &[extent] => {
            let mut row = vec![1.0; extent];
            for (array, data) in data.iter().enumerate() {
                for (position, value) in row.iter_mut().enumerate() {
                    *value *= data[step(position, array)];
                }
            }
            for (position, value) in row.iter().enumerate() {
                result[step(position, data.len())] += value;
            }
        }
        [extent, inner @ ..] => {
            for position in 0..*extent {
                let at: Vec<usize> = (0..at.len()).map(|array| step(position, array)).collect();
                nest(inner, strides, &at, data, result);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::einsum;

    #[test]
    fn sums_over_what_the_output_lacks() {
        let (a, b) = (array![[1.0, 2.0], [3.0, 4.0]], array![[5.0, 6.0], [7.0, 8.0]]);
        assert_eq!(einsum("ij,jk->ik", &[&a, &b]), [19.0, 22.0, 43.0, 50.0]);
        assert_eq!(einsum("ij->ji", &[&a]), [1.0, 3.0, 2.0, 4.0]);
        assert_eq!(einsum("ii->", &[&a]), [5.0]);
        assert_eq!(einsum("i,ij,j->", &[&array![1.0, 2.0], &a, &array![1.0, 1.0]]), [17.0]);
    }
}
