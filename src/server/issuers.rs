//! All issuers of one process, found by host and path.

use std::sync::Arc;

use super::authorization_server::AuthorizationServer;
use crate::oauth::Issuer;

/// Home and the services that are hosted here.
pub struct Issuers {
    /// The longest path first, so that the first that fits is the right one.
    servers: Vec<(String, String, Arc<AuthorizationServer>)>,
    home: Arc<AuthorizationServer>,
}

/// The server that a request is for, and the path below its issuer.
pub struct Located {
    pub server: Arc<AuthorizationServer>,
    pub path: String,
}

impl Issuers {
    pub(super) fn new(home: AuthorizationServer, hosted: Vec<AuthorizationServer>) -> Self {
        let home = Arc::new(home);
        let mut servers: Vec<_> = hosted
            .into_iter()
            .map(Arc::new)
            .chain([Arc::clone(&home)])
            .map(|server| (authority_of(&server.issuer), path_of(&server.issuer), server))
            .collect();
        servers.sort_by_key(|(_, path, _)| std::cmp::Reverse(path.len()));
        Self { servers, home }
    }

    pub fn home(&self) -> &Arc<AuthorizationServer> {
        &self.home
    }

    /// The server whose issuer identifier is `issuer`.
    pub fn named(&self, issuer: &Issuer) -> Option<&Arc<AuthorizationServer>> {
        self.servers.iter().map(|(_, _, server)| server).find(|it| it.issuer == *issuer)
    }

    /// Whom a request to `path` at `authority` is for.
    pub fn locate(&self, authority: &str, path: &str) -> Option<Located> {
        let authority = authority.to_ascii_lowercase();
        self.servers.iter().filter(|(theirs, _, _)| *theirs == authority).find_map(
            |(_, base, server)| {
                let rest = well_known_inserted(base, path)
                    .or_else(|| below(base, path).map(str::to_owned))?;
                Some(Located { server: Arc::clone(server), path: rest })
            },
        )
    }
}

/// RFC 8414 §3.1: the well-known string is inserted between host and path.
fn well_known_inserted(base: &str, path: &str) -> Option<String> {
    const DOCUMENTS: [&str; 2] =
        ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"];
    let document = DOCUMENTS.into_iter().find(|it| path.starts_with(it))?;
    let inserted = &path[document.len()..];
    (!base.is_empty() && inserted.trim_end_matches('/') == base).then(|| document.to_owned())
}

fn below<'a>(base: &str, path: &'a str) -> Option<&'a str> {
    match path.strip_prefix(base)? {
        "" => Some("/"),
        rest if rest.starts_with('/') => Some(rest),
        _ => None,
    }
}

/// Host and port as they stand in a `Host` header: the default port is left out.
pub(super) fn authority_of(issuer: &Issuer) -> String {
    let url = issuer.url();
    let host = url.host_str().unwrap_or_default();
    url.port().map_or(host.to_owned(), |port| format!("{host}:{port}"))
}

fn path_of(issuer: &Issuer) -> String {
    issuer.url().path().trim_end_matches('/').to_owned()
}
