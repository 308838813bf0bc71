//! The reference page of the configuration, `docs/configuration.md`.

use std::fmt::Write;

use super::keys;
use super::table::{Default, Form, Key};

const HEAD: &str = "\
# Configuration

<!-- Made from `src/config/table.rs` by `TEGATA_BLESS=1 cargo test --lib config`. Do not edit. -->

`tegata` reads `tegata.toml`, or the file that `--config` names. No key is required. Each can be
set by the environment as well, which goes before the file: `TEGATA_` and the key in capitals, with
two underscores for the dot. An empty variable counts as not set. All mistakes are reported at once,
each with its key, where it was set, and what to do about it.
";

/// The page in Markdown.
pub fn markdown() -> String {
    let mut page = HEAD.to_owned();
    let mut table = "";
    page.push_str("\n## At the top\n");
    for key in keys::all() {
        if table_of(key) != table {
            table = table_of(key);
            entry(&mut page, format_args!("\n## `[{table}]`\n"));
        }
        describe(&mut page, key);
    }
    page.push_str("\n## An example of all\n\n```toml\n");
    example(&mut page);
    page.push_str("```\n");
    page
}

fn describe(page: &mut String, key: &Key) {
    entry(page, format_args!("\n### `{}`\n\n{}\n\n", key.path, key.what));
    entry(page, format_args!("- Value: {}\n", key.form.words()));
    match key.default {
        Default::Is(text) => entry(page, format_args!("- Default: `{text}`\n")),
        Default::Found(words) => entry(page, format_args!("- Default: {words}\n")),
    }
    match key.form {
        Form::Secret(_) => {
            entry(page, format_args!("- Only in the environment: `{}`\n", key.variable()));
        }
        _ => entry(page, format_args!("- In the environment: `{}`\n", key.variable())),
    }
}

fn example(page: &mut String) {
    let mut table = "";
    for key in keys::all().filter(|key| !key.example.is_empty()) {
        if table_of(key) != table {
            table = table_of(key);
            entry(page, format_args!("\n[{table}]\n"));
        }
        let name = key.path.rsplit('.').next().unwrap_or_default();
        entry(page, format_args!("{name} = {}\n", key.example));
    }
}

fn table_of(key: &Key) -> &'static str {
    key.path.split_once('.').map_or("", |(table, _)| table)
}

fn entry(page: &mut String, text: std::fmt::Arguments<'_>) {
    page.write_fmt(text).expect("a String takes all that is written");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "says whether to write the page anew")]
    fn the_page_is_up_to_date() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/configuration.md");
        if std::env::var("TEGATA_BLESS").is_ok() {
            std::fs::write(path, markdown()).unwrap();
        }
        let page = std::fs::read_to_string(path).unwrap_or_default();
        assert!(page == markdown(), "run `TEGATA_BLESS=1 cargo test --lib config`");
    }

    #[test]
    fn the_example_is_a_configuration() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tegata.toml");
        let mut text = String::new();
        example(&mut text);
        std::fs::write(&path, text).unwrap();
        Config::read(&path, true, &[]).unwrap();
    }
}
