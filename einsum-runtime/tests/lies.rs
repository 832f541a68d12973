//! Programs that lie: emitted code is safe code, and so is whoever hands over any program, arrays, and extents. Nothing
//! may be read or written outside of the arrays; the call panics, or is refused like wrong shapes.

use std::panic::{AssertUnwindSafe, catch_unwind};

use einsum_runtime::codegen::*;
use ndarray::prelude::*;

mod program;

use program::{nest, operand_of, output_of, program, program_into, read, wide, wide_nest};

/// Calls a program with two matrices and an output in every way that there is, and expects that each ends early with one
/// of these texts, or any if it is empty.
#[track_caller]
fn is_found(program: &'static Program, text: &str) {
    let (a, b) = (Array2::<i64>::zeros((2, 3)), Array2::<i64>::zeros((3, 4)));
    let a0 = operand::<2, _>(&a);
    let a1 = operand_like::<2, _, _, _>(&b, &a0);
    let mut c = Array2::zeros((2, 4));
    let mut c0 = output::<2, _, _, _>(&mut c, &a0);
    let arrays = [a0.erased(), a1.erased(), c0.erased()];
    let arrays = &arrays[..program.arrays.len()];
    let has_output = program.results != [NONE];
    let call = |then: &dyn Fn(Checked<'_, i64>)| {
        let mut extents = vec![0; program.labels.len()];
        match checked(program, a0.kernels(), arrays, &[], &mut extents) {
            Ok(call) => then(call),
            Err(error) => panic!("{error}"),
        }
    };
    if has_output {
        ends(text, || call(&|call| call.fill(None, None)));
        ends(text, || call(&|call| call.fill(Some(2), Some(1))));
        ends(text, || call(&|call| call.add_results(&mut [])));
        return;
    }
    ends(text, || call(&|call| drop(call.array::<Ix2>())));
    ends(text, || call(&|call| drop(call.array::<IxDyn>())));
    ends(text, || call(&|call| drop(call.array_like::<0, IxDyn>(PhantomData))));
    ends(text, || {
        call(&|call| {
            let mut result = call.new_array::<IxDyn>();
            call.results(&mut [result.place()]);
            drop(result.take());
        });
    });
}

#[track_caller]
fn ends(text: &str, call: impl FnOnce()) {
    let payload = catch_unwind(AssertUnwindSafe(call)).expect_err("the lie is found");
    let found = payload.downcast_ref::<String>().map(String::as_str);
    let found = found.or(payload.downcast_ref::<&str>().copied()).expect("a panic has a text");
    assert!(found.contains(text), "{found:?}, expected {text:?}");
}

macro_rules! lies {
    ($($name:ident: $text:literal, $program:expr;)*) => { $(
        #[test]
        fn $name() {
            static PROGRAM: Program = $program;
            is_found(&PROGRAM, $text);
            static INTO: Program = Program { results: &[2], ..$program };
            if PROGRAM.results == [NONE] && PROGRAM.arrays.len() == 3 {
                is_found(&INTO, $text);
            }
        }
    )* };
}

/// The matrix product with other nests.
macro_rules! product {
    ($($nest:expr),+) => {
        program!(
            "i" "j" "k";
            operand_of(0, &[0, 1]), operand_of(1, &[1, 2]), output_of(&[0, 2]);
            $($nest),+
        )
    };
}

/// The matrix product with other bodies.
macro_rules! bodies {
    ($bodies:expr) => {
        Program { bodies: $bodies, ..product!(PRODUCT) }
    };
}

const FIRST: Access = read(0, &[0, 2]);
const SECOND: Access = read(1, &[2, 1]);
const PRODUCT: Nest = nest(&[0, 2], &[1], &[FIRST, SECOND], &[0, 1]);
const FIRST_ROW: Access = read(0, &[0, 1]);
const COPY: Nest = nest(&[0, 1], &[], &[read(0, &[0, 1])], &[0, 1]);

