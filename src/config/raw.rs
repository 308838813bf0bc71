//! What was written in the file and in the environment, before anybody knows what it means.
//!
//! The environment goes before the file. A value that is wrong is noted, and the default
//! stands in for it, so that all that is wrong is found in one reading.

use std::fmt::Display;
use std::path::Path;

use figment::providers::{Env, Format, Serialized, Toml};
use figment::value::{Dict, Value};
use figment::{Figment, Profile, Provider};
use time::Duration;

use super::keys;
use super::mistake::{Mistake, Mistakes, Origin};
use super::table::{Default, Form, Key, meant_by, variable};

/// The values as they were given, and what was found wrong so far.
pub(super) struct Raw {
    values: Figment,
    mistakes: Vec<Mistake>,
}

/// The variables of the environment that are meant for us: paths and values.
pub(super) fn environment() -> Vec<(String, String)> {
    let ours = Env::prefixed("TEGATA_").split("__");
    ours.iter().map(|(path, text)| (path.to_string(), text)).collect()
}

impl Raw {
    /// Gathers the values, and notes what nobody knows.
    pub(super) fn gather(file: &Path, must_exist: bool, environment: &[(String, String)]) -> Self {
        let mut raw = Self { values: Figment::new(), mistakes: Vec::new() };
        if must_exist || file.exists() {
            raw.read_file(file);
        }
        for (path, text) in environment {
            raw.read_variable(path, text);
        }
        raw
    }

    fn read_file(&mut self, file: &Path) {
        let origin = Origin::File(file.to_owned());
        if let Err(error) = std::fs::File::open(file) {
            let fix = "write it, or name another one with --config";
            return self.note("", origin, format!("it cannot be read ({error})"), fix);
        }
        let toml = Toml::file_exact(file);
        match toml.data() {
            Ok(mut data) => {
                let top = data.remove(&Profile::Default).unwrap_or_default();
                self.values = Figment::from(toml);
                self.check_names("", &top, &origin);
            }
            Err(error) => {
                let wrong = format!("it is not TOML: {}", without_source(&error.kind.to_string()));
                self.note("", origin, wrong, "see docs/configuration.md");
            }
        }
    }

    fn check_names(&mut self, parent: &str, table: &Dict, origin: &Origin) {
        for (name, value) in table {
            let path = match parent {
                "" => name.clone(),
                parent => format!("{parent}.{name}"),
            };
            match (Key::named(&path), value) {
                (Some(Key { form: Form::Secret(_), .. }), _) => {
                    let fix = format!("set {} instead", variable(&path));
                    let wrong = "a file is no place for it: files are copied and shown around";
                    self.note(&path, origin.clone(), wrong.to_owned(), &fix);
                }
                (Some(_), _) => {}
                (None, Value::Dict(_, inner)) => self.check_names(&path, inner, origin),
                (None, _) => self.unknown(&path, origin.clone()),
            }
        }
    }

    /// Takes a variable over if it is a key of ours. Others may begin with `TEGATA_`, too: an
    /// orchestrator sets `TEGATA_PORT` for a service of that name. So only what has the form of
    /// a nested key, or comes close to a key, is a mistake. An empty one counts as not set.
    fn read_variable(&mut self, path: &str, text: &str) {
        if text.is_empty() {
            return;
        }
        if Key::named(path).is_some() {
            let values = std::mem::take(&mut self.values);
            self.values = values.merge(Serialized::default(path, text));
        } else if path.contains('.') || meant_by(path).is_some() {
            self.unknown(path, Origin::Variable(variable(path)));
        }
    }

    fn unknown(&mut self, path: &str, origin: Origin) {
        let fix = match (meant_by(path), &origin) {
            (Some(key), Origin::Variable(_)) => format!("did you mean {}?", key.variable()),
            (Some(key), _) => format!("did you mean {}?", key.path),
            (None, _) if is_table(path) => format!("it is a table: write [{path}]"),
            (None, _) => "take it out; docs/configuration.md has all keys".to_owned(),
        };
        self.note(path, origin, "there is no such key".to_owned(), &fix);
    }

    /// Notes that something is wrong.
    pub(super) fn note(&mut self, key: &str, origin: Origin, wrong: String, fix: &str) {
        self.mistakes.push(Mistake { key: key.to_owned(), origin, wrong, fix: fix.to_owned() });
    }

