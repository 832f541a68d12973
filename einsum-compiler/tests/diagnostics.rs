//! Each mistake in an index string: its rule, its message, and the letters it points at.

use einsum_compiler::diagnostic::Place;
use einsum_compiler::{Form, Rule, program};

/// Compiles `text` and compares its only mistake. The `~` stand under the place.
#[track_caller]
fn refused(form: Form, text: &str, operands: usize, place: &str, rule: Rule, message: &str) {
    let diagnostics = match program(form, text, operands, &[]) {
        Ok(program) => panic!("`{text}` is accepted:\n{program}"),
        Err(diagnostics) => diagnostics,
    };
    let all: Vec<_> = diagnostics.iter().collect();
    let [only] = all[..] else { panic!("one mistake is expected of `{text}`:\n{diagnostics}") };
    assert_eq!(only.rule, rule, "{diagnostics}");
    assert_eq!(only.message, message);
    let Place::Text { range, .. } = &only.place else { panic!("not in the string: {only:?}") };
    let mut marks: String =
        text.char_indices().map(|(at, _)| if range.contains(&at) { '~' } else { ' ' }).collect();
    if range.is_empty() {
        marks = " ".repeat(text[..range.start].chars().count()) + "~";
    }
    assert_eq!(marks.trim_end(), place, "in `{text}`: {only}");
}

/// As [`refused`], for `einsum!` with two operands.
macro_rules! refused {
    ($($text:literal, $place:literal, $rule:ident, $message:literal;)*) => {
        $(refused(Form::Einsum, $text, 2, $place, Rule::$rule, $message);)*
    };
}

#[test]
fn characters() {
    refused! {
        "i$,j->i",
        " ~", BadCharacter, "unexpected character `$` in the index string";
        "i,é->i",
        "  ~", BadCharacter, "unexpected character `é` in the index string";
        "i,j k -> i &",
        "           ~", BadCharacter, "unexpected character `&` in the index string";
        "(a:b),j->j",
        "  ~", BadCharacter, "unexpected character `:` in parentheses";
        "i _, i -> i",
        "  ~", BadCharacter, "`_` is not a label";
        "i2,j->i",
        " ~", BadNumber, "`2` is not a label";
        "i 2x, i -> i",
        "  ~~", BadNumber, "`2x` is not a label";
    }
}

#[test]
fn arrows_and_ellipses() {
    refused! {
        "ij,jk-ik",
        "     ~", HalfArrow, "expected `->`, found `-`";
        "ij,jk=>ik",
        "     ~~", HalfArrow, "expected `->`, found `=>`";
        "i,j->i->j",
        "      ~~", SecondArrow, "the index string has a second `->`";
        "i,j->i,j",
        "      ~", SecondOutput, "an einsum has one output";
        "i..,j->i",
        " ~~", HalfEllipsis, "`..` is not an ellipsis";
        "...i...,j->i",
        "    ~~~", SecondEllipsis, "a term has at most one ellipsis";
        "i,j->...ij",
        "     ~~~", UnknownEllipsis, "the output has an ellipsis, but no operand has one";
    }
}

#[test]
fn parentheses() {
    refused! {
        "(i,j->i",
        "~", Parentheses, "unbalanced parenthesis in the index string";
        "i),j->i",
        " ~", Parentheses, "unbalanced parenthesis in the index string";
        "((a b) c),j->j",
        " ~", Parentheses, "unbalanced parenthesis in the index string";
        "i(),j->i",
        " ~~", EmptyParentheses, "empty parentheses in the index string";
        "b (2*x+k), k -> b x",
        "  ~~~~~~~", WindowAxis, "window axes such as `(2*x+k)` are not yet supported";
        "b (h w), b -> h w",
        "  ~~~~~", ComposedAxis, "composed axes such as `(h w)` are not yet supported";
    }
}

#[test]
fn labels_and_terms() {
    refused! {
        "ij,jk->iq",
        "        ~", UnknownOutputLabel, "output index `q` is in no operand";
        "ij,jk->batch",
        "       ~~~~~", UnknownOutputLabel,
        "output indices `b`, `a`, `t`, `c`, and `h` are in no operand";
        "ij, jk -> i k",
        "          ~~~", UnknownOutputLabel, "output indices `i` and `k` are in no operand";
        "i j, j k",
        "        ~", ImplicitOutput, "named axes need an explicit output";
        "i,,j->ij",
        "  ~", EmptyTerm, "the index string has an empty term, and with it 3 terms for 2 operands";
        ",i,j->ij",
        "~", EmptyTerm, "the index string has an empty term, and with it 3 terms for 2 operands";
        "i,j,k->ij",
        "    ~", OperandCount, "the index string has 3 terms, but there are 2 operands";
    }
}

