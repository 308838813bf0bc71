//! Clients that nobody registered, and that describe themselves at their own address
//! (draft-ietf-oauth-client-id-metadata-document-02).

use insta::assert_snapshot;
use serde_json::{Value, json};
use tegata::jose::{Algorithm, SigningKey};

use crate::support::{
    Answer, Browser, CHAT, HOME, ID_JAG_TYP, JWT_BEARER, MAIL, NOW, TOKEN_EXCHANGE, WORLD, Way,
    World, authorize_url, changed, claims_of, exchange_of, redemption, with,
};

const URL: &str = "https://agent.example/client.json";
const BACK: &str = "https://agent.example/back";
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

fn document(changes: &Value) -> Value {
    let document = json!({
        "client_id": URL,
        "client_name": "Some agent",
        "redirect_uris": [BACK, "http://127.0.0.1/back"],
        "grant_types": ["authorization_code", "refresh_token", "client_credentials", JWT_BEARER],
    });
    with(&document, changes)
}

/// A world where clients at this host need no registration, with one that says what `changes` say.
async fn world(changes: &Value) -> World {
    let world = World::configured(&[("clients.described_at", "agent.example")]).await;
    world.partner.publish(URL, &document(changes));
    world
}

fn request<'a>(changes: &[(&'a str, &'a str)]) -> String {
    let own = [("redirect_uri", BACK), ("scope", "openid email")];
    authorize_url(HOME, URL, &[&own, changes].concat())
}

async fn tokens(world: &World, code: &str) -> Answer {
    let mut params = redemption(code).to_vec();
    params.retain(|(name, _)| *name != "redirect_uri");
    params.extend([("redirect_uri", BACK), ("client_id", URL)]);
    world.post_bare(HOME, &params).await
}

/// The consent page says where the client is at home, and the tokens are for its address.
#[tokio::test]
async fn from_the_browser_to_the_tokens() {
    let world = world(&json!({})).await;
    let mut browser = Browser::open(&world, &request(&[])).await;
    let words = browser.page.words();
    assert!(words.contains("Some agent (agent.example)"), "{words}");
    browser.sign_in("alice", "alice-password").await;
    let words = browser.page.words();
    assert!(words.contains("Some agent") && words.contains("agent.example"), "{words}");
    browser.allow().await;
    let tokens = tokens(&world, &browser.sent("code").unwrap()).await;
    assert_eq!(tokens.claims()["client_id"], URL);
    assert_eq!(claims_of(&tokens.member("id_token"))["aud"], URL);
}

/// On loopback any port will do (RFC 8252 §7.3), and the page names both places.
#[tokio::test]
async fn an_application_on_this_machine() {
    let world = world(&json!({})).await;
    let to = [("redirect_uri", "http://127.0.0.1:4711/back")];
    let mut browser = Browser::open(&world, &request(&to)).await;
    browser.sign_in("alice", "alice-password").await;
    let words = browser.page.words();
    assert!(words.contains("agent.example → 127.0.0.1"), "{words}");
    browser.allow().await;
    assert!(browser.sent("code").is_some());
}

/// RFC 8252 §8.6: on this machine any program can say that it is this client, so nobody is passed by.
#[tokio::test]
async fn each_time_anew_on_this_machine() {
    let world = world(&json!({})).await;
    let to = [("redirect_uri", "http://127.0.0.1:4711/back")];
    let mut browser = Browser::open(&world, &request(&to)).await;
    browser.sign_in("alice", "alice-password").await;
    browser.allow().await;
    browser.go(&request(&to)).await;
    assert!(browser.url.contains("/consent"), "{}", browser.url);
    browser.go(&request(&[to[0], ("prompt", "none")])).await;
    assert_snapshot!(browser.page.redirected_error(HOME), @"consent_required: the person has to consent");
}

/// At a service the person's word alone would go around the connections of home, so the service says
/// what may be had that way.
#[tokio::test]
async fn at_a_service() {
    let settings = [("clients.described_at", "agent.example")];
    let world = World::configured(&settings).await;
    world.partner.publish(URL, &document(&json!({})));
    let url = |scope: &str| authorize_url(CHAT, URL, &[("redirect_uri", BACK), ("scope", scope)]);
    assert_snapshot!(world.get(&url("chat.read")).await.redirected_error(CHAT), @"unauthorized_client: the client is not registered to use the authorization code grant");
    let chat = "id = \"chat\"\n";
    let open = format!("{chat}described_clients = [\"chat.read\"]\n");
    world.apply(&crate::support::WORLD.replace(chat, &open)).await;
    let mut browser = Browser::open(&world, &url("chat.read chat.write")).await;
    browser.sign_in("bob", "bob-password").await;
    browser.allow().await;
    let mut params = redemption(browser.sent("code").as_deref().unwrap())
        .map(|(name, value)| (name, value.to_owned()))
        .to_vec();
    params.retain(|(name, _)| *name != "redirect_uri");
    params.extend([("redirect_uri", BACK.to_owned()), ("client_id", URL.to_owned())]);
    let params: Vec<_> = params.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(world.post_bare(CHAT, &params).await.member("scope"), "chat.read");
}

