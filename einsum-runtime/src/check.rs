//! The run-time check of a call, before any loop: in go its arrays and options, out comes the extent of every index.
//!
//! What holds afterwards: every array has the rank of its term, axes of one index have its extent, ellipses broadcast,
//! and every new array of the cheapest body can be allocated.

use crate::ellipsis::{EllipsisExtents, Extents, broadcast, broadcasts, is_broadcast};
use crate::error::{Problem, ShapeError};
use crate::infer;
use crate::layout::{Axes, MOST};
use crate::program::{Array, NONE, Nest, Program, WINDOWS};
use crate::source::{AxisExtent, Role, Source};
use crate::view::Raw;

/// The extent of an index that no axis has been seen of.
pub(crate) const UNKNOWN: usize = usize::MAX;

/// Fills in the extents of all indices, and returns the cheapest body for them, which is empty for a view. `given` are the
/// extents that options give, `size` is that of an element in bytes.
///
/// # Errors
///
/// If shapes do not fit the terms, or a new array does not fit in memory.
pub(crate) fn check(
    program: &'static Program,
    operands: &[Raw<'_>],
    given: &[usize],
    extents: &mut [usize],
    size: usize,
) -> Result<&'static [Nest], ShapeError> {
    let arrays = program.arrays;
    let matches = operands.len() == arrays.len()
        && given.len() == program.given.len()
        && extents.len() == program.labels.len();
    assert!(matches, "{BROKEN}");
    let mut index = 0;
    while index < extents.len() {
        extents[index] = UNKNOWN;
        index += 1;
    }
    if !program.windows.is_empty() {
        infer::infer(program, operands, given, extents)?;
    }
    let (mut agree, mut ellipses) = (true, false);
    let mut number = 0;
    while number < arrays.len() {
        let (array, axes) = (&arrays[number], &operands[number].axes);
        ellipses |= array.has_ellipsis();
        agree &= has_rank(array, axes) && meets(array.axes, axes.named.extents, extents);
        number += 1;
    }
    agree &= meets(program.given, given, extents);
    if !agree {
        return Err(disagreement(program, operands, given));
    }
    if ellipses {
        check_ellipses(arrays, operands)?;
    }
    // A view has none.
    if program.bodies.is_empty() {
        return Ok(&[]);
    }
    let body = cheapest(program.bodies, extents);
    check_new_arrays(program, body, operands, extents, size)?;
    Ok(body)
}

pub(crate) const BROKEN: &str =
    "einloom: internal error: a call does not have the arrays of its program";

