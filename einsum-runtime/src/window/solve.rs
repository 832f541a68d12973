//! Works the target's axes out one by one, so that its positions become loops: windows of the target turn into windows
//! of sources, and every element of the target is written by one point.
//!
//! For an axis `t = s·x + Σ d·k + o` the loop over x is replaced by one over t, `x = (t − Σ d·k − o) / s`. Where `s > 1`
//! that is an integer in some residue classes only: for each class of t, `t = r + s·t'`, those of the loops over k whose
//! sum is right, `k = q + m·k'` with `m = s / gcd(s, d)`, make a nest of their own:
//!
//! ```text
//! x = t' − Σ (d·m / s)·k' + (r − o − Σ d·q) / s
//! ```
//!
//! Where the points reach every position once, no loop has to be replaced: patches that lie beside each other.
//!
//! That x is inside its extent is left to a source that has an axis for it, and is zero outside.

use smallvec::{SmallVec, smallvec};

use super::affine::{Affine, Line, Loop, PerLoop, gcd, plus, times};
use super::transposed::transposed;
use super::{Job, gather, scatter, spread};
use crate::kernel::raw::{Factor, RawMode};
use crate::sort::sort_by_key;

/// The fewest adjacent elements that are a run.
const RUN: usize = if cfg!(test) { 2 } else { 3 };

/// Runs a nest.
///
/// # Safety
///
/// As [`run`](super::run); the mode is that of the nest, or of a later one whose sums are added to its.
pub(super) unsafe fn solve(job: &Job<'_>, nest: Affine) {
    let is_scattered = !is_solvable(&nest);
    let is_spread = spread::is_cheaper(job, &nest);
    if !is_scattered && !is_spread && is_covered(&nest) {
        // SAFETY: the caller's duties.
        return unsafe {
            if !transposed(job, &nest) {
                next_axis(job, nest, job.mode);
            }
        };
    }
    // SAFETY: the caller's duties: that is all of the target.
    unsafe {
        let mode = job.kernels.scale_all(nest.part_of_target(), job.out, job.mode);
        match (is_spread, is_scattered) {
            (true, _) => spread::spread(job, &nest, added(mode)),
            (false, true) => scatter::scatter(job, nest, added(mode)),
            (false, false) => next_axis(job, nest, mode),
        }
    }
}

/// Returns the mode for sums that are added to others of the same nest.
pub(super) fn added(mode: RawMode) -> RawMode {
    let alpha = match mode {
        RawMode::Assign => Factor::One,
        RawMode::Scale { alpha, .. } => alpha,
    };
    RawMode::Scale { alpha, beta: Factor::One }
}

/// The loops of an axis.
fn loops_of(line: &Line) -> impl Iterator<Item = usize> {
    line.coefficients.iter().enumerate().filter(|(_, c)| **c != 0).map(|(number, _)| number)
}

/// Returns the loop of a window that the position takes the place of, if there is one.
pub(super) fn solved_for(nest: &Affine, line: &Line) -> Option<usize> {
    loops_of(line).filter(|&number| nest.is_bounded(number)).max_by_key(|&n| nest.loops[n].extent)
}

/// Whether no axis of the target has to do with another, and windows can be solved.
fn is_solvable(nest: &Affine) -> bool {
    nest.target.iter().enumerate().all(|(axis, line)| {
        let is_alone = loops_of(line).all(|number| {
            let others = nest.target.iter().enumerate().filter(|(other, _)| *other != axis);
            others.map(|(_, other)| other.coefficients[number]).all(|c| c == 0)
        });
        is_alone && (loops_of(line).count() <= 1 || solved_for(nest, line).is_some())
    })
}

