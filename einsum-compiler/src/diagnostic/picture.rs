//! Draws the index string with carets under a place, since stable Rust cannot point into a literal.

use std::ops::Range;

/// How many characters of the string are drawn at most.
const WIDTH: usize = 72;

/// Returns the quoted string and the line of carets below it.
///
/// Each run of white space is drawn as one space, and what is far from the place as `…`.
pub(super) fn picture(text: &str, range: Range<usize>) -> (String, String) {
    let mut drawn: Vec<(char, bool)> = Vec::new();
    let mut after_space = false;
    for (at, c) in text.char_indices() {
        let marked = range.contains(&at);
        if !c.is_whitespace() {
            drawn.push((if c.is_control() { '\u{fffd}' } else { c }, marked));
        } else if !after_space {
            drawn.push((' ', marked));
        } else if let Some(last) = drawn.last_mut() {
            last.1 |= marked;
        }
        after_space = c.is_whitespace();
    }
    // A place without extent, such as a missing axis, is drawn as one caret where it would be.
    if range.is_empty() || range.start >= text.len() {
        let skipped = text[range.start.min(text.len())..].chars().count();
        let at = drawn.len().saturating_sub(skipped);
        drawn.push(('"', false));
        drawn[at].1 = true;
    } else {
        drawn.push(('"', false));
    }
    drawn.insert(0, ('"', false));
    crop(&mut drawn);
    let line = drawn.iter().map(|&(c, _)| c).collect();
    let carets: String = drawn.iter().map(|&(_, marked)| if marked { '^' } else { ' ' }).collect();
    (line, carets.trim_end().to_owned())
}

/// Cuts the drawing to [`WIDTH`] characters around the first marked one.
fn crop(drawn: &mut Vec<(char, bool)>) {
    if drawn.len() <= WIDTH {
        return;
    }
    let marked = drawn.iter().position(|&(_, marked)| marked).unwrap_or(0);
    let start = marked.saturating_sub(WIDTH / 2).min(drawn.len() - WIDTH);
    let end = start + WIDTH;
    if end < drawn.len() {
        drawn.truncate(end);
        drawn.push(('…', false));
    }
    if start > 0 {
        drawn.drain(..start);
        drawn.insert(0, ('…', false));
    }
}

#[cfg(test)]
mod tests {
    use super::picture;

    #[track_caller]
    fn check(text: &str, range: std::ops::Range<usize>, line: &str, carets: &str) {
        assert_eq!(picture(text, range), (line.to_owned(), carets.to_owned()));
    }

    #[test]
    fn carets_stand_under_the_place() {
        check("ij,jk->iq", 8..9, "\"ij,jk->iq\"", "         ^");
        check("ij,jk->iq", 0..2, "\"ij,jk->iq\"", " ^^");
        check("", 0..0, "\"\"", " ^");
        check("ij", 2..2, "\"ij\"", "   ^");
        check("é,ij", 3..4, "\"é,ij\"", "   ^");
    }

    #[test]
    fn white_space_is_folded() {
        check("a  b\n  c", 7..8, "\"a b c\"", "     ^");
        check("a \t b", 1..4, "\"a b\"", "  ^");
    }

    #[test]
    fn long_strings_are_cut() {
        let text = format!("{}Q{}", "ab,".repeat(50), ",cd".repeat(50));
        let (line, carets) = picture(&text, 150..151);
        assert_eq!(line.chars().count(), super::WIDTH + 2);
        assert_eq!(line.chars().nth(carets.chars().count() - 1), Some('Q'));
        assert!(line.starts_with('…') && line.ends_with('…'));
    }
}
