//! The side that issues ID-JAGs: the right request, its answer, and what is to be refused
//! (ID-JAG §4.3).

use super::ask::said;
use super::check::{Examined, Rule, Verdict};
use super::exchange_broken::{BROKEN, MANNERS};
use super::forge::Facts;
use super::leg_1::Leg1;
use super::manners::Manners;
use super::target::Target;
use super::{exchange_answer, id_jag, id_jag_header};
use crate::environment::Environment;
use crate::walkthrough::decoded::Decoded;
use crate::walkthrough::wire::Answer;

/// A right request, and what came back.
pub(super) struct Exchanged<'a> {
    pub target: &'a Target,
    pub leg_1: &'a Leg1<'a>,
    /// What the client is called by whoever takes the ID-JAG, if we know.
    pub client_there: Option<&'a str>,
    pub answer: Answer,
    pub facts: Facts,
}

const RIGHT: Rule = Rule::must(
    "id-jag-4.3-right-request",
    "ID-JAG §4.3",
    "a right request is answered",
    "200",
    "see the error: the checks below need one ID-JAG; try it with tegata walkthrough",
);

const UNIQUE: Rule = Rule::must(
    "id-jag-3.1-jti-unique",
    "ID-JAG §3.1",
    "each ID-JAG has a jti of its own",
    "another jti in the second ID-JAG",
    "make jti anew for each ID-JAG: whoever takes them tells replays by it",
);

/// All that can be checked here.
pub(super) fn rules() -> impl Iterator<Item = Rule> {
    let answer = exchange_answer::CHECKS.iter().map(|it| it.rule);
    let claims = id_jag_header::CHECKS.iter().chain(id_jag::CHECKS).map(|it| it.rule);
    let broken = BROKEN.iter().map(|it| it.rule);
    [RIGHT].into_iter().chain(answer).chain(claims).chain([UNIQUE]).chain(broken).chain(MANNERS)
}

/// Asks, and judges.
pub(super) async fn examine(
    target: &Target,
    leg_1: &Leg1<'_>,
    client_there: Option<&str>,
    environment: &Environment,
    examined: &mut Examined,
) {
    let answer = match leg_1.endpoint.ask(leg_1.params()).await {
        Ok(answer) if answer.reply.status == 200 => answer,
        Ok(answer) => return without(Verdict::Failed(said(&answer)), examined),
        Err(why) => return without(Verdict::Failed(why), examined),
    };
    examined.note(RIGHT, Verdict::Passed(said(&answer)));
    let facts = Facts {
        issuer: target.issuer.clone(),
        client_id: leg_1.endpoint.client_id().to_owned(),
        id_token: Some(leg_1.subject.id_token.clone()),
        access_token: leg_1.subject.access_token.clone(),
        id_jag: answer.text("access_token").map(str::to_owned),
        jti: environment.unique_id(),
        now: environment.clock.now(),
    };
    let exchanged = Exchanged { target, leg_1, client_there, answer, facts };
    for look in exchange_answer::CHECKS {
        examined.note(look.rule, (look.judge)(&exchanged));
    }
    let jwt = exchanged.jwt();
    for look in id_jag_header::CHECKS.iter().chain(id_jag::CHECKS) {
        let verdict = match &jwt {
            Ok(jwt) => (look.judge)(&exchanged, jwt),
            Err(why) => Verdict::skipped(why),
        };
        examined.note(look.rule, verdict);
    }
    examined.note(UNIQUE, unique(&exchanged).await);

    let mut manners = Manners::default();
    for broken in BROKEN {
        let notes = (&mut *examined, &mut manners);
        broken.check(&leg_1.endpoint, leg_1.params(), &exchanged.facts, notes).await;
    }
    manners.conclude(&MANNERS, examined);
}

impl Exchanged<'_> {
    /// What the ID-JAG says, or why nobody can tell.
    pub(super) fn jwt(&self) -> Result<Decoded, String> {
        let id_jag = self.facts.id_jag.as_deref().ok_or("there is no ID-JAG")?;
        Decoded::read(id_jag).map_err(|why| why.to_string())
    }
}

/// Where the right request is refused, a refusal of a broken one proves nothing.
fn without(verdict: Verdict, examined: &mut Examined) {
    examined.note(RIGHT, verdict);
    examined.skip(rules().skip(1), "the right request was refused as well");
}

async fn unique(exchanged: &Exchanged<'_>) -> Verdict {
    let jti = |jwt: &Decoded| jwt.claims.get("jti").cloned();
    let second = match exchanged.leg_1.id_jag().await {
        Ok(second) => second,
        Err(why) => return Verdict::Failed(why),
    };
    let read = Decoded::read(&second).map_err(|why| why.to_string());
    match (exchanged.jwt(), read) {
        (Ok(first), Ok(second)) => {
            let differ = jti(&first) != jti(&second);
            Verdict::of(differ, if differ { "two" } else { "the same one twice" })
        }
        (Err(why), _) | (_, Err(why)) => Verdict::Skipped(why),
    }
}