/// Whether the points of an axis' loops reach every one of its positions, each once: as the digits of a number do. Windows
/// that lie beside each other are so, as patches of an image.
fn are_digits(nest: &Affine, line: &Line) -> bool {
    let mut loops: SmallVec<[usize; 8]> = loops_of(line).collect();
    let coefficient = |n: usize| line.coefficients[n].unsigned_abs();
    sort_by_key(&mut loops[..], |&n| coefficient(n));
    let mut points = 1_usize;
    for &number in &loops {
        if coefficient(number) != points {
            return false;
        }
        points = points.saturating_mul(nest.loops[number].extent);
    }
    let range = line.range(nest.loops.iter().map(|l| l.extent));
    points > 0 && points == line.extent && line.has(range)
}

/// Whether elements of the target are adjacent along a loop, where `line` is an axis of it besides those of `rest`. If runs are
/// shorter, results are better formed class by class, along the loop that the windows lie along.
fn has_runs(rest: &Affine, line: &Line) -> bool {
    let is_run =
        |number: usize, step: isize| step.unsigned_abs() == 1 && rest.loops[number].extent >= RUN;
    let of_line = |line: &Line| {
        loops_of(line).any(|n| is_run(n, line.coefficients[n].wrapping_mul(line.stride)))
    };
    let of_loops = || rest.loops.iter().enumerate().any(|(n, l)| is_run(n, l.out.unwrap_or(0)));
    of_line(line) || rest.target.iter().any(of_line) || of_loops()
}

/// Whether points reach every position of the axes that are no windows.
pub(super) fn is_covered(nest: &Affine) -> bool {
    nest.target.iter().all(|line| {
        let mut loops = loops_of(line);
        match (loops.next(), loops.next()) {
            (None, _) => line.extent == 1 && line.offset == 0,
            (Some(number), None) => {
                let range = line.range(nest.loops.iter().map(|l| l.extent));
                let is_step = line.coefficients[number].unsigned_abs() == 1;
                let last = line.extent.cast_signed() - 1;
                is_step && nest.loops[number].extent > 0 && range[0] <= 0 && range[1] >= last
            }
            _ => true,
        }
    })
}

/// Works the next axis of the target out, and the others after it.
///
/// # Safety
///
/// As [`solve`].
pub(super) unsafe fn next_axis(job: &Job<'_>, nest: Affine, mode: RawMode) {
    let mut rest = nest;
    while let Some(line) = rest.target.pop() {
        let mut loops = loops_of(&line);
        let (first, second) = (loops.next(), loops.next());
        drop(loops);
        match (first, second) {
            (None, _) => {
                if !line.has([line.offset; 2]) {
                    return;
                }
                rest.out = rest.out.wrapping_add(line.offset.wrapping_mul(line.stride));
            }
            (Some(number), None) => {
                let coefficient = line.coefficients[number];
                let part = line.inside(number, rest.loops[number].extent);
                rest.restrict(number, part.start, 1, part.len());
                let at = plus(line.offset, times(coefficient, part.start.cast_signed()));
                rest.out = rest.out.wrapping_add(at.wrapping_mul(line.stride));
                rest.loops[number].out = Some(coefficient.wrapping_mul(line.stride));
            }
            _ if are_digits(&rest, &line) && has_runs(&rest, &line) => {
                #[cfg(test)]
                super::tests::take(super::tests::Way::Digits);
                rest.out = rest.out.wrapping_add(line.offset.wrapping_mul(line.stride));
                for number in loops_of(&line) {
                    let step = line.coefficients[number].wrapping_mul(line.stride);
                    rest.loops[number].out = Some(step);
                }
            }
            // SAFETY: the caller's duties.
            _ => return unsafe { window(job, &rest, &line, mode) },
        }
    }
    // SAFETY: the caller's duties.
    unsafe { gather::gather(job, &rest, mode) }
}

