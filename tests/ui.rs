//! Every mistake is refused by one readable error: the cases in `ui/`, foldered by stage.

use std::fs;
use std::path::{Path, PathBuf};

use einsum_compiler::Rule;

/// The messages hold what one compiler prints; `rust-version` is the one that they are pinned to.
#[test]
fn mistakes_are_refused() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/*/*.rs");
}

fn ui() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui")
}

#[test]
fn every_rule_has_a_case() {
    for rule in Rule::ALL {
        let case = ui().join(rule.name());
        for extension in ["rs", "stderr"] {
            let file = case.with_extension(extension);
            assert!(file.is_file(), "{rule:?} lacks its case {}", file.display());
        }
    }
}

/// The texts of `#[diagnostic::on_unimplemented]` in the runtime each show up in a case.
#[test]
fn every_trait_message_has_a_case() {
    let mut shown = String::new();
    for folder in fs::read_dir(ui()).unwrap() {
        for file in fs::read_dir(folder.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "stderr") {
                shown.push_str(&fs::read_to_string(path).unwrap());
            }
        }
    }
    let runtime = Path::new(env!("CARGO_MANIFEST_DIR")).join("einsum-runtime/src");
    let mut messages = 0;
    for file in fs::read_dir(runtime).unwrap() {
        let path = file.unwrap().path();
        if !path.is_file() {
            continue;
        }
        let source = fs::read_to_string(&path).unwrap();
        for (start, _) in source.match_indices("message = \"") {
            let message = &source[start + "message = \"".len()..];
            let message = &message[..message.find('"').unwrap()];
            // The longest text between two placeholders.
            let pieces = message.split('{').map(|piece| piece.split('}').next_back().unwrap());
            let piece = pieces.max_by_key(|piece| piece.len()).unwrap();
            assert!(shown.contains(piece), "no case shows `{message}` of {}", path.display());
            messages += 1;
        }
    }
    assert!(messages > 0, "the runtime has messages");
}
