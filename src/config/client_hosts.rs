//! Whose clients need no registration, as they describe themselves at their own address.

/// The hosts at which client ID metadata documents are taken from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientHosts {
    /// Nobody's.
    None,
    /// These, and those below one that begins with `*.`.
    These(Vec<String>),
    Any,
}

/// Something in the list is no host.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no name of a host")]
pub struct NoHost(String);

impl ClientHosts {
    /// Names with commas between them, `*` for all, or nothing.
    pub fn parse(text: &str) -> Result<Self, NoHost> {
        let names: Vec<_> = text.split(',').map(str::trim).filter(|it| !it.is_empty()).collect();
        match names.as_slice() {
            [] => Ok(Self::None),
            ["*"] => Ok(Self::Any),
            names => names.iter().map(|it| host(it)).collect::<Result<_, _>>().map(Self::These),
        }
    }

    /// Whether a document may be fetched from `host`.
    pub fn admit(&self, host: &str) -> bool {
        match self {
            Self::None => false,
            Self::Any => true,
            Self::These(names) => names.iter().any(|name| match name.strip_prefix('*') {
                Some(below) => host.len() > below.len() && host.ends_with(below),
                None => host == name,
            }),
        }
    }

    /// Whether any is.
    pub fn is_none(&self) -> bool {
        *self == Self::None
    }
}

fn host(text: &str) -> Result<String, NoHost> {
    let name = text.to_ascii_lowercase();
    let bare = name.strip_prefix("*.").unwrap_or(&name);
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    match !bare.is_empty() && bare.chars().all(allowed) {
        true => Ok(name),
        false => Err(NoHost(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        let hosts = ClientHosts::parse("claude.ai, *.Example.com").unwrap();
        for (host, expected) in [
            ("claude.ai", true),
            ("www.claude.ai", false),
            ("a.example.com", true),
            ("a.b.example.com", true),
            ("example.com", false),
            ("badexample.com", false),
        ] {
            assert_eq!(hosts.admit(host), expected, "{host}");
        }
        assert!(ClientHosts::parse("*").unwrap().admit("anywhere.example"));
        assert!(!ClientHosts::parse(" ").unwrap().admit("claude.ai"));
        for wrong in ["https://claude.ai", "a b", "*.", "a,*,b/c"] {
            assert!(ClientHosts::parse(wrong).is_err(), "{wrong}");
        }
    }
}
