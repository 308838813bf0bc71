//! `tegata token`: what any JWT says, in plain words, and whether its issuer stands by it.

use std::io::Read;
use std::process::ExitCode;

use serde_json::{Map, Value};
use time::OffsetDateTime;

use crate::environment::Environment;
use crate::jose::{Algorithm, BadJwt, KeySet, Typ, UnverifiedJwt};
use crate::oauth::strict_json;
use crate::outbound::{Http, Reach, Unreachable};
use crate::terminal::{Ink, complain, printable, say};
use crate::walkthrough::args::http;
use crate::walkthrough::decoded::Decoded;
use crate::walkthrough::explain;
use crate::walkthrough::failure::Failure;
use crate::walkthrough::well_known;

/// Decodes and explains any JWT, and verifies its signature if the issuer can be reached.
///
/// Exit status: 0 the signature fits and the token is in its time; 1 it is not valid, or its
/// signature could not be checked; 2 it is no JWT. The token itself is never printed.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// The token, or - to read it from standard input, where no shell history keeps it.
    #[arg(value_name = "TOKEN|-", allow_hyphen_values = true)]
    token: String,
    /// Asks nobody: the signature is not checked.
    #[arg(long)]
    offline: bool,
    /// Asks issuers in private networks as well, and by plain http: the address comes from the
    /// token, and so from whoever wrote it. This machine may always be asked.
    #[arg(long)]
    allow_private_networks: bool,
}

/// Longer input than this is no token, in bytes.
const LONGEST: u64 = 64 * 1024;

/// What checking the signature came to.
enum Signature {
    Fits { issuer: String, jwks_uri: String },
    Wrong(BadJwt),
    Unchecked(String),
}

