//! Where the positions of labels are on an axis, and the extents that windows tell.

use super::parse::names;

/// An axis: at `Σ coefficient · position + offset`.
pub(super) struct Axis {
    /// Coefficients with the numbers of labels.
    terms: Vec<(usize, usize)>,
    offset: isize,
    broadcasts: bool,
}

impl Axis {
    /// `known` are all labels with their extents, and the coefficients with their values.
    pub(super) fn new(word: &str, known: &[(String, usize)]) -> Self {
        let number = |label: &str| {
            let position = known.iter().position(|(name, _)| name == label);
            position.unwrap_or_else(|| panic!("no extent of {label} in {word:?}"))
        };
        if word.starts_with('.') || word == "1" {
            return Axis { terms: vec![(1, number(word))], offset: 0, broadcasts: true };
        }
        if !word.contains(['+', '-', '*']) {
            // A label, or a composed axis, whose last label is the fastest.
            let mut terms = Vec::new();
            let mut step = 1;
            for label in names(word).into_iter().rev() {
                terms.push((step, number(label)));
                step *= known[number(label)].1;
            }
            return Axis { terms, offset: 0, broadcasts: false };
        }
        let (terms, offset) = window(word, |name| known[number(name)].1);
        let terms = terms.into_iter().map(|(step, label)| (step, number(label))).collect();
        Axis { terms, offset, broadcasts: false }
    }

    /// The numbers of its labels.
    pub(super) fn labels(&self) -> impl Iterator<Item = usize> {
        self.terms.iter().map(|&(_, label)| label)
    }

    /// Where a position is on an axis of this extent, if it is on it.
    pub(super) fn at(&self, position: &[usize], extent: usize) -> Option<usize> {
        let steps = self.terms.iter().map(|&(step, label)| step * position[label]);
        let at = steps.sum::<usize>() as isize + self.offset;
        match self.broadcasts {
            true => Some(at as usize % extent),
            false => (0..extent as isize).contains(&at).then_some(at as usize),
        }
    }

    /// The extent of an axis that is not a window's.
    pub(super) fn extent(&self, extents: &[usize]) -> usize {
        self.terms.iter().map(|&(_, label)| extents[label]).product()
    }
}

/// The labels of an axis, without the names of coefficients.
pub(super) fn labels(word: &str) -> Vec<&str> {
    match word.contains(['+', '-', '*']) {
        true => window(word, |_| 1).0.into_iter().map(|(_, label)| label).collect(),
        false if word.starts_with('.') => vec![word],
        false => names(word),
    }
}

/// The coefficient of each label in a sum of products, and the offset.
fn window(word: &str, value: impl Fn(&str) -> usize) -> (Vec<(usize, &str)>, isize) {
    let (mut terms, mut offset) = (Vec::new(), 0);
    let mut start = 0;
    let signs = word.match_indices(['+', '-']).map(|(at, _)| at).chain([word.len()]);
    for end in signs {
        let product = word[start..end].trim();
        let negative = product.starts_with('-');
        let factors: Vec<&str> =
            product.trim_start_matches(['+', '-']).split('*').map(str::trim).collect();
        start = end;
        if product.is_empty() {
            continue;
        }
        // The label is the last name, what else there is are numbers or coefficients.
        let is_number = |factor: &str| factor.starts_with(|c: char| c.is_ascii_digit());
        let label = factors.iter().rposition(|factor| !is_number(factor));
        let mut step = 1;
        for (at, factor) in factors.iter().enumerate().filter(|(at, _)| Some(*at) != label) {
            let _ = at;
            step *= if is_number(factor) { factor.parse().unwrap() } else { value(factor) };
        }
        match label {
            Some(label) => terms.push((step, factors[label])),
            None if negative => offset -= step as isize,
            None => offset += step as isize,
        }
    }
    (terms, offset)
}

/// Adds the extents that windows and composed axes tell: those of which all but one label are known, in rounds.
pub(super) fn infer(axes: &[(&String, usize)], known: &mut Vec<(String, usize)>) {
    loop {
        // The axes that tell something, composed ones if there are any.
        let mut telling: Vec<(bool, &str, usize)> = Vec::new();
        for &(word, extent) in axes {
            let value = |name: &str| known.iter().find(|(label, _)| label == name).map(|k| k.1);
            let composed = !word.contains(['+', '-', '*']);
            let mut unknown: Vec<&str> = names(word);
            unknown.retain(|label| value(label).is_none());
            if !composed {
                unknown.dedup();
            }
            let [unknown] = unknown[..] else { continue };
            let of_known = |name: &str| value(name).unwrap_or(1);
            let told = if composed {
                let others: usize = names(word).into_iter().map(of_known).product();
                assert_eq!(extent % others, 0, "{word:?} splits {extent}");
                extent / others
            } else {
                let (terms, offset) = window(word, of_known);
                // The largest extent with which no read leaves the axis and its padding, by trying.
                let (low, high) = match offset {
                    ..0 => (offset, extent as isize - offset),
                    _ => (0, extent as isize),
                };
                let inside = |n: usize| {
                    let last = terms.iter().map(|&(step, label)| {
                        step * (if label == unknown { n } else { of_known(label) }).max(1) - step
                    });
                    let last = last.sum::<usize>() as isize + offset;
                    offset >= low && last < high
                };
                (1..).take_while(|&n| inside(n)).last().unwrap_or(0)
            };
            telling.push((composed, unknown, told));
        }
        let any_composed = telling.iter().any(|&(composed, ..)| composed);
        telling.retain(|&(composed, ..)| composed == any_composed);
        if telling.is_empty() {
            return;
        }
        let mut new: Vec<(String, usize)> = Vec::new();
        for (_, label, told) in telling {
            match new.iter_mut().find(|(name, _)| name == label) {
                Some((_, least)) => *least = told.min(*least),
                None => new.push((label.to_owned(), told)),
            }
        }
        known.extend(new);
    }
}