/// Nobody decided that it may do anything but act for people who let it.
#[tokio::test]
async fn what_it_may_not_do() {
    let world = world(&json!({})).await;
    let for_itself = [("grant_type", "client_credentials"), ("client_id", URL)];
    assert_snapshot!(world.post_bare(HOME, &for_itself).await.refusal(), @"400 unauthorized_client: the client is not registered to use this grant type");
    let elsewhere = request(&[("redirect_uri", "https://agent.example/other")]);
    assert_snapshot!(world.get(&elsewhere).await.page_error(), @"400 invalid_request: the redirect_uri is not one that the application registered");
}

/// What is at the address is wrong, and nothing else is tried.
/// Row 168.
#[tokio::test]
async fn documents_that_are_wrong() {
    let mut said = vec![];
    for wrong in [
        json!({ "client_id": "https://agent.example/other.json" }),
        json!({ "client_name": null }),
        json!({ "redirect_uris": [] }),
        json!({ "redirect_uris": ["com.example.agent:/back"] }),
        json!({ "client_secret": "secret" }),
        json!({ "token_endpoint_auth_method": "client_secret_basic" }),
        json!({ "token_endpoint_auth_method": "private_key_jwt" }),
    ] {
        said.push(world(&wrong).await.get(&request(&[])).await.page_error());
    }
    let raw = json!({ "more": { "$serde_json::private::RawValue": "[1]" } });
    let bad = world(&raw).await.get(&request(&[])).await.page_error();
    assert!(bad.ends_with("it is no JSON object"), "{bad}");
    let nothing = authorize_url(HOME, "https://agent.example/nothing.json", &[]);
    said.push(world(&json!({})).await.get(&nothing).await.page_error());
    assert_snapshot!(said.join("\n"), @r"
    400 unauthorized_client: what the application says of itself at its own address cannot be taken: the answer is no metadata document of a client: its client_id is not the address it is at
    400 unauthorized_client: what the application says of itself at its own address cannot be taken: the answer is no metadata document of a client: it has no client_name
    400 unauthorized_client: what the application says of itself at its own address cannot be taken: the answer is no metadata document of a client: it has no redirect_uris, or one that is neither https nor http on loopback
    400 unauthorized_client: what the application says of itself at its own address cannot be taken: the answer is no metadata document of a client: it has no redirect_uris, or one that is neither https nor http on loopback
    400 unauthorized_client: what the application says of itself at its own address cannot be taken: the answer is no metadata document of a client: it has a secret in it, which everybody could read
    400 unauthorized_client: what the application says of itself at its own address cannot be taken: the answer is no metadata document of a client: its token_endpoint_auth_method is neither none nor private_key_jwt
    400 unauthorized_client: what the application says of itself at its own address cannot be taken: the answer is no metadata document of a client: private_key_jwt takes either jwks, with public keys alone, or jwks_uri
    400 unauthorized_client: what the application says of itself at its own address cannot be taken: the answer has the status 404
    ");
}

/// An address that no document can have, and one of a host that nobody allowed: nothing is fetched.
/// Row 168.
#[tokio::test]
async fn addresses_from_which_nothing_is_fetched() {
    let world = world(&json!({})).await;
    let closed = World::new().await;
    closed.partner.publish(URL, &document(&json!({})));
    let mut said = vec![closed.get(&request(&[])).await.page_error()];
    for id in [
        "https://elsewhere.example/client.json",
        "https://agent.example.elsewhere.example/client.json",
        "https://agent.example",
        "http://agent.example/client.json",
        "https://agent.example/../client.json",
        "https://user@agent.example/client.json",
    ] {
        said.push(world.get(&authorize_url(HOME, id, &[])).await.page_error());
    }
    assert_snapshot!(crate::support::the_same(&said), @"400 unauthorized_client: the application is not known here, or not active");
    assert_eq!((world.partner.fetches(), closed.partner.fetches()), (0, 0));
}

/// Where its answers go is part of what was allowed; how it calls itself is not.
#[tokio::test]
async fn a_document_that_changed() {
    let world = world(&json!({})).await;
    let mut browser = Browser::open(&world, &request(&[])).await;
    browser.sign_in("alice", "alice-password").await;
    browser.allow().await;
    world.partner.publish(URL, &document(&json!({ "client_name": "Another name" })));
    browser.go(&request(&[])).await;
    assert!(browser.sent("code").is_some());
    world
        .partner
        .publish(URL, &document(&json!({ "redirect_uris": [BACK, "https://new.example/"] })));
    browser.go(&request(&[])).await;
    browser.allow().await;
    browser.go(&request(&[])).await;
    assert!(browser.sent("code").is_some());
}

/// An entry in the directory goes before the document: so an administrator can switch it off.
#[tokio::test]
async fn one_that_an_administrator_switched_off() {
    let world = world(&json!({})).await;
    let entry = format!(
        "[[client]]\nclient_id = \"{URL}\"\nactive = false\nredirect_uris = [\"{BACK}\"]\ntoken_endpoint_auth_method = \"none\"\n"
    );
    let mut browser = Browser::open(&world, &request(&[])).await;
    world.apply(&format!("{}\n{entry}", crate::support::WORLD)).await;
    assert_snapshot!(world.get(&request(&[])).await.page_error(), @"400 unauthorized_client: the application is not known here, or not active");
    browser.sign_in("alice", "alice-password").await;
    assert_eq!(browser.page.status, 400);
}

/// A client of chat that proves who it is by the keys of its document.
struct Proving {
    world: World,
    key: SigningKey,
}

impl Proving {
    async fn new() -> Self {
        let key = SigningKey::generate(Algorithm::ES256, "agent-1");
        let keys = json!({ "keys": [key.public_jwk()] });
        let method = "token_endpoint_auth_method";
        let world = world(&json!({ method: "private_key_jwt", "jwks": keys })).await;
        Self { world, key }
    }

    /// What chat says to an ID-JAG for the client, with `more` in the request.
    async fn redeemed(&self, more: &[(&str, &str)]) -> Answer {
        let mut claims = self.world.id_jag_claims(&self.world.sub_of("alice").await);
        claims["client_id"] = json!(URL);
        let id_jag = self.world.sign(HOME, ID_JAG_TYP, &claims);
        let request = [("grant_type", JWT_BEARER), ("assertion", &*id_jag)];
        self.world.post_bare(CHAT, &[&request, more].concat()).await
    }

    fn proof(key: &SigningKey) -> String {
        let now = NOW.unix_timestamp();
        let claims = json!({
            "iss": URL, "sub": URL, "aud": CHAT, "jti": "1", "iat": now, "exp": now + 60,
        });
        key.sign("JWT", &claims)
    }
}

/// Row 96.
#[tokio::test]
async fn an_id_jag_of_a_client_that_proves_who_it_is() {
    let it = Proving::new().await;
    let proof = Proving::proof(&it.key);
    let more = [("client_assertion_type", ASSERTION), ("client_assertion", &*proof)];
    let answer = it.redeemed(&more).await;
    assert_eq!(answer.claims()["client_id"], URL);
    let other = Proving::proof(&SigningKey::generate(Algorithm::ES256, "agent-1"));
    let more = [("client_assertion_type", ASSERTION), ("client_assertion", &*other)];
    assert_snapshot!(it.redeemed(&more).await.refusal(), @"401 invalid_client: client authentication failed: the assertion is not acceptable: its signature is not by a key of its issuer");
}

/// What the document says about how it proves itself is enforced.
/// Row 175.
#[tokio::test]
async fn an_id_jag_without_any_proof() {
    let it = Proving::new().await;
    assert_snapshot!(it.redeemed(&[("client_id", URL)]).await.refusal(), @"401 invalid_client: client authentication is required");
    it.world.partner.publish(URL, &document(&json!({})));
    assert_snapshot!(it.redeemed(&[("client_id", URL)]).await.refusal(), @"400 unauthorized_client: the client is not registered to use this grant type");
}

/// §5 of the draft.
#[tokio::test]
async fn what_the_metadata_say() {
    let (open, closed) = (world(&json!({})).await, World::new().await);
    let url = format!("{CHAT}/.well-known/oauth-authorization-server");
    let metadata = open.get(&url).await.json();
    assert_eq!(metadata["client_id_metadata_document_supported"], true);
    let methods = metadata["token_endpoint_auth_methods_supported"].as_array().unwrap().clone();
    assert!(methods.contains(&json!("none")) && methods.contains(&json!("private_key_jwt")));
    assert_eq!(closed.get(&url).await.json().get("client_id_metadata_document_supported"), None);
}

/// OIDC Logout §2: a hint by an ID token for a client that nobody registered.
#[tokio::test]
async fn signing_out() {
    let world = world(&json!({})).await;
    let mut browser = Browser::open(&world, &request(&[])).await;
    browser.sign_in("alice", "alice-password").await;
    browser.allow().await;
    let id_token = tokens(&world, &browser.sent("code").unwrap()).await.member("id_token");
    browser.go(&format!("{HOME}/oauth2/logout?id_token_hint={id_token}")).await;
    assert_eq!(browser.page.status, 200, "{}", browser.page.text);
    browser.submit(&[]).await;
    browser.go(&request(&[])).await;
    assert!(browser.url.contains("/sign-in"), "{}", browser.url);
}

/// A connection of the client that describes itself, which leaves it to the person.
const CONNECTED: &str = r#"
[[service]]
id = "mail"
name = "Mail"
issuer = "https://mail.example"
hosted = false
scopes = { "mail.read" = "Read your mail" }

[[connection]]
client = "https://agent.example/client.json"
service = "mail"
client_id = "agent-at-mail"
scopes = ["mail.read"]
approval = "user"
"#;

/// ID-JAG §4.3.3: what was allowed to a client of another description was allowed to another
/// client.
#[tokio::test]
async fn an_id_jag_after_the_document_changed() {
    let key = SigningKey::generate(Algorithm::ES256, "agent-1");
    let says = |redirect_uris: Value| {
        json!({
            "token_endpoint_auth_method": "private_key_jwt",
            "jwks": { "keys": [key.public_jwk()] },
            "grant_types": ["authorization_code", TOKEN_EXCHANGE],
            "redirect_uris": redirect_uris,
        })
    };
    let world = world(&says(json!([BACK]))).await;
    world.apply(&format!("{WORLD}\n{CONNECTED}")).await;
    let ask = async |params: &[(&str, &str)], jti: &str| {
        let now = NOW.unix_timestamp();
        let claims = json!({
            "iss": URL, "sub": URL, "aud": HOME, "jti": jti, "iat": now, "exp": now + 60,
        });
        let proof = key.sign("JWT", &claims);
        let own = [("client_assertion_type", ASSERTION), ("client_assertion", &*proof)];
        world.post_bare(HOME, &[params, &own].concat()).await
    };
    let mut browser = Browser::open(&world, &request(&[])).await;
    browser.sign_in("alice", "alice-password").await;
    browser.allow().await;
    let code = browser.sent("code").unwrap();
    let mut params = redemption(&code).to_vec();
    params[2].1 = BACK;
    let id_token = ask(&params, "1").await.member("id_token");
    let exchange = changed(&exchange_of(&id_token), &[("audience", MAIL)]);
    assert_eq!(ask(&exchange, "2").await.claims()["aud"], MAIL);

    let elsewhere = document(&says(json!([BACK, "https://new.example/"])));
    world.partner.publish(URL, &elsewhere);
    assert_snapshot!(ask(&exchange, "3").await.refusal(), @"400 consent_required: the person has not consented yet: send them to the authorization endpoint");
}

/// At the token endpoint: a document that cannot be taken is the client's fault, and only what we
/// did not ask is ours. A stranger hears nothing about where a name leads.
#[tokio::test]
async fn documents_that_cannot_be_had() {
    let world = world(&json!({})).await;
    let ask = async |client: &str| {
        let params = [("grant_type", "authorization_code"), ("client_id", client)];
        world.post_bare(HOME, &params).await.refusal()
    };
    let mut said = vec![ask("https://agent.example/nothing.json").await];
    for way in [Way::Closed, Way::Crowded] {
        world.partner.lead(way);
        said.push(ask(URL).await);
    }
    assert_snapshot!(said.join("\n"), @r"
    401 invalid_client: client authentication failed: the document at client_id is not acceptable: the answer has the status 404
    401 invalid_client: client authentication failed: the document at client_id is not acceptable: it cannot be fetched
    503 temporarily_unavailable: client authentication failed: the document at client_id is not acceptable: too much is asked of that host at the moment
    ");
}

/// The keys that a document names are fetched as the document is: nobody vouched for either.
#[tokio::test]
async fn keys_that_a_document_names() {
    let changes = json!({
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks_uri": "https://agent.example/jwks",
    });
    let world = world(&changes).await;
    let key = world.partner.key.clone();
    let it = Proving { world, key };
    let proof = Proving::proof(&it.key);
    let more = [("client_assertion_type", ASSERTION), ("client_assertion", &*proof)];
    assert_eq!(it.redeemed(&more).await.claims()["client_id"], URL);
    assert_eq!(it.world.partner.fetches_of_described(), 1);
}
