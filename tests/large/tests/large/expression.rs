//! Random contractions, products of several operands, and convolutions with large extents.

use crate::random::Rng;

/// An einsum of letters and windows.
pub(crate) struct Expression {
    pub(crate) text: String,
    /// The shape of each operand.
    pub(crate) shapes: Vec<Vec<usize>>,
}

/// The most elements of an array, one of these.
const ELEMENTS: [usize; 3] = [3_000, 20_000, 120_000];

/// The same for summed products of several operands, whose intermediates are then larger than a second-level cache. Sums of
/// products of four elements are still exact in `f32`.
const ELEMENTS_OF_SUMMED: [usize; 1] = [400_000];

/// The most points of all loops: sums of so many products of two elements of at most 2 are exact in `f32`.
const POINTS: usize = 4_000_000;

/// Labels are the numbers of their extents.
#[derive(Clone, Copy)]
enum Axis {
    Label(usize),
    /// `(stride*x + dilation*k - padding)`
    Window {
        x: usize,
        k: usize,
        stride: usize,
        dilation: usize,
        padding: usize,
    },
}

impl Expression {
    /// One to three operands, whose labels are of any kind.
    pub(crate) fn contraction(rng: &mut Rng) -> Self {
        loop {
            let (terms, output) = match rng.weighted(&[20, 65, 15]) {
                0 => unary(rng),
                1 => binary(rng),
                _ => ternary(rng),
            };
            let labels = 1 + terms.iter().flatten().max().copied().unwrap_or(0);
            let ranks = terms.iter().chain([&output]).map(Vec::len);
            if ranks.clone().max() > Some(6) || terms.iter().any(Vec::is_empty) {
                continue;
            }
            let axes = |term: &Vec<usize>| term.iter().map(|&label| Axis::Label(label)).collect();
            let terms: Vec<Vec<Axis>> = terms.iter().map(axes).collect();
            return Expression::new(
                rng,
                labels,
                &ELEMENTS,
                &terms,
                &axes(&output),
                |_, extents| extents,
            );
        }
    }

    /// Sums of products of three or four operands, two of them with all labels, in orders of their own.
    pub(crate) fn summed_product(rng: &mut Rng) -> Self {
        let mut term = |count: usize| {
            let mut term = vec![0, 1, 2];
            rng.shuffle(&mut term);
            term.truncate(count);
            term.into_iter().map(Axis::Label).collect::<Vec<_>>()
        };
        let mut terms = vec![term(3), term(2), term(1), term(3)];
        let outputs = [term(2), term(1), vec![]];
        let output = rng.pick(&[0, 0, 1, 1, 2]);
        let omitted = 2 * rng.below(2);
        if omitted > 0 {
            terms.remove(omitted);
        }
        let fit = |rng: &mut Rng, _| (0..3).map(|_| 60 + rng.below(50)).collect();
        Expression::new(rng, 3, &ELEMENTS_OF_SUMMED, &terms, &outputs[output], fit)
    }

    /// Products of three to five operands that have most labels, with or without a sum.
    pub(crate) fn product(rng: &mut Rng) -> Self {
        let labels = 2 + rng.below(3);
        let mut term = |percent| {
            let mut term: Vec<usize> = (0..labels).collect();
            if !rng.chance(percent) {
                term.truncate(1 + rng.below(labels));
                let by = rng.below(labels);
                term.iter_mut().for_each(|label| *label = (*label + by) % labels);
            }
            if rng.chance(60) {
                rng.shuffle(&mut term);
            }
            term.into_iter().map(Axis::Label).collect::<Vec<_>>()
        };
        let first = term(100);
        let mut terms = vec![first, term(60), term(40), term(40), term(20)];
        let output = term(60);
        terms.truncate(3 + rng.weighted(&[40, 40, 20]));
        rng.shuffle(&mut terms);
        Expression::new(rng, labels, &ELEMENTS, &terms, &output, |_, extents| extents)
    }

    /// Windows along one or two axes, with channels that are summed, kept, or not there, in usual and in other orders.
    pub(crate) fn convolution(rng: &mut Rng) -> Self {
        let count = 1 + rng.below(2);
        let (batch, channel, result) = (2 * count, 2 * count + 1, 2 * count + 2);
        let windows: Vec<Axis> = (0..count)
            .map(|number| Axis::Window {
                x: 2 * number,
                k: 2 * number + 1,
                stride: 1 + rng.weighted(&[60, 25, 15]),
                dilation: 1 + rng.weighted(&[75, 25]),
                padding: rng.weighted(&[50, 30, 20]),
            })
            .collect();
        let label = |is_there: bool, label| is_there.then_some(Axis::Label(label));
        let batch = label(rng.chance(70), batch);
        // Channels are not there, summed, or kept.
        let channels = rng.weighted(&[20, 60, 20]);
        let result = label(rng.chance(if channels == 1 { 80 } else { 20 }), result);
        let (summed, kept) = (label(channels > 0, channel), label(channels == 2, channel));
        let xs = || (0..count).map(|number| Axis::Label(2 * number));
        let ks = || (0..count).map(|number| Axis::Label(2 * number + 1));
        let are_last = rng.chance(50);
        let (first, last) = if are_last { (None, summed) } else { (summed, None) };
        let mut image: Vec<Axis> =
            batch.into_iter().chain(first).chain(windows).chain(last).collect();
        let mut weights: Vec<Axis> = result.into_iter().chain(summed).chain(ks()).collect();
        let (first, last) =
            if are_last { ([None; 2], [result, kept]) } else { ([result, kept], [None; 2]) };
        let mut output: Vec<Axis> = batch
            .into_iter()
            .chain(first.into_iter().flatten())
            .chain(xs())
            .chain(last.into_iter().flatten())
            .collect();
        if rng.chance(40) {
            for term in [&mut image, &mut weights, &mut output] {
                rng.shuffle(term);
            }
        }
        let fit = |rng: &mut Rng, mut extents: Vec<usize>| {
            for number in 0..count {
                // Kernels are small, and smaller than images.
                extents[2 * number + 1] = 1 + rng.weighted(&[10, 15, 35, 5, 20, 5, 10, 2, 2]);
                extents[2 * number] = extents[2 * number].max(4);
            }
            extents
        };
        Expression::new(rng, 2 * count + 3, &ELEMENTS, &[image, weights], &output, fit)
    }