/// Runs a nest whose target has a window, `line`, besides the axes of `rest`.
///
/// # Safety
///
/// As [`solve`].
unsafe fn window(job: &Job<'_>, rest: &Affine, line: &Line, mode: RawMode) {
    let mut rest = rest.clone();
    let mut line = line.clone();
    let number = solved_for(&rest, &line).expect("the window has been found solvable");
    if line.coefficients[number] < 0 {
        // As if the axis ran the other way.
        let last = line.extent.cast_signed() - 1;
        rest.out = rest.out.wrapping_add(last.wrapping_mul(line.stride));
        line.stride = line.stride.wrapping_neg();
        line.offset = plus(last, times(line.offset, -1));
        line.coefficients.iter_mut().for_each(|c| *c = times(*c, -1));
    }
    let step = line.coefficients[number].cast_unsigned();
    let others: SmallVec<[usize; 8]> = loops_of(&line).filter(|&other| other != number).collect();
    let mut residue = 0;
    while residue < step.min(line.extent) {
        let mut nest = rest.clone();
        let first = residue.cast_signed();
        nest.out = nest.out.wrapping_add(line.stride.wrapping_mul(first));
        let out = line.stride.wrapping_mul(step.cast_signed());
        let new = Loop { extent: (line.extent - residue).div_ceil(step), out: Some(out) };
        let mut classes = Classes::new(&rest, &line, &others, step);
        let mut mode_now = mode;
        let mut is_first = true;
        while let Some(place) = classes.next(plus(first, times(line.offset, -1))) {
            let mut part = nest.clone();
            let mut by: PerLoop<isize> = smallvec![0; line.coefficients.len()];
            for (i, &other) in others.iter().enumerate() {
                let (class, modulus) = (classes.at[i], classes.moduli[i]);
                let extent = (rest.loops[other].extent - class).div_ceil(modulus);
                part.restrict(other, class, modulus, extent);
                let along = times(line.coefficients[other], modulus.cast_signed());
                by[other] = times(along / step.cast_signed(), -1);
            }
            by[number] = 1;
            part.replace(number, new, &by, place);
            // SAFETY: the caller's duties; later classes are added to the first.
            unsafe { next_axis(job, part, mode_now) };
            if is_first {
                (mode_now, is_first) = (added(mode), false);
            }
        }
        if is_first {
            nest.loops[number] = new;
            let nothing = nest.part_of_target();
            // SAFETY: the caller's duties: that is the class' part of the target.
            unsafe {
                let out = job.out_at(nest.out);
                job.kernels.scale_all(nothing, out, mode);
            }
        }
        residue += 1;
    }
}

/// The residue classes of the other loops of a window.
struct Classes<'l> {
    line: &'l Line,
    others: &'l [usize],
    step: isize,
    moduli: SmallVec<[usize; 8]>,
    /// How many classes of each loop have points.
    counts: SmallVec<[usize; 8]>,
    /// The classes of the loops; the next if `is_begun`.
    at: SmallVec<[usize; 8]>,
    is_begun: bool,
}

impl<'l> Classes<'l> {
    fn new(rest: &Affine, line: &'l Line, others: &'l [usize], step: usize) -> Self {
        let modulus = |&other: &usize| step / gcd(step, line.coefficients[other].unsigned_abs());
        let moduli: SmallVec<[usize; 8]> = others.iter().map(modulus).collect();
        let count = |(&other, &modulus): (&usize, &usize)| rest.loops[other].extent.min(modulus);
        let counts = others.iter().zip(&moduli).map(count).collect();
        let at = smallvec![0; others.len()];
        Classes { line, others, step: step.cast_signed(), moduli, counts, at, is_begun: false }
    }

    /// Goes on to the next classes whose sum makes `place − Σ d·q` a multiple of the step, and returns how many times.
    fn next(&mut self, place: isize) -> Option<isize> {
        if self.counts.contains(&0) {
            return None;
        }
        loop {
            if self.is_begun {
                let mut i = self.at.len();
                loop {
                    if i == 0 {
                        return None;
                    }
                    i -= 1;
                    self.at[i] += 1;
                    if self.at[i] < self.counts[i] {
                        break;
                    }
                    self.at[i] = 0;
                }
            }
            self.is_begun = true;
            let mut left = place;
            for (&other, &class) in self.others.iter().zip(&self.at) {
                let along = times(self.line.coefficients[other], class.cast_signed());
                left = plus(left, times(along, -1));
            }
            if left % self.step == 0 {
                return Some(left / self.step);
            }
        }
    }
}