/// Reads, explains and verifies.
pub(super) async fn run(args: Args) -> ExitCode {
    let token = match read(&args.token) {
        Ok(token) => token,
        Err(error) => {
            complain(format_args!("the token cannot be read: {error}"));
            return ExitCode::from(2);
        }
    };
    let decoded = match Decoded::read(&token) {
        Ok(decoded) => decoded,
        Err(why) => {
            complain(format_args!("this is not a JWT: {why}"));
            return ExitCode::from(2);
        }
    };
    let ink = Ink::of_stdout();
    let now = Environment::system().clock.now();
    explain_all(&decoded, now, ink);
    let reach = if args.allow_private_networks { Reach::Everywhere } else { Reach::Loopback };
    let signature = match args.offline {
        true => Signature::Unchecked("nobody was asked (--offline)".to_owned()),
        false => verify(&token, reach).await,
    };
    if judge(&signature, &decoded.claims, now, ink) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn read(argument: &str) -> std::io::Result<String> {
    let mut text = String::new();
    match argument {
        "-" => std::io::stdin().lock().take(LONGEST).read_to_string(&mut text)?,
        token => {
            text.push_str(token);
            0
        }
    };
    Ok(text.trim().to_owned())
}

fn explain_all(decoded: &Decoded, now: OffsetDateTime, ink: Ink) {
    let kind = explain::kind(decoded.typ().as_deref());
    say(format_args!("{} {kind}", ink.strong("This is")));
    let header = decoded.header.iter();
    let header =
        header.map(|(name, it)| (name.as_str(), explain::plain(it), explain::header(name)));
    table("Header", header.collect(), ink);
    let claims = decoded.claims.iter();
    let claims = claims
        .map(|(name, it)| (name.as_str(), explain::value(name, it, now), explain::claim(name)));
    table("Claims", claims.collect(), ink);
}

fn table(heading: &str, rows: Vec<(&str, String, &str)>, ink: Ink) {
    say(format_args!("\n{}", ink.strong(heading)));
    let names = rows.iter().map(|(name, ..)| name.chars().count()).max().unwrap_or_default();
    let short = rows.iter().map(|(_, value, _)| value.chars().count()).filter(|it| *it <= 48);
    let values = short.max().unwrap_or_default();
    for (name, value, meaning) in rows {
        let name = ink.quiet(format!("{:<names$}", printable(name)));
        let value = printable(&value);
        say(format_args!("  {name}  {value:<values$}  {}", ink.quiet(meaning)));
    }
}

/// By the keys that the issuer publishes in its metadata; never by one that the token brings.
async fn verify(token: &str, reach: Reach) -> Signature {
    let jwt = match UnverifiedJwt::read(token) {
        Ok(jwt) => jwt,
        Err(BadJwt::Form) => {
            return Signature::Unchecked("the token does not name a proper issuer".to_owned());
        }
        Err(bad) => return Signature::Wrong(bad),
    };
    let issuer = jwt.issuer();
    let found = match http(reach) {
        Ok(http) => keys_of(&http, issuer).await,
        Err(failure) => Err(failure),
    };
    let (keys, jwks_uri) = match found {
        Ok(found) => found,
        Err(failure) => return Signature::Unchecked(failure.to_string()),
    };
    // Whatever kind it says that it is, it is not taken for anything here. The name of that kind
    // lives as long as the process, which has nothing else to do.
    let typ = jwt.typ().map_or(Typ::Plain, |typ| Typ::Is(typ.leak()));
    match keys.verify::<Map<String, Value>>(&jwt, typ, &Algorithm::ALL) {
        Ok(_) => Signature::Fits { issuer: issuer.to_owned(), jwks_uri },
        Err(bad) => Signature::Wrong(bad),
    }
}

async fn keys_of(http: &Http, issuer: &str) -> Result<(KeySet, String), Failure> {
    let mut missing = Failure::Member { url: issuer.to_owned(), member: "jwks_uri" };
    for url in well_known(issuer)? {
        let away = |error| unreachable(&url, &error);
        let reply = http.get(&url).await.map_err(away)?;
        let metadata: Map<String, Value> = strict_json::object(&reply.body).unwrap_or_default();
        let text = |name: &str| metadata.get(name).and_then(Value::as_str);
        // RFC 8414 §3.3: another issuer's document is not to be used.
        match (reply.status, text("issuer"), text("jwks_uri")) {
            (200, Some(its), Some(jwks_uri)) if its == issuer => {
                let away = |error| unreachable(jwks_uri, &error);
                let reply = http.get(jwks_uri).await.map_err(away)?;
                let malformed = |_| Failure::Member { url: jwks_uri.to_owned(), member: "keys" };
                let keys = KeySet::parse(&reply.body).map_err(malformed)?;
                return Ok((keys, jwks_uri.to_owned()));
            }
            (status, ..) => {
                missing = Failure::Status { url, status, expected: "metadata of this issuer" };
            }
        }
    }
    Err(missing)
}

fn unreachable(url: &str, error: &Unreachable) -> Failure {
    match error {
        Unreachable::SpecialUse | Unreachable::Plain => Failure::Unreachable {
            url: url.to_owned(),
            why: "it is in a private network, or plain http: --allow-private-networks asks there"
                .to_owned(),
        },
        error => Failure::unreachable(url, error),
    }
}

/// Says what it all comes to.
fn judge(
    signature: &Signature,
    claims: &Map<String, Value>,
    now: OffsetDateTime,
    ink: Ink,
) -> bool {
    let (fits, words) = match signature {
        Signature::Fits { issuer, jwks_uri } => {
            (true, format!("fits: it is by a key that {issuer} publishes at {jwks_uri}"))
        }
        Signature::Wrong(bad) => (false, format!("does not count: {bad}")),
        Signature::Unchecked(why) => (false, format!("could not be checked: {why}")),
    };
    let (in_time, time) = in_time(claims, now);
    say(format_args!("\n{}  {}", ink.strong("Signature"), printable(&words)));
    say(format_args!("{}       {time}", ink.strong("Time")));
    let verdict = match (signature, in_time) {
        (Signature::Fits { .. }, true) => ink.strong("valid"),
        (Signature::Unchecked(_), true) => ink.accent("not verified"),
        _ => ink.accent("not valid"),
    };
    say(format_args!("{}    {verdict}", ink.strong("Verdict")));
    fits && in_time
}

/// RFC 7519 §4.1.4 and §4.1.5. A token without an end counts as one that has not ended.
fn in_time(claims: &Map<String, Value>, now: OffsetDateTime) -> (bool, String) {
    let moment = |name: &str| claims.get(name).map(explain::moment);
    match (moment("nbf"), moment("exp")) {
        (_, Some(None)) => (false, "exp is not a moment in time".to_owned()),
        (Some(None), _) => (false, "nbf is not a moment in time".to_owned()),
        (Some(Some(start)), _) if start > now => {
            (false, format!("not good yet: begins {}", explain::relative(start, now)))
        }
        (_, Some(Some(end))) if end <= now => {
            (false, format!("expired {}", explain::relative(end, now)))
        }
        (_, Some(Some(end))) => (true, format!("good: ends {}", explain::relative(end, now))),
        (_, None) => (true, "good: it has no end".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn time_is_judged_by_nbf_and_exp() {
        let now = OffsetDateTime::from_unix_timestamp(1_000).unwrap();
        let good = |claims: Value| in_time(claims.as_object().unwrap(), now).0;
        assert!(good(json!({ "exp": 1_001 })));
        assert!(good(json!({})));
        assert!(!good(json!({ "exp": 1_000 })));
        assert!(!good(json!({ "exp": "tomorrow" })));
        assert!(!good(json!({ "exp": 2_000, "nbf": 1_500 })));
    }
}
