//! What derivatives cost, counted: the points of all loops of the programs.

use einsum_compiler::{Form, Program, Request, program_of};

fn compile(text: &str, request: &Request) -> Program {
    let operands = text.split("->").next().map_or(0, |inputs| inputs.split(',').count());
    program_of(Form::Einsum, text, operands, &[], request).unwrap()
}

/// The operations of the cheapest body with the extents that labels have.
fn operations(program: &Program, extent: impl Fn(&str) -> usize) -> f64 {
    let extents: Vec<usize> =
        program.expr.indices.iter().map(|index| extent(&index.label)).collect();
    let bodies = program.bodies.iter().map(|body| Program::operations(body, &extents));
    bodies.fold(f64::INFINITY, f64::min)
}

/// Asserts that the value and all gradients take at most three times the operations of the value, and as many more as
/// arrays have elements; a tangent along all operands at most three times as well, the value included.
#[track_caller]
fn at_most_thrice(text: &str, extent: impl Fn(&str) -> usize) {
    let forward = operations(&compile(text, &Request::value()), &extent);
    let count = text.split("->").next().map_or(0, |inputs| inputs.split(',').count());
    let all: Vec<usize> = (0..count).collect();
    for request in [Request::value_and_vjp(&all), Request::vjp(&all), Request::value_and_jvp(&all)]
    {
        let program = compile(text, &request);
        let elements: f64 = program
            .expr
            .arrays
            .iter()
            .map(|array| {
                let extents = array
                    .term
                    .indices()
                    .into_iter()
                    .map(|index| &program.expr.indices[index.0].label);
                extents.map(|label| extent(label) as f64).product::<f64>()
            })
            .sum();
        let found = operations(&program, &extent);
        assert!(
            found <= 3.0 * forward + 2.0 * elements,
            "{text} {request:?}: {found} operations, {forward} forward\n{program}"
        );
    }
}

fn chain(operands: usize) -> String {
    let label = |number: usize| format!("n{number}");
    let terms: Vec<String> =
        (0..operands).map(|n| format!("{} {}", label(n), label(n + 1))).collect();
    format!("{} -> {} {}", terms.join(", "), label(0), label(operands))
}

#[test]
fn chains() {
    for operands in 2..=12 {
        at_most_thrice(&chain(operands), |_| 10);
        // From thin to wide, and back.
        at_most_thrice(&chain(operands), |label| 2 + label[1..].parse::<usize>().unwrap());
        at_most_thrice(&chain(operands), |label| 20 - label[1..].parse::<usize>().unwrap());
        let closed =
            chain(operands).replace(&format!("n{operands}"), "n0").replace("-> n0 n0", "-> ");
        at_most_thrice(&closed, |_| 10);
    }
}

#[test]
fn trees() {
    // A binary tree of eight leaves, of which each inner node is a tensor.
    at_most_thrice("az,bz,cy,dy,zyx,ew,fw,gv,hv,wvu,xu->abcdefgh", |label| match label {
        "a" | "b" | "c" | "d" | "e" | "f" | "g" | "h" => 3,
        _ => 4,
    });
    at_most_thrice("abc,ad,be,cf->def", |_| 8);
    at_most_thrice("abcd,ae,bf,cg,dh->efgh", |_| 6);
}

#[test]
fn matrix_product_states() {
    // The state of ten cores, and the norm of five.
    at_most_thrice("pa,aqb,brc,csd,dte,euf,fvg,gwh,hxi,iy->pqrstuvwxy", |label| {
        if "pqrstuvwxy".contains(label) { 2 } else { 8 }
    });
    at_most_thrice("pa,apb,bpc->", |_| 8);
    at_most_thrice("ia,iA,ajb,AjB,bkc,BkC,clm,ClM,md,Md->", |label| {
        if "ijkld".contains(label) { 2 } else { 8 }
    });
}

#[test]
fn tucker() {
    at_most_thrice("ijk,ai,bj,ck->abc", |label| if "ijk".contains(label) { 4 } else { 12 });
    at_most_thrice("ijkl,ai,bj,ck,dl->abcd", |label| if "ijkl".contains(label) { 3 } else { 6 });
    // A core of eleven modes.
    at_most_thrice("abcdefghijk,aA,bB,cC,dD,eE,fF,gG,hH,iI,jJ,kK->ABCDEFGHIJK", |_| 2);
}

/// Two operands are never dearer than their gradients one by one.
#[test]
fn two_operands() {
    for text in
        ["ij,jk->ik", "ij,ij->ij", "i,j->ij", "bik,jkl->bij", "ij,j->i", "ii,ij->j", "ijk,kl->i"]
    {
        let both = operations(&compile(text, &Request::vjp(&[0, 1])), |_| 10);
        let each =
            [0, 1].map(|operand| operations(&compile(text, &Request::vjp(&[operand])), |_| 10));
        assert!(both <= each.iter().sum(), "{text}: {both} > {each:?}");
    }
}

/// Nothing is computed for an operand that needs no gradient.
#[test]
fn operands_without_a_gradient() {
    let nests = |wanted: &[usize]| compile("ij,jk,kl->il", &Request::vjp(wanted)).bodies[0].len();
    assert_eq!(nests(&[0]), 2);
    assert_eq!(nests(&[0, 1, 2]), 5);
    let program = compile("ij,jk,kl->il", &Request::vjp(&[1]).lean());
    let taken: Vec<bool> = program.expr.arrays.iter().map(|array| array.is_taken).collect();
    assert_eq!(taken, [true, false, true, true]);
    // `l` is known from nothing but the operand itself.
    let program = compile("bik,jkl->bij", &Request::vjp(&[1]).lean());
    assert!(program.expr.arrays.iter().all(|array| array.is_taken));
}

#[test]
fn the_same_request_makes_the_same_program() {
    for request in [Request::value_and_vjp(&[0, 1, 2, 3]), Request::hvp(&[0, 2, 3])] {
        let compile = || compile("acdf,jbje,gihb,hfac->", &request).to_string();
        assert_eq!(compile(), compile());
    }
}
