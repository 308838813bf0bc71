//! The ledger: a row for everything that is issued and everything that is refused, from the
//! login to the last token, and no token without one.

use std::collections::BTreeMap;

use axum::body::Body;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sea_orm::{ConnectionTrait, DbBackend};
use tegata::model::{LedgerEntry, LedgerRow, Outcome};
use tegata::oauth::{ClientId, Subject};
use tegata::store;
use time::Duration;

use crate::hostile_input::FORM;
use crate::support::{
    Answer, Browser, CALLBACK, CHAT, HOME, JWT_BEARER, NOW, World, authorize_url, claims_of,
    exchange, exchange_of, form, id_token_of, redeem, redeem_code, request, secret_of, signed_in,
    tokens_of,
};
use crate::sweep::signed_in_again;

/// All rows, oldest first.
async fn rows(world: &World) -> Vec<LedgerRow> {
    store::ledger::tail(world.live.shared().store.read(), None, 1_000).await.unwrap()
}

/// What `answer` brought into the ledger, by the id that it has in its header.
async fn rows_of(world: &World, answer: &Answer) -> Vec<LedgerEntry> {
    let id = answer.header("x-request-id");
    assert!(!id.is_empty());
    let of_it = rows(world).await.into_iter().map(|row| row.entry);
    of_it.filter(|entry| entry.request.as_str() == id).collect()
}

async fn row_of(world: &World, answer: &Answer) -> LedgerEntry {
    let [row] = rows_of(world, answer).await.try_into().unwrap();
    row
}

fn jti_of(token: &str) -> String {
    claims_of(token)["jti"].as_str().unwrap().to_owned()
}

/// One line for a row, with names in the place of what is random.
fn line(entry: &LedgerEntry, names: &BTreeMap<String, &str>) -> String {
    let known = |it: Option<&str>| match it {
        None => "-".to_owned(),
        Some(text) => names.get(text).map_or(text.to_owned(), |name| (*name).to_owned()),
    };
    let outcome = match &entry.outcome {
        Outcome::Issued => "issued".to_owned(),
        Outcome::Refused { code, reason } => format!("{code}: {reason}"),
    };
    [
        entry.event.as_str().to_owned(),
        format!("at {}", known(Some(entry.issuer.as_str()))),
        format!("by {}", known(entry.client.as_ref().map(ClientId::as_str))),
        format!("for {}", known(entry.user.as_ref().map(Subject::as_str))),
        format!("to {}", known(entry.service.as_deref())),
        format!("scope {}", known(entry.scope.as_ref().map(ToString::to_string).as_deref())),
        format!("resource {}", known(entry.resource.as_deref())),
        format!("{} from {}", known(entry.jti.as_deref()), known(entry.parent.as_deref())),
        outcome,
    ]
    .join(", ")
}

