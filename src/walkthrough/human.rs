//! The report for people: quiet ink, one accent, aligned columns.

use std::fmt::Write;

use super::chain::Refused;
use super::report::{Exchange, Finding, Part, Step, Verdict};
use crate::terminal::{Ink, printable};

/// Values longer than this push their meaning to the next line.
const VALUE_WIDTH: usize = 44;

/// Names are set in a column of at most this width.
const NAME_WIDTH: usize = 26;

/// A step as it is printed. Its failure is left to the last word, which goes to standard error.
pub fn step(number: usize, step: &Step, ink: Ink) -> String {
    let mut text = String::new();
    let heading = ink.strong(step.title);
    let _ = writeln!(text, "\n{} {heading}", ink.accent(format!("{number:>3} ")));
    for line in wrapped(step.purpose, 84) {
        let _ = writeln!(text, "     {}", ink.quiet(line));
    }
    for part in &step.parts {
        match part {
            Part::Exchange(it) => exchange(&mut text, it, ink),
            Part::Findings { of, findings } => table(&mut text, of, findings, ink),
        }
    }
    text.truncate(text.trim_end().len());
    text
}

/// The last word when something was broken on purpose.
pub fn refused(refused: &Refused, ink: Ink) -> String {
    let Refused { status, code, description } = refused;
    let description = ink.quiet(printable(description));
    format!(
        "\n{}  {status} {}  {description}",
        ink.strong("Refused, as it must be."),
        printable(code)
    )
}

fn exchange(text: &mut String, it: &Exchange, ink: Ink) {
    let _ = writeln!(text, "\n     {:<4} {}", it.method, printable(&it.url));
    pairs(text, "", &it.sent, ink);
    match it.received.is_empty() {
        true => {
            let _ = writeln!(text, "     {}", it.status);
        }
        false => pairs(text, &it.status.to_string(), &it.received, ink),
    }
}

fn pairs(text: &mut String, mut first: &str, pairs: &[(String, String)], ink: Ink) {
    let width = width_of(pairs.iter().map(|(name, _)| name.as_str()));
    for (name, value) in pairs {
        let name = ink.quiet(format!("{:<width$}", printable(name)));
        let _ = writeln!(text, "     {first:<4} {name}  {}", printable(value));
        first = "";
    }
}

fn table(text: &mut String, of: &str, findings: &[Finding], ink: Ink) {
    let _ = writeln!(text, "\n     {of}");
    let names = width_of(findings.iter().map(|it| it.name.as_str()));
    let values = findings.iter().map(|it| it.value.chars().count());
    let values = values.filter(|it| *it <= VALUE_WIDTH).max().unwrap_or_default();
    for finding in findings {
        let mark = match finding.verdict {
            Verdict::Right => ink.strong("ok  "),
            Verdict::Wrong => ink.accent("bad "),
            Verdict::Told => "    ".to_owned(),
        };
        let name = ink.quiet(format!("{:<names$}", printable(&finding.name)));
        let value = printable(&finding.value);
        let meaning = ink.quiet(printable(&finding.meaning));
        // What is too long for its column goes on below it, and the columns stay.
        let indent = " ".repeat(12 + names);
        let below = format!("\n{indent}");
        let gap = if finding.name.chars().count() > names { below.as_str() } else { "  " };
        let _ = match value.chars().count() > values {
            true => writeln!(text, "     {mark} {name}{gap}{value}{below}{meaning}"),
            false => writeln!(text, "     {mark} {name}{gap}{value:<values$}  {meaning}"),
        };
    }
}

fn width_of<'a>(names: impl Iterator<Item = &'a str>) -> usize {
    names.map(|it| it.chars().count()).filter(|it| *it <= NAME_WIDTH).max().unwrap_or_default()
}

/// Lines of at most `width` letters, broken between words.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let full = lines.last().is_some_and(|it| !it.is_empty() && it.len() + word.len() >= width);
        if full {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}
