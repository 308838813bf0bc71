//! The side that takes ID-JAGs: the right request, its answer, and what is to be refused
//! (ID-JAG §4.4).

use super::ask::{refused, said};
use super::check::{Examined, Rule, Verdict};
use super::endpoint::Endpoint;
use super::forge::Facts;
use super::leg_1::Purse;
use super::manners::Manners;
use super::redeem_answer::{self, Redeemed};
use super::redeem_broken::{BARE, MANNERS, WITH_ID_JAG};
use super::redeem_forged::FORGED;
use super::target::Target;
use crate::oauth::GrantType;
use crate::walkthrough::decoded::Decoded;
use crate::walkthrough::wire::params;

const RIGHT: Rule = Rule::must(
    "id-jag-4.4-right-request",
    "ID-JAG §4.4",
    "a right request is answered",
    "200",
    "grant_type, assertion and client authentication are enough: stock clients send no more",
);

const REPLAY: Rule = Rule::should(
    "id-jag-4.4.3-replay",
    "ID-JAG §4.4.3, EMA §7.4.2",
    "an ID-JAG counts once",
    "invalid_grant at the second time",
    "remember iss and jti until exp: MCP wants it, though ID-JAG leaves it to you",
);

/// All that can be checked here.
pub(super) fn rules() -> impl Iterator<Item = Rule> {
    with_id_jag().chain(BARE.iter().map(|it| it.rule)).chain(MANNERS)
}

/// All that needs an ID-JAG.
fn with_id_jag() -> impl Iterator<Item = Rule> {
    let answer = redeem_answer::CHECKS.iter().map(|it| it.rule);
    let broken = FORGED.iter().chain(WITH_ID_JAG).map(|it| it.rule);
    [RIGHT].into_iter().chain(answer).chain([REPLAY]).chain(broken)
}

/// Asks, and judges.
pub(super) async fn examine(
    target: &Target,
    endpoint: &Endpoint<'_>,
    purse: &mut Purse<'_>,
    facts: &Facts,
    examined: &mut Examined,
) {
    let mut manners = Manners::default();
    match purse.unused().await {
        Err(why) => examined.skip(with_id_jag(), &why),
        Ok(id_jag) => {
            let facts = Facts { id_jag: Some(id_jag.clone()), ..facts.clone() };
            if redeemed(target, endpoint, &facts, &id_jag, examined).await {
                examined.note(REPLAY, replayed(endpoint, &id_jag).await);
                let notes = (&mut *examined, &mut manners);
                broken(endpoint, purse, &facts, notes).await;
            } else {
                let after = with_id_jag().skip(1);
                examined.skip(after, "the right request was refused as well");
            }
        }
    }
    for broken in BARE {
        let notes = (&mut *examined, &mut manners);
        broken.check(endpoint, right("tegata-conformance"), facts, notes).await;
    }
    manners.conclude(&MANNERS, examined);
}

/// Presents the ID-JAG as stock clients do. Whether it was taken.
async fn redeemed(
    target: &Target,
    endpoint: &Endpoint<'_>,
    facts: &Facts,
    id_jag: &str,
    examined: &mut Examined,
) -> bool {
    let answer = match endpoint.ask(right(id_jag)).await {
        Ok(answer) if answer.reply.status == 200 => answer,
        Ok(answer) => {
            examined.note(RIGHT, Verdict::Failed(said(&answer)));
            return false;
        }
        Err(why) => {
            examined.note(RIGHT, Verdict::Failed(why));
            return false;
        }
    };
    examined.note(RIGHT, Verdict::Passed(said(&answer)));
    let access_token = answer.text("access_token").and_then(|it| Decoded::read(it).ok());
    let id_jag = Decoded::read(id_jag).map(|it| it.claims).unwrap_or_default();
    let client_id = facts.client_id.clone();
    let redeemed = Redeemed { target, client_id, id_jag, answer, access_token };
    for look in redeem_answer::CHECKS {
        examined.note(look.rule, (look.judge)(&redeemed));
    }
    true
}

async fn replayed(endpoint: &Endpoint<'_>, id_jag: &str) -> Verdict {
    match endpoint.ask(right(id_jag)).await {
        Ok(answer) => refused(&answer, &["invalid_grant"]),
        Err(why) => Verdict::Failed(why),
    }
}

/// What must not count: forgeries, and then right ID-JAGs that nobody has presented yet.
async fn broken(
    endpoint: &Endpoint<'_>,
    purse: &mut Purse<'_>,
    facts: &Facts,
    (examined, manners): (&mut Examined, &mut Manners),
) {
    let all = FORGED.iter().map(|it| (it, false)).chain(WITH_ID_JAG.iter().map(|it| (it, true)));
    for (broken, wants_unused) in all {
        let id_jag = if wants_unused { purse.unused().await } else { purse.any().await };
        match id_jag {
            Err(why) => examined.note(broken.rule, Verdict::Skipped(why)),
            Ok(id_jag) => {
                let notes = (&mut *examined, &mut *manners);
                broken.check(endpoint, right(&id_jag), facts, notes).await;
            }
        }
    }
}

fn right(assertion: &str) -> Vec<(String, String)> {
    params(&[("grant_type", GrantType::JwtBearer.as_str()), ("assertion", assertion)])
}