pub(crate) fn has_rank(array: &Array, axes: &Axes<'_>) -> bool {
    // An array that was bound without an ellipsis has no extents for more axes than its term names.
    let (named, rest) = (array.axes.len(), axes.rest.extents.len());
    named == axes.named.extents.len()
        && axes.found == named + rest
        && (rest == 0 || array.has_ellipsis())
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
        let (named, found) = (array.axes.len(), operand.axes.found);
        if !has_rank(array, &operand.axes) {
            let (source, ellipsis) = (array.source, array.has_ellipsis());
            return ShapeError::new(Problem::Rank { source, found, named, ellipsis });
        }
    }
    let of_index = |index: u8| {
        let of_arrays = program.arrays.iter().zip(operands).flat_map(move |(array, operand)| {
            let axes = array.axes.iter().enumerate().filter(move |(_, own)| **own == index);
            axes.map(move |(axis, _)| axis_extent(array, &operand.axes, axis))
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
    let shift = if axis < array.before() { 0 } else { axes.rest.extents.len() };
    AxisExtent { extent: axes.named.extents[axis], source: array.source, axis: axis + shift }
}

/// Checks that the ellipses of the operands broadcast, and that that of any other array is what those that it names
/// broadcast to.
#[inline(never)]
fn check_ellipses(arrays: &[Array], operands: &[Raw<'_>]) -> Result<(), ShapeError> {
    let ellipsis = |number: usize| EllipsisExtents {
        extents: operands[number].axes.rest.extents,
        first: arrays[number].before(),
        source: arrays[number].source,
    };
    let with_ellipsis = |&number: &usize| arrays[number].has_ellipsis();
    let is_operand = |&number: &usize| matches!(arrays[number].source.role(), Role::Operand(_));
    let factors = || (0..arrays.len()).filter(with_ellipsis).filter(is_operand);
    for second in factors() {
        for first in factors().take_while(|&first| first != second) {
            broadcasts(ellipsis(first), ellipsis(second))?;
        }
    }
    let mut others = (0..arrays.len()).filter(with_ellipsis).filter(|n| !is_operand(n));
    others.try_for_each(|other| {
        is_broadcast(ellipsis(other), &broadcast_of(arrays[other].ellipsis, operands))
    })
}

/// Returns what the ellipses of the arrays broadcast to that are listed after the first byte.
fn broadcast_of(ellipsis: &[u8], operands: &[Raw<'_>]) -> Extents {
    let mut extents = Extents::new();
    for &like in ellipsis.iter().skip(1) {
        broadcast(&mut extents, operands[usize::from(like)].axes.rest.extents);
    }
    extents
}

/// Checks that every array can be allocated that a body makes.
fn check_new_arrays(
    program: &Program,
    body: &[Nest],
    operands: &[Raw<'_>],
    extents: &[usize],
    size: usize,
) -> Result<(), ShapeError> {
    let is_small = program.windows.is_empty() && size <= SMALL && is_small(extents);
    let mut number = 0;
    while number < body.len() {
        let nest = &body[number];
        number += 1;
        if is_small && nest.target.len() <= AXES && !nest.has_ellipsis() {
            continue;
        }
        // A result in an existing array is not new, nor is a target that a nest adds to.
        let is_new = match program.results.get(usize::from(nest.into)) {
            Some(&array) => array == NONE,
            None => true,
        };
        if !is_new || !is_first(body, number - 1) {
            continue;
        }
        // Rust and ndarray allow so many elements and bytes, where an axis of extent 0 does not excuse the others.
        let mut bytes = Some(if size == 0 { 1 } else { size });
        let mut axis = 0;
        while axis < nest.target.len() {
            bytes = times(bytes, target_extent(program, nest, axis, operands, extents));
            axis += 1;
        }
        if nest.has_ellipsis() {
            for extent in rest_extents(nest, operands) {
                bytes = times(bytes, Some(extent));
            }
        }
        if !matches!(bytes, Some(..=MOST)) {
            return Err(too_large(program, nest, operands, extents));
        }
    }
    Ok(())
}

/// Arrays of elements of at most [`SMALL`] bytes and so many axes of extents up to [`SMALL`] can always be allocated.
const AXES: usize = 8;
const SMALL: usize = if usize::BITS < 64 { 10 } else { 100 };
const _: () = assert!(matches!(SMALL.checked_pow(AXES as u32 + 1), Some(..=MOST)));

fn is_small(extents: &[usize]) -> bool {
    let mut index = 0;
    while index < extents.len() {
        // That of an index without any axis is larger.
        if extents[index] > SMALL {
            return false;
        }
        index += 1;
    }
    true
}

/// Multiplies by an extent unless it is 0.
fn times(bytes: Option<usize>, extent: Option<usize>) -> Option<usize> {
    match (bytes, extent) {
        (bytes, Some(0)) => bytes,
        (Some(bytes), Some(extent)) => bytes.checked_mul(extent),
        _ => None,
    }
}

#[cold]
#[inline(never)]
fn too_large(
    program: &Program,
    nest: &Nest,
    operands: &[Raw<'_>],
    extents: &[usize],
) -> ShapeError {
    let rest = match nest.has_ellipsis() {
        false => Extents::new(),
        true => rest_extents(nest, operands),
    };
    let axes = nest.target.len();
    let named = |axes: core::ops::Range<usize>| {
        axes.map(|axis| target_extent(program, nest, axis, operands, extents).unwrap_or(usize::MAX))
    };
    let before = axes.min(nest.before());
    let all = named(0..before).chain(rest).chain(named(before..axes)).collect();
    ShapeError::new(Problem::TooLarge { extents: all })
}

/// Whether a nest of a body is the first that writes its target.
pub(crate) fn is_first(body: &[Nest], number: usize) -> bool {
    let into = body[number].into;
    let mut earlier = 0;
    while earlier < number {
        if body[earlier].into == into {
            return false;
        }
        earlier += 1;
    }
    true
}

/// Returns the extent of a target's named axis; `None` if it is more than `isize::MAX`. That of a window is the one of the
/// operand's axis that the window was written for.
#[inline]
pub(crate) fn target_extent(
    program: &Program,
    nest: &Nest,
    axis: usize,
    operands: &[Raw<'_>],
    extents: &[usize],
) -> Option<usize> {
    let axis = nest.target[axis];
    let Some(window) = program.window(axis) else {
        return Some(nest.extent(axis, extents));
    };
    match &window.terms {
        None => window.composed_extent(extents),
        Some(terms) => Some(site_extent(terms.site, operands)),
    }
}

/// Returns the extent of an array's named axis.
pub(crate) fn site_extent(&[array, axis]: &[u8; 2], operands: &[Raw<'_>]) -> usize {
    operands[usize::from(array)].axes.named.extents[usize::from(axis)]
}

impl Nest {
    /// Returns the index of a loop, those that are kept first.
    #[inline]
    pub(crate) fn index(&self, number: usize) -> u8 {
        let kept = self.kept.len();
        if number < kept { self.kept[number] } else { self.summed[number - kept] }
    }

    /// Returns the extent of a target's axis along a loop.
    #[inline]
    pub(crate) fn extent(&self, axis: u8, extents: &[usize]) -> usize {
        if axis == NONE { 1 } else { extents[usize::from(self.index(usize::from(axis)))] }
    }
}

/// Returns the extents that the ellipsis of a nest's target stands for.
pub(crate) fn rest_extents(nest: &Nest, operands: &[Raw<'_>]) -> Extents {
    broadcast_of(nest.ellipsis, operands)
}

/// Returns the cheapest body: the cost of a nest is the number of its points. Of equally cheap ones it is the first.
fn cheapest(bodies: &'static [&'static [Nest]], extents: &[usize]) -> &'static [Nest] {
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
