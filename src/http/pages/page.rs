//! What every page has around its own content.

use super::{Language, Texts, icon, stylesheet};

/// The words and the links that every page shares.
pub(crate) struct Page {
    /// The words, in the language of the person.
    pub texts: &'static Texts,
    /// This very page in every language.
    pub languages: Vec<LanguageLink>,
}

/// This page in one language.
pub(crate) struct LanguageLink {
    /// The language.
    pub language: Language,
    /// Path and query, with `ui_locales`.
    pub href: String,
}

impl Page {
    /// A page in the language of `texts`; `href` tells where the same page is in another one.
    pub(crate) fn new(texts: &'static Texts, href: impl Fn(Language) -> String) -> Self {
        let link = |language| LanguageLink { language, href: href(language) };
        Self { texts, languages: Language::ALL.map(link).into() }
    }

    /// The language of this page.
    pub(crate) fn language(&self) -> Language {
        self.texts.language()
    }

    /// Where the stylesheet is.
    #[expect(clippy::unused_self, reason = "a template asks its page")]
    pub(crate) fn stylesheet_href(&self) -> &'static str {
        &stylesheet().href
    }

    /// Where the icon is.
    #[expect(clippy::unused_self, reason = "a template asks its page")]
    pub(crate) fn icon_href(&self) -> &'static str {
        &icon().href
    }
}
