//! The two legs of the ID-JAG's way, decided by facts alone.

use std::fmt;
use std::sync::Arc;

use time::OffsetDateTime;

use super::Question;
use super::facts::Facts;
use crate::cli::failure::Failure;
use crate::flows::explanation::advice;
use crate::grants::token_exchange;
use crate::model::{Client, ConnectionGrant, Login, Trust};
use crate::oauth::{ErrorCode, GrantType, Resource, Scope, SessionId};
use crate::policy::{self, Asked, Denied, Entitlement, Person};
use crate::terminal::printable;

/// What would happen: a line for each leg that would be passed, and why one would not.
pub(super) struct Verdict {
    pub said: Vec<String>,
    pub no: Option<No>,
}

/// Why not.
pub(super) struct No {
    leg: Option<String>,
    /// The leg that comes after.
    unreached: Option<String>,
    code: Option<ErrorCode>,
    why: String,
}

impl Verdict {
    pub(super) fn no(no: No) -> Self {
        Self { said: vec![], no: Some(no) }
    }
}

impl No {
    pub(super) fn of(why: impl Into<String>) -> Self {
        Self { leg: None, unreached: None, code: None, why: why.into() }
    }

    fn at(self, leg: &str) -> Self {
        Self { leg: Some(leg.to_owned()), ..self }
    }

    fn before(self, leg: &str) -> Self {
        Self { unreached: Some(leg.to_owned()), ..self }
    }

    pub(super) fn by(code: ErrorCode, why: impl Into<String>) -> Self {
        Self { code: Some(code), ..Self::of(why) }
    }

    fn reason(&self) -> String {
        let parts = [self.leg.as_deref(), self.code.map(ErrorCode::as_str), Some(&*self.why)];
        parts.into_iter().flatten().collect::<Vec<_>>().join(": ")
    }

    /// As it stands beside what would be passed, with the rule that decides.
    pub(super) fn lines(&self) -> Vec<String> {
        let rule = self.code.map(|code| {
            let rule = advice(code.as_str(), &self.why).rule;
            format!("         by {rule}")
        });
        let reason = format!("    no   {}", printable(&self.reason()));
        let unreached = self.unreached.as_ref().map(|leg| format!("     –   {leg}: not reached"));
        [Some(reason), rule, unreached].into_iter().flatten().collect()
    }
}

impl fmt::Display for No {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.leg {
            Some(_) => write!(f, "no: {}", self.reason()),
            None => f.write_str(&self.why),
        }
    }
}

/// Both legs, the second as far as the first leads to it.
pub(super) fn decide(
    facts: &Facts,
    question: &Question,
    now: OffsetDateTime,
) -> Result<Verdict, Failure> {
    let mut said = Vec::new();
    let at_home = "token exchange at home";
    let there = format!("redemption at {}", facts.service.id);
    let sid = SessionId::parse("policy-check")?;
    let no = match first_leg(facts, question, sid, now) {
        Err(no) => Some(no.at(at_home).before(&there)),
        Ok(entitlement) => {
            said.push(yes(at_home, &granted(entitlement.scope(), entitlement.resources())));
            if let Some(seconds) = entitlement.connection().terms.max_age {
                said.push(format!(
                    "         if the person signed in at most {seconds} seconds ago"
                ));
            }
            match second_leg(facts, &entitlement) {
                Ok(None) => {
                    said.push(format!("     ?   {there}: it lives elsewhere, and decides there"));
                    None
                }
                Ok(Some(second)) => {
                    said.push(yes(&there, &granted(&second.scope, entitlement.resources())));
                    said.extend(second.bound.map(|it| format!("         with {it}")));
                    None
                }
                Err(no) => Some(no.at(&there)),
            }
        }
    };
    Ok(Verdict { said, no })
}

/// The token exchange at home (ID-JAG §4.3).
fn first_leg(
    facts: &Facts,
    question: &Question,
    sid: SessionId,
    now: OffsetDateTime,
) -> Result<Entitlement, No> {
    let user = &facts.user;
    let client = facts.client.as_ref();
    let client = client.ok_or_else(|| No::of("the client is not registered there"))?;
    ready(client, GrantType::TokenExchange)?;
    bindable(facts, client)?;
    if !user.active {
        return Err(No::of("the person is not active"));
    }
    // As if they had signed in just now: what a newer login could not help with is what counts.
    let login = Login {
        sid,
        user: user.id.clone(),
        auth_time: now,
        acr: Login::PASSWORD.to_owned(),
        amr: vec!["pwd".to_owned()],
        ended_at: None,
    };
    let person = Person { user, login: &login, now };
    let (scope, resources) = (question.scope.as_ref(), question.resources.as_slice());
    let grant = ConnectionGrant::IdJag;
    let asked = Asked { grant, scope, resources, details: None, actors: &[], account: None };
    let (connection, service) = (facts.connection.clone(), Arc::clone(&facts.service));
    let decided = Entitlement::decide(connection, service, person, facts.consent.as_ref(), &asked);
    decided.map_err(|denied| {
        let which = matches!(denied, Denied::Groups).then(|| whose_groups(facts));
        let refusal = token_exchange::Refusal::Denied(denied);
        No::by(refusal.code(), format!("{refusal}{}", which.unwrap_or_default()))
    })
}

