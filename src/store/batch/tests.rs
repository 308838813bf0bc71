//! Lists of effects that come together.

use std::sync::Arc;

use time::{Duration, OffsetDateTime};

use crate::model::{
    DetailTypes, Digest, Foreign, LedgerEntry, LedgerEvent, Link, LinkInvitation, Login, Outcome,
    RefreshToken, Registrations, Service, TokenFamily,
};
use crate::oauth::{ClientId, Issuer, Jti, RequestId, Scope, ServiceId, SessionId, Subject};
use crate::store::batch::Script;
use crate::store::memory::DECIDED;
use crate::store::{
    CommitError, Committing, Conflict, Effect, Store, Transaction, accounts, ledger,
    refresh_tokens, services, token_families,
};
use crate::telemetry::Stopwatch;

const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

async fn store() -> Store {
    Store::open("sqlite::memory:").await.unwrap()
}

fn uses(jti: &str, otherwise: Conflict) -> Effect {
    let (issuer, jti) = ("https://idp.example".to_owned(), Jti::parse(jti).unwrap());
    Effect::UseOnce { issuer, jti, forget_after: NOW + Duration::hours(1), otherwise }
}

fn records(jti: &str) -> Effect {
    Effect::Record(Box::new(LedgerEntry {
        at: NOW,
        request: RequestId::parse("r-1").unwrap(),
        issuer: Issuer::parse("https://idp.example").unwrap(),
        event: LedgerEvent::AccessToken,
        client: None,
        user: None,
        service: None,
        scope: None,
        resource: None,
        jti: Some(jti.to_owned()),
        parent: None,
        remark: None,
        outcome: Outcome::Issued,
    }))
}

fn family(id: &str) -> Arc<TokenFamily> {
    Arc::new(TokenFamily {
        id: id.to_owned(),
        issuer: Issuer::parse("https://idp.example").unwrap(),
        client: ClientId::parse("wiki").unwrap(),
        user: Subject::parse("alice").unwrap(),
        sid: SessionId::parse("s-1").unwrap(),
        scope: Scope::default(),
        resources: vec![],
        key: None,
        revoked: false,
    })
}

fn token(secret: &str, family: &Arc<TokenFamily>) -> Arc<RefreshToken> {
    let (digest, family) = (Digest::of(secret), Arc::clone(family));
    Arc::new(RefreshToken { digest, family, expires_at: NOW + Duration::days(1), used: false })
}

/// A transaction in which `family` was opened, with its first token.
async fn opened(store: &Store, family: &TokenFamily, until: OffsetDateTime) -> Transaction {
    let transaction = store.begin().await.unwrap();
    let mut script = Script::new(&transaction);
    token_families::open(&mut script, &[(family, until)]);
    refresh_tokens::keep(&mut script, &[&token("first", &Arc::new(family.clone()))]);
    script.run(&transaction).await.unwrap();
    transaction
}

fn rotates(old: &str, new: &str, family: &Arc<TokenFamily>) -> Effect {
    Effect::RotateRefreshToken { old: Digest::of(old), new: token(new, family) }
}

/// Hands all lists over before any of them can be answered, so that they come together.
async fn together(store: &Store, lists: Vec<Vec<Effect>>) -> Vec<Result<(), CommitError>> {
    let waiting =
        lists.into_iter().map(|it| store.begin_commit(it, NOW, Stopwatch::start()).unwrap());
    let waiting: Vec<Committing> = waiting.collect();
    let mut answers = Vec::new();
    for committing in waiting {
        answers.push(committing.durable().await);
    }
    answers
}

fn conflict(answer: &Result<(), CommitError>) -> Option<Conflict> {
    match answer {
        Err(CommitError::Conflict(conflict)) => Some(*conflict),
        _ => None,
    }
}

async fn recorded(store: &Store) -> Vec<String> {
    let rows = ledger::tail(store.read(), None, 100).await.unwrap();
    rows.into_iter().filter_map(|row| row.entry.jti).collect()
}

