//! Orders of contraction, and that planning many operands stays fast enough to be unnoticed.

use einsum_compiler::{Form, Program, program};

fn compile(text: &str, extents: &[(&str, usize)]) -> Program {
    let operands = text.split("->").next().map_or(0, |inputs| inputs.split(',').count());
    program(Form::Einsum, text, operands, extents).unwrap()
}

/// The largest number of loops in one nest.
fn depth(program: &Program) -> usize {
    let nests = program.bodies.iter().flatten();
    nests.map(|nest| nest.kept.len() + nest.summed.len()).max().unwrap_or(0)
}

#[test]
fn a_chain_is_never_one_nest() {
    let program = compile("ij,jk,kl,lm->im", &[]);
    assert_eq!(program.bodies[0].len(), 3);
    assert_eq!(depth(&program), 3);
}

#[test]
fn known_extents_decide() {
    // Two thin bonds: through `j` and `l` first leaves a small `k` sum, not a square one.
    let thin =
        compile("ij,jk,kl,lm->im", &[("j", 2), ("l", 2), ("k", 1000), ("i", 1000), ("m", 1000)]);
    let listing = thin.to_string();
    assert!(listing.contains("t0[j l ]"), "{listing}");
    // A wide bond is contracted first.
    let wide = compile("ij,jk,kl->il", &[("i", 2), ("j", 3), ("k", 500), ("l", 4)]);
    assert!(wide.to_string().contains("t0[j l ]"), "{wide}");
}

#[test]
fn lone_indices_are_summed_in_their_operand() {
    let listing = compile("bik,jkl->bij", &[]).to_string();
    let expected = "\
body 0
  for j k l: Reduce t0[j k ] += operand 1[j k l ]
  for b i j k: Contract result 0[b i j ] += operand 0[b i k ] * t0[j k ]
";
    assert_eq!(listing, expected);
}

#[test]
fn a_sum_is_not_repeated_along_output_only_indices() {
    let program = compile("ij,j->ik", &[("k", 7)]);
    assert_eq!(depth(&program), 2);
    let program = compile("ij->k", &[("k", 7)]);
    assert_eq!(depth(&program), 2);
}

#[test]
fn unknown_extents_leave_alternatives() {
    let alternatives = |text, extents: &[_]| compile(text, extents).bodies.len();
    assert_eq!(alternatives("ij,jk->ik", &[]), 1);
    assert!(alternatives("ij,jk,kl->il", &[]) >= 2);
    assert_eq!(alternatives("ij,jk,kl->il", &[("i", 2), ("j", 3), ("k", 4), ("l", 5)]), 1);
    assert!(alternatives("ij,jk,kl,lm->im", &[]) <= 3);
    // From the thin end, whichever that is.
    let chain = compile("ij,jk,kl->il", &[]);
    let firsts: Vec<String> =
        chain.bodies.iter().map(|body| format!("{:?}", body[0].kept)).collect();
    assert_ne!(firsts[0], firsts[1]);
}

#[test]
fn known_good_orders() {
    // The four-index transformation: n^5 each, not n^8.
    assert_eq!(depth(&compile("pi,qj,ijkl,rk,sl->pqrs", &[])), 5);
    // Tucker: one mode at a time.
    assert_eq!(depth(&compile("ijk,ai,bj,ck->abc", &[])), 4);
    // A matrix product state's norm: bond by bond.
    assert_eq!(depth(&compile("ia,iA,ajb,AjB,bkc,BkC,cl,Cl->", &[])), 4);
}

#[test]
fn thirty_operands_are_planned_greedily() {
    let label = |number: usize| format!("n{number}");
    let terms: Vec<String> =
        (0..30).map(|term| format!("{} {}", label(term), label(term + 1))).collect();
    let text = format!("{} -> {} {}", terms.join(", "), label(0), label(30));
    let program = compile(&text, &[]);
    assert_eq!(program.bodies[0].len(), 29);
    assert_eq!(depth(&program), 3);
}

#[test]
fn the_same_string_makes_the_same_plan() {
    let text = "acdf,jbje,gihb,hfac,gfac,gifabc,hfac->";
    assert_eq!(compile(text, &[]).to_string(), compile(text, &[]).to_string());
}