    fn new(
        rng: &mut Rng,
        labels: usize,
        elements: &[usize],
        terms: &[Vec<Axis>],
        output: &[Axis],
        fit: impl Fn(&mut Rng, Vec<usize>) -> Vec<usize>,
    ) -> Self {
        let all = || terms.iter().map(Vec::as_slice).chain([output]);
        let is_used = |label: usize| {
            all().flatten().any(|axis| match *axis {
                Axis::Label(own) => own == label,
                Axis::Window { x, k, .. } => x == label || k == label,
            })
        };
        let drawn = extents(rng, labels);
        let mut extents = fit(rng, drawn);
        for (label, extent) in extents.iter_mut().enumerate() {
            *extent = if is_used(label) { *extent } else { 1 };
        }
        let product = |extents: &[usize]| extents.iter().map(|&n| n.max(1)).product::<usize>();
        let shapes = |extents: &[usize]| {
            let shape = |term: &[Axis]| term.iter().map(|axis| axis.extent(extents)).collect();
            all().map(shape).collect::<Vec<Vec<usize>>>()
        };
        let most = rng.pick(elements);
        let is_large = |extents: &[usize]| {
            let shapes = shapes(extents);
            product(extents) > POINTS || shapes.iter().any(|shape| product(shape) > most)
        };
        while is_large(&extents) {
            let largest = extents.iter_mut().max().expect("a label");
            *largest = *largest * 4 / 5;
        }
        let mut shapes = shapes(&extents);
        shapes.pop();
        let texts: Vec<String> =
            all().map(|term| term.iter().map(|axis| axis.text()).collect()).collect();
        let (output, terms) = texts.split_last().expect("the output");
        Expression { text: format!("{}->{output}", terms.join(",")), shapes }
    }
}

impl Axis {
    fn extent(self, extents: &[usize]) -> usize {
        match self {
            Axis::Label(label) => extents[label],
            Axis::Window { x, k, stride, dilation, padding } => {
                let reach = stride * (extents[x].max(1) - 1) + dilation * (extents[k].max(1) - 1);
                (reach + 1).saturating_sub(2 * padding).max(1)
            }
        }
    }

    fn text(self) -> String {
        let letter = |label: usize| char::from(b'a' + label as u8);
        match self {
            Axis::Label(label) => letter(label).to_string(),
            Axis::Window { x, k, stride, dilation, padding } => {
                let padding = if padding > 0 { format!("-{padding}") } else { String::new() };
                format!("({stride}*{}+{dilation}*{}{padding})", letter(x), letter(k))
            }
        }
    }
}

/// Extents from few to hundreds, now and then zero.
fn extents(rng: &mut Rng, labels: usize) -> Vec<usize> {
    let style = rng.below(4);
    let mut extent = || match rng.below(80) {
        0 => 0,
        _ => {
            let most = [3, 8, 20, 40, 130, 300, 800];
            let most = most[rng.below(4) + style];
            1 + rng.below(most)
        }
    };
    (0..labels).map(|_| extent()).collect()
}

type Terms = (Vec<Vec<usize>>, Vec<usize>);

fn unary(rng: &mut Rng) -> Terms {
    let labels = 1 + rng.below(4);
    let mut term: Vec<usize> = (0..labels).collect();
    let mut output: Vec<usize> = (0..labels).filter(|_| rng.chance(65)).collect();
    if rng.chance(15) {
        // A diagonal.
        term.push(rng.below(labels));
    }
    rng.shuffle(&mut term);
    rng.shuffle(&mut output);
    (vec![term], output)
}

fn binary(rng: &mut Rng) -> Terms {
    let mut terms = [vec![], vec![], vec![]];
    let mut label = 0;
    // Batch, rows, columns, summed, and a label of the first operand alone.
    let kinds = [[0, 1, 2].as_slice(), &[0, 2], &[1, 2], &[0, 1], &[0]];
    for (kind, weights) in
        kinds.into_iter().zip([[45, 40, 15], [20, 60, 20], [20, 60, 20], [20, 60, 20], [90, 10, 0]])
    {
        for _ in 0..rng.weighted(&weights) {
            for &term in kind {
                terms[term].push(label);
            }
            label += 1;
        }
    }
    for term in &mut terms {
        rng.shuffle(term);
    }
    let [first, second, output] = terms;
    (vec![first, second], output)
}

fn ternary(rng: &mut Rng) -> Terms {
    let labels = 2 + rng.below(4);
    let mut term = |percent| {
        let mut term: Vec<usize> = (0..labels).filter(|_| rng.chance(percent)).collect();
        rng.shuffle(&mut term);
        term
    };
    let terms = vec![term(55), term(55), term(55)];
    let mut output = term(50);
    output.retain(|label| terms.iter().any(|term| term.contains(label)));
    (terms, output)
}