#[tokio::test]
async fn of_two_the_first_wins_and_the_other_leaves_nothing() {
    let store = store().await;
    let list = |name| vec![uses("a", Conflict::GrantUsed), records(name)];
    let answers = together(&store, vec![list("first"), list("second"), list("third")]).await;
    assert!(answers[0].is_ok());
    assert_eq!(conflict(&answers[1]), Some(Conflict::GrantUsed));
    assert_eq!(conflict(&answers[2]), Some(Conflict::GrantUsed));
    assert_eq!(recorded(&store).await, ["first"]);
    let later = store.commit(list("later"), NOW).await;
    assert_eq!(conflict(&later), Some(Conflict::GrantUsed));
}

/// A proof is used up by what it gets, not by a refusal.
#[tokio::test]
async fn a_proof_of_which_nothing_came() {
    let store = store().await;
    let both = vec![uses("proof", Conflict::ProofUsed), uses("grant", Conflict::GrantUsed)];
    let alone = vec![uses("proof", Conflict::ProofUsed)];
    let answers =
        together(&store, vec![vec![uses("grant", Conflict::GrantUsed)], both, alone]).await;
    assert_eq!(conflict(&answers[1]), Some(Conflict::GrantUsed));
    assert!(answers[2].is_ok(), "the proof was not used up");
}

/// One that the database does not take: a login of nobody.
#[tokio::test]
async fn one_that_is_wrong_among_others() {
    let store = store().await;
    let login = Login {
        sid: SessionId::parse("s-1").unwrap(),
        user: Subject::parse("nobody").unwrap(),
        auth_time: NOW,
        acr: String::new(),
        amr: vec![],
        ended_at: None,
    };
    let wrong = vec![Effect::BeginLogin { login, forget_after: NOW }, records("wrong")];
    let answers = together(&store, vec![vec![records("one")], wrong, vec![records("other")]]).await;
    assert!(answers[0].is_ok() && answers[2].is_ok());
    assert!(matches!(answers[1], Err(CommitError::Store(_))));
    assert_eq!(recorded(&store).await, ["one", "other"]);
}

#[tokio::test]
async fn a_family_that_is_revoked_in_between() {
    let store = store().await;
    let family = family("f-1");
    let code = Digest::of("code");
    // What opens a family is a code; here the family alone matters.
    let until = NOW + Duration::days(1);
    Store::finish(opened(&store, &family, until).await).await.unwrap();

    let lists = vec![
        vec![Effect::RedeemCode { code, opens: Arc::clone(&family), forget_after: until }],
        vec![rotates("first", "second", &family), records("second")],
        vec![rotates("first", "stolen", &family), records("stolen")],
        vec![Effect::RevokeFamily("f-1".into())],
    ];
    let answers = together(&store, lists).await;
    assert_eq!(conflict(&answers[0]), Some(Conflict::CodeUsed), "nobody knows that code");
    assert!(answers[1].is_ok());
    assert_eq!(conflict(&answers[2]), Some(Conflict::RefreshTokenUsed));
    assert!(answers[3].is_ok());
    let after = store.commit(vec![rotates("second", "third", &family)], NOW).await;
    assert_eq!(conflict(&after), Some(Conflict::FamilyRevoked));
    assert_eq!(recorded(&store).await, ["second"]);
    assert!(store.family("f-1").await.unwrap().unwrap().revoked);
}

/// What came of one thing is found among the rows of everybody else, wherever it lies.
#[tokio::test]
async fn what_came_of_one_among_many() {
    let store = store().await;
    let entry = |number: usize, parent: &str| {
        let Effect::Record(mut entry) = records(&format!("{number}")) else { panic!("a row") };
        entry.parent = Some(parent.to_owned());
        vec![Effect::Record(entry)]
    };
    let rows = (1..=700).map(|it| entry(it, if it % 150 == 0 { "sought" } else { "other" }));
    let answers = together(&store, rows.collect()).await;
    assert!(answers.iter().all(Result::is_ok));
    let numbers = async |after| {
        let rows = ledger::obtained_by(store.read(), "sought", after).await.unwrap();
        rows.into_iter().map(|it| it.number).collect::<Vec<_>>()
    };
    assert_eq!(numbers(0).await, [150, 300, 450, 600]);
    assert_eq!(numbers(300).await, [450, 600]);
    assert_eq!(numbers(700).await, [0; 0]);
}

