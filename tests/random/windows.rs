//! Random windows and composed axes in place of some axes of a random einsum.

use super::{Axis, Expression, GivenExtent, Rng, insert};

/// An axis along several labels.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    /// Factor, the number of the name that multiplies it, and label. A composed axis has labels only.
    terms: Vec<(usize, Option<usize>, usize)>,
    offset: isize,
    is_composed: bool,
    /// The extent of a window's axis.
    extent: usize,
}

impl Window {
    pub(super) fn extent(&self, extents: &[usize]) -> usize {
        match self.is_composed {
            true => self.terms.iter().map(|&(.., label)| extents[label]).product(),
            false => self.extent,
        }
    }

    fn labels(&self) -> impl Iterator<Item = usize> {
        self.terms.iter().map(|&(.., label)| label)
    }

    /// The coefficient of a label, and how far the others reach.
    fn step_and_reach(&self, of: usize, extents: &[usize]) -> (usize, usize) {
        let (mut step, mut reach) = (0, 0);
        for &(factor, scale, label) in &self.terms {
            let coefficient = factor * scale.map_or(1, |scale| extents[scale]);
            match label == of {
                true => step += coefficient,
                false => reach += coefficient * (extents[label].max(1) - 1),
            }
        }
        (step, reach)
    }

    pub(super) fn print(&self, rng: &mut Rng, names: &[String], text: &mut String) {
        let is_airy = rng.chance(30);
        let space = |rng: &mut Rng| if is_airy { rng.pick(&["", " ", "  "]) } else { "" };
        text.push('(');
        text.push_str(space(rng));
        let offset_first = self.offset != 0 && rng.chance(15);
        if offset_first {
            text.push_str(&format!("{}", self.offset));
        }
        for (position, &(factor, scale, label)) in self.terms.iter().enumerate() {
            text.push_str(space(rng));
            if self.is_composed {
                text.push_str(if position > 0 { " " } else { "" });
            } else if position > 0 || offset_first {
                text.push('+');
                text.push_str(space(rng));
            }
            if let Some(scale) = scale {
                text.push_str(&format!("{}*", names[scale]));
            }
            match (factor, rng.chance(20)) {
                (1, false) => text.push_str(&names[label]),
                (_, false) => text.push_str(&format!("{factor}*{}", names[label])),
                // A window of one label is one only with a number.
                (1, true) if self.is_composed => text.push_str(&names[label]),
                (_, true) => text.push_str(&format!("{} * {factor}", names[label])),
            }
        }
        if self.offset != 0 && !offset_first {
            text.push_str(space(rng));
            text.push_str(&format!("{:+}", self.offset));
        }
        text.push_str(space(rng));
        text.push(')');
    }
}

impl Expression {
    /// A random einsum with windows and composed axes in some places.
    pub(super) fn windowed(seed: u64) -> Self {
        let mut expression = Expression::plain(seed);
        let rng = &mut Rng::new(seed ^ 0x77_1d_0e);
        expression.add_windows(rng);
        let labels = expression.extents.len();
        let unknown = |expression: &Expression| expression.rounds(|_, _| ()).into_iter().next();
        while let Some(label) = unknown(&expression) {
            expression.options.push(GivenExtent { label, is_literal: rng.chance(50) });
        }
        // Coefficients with a name.
        for number in 0..expression.windows.len() {
            let composed = expression.windows[number].is_composed;
            if !composed && rng.chance(12) && expression.names.len() < 20 {
                let scale = expression.extents.len();
                expression.extents.push(1 + rng.below(3));
                expression.options.push(GivenExtent { label: scale, is_literal: rng.chance(50) });
                expression.windows[number].terms[0].1 = Some(scale);
                expression.scales += 1;
            }
        }
        let values = expression.extents[labels..].to_vec();
        expression.names = expression.style.names(rng, expression.extents.len());
        expression.text = expression.print(rng, false);
        expression.draw_extents(rng, |label| label < labels);
        expression.extents[labels..].copy_from_slice(&values);
        expression.fit_windows(rng);
        expression
    }

    fn add_windows(&mut self, rng: &mut Rng) {
        let most = 14;
        for operand in 0..self.terms.len() {
            let mut left = 2;
            for axis in 0..self.terms[operand].len() {
                let Axis::Label(label) = self.terms[operand][axis] else { continue };
                if left == 0 || !rng.chance(35) {
                    continue;
                }
                left -= 1;
                let is_composed = rng.chance(35);
                let mut labels = vec![label];
                for _ in 0..usize::from(is_composed) + rng.weighted(&[30, 55, 15]) {
                    let known = self.extents.len();
                    let new = known < most && rng.chance(45);
                    labels.push(if new { known } else { rng.below(known) });
                    if new {
                        self.extents.push(1);
                    }
                }
                if !is_composed && rng.chance(15) {
                    labels.push(rng.pick(&labels));
                }
                if is_composed && !rng.chance(8) {
                    let all = labels.clone();
                    let mut position = 0;
                    labels.retain(|label| {
                        position += 1;
                        !all[..position - 1].contains(label)
                    });
                    if labels.len() == 1 {
                        continue;
                    }
                }
                let term = |label| {
                    let factor = if is_composed { 1 } else { 1 + rng.weighted(&[65, 22, 13]) };
                    (factor, None, label)
                };
                let mut terms: Vec<_> = labels.into_iter().map(term).collect();
                rng.shuffle(&mut terms);
                let mut offset = match rng.weighted(&[60, 12, 28]) {
                    0 => 0,
                    1 => 1 + rng.below(2) as isize,
                    _ => -1 - rng.below(3) as isize,
                };
                if is_composed {
                    offset = 0;
                } else if terms.len() == 1 && terms[0].0 == 1 && offset == 0 {
                    terms[0].0 = 2;
                }
                let number = self.windows.len();
                self.windows.push(Window { terms, offset, is_composed, extent: 1 });
                self.terms[operand][axis] = Axis::Window(number);
            }
        }
        // New labels are free to be in the output.
        for label in 0..self.extents.len() {
            let is_new = self.windows.iter().any(|window| window.labels().any(|own| own == label));
            if is_new && rng.chance(40) && self.output.len() < 6 {
                insert(rng, &mut self.output, Axis::Label(label));
            }
        }
        if self.output.len() > 1 && rng.chance(25) {
            let at = rng.below(self.output.len() - 1);
            if let [Axis::Label(first), Axis::Label(second)] = self.output[at..at + 2] {
                let terms = vec![(1, None, first), (1, None, second)];
                let number = self.windows.len();
                self.windows.push(Window { terms, offset: 0, is_composed: true, extent: 1 });
                self.output.splice(at..at + 2, [Axis::Window(number)]);
            }
        }
    }

