//! The oracle's own reading of an index string: every axis of every term gets a label.

/// One axis as written; `...` stands for any number.
type Word = String;

/// Returns the label of each axis of the operands and of the output. The axes of an ellipsis are
/// labelled `...0`, `...1`, … from the right, an axis of extent one is labelled `1`, and a window or composed axis what
/// stands in its parentheses.
pub(super) fn parse(text: &str, shapes: &[&[usize]]) -> (Vec<Vec<String>>, Vec<String>) {
    let (inputs, output) = match text.split_once("->") {
        Some((inputs, output)) => (inputs, Some(output)),
        None => (text, None),
    };
    let is_named = inputs.split(',').chain(output).any(separates_axes);
    let inputs: Vec<Vec<Word>> = inputs.split(',').map(|term| words(term, is_named)).collect();
    let output = match output {
        Some(output) => words(output, is_named),
        None => implicit_output(&inputs),
    };
    let rank = |term: &Vec<Word>, shape: &[usize]| {
        let named = term.iter().filter(|word| *word != "...").count();
        if named < term.len() { shape.len() - named } else { 0 }
    };
    let ranks: Vec<usize> =
        inputs.iter().zip(shapes).map(|(term, shape)| rank(term, shape)).collect();
    let widest = ranks.iter().copied().max().unwrap_or(0);
    let terms = inputs.iter().zip(&ranks).map(|(term, &rank)| expand(term, rank)).collect();
    (terms, expand(&output, widest))
}

fn expand(term: &[Word], rank: usize) -> Vec<String> {
    let mut labels = Vec::new();
    for word in term {
        match word.as_str() {
            "..." => labels.extend((0..rank).rev().map(|axis| format!("...{axis}"))),
            _ => labels.push(word.clone()),
        }
    }
    labels
}

/// The ellipsis, then the labels that occur exactly once, in the order of ASCII.
fn implicit_output(inputs: &[Vec<Word>]) -> Vec<Word> {
    let all: Vec<&str> = inputs.iter().flatten().flat_map(|word| names(word)).collect();
    let once = |word: &&&str| all.iter().filter(|other| other == word).count() == 1;
    let mut output: Vec<Word> = all.iter().filter(once).map(|word| (*word).to_owned()).collect();
    output.sort();
    if inputs.iter().flatten().any(|word| *word == "...") {
        output.insert(0, "...".to_owned());
    }
    output
}

/// The labels and named coefficients of an axis.
pub(super) fn names(word: &str) -> Vec<&str> {
    let pieces = word.split(|c: char| !c.is_alphanumeric() && c != '_');
    pieces.filter(|piece| piece.starts_with(|c: char| !c.is_ascii_digit())).collect()
}

/// Whether white space stands between two axes of a term, neither of them an ellipsis.
fn separates_axes(term: &str) -> bool {
    let pieces: Vec<&str> = term.split_whitespace().collect();
    // White space inside of parentheses separates nothing.
    let is_open = |pieces: &[&str]| {
        let joined = pieces.concat();
        joined.matches('(').count() > joined.matches(')').count()
    };
    (1..pieces.len()).any(|at| {
        !pieces[at - 1].ends_with('.') && !pieces[at].starts_with('.') && !is_open(&pieces[..at])
    })
}

fn words(term: &str, is_named: bool) -> Vec<Word> {
    let mut words = Vec::new();
    let mut rest = term.trim_start();
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '(' => {
                let close = rest.find(')').expect("a closing parenthesis");
                words.push(rest[1..close].trim().to_owned());
                close + 1
            }
            '.' => {
                assert!(rest.starts_with("..."), "an ellipsis has three dots");
                words.push("...".to_owned());
                3
            }
            _ => {
                let is_end = |c: char| c.is_whitespace() || "(.".contains(c);
                let end = match is_named {
                    true => rest.find(is_end).unwrap_or(rest.len()),
                    false => 1,
                };
                words.push(rest[..end].to_owned());
                end
            }
        };
        rest = rest[end..].trim_start();
    }
    words
}
