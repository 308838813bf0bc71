//! Nothing in the log opens anything: all that is written at any level, by us and by the
//! crates below us, while people and agents do all that they do, right and wrong.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, OnceLock};

use axum::body::Body;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use tegata::jose::{Algorithm, SigningKey};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::support::{
    Answer, Browser, CAROLS, CHAT, Forge, HOME, JWT_BEARER, LINKING, NOW, VERIFIER, WORLD, World,
    at_link, authorize_url, exchange, exchange_of, form, invited, redeem, redeem_code, request,
    secret_of, tokens_of,
};

/// What was written, as JSON, a line for each event.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<u8>>>);

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Memory {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Memory {
    /// One for the whole process, for the threads of the database write, too.
    fn of_the_process() -> &'static Self {
        static MEMORY: OnceLock<Memory> = OnceLock::new();
        MEMORY.get_or_init(|| {
            let memory = Memory::default();
            let lines = tracing_subscriber::fmt::layer().json().with_thread_names(true);
            let lines = lines.with_writer(memory.clone());
            // Without a filter: TRACE, all targets, and what comes by way of `log`.
            tracing_subscriber::registry().with(lines).init();
            memory
        })
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    fn lines(&self) -> Vec<Value> {
        self.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// All that must not be found, with a name for who reads the failure.
#[derive(Default)]
struct Secrets(Vec<(String, String)>);

impl Secrets {
    fn keep(&mut self, name: &str, secret: impl Into<String>) {
        let secret = secret.into();
        assert!(secret.len() >= 8, "{name} is too short to look for: {secret}");
        // A form has it in other letters.
        self.0.push((name.to_owned(), form(&[("", &secret)]).trim_start_matches('=').to_owned()));
        self.0.push((name.to_owned(), secret));
    }

    /// A JWT, and its parts: with claims and signature alone one could put it together again.
    fn keep_jwt(&mut self, name: &str, jwt: &str) {
        self.keep(name, jwt);
        for part in jwt.split('.').skip(1) {
            self.keep(&format!("a part of {name}"), part);
        }
    }

    fn keep_members(&mut self, answer: &Answer) {
        for (name, value) in answer.json().as_object().unwrap() {
            match name.as_str() {
                "access_token" | "id_token" => self.keep_jwt(name, value.as_str().unwrap()),
                "refresh_token" => self.keep(name, value.as_str().unwrap()),
                _ => {}
            }
        }
    }

    fn keep_session(&mut self, browser: &Browser<'_>) {
        if let Some(cookie) = browser.cookie("__Host-tegata") {
            self.keep("a session cookie", cookie);
        }
        let csrf = browser.hidden("csrf");
        if !csrf.is_empty() {
            self.keep("a CSRF token", csrf);
        }
        if browser.page.status == 303 && browser.sent("code").is_some() {
            self.keep("a code", browser.sent("code").unwrap());
        }
    }
}

/// People: mistyped, signed in, refused, allowed, signed out.
async fn in_the_browser(world: &World, secrets: &mut Secrets) -> (String, String) {
    let mut browser = Browser::open(world, &authorize_url(HOME, "wiki-agent", &[])).await;
    secrets.keep_session(&browser);
    for (username, password) in
        [("alice", "a-password-mistyped"), ("a-password-as-a-name", "x-password-of-nobody")]
    {
        browser.sign_in(username, password).await;
        secrets.keep("a password", password);
    }
    secrets.keep("a password in the wrong field", "a-password-as-a-name");
    browser.sign_in("alice", "alice-password").await;
    secrets.keep_session(&browser);
    browser.allow().await;
    secrets.keep_session(&browser);
    let first = browser.sent("code").unwrap();

    browser.go(&authorize_url(HOME, "wiki-agent", &[])).await;
    secrets.keep_session(&browser);
    let second = browser.sent("code").unwrap();
    let forged = form(&[("csrf", "a-csrf-token-of-a-forger"), ("password", "alice-password")]);
    browser.go(&format!("{HOME}/sign-in")).await;
    browser.ask("POST", Some(forged)).await;
    secrets.keep("a CSRF token", "a-csrf-token-of-a-forger");
    (first, second)
}

/// Alice links who she is at the partner, at the second try.
async fn linking(world: &World, secrets: &mut Secrets) {
    for email in ["alice@partner.example", CAROLS] {
        let uri = invited(world).await;
        secrets.keep("an invitation", uri.split_once('=').unwrap().1);
        let mut browser = at_link(world, &uri, "alice").await;
        secrets.keep_session(&browser);
        browser.submit(&[("decision", "allow"), ("email", email)]).await;
        browser.go(&uri).await;
        secrets.keep("an address", email);
    }
}

/// Agents and those who pretend to be.
async fn at_the_token_endpoints(
    world: &World,
    secrets: &mut Secrets,
    client: &Forge,
    codes: (String, String),
) {
    let tokens = redeem_code(world, &codes.0).await;
    secrets.keep_members(&tokens);
    let id_token = tokens.member("id_token");
    let refresh = |token: String| {
        let grant = [("grant_type", "refresh_token"), ("refresh_token", &token)]
            .map(|(a, b): (&str, &str)| (a.to_owned(), b.to_owned()));
        async move {
            let grant: Vec<_> = grant.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
            world.post_token(HOME, "wiki-agent", &grant).await
        }
    };
    let rotated = refresh(tokens.member("refresh_token")).await;
    secrets.keep_members(&rotated);
    let exchanged = exchange(world, &id_token, &[]).await;
    secrets.keep_members(&exchanged);
    let id_jag = exchanged.access_token();
    secrets.keep_members(&redeem(world, &id_jag, &[]).await);
    let itself =
        world.post_token(HOME, "wiki-agent", &[("grant_type", "client_credentials")]).await;
    secrets.keep_members(&itself);

    // Replays, and what was never right.
    redeem(world, &id_jag, &[]).await.refusal();
    redeem_code(world, &codes.0).await.refusal();
    refresh(rotated.member("refresh_token")).await.refusal();
    let grant = [
        ("grant_type", "authorization_code"),
        ("code", codes.1.as_str()),
        ("redirect_uri", "http://127.0.0.1:18765/callback"),
        ("code_verifier", "a-verifier-that-is-wrong-0123456789-0123456789"),
    ];
    world.post_token(HOME, "wiki-agent", &grant).await.refusal();
    secrets.keep("a verifier", "a-verifier-that-is-wrong-0123456789-0123456789");
    redeem_code(world, "a-code-of-nobody").await.refusal();
    secrets.keep("a code", "a-code-of-nobody");
    for typ in ["oauth-id-jag+jwt", "JWT"] {
        let claims = json!({ "iss": HOME, "sub": "x", "exp": "never", "secret": "in-the-claims" });
        let jwt = world.sign(HOME, typ, &claims);
        redeem(world, &jwt, &[]).await.refusal();
        exchange(world, &jwt, &[]).await.refusal();
        secrets.keep_jwt("a bad assertion", &jwt);
    }
    secrets.keep("a claim", "in-the-claims");

    // Client authentication in all its ways, right and wrong.
    let posted = [("client_id", "wiki-agent"), ("client_secret", "a-secret-that-is-wrong")];
    let request = [&posted[..], &exchange_of(&id_token)].concat();
    world.post_bare(HOME, &request).await.refusal();
    secrets.keep("a secret", "a-secret-that-is-wrong");
    let secret = secret_of("wiki-agent");
    let posted = [("client_id", "wiki-agent"), ("client_secret", secret.as_str())];
    let request = [&posted[..], &exchange_of(&id_token)].concat();
    secrets.keep_members(&world.post_bare(HOME, &request).await);
    // A form that cannot be read may have a secret in any place.
    let twice = format!("client_secret={secret}&client_secret={secret}&grant_type=x");
    world.post_body(HOME, twice).await.refusal();
    world.post_body(HOME, format!("{secret}=%00&assertion={id_jag}")).await.refusal();
    let claims = json!({
        "iss": "signing-agent", "sub": "signing-agent", "aud": HOME, "jti": "proof-1",
        "iat": NOW.unix_timestamp(), "exp": NOW.unix_timestamp() + 60,
    });
    let proof = client.sign(&client.header("JWT"), &claims);
    let grant = [
        ("grant_type", "client_credentials"),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", &proof),
    ];
    secrets.keep_members(&world.post_bare(HOME, &grant).await);
    world.post_bare(HOME, &grant).await.refusal();
    secrets.keep_jwt("a client assertion", &proof);
    world
        .post_token(CHAT, "todo-at-chat", &[("grant_type", JWT_BEARER), ("assertion", &id_jag)])
        .await
        .refusal();
}

/// Tokens in headers and queries.
async fn elsewhere(world: &World, access_token: &str, id_token: &str) {
    for token in [access_token, &access_token[..access_token.len() - 4], id_token] {
        let asked = request("GET", &format!("{HOME}/oauth2/userinfo?access_token={token}"))
            .header("authorization", format!("Bearer {token}"));
        world.send(asked.body(Body::empty()).unwrap()).await;
        world.get(&authorize_url(HOME, "wiki-agent", &[("id_token_hint", token)])).await;
        world.get(&format!("{HOME}/oauth2/logout?id_token_hint={token}")).await;
        world.get(&format!("{HOME}/{token}")).await;
        let cookie =
            request("GET", &format!("{HOME}/")).header("cookie", format!("__Host-tegata={token}"));
        world.send(cookie.body(Body::empty()).unwrap()).await;
    }
}

/// MCP EMA §7.4.2: "no complete ID-JAG, token or secret".
/// Row 177.
#[tokio::test]
async fn the_log_has_no_secret() {
    let memory = Memory::of_the_process();
    let client = Forge::with(&SigningKey::generate(Algorithm::ES256, "client-1"));
    let jwks = json!({ "keys": [client.public_jwk()] });
    let world = WORLD.replace("accounts = \"just_in_time\"", LINKING);
    let world = World::of(&format!(
        "{world}\n[[client]]\nclient_id = \"signing-agent\"\nname = \"Signs\"\njwks = '{jwks}'\n\
         token_endpoint_auth_method = \"private_key_jwt\"\nscope = \"reports\"\n\
         grant_types = [\"client_credentials\"]\n"
    ))
    .await;
    let mut secrets = Secrets::default();
    for person in ["alice", "bob"] {
        secrets.keep("a password", format!("{person}-password"));
    }
    for client in ["wiki-agent", "plain-app", "wiki-at-chat", "todo-at-chat"] {
        let secret = secret_of(client);
        secrets.keep("a header", BASE64_STANDARD.encode(format!("{client}:{secret}")));
        secrets.keep("a client secret", secret);
    }
    secrets.keep("a verifier", VERIFIER);
    for issuer in [HOME, CHAT] {
        let key = Forge::with(world.server(issuer).keys.signer(Algorithm::ES256).unwrap());
        let d = key.private_jwk().parameter("d").unwrap().as_str().unwrap().to_owned();
        secrets.keep("a private key", d);
    }

    let codes = in_the_browser(&world, &mut secrets).await;
    linking(&world, &mut secrets).await;
    at_the_token_endpoints(&world, &mut secrets, &client, codes).await;
    let mut browser = Browser::open(&world, &authorize_url(HOME, "wiki-agent", &[])).await;
    browser.sign_in("alice", "alice-password").await;
    secrets.keep_session(&browser);
    let tokens = tokens_of(&world, &browser).await;
    secrets.keep_members(&tokens);
    elsewhere(&world, &tokens.access_token(), &tokens.member("id_token")).await;
    browser.go(&format!("{HOME}/oauth2/logout?id_token_hint={}", tokens.member("id_token"))).await;
    secrets.keep_session(&browser);
    browser.submit(&[]).await;

    let text = memory.text();
    assert!(
        text.contains("\"answered\"") && text.contains("a request was refused"),
        "nothing was written"
    );
    assert!(secrets.0.len() > 100, "nothing was looked for");
    let mut found = vec![];
    for line in text.lines() {
        for (name, secret) in secrets.0.iter().filter(|(_, secret)| line.contains(secret)) {
            found.push(format!("{name}, {secret:.20}…: {line:.600}"));
        }
    }
    assert_eq!(found, Vec::<String>::new());
}

/// What was written about a request is found by the id that its answer had.
#[tokio::test]
async fn every_line_about_a_request_has_its_id() {
    let memory = Memory::of_the_process();
    let world = World::new().await;
    let answers = [
        world.get(&format!("{HOME}/oauth2/jwks")).await,
        world.post_token(HOME, "wiki-agent", &[("grant_type", "password")]).await,
        world.post_token(HOME, "wiki-agent", &[("grant_type", "client_credentials")]).await,
        world.get(&authorize_url(HOME, "wiki-agent", &[("scope", "\"")])).await,
        world.get(&authorize_url(HOME, "nobody", &[])).await,
    ];
    let lines = memory.lines();
    // Of this test: others may have been in the middle of something when we began to listen.
    let thread = std::thread::current().name().map(|name| json!(name)).unwrap();
    let ours = |line: &&Value| {
        line["target"].as_str().unwrap().starts_with("tegata::") && line["threadName"] == thread
    };
    assert!(lines.iter().any(|line| ours(&line)), "nothing was written here");
    let id_of = |line: &Value| {
        let spans = line["spans"].as_array()?;
        spans.iter().find_map(|span| span["request.id"].as_str()).map(str::to_owned)
    };
    for answer in &answers {
        let id = answer.header("x-request-id");
        let about: Vec<_> = lines.iter().filter(|it| id_of(it).as_deref() == Some(id)).collect();
        let answered: Vec<_> =
            about.iter().filter(|it| it["fields"]["message"] == "answered").collect();
        assert!(!answered.is_empty(), "nothing about {id}");
        let status = u64::from(answer.status.as_u16());
        assert!(answered.iter().any(|it| it["fields"]["http.status"] == status));
    }
    let without: BTreeSet<_> = lines
        .iter()
        .filter(ours)
        .filter(|line| id_of(line).is_none())
        .map(|line| line["fields"]["message"].to_string())
        .collect();
    assert_eq!(without, BTreeSet::new());
}
