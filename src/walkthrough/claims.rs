//! What a token says, claim by claim, against what it must say.

use serde_json::{Map, Value};
use time::{Duration, OffsetDateTime};

use super::agent::Token;
use super::decoded::Decoded;
use super::explain;
use super::failure::Failure;
use super::report::{Finding, Step};
use super::wire::Request;
use crate::jose::{Algorithm, KeySet, Typ, UnverifiedJwt};
use crate::oauth::Scope;
use crate::outbound::Http;

/// What must hold for a claim.
pub(super) enum Must {
    /// Stand there, whatever it says.
    Exist,
    /// Be this text, letter by letter.
    Be(String),
    /// Be this text, or a list of it alone.
    BeOnly(String),
    /// Be this text, or a list with it.
    Include(String),
    /// Be a scope, and nothing beyond this one.
    BeWithin(String),
    /// Be a moment to come.
    BeAhead,
    /// Be a moment that has passed.
    HavePassed,
}

/// Clocks of two machines may differ by this much.
const SKEW: Duration = Duration::seconds(60);

/// Checks the signature of `token` with the keys at `jwks_uri`, then `rules`; tells of all that
/// the token says.
pub(super) async fn believe(
    http: &Http,
    (name, token): (&'static str, &str),
    (jwks_uri, typ): (&str, Typ),
    (rules, now): (&[(&str, Must)], OffsetDateTime),
    step: &mut Step,
) -> Result<Token, Failure> {
    let decoded = Decoded::read(token).map_err(|why| Failure::NotAJwt(name, why))?;
    let answer = Request::get(jwks_uri).send(http, &[], step).await?.ok("200 with keys")?;
    let verified = KeySet::parse(&answer.reply.body).and_then(|keys| {
        keys.verify::<Map<String, Value>>(&UnverifiedJwt::read(token)?, typ, &Algorithm::ALL)
    });
    let mut findings: Vec<_> = decoded
        .header
        .iter()
        .map(|(name, value)| Finding::told(name, explain::plain(value), explain::header(name)))
        .collect();
    findings.push(match &verified {
        Ok(_) => Finding::check("signature", "fits", "made with a key of the issuer", true),
        Err(bad) => Finding::check("signature", "does not count", bad.to_string(), false),
    });
    findings.extend(examine(&decoded.claims, rules, now));
    step.found(format!("{name}, and what it says"), findings);
    Ok(Token { text: token.to_owned(), claims: decoded.claims })
}

/// All claims in their order, then those that are missing.
fn examine(
    claims: &Map<String, Value>,
    rules: &[(&str, Must)],
    now: OffsetDateTime,
) -> Vec<Finding> {
    let told = claims.iter().map(|(name, value)| {
        let shown = explain::value(name, value, now);
        let meaning = explain::claim(name);
        match rules.iter().find(|(its, _)| its == name) {
            None => Finding::told(name, shown, meaning),
            Some((_, must)) if must.holds(value, now) => Finding::check(name, shown, meaning, true),
            Some((_, must)) => {
                Finding::check(name, shown, format!("{meaning}; it must {}", must.words()), false)
            }
        }
    });
    let absent = rules.iter().filter(|(name, _)| !claims.contains_key(*name));
    let absent = absent.map(|(name, must)| {
        let meaning = format!("{}; it must {}", explain::claim(name), must.words());
        Finding::check(name, "is missing", meaning, false)
    });
    told.chain(absent).collect()
}

impl Must {
    fn holds(&self, value: &Value, now: OffsetDateTime) -> bool {
        let is = |text: &str| value.as_str() == Some(text);
        let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
        match self {
            Self::Exist => !value.is_null(),
            Self::Be(text) => is(text),
            Self::BeOnly(text) => is(text) || matches!(items, [one] if one == text),
            Self::Include(text) => is(text) || items.iter().any(|one| one == text),
            Self::BeWithin(text) => match (value.as_str().map(Scope::parse), Scope::parse(text)) {
                (Some(Ok(given)), Ok(asked)) => asked.covers(&given),
                _ => false,
            },
            Self::BeAhead => explain::moment(value).is_some_and(|at| at + SKEW > now),
            Self::HavePassed => explain::moment(value).is_some_and(|at| at - SKEW <= now),
        }
    }

    fn words(&self) -> String {
        match self {
            Self::Exist => "be there".to_owned(),
            Self::Be(text) => format!("be {text}"),
            Self::BeOnly(text) => format!("be {text} alone"),
            Self::Include(text) => format!("include {text}"),
            Self::BeWithin(text) => format!("not go beyond {text}"),
            Self::BeAhead => "be ahead".to_owned(),
            Self::HavePassed => "have passed".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::walkthrough::report::Verdict;

    #[test]
    fn what_is_missing_or_wrong_is_said() {
        let claims = json!({ "iss": "a", "aud": ["x", "y"], "exp": 10, "scope": "b c", "more": 1 });
        let rules = [
            ("iss", Must::Be("a".into())),
            ("aud", Must::BeOnly("x".into())),
            ("exp", Must::BeAhead),
            ("scope", Must::BeWithin("b c d".into())),
            ("jti", Must::Exist),
        ];
        let now = OffsetDateTime::from_unix_timestamp(100).unwrap();
        let findings = examine(claims.as_object().unwrap(), &rules, now);
        let verdicts: Vec<_> = findings.iter().map(|it| (it.name.as_str(), it.verdict)).collect();
        use Verdict::{Right, Told, Wrong};
        assert_eq!(
            verdicts,
            [
                ("iss", Right),
                ("aud", Wrong),
                ("exp", Wrong),
                ("scope", Right),
                ("more", Told),
                ("jti", Wrong)
            ]
        );
    }
}