/// Who acted for whom, and by what right, back to the moment when she signed in.
/// Row 171.
#[tokio::test]
async fn the_whole_way_of_an_access_token() {
    let world = World::new().await;
    let browser = signed_in(&world, "alice").await;
    world.hands.advance(Duration::seconds(5));
    let tokens = tokens_of(&world, &browser).await;
    let id_token = tokens.member("id_token");
    world.hands.advance(Duration::seconds(5));
    let asked = [("scope", "chat.read chat.admin"), ("resource", "https://chat.example/mcp")];
    let exchanged = exchange(&world, &id_token, &asked).await;
    world.hands.advance(Duration::seconds(5));
    let redeemed = redeem(&world, &exchanged.access_token(), &[]).await;

    let all = rows(&world).await;
    let sid = claims_of(&id_token)["sid"].as_str().unwrap().to_owned();
    let family = tokens.claims()["grant_id"].as_str().unwrap().to_owned();
    let names = BTreeMap::from([
        (world.sub_of("alice").await, "alice"),
        (sid.clone(), "the login"),
        (family, "the code"),
        (jti_of(&id_token), "the ID Token"),
        (jti_of(&tokens.access_token()), "the access token of home"),
        (jti_of(&exchanged.access_token()), "the ID-JAG"),
        (jti_of(&redeemed.access_token()), "the access token of chat"),
    ]);
    let lines: Vec<_> = all.iter().map(|row| line(&row.entry, &names)).collect();
    insta::assert_snapshot!(lines.join("\n"), @"
    sign_in, at https://home.example, by wiki-agent, for alice, to -, scope -, resource -, the login from -, issued
    code, at https://home.example, by wiki-agent, for alice, to -, scope email offline_access openid profile, resource -, the code from the login, issued
    access_token, at https://home.example, by wiki-agent, for alice, to https://home.example, scope email offline_access openid profile, resource https://home.example, the access token of home from the code, issued
    id_token, at https://home.example, by wiki-agent, for alice, to https://home.example, scope email offline_access openid profile, resource https://home.example, the ID Token from the code, issued
    id_jag, at https://home.example, by wiki-agent, for alice, to https://home.example/services/chat, scope chat.read, resource https://chat.example/mcp, the ID-JAG from the ID Token, issued
    access_token, at https://home.example/services/chat, by wiki-at-chat, for alice, to https://home.example/services/chat, scope chat.read, resource https://chat.example/mcp, the access token of chat from the ID-JAG, issued
    ");

    // Each at its time, ascending, and under the id of its answer.
    let at = |event: &str| {
        let [row] =
            all.iter().filter(|row| row.entry.event.as_str() == event).collect::<Vec<_>>()[..]
        else {
            panic!("not one {event}")
        };
        row.entry.at
    };
    assert_eq!(at("sign_in"), NOW);
    assert_eq!(at("id_jag"), NOW + Duration::seconds(10));
    assert!(all.windows(2).all(|pair| pair[0].number < pair[1].number));
    assert_eq!(rows_of(&world, &tokens).await.len(), 2);
    assert_eq!(row_of(&world, &exchanged).await.event.as_str(), "id_jag");
    assert_eq!(row_of(&world, &redeemed).await.issuer.as_str(), CHAT);

    // From the last token back to the login, step by step.
    let mut jti = jti_of(&redeemed.access_token());
    let mut steps = vec![];
    while let Some(row) = all.iter().find(|row| row.entry.jti.as_ref() == Some(&jti)) {
        steps.push(row.entry.event.as_str());
        let Some(parent) = row.entry.parent.clone() else { break };
        jti = parent;
    }
    assert_eq!(steps, ["access_token", "id_jag", "id_token", "code", "sign_in"]);
    assert_eq!(jti, sid);
}

/// The ledger is found by either end.
#[tokio::test]
async fn what_came_of_an_id_jag() {
    let world = World::new().await;
    let id_jag = exchange(&world, &id_token_of(&world, "alice").await, &[]).await.access_token();
    redeem(&world, &id_jag, &[]).await.access_token();
    redeem(&world, &id_jag, &[]).await.refusal();
    let db = world.live.shared().store.read();
    let mut about = store::ledger::named(db, &jti_of(&id_jag)).await.unwrap();
    about.extend(store::ledger::obtained_by(db, &jti_of(&id_jag), about[0].number).await.unwrap());
    let events: Vec<_> = about.iter().map(|row| row.entry.event.as_str()).collect();
    assert_eq!(events, ["id_jag", "access_token", "access_token"]);
    let Outcome::Refused { code, reason } = &about[2].entry.outcome else { panic!("a replay") };
    assert_eq!(
        (code.as_str(), reason.as_str()),
        ("invalid_grant", "the assertion was already used")
    );
}

/// Every refusal has one row, which says what the client was told, and names no token.
#[tokio::test]
async fn refusals() {
    let world = World::new().await;
    let id_token = id_token_of(&world, "alice").await;
    let id_jag = exchange(&world, &id_token, &[]).await.access_token();
    redeem(&world, &id_jag, &[]).await.access_token();
    let of_bob = id_token_of(&world, "bob").await;
    let wrong = BASE64_STANDARD.encode("wiki-agent:wrong-secret-0123456789-0123456789");
    let token = |body: String, headers: &[(&str, &str)]| {
        let mut request = request("POST", &format!("{HOME}/oauth2/token"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(Body::from(body)).unwrap()
    };
    let wrong = [("content-type", FORM), ("authorization", &format!("Basic {wrong}"))];
    let grant = form(&exchange_of(&id_token));

    let answers = [
        world.send(token(grant.clone(), &wrong)).await,
        world.send(token(grant, &[("content-type", "application/json")])).await,
        world.send(token("\u{0}".into(), &[("content-type", FORM)])).await,
        world.post_bare(HOME, &exchange_of(&id_token)).await,
        world.post_token(HOME, "wiki-agent", &[("grant_type", "password")]).await,
        world.post_token(HOME, "nobody", &[("grant_type", "client_credentials")]).await,
        exchange(&world, &id_jag, &[]).await,
        exchange(&world, &id_token, &[("audience", "https://nowhere.example")]).await,
        exchange(&world, &id_token, &[("scope", "chat.admin")]).await,
        exchange(&world, &of_bob, &[]).await,
        redeem_code(&world, "no-code").await,
        redeem(&world, &id_jag, &[]).await,
        redeem(&world, &id_jag, &[("scope", "\"")]).await,
        world
            .post_token(CHAT, "todo-at-chat", &[("grant_type", JWT_BEARER), ("assertion", &id_jag)])
            .await,
    ];
    let names = BTreeMap::from([
        (world.sub_of("alice").await, "alice"),
        (world.sub_of("bob").await, "bob"),
        (jti_of(&id_token), "her ID Token"),
        (jti_of(&of_bob), "his ID Token"),
        (jti_of(&id_jag), "the ID-JAG"),
    ]);
    let mut lines = vec![];
    for answer in &answers {
        let row = row_of(&world, answer).await;
        let Outcome::Refused { code, reason } = &row.outcome else { panic!("{row:?}") };
        let decision = format!(" [decision {}]", answer.header("x-request-id"));
        let told = (&answer.member("error"), &answer.member("error_description"));
        assert_eq!((code, &format!("{reason}{decision}")), told);
        assert_eq!(row.jti, None);
        lines.push(line(&row, &names));
    }
    insta::assert_snapshot!(lines.join("\n"), @"
    token_request, at https://home.example, by wiki-agent, for -, to -, scope -, resource -, - from -, invalid_client: client authentication failed
    token_request, at https://home.example, by -, for -, to -, scope -, resource -, - from -, invalid_request: the Content-Type must be application/x-www-form-urlencoded
    token_request, at https://home.example, by -, for -, to -, scope -, resource -, - from -, invalid_request: the request has a control character in a parameter
    token_request, at https://home.example, by -, for -, to -, scope -, resource -, - from -, invalid_client: client authentication is required
    token_request, at https://home.example, by wiki-agent, for -, to -, scope -, resource -, - from -, unsupported_grant_type: this grant type is not supported here
    token_request, at https://home.example, by nobody, for -, to -, scope -, resource -, - from -, invalid_client: client authentication failed
    id_jag, at https://home.example, by wiki-agent, for -, to https://home.example/services/chat, scope -, resource -, - from -, invalid_grant: the subject token is not acceptable: its typ says that it is something else
    id_jag, at https://home.example, by wiki-agent, for alice, to https://nowhere.example, scope -, resource -, - from her ID Token, invalid_target: the audience is not the issuer of a service that is known here
    id_jag, at https://home.example, by wiki-agent, for alice, to https://home.example/services/chat, scope chat.admin, resource -, - from her ID Token, invalid_scope: no scope that was asked for can be granted
    id_jag, at https://home.example, by wiki-agent, for bob, to https://home.example/services/chat, scope -, resource -, - from his ID Token, access_denied: the administrator has not opened this connection to the person
    token_request, at https://home.example, by wiki-agent, for -, to -, scope -, resource -, - from -, invalid_grant: the code is unknown: it may be mistyped, or long expired
    access_token, at https://home.example/services/chat, by wiki-at-chat, for alice, to https://home.example/services/chat, scope chat.read chat.write, resource https://chat.example/mcp https://chat.example/files, - from the ID-JAG, invalid_grant: the assertion was already used
    token_request, at https://home.example/services/chat, by wiki-at-chat, for -, to -, scope -, resource -, - from -, invalid_scope: scope is malformed: scope has a character that RFC 6749 does not allow
    access_token, at https://home.example/services/chat, by todo-at-chat, for -, to -, scope -, resource -, - from -, invalid_grant: the assertion is not acceptable: it was issued to another client
    ");

    let everything = format!("{:?}", rows(&world).await);
    for token in [&id_token, &of_bob, &id_jag, &secret_of("wiki-agent"), "wrong-secret", "no-code"]
    {
        assert!(!everything.contains(token), "{token} is in the ledger");
    }
}

/// What people are refused, and what they refuse.
#[tokio::test]
async fn people() {
    let world = World::new().await;
    let url = authorize_url(HOME, "wiki-agent", &[]);
    let mut browser = Browser::open(&world, &url).await;
    browser.sign_in("alice", "wrong-password").await;
    browser.sign_in("nobody", "nobody-password").await;
    browser.sign_in("alice", "alice-password").await;
    browser.submit(&[("decision", "refuse")]).await;
    assert_eq!(browser.sent("error").as_deref(), Some("access_denied"));
    browser.go(&authorize_url(HOME, "wiki-agent", &[("code_challenge", "")])).await;
    browser.go(&format!("{HOME}/oauth2/logout")).await;
    browser.submit(&[]).await;

    let signed_in = rows(&world).await.into_iter().find(|row| row.entry.outcome == Outcome::Issued);
    let sid = signed_in.unwrap().entry.jti.unwrap();
    let names = BTreeMap::from([(world.sub_of("alice").await, "alice"), (sid, "the login")]);
    let lines: Vec<_> = rows(&world).await.iter().map(|row| line(&row.entry, &names)).collect();
    insta::assert_snapshot!(lines.join("\n"), @"
    sign_in, at https://home.example, by wiki-agent, for alice, to -, scope -, resource -, - from -, access_denied: wrong user name or password
    sign_in, at https://home.example, by wiki-agent, for -, to -, scope -, resource -, - from -, access_denied: wrong user name or password
    sign_in, at https://home.example, by wiki-agent, for alice, to -, scope -, resource -, the login from -, issued
    code, at https://home.example, by wiki-agent, for alice, to -, scope -, resource -, - from -, access_denied: the person refused
    code, at https://home.example, by wiki-agent, for alice, to -, scope -, resource -, - from -, invalid_request: code_challenge is required (RFC 7636)
    sign_out, at https://home.example, by -, for alice, to -, scope -, resource -, the login from -, issued
    ");
    assert!(!format!("{:?}", rows(&world).await).contains("-password"));
}

async fn execute(world: &World, statement: &str) {
    world.live.shared().store.write().execute_unprepared(statement).await.unwrap();
}

/// No token leaves before its row is committed: where none can be written, none leaves, nothing
/// is used up, and no refusal is told either.
#[tokio::test]
async fn nothing_without_a_ledger() {
    let world = World::new().await;
    let browser = signed_in(&world, "alice").await;
    let code = browser.sent("code").unwrap();
    let id_token = tokens_of(&world, &signed_in_again(&world).await).await.member("id_token");
    let id_jag = exchange(&world, &id_token, &[]).await.access_token();
    let before = rows(&world).await;

    // On SQLite the ledger is a view of the tables of its months.
    let table = match world.live.shared().store.read().get_database_backend() {
        DbBackend::Sqlite => "ledger_202601",
        _ => "ledger",
    };
    execute(&world, &format!("ALTER TABLE {table} RENAME TO ledger_away")).await;
    let answers = [
        redeem_code(&world, &code).await,
        exchange(&world, &id_token, &[]).await,
        redeem(&world, &id_jag, &[]).await,
        world.post_token(HOME, "wiki-agent", &[("grant_type", "client_credentials")]).await,
        // Refusals, too: who guesses secrets should not be able to do it unseen.
        world.post_token(HOME, "nobody", &[("grant_type", "client_credentials")]).await,
        exchange(&world, "x", &[]).await,
    ];
    for answer in answers {
        assert_eq!(
            answer.refusal(),
            "500 server_error: something went wrong on our side, please try again"
        );
    }
    let mut elsewhere = Browser::open(&world, &authorize_url(HOME, "wiki-agent", &[])).await;
    elsewhere.sign_in("alice", "alice-password").await;
    assert_eq!(elsewhere.page.status, 500);

    execute(&world, &format!("ALTER TABLE ledger_away RENAME TO {table}")).await;
    assert_eq!(rows(&world).await, before);
    redeem_code(&world, &code).await.access_token();
    redeem(&world, &id_jag, &[]).await.access_token();
}

/// An id that comes with a request could be anything, or that of somebody else.
#[tokio::test]
async fn the_id_of_a_request_is_ours() {
    let world = World::new().await;
    let mut ids = vec![];
    for _ in 0..3 {
        let request =
            request("POST", &format!("{HOME}/oauth2/token")).header("x-request-id", "theirs");
        let answer = world.send(request.body(Body::empty()).unwrap()).await;
        ids.push(row_of(&world, &answer).await.request.to_string());
    }
    assert!(ids.iter().all(|id| id.len() == 32 && id != "theirs"));
    assert!(ids[0] != ids[1] && ids[1] != ids[2]);
}

/// A refusal says as much about its request as an issuance would: by what, for whom, and for what.
#[tokio::test]
async fn what_refusals_say_of_their_requests() {
    let world = World::new().await;
    let code = signed_in(&world, "alice").await.sent("code").unwrap();
    let verifier = "x".repeat(43);
    let wrong = [
        ("grant_type", "authorization_code"),
        ("code", &*code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", &*verifier),
    ];
    let by_code = world.post_token(HOME, "wiki-agent", &wrong).await;
    let tokens = redeem_code(&world, &code).await;
    let (id_token, refresh_token) = (tokens.member("id_token"), tokens.member("refresh_token"));
    let wider =
        [("grant_type", "refresh_token"), ("refresh_token", &*refresh_token), ("scope", "reports")];
    let by_refresh_token = world.post_token(HOME, "wiki-agent", &wider).await;
    let elsewhere = [("resource", "https://calendar.example/api")];
    let exchanged = exchange(&world, &id_token, &elsewhere).await;
    // Whatever it was called, it is the service; and nobody fills the ledger by a name.
    let id_jag = exchange(&world, &id_token, &[("audience", "urn:example:chat")]).await;
    assert_eq!(row_of(&world, &id_jag).await.service.as_deref(), Some(CHAT));
    let long = "x".repeat(2_000);
    let unknown = exchange(&world, &id_token, &[("audience", &long)]).await;
    assert_eq!(row_of(&world, &unknown).await.service.map(|it| it.len()), Some(512));
    let id_jag = id_jag.access_token();
    let redeemed = redeem(&world, &id_jag, &[("scope", "chat.admin")]).await;

    let names = BTreeMap::from([
        (world.sub_of("alice").await, "alice"),
        (tokens.claims()["grant_id"].as_str().unwrap().to_owned(), "the code"),
        (jti_of(&id_token), "her ID Token"),
        (jti_of(&id_jag), "the ID-JAG"),
    ]);
    let mut lines = vec![];
    for answer in [&by_code, &by_refresh_token, &exchanged, &redeemed] {
        lines.push(line(&row_of(&world, answer).await, &names));
    }
    insta::assert_snapshot!(lines.join("\n"), @"
    token_request, at https://home.example, by wiki-agent, for -, to -, scope -, resource -, - from the code, invalid_grant: code_verifier does not match the code_challenge
    token_request, at https://home.example, by wiki-agent, for -, to -, scope -, resource -, - from the code, invalid_scope: scope asks for more than was granted
    id_jag, at https://home.example, by wiki-agent, for alice, to https://home.example/services/chat, scope -, resource https://calendar.example/api, - from her ID Token, invalid_target: the resource is not one of this audience that the client may name
    access_token, at https://home.example/services/chat, by wiki-at-chat, for alice, to -, scope chat.admin, resource -, - from the ID-JAG, invalid_scope: no scope that was asked for can be granted
    ");
}
