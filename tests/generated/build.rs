//! Writes random einsums as functions with one macro call each, and tables of them; of two packages: for `direct-tests` they
//! are calls that run their own loops over few points.
//!
//! A case is its seed and a function on views of dynamic rank, so that the tests can call it with
//! any shapes and layouts; inside, the views have the static ranks of the terms, or not.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

#[path = "functions.rs"]
mod functions;
#[path = "../random/mod.rs"]
mod random;

use functions::Functions;
use random::{Axis, Expression, WINDOWED};

/// The element types with the number of cases of each macro, in the order of `FORMS`.
const TYPES: &[(&str, [u64; 6])] = &[
    ("f64", [240, 40, 90, 130, 30, 130]),
    ("i64", [120, 30, 50, 60, 0, 40]),
    ("f32", [40, 0, 20, 0, 0, 0]),
    ("Complex<f64>", [40, 0, 20, 50, 0, 50]),
    ("i32", [30, 0, 15, 0, 0, 0]),
];
/// Those of `direct-tests`.
const DIRECT_TYPES: &[(&str, [u64; 6])] = &[
    ("f64", [90, 20, 60, 0, 1, 0]),
    ("i64", [50, 20, 30, 0, 0, 0]),
    ("f32", [20, 0, 15, 0, 0, 0]),
    ("Complex<f64>", [30, 0, 20, 0, 0, 0]),
    ("i32", [10, 0, 10, 0, 0, 0]),
];
/// The macro, its table, which is also the name of the file, and the type of the cases.
const FORMS: [(&str, &str, &str); 6] = [
    ("einsum", "VALUES", "Case"),
    ("try_einsum", "RESULTS", "Fallible"),
    ("einsum_into", "OUTPUTS", "Case"),
    ("einsum_grad", "GRADIENTS", "Case"),
    ("einsum_view", "VIEWS", "Case"),
    ("einsum_fn", "FUNCTIONS", "Case"),
];

fn main() {
    println!("cargo::rerun-if-changed=../generated/build.rs");
    println!("cargo::rerun-if-changed=../generated/functions.rs");
    println!("cargo::rerun-if-changed=../random");
    println!("cargo::rerun-if-env-changed=EINLOOM_SEED");
    let mut seed: u64 = match env::var("EINLOOM_SEED") {
        Ok(seed) => seed.parse().expect("EINLOOM_SEED is a number"),
        Err(_) => 0,
    };
    let is_direct = env::var("CARGO_PKG_NAME").is_ok_and(|name| name == "direct-tests");
    let types = if is_direct { DIRECT_TYPES } else { TYPES };
    let folder = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    for (form, (_, table, case)) in FORMS.into_iter().enumerate() {
        let mut code = String::new();
        for &(element, counts) in types.iter().filter(|(_, counts)| counts[form] > 0) {
            let short = element.split('<').next().unwrap_or(element).to_uppercase();
            let mut cases = String::new();
            // A part of them once more with windows.
            let windowed = match form {
                0 | 2 | 3 | 5 if !is_direct => counts[form] / 3,
                _ => 0,
            };
            for number in 0..counts[form] + windowed {
                if number == counts[form] {
                    seed += WINDOWED;
                }
                let mut expression = Expression::new(seed);
                let fits = |expression: &Expression| match FORMS[form].0 {
                    "einsum_view" => expression.is_view(),
                    "einsum_fn" => functions::can_be_written(expression),
                    _ => !is_direct || runs_in_place(expression),
                };
                while !fits(&expression) {
                    seed += 1;
                    expression = Expression::new(seed);
                }
                write_case(&expression, form, element, &mut code, &mut cases);
                seed += 1;
            }
            seed %= WINDOWED;
            writeln!(code, "static {table}_{short}: &[{case}<{element}>] = &[\n{cases}];").unwrap();
        }
        let file = Path::new(&folder).join(table.to_lowercase()).with_extension("rs");
        fs::write(file, code).unwrap();
    }
}

/// Whether a call has few loops, operands, and axes: what emitted code has its own loops for.
fn runs_in_place(expression: &Expression) -> bool {
    let Expression { terms, output, names, .. } = expression;
    let is_once = |axis| output.iter().filter(|other| *other == axis).count() == 1;
    (1..=3).contains(&names.len())
        && terms.len() <= 3
        && terms.iter().chain([output]).all(|term| term.len() <= 4)
        && !terms.iter().flatten().any(|axis| *axis == Axis::Ellipsis)
        && output.iter().all(|axis| *axis == Axis::Unit || is_once(axis))
}

