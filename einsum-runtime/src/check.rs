//! The run-time check of a call, before any loop: in go its arrays and options, out comes the extent of every index.
//!
//! What holds afterwards: every array has the rank of its term, axes of one index have its extent, ellipses broadcast,
//! and every new array of the products' cheapest bodies can be allocated.

use crate::ellipsis::{EllipsisExtents, Extents, broadcast, broadcasts, is_broadcast};
use crate::error::{Problem, ShapeError};
use crate::infer;
use crate::layout::Axes;
use crate::program::{Array, NONE, Nest, Product, Program, WINDOWS};
use crate::source::{AxisExtent, Role, Source};
use crate::view::Raw;

/// The extent of an index that no axis has been seen of.
pub(crate) const UNKNOWN: usize = usize::MAX;

/// Fills in the extents of all indices. `given` are those that options give, `size` is that of an element in bytes.
///
/// # Errors
///
/// If shapes do not fit the terms, or a new array does not fit in memory.
pub(crate) fn check(
    program: &Program,
    operands: &[Raw<'_>],
    given: &[usize],
    extents: &mut [usize],
    size: usize,
) -> Result<(), ShapeError> {
    let arrays = program.arrays;
    let matches = operands.len() == arrays.len()
        && given.len() == program.given.len()
        && extents.len() == program.labels.len();
    assert!(matches, "{BROKEN}");
    extents.fill(UNKNOWN);
    if !program.windows.is_empty() {
        infer::infer(program, operands, given, extents)?;
    }
    let (mut agree, mut ellipses) = (true, false);
    let mut number = 0;
    while number < arrays.len() {
        let (array, axes) = (&arrays[number], operands[number].axes());
        ellipses |= array.before != NONE;
        agree &= has_rank(array, &axes) && meets(array.axes, axes.named.extents, extents);
        number += 1;
    }
    agree &= meets(program.given, given, extents);
    if !agree {
        return Err(disagreement(program, operands, given));
    }
    if ellipses {
        check_ellipses(arrays, operands)?;
    }
    for product in program.products {
        check_new_arrays(program, product, operands, extents, size)?;
    }
    Ok(())
}

pub(crate) const BROKEN: &str =
    "einloom: internal error: a call does not have the arrays of its program";

pub(crate) fn has_rank(array: &Array, axes: &Axes<'_>) -> bool {
    // An array that was bound without an ellipsis has no extents for more axes than its term names.
    let (named, rest) = (array.axes.len(), axes.rest.extents.len());
    named == axes.named.extents.len()
        && axes.found == named + rest
        && (rest == 0 || array.before != NONE)
}

/// Whether axes have the extents of their indices; those of new indices are noted. Windows are passed over.
pub(crate) fn meets(indices: &[u8], axes: &[usize], extents: &mut [usize]) -> bool {
    let (mut axis, mut agree) = (0, true);
    while axis < indices.len() {
        let extent = axes[axis];
        match indices[axis] {
            index @ ..WINDOWS => {
                let known = &mut extents[usize::from(index)];
                if *known == UNKNOWN {
                    *known = extent;
                }
                agree &= *known == extent;
            }
            NONE => agree &= extent == 1,
            _ => {}
        }
        axis += 1;
    }
    agree
}

/// Returns the first disagreement: of ranks, then of the labels in their order, then of axes written `1`.
#[cold]
#[inline(never)]
pub(crate) fn disagreement(program: &Program, operands: &[Raw<'_>], given: &[usize]) -> ShapeError {
    for (array, operand) in program.arrays.iter().zip(operands) {
        let (named, found) = (array.axes.len(), operand.axes().found);
        if !has_rank(array, &operand.axes()) {
            let (source, ellipsis) = (array.source, array.before != NONE);
            return ShapeError::new(Problem::Rank { source, found, named, ellipsis });
        }
    }
    let of_index = |index: u8| {
        let of_arrays = program.arrays.iter().zip(operands).flat_map(move |(array, operand)| {
            let axes = array.axes.iter().enumerate().filter(move |(_, own)| **own == index);
            axes.map(move |(axis, _)| axis_extent(array, &operand.axes(), axis))
        });
        let of_options = program.given.iter().zip(given).filter(move |(own, _)| **own == index);
        of_arrays.chain(of_options.map(|(_, &extent)| AxisExtent {
            extent,
            source: Source::OPTIONS,
            axis: 0,
        }))
    };
    for (index, &label) in (0..).zip(program.labels) {
        let Some(first) = of_index(index).next() else { continue };
        if let Some(second) = of_index(index).find(|other| other.extent != first.extent) {
            return ShapeError::new(Problem::Extents { label, first, second });
        }
    }
    match of_index(NONE).find(|at| at.extent != 1) {
        Some(at) => ShapeError::new(Problem::Unit { at }),
        None => unreachable!("einloom: internal error: nothing disagrees"),
    }
}

pub(crate) fn axis_extent(array: &Array, axes: &Axes<'_>, axis: usize) -> AxisExtent {
    let shift = if axis < usize::from(array.before) { 0 } else { axes.rest.extents.len() };
    AxisExtent { extent: axes.named.extents[axis], source: array.source, axis: axis + shift }
}

/// Checks that the ellipses of the operands broadcast, and that that of an output or cotangent is what they broadcast to.
#[inline(never)]
fn check_ellipses(arrays: &[Array], operands: &[Raw<'_>]) -> Result<(), ShapeError> {
    let ellipsis = |number: usize| EllipsisExtents {
        extents: operands[number].axes().rest.extents,
        first: usize::from(arrays[number].before),
        source: arrays[number].source,
    };
    let with_ellipsis = |&number: &usize| arrays[number].before != NONE;
    let is_operand = |&number: &usize| matches!(arrays[number].source.role(), Role::Operand(_));
    let factors = || (0..arrays.len()).filter(with_ellipsis).filter(is_operand);
    let mut extents = Extents::new();
    for second in factors() {
        for first in factors().take_while(|&first| first != second) {
            broadcasts(ellipsis(first), ellipsis(second))?;
        }
        broadcast(&mut extents, ellipsis(second).extents);
    }
    let mut targets = (0..arrays.len()).filter(with_ellipsis).filter(|n| !is_operand(n));
    targets.try_for_each(|target| is_broadcast(ellipsis(target), &extents))
}

/// Checks that every array which a product makes can be allocated.
fn check_new_arrays(
    program: &Program,
    product: &Product,
    operands: &[Raw<'_>],
    extents: &[usize],
    size: usize,
) -> Result<(), ShapeError> {
    let body = cheapest(product, extents);
    let has_output = matches!(program.arrays.last(), Some(a) if a.source.role() == Role::Output);
    let new = if has_output { body.len() - 1 } else { body.len() };
    let mut number = 0;
    while number < new {
        let nest = &body[number];
        number += 1;
        let like = if number == body.len() { product.like } else { NONE };
        let named = |axis| target_extent(program, nest, axis, like, operands, extents);
        let fits = match nest.before {
            NONE => is_allocatable(size, nest.target.len(), named, &[]),
            _ => {
                let rest = rest_extents(program, &body[..number - 1], nest, like, operands);
                is_allocatable(size, nest.target.len(), named, &rest)
            }
        };
        if !fits {
            let rest = rest_extents(program, &body[..number - 1], nest, like, operands);
            let before = nest.target.len().min(nest.before.into());
            let named =
                |axes: core::ops::Range<usize>| axes.map(|axis| named(axis).unwrap_or(usize::MAX));
            let all = named(0..before).chain(rest).chain(named(before..nest.target.len()));
            return Err(ShapeError::new(Problem::TooLarge { extents: all.collect() }));
        }
    }
    Ok(())
}

/// Whether an array of elements of `size` bytes can be allocated: ndarray and Rust allow `isize::MAX` elements and bytes,
/// where an axis of extent 0 does not excuse the others.
fn is_allocatable(
    size: usize,
    axes: usize,
    named: impl Fn(usize) -> Option<usize>,
    rest: &[usize],
) -> bool {
    let mut product = size.max(1);
    let mut take = |extent: usize| match product.checked_mul(extent.max(1)) {
        Some(next) => {
            product = next;
            true
        }
        None => false,
    };
    let mut axis = 0;
    while axis < axes {
        match named(axis) {
            Some(extent) if take(extent) => axis += 1,
            _ => return false,
        }
    }
    rest.iter().all(|&extent| take(extent)) && isize::try_from(product).is_ok()
}

/// Returns the extent of a target's named axis: `None` if it is not representable. That of a window is the one of the array
/// `like`, whose gradient the target is.
#[inline]
pub(crate) fn target_extent(
    program: &Program,
    nest: &Nest,
    axis: usize,
    like: u8,
    operands: &[Raw<'_>],
    extents: &[usize],
) -> Option<usize> {
    match program.window(nest.target[axis]) {
        None => Some(nest.extent(nest.target[axis], extents)),
        Some(window) if window.terms.is_none() => window.composed_extent(extents),
        Some(_) => Some(operands[usize::from(like)].axes().named.extents[axis]),
    }
}

impl Nest {
    /// Returns the index of a loop, those that are kept first.
    #[inline]
    pub(crate) fn index(&self, number: usize) -> u8 {
        match number.checked_sub(self.kept.len()) {
            None => self.kept[number],
            Some(number) => self.summed[number],
        }
    }

    /// Returns the extent of a target's axis along a loop.
    #[inline]
    pub(crate) fn extent(&self, axis: u8, extents: &[usize]) -> usize {
        if axis == NONE { 1 } else { extents[usize::from(self.index(usize::from(axis)))] }
    }
}

/// Returns the extents that the ellipsis of a nest's target stands for: those of the array `like`, or without one what the
/// arrays broadcast to that go into it. `earlier` are the nests that run before it.
///
/// # Panics
///
/// If a nest reads what is made by itself or later.
pub(crate) fn rest_extents(
    program: &Program,
    earlier: &[Nest],
    nest: &Nest,
    like: u8,
    operands: &[Raw<'_>],
) -> Extents {
    let mut extents = Extents::new();
    if nest.before == NONE {
        return extents;
    }
    match like {
        NONE => add_sources(&mut extents, program, earlier, nest, operands),
        like => broadcast(&mut extents, operands[usize::from(like)].axes().rest.extents),
    }
    extents
}

fn add_sources(
    extents: &mut Extents,
    program: &Program,
    earlier: &[Nest],
    nest: &Nest,
    operands: &[Raw<'_>],
) {
    for source in nest.sources {
        match usize::from(source.tensor).checked_sub(program.arrays.len()) {
            None => broadcast(extents, operands[usize::from(source.tensor)].axes().rest.extents),
            Some(made) => {
                add_sources(extents, program, &earlier[..made], &earlier[made], operands);
            }
        }
    }
}

/// Returns the cheapest body of a product: the cost of a nest is the number of its points. Of equally cheap ones it is the
/// first.
pub(crate) fn cheapest(product: &Product, extents: &[usize]) -> &'static [Nest] {
    let bodies = product.bodies;
    if let [only] = bodies {
        return only;
    }
    let mut best = (0, f64::INFINITY);
    for (number, body) in bodies.iter().enumerate() {
        let cost = body.iter().map(|nest| points(nest, extents)).sum();
        if cost < best.1 {
            best = (number, cost);
        }
    }
    bodies[best.0]
}

fn points(nest: &Nest, extents: &[usize]) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "costs are estimates")]
    let extent = |&index: &u8| extents[usize::from(index)] as f64;
    nest.kept.iter().chain(nest.summed).map(extent).product()
}
