//! The words of the pages, from `templates/locales`.

use super::Language;
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use std::sync::LazyLock;

const ENGLISH: &str = include_str!("../../../templates/locales/en/tegata.ftl");
const JAPANESE: &str = include_str!("../../../templates/locales/ja/tegata.ftl");

/// Read once; every page borrows from here.
static ENGLISH_TEXTS: LazyLock<Texts> = LazyLock::new(|| Texts::read(Language::English, ENGLISH));
static JAPANESE_TEXTS: LazyLock<Texts> =
    LazyLock::new(|| Texts::read(Language::Japanese, JAPANESE));

/// All words in one language.
pub(crate) struct Texts {
    language: Language,
    bundle: FluentBundle<FluentResource>,
}

impl Texts {
    /// The texts in the language that suits this person best.
    pub(crate) fn negotiate(
        ui_locales: Option<&str>,
        accept_language: Option<&str>,
    ) -> &'static Self {
        Self::in_language(Language::negotiate(ui_locales, accept_language))
    }

    /// The texts in one language.
    pub(crate) fn in_language(language: Language) -> &'static Self {
        match language {
            Language::English => &ENGLISH_TEXTS,
            Language::Japanese => &JAPANESE_TEXTS,
        }
    }

    /// The language of these texts.
    pub(crate) fn language(&self) -> Language {
        self.language
    }

    /// A text that stands alone.
    pub(crate) fn text(&self, id: &str) -> String {
        self.format(id, None)
    }

    /// A text with a value in it. Fluent sets the value apart (U+2068, U+2069), so that a
    /// right-to-left name cannot reorder the sentence around it.
    pub(crate) fn text_with<'a>(
        &self,
        id: &str,
        name: &'static str,
        value: impl Into<FluentValue<'a>>,
    ) -> String {
        let mut args = FluentArgs::new();
        args.set(name, value);
        self.format(id, Some(&args))
    }

    /// What a scope of OIDC Core §5.4 and §11 means to the person. Others come with their own words.
    pub(crate) fn scope_description(&self, scope: &str) -> Option<String> {
        let id = match scope {
            "openid" => "scope-openid",
            "profile" => "scope-profile",
            "email" => "scope-email",
            "address" => "scope-address",
            "phone" => "scope-phone",
            "offline_access" => "scope-offline-access",
            _ => return None,
        };
        Some(self.text(id))
    }

    /// A calendar day, such as the last one of a pass.
    pub(crate) fn day(&self, year: i32, month: u8, day: u8) -> String {
        let mut args = FluentArgs::new();
        args.set("year", year.to_string());
        args.set("month", month);
        args.set("day", day);
        self.format("day", Some(&args))
    }

    /// The heading above an error, by its code.
    pub(crate) fn error_heading(&self, code: &str) -> String {
        let id = format!("error-{}", code.replace('_', "-"));
        let known = ERROR_CODES.contains(&code) && self.bundle.has_message(&id);
        self.text(if known { &id } else { "error-other" })
    }

    /// What the person can do about an error.
    pub(crate) fn error_advice(&self, code: &str) -> String {
        self.text(match code {
            "server_error" | "temporarily_unavailable" | "slow_down" => "error-advice-wait",
            "csrf" | "not_found" => "error-advice-again",
            _ => "error-advice-app",
        })
    }

    fn read(language: Language, source: &str) -> Self {
        let resource = FluentResource::try_new(source.to_owned())
            .expect("the locales are part of the program, and a test reads them");
        let tag = language.tag().parse().expect("the tags of our languages are BCP 47");
        let mut bundle = FluentBundle::new_concurrent(vec![tag]);
        bundle.add_resource(resource).expect("no id occurs twice, or the test would have failed");
        Self { language, bundle }
    }

    /// A missing text shows its id: ugly, but the page still works. A test keeps it from happening.
    fn format(&self, id: &str, args: Option<&FluentArgs<'_>>) -> String {
        let pattern = self.bundle.get_message(id).and_then(|message| message.value());
        let Some(pattern) = pattern else { return id.to_owned() };
        self.bundle.format_pattern(pattern, args, &mut Vec::new()).into_owned()
    }
}

