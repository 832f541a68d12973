//! What `einsum_fn!` emits: which functions, what they take, and what their documentation says.

use std::collections::BTreeMap;

use einsum_compiler::compile_functions;
use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{Attribute, Item, ItemFn};

/// The emitted functions by name, with their documentation.
fn emitted(signatures: &str) -> BTreeMap<String, (ItemFn, String)> {
    let tokens: TokenStream = format!("(einloom) {signatures}").parse().unwrap();
    let file: syn::File = syn::parse2(compile_functions(tokens)).expect("items");
    let mut functions = BTreeMap::new();
    let mut add = |item: Item, prefix: &str| {
        if let Item::Fn(function) = item {
            let name = format!("{prefix}{}", function.sig.ident);
            let documentation = documentation(&function.attrs);
            functions.insert(name, (function, documentation));
        }
    };
    for item in file.items {
        match item {
            Item::Mod(module) => {
                let prefix = format!("{}::", module.ident);
                let (_, items) = module.content.expect("a module has its items");
                items.into_iter().for_each(|item| add(item, &prefix));
            }
            other => add(other, ""),
        }
    }
    functions
}

fn documentation(attributes: &[Attribute]) -> String {
    let mut text = String::new();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("doc")) {
        let value = &attribute.meta.require_name_value().expect("`doc = …`").value;
        let literal: syn::LitStr = syn::parse2(value.to_token_stream()).expect("a string");
        text.push_str(&literal.value());
        text.push('\n');
    }
    text
}

/// The names of a function's parameters.
fn parameters(function: &ItemFn) -> Vec<String> {
    let inputs = function.sig.inputs.iter();
    let names = inputs.map(|input| match input {
        syn::FnArg::Typed(typed) => typed.pat.to_token_stream().to_string(),
        syn::FnArg::Receiver(_) => panic!("no function has a receiver"),
    });
    names.collect()
}

#[test]
fn functions_and_their_parameters() {
    let functions = emitted(
        "#[hvp] fn f(x: \"i j\", n: usize, #[no_grad] m: \"j\", s: \"\", w: \"j l\"; j = 3) -> \"i n\";",
    );
    let takes = |name: &str, names: &[&str]| {
        assert_eq!(parameters(&functions[name].0), names, "{name}");
    };
    takes("f", &["x", "n", "m", "s", "w"]);
    takes("f::vjp", &["x", "n", "m", "s", "w", "dy"]);
    takes("f::value_and_vjp", &["x", "n", "m", "s", "w", "dy"]);
    takes("f::vjp_into", &["x", "n", "m", "s", "w", "dy", "dx", "ds", "dw"]);
    takes("f::jvp", &["x", "n", "m", "s", "w", "tx", "ts", "tw"]);
    takes("f::value_and_jvp", &["x", "n", "m", "s", "w", "tx", "ts", "tw"]);
    takes("f::hvp", &["x", "n", "m", "s", "w", "dy", "tx", "ts", "tw"]);
    takes("f::grad_x", &["n", "m", "s", "w", "dy"]);
    takes("f::grad_s", &["x", "n", "m", "w", "dy"]);
    // `l` is an axis of `w` alone.
    takes("f::grad_w", &["x", "n", "m", "s", "w", "dy"]);
    takes("f::grad_w_into", &["x", "n", "m", "s", "dy", "dw"]);
    takes("f::grad_x_into", &["n", "m", "s", "w", "dy", "dx"]);
    takes("f::grad_s_into", &["x", "n", "m", "w", "dy", "ds"]);
    assert_eq!(functions.len(), 13);
}

#[test]
fn names_that_are_taken() {
    let functions = emitted("fn f(dy: \"i\", x: \"i\", dx: \"i\", tx: \"i\") -> \"i\";");
    let (vjp_into, _) = &functions["f::vjp_into"];
    assert_eq!(parameters(vjp_into), ["dy", "x", "dx", "tx", "dy_", "ddy", "dx_", "ddx", "dtx"]);
}

#[test]
fn keywords() {
    let functions = emitted("fn f(o: \"i\", ry: \"i\", r#as: \"i\") -> \"i\";");
    let takes = |name: &str, names: &[&str]| assert_eq!(parameters(&functions[name].0), names);
    takes("f::grad_o_into", &["ry", "r#as", "dy", "do_"]);
    takes("f::jvp", &["o", "ry", "r#as", "to", "try_", "tas"]);
}

#[track_caller]
fn says(documentation: &str, lines: &[&str]) {
    for line in lines {
        let found = documentation.lines().any(|other| other.trim() == *line);
        assert!(found, "`{line}` is missing in:\n{documentation}");
    }
}

#[test]
fn formulas() {
    let functions = emitted(
        "/// One linear layer.\n#[hvp] pub fn linear(x: \"b i k\", w: \"j k l\") -> \"b i j\";",
    );
    let text = |name: &str| functions[name].1.as_str();
    says(
        text("linear"),
        &[
            "One linear layer.",
            "Computes the einsum `b i k, j k l -> b i j`.",
            "y[b i j] = Σ_{k l} x[b i k] · w[j k l]",
            "- `x`: `b i k`",
            "# Panics",
        ],
    );
    let (dx, dw) =
        ("dx[b i k] = Σ_{j l} dy[b i j] · w[j k l]", "dw[j k l] = Σ_{b i} dy[b i j] · x[b i k]");
    says(text("linear::vjp"), &[dx, dw, "- `dy`: `b i j`, as the value"]);
    says(text("linear::grad_x"), &[dx]);
    says(text("linear::grad_w"), &[dw, "Of `w` only the shape is read."]);
    says(text("linear::grad_w_into"), &[&dw.replace(" = ", " += ")]);
    assert!(!text("linear::grad_x").contains("only the shape"));
    says(
        text("linear::jvp"),
        &["ty[b i j] = Σ_{k l} tx[b i k] · w[j k l] + Σ_{k l} x[b i k] · tw[j k l]"],
    );
    says(
        text("linear::hvp"),
        &["hx[b i k] = Σ_{j l} dy[b i j] · tw[j k l]", "hw[j k l] = Σ_{b i} dy[b i j] · tx[b i k]"],
    );
}

#[test]
fn notes() {
    let functions = emitted(
        "fn f(x: \"... i i\", s: \"\"; k = 3) -> \"... k\"; fn g(x: \"i\", n: usize) -> \"i i n\";",
    );
    says(&functions["f"].1, &["y[... k] = Σ_{i} x[... i i] · s", "- `s`: a scalar"]);
    assert!(functions["f"].1.contains("That of `k` is 3."));
    says(
        &functions["f::grad_x"].1,
        &[
            "dx[... i i] = Σ_{k} dy[... k] · s",
            "Off the diagonal of a repeated label a result is zero.",
            "A gradient is summed over the axes of `...` along which its operand was broadcast.",
        ],
    );
    assert!(functions["g"].1.contains("That of `n` is the parameter `n`."));
    says(&functions["g::grad_x"].1, &["dx[i] = Σ_{n} dy[i i n]"]);
}

#[test]
fn the_same_input_gives_the_same_code() {
    let signature = "(einloom) fn f(x: \"i j\", w: \"j k\", v: \"k l\") -> \"i l\";";
    let compiled = || compile_functions(signature.parse().unwrap()).to_string();
    assert_eq!(compiled(), compiled());
}
