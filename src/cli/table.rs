//! Aligned columns.

use crate::terminal::{Ink, printable, say};

/// Prints `rows` below `head`. What others wrote is made harmless.
pub(super) fn print<const N: usize>(head: [&str; N], rows: &[[String; N]], ink: Ink) {
    let rows: Vec<_> = rows.iter().map(|row| row.each_ref().map(|it| printable(it))).collect();
    let widths: [usize; N] = std::array::from_fn(|column| {
        let cells = rows.iter().map(|row| width(&row[column]));
        cells.chain([width(head[column])]).max().unwrap_or_default()
    });
    say(ink.quiet(line(&head.map(str::to_owned), &widths)));
    for row in &rows {
        say(line(row, &widths));
    }
}

fn line<const N: usize>(cells: &[String; N], widths: &[usize; N]) -> String {
    let mut line = String::new();
    for (cell, wide) in cells.iter().zip(widths) {
        line.push_str(cell);
        line.push_str(&" ".repeat(wide - width(cell) + 2));
    }
    line.trim_end().to_owned()
}

/// Japanese and its neighbours take two places a character.
fn width(text: &str) -> usize {
    text.chars().map(|c| if is_wide(c) { 2 } else { 1 }).sum()
}

fn is_wide(c: char) -> bool {
    matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}')
        || matches!(c, '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}')
        || matches!(c, '\u{20000}'..='\u{3fffd}')
}
