//! Standard output, for people and scripts. Everything else goes to standard error.

use std::fmt;
use std::io::{self, Write};

use anyhow::Result;

/// Prints a line; a closed pipe is an error, not a panic.
pub(crate) fn line(text: impl fmt::Display) -> Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    Ok(out.flush()?)
}

/// A line for people on standard error, where scripts do not read.
pub(crate) fn aside(text: impl fmt::Display) {
    // Nobody to tell when standard error is closed.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// How wide a text is on a terminal: Chinese characters take two columns.
pub(crate) fn width(text: &str) -> usize {
    text.chars().map(|c| if ('\u{1100}'..='\u{115f}').contains(&c) || c >= '\u{2e80}' { 2 } else { 1 }).sum()
}

/// Text filled up with spaces to a width in columns.
pub(crate) fn pad(text: &str, columns: usize) -> String {
    let mut out = text.to_owned();
    out.extend(std::iter::repeat_n(' ', columns.saturating_sub(width(text))));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_characters_take_two_columns() {
        assert_eq!(width("医生 dr"), 7);
        assert_eq!(pad("医生", 6), "医生  ");
        assert_eq!(pad("doctors", 3), "doctors");
    }
}
