//! Whom an access token is for (RFC 8707 §2, RFC 9068 §3).

use crate::oauth::Resource;
use crate::server::AuthorizationServer;

/// A resource that the server does not govern, or that was not granted.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the resource is not one that this server issues tokens for, or not one that was granted")]
pub struct NotGoverned;

/// The `aud` of an access token for `resources`; for none, all that the server governs.
pub(super) fn of(
    server: &AuthorizationServer,
    resources: &[Resource],
) -> Result<Vec<String>, NotGoverned> {
    if !resources.iter().all(|it| server.governs(it)) {
        return Err(NotGoverned);
    }
    let audience = match (resources, server.service()) {
        ([], Some(service)) => &service.resources,
        (some, _) => some,
    };
    Ok(match audience {
        [] => vec![server.issuer.to_string()],
        some => some.iter().map(ToString::to_string).collect(),
    })
}

/// What is left of `granted` when the client asks for `asked` of it (RFC 8707 §2.2). Nothing
/// granted in particular is no restriction, and nothing asked is no narrowing.
pub(super) fn narrowed(
    granted: &[Resource],
    asked: Vec<Resource>,
) -> Result<Vec<Resource>, NotGoverned> {
    match (granted, asked.is_empty()) {
        (_, true) => Ok(granted.to_vec()),
        ([], false) => Ok(asked),
        (granted, false) => match asked.iter().all(|it| granted.contains(it)) {
            true => Ok(asked),
            false => Err(NotGoverned),
        },
    }
}