lies! {
    extent_of_a_source: "the extent of an axis is not its loop's",
        product!(nest(&[0, 2], &[1], &[FIRST, read(1, &[1, 2])], &[0, 1]));
    source_without_loops: "a source has other axes",
        product!(nest(&[0, 2], &[1], &[FIRST, read(1, &[])], &[0, 1]));
    source_with_more_loops: "a source has other axes",
        product!(nest(&[0, 2], &[1], &[FIRST, read(1, &[2, 1, 0])], &[0, 1]));
    source_along_no_loop: "an axis runs along no loop",
        product!(nest(&[0, 2], &[1], &[FIRST, read(1, &[2, 3])], &[0, 1]));
    dropped_axis: "an axis without a loop has positions",
        product!(nest(&[0, 2], &[1], &[FIRST, read(1, &[2, NONE])], &[0, 1]));
    target_along_a_summed_loop: "",
        product!(nest(&[0], &[1, 2], &[read(0, &[0, 1]), read(1, &[1, 2])], &[0, 2]));
    kept_loop_without_the_target: "a kept loop has no axis in the target",
        product!(nest(&[0, 2, 1], &[], &[FIRST, SECOND], &[0, 1]));
    target_along_no_loop: "",
        product!(nest(&[0, 2], &[1], &[FIRST, SECOND], &[0, 7]));
    no_such_array: "", product!(nest(&[0, 2], &[1], &[FIRST, read(9, &[2, 1])], &[0, 1]));
    three_sources: "a nest has at most two sources",
        product!(nest(&[0, 2], &[1], &[FIRST, SECOND, SECOND], &[0, 1]));
    no_such_index: "", product!(nest(&[0, 9], &[1], &[FIRST, SECOND], &[0, 1]));
    index_of_no_number: "", product!(nest(&[0, NONE], &[1], &[FIRST, SECOND], &[0, 1]));
    output_as_a_source: "a nest reads the output",
        product!(nest(&[0, 2], &[1], &[FIRST, read(2, &[0, 1])], &[0, 1]));
    own_result_as_a_source: "",
        product!(nest(&[0, 2], &[1], &[FIRST, read(3, &[2, 1])], &[0, 1]));
    later_result_as_a_source: "",
        product!(nest(&[0, 2], &[1], &[FIRST, read(4, &[2, 1])], &[0, 1]), PRODUCT);
    ellipsis_of_no_array: "",
        product!(wide_nest(&[0, 9], PRODUCT), nest(&[0, 2], &[], &[read(3, &[0, 1])], &[0, 1]));
    ellipsis_of_an_intermediate: "", product!(wide_nest(&[0, 3], PRODUCT), PRODUCT);
    intermediate_of_other_axes: "a source has other axes",
        product!(PRODUCT, nest(&[0, 2], &[], &[read(3, &[0])], &[0, 1]));
    intermediate_of_other_extents: "the extent of an axis is not its loop's",
        product!(PRODUCT, nest(&[0, 2], &[], &[read(3, &[1, 0])], &[0, 1]));
    two_results: "", Program { results: &[NONE, NONE], ..product!(PRODUCT) };
    result_that_is_not_made: "", Program { results: &[NONE, NONE], ..product!(PRODUCT, PRODUCT) };
    results_in_one_output: "", Program { results: &[2, 2], ..product!(PRODUCT, PRODUCT) };
    result_in_an_operand: "a call has no output", Program { results: &[0], ..product!(PRODUCT) };
    result_in_no_array: "a call has no output", Program { results: &[7], ..product!(PRODUCT) };
    intermediate_out_of_turn: "needs what has not been made",
        bodies!(&[&[Nest { into: 2, ..PRODUCT }, PRODUCT]]);
    target_of_no_number: "needs what has not been made",
        bodies!(&[&[Nest { into: u16::MAX, ..PRODUCT }, PRODUCT]]);
    own_target_as_a_source: "needs what has not been made",
        bodies!(&[&[
            Nest { into: 1, ..PRODUCT },
            Nest { into: 1, ..nest(&[0, 2], &[], &[read(3, &[0, 1])], &[0, 1]) },
            nest(&[0, 2], &[], &[read(3, &[0, 1])], &[0, 1]),
        ]]);
    added_axes: "the target has other axes",
        bodies!(&[&[PRODUCT, nest(&[0], &[1], &[FIRST_ROW], &[0])]]);
    added_extents: "the extent of an axis is not its loop's",
        bodies!(&[&[PRODUCT, nest(&[0, 2], &[1], &[FIRST, SECOND], &[1, 0])]]);
    no_bodies: "", bodies!(&[]);
    empty_body: "", bodies!(&[&[]]);
    cheap_empty_body: "", bodies!(&[&[PRODUCT], &[]]);
    unknown_label: "", Program { labels: &["i", "j"], ..product!(PRODUCT) };
    no_labels: "", Program { labels: &[], ..product!(PRODUCT) };
    missing_given_extent: "does not have the arrays of its program",
        Program { given: &[1], ..product!(PRODUCT) };
    fewer_axes: "its term",
        program!("i" "j"; operand_of(0, &[0]), operand_of(1, &[0, 1]); COPY);
    summed_loop_without_an_extent: "",
        program!("i" "j" "?"; operand_of(0, &[0, 1]); nest(&[0, 1], &[2], &[read(0, &[0, 1])], &[0, 1]));
    kept_loop_without_an_extent: "",
        program!("i" "j" "?"; operand_of(0, &[0, 1]); nest(&[0, 2], &[1], &[read(0, &[0, 2])], &[0, 1]));
    ellipsis_of_arrays_without_one: "", Program {
        arrays: &[wide(&[0], operand_of(0, &[])), wide(&[0], operand_of(1, &[])), output_of(&[0, 2])],
        ..product!(PRODUCT)
    };
}