/// Without a limit, memory would be the limit.
#[tokio::test]
async fn more_than_can_wait() {
    let store = store().await;
    // The writer waits for the only connection.
    let transaction = store.begin().await.unwrap();
    let mut waiting = Vec::new();
    let overloaded = loop {
        match store.begin_commit(vec![records("x")], NOW, Stopwatch::start()) {
            Ok(committing) => waiting.push(committing),
            Err(error) => break error,
        }
    };
    assert!(matches!(overloaded, CommitError::Overloaded));
    drop(transaction);
    for committing in waiting {
        match committing.durable().await {
            // On a slow machine those at the end of the queue are decided anew.
            Ok(()) | Err(CommitError::Late(_)) => {}
            other => panic!("{other:?}"),
        }
    }
    store.commit(vec![records("x")], NOW).await.unwrap();
}

/// What was decided by news that are old does not happen: somebody may be switched off by now.
#[tokio::test]
async fn decided_too_long_ago() {
    let store = store().await;
    let transaction = store.begin().await.unwrap();
    // The writer waits for the only connection with the first, and the second waits for it.
    let begun = Stopwatch::start();
    let first = store.begin_commit(vec![records("first")], NOW, begun).unwrap();
    tokio::time::sleep(DECIDED / 2).await;
    let second = store.begin_commit(vec![records("second")], NOW, begun).unwrap();
    tokio::time::sleep(DECIDED).await;
    drop(transaction);
    first.durable().await.unwrap();
    assert!(matches!(second.durable().await, Err(CommitError::Late(_))));
    assert_eq!(recorded(&store).await, ["first"]);
}

/// Who has hung up still has the refresh token, and comes again with it.
#[tokio::test]
async fn a_rotation_that_nobody_waits_for() {
    let store = store().await;
    let family = family("f-1");
    let transaction = opened(&store, &family, NOW + Duration::days(1)).await;
    // The writer is busy with this one until the transaction ends.
    let busy = store.begin_commit(vec![records("busy")], NOW, Stopwatch::start()).unwrap();
    tokio::task::yield_now().await;
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    let rotation = vec![rotates("first", "lost", &family)];
    drop(store.begin_commit(rotation, NOW, Stopwatch::start()).unwrap());
    Store::finish(transaction).await.unwrap();
    busy.durable().await.unwrap();
    store.commit(vec![rotates("first", "second", &family)], NOW).await.unwrap();
}

/// What waits is written before the store is closed, and nothing is taken after.
#[tokio::test]
async fn closing() {
    let store = store().await;
    let waiting = store.begin_commit(vec![records("last")], NOW, Stopwatch::start()).unwrap();
    let other = store.clone();
    store.close().await.unwrap();
    waiting.durable().await.unwrap();
    assert!(matches!(
        other.begin_commit(vec![], NOW, Stopwatch::start()),
        Err(CommitError::Store(_))
    ));
}

/// A store that knows the service chat.
async fn with_chat() -> Store {
    let store = store().await;
    let chat = Service {
        id: ServiceId::parse("chat").unwrap(),
        name: "Chat".to_owned(),
        issuer: Issuer::parse("https://chat.example").unwrap(),
        hosted: true,
        active: true,
        resources: vec![],
        audience_aliases: vec![],
        scopes: vec![],
        access_token_signing_alg: "ES256".to_owned(),
        dpop_bound_access_tokens_required: false,
        described_scope: Scope::default(),
        registrations: Registrations::default(),
        authorization_details_types: DetailTypes::default(),
        sector: None,
    };
    services::keep(store.write(), &chat).await.unwrap();
    store
}

