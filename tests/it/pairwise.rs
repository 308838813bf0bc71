//! Pairwise subjects (OIDC Core §8): who a person is to a client, a service, and nobody else.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::logout::logout_url;
use crate::management::about;
use crate::support::{
    Answer, Browser, CALLBACK, CHAT, HOME, ID_JAG_TYP, WORLD, World, allowed_by_alice,
    authorize_url, changed, claims_of, exchange, redeem, redemption, signed_in, the_same,
    tokens_of, with,
};
use crate::userinfo::about as userinfo;

/// Where chat signs people in.
const CHAT_WEB: &str = "https://chat.example/callback";

/// The world in which the wiki agent and chat know people by pairwise subjects. Chat signs them in at
/// home by a client of its own; `plain-app` knows them publicly.
pub(crate) fn directory() -> String {
    let sector = |name: &str| format!("subject_type = \"pairwise\"\nsector = \"{name}\"\n");
    let (agent, chat) = ("client_id = \"wiki-agent\"\n", "id = \"chat\"\n");
    let world = WORLD.replacen(agent, &format!("{agent}{}", sector("wiki.example")), 1);
    let world = world.replacen(chat, &format!("{chat}{}", sector("chat.example")), 1);
    format!(
        r#"{world}
[[client]]
client_id = "chat-web"
client_secret = "chat-web-secret-0123456789abcdefghij"
redirect_uris = ["{CHAT_WEB}"]
subject_type = "pairwise"
"#
    )
}

async fn world() -> World {
    World::of(&directory()).await
}

/// What `client` gets for who is signed in in `browser`, which becomes alice if nobody is.
async fn tokens_by(
    world: &World,
    browser: &mut Browser<'_>,
    client: &str,
    redirect_uri: &str,
) -> Answer {
    let own = [("redirect_uri", redirect_uri), ("scope", "openid")];
    browser.go(&authorize_url(HOME, client, &own)).await;
    if browser.url.contains("/sign-in") {
        browser.sign_in("alice", "alice-password").await;
    }
    if browser.url.contains("/consent") {
        browser.allow().await;
    }
    let code = browser.sent("code").unwrap();
    let answer = world.post_token(HOME, client, &changed(&redemption(&code), &own[..1])).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer
}

pub(crate) async fn at_chat(world: &World) -> Value {
    let mut browser = Browser::open(world, HOME).await;
    let tokens = tokens_by(world, &mut browser, "chat-web", CHAT_WEB).await;
    claims_of(&tokens.member("id_token"))
}

/// ID-JAG §3.1 and §5: the service hears of the same person as by single sign-on, and home's people
/// are found again there.
/// Row 29.
#[tokio::test]
async fn the_sub_that_the_service_gets_by_single_sign_on() {
    let world = world().await;
    let (alice, by_sso) = (world.sub_of("alice").await, at_chat(&world).await["sub"].clone());
    let tokens = tokens_of(&world, &signed_in(&world, "alice").await).await;
    let id_token = tokens.member("id_token");
    let id_jag = exchange(&world, &id_token, &[]).await;
    assert_eq!(id_jag.claims()["sub"], by_sso);
    assert_ne!(by_sso, json!(alice));
    assert_ne!(by_sso, claims_of(&id_token)["sub"]);

    // Chat is hosted here: what its tokens and its answers say is no other.
    let token = redeem(&world, &id_jag.access_token(), &[]).await;
    assert_eq!(token.claims()["sub"], by_sso);
    let told = about(&world, CHAT, "todo-at-chat", &token.access_token()).await;
    assert_eq!((&told["active"], &told["sub"]), (&json!(true), &by_sso));
    // And alice it is, whom the groups of the connection are for, and who may leave.
    world.disable_user("alice").await;
    assert_eq!(about(&world, CHAT, "todo-at-chat", &token.access_token()).await["active"], false);
    let browser = signed_in(&world, "bob").await;
    let bobs = tokens_of(&world, &browser).await.member("id_token");
    assert_snapshot!(exchange(&world, &bobs, &[]).await.refusal(), @"400 access_denied: the administrator has not opened this connection to the person");
}

