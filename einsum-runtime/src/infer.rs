//! The extents that windows and composed axes tell, and whether these axes fit them: in go the extents of axes along one index
//! and those of options, out come those of all indices.
//!
//! In every round an axis of which all other indices are known tells the extent of the last one: a composed axis its own
//! extent divided by the others', a window the largest extent with which every position that is read lies inside of the axis
//! and its padding,
//!
//! ```text
//! ⌊(N + 2p - Σ c·(n - 1) - 1) / a⌋ + 1
//! ```
//!
//! with the extent `N` of the axis, the padding `p`, the coefficients `c` and extents `n` of the other indices (an extent of
//! zero counts as one), and the coefficient `a`. Of several windows the smallest is taken, and composed axes come before
//! windows. What is told or given in other ways is compared once all are known: windows without padding stay inside of their
//! axes, and composed axes have the product of their extents.

use smallvec::SmallVec;

use crate::check::{BROKEN, UNKNOWN, axis_extent, disagreement, has_rank, meets, site_extent};
use crate::error::{Labelled, Problem, ShapeError, Told};
use crate::program::{NONE, Program, Terms, Window};
use crate::source::{AxisExtent, Role};
use crate::view::Raw;

/// An axis of a call that runs along several indices.
#[derive(Clone, Copy)]
struct Site {
    window: &'static Window,
    at: AxisExtent,
    is_operand: bool,
}

