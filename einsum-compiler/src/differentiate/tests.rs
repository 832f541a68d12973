//! Derivatives of derivatives: a gradient's graph is differentiated again, and again, against differences, which are exact
//! for polynomials of integers.

use super::{jvp, vjp};
use crate::interpret::{Tensor, interpret};
use crate::ir::expr::{Array, ArrayId, Expr, Role};
use crate::ir::graph::Graph;
use crate::ir::plan::{Output, Plan};
use crate::ir::{Form, Program, Request};
use crate::{lower, parse, plan, resolve};

/// Integers of -2 to 2, the same for the same seed.
fn tensor(shape: Vec<usize>, seed: &mut u64) -> Tensor {
    let count = shape.iter().product();
    let mut next = || {
        *seed =
            seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        f64::from(u8::try_from((*seed >> 33) % 5).unwrap()) - 2.0
    };
    Tensor { data: (0..count).map(|_| next()).collect(), shape }
}

/// Adds an array like another one, of a role that tells it from all others.
fn another(expr: &mut Expr, like: ArrayId, role: usize) -> ArrayId {
    let array = Array { role: Role::Tangent(role), ..expr.arrays[like.0].clone() };
    expr.arrays.push(array);
    ArrayId(expr.arrays.len() - 1)
}

fn program(expr: &Expr, graph: &Graph) -> Program {
    let graph = graph.clone().pruned();
    let output = |&made: &usize| Output {
        axes: graph.tensors[made].axes.clone(),
        ellipsis: graph.tensors[made].ellipsis.clone(),
        array: None,
    };
    let results = graph.results.iter().map(output).collect();
    let plan = Plan { expr: expr.clone(), results, graphs: vec![graph] };
    plan.verify();
    let program = lower::lower(plan, &Request::default());
    program.verify();
    program
}

/// Checks the third derivative of ⟨dy, einsum⟩ with respect to all operands, once as tangent of a tangent of the gradients
/// and once as gradient of a tangent of the gradients.
fn check(text: &str, shapes: &[&[usize]], output: &[usize]) {
    let ast = parse::index_string(Form::Einsum, text, shapes.len(), Vec::new()).unwrap();
    let all: Vec<usize> = (0..shapes.len()).collect();
    let request = Request::hvp(&all);
    let mut expr = resolve::resolve(&ast, &request).unwrap();
    let operands: Vec<ArrayId> = all.iter().map(|&number| expr.operand(number)).collect();
    let cotangent = ArrayId(shapes.len());
    let along = |first: usize| -> Vec<(ArrayId, ArrayId)> {
        operands.iter().map(|&operand| (operand, ArrayId(first + operand.0))).collect()
    };
    let first = along(shapes.len() + 1);
    for &operand in &operands {
        another(&mut expr, operand, operand.0);
    }
    let second = along(2 * shapes.len() + 1);

    let mut gradients = plan::value(&expr);
    gradients.results = vjp(&expr, &mut gradients, &[cotangent], &operands);
    let mut tangents = gradients.clone();
    tangents.results = jvp(&mut tangents, &first);
    let mut thirds = tangents.clone();
    thirds.results = jvp(&mut thirds, &second);

    let mut seed = 1;
    let mut draw = || -> Vec<Tensor> {
        shapes.iter().map(|shape| tensor(shape.to_vec(), &mut seed)).collect()
    };
    let (x, u, v, w) = (draw(), draw(), draw(), draw());
    let dy = tensor(output.to_vec(), &mut seed);
    let run = |graph: &Graph, x: &[Tensor]| {
        let arrays = [x, std::slice::from_ref(&dy), &u, &v].concat();
        interpret(&program(&expr, graph), &arrays)
    };
    // Where the polynomial has degree four in the step, central differences at one and two steps are exact.
    let moved = |step: f64| -> Vec<Tensor> {
        let one = |(x, v): (&Tensor, &Tensor)| {
            let data = x.data.iter().zip(&v.data).map(|(x, v)| x + step * v).collect();
            Tensor { shape: x.shape.clone(), data }
        };
        x.iter().zip(&v).map(one).collect()
    };
    let at: Vec<Vec<Tensor>> =
        [-2.0, -1.0, 1.0, 2.0].iter().map(|&step| run(&tangents, &moved(step))).collect();
    let found = run(&thirds, &x);
    for (number, found) in found.iter().enumerate() {
        for (place, found) in found.data.iter().enumerate() {
            let value = |step: usize| at[step][number].data[place];
            let difference = (8.0 * (value(2) - value(1)) - (value(3) - value(0))) / 12.0;
            assert!((found - difference).abs() < 1e-9, "{text}: {found}, {difference}");
        }
    }

    // Backward over the graph of the tangents: ⟨w, D³ v⟩ pairs with the gradient of ⟨w, tangents⟩.
    let mut cotangents = Vec::new();
    for &operand in &operands {
        cotangents.push(another(&mut expr, operand, operand.0));
    }
    let mut backward = tangents.clone();
    backward.results = vjp(&expr, &mut backward, &cotangents, &operands);
    let arrays = [&x[..], std::slice::from_ref(&dy), &u, &v, &w].concat();
    let backward = interpret(&program(&expr, &backward), &arrays);
    let inner = |a: &[Tensor], b: &[Tensor]| -> f64 {
        let pairs = a.iter().zip(b).flat_map(|(a, b)| a.data.iter().zip(&b.data));
        pairs.map(|(a, b)| a * b).sum()
    };
    assert_eq!(inner(&backward, &v), inner(&found, &w), "{text}");
}

#[test]
fn third_derivatives() {
    check("ij,jk,kl->il", &[&[2, 3], &[3, 2], &[2, 2]], &[2, 2]);
    check("ij,jk,kl,lm->im", &[&[2, 2], &[2, 3], &[3, 2], &[2, 2]], &[2, 2]);
    check("i,i,i->", &[&[3], &[3], &[3]], &[]);
    check("ii,ij,jkl,->jj", &[&[2, 2], &[2, 3], &[3, 2, 2], &[]], &[3, 3]);
    check("...i,...i,i...->...", &[&[3, 1, 2], &[2, 2], &[2, 3, 2]], &[3, 2]);
    check("ij,ik,il,i1->jkl", &[&[2, 2], &[2, 2], &[2, 3], &[2, 1]], &[2, 2, 3]);
}
