//! Executes a program over `Vec<f64>`: what the loops mean, for tests without rustc.

use crate::ir::expr::{ArrayId, Axis, Expr, Term};
use crate::ir::program::{Access, AxisLoop, Body, Kernel, Nest, Program, TensorId};

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
/// The arrays are those of [`Expr::arrays`] that are taken: operands, cotangent, tangents, existing outputs. To an existing
/// output its result is added.
///
/// # Panics
///
/// If the number of arrays, a rank, or an extent does not fit the program.
#[must_use]
pub fn interpret(program: &Program, arrays: &[Tensor]) -> Vec<Tensor> {
    let expr = &program.expr;
    let mut given = arrays.iter();
    let arrays: Vec<Option<&Tensor>> = expr
        .arrays
        .iter()
        .map(
            |array| {
                if array.is_taken { Some(given.next().expect("number of arrays")) } else { None }
            },
        )
        .collect();
    assert!(given.next().is_none(), "number of arrays");
    let extents = extents(expr, &arrays);
    run(program, cheapest(&program.bodies, &extents), &arrays, &extents)
}

/// The first of the alternatives with the fewest points in all of its loops.
fn cheapest<'p>(bodies: &'p [Body], extents: &[usize]) -> &'p Body {
    let operations: Vec<f64> =
        bodies.iter().map(|body| Program::operations(body, extents)).collect();
    let fewer =
        |best: usize, other: usize| if operations[other] < operations[best] { other } else { best };
    &bodies[(0..bodies.len()).fold(0, fewer)]
}

/// The extent of each named index, after checking that all its axes agree.
fn extents(expr: &Expr, arrays: &[Option<&Tensor>]) -> Vec<usize> {
    let extent = |index: &crate::ir::expr::Index| {
        let given = index.given.map(|given| given.literal.expect("a literal extent"));
        let of_sites = index.sites.iter().map(|site| {
            let term = &expr.arrays[site.array.0].term;
            let array = arrays[site.array.0].expect("a site is in an array that is taken");
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
    program: &Program,
    body: &Body,
    arrays: &[Option<&Tensor>],
    extents: &[usize],
) -> Vec<Tensor> {
    let expr = &program.expr;
    let mut made: Vec<(Term, Tensor)> = Vec::new();
    let mut results: Vec<Option<(Term, Tensor)>> = vec![None; program.results.len()];
    for nest in body {
        let sources: Vec<(&Term, &Tensor)> = nest
            .sources
            .iter()
            .map(|source| match source.tensor {
                TensorId::Array(ArrayId(number)) => {
                    (&expr.arrays[number].term, arrays[number].expect("a nest reads what is taken"))
                }
                TensorId::Intermediate(number) => (&made[number].0, &made[number].1),
                TensorId::Result(_) => panic!("a nest reads a result"),
            })
            .collect();
        let term = match nest.target.tensor {
            TensorId::Result(number) => program.results[number].axes.clone(),
            _ => {
                let axes = nest.target.axes.iter().map(|axis| match axis {
                    AxisLoop::Loop(number) => Axis::Index(nest.loop_index(*number)),
                    AxisLoop::Unit => Axis::Unit,
                });
                let mut axes: Vec<Axis> = axes.collect();
                if let Some((before, ellipsis)) = nest.target.ellipsis.zip(expr.ellipsis()) {
                    axes.insert(before, Axis::Index(ellipsis));
                }
                Term { axes }
            }
        };
        let like = nest.ellipsis.iter().map(|like| {
            ellipsis_extents(expr, &expr.arrays[like.0].term, arrays[like.0].expect("an ellipsis"))
        });
        let of_target = broadcast(&like.collect::<Vec<_>>());
        let mut shape = Vec::new();
        for axis in &term.axes {
            match *axis {
                Axis::Unit => shape.push(1),
                Axis::Index(index) if expr.indices[index.0].is_ellipsis => shape.extend(&of_target),
                Axis::Index(index) => shape.push(extents[index.0]),
            }
        }
        let of_sources: Vec<Vec<usize>> =
            sources.iter().map(|(term, tensor)| ellipsis_extents(expr, term, tensor)).collect();
        let of_target = if nest.ellipsis.is_empty() { Vec::new() } else { of_target };
        let all: Vec<Vec<usize>> = of_sources.into_iter().chain([of_target]).collect();
        let mut target = Tensor { data: vec![0.0; shape.iter().product()], shape };
        // Without sources there is nothing to add up.
        if nest.kernel != Kernel::Zero {
            sum(nest, &broadcast(&all), extents, &sources, &mut target);
        }
        let place = match nest.target.tensor {
            TensorId::Result(number) => &mut results[number],
            TensorId::Intermediate(number) if number < made.len() => {
                add(&mut made[number].1, &target);
                continue;
            }
            _ => {
                made.push((term, target));
                continue;
            }
        };
        match place {
            Some((_, result)) => add(result, &target),
            None => *place = Some((term, target)),
        }
    }
    let results = results.into_iter().zip(&program.results);
    let finished = results.map(|(result, output)| {
        let (_, mut result) = result.expect("every result is made");
        if let Some(array) = output.array.and_then(|array| arrays[array.0]) {
            add(&mut result, array);
        }
        result
    });
    finished.collect()
}

fn add(tensor: &mut Tensor, other: &Tensor) {
    assert_eq!(tensor.shape, other.shape, "shape of a sum");
    for (element, other) in tensor.data.iter_mut().zip(&other.data) {
        *element += other;
    }
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
