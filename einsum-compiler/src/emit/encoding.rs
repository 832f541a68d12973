//! The program of a function as one byte string; `encoded.rs` of the runtime reads it, and states the format.

use super::numbers::{Numbers, byte};
use super::program::given;
use crate::ir::Program;
use crate::ir::expr::{Axis, Expr, Role};
use crate::ir::program::Nest;

/// Encodes a program. `shown` is the source text of an array, for messages.
pub(crate) fn encode(program: &Program, shown: impl Fn(Role) -> String) -> Vec<u8> {
    let expr = &program.expr;
    let numbers = Numbers::of(program);
    let mut bytes = Bytes(Vec::new());
    bytes.many(&expr.indices, |bytes, index| bytes.list(index.label.bytes()));
    bytes.list(given(expr).map(|(number, _)| byte(number)));
    bytes.many(&numbers.windows, |bytes, axis| encode_window(bytes, &numbers, expr, axis));
    let taken: Vec<_> = expr.arrays.iter().filter(|array| array.is_taken).collect();
    bytes.many(&taken, |bytes, array| {
        let (role, number) = match array.role {
            Role::Operand(number) => (0, number),
            Role::Cotangent => (1, 0),
            Role::Tangent(number) => (2, number),
            Role::Output(_) => (3, 0),
        };
        bytes.number(role);
        bytes.number(number);
        bytes.list(shown(array.role).bytes());
        bytes.list(array.text.bytes());
        bytes.list(numbers.axes(expr, &array.term));
        bytes.list(numbers.ellipsis_of(program, array));
    });
    bytes.list(numbers.results(program));
    bytes.many(&program.bodies, |bytes, body| {
        bytes.many(body, |bytes, nest| encode_nest(bytes, &numbers, nest));
    });
    bytes.0
}

fn encode_window(bytes: &mut Bytes, numbers: &Numbers, expr: &Expr, axis: &Axis) {
    bytes.list(expr.axis_text(axis).bytes());
    bytes.list(axis.indices().into_iter().map(|index| byte(index.0)));
    let Axis::Window(window) = axis else {
        return bytes.number(0);
    };
    bytes.number(1);
    bytes.many(&window.terms, |bytes, term| bytes.long(term.factor.cast_signed()));
    bytes.list(numbers.scales(window));
    bytes.long(window.offset);
    bytes.list(numbers.site(window));
}

fn encode_nest(bytes: &mut Bytes, numbers: &Numbers, nest: &Nest) {
    bytes.number(numbers.target(nest));
    bytes.list(nest.kept.iter().map(|index| byte(index.0)));
    bytes.list(nest.summed.iter().map(|index| byte(index.0)));
    bytes.many(&nest.sources, |bytes, source| {
        bytes.number(numbers.source(source));
        bytes.number(usize::from(source.conj));
        bytes.list(numbers.loops(source));
    });
    bytes.list(numbers.loops(&nest.target));
    bytes.list(numbers.ellipsis(nest.target.ellipsis, &nest.ellipsis));
}

struct Bytes(Vec<u8>);

impl Bytes {
    fn number(&mut self, number: usize) {
        let number = u16::try_from(number).expect("`resolve` bounds what a program has");
        self.0.extend(number.to_le_bytes());
    }

    fn long(&mut self, number: isize) {
        let number = i64::try_from(number).expect("no machine has larger addresses");
        self.0.extend(number.to_le_bytes());
    }

    fn list(&mut self, list: impl IntoIterator<Item = u8>) {
        let list: Vec<u8> = list.into_iter().collect();
        self.number(list.len());
        self.0.extend(list);
    }

    fn many<T>(&mut self, things: &[T], write: impl Fn(&mut Self, &T)) {
        self.number(things.len());
        for thing in things {
            write(self, thing);
        }
    }
}