/// Nor does it matter how a client comes to its token.
#[tokio::test]
async fn by_code_at_the_service() {
    let world = world().await;
    let own = [("redirect_uri", "http://127.0.0.1/callback"), ("client_id", "mcp-client")];
    let url = authorize_url(CHAT, "mcp-client", &[own[0], ("scope", "chat.read")]);
    let mut browser = Browser::open(&world, &url).await;
    browser.sign_in("alice", "alice-password").await;
    browser.allow().await;
    let code = browser.sent("code").unwrap();
    let tokens = world.post_bare(CHAT, &changed(&redemption(&code), &own)).await;
    assert_eq!(tokens.claims()["sub"], at_chat(&world).await["sub"]);
    let refresh_token = tokens.member("refresh_token");
    let refresh =
        [("grant_type", "refresh_token"), ("refresh_token", refresh_token.as_str()), own[1]];
    let more = world.post_bare(CHAT, &refresh).await;
    assert_eq!(more.claims()["sub"], tokens.claims()["sub"]);
}

/// A service may know people publicly where the client does not, and the other way round.
#[tokio::test]
async fn one_of_two_is_pairwise() {
    let chat = "id = \"chat\"\nsubject_type = \"pairwise\"\nsector = \"chat.example\"\n";
    let world = World::of(&directory().replacen(chat, "id = \"chat\"\n", 1)).await;
    let alice = world.sub_of("alice").await;
    let tokens = tokens_of(&world, &signed_in(&world, "alice").await).await;
    let id_token = tokens.member("id_token");
    assert_ne!(claims_of(&id_token)["sub"], alice);
    let id_jag = exchange(&world, &id_token, &[]).await;
    assert_eq!(id_jag.claims()["sub"], alice);
    assert_eq!(redeem(&world, &id_jag.access_token(), &[]).await.claims()["sub"], alice);
}

/// OIDC Core §5.3.2 and §12.2: all that a client hears of a person has one `sub`, and no other name
/// of the person or the login is in it.
#[tokio::test]
async fn one_name_in_all_that_a_client_hears() {
    let world = world().await;
    let tokens = tokens_of(&world, &signed_in(&world, "alice").await).await;
    let claims = claims_of(&tokens.member("id_token"));
    let (sub, sid) = (claims["sub"].as_str().unwrap(), claims["sid"].as_str().unwrap());
    let refresh_token = tokens.member("refresh_token");
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", refresh_token.as_str())];
    let more = world.post_token(HOME, "wiki-agent", &refresh).await;
    let newest = more.member("refresh_token");
    let all = [
        tokens.claims(),
        claims_of(&more.member("id_token")),
        more.claims(),
        userinfo(&world, &more.access_token()).await.json(),
        about(&world, HOME, "wiki-agent", &more.access_token()).await,
        about(&world, HOME, "wiki-agent", &newest).await,
    ];
    let (alice, login) = (world.sub_of("alice").await, world.ledger().await[0].entry.jti.clone());
    for heard in all {
        assert_eq!(heard["sub"], sub, "{heard}");
        assert!(heard.get("sid").is_none_or(|it| it == sid), "{heard}");
        let text = heard.to_string();
        assert!(!text.contains(&alice) && !text.contains(login.as_deref().unwrap()), "{text}");
    }
    // Without names, nobody can tell it from any other; nor is it a public one.
    assert_eq!((alice.len(), sub.len(), sid.len()), (32, 48, 48));
}

/// OIDC Core §8.1: another sector, another person; also to those who see the same browser.
#[tokio::test]
async fn sectors_that_compare_what_they_know() {
    let more = r#"
        [[client]]
        client_id = "chat-phone"
        client_secret = "chat-phone-secret-0123456789abcdefghij"
        redirect_uris = ["https://phone.chat.example/callback"]
        subject_type = "pairwise"
        sector_identifier_uri = "https://chat.example/redirect_uris.json"

        [[client]]
        client_id = "on-loopback"
        client_secret = "on-loopback-secret-0123456789abcdefghij"
        redirect_uris = ["http://127.0.0.1:18765/callback"]
        subject_type = "pairwise"
    "#;
    let world = World::of(&format!("{}{more}", directory())).await;
    let mut browser = Browser::open(&world, HOME).await;
    let phone = "https://phone.chat.example/callback";
    let mut known = vec![];
    for (client, redirect_uri) in [
        ("chat-web", CHAT_WEB),
        ("chat-phone", phone),
        ("wiki-agent", CALLBACK),
        ("on-loopback", CALLBACK),
        ("plain-app", CALLBACK),
    ] {
        let tokens = tokens_by(&world, &mut browser, client, redirect_uri).await;
        let claims = claims_of(&tokens.member("id_token"));
        known.push([claims["sub"].clone(), claims["sid"].clone()]);
    }
    assert_eq!(known[0], known[1]);
    let all: std::collections::BTreeSet<_> =
        known.iter().flatten().map(ToString::to_string).collect();
    assert_eq!(all.len(), 8, "{all:?}");
    assert_eq!(known[4][0], world.sub_of("alice").await);
}

