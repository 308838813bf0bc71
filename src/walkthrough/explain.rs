//! Header parameters and claims in plain words.

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// What a header parameter is for (RFC 7515 §4.1, RFC 9449 §4.2).
pub fn header(name: &str) -> &'static str {
    match name {
        "alg" => "the algorithm of the signature",
        "kid" => "which key of the issuer signed",
        "typ" => "what kind of token it is",
        "cty" => "what is inside it",
        "crit" => "extensions that a reader must understand",
        "jwk" => "the key that signed it: good for a proof (DPoP), and for nothing else",
        "jku" | "x5u" | "x5c" => "a key that the token brings itself: never to be believed",
        "x5t" | "x5t#S256" => "the thumbprint of a certificate",
        _ => "not a registered header parameter",
    }
}

/// What a claim says (the IANA registry "JSON Web Token Claims", as far as it concerns us).
pub fn claim(name: &str) -> &'static str {
    match name {
        "iss" => "who issued it",
        "sub" => "the person, as the issuer calls them",
        "aud" => "for whom it is; nobody else may take it",
        "exp" => "when it ends",
        "nbf" => "not good before",
        "iat" => "when it was issued",
        "jti" => "its own name, so that it counts once",
        "client_id" => "the client that may use it",
        "scope" => "what it allows",
        "resource" => "the API that it is for",
        "azp" => "the client that it was issued to",
        "nonce" => "ties it to the request of the client",
        "auth_time" => "when the person really signed in",
        "acr" => "how strongly they signed in",
        "amr" => "by what means they signed in",
        "at_hash" => "ties it to the access token beside it",
        "c_hash" => "ties it to the code beside it",
        "sid" => "the session at the issuer",
        "act" => "who acts for the person",
        "may_act" => "who may act for the person",
        "htm" => "the method of the request that it was made for",
        "htu" => "the address of the request that it was made for",
        "ath" => "ties it to the access token that it comes with",
        "grant_id" => "all that came from the same authorization has this",
        "cnf" => "the key or certificate that its holder must show",
        "tenant" => "the tenant of the issuer",
        "aud_tenant" => "the tenant of the audience",
        "aud_sub" => "the person, as the audience calls them",
        "sub_id" => "the person, in another form",
        "authorization_details" => "what it allows, in detail",
        "email" => "e-mail address",
        "email_verified" => "whether the address was proven",
        "name" => "full name",
        "given_name" => "first name",
        "family_name" => "family name",
        "preferred_username" => "what the person wants to be called",
        "locale" => "language of the person",
        "groups" => "groups of the person",
        "roles" => "roles of the person",
        "entitlements" => "what the person is entitled to",
        "events" => "what happened",
        "updated_at" => "when the person's data last changed",
        _ => "the issuer's own claim",
    }
}

/// What kind of token `typ` says that it is, and which spec says how to read it.
pub fn kind(typ: Option<&str>) -> &'static str {
    match typ {
        Some("oauth-id-jag+jwt") => {
            "an ID-JAG: a person's home lets one client in at one service (ID-JAG §3.1)"
        }
        Some("at+jwt") => "an access token: it opens an API (RFC 9068)",
        Some("logout+jwt") => "a logout token: a session has ended (OIDC Back-Channel Logout)",
        Some("secevent+jwt") => "a security event token: something happened (RFC 8417)",
        Some("dpop+jwt") => "a DPoP proof: its sender holds a key (RFC 9449)",
        Some("token-introspection+jwt") => "an answer of introspection (RFC 9701)",
        Some("client-authentication+jwt") => "a client's proof of itself (RFC 7523)",
        Some("oauth-authz-req+jwt") => "an authorization request (RFC 9101)",
        None | Some("jwt") => "of no declared kind: an ID token, most likely (OIDC Core §2)",
        Some(_) => "of a kind that tegata does not know",
    }
}

/// Whether the claim is a `NumericDate` (RFC 7519 §2).
pub fn is_time(name: &str) -> bool {
    matches!(name, "exp" | "nbf" | "iat" | "auth_time" | "updated_at")
}

/// The moment that a `NumericDate` means, if it is one.
pub fn moment(value: &Value) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp(value.as_i64()?).ok()
}

/// The value as a person reads it: times as ISO 8601 with how far off they are.
pub fn value(name: &str, value: &Value, now: OffsetDateTime) -> String {
    match moment(value).filter(|_| is_time(name)) {
        Some(at) => match at.format(&Rfc3339) {
            Ok(written) => format!("{written} ({})", relative(at, now)),
            Err(_) => value.to_string(),
        },
        None => plain(value),
    }
}

/// Text without quotes, lists with commas, all else as JSON.
pub fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) if items.iter().all(Value::is_string) => {
            items.iter().map(plain).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

/// `in 5 min`, `3 s ago`, `now`.
pub fn relative(at: OffsetDateTime, now: OffsetDateTime) -> String {
    // Between whole seconds: a token of five minutes begins with five minutes.
    let seconds = at.unix_timestamp() - now.unix_timestamp();
    let far = |seconds: u64| match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", (seconds + 30) / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    };
    match seconds {
        0 => "now".to_owned(),
        1.. => format!("in {}", far(seconds.unsigned_abs())),
        _ => format!("{} ago", far(seconds.unsigned_abs())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_with_their_distance() {
        let now = OffsetDateTime::from_unix_timestamp(1_000_000).unwrap();
        let told = |at: i64| value("exp", &at.into(), now);
        assert_eq!(told(1_000_300), "1970-01-12T13:51:40Z (in 5 min)");
        assert_eq!(told(999_990), "1970-01-12T13:46:30Z (10 s ago)");
        assert_eq!(value("exp", &1e308.into(), now), "1e+308");
        assert_eq!(value("aud", &serde_json::json!(["a", "b"]), now), "a, b");
    }
}
