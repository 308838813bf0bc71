//! Taking `directory.toml` apart, entry by entry, so that one wrong entry hides no other.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::mistake::Notes;
use super::raw::{RawClient, RawConnection, RawGroup, RawService, RawUser};
use super::registration;

/// An entry with its path, like `client[2] "wiki-agent"`.
pub(super) struct Entry<T> {
    pub path: String,
    pub raw: T,
}

/// All entries that have the right form.
#[derive(Default)]
pub(super) struct File {
    pub groups: Vec<Entry<RawGroup>>,
    pub users: Vec<Entry<RawUser>>,
    pub services: Vec<Entry<RawService>>,
    pub clients: Vec<Entry<RawClient>>,
    pub connections: Vec<Entry<RawConnection>>,
    /// What the file has an entry for, be it right or wrong: a reference to a wrong entry is
    /// no mistake of its own.
    pub named: BTreeSet<(&'static str, String)>,
}

const SECTIONS: [&str; 5] = ["group", "user", "service", "client", "connection"];

/// Which members name an entry.
fn names_in(section: &str) -> &'static [&'static str] {
    match section {
        "group" => &["name"],
        "user" => &["username"],
        "service" => &["id"],
        "client" => &["client_id"],
        _ => &["client", "service"],
    }
}

impl File {
    pub(super) fn read(text: &str, notes: &mut Notes) -> Self {
        let mut table = match text.parse::<Table>() {
            Ok(table) => table,
            Err(error) => {
                // What the error shows of the file itself could be a secret.
                let place = error.span().map(|span| place(text, span.start));
                notes.note(place.unwrap_or_default(), first_line(error.message()), "correct it");
                return Self::default();
            }
        };
        let mut named = BTreeSet::new();
        for section in SECTIONS {
            let entries = table.get(section).and_then(Value::as_array);
            let all = entries.into_iter().flatten().filter_map(|it| name_of(section, it));
            named.extend(all.map(|name| (section, name)));
        }
        let file = Self {
            groups: entries(&mut table, "group", notes),
            users: entries(&mut table, "user", notes),
            services: entries(&mut table, "service", notes),
            clients: entries(&mut table, "client", notes),
            connections: entries(&mut table, "connection", notes),
            named,
        };
        for unknown in table.keys() {
            let fix = "there are [[group]], [[user]], [[service]], [[client]] and [[connection]]";
            notes.note(format!("[[{unknown}]]"), "there is no such section", fix);
        }
        file
    }
}

fn entries<T: DeserializeOwned>(
    table: &mut Table,
    section: &str,
    notes: &mut Notes,
) -> Vec<Entry<T>> {
    let values = match table.remove(section) {
        None => return Vec::new(),
        Some(Value::Array(values)) => values,
        Some(_) => {
            let fix = format!("begin each with [[{section}]]");
            notes.note(section, "it is no list of entries", fix);
            return Vec::new();
        }
    };
    let read = |(index, value): (usize, Value)| {
        let path = match name_of(section, &value) {
            Some(name) => format!("{section}[{index}] {name:?}"),
            None => format!("{section}[{index}]"),
        };
        let Value::Table(mut table) = value else {
            notes.note(path, "it is no table", format!("begin it with [[{section}]]"));
            return None;
        };
        if section == "client" {
            registration::take_others(&path, &mut table, notes);
        }
        entry(path, table, notes)
    };
    values.into_iter().enumerate().filter_map(read).collect()
}

fn name_of(section: &str, entry: &Value) -> Option<String> {
    let name = |name: &&str| entry.get(*name)?.as_str();
    let parts: Option<Vec<_>> = names_in(section).iter().map(name).collect();
    Some(parts?.join(" → "))
}

/// Reads one entry. What has the wrong form is noted and left out, and the rest read again,
/// until nothing more is wrong, or nothing usable is left.
pub(super) fn entry<T: DeserializeOwned>(
    path: String,
    mut table: Table,
    notes: &mut Notes,
) -> Option<Entry<T>> {
    let mut left_out = Vec::new();
    loop {
        let error = match table.clone().try_into::<T>() {
            Ok(raw) => return Some(Entry { path, raw }),
            Err(error) => error,
        };
        let message = error.message();
        if let Some(missing) = member_after("missing field ", message) {
            if !left_out.contains(&missing) {
                notes.note(format!("{path} {missing}"), "it is missing", "write it");
            }
            return None;
        }
        let (member, wrong, fix) = if let Some(unknown) = member_after("unknown field ", message) {
            let known = message.split_once("expected ").map_or("", |(_, known)| known);
            let known = known.trim_start_matches("one of ").replace('`', "");
            (unknown, "there is no such member".to_owned(), format!("there are {known}"))
        } else if let Some(member) = member_at_fault(&error) {
            (member, first_line(message), "correct it".to_owned())
        } else {
            notes.note(path, first_line(message), "correct it");
            return None;
        };
        notes.note(format!("{path} {member}"), wrong, fix);
        // Without this the same would be found again and again.
        table.remove(&member)?;
        left_out.push(member);
    }
}

/// The name between backticks that follows `start` at the beginning of `message`.
fn member_after(start: &str, message: &str) -> Option<String> {
    let rest = message.strip_prefix(start)?.strip_prefix('`')?;
    Some(rest.split_once('`')?.0.to_owned())
}

/// The member that an error is about, which is in its last line only.
fn member_at_fault(error: &toml::de::Error) -> Option<String> {
    let text = error.to_string();
    let path = text.lines().last()?.strip_prefix("in `")?.strip_suffix('`')?;
    Some(path.split('.').next()?.to_owned())
}

fn first_line(message: &str) -> String {
    message.lines().collect::<Vec<_>>().join(", ")
}

fn place(text: &str, offset: usize) -> String {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    format!("line {line}, column {column}")
}