/// An invitation for `subject`, who is carol or somebody else.
fn invitation(id: &str, subject: &str) -> Box<LinkInvitation> {
    Box::new(LinkInvitation {
        id: Jti::parse(id).unwrap(),
        digest: Digest::of(id),
        service: ServiceId::parse("chat").unwrap(),
        whose: Foreign::of(
            Issuer::parse("https://idp.partner.example").unwrap(),
            Subject::parse(subject).unwrap(),
        ),
        email: "carol@partner.example".to_owned(),
        client: ClientId::parse("wiki").unwrap(),
        jti: Jti::parse("asked").unwrap(),
        expires_at: NOW + Duration::minutes(10),
    })
}

fn links(by: &LinkInvitation, account: &str) -> Vec<Effect> {
    let account = Subject::parse(account).unwrap();
    let jti = format!("{} to {account}", by.id);
    vec![Effect::Link { by: Box::new(by.clone()), account }, records(&jti)]
}

fn unlinks(whose: &LinkInvitation, account: &str) -> Vec<Effect> {
    let (service, whose) = whose.about();
    let link = Link { service, whose, account: Subject::parse(account).unwrap() };
    vec![Effect::Unlink(Box::new(link)), records(&format!("not {account}"))]
}

/// An answer ends all invitations for its subject, and no other; and nobody takes another's link.
#[tokio::test]
async fn one_link_for_a_subject() {
    let store = with_chat().await;
    let (one, other, dave) =
        (invitation("1", "carol"), invitation("2", "carol"), invitation("3", "dave"));
    let all = [&one, &other, &dave].map(|it| Effect::Invite(it.clone()));
    store.commit(all.into(), NOW).await.unwrap();
    let lists = vec![
        links(&other, "alice"),
        links(&other, "bob"),
        links(&one, "bob"),
        vec![Effect::Dismiss(one.clone())],
        links(&dave, "bob"),
    ];
    let answers = together(&store, lists).await;
    let met: Vec<_> = answers.iter().map(conflict).collect();
    let over = Some(Conflict::LinkOver);
    assert_eq!(met, [None, over, over, over, None]);
    assert_eq!(recorded(&store).await, ["2 to alice", "3 to bob"]);
    assert_eq!(conflict(&store.commit(links(&one, "bob"), NOW).await), over);
    let alice = accounts::of(store.read(), &one.service, &one.whose).await.unwrap().unwrap();
    assert_eq!(alice.id.as_str(), "alice");
}

/// Where an administrator was faster, the person finds what they did.
#[tokio::test]
async fn a_subject_that_an_administrator_linked() {
    let store = with_chat().await;
    let carol = invitation("1", "carol");
    store.commit(vec![Effect::Invite(carol.clone())], NOW).await.unwrap();
    let bob = Subject::parse("bob").unwrap();
    let by_hand = Link { service: carol.service.clone(), whose: carol.whose.clone(), account: bob };
    accounts::link(store.write(), &by_hand, None).await.unwrap();
    let others = vec![uses("a", Conflict::GrantUsed), records("other")];
    let answers = together(&store, vec![links(&carol, "alice"), others]).await;
    assert_eq!(conflict(&answers[0]), Some(Conflict::LinkOver));
    assert!(answers[1].is_ok());
    assert_eq!(recorded(&store).await, ["other"]);
}

/// A person takes out what is theirs and in force, once.
#[tokio::test]
async fn what_is_unlinked_once() {
    let store = with_chat().await;
    let carol = invitation("1", "carol");
    store.commit(vec![Effect::Invite(carol.clone())], NOW).await.unwrap();
    store.commit(links(&carol, "alice"), NOW).await.unwrap();
    let over = Some(Conflict::LinkOver);
    assert_eq!(conflict(&store.commit(unlinks(&carol, "bob"), NOW).await), over);
    accounts::switch(store.write(), &carol.service, &carol.whose, false).await.unwrap();
    assert_eq!(conflict(&store.commit(unlinks(&carol, "alice"), NOW).await), over);
    accounts::switch(store.write(), &carol.service, &carol.whose, true).await.unwrap();
    let answers = together(&store, vec![unlinks(&carol, "alice"), unlinks(&carol, "alice")]).await;
    assert!(answers[0].is_ok());
    assert_eq!(conflict(&answers[1]), over);
    assert_eq!(recorded(&store).await, ["1 to alice", "not alice"]);
}