/// Writes the function of a case, every fourth time also on views of dynamic rank.
fn write_case(
    expression: &Expression,
    form: usize,
    element: &str,
    code: &mut String,
    cases: &mut String,
) {
    let seed = expression.seed;
    let kinds: &[bool] = if seed.is_multiple_of(4) { &[false, true] } else { &[false] };
    for &is_dynamic in kinds {
        let suffix = if is_dynamic { "_dynamic" } else { "" };
        let name = format!("{}_{seed}{suffix}", FORMS[form].0);
        if FORMS[form].0 == "einsum_fn" {
            write_functions(expression, &name, is_dynamic, element, code);
            let case = format!("seed: {seed}, is_dynamic: {is_dynamic}, run: {name}");
            writeln!(cases, "    setup::Case {{ {case} }},").unwrap();
            continue;
        }
        let call = Call { expression, is_dynamic, element };
        let (parameters, result, body) = match form {
            0 => call.value(),
            1 => call.result(),
            2 => call.output(),
            3 => call.gradient(),
            _ => call.view(),
        };
        let n = if body.contains("n[") { "n" } else { "_" };
        writeln!(
            code,
            "fn {name}(x: &[ArrayViewD<'_, {element}>], {n}: &[usize]{parameters}){result} \
             {{\n{body}}}"
        )
        .unwrap();
        writeln!(
            cases,
            "    setup::Case {{ seed: {seed}, is_dynamic: {is_dynamic}, run: {name} }},"
        )
        .unwrap();
    }
}

/// Writes the functions of a case, and one that calls them. Those with an ellipsis are called twice, with static and with
/// dynamic ranks.
fn write_functions(
    expression: &Expression,
    name: &str,
    is_dynamic: bool,
    element: &str,
    code: &mut String,
) {
    let functions = Functions::new(expression, is_dynamic, element);
    let callee = format!("f_{}", expression.seed);
    if !is_dynamic {
        writeln!(code, "einsum_fn! {{ {} }}", functions.signature(&callee)).unwrap();
    }
    let body = functions.body(&callee);
    let n = if body.contains("n[") { "n" } else { "_" };
    writeln!(
        code,
        "fn {name}(x: &[ArrayViewD<'_, {element}>], {n}: &[usize], dy: &ArrayD<{element}>, \
         t: &[ArrayD<{element}>], e: &mut [ArrayD<{element}>], f: &mut [ArrayD<{element}>]) \
         -> Results<{element}> {{\n{body}}}"
    )
    .unwrap();
}

struct Call<'a> {
    expression: &'a Expression,
    is_dynamic: bool,
    element: &'a str,
}

/// The further parameters of a function, its result, and its body.
type Function = (String, String, String);

