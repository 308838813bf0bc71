//! What `WWW-Authenticate` says of access tokens (RFC 6750 §3, RFC 9449 §7.1).

use axum::http::HeaderValue;

use crate::jose::Algorithm;
use crate::oauth::ErrorCode;

/// By which an access token comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    Bearer,
    Dpop,
}

/// RFC 6750 §3.1: without any token, no error code either. The scheme "MUST be followed by one or
/// more auth-param values" (§3).
pub(super) fn of_none(scheme: Scheme) -> Option<HeaderValue> {
    let said = match scheme {
        Scheme::Bearer => "Bearer realm=\"tegata\"".to_owned(),
        Scheme::Dpop => format!("DPoP {}", algs()),
    };
    HeaderValue::from_str(&said).ok()
}

/// What is wrong with the token that came.
pub(super) fn of_error(
    scheme: Scheme,
    code: ErrorCode,
    description: &str,
    scope: Option<&str>,
) -> Option<HeaderValue> {
    let (name, algs) = match scheme {
        Scheme::Bearer => ("Bearer", String::new()),
        Scheme::Dpop => ("DPoP", format!(", {}", algs())),
    };
    let code = code.as_str();
    let scope = scope.map(|it| format!(", scope=\"{it}\"")).unwrap_or_default();
    let said = format!("{name} error=\"{code}\", error_description=\"{description}\"{scope}{algs}");
    HeaderValue::from_str(&said).ok()
}

/// RFC 9449 §7.1: "to signal to the client the JWS algorithms that are acceptable for the DPoP proof".
fn algs() -> String {
    let names: Vec<_> = Algorithm::ALL.iter().map(|it| it.as_str()).collect();
    format!("algs=\"{}\"", names.join(" "))
}
