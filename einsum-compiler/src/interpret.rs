//! Executes a program over `Vec<f64>`: what the loops mean, for tests without rustc.

use crate::ir::expr::{ArrayId, Axis, Expr, Product, Term};
use crate::ir::plan::TensorId;
use crate::ir::program::{Access, AxisLoop, Body, Nest, Program};

/// A dense array in C order.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// Its extents.
    pub shape: Vec<usize>,
    /// Its elements; the last axis is contiguous.
    pub data: Vec<f64>,
}

/// Computes every result of a program.
///
/// The arrays are those of [`Expr::arrays`]: the operands, then the cotangent of a gradient.
///
/// # Panics
///
/// If the number of arrays, a rank, or an extent does not fit the program.
#[must_use]
pub fn interpret(program: &Program, arrays: &[Tensor]) -> Vec<Tensor> {
    let expr = &program.expr;
    assert_eq!(arrays.len(), expr.arrays.len(), "number of arrays");
    let extents = extents(expr, arrays);
    let results = program.bodies.iter().zip(&expr.products);
    let computed = |(alternatives, product): (&Vec<Body>, &Product)| {
        let cheapest = cheapest(alternatives, &extents);
        run(expr, product, &alternatives[cheapest], arrays, &extents)
    };
    results.map(computed).collect()
}

/// The first of the alternatives with the fewest points in all of its loops.
fn cheapest(alternatives: &[Body], extents: &[usize]) -> usize {
    let points = |body: &Body| -> f64 {
        let nest = |nest: &Nest| -> f64 {
            let indices = nest.kept.iter().chain(&nest.summed);
            #[expect(clippy::cast_precision_loss, reason = "costs are estimates")]
            indices.map(|index| extents[index.0] as f64).product()
        };
        body.iter().map(nest).sum()
    };
    let points: Vec<f64> = alternatives.iter().map(points).collect();
    let fewer = |best: usize, other: usize| if points[other] < points[best] { other } else { best };
    (0..alternatives.len()).fold(0, fewer)
}

/// The extent of each named index, after checking that all its axes agree.
fn extents(expr: &Expr, arrays: &[Tensor]) -> Vec<usize> {
    let extent = |index: &crate::ir::expr::Index| {
        let given = index.given.map(|given| given.literal.expect("a literal extent"));
        let of_sites = index.sites.iter().map(|site| {
            let term = &expr.arrays[site.array.0].term;
            let array = &arrays[site.array.0];
            let ellipsis = ellipsis_extents(expr, term, array).len();
            let before = expr.ellipsis_position(term).unwrap_or(usize::MAX);
            array.shape[if site.axis < before { site.axis } else { site.axis + ellipsis }]
        });
        let mut all = given.into_iter().chain(of_sites);
        let first = all.next().unwrap_or(0);
        assert!(all.all(|extent| extent == first), "extents of `{}` disagree", index.label);
        first
    };
    expr.indices.iter().map(extent).collect()
}

/// The extents that the ellipsis of a term stands for.
fn ellipsis_extents(expr: &Expr, term: &Term, tensor: &Tensor) -> Vec<usize> {
    let named = expr.named_rank(term);
    match expr.ellipsis_position(term) {
        Some(before) => tensor.shape[before..before + tensor.shape.len() - named].to_vec(),
        None => {
            assert_eq!(tensor.shape.len(), named, "rank");
            Vec::new()
        }
    }
}

fn broadcast(all: &[Vec<usize>]) -> Vec<usize> {
    let rank = all.iter().map(Vec::len).max().unwrap_or(0);
    let mut extents = vec![1; rank];
    for one in all {
        for (extent, &other) in extents[rank - one.len()..].iter_mut().zip(one) {
            assert!(*extent == 1 || other == 1 || *extent == other, "ellipsis");
            *extent = if *extent == 1 { other } else { *extent };
        }
    }
    extents
}

