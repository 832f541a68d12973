"""The Rust side: a generated crate whose functions run einloom, ndarray-einsum, and plain loops.

A function `NAME(operands, calls)` returns the seconds that so many calls took, `result_NAME(operands,
results)` writes what einloom computes. Extents are hidden from the optimiser: nobody knows them while
compiling.
"""

import ctypes
import os
import subprocess
from pathlib import Path

ELEMENTS = {"f32": "f32", "f64": "f64", "c64": "Complex<f32>", "c128": "Complex<f64>"}

HEAD = """#![allow(unused)]
use std::hint::black_box;
use std::time::Instant;
use ndarray::*;
use num_complex::Complex;

fn time<R>(calls: usize, call: impl Fn() -> R) -> f64 {
    let start = Instant::now();
    for _ in 0..calls {
        black_box(call());
    }
    start.elapsed().as_secs_f64()
}

fn on_one_thread<R: Send>(run: impl FnOnce() -> R + Send) -> R {
    static POOL: std::sync::LazyLock<rayon::ThreadPool> =
        std::sync::LazyLock::new(|| rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap());
    POOL.install(run)
}

trait Store<T> {
    unsafe fn store(&self, to: *mut T);
}
impl<T: Copy, D: Dimension> Store<T> for Array<T, D> {
    unsafe fn store(&self, to: *mut T) {
        self.iter().enumerate().for_each(|(place, value)| unsafe { *to.add(place) = *value });
    }
}
impl<T: Copy> Store<T> for T {
    unsafe fn store(&self, to: *mut T) {
        unsafe { *to = *self }
    }
}

macro_rules! timed {
    ($name:ident, $operands:path, |$views:ident| $body:expr) => {
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name(operands: *const *const u8, calls: usize) -> f64 {
            let $views = unsafe { $operands(operands) };
            time(calls, || {
                let $views = black_box(&$views);
                $body
            })
        }
    };
}
"""

MANIFEST = """[package]
name = "peers"
version = "0.0.0"
edition = "2024"
[lib]
crate-type = ["cdylib"]
[dependencies]
einloom = {{ path = "{project}" }}
ndarray = "0.17"
ndarray-einsum = "0.9"
num-complex = "0.4"
rayon = "1.10"
[workspace]
"""


def shape(extents):
    return f"({''.join(f'black_box({extent}), ' for extent in extents)})"


def functions(case):
    """The functions of a case."""
    element = ELEMENTS[case.dtype]
    terms = case.inputs + [case.output] * case.is_gradient
    views = ", ".join(
        f"unsafe {{ ArrayView::from_shape_ptr({shape(case.shape(term))}, *at.add({k}) as *const {element}) }}"
        for k, term in enumerate(terms)
    )
    types = ", ".join(f"ArrayView{len(case.shape(term))}<'static, {element}>" for term in terms)
    passed = ", ".join(f"&v.{k}" for k in range(len(case.inputs)))
    call = f'einloom::einsum!("{case.expression}", {passed})'
    if case.is_gradient:
        call = f'({call}, einloom::einsum_grad!("{case.expression}", {passed}; &v.{len(case.inputs)}))'
        results = ["y.0"] + [f"y.1.{k}" for k in range(len(case.inputs))]
    else:
        results = ["y"]
    stores = " ".join(f"{r}.store(*to.add({k}) as *mut {element});" for k, r in enumerate(results))
    text = f"""
unsafe fn operands_{case.name}(at: *const *const u8) -> ({types},) {{
    ({views},)
}}
timed!(einloom_{case.name}, operands_{case.name}, |v| {call});
#[unsafe(no_mangle)]
pub unsafe extern "C" fn one_thread_{case.name}(operands: *const *const u8, calls: usize) -> f64 {{
    let operands = operands as usize;
    on_one_thread(move || unsafe {{ einloom_{case.name}(operands as *const *const u8, calls) }})
}}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn result_{case.name}(operands: *const *const u8, to: *const *mut u8) {{
    let v = unsafe {{ operands_{case.name}(operands) }};
    let y = {call};
    unsafe {{ {stores} }}
}}
"""
    if case.dtype in ("f32", "f64") and not case.is_gradient and not case.has_windows:
        by_string = f'ndarray_einsum::einsum("{case.expression}", &[{passed}])'
        text += f"timed!(ndarray_einsum_{case.name}, operands_{case.name}, |v| {by_string});\n"
    if case.group == "small":
        text += f"timed!(loops_{case.name}, operands_{case.name}, |v| {loops(case, element)});\n"
    return text


def loops(case, element):
    """The loops of a careful user: extents from the arrays, unchecked reads, one sum, one allocation."""

    def nest(labels, body):
        return "".join(f"for {l} in 0..n_{l} {{ " for l in labels) + body + " }" * len(labels)

    places = {label: (k, term.index(label)) for k, term in enumerate(case.inputs) for label in term}
    extents = " ".join(f"let n_{l} = v.{k}.len_of(Axis({axis}));" for l, (k, axis) in places.items())
    reads = " * ".join(
        f"*v.{k}.uget({term if len(term) == 1 else '(' + ', '.join(term) + ')'})" for k, term in enumerate(case.inputs)
    )
    summed = [label for label in places if label not in case.output]
    total = f"let mut sum = 0 as {element}; " + nest(summed, f"sum += {reads};")
    if not case.output:
        return f"unsafe {{ {extents} {total} sum }}"
    dimension = ", ".join(f"n_{label}" for label in case.output)
    write = nest(case.output, total + " *at = sum; at = at.add(1);")
    return (
        f"unsafe {{ {extents} let mut out = Array::<{element}, _>::uninit(({dimension})); "
        f"let mut at = out.as_mut_ptr() as *mut {element}; {write} out.assume_init() }}"
    )


def build(cases, project, folder, debug=False):
    """Writes the crate into `folder`, builds it, and loads it."""
    source = folder / "src" / "lib.rs"
    source.parent.mkdir(parents=True, exist_ok=True)
    (folder / "Cargo.toml").write_text(MANIFEST.format(project=project))
    text = HEAD + "".join(functions(case) for case in cases)
    if not source.exists() or source.read_text() != text:
        source.write_text(text)
    target = folder / "target"
    command = ["cargo", "build", "--quiet", "--target-dir", target] + ["--release"] * (not debug)
    # As users build: no flags of this machine's.
    environment = {key: value for key, value in os.environ.items() if key != "RUSTFLAGS"}
    subprocess.run(command, cwd=folder, check=True, env=environment)
    return ctypes.CDLL(str(target / ("debug" if debug else "release") / "libpeers.so"))


def pointers(arrays):
    return (ctypes.c_void_p * len(arrays))(*[array.ctypes.data for array in arrays])