/// The codes with a heading of their own: those of RFC 6749 §4.1.2.1, RFC 8707 §2 and OIDC Core
/// §3.1.2.6 that a person can meet, and ours (`csrf`, `expired`, `not_found`, `slow_down`).
const ERROR_CODES: [&str; 16] = [
    "invalid_request",
    "invalid_client",
    "unauthorized_client",
    "access_denied",
    "unsupported_response_type",
    "invalid_scope",
    "invalid_target",
    "invalid_request_uri",
    "login_required",
    "consent_required",
    "server_error",
    "temporarily_unavailable",
    "csrf",
    "expired",
    "not_found",
    "slow_down",
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};
    use std::fs;
    use std::path::Path;

    /// Every id of a locale with its variables. An id begins a line; all else is indented.
    fn messages(source: &str) -> BTreeMap<&str, BTreeSet<&str>> {
        let mut found: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let mut id = "";
        for line in source.lines().filter(|line| !line.starts_with('#')) {
            if line.starts_with(|first: char| first.is_ascii_alphabetic()) {
                id = line.split(" =").next().unwrap();
                assert!(found.insert(id, BTreeSet::new()).is_none(), "{id} occurs twice");
            }
            let variables = line.split("{ $").skip(1).map(|rest| rest.split(' ').next().unwrap());
            for variable in variables {
                found.get_mut(id).unwrap().insert(variable);
            }
        }
        found
    }

    /// Every id that a template names. They all go through `text("…")` or `text_with("…")`.
    fn ids_in_templates() -> BTreeSet<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
        let mut ids = BTreeSet::new();
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "html") {
                continue;
            }
            let html = fs::read_to_string(path).unwrap();
            for call in [".text(\"", ".text_with(\""] {
                let named = html.split(call).skip(1).map(|rest| rest.split('"').next().unwrap());
                ids.extend(named.map(str::to_owned));
            }
        }
        ids
    }

    #[test]
    fn all_languages_say_the_same() {
        assert_eq!(messages(ENGLISH), messages(JAPANESE));
    }

    #[test]
    fn every_text_of_the_templates_exists() {
        let known = messages(ENGLISH);
        let ids = ids_in_templates();
        assert!(
            ids.len() > 20,
            "the templates name their texts in another way than this test reads"
        );
        for id in ids {
            assert!(known.contains_key(id.as_str()), "no message {id}");
        }
    }

    #[test]
    fn every_message_is_used() {
        let ids = ids_in_templates();
        let indirect = ["scope-", "error-", "day"];
        for id in messages(ENGLISH).into_keys() {
            let used = ids.contains(id) || indirect.iter().any(|prefix| id.starts_with(prefix));
            assert!(used, "nothing uses {id}");
        }
    }

    #[test]
    fn every_error_code_has_a_heading() {
        for texts in Language::ALL.map(Texts::in_language) {
            let other = texts.error_heading("what_is_this");
            for code in ERROR_CODES {
                assert_ne!(texts.error_heading(code), other, "{code}");
            }
        }
    }

    #[test]
    fn every_scope_of_openid_connect_has_words() {
        for texts in Language::ALL.map(Texts::in_language) {
            for scope in ["openid", "profile", "email", "address", "phone", "offline_access"] {
                let words = texts.scope_description(scope).unwrap();
                assert!(!words.starts_with("scope-"), "{scope}");
            }
            assert_eq!(texts.scope_description("chat.read"), None);
        }
    }

    #[test]
    fn a_day_reads_naturally() {
        let without_isolates = |text: String| text.replace(['\u{2068}', '\u{2069}'], "");
        let day = |language| without_isolates(Texts::in_language(language).day(2026, 11, 3));
        assert_eq!(day(Language::English), "3 November 2026");
        assert_eq!(day(Language::Japanese), "2026年11月3日");
    }
}
