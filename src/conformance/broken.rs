//! Requests in which one thing is broken, and how they have to be answered.

use super::ask::refused;
use super::check::{Examined, Rule, Verdict};
use super::endpoint::{Endpoint, Who};
use super::forge::Facts;
use super::manners::Manners;
use crate::walkthrough::wire::Answer;

/// A request that is right but for one thing.
pub(super) struct Broken {
    pub rule: Rule,
    pub who: Who,
    pub spoil: Spoil,
    pub judge: Judge,
}

/// What becomes of the parameters.
pub(super) enum Spoil {
    /// Nothing: something else is broken.
    Nothing,
    /// The parameter is left out.
    Without(&'static str),
    /// The parameter has this value.
    With(&'static str, &'static str),
    /// The parameter stands there twice, with the same value.
    Twice(&'static str),
    /// The parameter has the issuer that is asked.
    Issuer(&'static str),
    /// The parameter is larger than a whole form should be.
    Huge(&'static str),
    /// The parameter has what is made of its right value.
    Put(&'static str, fn(&Facts, &str) -> Result<String, String>),
}

/// What is right.
pub(super) enum Judge {
    /// A refusal with one of these codes.
    Refused(&'static [&'static str]),
    /// What this says.
    By(fn(&Answer) -> Verdict),
}

/// In letters; 64 KiB are 65536.
const HUGE: usize = 70_000;

impl Broken {
    /// A request of the client itself, which has to be refused with one of `codes`.
    pub(super) const fn new(rule: Rule, spoil: Spoil, codes: &'static [&'static str]) -> Self {
        Self { rule, who: Who::Itself, spoil, judge: Judge::Refused(codes) }
    }

    /// A right request of somebody else.
    pub(super) const fn by(who: Who, rule: Rule, judge: Judge) -> Self {
        Self { rule, who, spoil: Spoil::Nothing, judge }
    }

    /// The same at both token endpoints.
    pub(super) const fn by_unknown_grant(id: &'static str) -> Self {
        let rule = Rule::must(
            id,
            "RFC 6749 §5.2",
            "an unknown grant type is refused",
            "unsupported_grant_type",
            "tell clients that the grant is not there, so that they look for another way",
        );
        let spoil = Spoil::With("grant_type", "urn:example:tegata-conformance");
        Self::new(rule, spoil, &["unsupported_grant_type"])
    }

    /// Sends it, and notes what came of it. `right` are the parameters as they should be.
    pub(super) async fn check(
        &self,
        endpoint: &Endpoint<'_>,
        right: Vec<(String, String)>,
        facts: &Facts,
        (examined, manners): (&mut Examined, &mut Manners),
    ) {
        let request =
            self.spoil.apply(right, facts).and_then(|params| endpoint.request(params, self.who));
        let verdict = match request {
            Err(why) => Verdict::Skipped(why),
            Ok(request) => match endpoint.send(request).await {
                // Whoever stands in front may close the door before all of it is there.
                Err(why) if matches!(self.spoil, Spoil::Huge(_)) => Verdict::Skipped(why),
                Err(why) => Verdict::Failed(why),
                Ok(answer) => {
                    manners.see(self.rule.id, &answer);
                    self.judge.of(&answer)
                }
            },
        };
        examined.note(self.rule, verdict);
    }
}

impl Spoil {
    /// The parameters, spoilt; or why that cannot be done.
    fn apply(
        &self,
        mut params: Vec<(String, String)>,
        facts: &Facts,
    ) -> Result<Vec<(String, String)>, String> {
        match *self {
            Self::Nothing => {}
            Self::Without(name) => params.retain(|(its, _)| its != name),
            Self::With(name, value) => put(&mut params, name, value.to_owned()),
            Self::Twice(name) => {
                let again = params.iter().find(|(its, _)| its == name).cloned();
                params.extend(again);
            }
            Self::Issuer(name) => put(&mut params, name, facts.issuer.clone()),
            Self::Huge(name) => put(&mut params, name, "A".repeat(HUGE)),
            Self::Put(name, make) => {
                let right = params.iter().find(|(its, _)| its == name);
                let right = right.map(|(_, value)| value.as_str()).unwrap_or_default();
                let made = make(facts, right)?;
                put(&mut params, name, made);
            }
        }
        Ok(params)
    }
}

fn put(params: &mut Vec<(String, String)>, name: &str, value: String) {
    params.retain(|(its, _)| its != name);
    params.push((name.to_owned(), value));
}

impl Judge {
    fn of(&self, answer: &Answer) -> Verdict {
        match self {
            Self::Refused(codes) => refused(answer, codes),
            Self::By(judge) => judge(answer),
        }
    }
}

/// RFC 6749 §5.2: "If the client attempted to authenticate via the "Authorization" request header
/// field, the authorization server MUST respond with an HTTP 401 (Unauthorized) status code and
/// include the "WWW-Authenticate" response header field matching the authentication scheme".
pub(super) fn challenged(answer: &Answer) -> Verdict {
    let mut challenges = answer.reply.headers_named("www-authenticate");
    let basic = challenges.any(|it| it.to_ascii_lowercase().contains("basic"));
    let refused = refused(answer, &["invalid_client"]);
    let got = match basic {
        true => format!("{}, with a challenge", refused.told()),
        false => format!("{}, without a challenge for Basic", refused.told()),
    };
    let right = basic && answer.reply.status == 401;
    Verdict::of(right && matches!(refused, Verdict::Passed(_)), got)
}