    /// Notes that the value of `key` is not what it must be.
    fn note_form(&mut self, key: &Key, wrong: String) {
        let fix = format!("it must be {}", key.form.words());
        self.note(key.path, self.origin(key.path), wrong, &fix);
    }

    /// Who set `path`.
    pub(super) fn origin(&self, path: &str) -> Origin {
        match self.values.find_metadata(path) {
            None => Origin::Default,
            Some(metadata) => match metadata.source.as_ref().and_then(figment::Source::file_path) {
                Some(file) => Origin::File(file.to_owned()),
                None => Origin::Variable(variable(path)),
            },
        }
    }

    /// The value that `parse` makes of the text, or of the default.
    pub(super) fn text<T, E: Display>(
        &mut self,
        path: &str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> T {
        let found = self.text_if_set(path, &parse);
        found.unwrap_or_else(|| by_default(path, |text| parse(text).ok()))
    }

    /// The same for keys whose default is found elsewhere.
    pub(super) fn text_if_set<T, E: Display>(
        &mut self,
        path: &str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<T> {
        let key = declared(path);
        let value = self.values.find_value(path).ok()?;
        if matches!((&key.form, self.origin(path)), (Form::Secret(_), Origin::File(_))) {
            // Noted already, when the file was read.
            return None;
        }
        let parsed = match value.as_str() {
            Some(text) => parse(text).map_err(|error| error.to_string()),
            None => Err("it is not a text".to_owned()),
        };
        parsed.map_err(|wrong| self.note_form(key, wrong)).ok()
    }

    /// Whether `path` is switched on.
    pub(super) fn flag(&mut self, path: &str) -> bool {
        let read = |text: &str| text.parse::<bool>().ok();
        let found = self.values.find_value(path).ok();
        let found = found.map(|value| value.to_bool().or_else(|| read(value.as_str()?)));
        match found {
            Some(Some(flag)) => return flag,
            Some(None) => self.note_form(declared(path), "it is neither".to_owned()),
            None => {}
        }
        by_default(path, read)
    }

    /// The number at `path`, within the bounds of its declaration.
    pub(super) fn number(&mut self, path: &str) -> u32 {
        self.number_if_set(path).unwrap_or_else(|| by_default(path, |text| text.parse().ok()))
    }

    /// The same for keys whose default is found elsewhere.
    pub(super) fn number_if_set(&mut self, path: &str) -> Option<u32> {
        let key = declared(path);
        let (Form::Number { least, most } | Form::Seconds { least, most }) = key.form else {
            panic!("{path} is declared as a number");
        };
        let value = self.values.find_value(path).ok()?;
        let number = match value.as_str() {
            // In the environment all values are texts; in the file a number has no quotes.
            Some(text) if matches!(self.origin(path), Origin::Variable(_)) => text.parse().ok(),
            _ => value.to_i128(),
        };
        let bounds = i128::from(least)..=i128::from(most);
        let wrong = match number {
            Some(number) if bounds.contains(&number) => return u32::try_from(number).ok(),
            Some(number) if number < i128::from(least) => format!("{number} is too small"),
            Some(number) => format!("{number} is too large"),
            None => "it is not a whole number".to_owned(),
        };
        self.note_form(key, wrong);
        None
    }

    /// The time at `path`.
    pub(super) fn seconds(&mut self, path: &str) -> Duration {
        Duration::seconds(i64::from(self.number(path)))
    }

    /// The mistakes, if there were any.
    pub(super) fn finish(self) -> Result<(), Mistakes> {
        match self.mistakes.is_empty() {
            true => Ok(()),
            false => Err(Mistakes(self.mistakes)),
        }
    }
}

/// What a parser says, without the line that it quotes: there may be a password in it.
fn without_source(message: &str) -> String {
    let lines = message.lines().filter(|line| !line.contains('|')).map(str::trim);
    lines.collect::<Vec<_>>().join(", ")
}

fn is_table(path: &str) -> bool {
    keys::all().any(|key| key.path.split_once('.').is_some_and(|(table, _)| table == path))
}

fn declared(path: &str) -> &'static Key {
    Key::named(path).expect("whatever is read is declared in the table")
}

fn by_default<T>(path: &str, parse: impl Fn(&str) -> Option<T>) -> T {
    match declared(path).default {
        Default::Is(text) => parse(text).expect("a default is as a value must be"),
        Default::Found(_) => panic!("{path} is declared with a default that is found elsewhere"),
    }
}