/// More loops than a byte can number, the last of which would write one element again and again.
#[test]
fn more_loops_than_numbers() {
    static TARGET: [u8; 256] = {
        let mut loops = [0; 256];
        let mut number = 0;
        while number < 256 {
            loops[number] = number as u8;
            number += 1;
        }
        loops
    };
    static KEPT: [u8; 300] = {
        let mut indices = [1; 300];
        let mut number = 256;
        while number < 300 {
            indices[number] = 0;
            number += 1;
        }
        indices
    };
    static PROGRAM: Program = program!(
        "i" "1"; operand_of(0, &[0, 1]); nest(&KEPT, &[], &[read(0, &[255, 0])], &TARGET)
    );
    let a = Array2::<i64>::zeros((2, 1));
    let a0 = operand::<2, _>(&a);
    let arrays = [a0.erased()];
    ends("", || drop(einsum::<_, IxDyn>(&PROGRAM, a0.kernels(), &arrays, &[], &mut [0; 2])));
}

static MATMUL: Program =
    program!("i" "j" "k"; operand_of(0, &[0, 1]), operand_of(1, &[1, 2]); PRODUCT);

/// The truth, with other numbers of arrays and extents than it says.
#[test]
fn numbers_of_arguments() {
    let a = Array2::<i64>::zeros((2, 2));
    let a0 = operand::<2, _>(&a);
    let call = |count, given: &[usize], extents| {
        let arrays = [a0.erased(), a0.erased(), a0.erased()];
        let extents = &mut vec![0; extents];
        drop(einsum::<_, Ix2>(&MATMUL, a0.kernels(), &arrays[..count], given, extents));
    };
    call(2, &[], 3);
    for count in [0, 1, 3] {
        ends("does not have the arrays of its program", || call(count, &[], 3));
    }
    for extents in [0, 1, 2, 4] {
        ends("does not have the arrays of its program", || call(2, &[], extents));
    }
    ends("does not have the arrays of its program", || call(2, &[2], 3));
}

