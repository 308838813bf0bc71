//! Reads the form of a page, as far as a script needs it: tolerant, and never surprised.

/// The form of a page: where it goes, and what it sends without anybody touching it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct HtmlForm {
    /// The `action`; empty is the page itself.
    pub action: String,
    /// Hidden inputs and ticked boxes.
    pub values: Vec<(String, String)>,
    /// Names of all controls that have one, buttons included.
    pub names: Vec<String>,
}

impl HtmlForm {
    /// The first form with `method="post"`.
    pub(super) fn read(html: &str) -> Option<Self> {
        let mut form: Option<Self> = None;
        for tag in Tags(html) {
            match (&mut form, tag.name.as_str()) {
                (None, "form") if tag.is("method", "post") => {
                    let action = tag.attribute("action").unwrap_or_default().to_owned();
                    form = Some(Self { action, ..Self::default() });
                }
                (Some(_), "/form") => break,
                (Some(form), "input" | "button" | "select" | "textarea") => form.add(&tag),
                _ => {}
            }
        }
        form
    }

    /// Whether it has a control of this name.
    pub(super) fn asks_for(&self, name: &str) -> bool {
        self.names.iter().any(|it| it == name)
    }

    /// What is sent once these controls are filled in or pressed.
    pub(super) fn filled(self, with: &[(&str, &str)]) -> Vec<(String, String)> {
        let with = with.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        self.values.into_iter().chain(with).collect()
    }

    fn add(&mut self, tag: &Tag) {
        let Some(name) = tag.attribute("name") else {
            return;
        };
        self.names.push(name.to_owned());
        let ticked = tag.is("type", "checkbox") && tag.attribute("checked").is_some();
        if tag.is("type", "hidden") || ticked {
            let otherwise = if ticked { "on" } else { "" };
            let value = tag.attribute("value").unwrap_or(otherwise);
            self.values.push((name.to_owned(), value.to_owned()));
        }
    }
}

/// What the page calls itself: its first heading, or else its title.
pub(super) fn title(html: &str) -> String {
    let text_of = |name: &str| {
        let (_, rest) = html.split_once(&format!("<{name}"))?;
        let (_, rest) = rest.split_once('>')?;
        let (text, _) = rest.split_once(&format!("</{name}"))?;
        Some(unescaped(text.trim())).filter(|it| !it.is_empty() && !it.contains('<'))
    };
    text_of("h1").or_else(|| text_of("title")).unwrap_or_else(|| "a page without a title".into())
}

struct Tag {
    name: String,
    attributes: Vec<(String, String)>,
}

impl Tag {
    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(its, _)| its == name).map(|(_, value)| value.as_str())
    }

    fn is(&self, name: &str, value: &str) -> bool {
        self.attribute(name).is_some_and(|its| its.eq_ignore_ascii_case(value))
    }
}

/// The tags of what is left of a page.
struct Tags<'a>(&'a str);

impl Iterator for Tags<'_> {
    type Item = Tag;

    fn next(&mut self) -> Option<Tag> {
        loop {
            let start = self.0.find('<')?;
            self.0 = &self.0[start + 1..];
            if let Some(comment) = self.0.strip_prefix("!--") {
                self.0 = comment.split_once("-->")?.1;
                continue;
            }
            let end = self.0.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(self.0.len());
            let name = self.0[..end].trim_end_matches('/').to_ascii_lowercase();
            self.0 = &self.0[end..];
            let attributes = std::iter::from_fn(|| self.attribute()).collect();
            return Some(Tag { name, attributes });
        }
    }
}

impl Tags<'_> {
    /// Takes one attribute, or the end of the tag.
    fn attribute(&mut self) -> Option<(String, String)> {
        self.0 = self.0.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if self.0.is_empty() || self.0.starts_with('>') {
            return None;
        }
        // An "=" that begins a name is part of it, by the rules of HTML; so we always go on.
        let first = self.0.chars().next().map_or(0, char::len_utf8);
        let ends = |c: char| c.is_whitespace() || matches!(c, '=' | '>' | '/');
        let end = self.0[first..].find(ends).map_or(self.0.len(), |at| first + at);
        let name = self.0[..end].to_ascii_lowercase();
        self.0 = self.0[end..].trim_start();
        let Some(rest) = self.0.strip_prefix('=') else {
            return Some((name, String::new()));
        };
        let rest = rest.trim_start();
        let (value, rest) = match rest.chars().next() {
            Some(quote @ ('"' | '\'')) => rest[1..].split_once(quote).unwrap_or((&rest[1..], "")),
            _ => {
                let end = rest.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(rest.len());
                rest.split_at(end)
            }
        };
        self.0 = rest;
        Some((name, unescaped(value)))
    }
}

/// Resolves the character references that escaping makes.
fn unescaped(text: &str) -> String {
    let mut parts = text.split('&');
    let mut result = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let reference =
            part.split_once(';').and_then(|(name, rest)| Some((character(name)?, rest)));
        match reference {
            Some((character, rest)) => {
                result.push(character);
                result.push_str(rest);
            }
            None => {
                result.push('&');
                result.push_str(part);
            }
        }
    }
    result
}

fn character(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some('\u{a0}'),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_among_other_things() {
        let form = HtmlForm::read(
            r#"<!-- <form method="post" action="/no"> --><form action="/search"><input name=q></form>
            <FORM class='a b' method=POST action="/sign-in?request=1&amp;ui_locales=en">
            <input type="hidden" name="csrf" value="a&quot;&#x26;&#39;b"/><input name="username" required>
            <input type=checkbox name=stay checked><button name="decision" value="allow">Allow</button>
            </form><input name="outside">"#,
        );
        let form = form.unwrap();
        assert_eq!(form.action, "/sign-in?request=1&ui_locales=en");
        assert_eq!(form.names, ["csrf", "username", "stay", "decision"]);
        let sent = form.filled(&[("decision", "allow")]);
        let sent: Vec<_> = sent.iter().map(|(n, v)| format!("{n}={v}")).collect();
        assert_eq!(sent, ["csrf=a\"&'b", "stay=on", "decision=allow"]);
    }

    #[test]
    fn broken_pages_do_no_harm() {
        for html in [
            "",
            "<",
            "<form",
            "<form method=post",
            "<form method='post",
            "<!--",
            "<a =>",
            "<form method=post><input name=\"",
            "&#xffffffff;",
            "<é é=é>",
        ] {
            let _ = HtmlForm::read(html);
            let _ = title(html);
        }
        assert_eq!(title("<title>a</title><h1 class=x> Who &amp; what </h1>"), "Who & what");
    }
}
