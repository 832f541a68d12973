//! The oracle for large extents: of operands whose elements are products of one number an axis, or sums of a few of these,
//! einsums are products too, of what the labels on axes of their own make. No loop runs over more labels than an axis joins.

use super::axes::Axis;
use super::{Number, Space, Tensor};

/// A tensor `Σ_part Π_axis factors[part][axis][position]`.
#[derive(Clone, Debug)]
pub(crate) struct Separable<T> {
    pub(crate) shape: Vec<usize>,
    pub(crate) parts: Vec<Vec<Vec<T>>>,
}

impl<T: Number> Separable<T> {
    /// A tensor of so many parts, whose numbers `draw` draws.
    pub(crate) fn new(shape: Vec<usize>, parts: usize, mut draw: impl FnMut() -> T) -> Self {
        let mut vector = |&extent: &usize| (0..extent).map(|_| draw()).collect();
        let parts = (0..parts).map(|_| shape.iter().map(&mut vector).collect()).collect();
        Separable { shape, parts }
    }

    /// All its elements.
    pub(crate) fn tensor(&self) -> Tensor<T> {
        let mut tensor = Tensor::zeros(self.shape.clone());
        for factors in &self.parts {
            let table = |(axis, factor): (usize, &Vec<T>)| Table {
                axes: vec![axis],
                values: factor.clone(),
            };
            add_product(&mut tensor, &factors.iter().enumerate().map(table).collect::<Vec<_>>());
        }
        tensor
    }

    fn conjugate(&self) -> Self {
        let vector = |factor: &Vec<T>| factor.iter().map(|number| number.conjugate()).collect();
        let parts = self.parts.iter().map(|factors| factors.iter().map(vector).collect());
        Separable { shape: self.shape.clone(), parts: parts.collect() }
    }
}

/// `result[output] = Σ Π operand[term]`.
pub(crate) fn einsum<T: Number>(text: &str, operands: &[Separable<T>]) -> Tensor<T> {
    let space = space(text, operands);
    let sources: Vec<_> =
        operands.iter().zip(&space.terms).map(|(x, term)| (x.clone(), &term[..])).collect();
    sum(&space, &sources, &space.output, space.shape(&space.output))
}

/// The gradient of every operand, as [`super::gradients`].
pub(crate) fn gradients<T: Number>(
    text: &str,
    operands: &[Separable<T>],
    cotangent: &Separable<T>,
) -> Vec<Tensor<T>> {
    let space = space(text, operands);
    let of = |k: usize| {
        let others = operands.iter().zip(&space.terms).enumerate().filter(|&(j, _)| j != k);
        let others = others.map(|(_, (x, term))| (x.conjugate(), &term[..]));
        let sources: Vec<_> =
            [(cotangent.clone(), &space.output[..])].into_iter().chain(others).collect();
        sum(&space, &sources, &space.terms[k], operands[k].shape.clone())
    };
    (0..operands.len()).map(of).collect()
}

fn space<T>(text: &str, operands: &[Separable<T>]) -> Space {
    let shapes: Vec<&[usize]> = operands.iter().map(|operand| operand.shape.as_slice()).collect();
    Space::new(text, &shapes, &[])
}

/// `result[target] = Σ Π source[term]` over all labels.
fn sum<T: Number>(
    space: &Space,
    sources: &[(Separable<T>, &[Axis])],
    target: &[Axis],
    shape: Vec<usize>,
) -> Tensor<T> {
    let terms = sources.iter().map(|(_, term)| *term).chain([target]);
    let groups = groups(space.extents.len(), terms.flatten());
    let mut result = Tensor::zeros(shape);
    // Every choice of a part of each source.
    let choices: usize = sources.iter().map(|(source, _)| source.parts.len()).product();
    for choice in 0..choices {
        let mut rest = choice;
        let mut factors = Vec::new();
        for (source, term) in sources {
            let part = &source.parts[rest % source.parts.len()];
            rest /= source.parts.len();
            factors.extend(part.iter().zip(*term));
        }
        let table = |group: &Vec<usize>| Table::of(space, group, &factors, (target, &result.shape));
        let tables: Vec<Table<T>> = groups.iter().map(table).collect();
        add_product(&mut result, &tables);
    }
    result
}

