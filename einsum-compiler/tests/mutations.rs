//! Index strings with random mistakes: each is compiled or refused, never by a panic, and what
//! comes out is one Rust expression.

use einsum_compiler::{Form, compile, program};
use proc_macro2::{Literal, TokenStream, TokenTree};

#[path = "../../tests/random/mod.rs"]
mod random;

use random::{Expression, Rng, WINDOWED};

const COUNT: u64 = 3_000;

/// What a mistake inserts: characters of the notation, and others.
const PIECES: &[&str] = &[
    "i",
    "Z",
    "1",
    "2",
    "é",
    "_",
    ",",
    "->",
    "-",
    ">",
    ".",
    "...",
    "(",
    ")",
    " ",
    "\n",
    "+",
    "*",
    "(i j)",
    "(2*x+k)",
    "(i+j-1)",
    "(s * i)",
    "*",
    "99999999999",
    "()",
    "=>",
    "…",
    "→",
    "\u{200b}",
    "\\",
    "\"",
    "👩‍👩‍👧",
    "a\u{301}",
    ";",
    "#",
];

/// Removes, inserts, or doubles a few characters.
fn mutate(rng: &mut Rng, text: &str) -> String {
    let mut pieces: Vec<String> = text.chars().map(String::from).collect();
    for _ in 0..1 + rng.below(3) {
        let at = rng.below(pieces.len() + 1);
        match rng.below(3) {
            0 if at < pieces.len() => drop(pieces.remove(at)),
            1 if at < pieces.len() => pieces.insert(at, pieces[at].clone()),
            _ => pieces.insert(at, rng.pick(PIECES).to_owned()),
        }
    }
    pieces.concat()
}

/// The tokens that a macro call passes: the facade, the string, the operands, and options.
fn call(form: Form, text: &str, expression: &Expression, operands: usize) -> TokenStream {
    let mut source = "(einloom)".to_owned();
    let literal = TokenTree::from(Literal::string(text));
    let mut rest = String::new();
    for operand in 0..operands {
        rest.push_str(&format!(", &x{operand}"));
    }
    match form {
        Form::Grad => rest.push_str("; &dy"),
        Form::Into => rest.push_str(" => &mut c"),
        Form::Einsum | Form::Try | Form::View | Form::Fn => {}
    }
    for (position, (label, extent)) in expression.given().iter().enumerate() {
        let separator = if position == 0 { ";" } else { "," };
        rest.push_str(&format!("{separator} r#{label} = {extent}"));
    }
    source.push_str(&format!(" {literal}{rest}"));
    source.parse().unwrap_or_else(|error| panic!("{error} in {source:?}"))
}

#[test]
fn every_mistake_is_an_expression() {
    let mut refused = 0;
    for seed in 0..COUNT {
        let rng = &mut Rng::new(seed);
        let expression = Expression::new(if seed % 3 == 0 { WINDOWED + seed } else { seed });
        let form =
            rng.pick(&[Form::Einsum, Form::Try, Form::Into, Form::Grad, Form::View, Form::Einsum]);
        let text = mutate(rng, &expression.text);
        let operands = match rng.below(10) {
            0 => expression.terms.len() + 1,
            1 => expression.terms.len() - 1,
            _ => expression.terms.len(),
        };
        let context = format!("{form:?} {text:?} with {operands} operands (seed {seed})");
        let is_refused = program(form, &text, operands, &expression.given()).is_err();
        refused += usize::from(is_refused);
        let code = compile(form, call(form, &text, &expression, operands));
        let code = code.to_string();
        assert_eq!(code.contains("compile_error"), is_refused, "{context}: {code}");
        let parsed = syn::parse_str::<syn::Expr>(&code);
        assert!(parsed.is_ok(), "{context} becomes {code}");
    }
    // Neither always nor never.
    assert!((COUNT as usize / 4..COUNT as usize).contains(&refused), "{refused} refused");
}
