//! Random einsums as functions of `einsum_fn!`, each with a function that calls all that is emitted for it.

use std::fmt::Write as _;

use crate::random::{Axis, Expression};

/// A case: the signature, and how its functions are called.
pub(crate) struct Functions<'a> {
    expression: &'a Expression,
    /// Whether operands with an ellipsis have dynamic ranks.
    is_dynamic: bool,
    element: &'a str,
    /// The operands without `#[no_grad]`.
    variables: Vec<usize>,
}

impl<'a> Functions<'a> {
    pub(crate) fn new(expression: &'a Expression, is_dynamic: bool, element: &'a str) -> Self {
        let (count, seed) = (expression.terms.len(), expression.seed as usize);
        let constant = (count > 1 && seed % 3 == 0).then_some(seed % count);
        let variables = (0..count).filter(|&number| Some(number) != constant).collect();
        Functions { expression, is_dynamic, element, variables }
    }

    /// The tokens of `einsum_fn!` for a function of this name.
    pub(crate) fn signature(&self, name: &str) -> String {
        let text = &self.expression.text;
        let (inputs, output) = match text.split_once("->") {
            Some((inputs, output)) => (inputs, output.to_owned()),
            None => (text.as_str(), self.written(&self.expression.output)),
        };
        let mut parameters: Vec<String> = inputs
            .split(',')
            .enumerate()
            .map(|(number, term)| {
                let constant = if self.variables.contains(&number) { "" } else { "#[no_grad] " };
                format!("{constant}p{number}: {term:?}")
            })
            .collect();
        for extent in self.extents() {
            // Anywhere among the operands.
            let place = self.expression.seed as usize % (parameters.len() + 1);
            parameters.insert(place, format!("{}: usize", identifier(&extent)));
        }
        let literals: Vec<String> = self
            .expression
            .options
            .iter()
            .filter(|given| given.is_literal)
            .map(|given| {
                let name = identifier(&self.expression.names[given.label]);
                format!("{name} = {}", self.expression.extents[given.label])
            })
            .collect();
        let separator = if literals.is_empty() { "" } else { "; " };
        let element = match self.expression.seed % 2 {
            0 => String::new(),
            _ => format!("<{}>", self.element),
        };
        let hvp = if self.has_hvp() { "#[hvp] " } else { "" };
        format!(
            "{hvp}fn {name}{element}({}{separator}{}) -> {output:?};",
            parameters.join(", "),
            literals.join(", ")
        )
    }

    /// The body of the function that calls them, of operands `x`, extents `n`, a cotangent `dy`, tangents `t`, and existing
    /// gradients `e` and `f`.
    pub(crate) fn body(&self, name: &str) -> String {
        let mut body = String::new();
        let all: Vec<usize> = (0..self.expression.terms.len()).collect();
        for &number in &all {
            self.bind(&mut body, &format!("p{number}"), &format!("x[{number}]"), number, false);
        }
        for letter in ["e", "f"] {
            let list = self.list(&format!("{letter}_"));
            writeln!(body, "    let [{list}] = {letter} else {{ unreachable!() }};").unwrap();
        }
        for (position, &number) in self.variables.iter().enumerate() {
            self.bind(&mut body, &format!("t{number}"), &format!("t[{position}]"), number, false);
            for letter in ["e", "f"] {
                let place = format!("{letter}_{number}");
                self.bind(&mut body, &format!("{letter}{number}"), &place, number, true);
            }
        }
        self.bind_cotangent(&mut body);
        let of_all = self.arguments(&all);
        let tangents = self.list("t");
        let d = self.list("d");
        let number = |value: &str, number| self.dynamic(value, number);
        let gradients = |letter: &str| {
            let each = self.variables.iter().map(|&n| number(&format!("{letter}{n}"), n));
            format!("vec![{}]", each.collect::<Vec<_>>().join(", "))
        };
        let value = |value: &str| match self.expression.output.is_empty() {
            true => format!("arr0({value}).into_dyn()"),
            false => format!("{value}.into_dyn()"),
        };
        writeln!(body, "    let value = {};", value(&format!("{name}({of_all})"))).unwrap();
        writeln!(body, "    let ({d},) = {name}::vjp({of_all}, dy);").unwrap();
        writeln!(body, "    let vjp = {};", gradients("d")).unwrap();
        writeln!(body, "    let (y, ({d},)) = {name}::value_and_vjp({of_all}, dy);").unwrap();
        writeln!(body, "    let value_and_vjp = ({}, {});", value("y"), gradients("d")).unwrap();
        for &variable in &self.variables {
            let (some, into) = (self.needed(variable, true), self.needed(variable, false));
            let (some, into) = (self.arguments_before(&some), self.arguments_before(&into));
            writeln!(body, "    let d{variable} = {name}::grad_p{variable}({some}dy);").unwrap();
            writeln!(body, "    {name}::grad_p{variable}_into({into}dy, f{variable});").unwrap();
        }
        writeln!(body, "    let grads = {};", gradients("d")).unwrap();
        writeln!(body, "    let jvp = {};", value(&format!("{name}::jvp({of_all}, {tangents})")))
            .unwrap();
        writeln!(body, "    let (y, ty) = {name}::value_and_jvp({of_all}, {tangents});").unwrap();
        writeln!(body, "    let value_and_jvp = ({}, {});", value("y"), value("ty")).unwrap();
        match self.has_hvp() {
            true => {
                let call = format!("{name}::hvp({of_all}, dy, {tangents})");
                writeln!(body, "    let ({d},) = {call};\n    let hvp = {};", gradients("d"))
            }
            false => writeln!(body, "    let hvp = vec![];"),
        }
        .unwrap();
        writeln!(body, "    {name}::vjp_into({of_all}, dy, {});", self.list("e")).unwrap();
        writeln!(
            body,
            "    Results {{ value, vjp, value_and_vjp, grads, jvp, value_and_jvp, hvp }}"
        )
        .unwrap();
        body
    }