/// The truth, of which something else is asked for than it is.
#[test]
fn other_results() {
    let a = Array2::<i64>::zeros((2, 2));
    let a0 = operand::<2, _>(&a);
    let (arrays, mut extents) = ([a0.erased(), a0.erased()], [0; 3]);
    let call = checked(&MATMUL, a0.kernels(), &arrays, &[], &mut extents).unwrap();
    ends("the target has other axes", || {
        let _ = call.scalar();
    });
    ends("", || drop(call.array::<Ix1>()));
    ends("", || drop(call.array::<Ix3>()));
    ends("", || drop(call.array_like::<3, Ix0>(PhantomData)));
    ends("not every new result has a place", || call.results(&mut []));
    ends("not every new result has a place", || {
        let (mut one, mut two) = (call.new_array::<Ix2>(), call.new_scalar());
        call.results(&mut [one.place(), two.place()]);
    });
    ends("the target has other axes", || call.results(&mut [call.new_scalar().place()]));
    ends("", || call.results(&mut [call.new_array::<Ix3>().place()]));
    ends("a result was not computed", || drop(call.new_array::<Ix2>().take()));
    assert_eq!(call.array::<IxDyn>(), a.dot(&a).into_dyn());
    ends("a call has no output", || call.fill(None, None));
}

/// Arrays whose rank is not that of their term have no extents, so they do not fit any.
#[test]
fn ranks_that_nobody_checked() {
    static SCALAR: Program = program!(; operand_of(0, &[]); nest(&[], &[], &[read(0, &[])], &[]));
    static WIDE: Program = program!(; wide(&[0], operand_of(0, &[])); wide_nest(&[0, 0], nest(&[], &[], &[read(0, &[])], &[])));
    let empty = ArrayD::<i64>::zeros(vec![0]);
    let a0 = operand::<0, _>(&empty);
    let arrays = [a0.erased()];
    for program in [&SCALAR, &WIDE] {
        assert!(checked(program, a0.kernels(), &arrays, &[], &mut []).is_err());
    }
    let a0 = ellipsis_operand::<0, _>(&empty, 0);
    let arrays = [a0.erased()];
    assert!(checked(&SCALAR, a0.kernels(), &arrays, &[], &mut []).is_err());
    assert!(checked(&WIDE, a0.kernels(), &arrays, &[], &mut []).is_ok());
}

/// An operand of `einsum_view!` has no kernels.
#[test]
fn views_are_not_operands() {
    let a = Array2::<i64>::zeros((2, 2));
    let a0 = view_operand::<2, _, _, _>((&a).__einsum_view());
    let arrays = [a0.erased(), a0.erased()];
    ends("a view is not an operand", || {
        drop(checked(&MATMUL, a0.kernels(), &arrays, &[], &mut [0; 3]));
    });
}

/// Nests that make other axes than the output has.
#[test]
fn results_unlike_the_output() {
    const COPY: Nest = nest(&[0], &[], &[read(0, &[0])], &[0]);
    static RANK: Program = program_into!("i"; operand_of(0, &[0]), output_of(&[0, 0]); COPY);
    static EXTENT: Program = program_into!("i" "j"; operand_of(0, &[0]), output_of(&[1, 0]); Nest {
        target: &[0, NONE],
        ..COPY
    });
    let a = [1_i64, 2];
    let a0 = operand::<1, _>(&a);
    let mut c = Array2::zeros((2, 2));
    let mut c0 = output::<2, _, _, _>(&mut c, &a0);
    let arrays = [a0.erased(), c0.erased()];
    for (program, text) in
        [(&RANK, "the target has other axes"), (&EXTENT, "an axis without a loop has positions")]
    {
        let mut extents = vec![0; program.labels.len()];
        let call = checked(program, a0.kernels(), &arrays, &[], &mut extents).unwrap();
        ends(text, || call.fill(None, None));
    }
    assert_eq!(c, Array2::zeros((2, 2)));
}

