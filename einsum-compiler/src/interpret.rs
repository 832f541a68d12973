//! Executes a program over `Vec<f64>`: what the loops mean, for tests without rustc.

use crate::ir::expr::{ArrayId, Axis, Expr, IndexId, Role, Site, Term, Window, WindowTerm};
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
    let of_site = |site: &Site| of_site(expr, arrays, site);
    let is_operand = |site: &&Site| matches!(expr.arrays[site.array.0].role, Role::Operand(_));
    let extent = |index: &crate::ir::expr::Index| {
        let given = index.given.map(|given| given.literal.expect("a literal extent"));
        let of_operands = index.sites.iter().filter(is_operand).map(of_site);
        // Without windows other arrays can stand for operands that are not taken.
        given.into_iter().chain(of_operands).chain(index.sites.iter().map(of_site)).next()
    };
    let mut known: Vec<bool> = expr.indices.iter().map(|index| expr.is_known(index)).collect();
    let mut extents: Vec<usize> =
        expr.indices.iter().map(|index| extent(index).unwrap_or(0)).collect();
    loop {
        let telling = expr.telling(&known);
        if telling.is_empty() {
            break;
        }
        let mut told: Vec<(IndexId, usize)> = Vec::new();
        for (site, index) in telling {
            let term = &expr.arrays[site.array.0].term;
            let axis = expr.named_axes(term).nth(site.axis).expect("an axis");
            let extent = axis_tells(&axis, index, of_site(&site), &extents);
            match told.iter_mut().find(|(other, _)| *other == index) {
                Some((_, least)) => *least = extent.min(*least),
                None => told.push((index, extent)),
            }
        }
        for (index, extent) in told {
            (extents[index.0], known[index.0]) = (extent, true);
        }
    }
    for (index, &extent) in expr.indices.iter().zip(&extents) {
        let mut sites = index.sites.iter().map(of_site);
        assert!(sites.all(|other| other == extent), "extents of `{}` disagree", index.label);
    }
    check_reach(expr, &extents, of_site);
    extents
}

/// The extent that an axis of extent `extent` leaves to one of its indices.
fn axis_tells(axis: &Axis, index: IndexId, extent: usize, extents: &[usize]) -> usize {
    match axis {
        Axis::Composed(indices) => {
            let others = indices.iter().filter(|other| **other != index);
            let others: usize = others.map(|other| extents[other.0]).product();
            assert!(others > 0 && extent.is_multiple_of(others), "an axis is not divisible");
            extent / others
        }
        Axis::Window(window) => {
            let coefficient = |of: bool| {
                let terms = window.terms.iter().filter(move |term| (term.index == index) == of);
                terms.map(|term| (term, coefficient(term, extents)))
            };
            let step: usize = coefficient(true).map(|(_, coefficient)| coefficient).sum();
            let reach: usize = coefficient(false)
                .map(|(term, coefficient)| coefficient * extents[term.index.0].saturating_sub(1))
                .sum();
            let room = extent.cast_signed() + pad(window) - reach.cast_signed();
            if extent == 0 && window.offset == 0 {
                return 0;
            }
            assert!(room > 0, "a window is larger than its axis");
            (room.cast_unsigned() - 1) / step + 1
        }
        Axis::Index(_) | Axis::Unit => unreachable!("such axes have their own extents"),
    }
}

fn coefficient(term: &WindowTerm, extents: &[usize]) -> usize {
    term.factor * term.scale.map_or(1, |scale| extents[scale.0])
}

/// The positions that a window may read besides those of the axis, less those that it never reads.
fn pad(window: &Window) -> isize {
    if window.offset < 0 { -2 * window.offset } else { -window.offset }
}

