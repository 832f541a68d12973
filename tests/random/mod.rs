//! Random einsums: their structure, their text, and shapes that fit, all determined by one seed.

#![allow(dead_code, reason = "each test binary uses a part")]

mod print;
mod rng;
mod windows;

pub(crate) use print::Style;
pub(crate) use rng::Rng;
use windows::Window;

/// One axis of a term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Axis {
    /// The label of this number.
    Label(usize),
    /// Written `1`.
    Unit,
    /// Written `...`.
    Ellipsis,
    /// The window or composed axis of this number.
    Window(usize),
}

/// A random einsum.
#[derive(Clone, Debug)]
pub(crate) struct Expression {
    /// What it was made from.
    pub(crate) seed: u64,
    /// How it is written.
    pub(crate) text: String,
    pub(crate) style: Style,
    /// The term of each operand.
    pub(crate) terms: Vec<Vec<Axis>>,
    pub(crate) output: Vec<Axis>,
    /// The name of each label.
    pub(crate) names: Vec<String>,
    /// The extent of each label.
    pub(crate) extents: Vec<usize>,
    /// The labels whose extents are given in the options: those that only the output has, and
    /// now and then another.
    pub(crate) options: Vec<GivenExtent>,
    /// The extents that the ellipsis of each operand stands for.
    pub(crate) ellipses: Vec<Vec<usize>>,
    /// The windows and composed axes of all terms.
    pub(crate) windows: Vec<Window>,
    /// How many of the last names are coefficients, whose values are among `extents`.
    pub(crate) scales: usize,
}

/// From this seed on einsums have windows and composed axes in some places.
pub(crate) const WINDOWED: u64 = 1 << 40;

/// An extent in the options.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GivenExtent {
    pub(crate) label: usize,
    /// Whether the call has the number itself instead of an expression, so that it cannot change.
    pub(crate) is_literal: bool,
}

impl Expression {
    /// From [`WINDOWED`] on, with windows.
    pub(crate) fn new(seed: u64) -> Self {
        match seed.checked_sub(WINDOWED) {
            None => Expression::plain(seed),
            Some(of_plain) => Expression { seed, ..Expression::windowed(of_plain) },
        }
    }

    fn plain(seed: u64) -> Self {
        let rng = &mut Rng::new(seed);
        // Long products leave the exact search for a contraction path behind.
        let is_long = rng.chance(3);
        let operands =
            if is_long { 6 + rng.below(7) } else { 1 + rng.weighted(&[25, 35, 20, 12, 8]) };
        let has_ellipsis = rng.chance(25);
        let mut labels = 0;
        let mut terms: Vec<Vec<Axis>> =
            (0..operands).map(|_| random_term(rng, is_long, &mut labels)).collect();
        let mut ellipses = vec![Vec::new(); operands];
        if has_ellipsis {
            let rank = rng.weighted(&[10, 40, 35, 15]);
            let certain = rng.below(operands);
            for (number, term) in terms.iter_mut().enumerate() {
                if number == certain || rng.chance(70) {
                    insert(rng, term, Axis::Ellipsis);
                    let own = if number == certain { rank } else { rng.below(rank + 1) };
                    ellipses[number] = vec![1; own];
                }
            }
        }
        let style = Style::random(rng);
        let mut expression = Expression {
            seed,
            text: String::new(),
            style,
            terms,
            output: Vec::new(),
            names: Vec::new(),
            extents: vec![1; labels],
            options: Vec::new(),
            ellipses,
            windows: Vec::new(),
            scales: 0,
        };
        let is_implicit = style == Style::Letters && rng.chance(15);
        if !is_implicit {
            expression.random_output(rng);
        }
        expression.names = style.names(rng, expression.extents.len());
        if is_implicit {
            expression.output = expression.implicit_output();
        }
        if rng.chance(10) && labels > 0 {
            let label = rng.below(labels);
            expression.options.push(GivenExtent { label, is_literal: rng.chance(50) });
        }
        expression.text = expression.print(rng, is_implicit);
        expression.draw_extents(rng, |_| true);
        expression
    }

