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
    }
}

#[test]
fn windows() {
    refused! {
        "b (2x+k), k -> b x",
        "   ~~", WindowAxis, "`2x` is not a label";
        "b(x+ 2*-k),k->bx",
        "       ~", WindowAxis, "expected a label or a number in the window";
        "b(x+k+),k->bx",
        "      ~", WindowAxis, "expected a label or a number in the window";
        "b(x k+1),k->bx",
        "    ~", WindowAxis, "expected `+`, `-`, or `*` in the window";
        "b(x-2*k),k->bx",
        "    ~~~", WindowAxis, "`k` is subtracted in a window";
        "b(x+0*k),k->bx",
        "    ~~~", WindowAxis, "the coefficient of `k` is zero";
        "b(s*t*x),k->bk",
        "      ~", WindowAxis, "a term of a window has one label and one named coefficient";
        "b( 2+3 ),k->bk",
        "   ~~~", WindowAxis, "a window without a label";
        "b(4294967296*x),k->bx",
        "  ~~~~~~~~~~", WindowAxis, "a number of a window is at most 2147483647";
        "b(65536*65536*x),k->bx",
        "        ~~~~~", WindowAxis, "a number of a window is at most 2147483647";
        "b(x+é*),k->bx",
        "      ~", WindowAxis, "expected a label or a number in the window";
        "b(x+_),k->bx",
        "    ~", BadCharacter, "`_` is not a label";
        "b(x+k;),k->bx",
        "     ~", BadCharacter, "unexpected character `;` in parentheses";
        "b(x+...),k->bx",
        "    ~~~", ComposedAxis, "an ellipsis in parentheses";
        "b (h 1 w), b -> h w",
        "     ~", ComposedAxis, "a composed axis consists of labels";
        "b (h 2), b -> h",
        "     ~", BadNumber, "`2` is not a label";
        "b(s*x+k),k->bx",
        "  ~", Coefficient, "the coefficient `s` has no value";
        "b(b*x+k),k->bx",
        "  ~", Coefficient, "`b` is both a coefficient and a label";
        "bx,k->b(x+k)",
        "       ~~~~~", WindowOutput, "the output has a window";
        "b(x+k),b->xk",
        "  ~", AmbiguousExtent, "the extents of `x` and `k` cannot be told from the one axis `(x+k)`";
        "(h w) b, b -> h w",
        " ~", AmbiguousExtent, "the extents of `h` and `w` cannot be told from the one axis `(h w)`";
        "b(h h),b->h",
        "  ~", AmbiguousExtent, "the extent of `h` cannot be told";
        "bi,b->(i q)",
        "         ~", UnknownOutputLabel, "output index `q` is in no operand";
    }
}

#[test]
fn windows_that_are_accepted() {
    for (text, extents) in [
        ("b(x+k),k->bx", &[][..]),
        ("b ( 2*x + k*3 - 1 ) , k -> b x", &[]),
        ("(-1+x+k),k->x", &[]),
        ("(x+x+k),k", &[]),
        ("(s*x+k),k->x", &[("s", 2)]),
        ("(x+k),(x+y)->ky", &[("x", 3)]),
        // Rounds: k tells x, and x tells y.
        ("k(x+k),(x+y)->y", &[]),
        ("(h d)(x+d),d->hx", &[]),
        ("(h w),h->(w h)", &[]),
    ] {
        if let Err(diagnostics) = program(Form::Einsum, text, 2, extents) {
            panic!("`{text}` is refused: {diagnostics}");
        }
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
    refused("i j->(i j)", "     ~~~~~", "not a view: the output merges the axes of `(i j)`");
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
