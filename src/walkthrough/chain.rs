//! The whole way, step by step, and the ways to go wrong.

use super::agent::{Agent, Credentials, Metadata, Target, Token};
use super::breakage::{Break, FOREIGN_SCOPE};
use super::failure::Failure;
use super::report::{Finding, Report, Step};
use super::wire::Answer;
use super::{call, code, discover, exchange, redeem, sign_in};

/// What the agent has once the person has signed in.
pub struct SignedIn {
    /// What home says of itself.
    pub home: Metadata,
    /// The ID token.
    pub id_token: Token,
    /// The access token beside it, which no service takes.
    pub access_token: Option<String>,
}

/// Who and what `--break` needs beside the right things.
pub struct Stranger {
    /// Another client at the service, or none that it knows.
    pub credentials: Credentials,
    /// Another service that home issues for.
    pub service: String,
}

/// How a broken request was refused.
pub struct Refused {
    /// The status of the answer.
    pub status: u16,
    /// `error`.
    pub code: String,
    /// `error_description`.
    pub description: String,
}

const DISCOVERY: (&str, &str) = (
    "Home says who it is",
    "Everything that follows comes from home's metadata, whose issuer must be exactly the one asked for.",
);
const SIGN_IN: (&str, &str) = (
    "Alone with home, the person signs in",
    "The agent sends the browser to home and never sees the password. PKCE, state and iss tie the answer to the question.",
);
const CODE: (&str, &str) = (
    "The code becomes an ID token",
    "Only who made the PKCE challenge can use the code. The ID token says who signed in, to this client alone.",
);
const LEG_1: (&str, &str) = (
    "The ID token becomes an ID-JAG",
    "Home looks up what the administrator decided and seals a pass: this person, this client, one service, five minutes.",
);
const LEG_2: (&str, &str) = (
    "The ID-JAG becomes an access token",
    "The service trusts home's seal, but decides by its own terms. The pass counts once.",
);
const API: (&str, &str) = (
    "The API opens",
    "The API tells strangers where to get a token, and checks the token by itself: no call to anybody.",
);
const BROKEN: &str = "One thing is broken";

/// From nothing to an ID token.
pub async fn sign_in(agent: &Agent, report: &mut Report) -> Result<SignedIn, Failure> {
    let home = report
        .step(DISCOVERY, async |step| discover::home(&agent.http, &agent.home, step).await)
        .await?;
    let granted =
        report.step(SIGN_IN, async |step| sign_in::sign_in(agent, &home, step).await).await?;
    let (id_token, access_token) =
        report.step(CODE, async |step| code::exchange(agent, &home, &granted, step).await).await?;
    Ok(SignedIn { home, id_token, access_token })
}

/// The same at an issuer whose metadata are known, and without a word about what is not right on
/// the way: for who wants the tokens, and judges by itself.
pub async fn signed_in(agent: &Agent, home: Metadata) -> Result<SignedIn, Failure> {
    let mut step = Step::untold();
    let granted = sign_in::sign_in(agent, &home, &mut step).await?;
    let (id_token, access_token) = code::exchange(agent, &home, &granted, &mut step).await?;
    Ok(SignedIn { home, id_token, access_token })
}

/// From the ID token to the service's API.
pub async fn reach(
    agent: &Agent,
    signed_in: &SignedIn,
    target: &Target,
    report: &mut Report,
) -> Result<(), Failure> {
    let id_jag = leg_1(agent, signed_in, target, report).await?;
    let (_, access_token) = leg_2(agent, target, &id_jag, report).await?;
    let Some(api) = &target.api else {
        return Ok(());
    };
    report
        .step(API, async |step| {
            call::knock(agent, target, api, step).await?;
            call::call(agent, api, &access_token, step).await
        })
        .await
}

/// First the right way, so that the refusal has no other reason; then the same with one thing
/// broken, which must be refused.
pub async fn reach_broken(
    agent: &Agent,
    signed_in: &SignedIn,
    (target, stranger): (&Target, &Stranger),
    broken: Break,
    report: &mut Report,
) -> Result<Refused, Failure> {
    let used = leg_1(agent, signed_in, target, report).await?;
    let service = leg_2(agent, target, &used, report).await?.0;
    let elsewhere = stranger.target(target);
    let asked = if broken == Break::Audience { &elsewhere } else { target };
    let credentials =
        if broken == Break::Client { &stranger.credentials } else { &target.credentials };
    let scope = (broken == Break::Scope).then_some(FOREIGN_SCOPE);
    report
        .step((BROKEN, broken.what()), async |step| {
            let SignedIn { home, id_token, .. } = signed_in;
            let id_jag = match broken {
                Break::Replay => used.text,
                _ => match exchange::ask(agent, home, id_token, asked, step).await {
                    Ok(answer) => answer.required("access_token")?,
                    // Home may know already that nothing leads there.
                    refused if broken == Break::Audience => return judge(broken, refused, step),
                    Err(other) => return Err(other),
                },
            };
            let assertion = broken.assertion(&id_jag, &id_token.text, agent.now())?;
            let presented = (assertion.as_str(), scope);
            let answer = redeem::present(agent, &service, credentials, presented, step).await;
            judge(broken, answer, step)
        })
        .await
}

impl Stranger {
    /// ID-JAG §4.4.1: an ID-JAG for one service, presented at another ("audience injection").
    fn target(&self, right: &Target) -> Target {
        Target {
            service: self.service.clone(),
            credentials: right.credentials.clone(),
            resource: None,
            scope: None,
            api: None,
        }
    }
}

async fn leg_1(
    agent: &Agent,
    signed_in: &SignedIn,
    target: &Target,
    report: &mut Report,
) -> Result<Token, Failure> {
    let SignedIn { home, id_token, .. } = signed_in;
    report
        .step(LEG_1, async |step| exchange::exchange(agent, home, id_token, target, step).await)
        .await
}

async fn leg_2(
    agent: &Agent,
    target: &Target,
    id_jag: &Token,
    report: &mut Report,
) -> Result<(Metadata, Token), Failure> {
    report
        .step(LEG_2, async |step| {
            let service = discover::service(&agent.http, &target.service, step).await?;
            let token = redeem::redeem(agent, &service, target, id_jag, step).await?;
            Ok((service, token))
        })
        .await
}

/// Success is the right refusal.
fn judge(
    broken: Break,
    answer: Result<Answer, Failure>,
    step: &mut Step,
) -> Result<Refused, Failure> {
    let (status, code, description) = match answer {
        Ok(_) => return Err(Failure::Accepted { broken }),
        Err(Failure::Refused { status, code, description, .. }) => (status, code, description),
        Err(other) => return Err(other),
    };
    // RFC 6749 §5.2: 401 is for `invalid_client` alone.
    let right_status = if code == "invalid_client" { 401 } else { 400 };
    let right = broken.right_codes();
    if !right.contains(&code.as_str()) {
        return Err(Failure::RefusedOtherwise { broken, code, expected: right.join(" or ") });
    }
    step.found(
        "The refusal",
        vec![
            Finding::check(
                "status",
                status.to_string(),
                "by RFC 6749 §5.2",
                status == right_status,
            ),
            Finding::check("error", &code, "the code that the spec gives for it", true),
        ],
    );
    Ok(Refused { status, code, description })
}
