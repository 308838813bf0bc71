//! What clients may have by how far they are trusted (`docs/decisions/0048-trust-tiers.md`).

use insta::assert_snapshot;
use serde_json::json;
use tegata::model::{LedgerEvent, Remark, Tier};

use crate::support::{
    Answer, Browser, CHAT, HOME, NOW, WORLD, World, authorize_url, changed, redemption,
};
use crate::tiers::{BACK, OPEN, URL, document, request, world};

const ALL: &str = "openid profile email offline_access";

/// Redeems the code with which the browser was sent back.
async fn redeemed(world: &World, at: &str, browser: &Browser<'_>) -> Answer {
    let code = browser.sent("code").unwrap();
    let own = [("client_id", URL), ("redirect_uri", BACK)];
    world.post_bare(at, &changed(&redemption(&code), &own)).await
}

/// How many refresh tokens came with what `tokens` has, and its scope.
fn told(tokens: &Answer) -> (bool, String) {
    (tokens.json().get("refresh_token").is_some(), tokens.member("scope"))
}

/// Tiers of the codes in the ledger, oldest first.
async fn tiers(world: &World) -> Vec<Option<Remark>> {
    let rows = world.ledger().await;
    let codes = rows.iter().filter(|it| it.entry.event == LedgerEvent::Code);
    codes.map(|it| it.entry.remark.clone()).collect()
}

/// Who is new does not go on without the person; who comes again may, if the person says so.
#[tokio::test]
async fn at_home() {
    let world = world(&[OPEN]).await;
    let mut browser = Browser::open(&world, &request(&[("scope", ALL)])).await;
    browser.sign_in("alice", "alice-password").await;
    assert!(!browser.page.words().contains("while you are away"));
    browser.allow().await;
    assert_eq!(
        told(&redeemed(&world, HOME, &browser).await),
        (false, "email openid profile".into())
    );

    browser.go(&request(&[("scope", ALL)])).await;
    let words = browser.page.words();
    assert!(words.contains("while you are away") && words.contains("allowed it before"), "{words}");
    browser.allow().await;
    let tokens = redeemed(&world, HOME, &browser).await;
    assert_eq!(told(&tokens), (true, "email offline_access openid profile".into()));
    browser.go(&request(&[("scope", ALL)])).await;
    assert!(browser.sent("code").is_some());
    assert_eq!(
        tiers(&world).await,
        [Tier::New, Tier::Seen, Tier::Seen].map(|it| Some(Remark::Tier(it)))
    );
}

/// The same at a service, where no scope says it: coming again at once is not enough.
#[tokio::test]
async fn at_a_service() {
    let world = world(&[OPEN]).await;
    let chat = "id = \"chat\"\n";
    let open = format!("{chat}described_clients = [\"chat.read\"]\n");
    world.apply(&WORLD.replace(chat, &open)).await;
    let url = authorize_url(CHAT, URL, &[("redirect_uri", BACK), ("scope", "chat.read")]);
    let mut browser = Browser::open(&world, &url).await;
    browser.sign_in("bob", "bob-password").await;
    assert!(!browser.page.words().contains("while you are away"));
    browser.allow().await;
    assert_eq!(told(&redeemed(&world, CHAT, &browser).await), (false, "chat.read".into()));
    browser.go(&url).await;
    assert!(browser.page.words().contains("while you are away"), "{}", browser.page.text);
    browser.allow().await;
    let tokens = redeemed(&world, CHAT, &browser).await;
    assert_eq!(told(&tokens), (true, "chat.read".into()));
    let again = [
        ("grant_type", "refresh_token"),
        ("refresh_token", &tokens.member("refresh_token")),
        ("client_id", URL),
    ];
    assert_eq!(told(&world.post_bare(CHAT, &again).await), (true, "chat.read".into()));
    browser.go(&url).await;
    assert!(browser.sent("code").is_some());
}

/// From which tier on is for the administrator to say; whoever cannot get there has not the grant.
#[tokio::test]
async fn from_which_tier_on() {
    let ask = [("scope", ALL)];
    for (from, more, expected) in [
        ("new", ("clients.listed", ""), true),
        ("verified", ("clients.listed", ""), false),
        ("verified", ("clients.verified_domains", "agent.example"), true),
        ("listed", ("clients.verified_domains", "agent.example"), false),
        ("listed", ("clients.listed", URL), true),
    ] {
        let world = world(&[OPEN, ("clients.refresh_from", from), more]).await;
        let mut browser = Browser::open(&world, &request(&ask)).await;
        browser.sign_in("alice", "alice-password").await;
        browser.allow().await;
        let tokens = redeemed(&world, HOME, &browser).await;
        assert_eq!(told(&tokens).0, expected, "{from} {more:?}");
    }
}

/// The administrator may hold back who is new; there is no way around it but the person's word.
#[tokio::test]
async fn the_most_that_a_new_one_may_have() {
    let world = world(&[OPEN, ("clients.new_scope", "openid")]).await;
    let ask = request(&[("scope", "openid email")]);
    let mut browser = Browser::open(&world, &ask).await;
    browser.sign_in("alice", "alice-password").await;
    assert!(!browser.page.words().contains("e-mail"));
    browser.allow().await;
    assert_eq!(told(&redeemed(&world, HOME, &browser).await).1, "openid");
    browser.go(&ask).await;
    assert!(browser.page.words().contains("e-mail"));
    browser.allow().await;
    assert_eq!(told(&redeemed(&world, HOME, &browser).await).1, "email openid");

    let changed = json!({ "redirect_uris": [BACK, "https://new.example/"] });
    world.partner.publish(URL, &document(&changed));
    browser.go(&request(&[("scope", "email")])).await;
    assert_snapshot!(browser.page.redirected_error(HOME), @"invalid_scope: the client may not have any of this scope, for too little is known of it");
}

/// CIMD -02 §8.6: keys come from a private network only where the administrator knows both the client
/// and who writes what stands at the address of its keys.
#[tokio::test]
async fn where_keys_may_be() {
    const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    let verified = ("clients.verified_domains", "agent.example");
    for (more, jwks_uri, by_strangers) in [
        (("clients.listed", ""), "https://agent.example/jwks", true),
        (verified, "https://agent.example/jwks", false),
        (verified, "https://agent.example:9200/jwks", true),
        (verified, "https://elsewhere.example/jwks", true),
        (("clients.verified_domains", "keys.example"), "https://keys.example/jwks", true),
        (("clients.listed", URL), "https://agent.example/jwks", true),
    ] {
        let world = world(&[OPEN, more]).await;
        let keyed =
            json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks_uri": jwks_uri });
        world.partner.publish(URL, &document(&keyed));
        let now = NOW.unix_timestamp();
        let claims = json!({
            "iss": URL, "sub": URL, "aud": HOME, "jti": "1", "iat": now, "exp": now + 60,
        });
        let proof = world.partner.key.sign("JWT", &claims);
        let request = [
            ("grant_type", "authorization_code"),
            ("code", "x"),
            ("redirect_uri", BACK),
            ("code_verifier", "x"),
            ("client_assertion_type", ASSERTION),
            ("client_assertion", &*proof),
        ];
        let _ = world.post_bare(HOME, &request).await.refusal();
        assert_eq!(world.partner.fetches(), 2, "{jwks_uri}");
        assert_eq!(world.partner.fetches_of_described() == 1, by_strangers, "{more:?} {jwks_uri}");
    }
}