/// Fills in the extents of all indices, which are all unknown.
///
/// # Errors
///
/// If shapes do not fit the terms.
pub(crate) fn infer(
    program: &Program,
    operands: &[Raw<'_>],
    given: &[usize],
    extents: &mut [usize],
) -> Result<(), ShapeError> {
    let arrays = || program.arrays.iter().zip(operands);
    let is_operand = |source: crate::source::Source| matches!(source.role(), Role::Operand(_));
    let mut agree = arrays().all(|(array, operand)| has_rank(array, &operand.axes));
    if agree {
        agree &= meets(program.given, given, extents);
        for (array, operand) in arrays().filter(|(array, _)| is_operand(array.source)) {
            agree &= meets(array.axes, operand.axes.named.extents, extents);
        }
    }
    if !agree {
        return Err(disagreement(program, operands, given));
    }
    for window in program.windows {
        check_scales(program, window, extents)?;
    }
    let mut sites: SmallVec<[Site; 8]> = SmallVec::new();
    for (array, operand) in arrays() {
        for (axis, &number) in array.axes.iter().enumerate() {
            if let Some(window) = program.window(number) {
                let at = axis_extent(array, &operand.axes, axis);
                sites.push(Site { window, at, is_operand: is_operand(array.source) });
            }
        }
    }
    // No axis has such an extent, and the largest one would look like one that is not known.
    for (&index, &extent) in program.given.iter().zip(given) {
        let site = sites.iter().find(|site| site.window.uses(index));
        if let Some(site) = site.filter(|_| isize::try_from(extent).is_err()) {
            let labels = vec![(program.labels[usize::from(index)], extent)];
            let (window, at) = (site.window.text, site.at);
            return Err(ShapeError::new(Problem::Overflow { window, at, labels }));
        }
    }
    let told = tell(program, &sites, extents)?;
    for (array, operand) in arrays().filter(|(array, _)| !is_operand(array.source)) {
        for (axis, &number) in array.axes.iter().enumerate() {
            let second = axis_extent(array, &operand.axes, axis);
            let found = told.iter().find(|(index, _)| *index == number);
            if let Some((_, told)) = found.filter(|(_, told)| told.extent != second.extent) {
                let label = program.labels[usize::from(number)];
                return Err(ShapeError::new(Problem::Told { label, told: *told, second }));
            }
        }
    }
    sites.iter().try_for_each(|site| site.fits(program, operands, extents))
}

/// Checks that all coefficients of a window are known and positive.
fn check_scales(program: &Program, window: &Window, extents: &[usize]) -> Result<(), ShapeError> {
    let Some(Terms { factors, scales, .. }) = &window.terms else { return Ok(()) };
    let count = window.indices.len();
    assert!(factors.len() == count && scales.len() == count, "{BROKEN}");
    assert!(factors.iter().all(|&factor| factor > 0), "{BROKEN}");
    for &scale in scales.iter().filter(|scale| **scale != NONE) {
        if extents[usize::from(scale)] == 0 {
            let label = program.labels[usize::from(scale)];
            return Err(ShapeError::new(Problem::ZeroCoefficient { label }));
        }
    }
    Ok(())
}

/// Goes through the rounds, and returns what was told of which index.
fn tell(
    program: &Program,
    sites: &[Site],
    extents: &mut [usize],
) -> Result<SmallVec<[(u8, Told); 4]>, ShapeError> {
    let mut all: SmallVec<[(u8, Told); 4]> = SmallVec::new();
    loop {
        let operands = || sites.iter().filter(|site| site.is_operand);
        let composed = || operands().filter(|site| site.window.terms.is_none());
        let windows = || operands().filter(|site| site.window.terms.is_some());
        let mut told: SmallVec<[(u8, Told); 4]> = SmallVec::new();
        for site in composed() {
            if let Some(index) = only_unknown(site.window, extents) {
                let extent = site.divide(program, index, extents)?;
                add(&mut told, index, site.told(extent));
            }
        }
        if told.is_empty() {
            for site in windows() {
                if let Some(index) = only_unknown(site.window, extents) {
                    let extent = site.slide(program, index, extents)?;
                    add(&mut told, index, site.told(extent));
                }
            }
        }
        if told.is_empty() {
            return Ok(all);
        }
        for &(index, told) in &told {
            extents[usize::from(index)] = told.extent;
        }
        all.append(&mut told);
    }
}

/// Notes what is told of an index, if it is less than what was.
fn add(told: &mut SmallVec<[(u8, Told); 4]>, index: u8, new: Told) {
    match told.iter_mut().find(|(other, _)| *other == index) {
        Some((_, least)) if least.extent <= new.extent => {}
        Some((_, least)) => *least = new,
        None => told.push((index, new)),
    }
}

/// The only index of which the extent is not known; a composed axis has it once.
fn only_unknown(window: &Window, extents: &[usize]) -> Option<u8> {
    let mut unknown =
        window.indices.iter().filter(|&&index| extents[usize::from(index)] == UNKNOWN);
    let only = *unknown.next()?;
    unknown.all(|&other| other == only && window.terms.is_some()).then_some(only)
}

impl Site {
    fn told(&self, extent: usize) -> Told {
        Told { extent, window: self.window.text, at: self.at }
    }

    /// Returns the extent of an index of a composed axis, whose others are known.
    fn divide(&self, program: &Program, index: u8, extents: &[usize]) -> Result<usize, ShapeError> {
        let others = self.window.indices.iter().filter(|&&other| other != index);
        let divisor = crate::program::product(others.map(|&other| extents[usize::from(other)]));
        match divisor.and_then(|divisor| self.at.extent.checked_rem(divisor)) {
            Some(0) => Ok(self.at.extent / divisor.unwrap_or(1)),
            _ => Err(ShapeError::new(Problem::Divide {
                axis: self.window.text,
                at: self.at,
                divisor: divisor.unwrap_or(usize::MAX),
                labels: self.labels(program, extents),
            })),
        }
    }

    /// Returns the largest extent of an index of a window, whose others are known.
    fn slide(&self, program: &Program, index: u8, extents: &[usize]) -> Result<usize, ShapeError> {
        let (window, extent) = (self.window, self.at.extent);
        let offset = window.offset();
        let overflow = || self.overflow(program, extents);
        // How far the other indices reach, and the step of this one.
        let (mut reach, mut step) = (0_usize, 0_usize);
        for (number, &own) in window.indices.iter().enumerate() {
            let coefficient = window.coefficient(number, extents).ok_or_else(overflow)?;
            if own == index {
                step = step.checked_add(coefficient).ok_or_else(overflow)?;
            } else {
                let last = extents[usize::from(own)].saturating_sub(1);
                let further = coefficient.checked_mul(last);
                reach =
                    further.and_then(|further| reach.checked_add(further)).ok_or_else(overflow)?;
            }
        }
        let padding = if offset < 0 { offset.unsigned_abs() } else { 0 };
        let skipped = if offset > 0 { offset.unsigned_abs() } else { 0 };
        let room = padding.checked_mul(2).and_then(|both| extent.checked_add(both));
        let needed = reach.checked_add(skipped).and_then(|reach| reach.checked_add(1));
        let (room, needed) = (room.ok_or_else(overflow)?, needed.ok_or_else(overflow)?);
        if room == 0 {
            // An empty axis has no positions, however large the window.
            return Ok(0);
        }
        match room.checked_sub(needed) {
            Some(left) => Ok(left / step + 1),
            None => {
                let problem = Problem::Fit { window: window.text, at: self.at, needed, padding };
                Err(ShapeError::new(problem))
            }
        }
    }

    /// Checks that the axis fits the extents of its indices, which are all known.
    fn fits(
        &self,
        program: &Program,
        operands: &[Raw<'_>],
        extents: &[usize],
    ) -> Result<(), ShapeError> {
        let (window, extent) = (self.window, self.at.extent);
        if let Some(terms) = &window.terms
            && site_extent(terms.site, operands) != extent
        {
            let [array, axis] = terms.site.map(usize::from);
            let first = axis_extent(&program.arrays[array], &operands[array].axes, axis);
            let (label, second) = (window.text, self.at);
            return Err(ShapeError::new(Problem::Extents { label, first, second }));
        }
        let labels = || self.labels(program, extents);
        let is_known = |&index: &u8| extents[usize::from(index)] != UNKNOWN;
        assert!(window.indices.iter().all(is_known), "{BROKEN}");
        if window.terms.is_none() {
            let product = window.composed_extent(extents);
            return match product == Some(extent) {
                true => Ok(()),
                false => Err(ShapeError::new(Problem::Multiply {
                    axis: window.text,
                    at: self.at,
                    product,
                    labels: labels(),
                })),
            };
        }
        let Some(last) = window.last(extents) else {
            return Err(self.overflow(program, extents));
        };
        let is_empty = window.indices.iter().any(|&index| extents[usize::from(index)] == 0);
        if window.offset() >= 0 && !is_empty && last.cast_unsigned() >= extent {
            return Err(ShapeError::new(Problem::Reach {
                window: window.text,
                at: self.at,
                position: last.cast_unsigned(),
                labels: labels(),
            }));
        }
        Ok(())
    }

    fn labels(&self, program: &Program, extents: &[usize]) -> Vec<Labelled> {
        let mut labels: Vec<Labelled> = Vec::new();
        let scales = self.window.terms.iter().flat_map(|terms| terms.scales);
        for &index in self.window.indices.iter().chain(scales) {
            let known =
                |index: u8| (program.labels[usize::from(index)], extents[usize::from(index)]);
            if index != NONE && known(index).1 != UNKNOWN && !labels.contains(&known(index)) {
                labels.push(known(index));
            }
        }
        labels
    }

    #[cold]
    fn overflow(&self, program: &Program, extents: &[usize]) -> ShapeError {
        let (window, at) = (self.window.text, self.at);
        ShapeError::new(Problem::Overflow { window, at, labels: self.labels(program, extents) })
    }
}

impl Window {
    /// Whether an index or its coefficient is in the window.
    fn uses(&self, index: u8) -> bool {
        let mut scales = self.terms.iter().flat_map(|terms| terms.scales);
        self.indices.contains(&index) || scales.any(|scale| *scale == index)
    }

    /// Returns the last position of a window; `None` if it or the number of those from the first one on is more than
    /// `isize::MAX`. An extent of zero counts as one.
    fn last(&self, extents: &[usize]) -> Option<isize> {
        let mut reach = 0_isize;
        for (number, &index) in self.indices.iter().enumerate() {
            let last = extents[usize::from(index)].saturating_sub(1);
            let further = self.coefficient(number, extents)?.checked_mul(last)?;
            reach = reach.checked_add(isize::try_from(further).ok()?)?;
        }
        reach.checked_add(1)?;
        reach.checked_add(self.offset())
    }
}