    /// Draws new extents for everything whose extent is not written in the call.
    pub(crate) fn resize(&mut self, rng: &mut Rng) {
        let is_fixed =
            |label| self.options.iter().any(|given| given.label == label && given.is_literal);
        let free: Vec<bool> = (0..self.extents.len()).map(|label| !is_fixed(label)).collect();
        let values = self.extents[self.extents.len() - self.scales..].to_vec();
        self.draw_extents(rng, |label| free[label]);
        let labels = self.extents.len() - self.scales;
        self.extents[labels..].copy_from_slice(&values);
        self.fit_windows(rng);
    }

    /// Makes the extent of a label zero, if there is one that can change.
    pub(crate) fn empty(&mut self, rng: &mut Rng) {
        let is_fixed =
            |label| self.options.iter().any(|given| given.label == label && given.is_literal);
        let labels = 0..self.extents.len() - self.scales;
        let free: Vec<usize> = labels.filter(|&label| !is_fixed(label)).collect();
        if !free.is_empty() {
            self.extents[rng.pick(&free)] = 0;
            self.fit_windows(rng);
        }
    }

    fn draw_extents(&mut self, rng: &mut Rng, is_free: impl Fn(usize) -> bool) {
        // Where loops are few, now and then about as many points as emitted code runs itself: 256, or 512 of three loops.
        let (least, more) = match self.extents.len() {
            1 if rng.chance(30) => (254, 5),
            2 if rng.chance(30) => (14, 5),
            3 if rng.chance(30) => (6, 4),
            _ => (0, 0),
        };
        for label in (0..self.extents.len()).filter(|&label| is_free(label)) {
            self.extents[label] = match least {
                0 => rng.weighted(&[3, 12, 35, 30, 12, 8]),
                _ => least + rng.below(more),
            };
        }
        let rank = self.ellipses.iter().map(Vec::len).max().unwrap_or(0);
        let widest: Vec<usize> = (0..rank).map(|_| rng.weighted(&[2, 13, 50, 35])).collect();
        for ellipsis in &mut self.ellipses {
            let aligned = &widest[rank - ellipsis.len()..];
            for (extent, &full) in ellipsis.iter_mut().zip(aligned) {
                *extent = if rng.chance(25) { 1 } else { full };
            }
        }
        let bound = if rng.chance(5) { 20_000 } else { 1_500 };
        while self.size() > bound {
            let can_shrink = |&label: &usize| is_free(label) && self.extents[label] > 1;
            let free = (0..self.extents.len()).filter(can_shrink);
            let Some(label) = free.max_by_key(|&label| self.extents[label]) else { return };
            self.extents[label] -= 1;
        }
    }

    /// The largest of the number of assignments to all labels and of the elements of the output and
    /// of each operand, counting an extent of 0 as 1.
    fn size(&self) -> usize {
        let product = |extents: &[usize]| extents.iter().map(|&n| n.max(1)).product::<usize>();
        let ellipsis = product(&self.broadcast());
        let arrays = self.shapes().into_iter().chain([self.output_shape()]);
        let largest = arrays.map(|shape| product(&shape)).max().unwrap_or(1);
        (product(&self.extents) * ellipsis).max(largest)
    }

    /// The shape of each operand.
    pub(crate) fn shapes(&self) -> Vec<Vec<usize>> {
        let terms = self.terms.iter().zip(&self.ellipses);
        terms.map(|(term, ellipsis)| self.shape(term, ellipsis)).collect()
    }

    /// The shape of the output.
    pub(crate) fn output_shape(&self) -> Vec<usize> {
        self.shape(&self.output, &self.broadcast())
    }

    fn shape(&self, term: &[Axis], ellipsis: &[usize]) -> Vec<usize> {
        let mut shape = Vec::new();
        for axis in term {
            match *axis {
                Axis::Label(label) => shape.push(self.extents[label]),
                Axis::Unit => shape.push(1),
                Axis::Ellipsis => shape.extend(ellipsis),
                Axis::Window(number) => shape.push(self.windows[number].extent(&self.extents)),
            }
        }
        shape
    }

    fn broadcast(&self) -> Vec<usize> {
        let rank = self.ellipses.iter().map(Vec::len).max().unwrap_or(0);
        let mut all = vec![1; rank];
        for ellipsis in &self.ellipses {
            for (extent, &own) in all[rank - ellipsis.len()..].iter_mut().zip(ellipsis) {
                *extent = if own == 1 { *extent } else { own };
            }
        }
        all
    }