/// Asserts that windows without padding stay inside their axes, and that composed axes have the extents of their indices.
fn check_reach(expr: &Expr, extents: &[usize], of_site: impl Fn(&Site) -> usize) {
    let taken = expr.arrays.iter().enumerate().filter(|(_, array)| array.is_taken);
    for (number, array) in taken {
        for (axis, kind) in expr.named_axes(&array.term).enumerate() {
            let extent = of_site(&Site { array: ArrayId(number), axis });
            match kind {
                Axis::Window(window) if !matches!(array.role, Role::Operand(_)) => {
                    assert_eq!(extent, of_site(&window.site), "a window");
                }
                Axis::Window(window) if window.offset >= 0 => {
                    let reach = window.terms.iter().try_fold(
                        window.offset.cast_unsigned(),
                        |reach, term| {
                            let steps = extents[term.index.0].checked_sub(1)?;
                            Some(reach + coefficient(term, extents) * steps)
                        },
                    );
                    assert!(reach.is_none_or(|reach| reach < extent), "a window leaves its axis");
                }
                Axis::Composed(indices) => {
                    let product: usize = indices.iter().map(|index| extents[index.0]).product();
                    assert_eq!(product, extent, "a composed axis");
                }
                Axis::Window(_) | Axis::Index(_) | Axis::Unit => {}
            }
        }
    }
}

/// The extent of an axis.
fn of_site(expr: &Expr, arrays: &[Option<&Tensor>], site: &Site) -> usize {
    let term = &expr.arrays[site.array.0].term;
    let array = arrays[site.array.0].expect("a site is in an array that is taken");
    let ellipsis = ellipsis_extents(expr, term, array).len();
    let before = expr.ellipsis_position(term).unwrap_or(usize::MAX);
    array.shape[if site.axis < before { site.axis } else { site.axis + ellipsis }]
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
                    AxisLoop::Several(axis, _) => axis.clone(),
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
                Axis::Window(ref window) => shape.push(of_site(expr, arrays, &window.site)),
                Axis::Composed(ref indices) => {
                    shape.push(indices.iter().map(|index| extents[index.0]).product());
                }
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
        let read = |(access, (_, tensor)): (&Access, &(&Term, &Tensor))| {
            let offset = offset(access, tensor, extents, named, of_ellipsis);
            offset.map_or(0.0, |offset| tensor.data[offset])
        };
        let product: f64 = nest.sources.iter().zip(sources).map(read).product();
        if let Some(offset) = offset(&nest.target, target, extents, named, of_ellipsis) {
            target.data[offset] += product;
        }
    }
}

/// Where an access reads at a position of the loops, if that is inside the tensor.
fn offset(
    access: &Access,
    tensor: &Tensor,
    extents: &[usize],
    named: &[usize],
    ellipsis: &[usize],
) -> Option<usize> {
    let rank = tensor.shape.len() - access.axes.len();
    let at = |axis: &AxisLoop| match axis {
        AxisLoop::Loop(number) => named[*number].cast_signed(),
        AxisLoop::Unit => 0,
        AxisLoop::Several(Axis::Window(window), numbers) => {
            let terms = window.terms.iter().zip(numbers);
            let steps = terms.map(|(term, &number)| coefficient(term, extents) * named[number]);
            steps.sum::<usize>().cast_signed() + window.offset
        }
        AxisLoop::Several(axis, numbers) => {
            let parts = axis.indices().into_iter().zip(numbers);
            let whole =
                parts.fold(0, |whole, (index, &number)| whole * extents[index.0] + named[number]);
            whole.cast_signed()
        }
    };
    let mut at: Vec<isize> = access.axes.iter().map(at).collect();
    let before = access.ellipsis.unwrap_or(0);
    // Its axes are aligned to the right; one of extent 1 stays where it is.
    for (axis, &position) in ellipsis[ellipsis.len() - rank..].iter().enumerate() {
        let extent = tensor.shape[before + axis];
        at.insert(before + axis, if extent == 1 { 0 } else { position.cast_signed() });
    }
    at.iter().zip(&tensor.shape).try_fold(0, |offset, (&at, &extent)| {
        let at = usize::try_from(at).ok().filter(|at| *at < extent)?;
        Some(offset * extent + at)
    })
}