/// Whom the connection is for, and what the person is in.
fn whose_groups(facts: &Facts) -> String {
    let names = |it: &[String]| if it.is_empty() { "none".to_owned() } else { it.join(", ") };
    let wanted = facts.connection.as_ref().map(|it| names(&it.groups)).unwrap_or_default();
    let (name, groups) = (&facts.user.username, names(&facts.user.groups));
    format!(" (the connection is for the groups {wanted}; {name} is in {groups})")
}

/// What the redemption would come to.
struct Second {
    scope: Scope,
    /// What its token would be bound to, if it has to be bound.
    bound: Option<&'static str>,
}

/// The redemption at the service (ID-JAG §4.4), if it is hosted here.
fn second_leg(facts: &Facts, entitlement: &Entitlement) -> Result<Option<Second>, No> {
    let (service, home) = (&facts.service, &facts.home);
    if !service.hosted {
        return Ok(None);
    }
    let there = &entitlement.connection().client_there;
    let client = facts.client_there.as_ref();
    let client =
        client.ok_or_else(|| No::of(format!("there is no client {there} at the service")))?;
    ready(client, GrantType::JwtBearer)?;
    bindable(facts, client)?;
    let in_home = |it: &&Trust| it.issuer == *home && it.workload().is_none() && it.active;
    let Some(trust) = facts.trusts.iter().find(in_home) else {
        return Err(No::of("the service does not trust home, or not any more"));
    };
    if trust.terms.resource_required && entitlement.resources().is_empty() {
        let why = "the service wants a resource to be named";
        return Err(No::by(ErrorCode::InvalidGrant, why));
    }
    // Of a client that describes itself nobody said what it may have: the ID-JAG does.
    let offered = match client.described {
        Some(_) => service.scope(),
        None => service.offered(&client.scope),
    };
    let trusted = policy::grant_scope(trust.scope.as_ref(), &offered);
    let scope = policy::grant_scope(Some(entitlement.scope()), &trusted);
    if scope.is_empty() {
        let why = "nothing of that may be given to the client there";
        return Err(No::by(ErrorCode::InvalidScope, why));
    }
    let by_key = service.dpop_bound_access_tokens_required || client.dpop_bound_access_tokens;
    let bound = match client.tls_client_certificate_bound_access_tokens {
        true => Some("its certificate"),
        false => by_key.then_some("a DPoP proof of a key"),
    };
    Ok(Some(Second { scope, bound }))
}

/// Whether its tokens can be bound as it is registered.
fn bindable(facts: &Facts, client: &Client) -> Result<(), No> {
    let wants = client.tls_client_certificate_bound_access_tokens;
    match wants && !facts.certificates_can_come {
        true => Err(No::of(
            "its tokens are to be bound to a certificate, and none can come: see `tegata doctor`",
        )),
        false => Ok(()),
    }
}

fn ready(client: &Client, grant: GrantType) -> Result<(), No> {
    if !client.active {
        return Err(No::of("the client is not active"));
    }
    if client.is_public() {
        let why = "the client has no credentials (docs/decisions/0006-public-clients.md)";
        return Err(No::of(why));
    }
    let with_proof = grant == GrantType::JwtBearer && client.may_use(GrantType::JwtDpop);
    match client.may_use(grant) || with_proof {
        true => Ok(()),
        false => Err(No::of(format!("the client may not use {}", grant.as_str()))),
    }
}

fn granted(scope: &Scope, resources: &[Resource]) -> String {
    let names: Vec<_> = resources.iter().map(ToString::to_string).collect();
    match names.is_empty() {
        true => scope.to_string(),
        false => format!("{scope}, for {}", names.join(" ")),
    }
}

fn yes(what: &str, how: &str) -> String {
    format!("   yes   {what}: {how}")
}