fn run(
    expr: &Expr,
    product: &Product,
    nests: &[Nest],
    arrays: &[Tensor],
    extents: &[usize],
) -> Tensor {
    let mut made: Vec<(Term, Tensor)> = Vec::new();
    for nest in nests {
        let sources: Vec<(&Term, &Tensor)> = nest
            .sources
            .iter()
            .map(|source| match source.tensor {
                TensorId::Array(ArrayId(number)) => (&expr.arrays[number].term, &arrays[number]),
                TensorId::Intermediate(number) => (&made[number].0, &made[number].1),
            })
            .collect();
        let of_sources: Vec<Vec<usize>> =
            sources.iter().map(|(term, tensor)| ellipsis_extents(expr, term, tensor)).collect();
        let term = if nest.writes_output {
            product.output.clone()
        } else {
            let ellipsis = nest.target.ellipsis.and(expr.ellipsis()).into_iter();
            Term { axes: ellipsis.chain(nest.kept.iter().copied()).map(Axis::Index).collect() }
        };
        let of_target = match product.ellipsis_like.filter(|_| nest.writes_output) {
            Some(ArrayId(like)) => ellipsis_extents(expr, &expr.arrays[like].term, &arrays[like]),
            None => broadcast(&of_sources),
        };
        let mut shape = Vec::new();
        for axis in &term.axes {
            match *axis {
                Axis::Unit => shape.push(1),
                Axis::Index(index) if expr.indices[index.0].is_ellipsis => shape.extend(&of_target),
                Axis::Index(index) => shape.push(extents[index.0]),
            }
        }
        let mut target = Tensor { data: vec![0.0; shape.iter().product()], shape };
        let target_ellipsis = ellipsis_extents(expr, &term, &target);
        let all: Vec<Vec<usize>> = of_sources.iter().cloned().chain([target_ellipsis]).collect();
        sum(nest, &broadcast(&all), extents, &sources, &mut target);
        made.push((term, target));
    }
    made.pop().expect("a path has a step").1
}

/// Runs a nest: `target += Π sources` at every position of its loops.
fn sum(
    nest: &Nest,
    ellipsis: &[usize],
    extents: &[usize],
    sources: &[(&Term, &Tensor)],
    target: &mut Tensor,
) {
    let named = nest.kept.iter().chain(&nest.summed).map(|index| extents[index.0]);
    let loops: Vec<usize> = named.chain(ellipsis.iter().copied()).collect();
    let count: usize = loops.iter().product();
    for mut position in 0..count {
        let mut at = vec![0; loops.len()];
        for (at, &extent) in at.iter_mut().zip(&loops).rev() {
            *at = position % extent;
            position /= extent;
        }
        let (named, of_ellipsis) = at.split_at(loops.len() - ellipsis.len());
        let product: f64 = nest
            .sources
            .iter()
            .zip(sources)
            .map(|(access, (_, tensor))| tensor.data[offset(access, tensor, named, of_ellipsis)])
            .product();
        let offset = offset(&nest.target, target, named, of_ellipsis);
        target.data[offset] += product;
    }
}

/// Where an access reads at a position of the loops.
fn offset(access: &Access, tensor: &Tensor, named: &[usize], ellipsis: &[usize]) -> usize {
    let rank = tensor.shape.len() - access.axes.len();
    let mut at: Vec<usize> = access
        .axes
        .iter()
        .map(|axis| match *axis {
            AxisLoop::Loop(number) => named[number],
            AxisLoop::Unit => 0,
        })
        .collect();
    let before = access.ellipsis.unwrap_or(0);
    // Its axes are aligned to the right; one of extent 1 stays where it is.
    for (axis, &position) in ellipsis[ellipsis.len() - rank..].iter().enumerate() {
        let extent = tensor.shape[before + axis];
        at.insert(before + axis, if extent == 1 { 0 } else { position });
    }
    at.iter().zip(&tensor.shape).fold(0, |offset, (&at, &extent)| offset * extent + at)
}
