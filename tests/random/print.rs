//! How a random einsum is written.

use super::{Axis, Rng, Window};

/// The notation and what names the labels have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// One letter a label.
    Letters,
    /// Letters, and some names in parentheses.
    Parenthesised,
    /// Names, separated by white space.
    Named,
}

/// Names that are easily confused: with each other, with what emitted code may call its own
/// items, and with Rust's.
const NAMES: &[&str] = &[
    "batch", "Batch", "row", "rows", "col", "channel", "head", "query", "key", "width", "height",
    "x", "x1", "x_1", "_x", "k", "K", "n0", "n1", "a0", "t0", "T", "usize", "Ok", "Err", "größe",
    "étage", "in", "out", "type", "core", "i", "j",
];

const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

impl Style {
    pub(super) fn random(rng: &mut Rng) -> Self {
        [Style::Letters, Style::Parenthesised, Style::Named][rng.weighted(&[65, 10, 25])]
    }

    /// Draws different names for so many labels.
    pub(super) fn names(self, rng: &mut Rng, count: usize) -> Vec<String> {
        let mut letters: Vec<String> = LETTERS.chars().map(String::from).collect();
        // Few labels mostly have the usual letters.
        if rng.chance(70) {
            letters = letters.into_iter().skip(8).take(count.max(8)).collect();
        }
        let mut names: Vec<String> = NAMES.iter().map(|&name| name.to_owned()).collect();
        rng.shuffle(&mut letters);
        rng.shuffle(&mut names);
        match self {
            Style::Letters => letters.truncate(count),
            Style::Named => {
                letters = names;
                letters.truncate(count);
            }
            Style::Parenthesised => {
                letters.truncate(count);
                for label in 0..count {
                    if rng.chance(40) && !letters.contains(&names[label]) {
                        letters[label].clone_from(&names[label]);
                    }
                }
            }
        }
        letters
    }

    pub(super) fn print(
        self,
        rng: &mut Rng,
        terms: &[Vec<Axis>],
        output: Option<&[Axis]>,
        names: &[String],
        windows: &[Window],
    ) -> String {
        // Only if two neighbours can be separated does white space tell a name from letters.
        let is_axis = |axis: &Axis| *axis != Axis::Ellipsis;
        let has_neighbours = |term: &[Axis]| term.windows(2).any(|pair| pair.iter().all(is_axis));
        let is_named = self == Style::Named
            && (terms.iter().any(|term| has_neighbours(term))
                || output.is_some_and(has_neighbours));
        let is_airy = rng.chance(40);
        let mut text = String::new();
        space(rng, is_airy, &mut text);
        for (number, term) in terms.iter().enumerate() {
            if number > 0 {
                text.push(',');
                space(rng, is_airy, &mut text);
            }
            print_term(rng, is_named, term, names, windows, &mut text);
            space(rng, is_airy, &mut text);
        }
        if let Some(output) = output {
            text.push_str("->");
            space(rng, is_airy, &mut text);
            print_term(rng, is_named, output, names, windows, &mut text);
            space(rng, is_airy, &mut text);
        }
        text
    }
}

fn space(rng: &mut Rng, is_airy: bool, text: &mut String) {
    if is_airy {
        text.push_str(rng.pick(&["", "", " ", " ", "  ", "\n", "\t", "\n    "]));
    }
}

fn print_term(
    rng: &mut Rng,
    is_named: bool,
    term: &[Axis],
    names: &[String],
    windows: &[Window],
    text: &mut String,
) {
    for (position, axis) in term.iter().enumerate() {
        let is_beside_ellipsis =
            *axis == Axis::Ellipsis || position > 0 && term[position - 1] == Axis::Ellipsis;
        if position > 0 && is_named && !(is_beside_ellipsis && rng.chance(30)) {
            text.push_str(rng.pick(&[" ", " ", " ", " ", "  ", "\n", "\t "]));
        } else if position > 0 && is_beside_ellipsis && rng.chance(20) {
            text.push(' ');
        }
        match *axis {
            Axis::Ellipsis => text.push_str("..."),
            Axis::Unit => text.push('1'),
            Axis::Window(number) => windows[number].print(rng, names, text),
            Axis::Label(label) => {
                let name = &names[label];
                // A letter may stand in parentheses too.
                let needs_parentheses = !is_named && name.len() > 1;
                match (needs_parentheses || rng.chance(3), rng.chance(10)) {
                    (true, false) => text.push_str(&format!("({name})")),
                    (true, true) => text.push_str(&format!("( {name} )")),
                    (false, _) => text.push_str(name),
                }
            }
        }
    }
}
