//! Which language a person reads: OIDC Core §3.1.2.1 `ui_locales`, then RFC 9110 §12.5.4.

use fluent_langneg::{LanguageIdentifier, NegotiationStrategy, negotiate_languages};

/// A language that the pages speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    /// English, also for all who asked for nothing that we have.
    English,
    /// Japanese.
    Japanese,
}

impl Language {
    /// All of them, in the order of the footer.
    pub(crate) const ALL: [Self; 2] = [Self::English, Self::Japanese];

    /// BCP 47, as in the `lang` attribute and in `ui_locales`.
    pub(crate) const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Japanese => "ja",
        }
    }

    /// What the language calls itself.
    pub(crate) const fn own_name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Japanese => "日本語",
        }
    }

    /// OIDC Core §3.1.2.1: `ui_locales` is a "space-separated list of BCP47 language tag values,
    /// ordered by preference". It wins over the browser's `Accept-Language`; strangers send both, so
    /// what cannot be read is passed over.
    pub(crate) fn negotiate(ui_locales: Option<&str>, accept_language: Option<&str>) -> Self {
        let wished: Option<Vec<&str>> =
            ui_locales.map(|list| list.split_ascii_whitespace().collect());
        let accepted = accept_language.map(by_weight);
        wished
            .as_deref()
            .and_then(first_spoken)
            .or_else(|| accepted.as_deref().and_then(first_spoken))
            .unwrap_or(Self::English)
    }
}

fn first_spoken(tags: &[&str]) -> Option<Language> {
    let requested = fluent_langneg::convert_vec_str_to_langids_lossy(tags);
    let available =
        fluent_langneg::convert_vec_str_to_langids_lossy(Language::ALL.map(Language::tag));
    let found: Vec<&LanguageIdentifier> =
        negotiate_languages(&requested, &available, None, NegotiationStrategy::Lookup);
    let tag = found.first()?.to_string();
    Language::ALL.into_iter().find(|language| language.tag() == tag)
}

/// RFC 9110 §12.4.2: the heavier first, a weight of 0 "means 'not acceptable'". Among equals the
/// order of the header stays.
pub(crate) fn by_weight(header: &str) -> Vec<&str> {
    let mut weighted: Vec<(&str, f32)> = header
        .split(',')
        .map(|entry| {
            let (tag, parameters) = entry.split_once(';').unwrap_or((entry, ""));
            (tag.trim(), weight(parameters))
        })
        .filter(|(_, weight)| *weight > 0.0)
        .collect();
    weighted.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    weighted.into_iter().map(|(tag, _)| tag).collect()
}

fn weight(parameters: &str) -> f32 {
    let Some(value) = parameters.trim().strip_prefix("q=") else { return 1.0 };
    value.trim().parse().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::Language::{self, English, Japanese};

    #[test]
    fn ui_locales_wins() {
        assert_eq!(Language::negotiate(Some("ja"), Some("en")), Japanese);
        assert_eq!(Language::negotiate(Some("fr-CA ja-JP en"), None), Japanese);
    }

    #[test]
    fn ui_locales_that_we_do_not_speak_leave_it_to_the_browser() {
        assert_eq!(Language::negotiate(Some("fr de"), Some("ja,en;q=0.5")), Japanese);
        assert_eq!(Language::negotiate(Some(""), Some("ja")), Japanese);
    }

    #[test]
    fn the_heavier_language_first() {
        assert_eq!(Language::negotiate(None, Some("en;q=0.5, ja;q=0.9")), Japanese);
        assert_eq!(Language::negotiate(None, Some("fr, en-GB, ja;q=0.9")), English);
        assert_eq!(Language::negotiate(None, Some("ja;q=0, en;q=0.1")), English);
    }

    #[test]
    fn english_for_all_others() {
        for header in [None, Some("*"), Some("fr"), Some("ja;q=0")] {
            assert_eq!(Language::negotiate(None, header), English, "{header:?}");
        }
    }

    #[test]
    fn no_header_is_too_strange() {
        let long = "ja-".repeat(10_000);
        for strange in ["", ",;,", ";q=", "ja;q=NaN", "ja;q=1e99", "日本語", "\u{0}", "-", &long]
        {
            let _ = Language::negotiate(Some(strange), Some(strange));
        }
    }
}