#[test]
fn views() {
    let refused = |text, place, message| {
        refused(Form::View, text, 1, place, Rule::NotAView, message);
    };
    refused("ij->i", " ~", "not a view: `j` is summed over");
    refused("i->ii", "    ~", "not a view: the output repeats `i`");
    refused("...i->i", "~~~", "not a view: `...` is summed over");
}

#[test]
fn the_label_that_was_meant() {
    let help = |text: &str, extents: &[(&str, usize)]| {
        let diagnostics = program(Form::Einsum, text, 1, extents).unwrap_err();
        diagnostics.to_string()
    };
    assert!(help("ij->iJ", &[]).contains("help: did you mean `j`?"));
    assert!(help("row column -> row colum", &[]).contains("help: did you mean `column`?"));
    assert!(help("batch i -> bacth", &[]).contains("help: did you mean `batch`?"));
    assert!(help("ij->i", &[("I", 2)]).contains("help: did you mean `i`?"));
    assert!(help("ij->q", &[]).contains("help: the operands have `i` and `j`"));
    assert!(
        help("i->ij", &[])
            .contains("help: to broadcast along `j`, give its extent: `; j = extent`")
    );
    let joined = help("ij -> i j", &[]);
    assert!(
        joined.contains("help: spaces separate axes in this string, so `ij` is one index"),
        "{joined}"
    );
}

/// Strings that look odd and are right.
#[test]
fn accepted() {
    for (text, operands) in [
        ("", 1),
        ("->", 1),
        (",->", 2),
        (",ij->ij", 2),
        (" ij , jk -> ik ", 2),
        ("ij,\n    jk\n->ik", 2),
        ("... i j -> ... j i", 1),
        ("... ij -> ... ji", 1),
        ("(batch)i,i->(batch)", 2),
        ("b1i->bi", 1),
        ("b (1) i -> b i 1", 1),
        ("größe i -> größe", 1),
        ("fn in r -> in fn", 1),
        ("zZ,Zy", 2),
        ("_a b_ -> b_", 1),
    ] {
        if let Err(diagnostics) = program(Form::Einsum, text, operands, &[]) {
            panic!("`{text}` is refused: {diagnostics}");
        }
    }
}

#[test]
fn drawn_like_rustc() {
    let diagnostics = program(Form::Einsum, "ij,jk->iq", 2, &[]).unwrap_err();
    let expected = r#"output index `q` is in no operand

    "ij,jk->iq"
             ^ not an index of any operand

help: the operands have `i`, `j`, and `k`
help: to broadcast along `q`, give its extent: `; q = extent`"#;
    assert_eq!(diagnostics.to_string(), expected);
}

/// What does not fit in the constants of emitted code is refused, and what just fits is not.
#[test]
fn limits() {
    let refusals = |text: &str, operands: usize| match program(Form::Einsum, text, operands, &[]) {
        Ok(_) => Vec::new(),
        Err(diagnostics) => {
            diagnostics.iter().map(|d| (d.rule, d.message.clone())).collect::<Vec<_>>()
        }
    };
    let too_many = |message: &str| vec![(Rule::TooMany, message.to_owned())];
    assert_eq!(refusals(&vec!["i"; 64].join(","), 64), []);
    assert_eq!(
        refusals(&vec!["i"; 65].join(","), 65),
        too_many("an einsum has at most 64 operands")
    );
    let axes = |n: usize| format!("{} -> 1", vec!["1"; n].join(" "));
    assert_eq!(refusals(&axes(200), 1), []);
    assert_eq!(refusals(&axes(201), 1), too_many("a term has at most 200 axes"));
    let labels = |n: usize| {
        let terms = (0..n / 4).map(|k| format!("a{k} b{k} c{k} d{k}"));
        format!("{} ->", terms.collect::<Vec<_>>().join(", "))
    };
    assert_eq!(refusals(&labels(200), 50), []);
    assert_eq!(refusals(&labels(204), 51), too_many("an einsum has at most 200 labels"));
}