/// Bodies with large intermediates run in blocks of an index, which no longer show which extents do not agree.
#[test]
fn blocks() {
    const KEEP: Nest = nest(&[0], &[], &[read(0, &[0])], &[0]);
    const OUTER: Nest = nest(&[0, 1], &[], &[read(0, &[0]), read(0, &[1])], &[0, 1]);
    // The last nest writes all of `i` along the output's `j`.
    static EXTENT: Program = program_into!(
        "i" "j"; operand_of(0, &[0]), output_of(&[1]);
        KEEP, nest(&[0], &[], &[read(2, &[0])], &[0])
    );
    // Two loops of one index would be two axes of a block, of which only the diagonal would be written.
    static TWICE: Program = program!(
        "i"; operand_of(0, &[0]);
        Nest { kept: &[0, 0], ..OUTER },
        nest(&[0, 0], &[], &[read(1, &[0, 1])], &[0, 1])
    );
    // The last nest has no axis of the index.
    static NEVER: Program = program!(
        "i"; operand_of(0, &[0]);
        KEEP, nest(&[0], &[], &[read(1, &[0])], &[])
    );
    let a = Array1::<i64>::ones(100_000);
    let a0 = operand::<1, _>(&a);
    let mut c = [0, 7, 7];
    let mut small = &mut c[..1];
    let mut c0 = output::<1, _, _, _>(&mut small, &a0);
    let (arrays, mut extents) = ([a0.erased(), c0.erased()], [0; 2]);
    let call = checked(&EXTENT, a0.kernels(), &arrays, &[], &mut extents).unwrap();
    ends("the extent of an axis is not its index'", || call.fill(None, None));
    assert_eq!(c, [0, 7, 7]);
    let few = a.slice(s![..300]);
    let f0 = operand::<1, _>(&few);
    let call = |program, a0: &View<'_, i64, 1, _, _>, then: &dyn Fn(Checked<'_, i64>)| {
        let arrays = [a0.erased()];
        then(checked(program, a0.kernels(), &arrays, &[], &mut [0]).unwrap());
    };
    let text = "the target has not one axis along the blocks";
    ends(text, || call(&TWICE, &f0, &|call| drop(call.array::<Ix2>())));
    ends(text, || call(&NEVER, &a0, &|call| assert_eq!(call.scalar(), 0)));
}

/// Roles that lie: every array is an operand, none is, or the output stands elsewhere.
#[test]
fn roles() {
    static OPERANDS: Program = program_into!(
        "i" "j"; operand_of(0, &[0, 1]), operand_of(1, &[0, 1]); nest(&[0, 1], &[], &[read(1, &[0, 1])], &[0, 1])
    );
    static OUTPUTS: Program = program_into!("i" "j"; output_of(&[0, 1]), output_of(&[0, 1]); COPY);
    let a = Array2::<i64>::ones((2, 2));
    let a0 = operand::<2, _>(&a);
    let mut c = Array2::zeros((2, 2));
    let mut c0 = output::<2, _, _, _>(&mut c, &a0);
    let arrays = [a0.erased(), c0.erased()];
    let mut extents = [0; 2];
    let call = checked(&OPERANDS, a0.kernels(), &arrays, &[], &mut extents).unwrap();
    ends("a nest reads the output", || call.fill(None, None));
    checked(&OUTPUTS, a0.kernels(), &arrays, &[], &mut extents).unwrap().fill(None, None);
    let arrays = [c0.erased(), a0.erased()];
    let call = checked(&OUTPUTS, a0.kernels(), &arrays, &[], &mut extents).unwrap();
    ends("a call has no output", || call.fill(None, None));
    assert_eq!(c, a);
}
