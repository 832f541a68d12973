//! Finds the label that a misspelt one was meant to be.

/// The label that was probably meant: the same letter in the other case, or a name one or two
/// edits away.
pub(crate) fn similar<'a>(label: &str, labels: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = label.chars().count() / 3;
    let distance = |other: &str| match other.eq_ignore_ascii_case(label) {
        true => 0,
        false => edits(label, other),
    };
    labels
        .map(|other| (distance(other), other))
        .filter(|&(distance, other)| distance <= allowed.min(other.chars().count() / 3).min(2))
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, other)| other)
}

/// The number of letters to insert, remove, replace, or swap with their neighbour.
fn edits(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    // `distance[i][j]` is that of the first `i` letters of `a` and the first `j` of `b`.
    let mut distance = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            distance[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let replaced = distance[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                let moved = distance[i - 1][j].min(distance[i][j - 1]) + 1;
                let swaps = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
                let swapped = if swaps { distance[i - 2][j - 2] + 1 } else { usize::MAX };
                replaced.min(moved).min(swapped)
            };
        }
    }
    distance[a.len()][b.len()]
}
