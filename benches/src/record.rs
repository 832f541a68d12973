//! Figures for the report, in a file of lines of tab-separated fields.

use std::fs::OpenOptions;
use std::io::Write as _;

/// The variable that names the file.
const FILE: &str = "EINLOOM_FIGURES";

/// Adds a line: benchmark, case, einloom's seconds, and, if it was compared, the other's name and its
/// time over einloom's. Does nothing unless `EINLOOM_FIGURES` names a file.
///
/// # Panics
///
/// If the file cannot be written.
pub fn record(bench: &str, case: &str, seconds: f64, other: Option<(&str, f64)>) {
    let Ok(path) = std::env::var(FILE) else { return };
    let (name, ratio) = other.map_or_else(Default::default, |(n, r)| (n, format!("{r:.4}")));
    let mut file = OpenOptions::new().create(true).append(true).open(path).expect(FILE);
    writeln!(file, "{bench}\t{case}\t{seconds:e}\t{name}\t{ratio}").expect(FILE);
}