    fn has_hvp(&self) -> bool {
        self.variables.len() > 1
    }

    /// The labels whose extents are parameters.
    fn extents(&self) -> Vec<String> {
        let given = self.expression.options.iter().filter(|given| !given.is_literal);
        given.map(|given| self.expression.names[given.label].clone()).collect()
    }

    /// Operands and extents in the order of the signature, those that `operands` lists.
    fn arguments(&self, operands: &[usize]) -> String {
        let mut parameters: Vec<Option<String>> = (0..self.expression.terms.len())
            .map(|number| operands.contains(&number).then(|| format!("p{number}")))
            .collect();
        for given in self.expression.options.iter().filter(|given| !given.is_literal) {
            let place = self.expression.seed as usize % (parameters.len() + 1);
            parameters.insert(place, Some(format!("n[{}]", given.label)));
        }
        parameters.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    /// As `arguments`, with a comma behind them.
    fn arguments_before(&self, operands: &[usize]) -> String {
        let arguments = self.arguments(operands);
        if arguments.is_empty() { arguments } else { arguments + ", " }
    }

    /// The operands that the gradient of one takes: the others; and itself where it alone tells a shape, or may be
    /// broadcast; with windows all of them.
    fn needed(&self, variable: usize, is_new: bool) -> Vec<usize> {
        let expression = self.expression;
        if !expression.windows.is_empty() {
            return (0..expression.terms.len()).collect();
        }
        let own = &expression.terms[variable];
        let others = expression.terms.iter().enumerate().filter(|&(number, _)| number != variable);
        let known: Vec<Axis> =
            others.flat_map(|(_, term)| term).chain(&expression.output).copied().collect();
        let is_given = |label| expression.options.iter().any(|given| given.label == label);
        let tells = |axis: &Axis| match *axis {
            Axis::Label(label) => is_new && !known.contains(axis) && !is_given(label),
            Axis::Ellipsis => true,
            Axis::Unit | Axis::Window(_) => false,
        };
        let takes_own = own.iter().any(tells);
        (0..expression.terms.len()).filter(|&n| n != variable || takes_own).collect()
    }

    fn list(&self, letter: &str) -> String {
        let each = self.variables.iter().map(|number| format!("{letter}{number}"));
        each.collect::<Vec<_>>().join(", ")
    }

    fn has_ellipsis(&self, number: usize) -> bool {
        self.expression.terms[number].contains(&Axis::Ellipsis)
    }

    /// Whether an operand is passed with a dynamic rank.
    fn is_dyn(&self, number: usize) -> bool {
        self.expression.shapes()[number].len() > 6 || self.is_dynamic && self.has_ellipsis(number)
    }

    /// Binds an array to a variable of the parameter's type.
    fn bind(&self, body: &mut String, name: &str, place: &str, number: usize, is_mut: bool) {
        let rank = self.expression.shapes()[number].len();
        let (reference, view, first) =
            if is_mut { ("&mut ", "view_mut", "first_mut") } else { ("&", "view", "first") };
        let value = if self.expression.terms[number].is_empty() {
            let value = format!("{place}.{first}().unwrap()");
            if is_mut { value } else { format!("*{value}") }
        } else if self.is_dyn(number) {
            if is_mut { place.to_owned() } else { format!("{reference}{place}") }
        } else {
            format!("{reference}{place}.{view}().into_dimensionality::<Ix{rank}>().unwrap()")
        };
        writeln!(body, "    let {name} = {value};").unwrap();
    }

    fn bind_cotangent(&self, body: &mut String) {
        let expression = self.expression;
        let rank = expression.output_shape().len();
        let has_ellipsis = expression.output.contains(&Axis::Ellipsis);
        let any_dyn = (0..expression.terms.len()).any(|n| self.has_ellipsis(n) && self.is_dyn(n));
        let value = if expression.output.is_empty() {
            "*dy.first().unwrap()".to_owned()
        } else if rank > 6 || has_ellipsis && any_dyn {
            return;
        } else {
            format!("&dy.view().into_dimensionality::<Ix{rank}>().unwrap()")
        };
        writeln!(body, "    let dy = {value};").unwrap();
    }

    /// A gradient as an array of dynamic rank.
    fn dynamic(&self, value: &str, number: usize) -> String {
        match self.expression.terms[number].is_empty() {
            true => format!("arr0({value}).into_dyn()"),
            false => format!("{value}.into_dyn()"),
        }
    }

    fn written(&self, term: &[Axis]) -> String {
        let axis = |axis: &Axis| match *axis {
            Axis::Label(label) => self.expression.names[label].clone(),
            Axis::Unit => "1".to_owned(),
            Axis::Ellipsis => "...".to_owned(),
            Axis::Window(_) => unreachable!("the output of a windowed einsum is written"),
        };
        term.iter().map(axis).collect()
    }
}

/// Whether the extents can be parameters: not of the names of variants.
pub(crate) fn can_be_written(expression: &Expression) -> bool {
    let mut given = expression.options.iter().filter(|given| !given.is_literal);
    given.all(|given| !matches!(&*expression.names[given.label], "Ok" | "Err"))
}

/// A label as the name of a parameter.
fn identifier(label: &str) -> String {
    match label {
        "in" | "type" => format!("r#{label}"),
        _ => label.to_owned(),
    }
}