    /// The options with their extents.
    pub(crate) fn given(&self) -> Vec<(&str, usize)> {
        let given = self.options.iter();
        given.map(|given| (self.names[given.label].as_str(), self.extents[given.label])).collect()
    }

    /// Whether the output only has the operand's axes in another order, or diagonals of them.
    pub(crate) fn is_view(&self) -> bool {
        let mut kept: Vec<Axis> = self.terms[0].clone();
        kept.retain(|axis| *axis != Axis::Unit);
        let count = |axis| self.output.iter().filter(|other| *other == axis).count();
        self.terms.len() == 1
            && self.windows.is_empty()
            && self.output.iter().all(|axis| *axis == Axis::Unit || kept.contains(axis))
            && kept.iter().all(|axis| count(axis) == 1)
    }

    /// The same einsum with its operands in another order: operand `order[n]` becomes operand `n`.
    pub(crate) fn permuted(&self, order: &[usize], rng: &mut Rng) -> Self {
        let mut other = self.clone();
        other.terms = order.iter().map(|&operand| self.terms[operand].clone()).collect();
        other.ellipses = order.iter().map(|&operand| self.ellipses[operand].clone()).collect();
        other.text = other.print(rng, false);
        other
    }

    /// The same einsum with other names, in another style.
    pub(crate) fn renamed(&self, rng: &mut Rng) -> Self {
        let mut other = self.clone();
        other.style = Style::random(rng);
        other.names = other.style.names(rng, self.names.len());
        other.text = other.print(rng, false);
        other
    }

    fn print(&self, rng: &mut Rng, is_implicit: bool) -> String {
        let output = (!is_implicit).then_some(self.output.as_slice());
        self.style.print(rng, &self.terms, output, &self.names, &self.windows)
    }

    fn random_output(&mut self, rng: &mut Rng) {
        let labels = self.extents.len();
        if !rng.chance(10) {
            let mut kept: Vec<usize> = (0..labels).filter(|_| rng.chance(55)).collect();
            rng.shuffle(&mut kept);
            kept.truncate(6);
            self.output = kept.into_iter().map(Axis::Label).collect();
        }
        if rng.chance(12) {
            let label = self.extents.len();
            self.extents.push(1);
            self.options.push(GivenExtent { label, is_literal: rng.chance(50) });
            insert(rng, &mut self.output, Axis::Label(label));
        }
        if rng.chance(10) && !self.output.is_empty() {
            let again = rng.pick(&self.output);
            insert(rng, &mut self.output, again);
        }
        if rng.chance(6) {
            insert(rng, &mut self.output, Axis::Unit);
        }
        let has_ellipsis = self.terms.iter().any(|term| term.contains(&Axis::Ellipsis));
        if has_ellipsis && rng.chance(85) {
            insert(rng, &mut self.output, Axis::Ellipsis);
        }
    }

    fn implicit_output(&self) -> Vec<Axis> {
        let axes: Vec<Axis> = self.terms.iter().flatten().copied().collect();
        let once =
            |label: &usize| axes.iter().filter(|axis| **axis == Axis::Label(*label)).count() == 1;
        let mut labels: Vec<usize> = (0..self.names.len()).filter(once).collect();
        labels.sort_by_key(|&label| &self.names[label]);
        let ellipsis = axes.contains(&Axis::Ellipsis).then_some(Axis::Ellipsis);
        ellipsis.into_iter().chain(labels.into_iter().map(Axis::Label)).collect()
    }
}

fn random_term(rng: &mut Rng, is_short: bool, labels: &mut usize) -> Vec<Axis> {
    let weights: &[usize] = if is_short { &[1, 4, 8] } else { &[8, 20, 30, 25, 12, 5] };
    let rank = rng.weighted(weights);
    let mut term = Vec::new();
    while term.len() < rank {
        let known = rng.below(*labels + 1);
        if rng.chance(4) {
            term.push(Axis::Unit);
        } else if known < *labels && rng.chance(75) {
            // A second axis of one label in a term is rarer than one label in two terms.
            let axis = Axis::Label(known);
            if !term.contains(&axis) || rng.chance(25) {
                term.push(axis);
            }
        } else {
            term.push(Axis::Label(*labels));
            *labels += 1;
        }
    }
    term
}

fn insert(rng: &mut Rng, term: &mut Vec<Axis>, axis: Axis) {
    term.insert(rng.below(term.len() + 1), axis);
}