/// The way back is for the client alone: a `sub` of another sector means nobody, also where somebody
/// could make us sign it.
#[tokio::test]
async fn subject_tokens_that_mean_nobody() {
    let world = world().await;
    let at_chat = at_chat(&world).await;
    let mut browser = signed_in(&world, "alice").await;
    let tokens = tokens_of(&world, &browser).await;
    let claims = claims_of(&tokens.member("id_token"));
    let of = |changes: &Value| world.sign(HOME, "JWT", &with(&claims, changes));
    assert_eq!(exchange(&world, &of(&json!({})), &[]).await.status, 200);
    let said = [
        exchange(&world, &of(&json!({ "sub": at_chat["sub"] })), &[]).await.refusal(),
        exchange(&world, &of(&json!({ "sid": at_chat["sid"] })), &[]).await.refusal(),
        exchange(&world, &of(&json!({ "sub": claims["sid"] })), &[]).await.refusal(),
        exchange(&world, &of(&json!({ "sub": "0".repeat(48) })), &[]).await.refusal(),
    ];
    assert_snapshot!(the_same(&said), @"400 invalid_grant: the subject token has a sub or a sid by which the client knows nobody now: the person has to sign in again");
    let of_another = tokens_by(&world, &mut browser, "chat-web", CHAT_WEB).await;
    assert_snapshot!(exchange(&world, &of_another.member("id_token"), &[]).await.refusal(), @"400 invalid_grant: the subject token is not acceptable: it was issued to another client");

    // At chat, what home calls somebody elsewhere is nobody.
    let mut claims = world.id_jag_claims(claims["sub"].as_str().unwrap());
    let elsewhere = world.sign(HOME, ID_JAG_TYP, &claims);
    assert_snapshot!(redeem(&world, &elsewhere, &[]).await.refusal(), @"400 invalid_grant: the subject of the assertion has no account here");
    claims["sub"] = at_chat["sub"].clone();
    assert_eq!(redeem(&world, &world.sign(HOME, ID_JAG_TYP, &claims), &[]).await.status, 200);
}

/// OIDC Core §3.1.2.1, `id_token_hint`: the client's own leads back to the person. By that of another
/// client it does not learn whether two are one.
#[tokio::test]
async fn hints() {
    let world = world().await;
    let mut browser = allowed_by_alice(&world, &[]).await;
    let own = world.redeem(&browser).await.member("id_token");
    let public = tokens_by(&world, &mut browser, "plain-app", CALLBACK).await.member("id_token");
    let chats = tokens_by(&world, &mut browser, "chat-web", CHAT_WEB).await.member("id_token");
    let silent =
        |client, hint| authorize_url(HOME, client, &[("prompt", "none"), ("id_token_hint", hint)]);
    browser.go(&silent("wiki-agent", &own)).await;
    assert!(browser.sent("code").is_some());

    let mut said = vec![];
    for (client, hint) in [("wiki-agent", &public), ("wiki-agent", &chats), ("plain-app", &own)] {
        browser.go(&silent(client, hint)).await;
        said.push(browser.page.redirected_error(HOME));
    }
    assert_snapshot!(the_same(&said), @"invalid_request: id_token_hint was issued to another client, which may call people something else");

    let mut browser = Browser::open(&world, &format!("{HOME}/sign-in")).await;
    browser.sign_in("bob", "bob-password").await;
    browser.go(&silent("wiki-agent", &own)).await;
    assert_snapshot!(browser.page.redirected_error(HOME), @"login_required: the person has to sign in");
}

/// RP-Initiated Logout §2 and §3.
#[tokio::test]
async fn signing_out() {
    let world = world().await;
    let mut browser = allowed_by_alice(&world, &[]).await;
    let id_token = world.redeem(&browser).await.member("id_token");
    let back = "http://127.0.0.1:18765/signed-out";
    let params = [("id_token_hint", id_token.as_str()), ("post_logout_redirect_uri", back)];
    browser.go(&logout_url(&params)).await;
    browser.submit(&[]).await;
    assert_eq!(browser.page.location(), back);
    // ID-JAG §4.3.3: the login that its `sid` means has ended.
    assert_snapshot!(exchange(&world, &id_token, &[]).await.refusal(), @"400 invalid_grant: the login that this comes from has ended: the person has to sign in again");
}