impl Call<'_> {
    fn value(&self) -> Function {
        let mut body = self.bind();
        let call = format!("einsum!({}{})", self.operands(), self.options(&[]));
        let value = if self.expression.output.is_empty() {
            format!("arr0({call}).into_dyn()")
        } else {
            format!("{call}.into_dyn()")
        };
        writeln!(body, "    {value}").unwrap();
        (String::new(), format!(" -> ArrayD<{}>", self.element), body)
    }

    fn result(&self) -> Function {
        let mut body = self.bind();
        let call = format!("try_einsum!({}{})", self.operands(), self.options(&[]));
        let value = if self.expression.output.is_empty() { "arr0(y)" } else { "y" };
        writeln!(body, "    let y = {call}?;\n    Ok({value}.into_dyn())").unwrap();
        (String::new(), format!(" -> Result<ArrayD<{}>, ShapeError>", self.element), body)
    }

    fn view(&self) -> Function {
        let mut body = self.bind();
        let owned = "as_standard_layout().into_owned().into_dyn()";
        // It takes a view by value, which cannot be moved out of the slice.
        let operands = self.operands().replace(", x[0].view()", ", x[0]");
        let operands = operands.replace(", x[0]", ", x[0].view()");
        writeln!(body, "    einsum_view!({operands}).{owned}").unwrap();
        (String::new(), format!(" -> ArrayD<{}>", self.element), body)
    }

    /// The four ways to scale, and the ways to name an output.
    fn output(&self) -> Function {
        let mut body = self.bind();
        let seed = self.expression.seed;
        let rank = self.expression.output_shape().len();
        let scales: &[&str] = match seed % 5 {
            0 => &[],
            1 => &["alpha = alpha"],
            2 => &["beta = beta"],
            _ => &["alpha = alpha", "beta = beta"],
        };
        let mut place = "&mut c";
        if self.is_static(rank) {
            writeln!(body, "    let mut c = c.into_dimensionality::<Ix{rank}>().unwrap();")
                .unwrap();
            match seed % 3 {
                0 if rank == 0 => place = "&mut c[()]",
                1 => place = "c",
                2 => place = "c.view_mut()",
                _ => {}
            }
        } else {
            writeln!(body, "    let mut c = c;").unwrap();
        }
        let call = format!("einsum_into!({} => {place}{})", self.operands(), self.options(scales));
        for (scale, ignored) in [("alpha", "1"), ("beta", "0")] {
            if !scales.iter().any(|given| given.starts_with(scale)) {
                // The tests pass the defaults then.
                writeln!(body, "    assert_eq!({scale}, Number::new({ignored}, 0));").unwrap();
            }
        }
        writeln!(body, "    {call};").unwrap();
        let element = self.element;
        let parameters =
            format!(", c: ArrayViewMutD<'_, {element}>, alpha: {element}, beta: {element}");
        (parameters, String::new(), body)
    }

    fn gradient(&self) -> Function {
        let mut body = self.bind();
        let rank = self.expression.output_shape().len();
        let mut cotangent = "dy";
        if self.is_static(rank) {
            let bind = format!("let dy = dy.view().into_dimensionality::<Ix{rank}>().unwrap();");
            writeln!(body, "    {bind}").unwrap();
            cotangent = "&dy";
            if self.expression.output.is_empty() && self.expression.seed.is_multiple_of(2) {
                cotangent = "dy[()]";
            }
        }
        let count = self.expression.terms.len();
        let results: Vec<String> = (0..count).map(|number| format!("d{number}")).collect();
        let call = format!("einsum_grad!({}; {cotangent}{})", self.operands(), self.options(&[]));
        writeln!(body, "    let ({},) = {call};", results.join(", ")).unwrap();
        let arrays = self.expression.terms.iter().zip(&results).map(|(term, result)| {
            let array = if term.is_empty() { format!("arr0({result})") } else { result.clone() };
            format!("{array}.into_dyn()")
        });
        writeln!(body, "    vec![{}]", arrays.collect::<Vec<_>>().join(", ")).unwrap();
        let element = self.element;
        (format!(", dy: &ArrayViewD<'_, {element}>"), format!(" -> Vec<ArrayD<{element}>>"), body)
    }

    fn is_static(&self, rank: usize) -> bool {
        !self.is_dynamic && rank <= 6
    }

    /// Binds the operands to variables of static rank.
    fn bind(&self) -> String {
        let mut body = String::new();
        for (number, shape) in self.expression.shapes().iter().enumerate() {
            if self.is_static(shape.len()) {
                let rank = shape.len();
                writeln!(
                    body,
                    "    let a{number} = \
                     x[{number}].view().into_dimensionality::<Ix{rank}>().unwrap();"
                )
                .unwrap();
            }
        }
        body
    }

    /// The index string and the operands, in different clothes.
    fn operands(&self) -> String {
        let text = &self.expression.text;
        let mut call = match self.expression.seed % 3 {
            0 => format!("r\"{text}\""),
            _ => format!("{text:?}"),
        };
        for (number, shape) in self.expression.shapes().iter().enumerate() {
            let kind = (self.expression.seed as usize + number) % 5;
            let operand = match (self.is_static(shape.len()), kind) {
                (false, 0) => format!("x[{number}]"),
                (false, 1) => format!("x[{number}].view()"),
                (false, _) => format!("&x[{number}]"),
                (true, 0 | 1) if shape.is_empty() => format!("a{number}[()]"),
                (true, 0) => format!("a{number}"),
                (true, 1) => format!("a{number}.view()"),
                (true, 2) => format!("&&a{number}"),
                (true, _) => format!("&a{number}"),
            };
            write!(call, ", {operand}").unwrap();
        }
        call
    }

    fn options(&self, scales: &[&str]) -> String {
        let mut options: Vec<String> = scales.iter().map(|&scale| scale.to_owned()).collect();
        for given in &self.expression.options {
            let name = &self.expression.names[given.label];
            let extent = match given.is_literal {
                true => self.expression.extents[given.label].to_string(),
                false => format!("n[{}]", given.label),
            };
            options.push(format!("{name} = {extent}"));
        }
        let separator = if options.is_empty() { "" } else { "; " };
        format!("{separator}{}", options.join(", "))
    }
}