    /// Calls `tell` for every window that tells the extent of a label, in the order of the rounds, and returns the labels
    /// whose extents remain unknown.
    fn rounds(&self, mut tell: impl FnMut(usize, usize)) -> Vec<usize> {
        let operands = || self.terms.iter().flatten();
        let labels = 0..self.extents.len() - self.scales;
        let is_known = |&label: &usize| {
            operands().any(|axis| *axis == Axis::Label(label))
                || self.options.iter().any(|given| given.label == label)
        };
        let is_used = |&label: &usize| {
            let of_output = self.output.contains(&Axis::Label(label));
            of_output || self.windows.iter().any(|window| window.labels().any(|own| own == label))
        };
        let mut unknown: Vec<usize> =
            labels.filter(|label| is_used(label) && !is_known(label)).collect();
        loop {
            let mut told: Vec<(bool, usize, usize)> = Vec::new();
            for axis in operands() {
                let Axis::Window(number) = *axis else { continue };
                let window = &self.windows[number];
                let mut of_window: Vec<usize> =
                    window.labels().filter(|label| unknown.contains(label)).collect();
                let occurrences = of_window.len();
                of_window.dedup();
                if let [only] = of_window[..]
                    && (!window.is_composed || occurrences == 1)
                {
                    told.push((window.is_composed, number, only));
                }
            }
            let any_composed = told.iter().any(|&(is_composed, ..)| is_composed);
            told.retain(|&(is_composed, ..)| is_composed == any_composed);
            if told.is_empty() {
                return unknown;
            }
            for (_, number, label) in told {
                tell(number, label);
                unknown.retain(|&other| other != label);
            }
        }
    }

    /// Gives every window an extent with which the labels have theirs; where none does, a label gets another one.
    pub(super) fn fit_windows(&mut self, rng: &mut Rng) {
        if self.windows.is_empty() {
            return;
        }
        for round in 0.. {
            let mut telling: Vec<(usize, usize)> = Vec::new();
            let _ = self.rounds(|number, label| telling.push((number, label)));
            let mut fits = true;
            for (position, &(number, label)) in telling.iter().enumerate() {
                let window = &self.windows[number];
                // Nothing divides by zero, and no window tells an extent of zero.
                let nonzero: Vec<usize> = match window.is_composed {
                    true => window.labels().collect(),
                    false => vec![label],
                };
                for label in nonzero {
                    self.extents[label] = self.extents[label].max(1);
                }
                let window = &self.windows[number];
                if window.is_composed {
                    // All that tell the label must agree: each is its product.
                    continue;
                }
                let (step, reach) = window.step_and_reach(label, &self.extents);
                let room = step * (self.extents[label] - 1) + reach + 1 + rng.below(step);
                // The first one is the smallest.
                let is_first = telling[..position].iter().all(|&(_, other)| other != label);
                let room = if is_first { room } else { room + rng.below(4) };
                let extent = match window.offset {
                    ..0 => room as isize + 2 * window.offset,
                    _ => room as isize + window.offset,
                };
                if extent < 1 {
                    self.extents[label] += 1;
                    fits = false;
                    break;
                }
                self.windows[number].extent = extent as usize;
            }
            if !fits {
                continue;
            }
            for number in 0..self.windows.len() {
                if telling.iter().any(|&(other, _)| other == number) {
                    continue;
                }
                let window = &self.windows[number];
                let (_, reach) = window.step_and_reach(usize::MAX, &self.extents);
                self.windows[number].extent = match window.offset {
                    ..0 => 1 + rng.below(reach + 2),
                    offset => reach + 1 + offset as usize + rng.below(3),
                };
            }
            let size = |shape: Vec<usize>| shape.iter().map(|&n| n.max(1)).product::<usize>();
            let loops = size(self.extents[..self.extents.len() - self.scales].to_vec());
            let arrays = self.shapes().into_iter().chain([self.output_shape()]).map(size);
            // What was made larger to fit is not made smaller for ever.
            if arrays.max().unwrap_or(1) <= 3_000 && loops <= 1_500 || round > 100 {
                return;
            }
            let labels = 0..self.extents.len() - self.scales;
            let is_free = |&label: &usize| {
                let mut options = self.options.iter();
                self.extents[label] > 1
                    && !options.any(|given| given.label == label && given.is_literal)
            };
            let largest = labels.filter(is_free).max_by_key(|&label| self.extents[label]);
            let Some(label) = largest else { return };
            self.extents[label] -= 1;
        }
    }
}
