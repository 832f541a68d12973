//! What a call costs while compiling: crates of fifty calls, each compiled in turn with an empty one.
//!
//! Prints the milliseconds of `cargo build` that a call adds, release and debug, and the seconds that a
//! clean release build of einloom with its dependencies takes. One core gives the work that
//! is done (`taskset -c 1`), several the time that a user waits.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use einloom_benches::record;

const CALLS: usize = 50;
const ROUNDS: usize = 3;

/// Functions of a signature that nobody calls.
const FUNCTIONS: &str = r#"einsum_fn! { fn linear(x: "i j", w: "j k") -> "i k"; }"#;

/// Functions of a signature, each called once.
const CALLED_FUNCTIONS: &str = r#"
    einsum_fn! { fn linear(x: "i j", w: "j k") -> "i k"; }
    let (y, (dx, dw)) = linear::value_and_vjp(b, b, e);
    let (mut gx, mut gw) = linear::vjp(&linear(b, &y), &linear::grad_x(&dx, b), &linear::grad_w(&dw, b));
    linear::vjp_into(b, b, b, &mut gx, &mut gw);
    linear::grad_x_into(&gw, b, e);
    linear::grad_w_into(&gx, b, e);
    let (y, ty) = linear::value_and_jvp(b, b, &linear::jvp(b, b, b, b), b);
    (y, ty)
"#;

/// Name, return type, and body of a function of `a`…`d`, arrays of rank one to four, and `e` of rank
/// two.
const KINDS: [(&str, &str, &str); 14] = [
    ("matmul", "Array2<f64>", r#"einsum!("ij,jk->ik", b, e)"#),
    ("lone_index", "Array3<f64>", r#"einsum!("bik,jkl->bij", c, c)"#),
    ("transpose", "Array2<f64>", r#"einsum!("ij->ji", b)"#),
    ("dot", "f64", r#"einsum!("i,i->", a, a)"#),
    ("chain", "Array2<f64>", r#"einsum!("ij,jk,kl,lm->im", b, e, b, e)"#),
    ("attention", "Array4<f64>", r#"einsum!("b h q d, b h k d -> b h q k", d, d)"#),
    ("sum", "Array1<f64>", r#"einsum!("ij->i", b)"#),
    ("matvec", "Array1<f64>", r#"einsum!("ij,j->i", b, a)"#),
    ("ellipsis", "Array3<f64>", r#"einsum!("...ij,...jk->...ik", c, c)"#),
    ("bilinear", "f64", r#"einsum!("i,ij,j->", a, b, a)"#),
    ("into", "()", r#"einsum_into!("ij,jk->ik", b, b => e; alpha = 2.0, beta = 1.0)"#),
    ("gradient", "(Array2<f64>, Array2<f64>)", r#"einsum_grad!("ij,jk->ik", b, b; e)"#),
    ("functions", "()", FUNCTIONS),
    ("called", "(Array2<f64>, Array2<f64>)", CALLED_FUNCTIONS),
];

/// The kinds that the mixed crate has in turn; the last four are not calls of `einsum!`.
const MIXED: usize = 10;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|text| !text.starts_with('-') && !"compile_time".contains(&**text)) {
        return;
    }
    let rounds = if arguments.iter().any(|text| text == "--test") { 1 } else { ROUNDS };

    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compile_time");
    let crates = generate(&folder);

    let fresh = folder.join("clean");
    let _ = fs::remove_dir_all(&fresh);
    let clean = build(&folder, &fresh, "empty", &["--release"]);
    println!("clean release build of einloom and its dependencies: {clean:.1} s");
    record("compile_time", "clean build", clean, None);

    for (profile, flags) in [("release", &["--release"][..]), ("debug", &[])] {
        println!("{profile}: ms a call");
        let mut best = vec![f64::INFINITY; crates.len()];
        for round in 0..=rounds {
            for (package, best) in crates.iter().zip(&mut best) {
                touch(&folder, package, round);
                let seconds = build(&folder, &fresh, package, flags);
                // The first round compiles dependencies.
                if round > 0 {
                    *best = best.min(seconds);
                }
            }
        }
        for (package, seconds) in crates.iter().zip(&best).skip(1) {
            let call = (seconds - best[0]) / CALLS as f64;
            println!("{package:12} {:6.1}", call * 1e3);
            record("compile_time", &format!("{profile} {package}"), call, None);
        }
    }
}

/// Writes a workspace of an empty crate, one of mixed calls, and one a kind, and returns their names.
fn generate(folder: &Path) -> Vec<String> {
    let mixed: Vec<_> = KINDS[..MIXED].iter().cycle().take(CALLS).collect();
    let mut crates = vec![("empty".to_string(), vec![]), ("mixed".to_string(), mixed)];
    crates.extend(KINDS.iter().map(|kind| (kind.0.to_string(), vec![kind; CALLS])));

    let einloom = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for (name, calls) in &crates {
        let manifest = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
             [dependencies]\neinloom = {{ path = {einloom:?} }}\nndarray = \"0.17\"\n"
        );
        write(&folder.join(name).join("Cargo.toml"), &manifest);
        write(&source(folder, name), &functions(calls));
    }
    let members: Vec<_> = crates.iter().map(|(name, _)| name).collect();
    let workspace = format!("[workspace]\nresolver = \"3\"\nmembers = {members:?}\n");
    write(&folder.join("Cargo.toml"), &workspace);
    crates.into_iter().map(|(name, _)| name).collect()
}

/// A function a call, none generic, so that all of them become machine code.
fn functions(calls: &[&(&str, &str, &str)]) -> String {
    let mut text = "#![allow(unused)]\nuse einloom::*;\nuse ndarray::*;\n".to_string();
    for (place, (_, result, body)) in calls.iter().enumerate() {
        writeln!(
            text,
            "pub fn call_{place}(a: &Array1<f64>, b: &Array2<f64>, c: &Array3<f64>, \
             d: &Array4<f64>, e: &mut Array2<f64>) -> {result} {{ {body} }}"
        )
        .expect("a string takes all");
    }
    text
}

fn source(folder: &Path, package: &str) -> PathBuf {
    folder.join(package).join("src/lib.rs")
}

/// Makes cargo compile the crate again.
fn touch(folder: &Path, package: &str, round: usize) {
    let path = source(folder, package);
    let text = fs::read_to_string(&path).expect("written before");
    let code = text.split("// round").next().unwrap_or_default();
    write(&path, &format!("{code}// round {round}\n"));
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a file in a folder")).expect("a folder");
    fs::write(path, text).expect("a file");
}

/// Builds one package and returns the seconds that it took.
fn build(folder: &Path, target: &Path, package: &str, flags: &[&str]) -> f64 {
    let mut cargo = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()));
    cargo.current_dir(folder).args(["build", "--quiet", "--package", package]).args(flags);
    cargo.arg("--target-dir").arg(target);
    cargo.env_remove("RUSTFLAGS").env("CARGO_INCREMENTAL", "0");
    let start = Instant::now();
    let status = cargo.status().expect("cargo");
    let seconds = start.elapsed().as_secs_f64();
    assert!(status.success(), "{package} does not compile");
    seconds
}