/// The labels in groups, such that no axis has labels of two.
fn groups<'a>(labels: usize, axes: impl Iterator<Item = &'a Axis>) -> Vec<Vec<usize>> {
    let mut group: Vec<usize> = (0..labels).collect();
    for axis in axes {
        let mut joined = axis.labels().map(|label| group[label]);
        let Some(first) = joined.next() else { continue };
        let others: Vec<usize> = joined.collect();
        for number in &mut group {
            *number = if others.contains(number) { first } else { *number };
        }
    }
    let of = |number| (0..labels).filter(|&label| group[label] == number).collect::<Vec<_>>();
    (0..labels).map(of).filter(|group| !group.is_empty()).collect()
}

/// What some labels make of the target: a dense array over its axes with these labels.
struct Table<T> {
    /// Their numbers.
    axes: Vec<usize>,
    values: Vec<T>,
}

impl<T: Number> Table<T> {
    /// The sum over the labels of a group of the product of all factors along its axes.
    fn of(
        space: &Space,
        group: &[usize],
        factors: &[(&Vec<T>, &Axis)],
        (target, shape): (&[Axis], &[usize]),
    ) -> Self {
        let is_own = |axis: &Axis| axis.labels().any(|label| group.contains(&label));
        let axes: Vec<usize> = (0..target.len()).filter(|&axis| is_own(&target[axis])).collect();
        let factors: Vec<_> = factors.iter().filter(|(_, axis)| is_own(axis)).collect();
        let size = axes.iter().map(|&axis| shape[axis]).product();
        let mut values = vec![T::new(0, 0); size];
        let mut position = vec![0; space.extents.len()];
        let points: usize = group.iter().map(|&label| space.extents[label]).product();
        for point in 0..points {
            let mut rest = point;
            for &label in group.iter().rev() {
                position[label] = rest % space.extents[label];
                rest /= space.extents[label];
            }
            let number = |(factor, axis): &&(&Vec<T>, &Axis)| {
                let at = axis.at(&position, factor.len());
                at.map_or(T::new(0, 0), |at| factor[at])
            };
            let product = factors.iter().map(number).fold(T::new(1, 0), T::times);
            let offset = axes.iter().try_fold(0, |offset, &axis| {
                Some(offset * shape[axis] + target[axis].at(&position, shape[axis])?)
            });
            if let Some(offset) = offset {
                values[offset] = values[offset].plus(product);
            }
        }
        Table { axes, values }
    }
}

/// `result[…] += Π_table table[its axes of …]`
fn add_product<T: Number>(result: &mut Tensor<T>, tables: &[Table<T>]) {
    let row = result.shape.last().copied().unwrap_or(1);
    let last = result.shape.len().saturating_sub(1);
    let outer = &result.shape[..last];
    let mut position = vec![0; last];
    for row in result.data.chunks_mut(row.max(1)) {
        let mut common = T::new(1, 0);
        let mut along = vec![T::new(1, 0); row.len()];
        for table in tables {
            let of_axis = |&axis: &usize| (axis, result.shape[axis]);
            let axes = table.axes.iter().map(of_axis);
            let (mut offset, mut step, mut strides) = (0, 1, Vec::new());
            for (axis, extent) in axes.rev() {
                strides.push((axis, step));
                step *= extent;
            }
            for &(axis, stride) in strides.iter().filter(|&&(axis, _)| axis < last) {
                offset += position[axis] * stride;
            }
            match strides.iter().find(|&&(axis, _)| axis == last && !result.shape.is_empty()) {
                None => common = common.times(table.values[offset]),
                Some(&(_, stride)) => {
                    for (at, number) in along.iter_mut().enumerate() {
                        *number = number.times(table.values[offset + at * stride]);
                    }
                }
            }
        }
        for (element, number) in row.iter_mut().zip(along) {
            *element = element.plus(common.times(number));
        }
        for axis in (0..last).rev() {
            position[axis] += 1;
            if position[axis] < outer[axis] {
                break;
            }
            position[axis] = 0;
        }
    }
}
