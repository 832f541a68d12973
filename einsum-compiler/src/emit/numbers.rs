//! The numbers of arrays, tensors, and loops as the runtime has them. `resolve` has bounded them so that each fits in a
//! byte.

use crate::ir::Program;
use crate::ir::expr::{Array, ArrayId, Axis, Expr, Role, Term};
use crate::ir::program::{Access, AxisLoop, Nest, TensorId};

/// The number that stands for none.
pub(super) const NONE: u8 = u8::MAX;

/// The numbers of arrays that are taken, then intermediates; of targets, results come first.
pub(super) struct Numbers {
    arrays: Vec<Option<usize>>,
    taken: usize,
    results: usize,
}

impl Numbers {
    pub(super) fn of(program: &Program) -> Self {
        let mut taken = 0;
        let mut number = |is_taken: bool| {
            taken += usize::from(is_taken);
            is_taken.then(|| taken - 1)
        };
        let arrays = program.expr.arrays.iter().map(|array| number(array.is_taken)).collect();
        Numbers { arrays, taken, results: program.results.len() }
    }

    fn array(&self, ArrayId(array): ArrayId) -> u8 {
        byte(self.arrays[array].expect("only arrays that are taken are named"))
    }

    /// For each result the existing array that it goes to.
    pub(super) fn results(&self, program: &Program) -> impl Iterator<Item = u8> {
        let results = program.results.iter();
        results.map(|output| output.array.map_or(NONE, |array| self.array(array)))
    }

    /// The ellipsis of an array, as [`ellipsis`](Numbers::ellipsis).
    pub(super) fn ellipsis_of(&self, program: &Program, array: &Array) -> Vec<u8> {
        let expr = &program.expr;
        let like = match array.role {
            // Operands broadcast with each other.
            Role::Operand(_) => Vec::new(),
            Role::Cotangent => expr.broadcast(),
            Role::Tangent(operand) => vec![expr.operand(operand)],
            Role::Output(result) => program.results[result].ellipsis.clone(),
        };
        self.ellipsis(expr.ellipsis_position(&array.term), &like)
    }

    /// How many named axes stand before an ellipsis, then the arrays to whose broadcast it extends.
    pub(super) fn ellipsis(&self, before: Option<usize>, like: &[ArrayId]) -> Vec<u8> {
        match before {
            None => Vec::new(),
            Some(before) => {
                let like = like.iter().map(|&array| self.array(array));
                std::iter::once(byte(before)).chain(like).collect()
            }
        }
    }

    pub(super) fn source(&self, access: &Access) -> usize {
        match access.tensor {
            TensorId::Array(array) => usize::from(self.array(array)),
            TensorId::Intermediate(made) => self.taken + made,
            TensorId::Result(_) => unreachable!("a result is only written"),
        }
    }

    pub(super) fn target(&self, nest: &Nest) -> usize {
        match nest.target.tensor {
            TensorId::Result(result) => result,
            TensorId::Intermediate(made) => self.results + made,
            TensorId::Array(_) => unreachable!("an array is only read"),
        }
    }
}

/// For each named axis of a term its index.
pub(super) fn axes(expr: &Expr, term: &Term) -> impl Iterator<Item = u8> {
    expr.named_axes(term).map(|axis| match axis {
        Axis::Index(index) => byte(index.0),
        Axis::Unit => NONE,
    })
}

/// For each named axis of a tensor its loop.
pub(super) fn loops(access: &Access) -> impl Iterator<Item = u8> {
    access.axes.iter().map(|axis| match axis {
        AxisLoop::Loop(number) => byte(*number),
        AxisLoop::Unit => NONE,
    })
}

pub(super) fn byte(number: usize) -> u8 {
    match u8::try_from(number) {
        Ok(byte) if byte != NONE => byte,
        _ => unreachable!("`resolve` bounds the numbers of indices and operands"),
    }
}
