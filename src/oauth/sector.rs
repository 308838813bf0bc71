//! Sectors: who shares one knows people by the same pairwise subjects (OIDC Core §8.1).

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

use super::identifiers::{ClientId, Malformed, is_loopback};
use super::redirect_uri::RedirectUri;

/// Whether everybody is told the same `sub` of a person (OIDC Core §8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SubjectType {
    Public,
    Pairwise,
}

impl SubjectType {
    /// Which of them a sector, or none, makes.
    pub fn by(sector: Option<&Sector>) -> Self {
        if sector.is_some() { Self::Pairwise } else { Self::Public }
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Pairwise => "pairwise",
        }
    }
}

/// The name of a host; or a client, which shares its subjects with nobody.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sector(Arc<str>);

/// What stands before a client. No host has a space in its name.
const ALONE: &str = "client ";

impl Sector {
    /// The sector of a host.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let host = Host::parse(text).map_err(|_| Malformed("a sector is the name of a host"))?;
        Ok(Self(host.to_string().into()))
    }

    /// The sector that `client` has to itself.
    pub fn alone(client: &ClientId) -> Self {
        Self(format!("{ALONE}{client}").into())
    }

    /// The sector of a client that names none: "the host component of the registered
    /// `redirect_uri`". Where that is this machine, or an application on it, it is nobody's in
    /// particular, so the client is alone.
    pub fn of(client: &ClientId, redirect_uris: &[RedirectUri]) -> Result<Self, Malformed> {
        match Self::host(redirect_uris)? {
            Some(host) => Self::parse(&host),
            None => Ok(Self::alone(client)),
        }
    }

    /// The one host that all `redirect_uris` lead to; `None` is this machine.
    pub fn host(redirect_uris: &[RedirectUri]) -> Result<Option<String>, Malformed> {
        let mut hosts: Vec<_> = redirect_uris.iter().map(host).collect();
        hosts.sort();
        hosts.dedup();
        match hosts.as_slice() {
            [one] => Ok(one.clone()),
            [] => Err(Malformed("there are no redirect_uris, whose host would be the sector")),
            _ => Err(Malformed(
                "the redirect_uris lead to several hosts, and pairwise subjects are for one",
            )),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The host of a redirect URI, unless that is this machine.
fn host(uri: &RedirectUri) -> Option<String> {
    let url = Url::parse(uri.as_str()).ok()?;
    let elsewhere = url.scheme() == "https" && !is_loopback(&url);
    url.host_str().filter(|_| elsewhere).map(str::to_owned)
}

impl TryFrom<String> for Sector {
    type Error = Malformed;

    fn try_from(text: String) -> Result<Self, Malformed> {
        match text.strip_prefix(ALONE) {
            Some(client) => ClientId::parse(client).map(|it| Self::alone(&it)),
            None => Self::parse(&text),
        }
    }
}

impl fmt::Display for Sector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(uris: &[&str]) -> Result<String, String> {
        let uris: Vec<_> = uris.iter().map(|it| RedirectUri::parse(it).unwrap()).collect();
        let sector = Sector::of(&ClientId::parse("app").unwrap(), &uris);
        sector.map(|it| it.to_string()).map_err(|it| it.to_string())
    }

    #[test]
    fn the_host_of_all_redirect_uris() {
        let sector = of(&["https://App.example/a", "https://app.example:8443/b"]);
        assert_eq!(sector.as_deref(), Ok("app.example"));
        for several in [
            ["https://app.example/a", "https://other.example/a"],
            ["https://app.example/a", "http://127.0.0.1/a"],
        ] {
            assert!(of(&several).unwrap_err().contains("several hosts"), "{several:?}");
        }
        assert!(of(&[]).unwrap_err().contains("no redirect_uris"));
    }

    /// All that runs on somebody's machine is not one sector.
    #[test]
    fn applications_on_this_machine() {
        for own in [
            &["http://127.0.0.1/a", "http://[::1]/a", "http://localhost/a"] as &[&str],
            &["com.example.app:/a", "https://localhost/a"],
        ] {
            assert_eq!(of(own).as_deref(), Ok("client app"), "{own:?}");
        }
    }

    /// No host can be written that is the sector of a client, and each is found again as it was kept.
    #[test]
    fn hosts_and_clients() {
        for (text, kept) in [("App.example", "app.example"), ("[::1]", "[::1]")] {
            assert_eq!(Sector::parse(text).unwrap().as_str(), kept);
            assert_eq!(Sector::try_from(kept.to_owned()).unwrap().as_str(), kept);
        }
        for bad in ["", "client app", "https://app.example", "app.example/a", "app.example:1"] {
            assert!(Sector::parse(bad).is_err(), "{bad}");
        }
        let alone = Sector::alone(&ClientId::parse("app").unwrap());
        assert_eq!(Sector::try_from(alone.to_string()).unwrap(), alone);
    }
}
