//! The one place that writes to the terminal: quiet ink, one accent.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use anstyle::{AnsiColor, Effects, Style};

/// How words are set: with colours on a terminal, plainly elsewhere.
#[derive(Clone, Copy, Debug)]
pub struct Ink {
    colours: bool,
}

/// What steps back.
const QUIET: Style = Style::new().effects(Effects::DIMMED);
/// What is read first.
const STRONG: Style = Style::new().effects(Effects::BOLD);
/// The seal: the only colour.
const ACCENT: Style = Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Red)));

impl Ink {
    /// Colours if standard output is a terminal that wants them (<https://no-color.org>).
    #[expect(clippy::disallowed_methods, reason = "how a terminal looks is not configuration")]
    pub fn of_stdout() -> Self {
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|it| !it.is_empty());
        Self { colours: io::stdout().is_terminal() && !unwanted }
    }

    /// No colours at all.
    pub const fn plain() -> Self {
        Self { colours: false }
    }

    /// Explanations and what can be skipped.
    pub fn quiet(self, text: impl Display) -> String {
        self.set(QUIET, text)
    }

    /// Headings.
    pub fn strong(self, text: impl Display) -> String {
        self.set(STRONG, text)
    }

    /// Numbers of steps, and what is wrong.
    pub fn accent(self, text: impl Display) -> String {
        self.set(ACCENT, text)
    }

    fn set(self, style: Style, text: impl Display) -> String {
        match self.colours {
            true => format!("{style}{text}{style:#}"),
            false => text.to_string(),
        }
    }
}

/// Writes `text` and a line break to standard output. A reader that has gone away
/// (`tegata … | head`) is no reason to fail.
pub fn say(text: impl Display) {
    let _ = writeln!(io::stdout().lock(), "{text}");
}

/// Writes a sentence about what went wrong to standard error.
pub fn complain(text: impl Display) {
    let _ = writeln!(io::stderr().lock(), "tegata: {text}");
}

/// Writes how far something is to standard error.
pub fn note(text: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// What others sent, made harmless: a server must not be able to move the cursor, set colours,
/// turn the order of what is read around or hide a part of it.
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if is_treacherous(c) { '\u{fffd}' } else { c }).collect()
}

/// Controls; marks, embeddings, overrides and isolates of UAX #9; separators of lines; and the
/// space without a width.
fn is_treacherous(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey() {
        let text = "a\u{1b}[31mb\nc\u{202e}d\u{2066}e\u{200b}f\u{2029}g\u{200f}";
        assert_eq!(printable(text).matches('\u{fffd}').count(), 7);
        assert_eq!(printable("Zoë 山田 \u{200d}é"), "Zoë 山田 \u{200d}é");
    }
}
