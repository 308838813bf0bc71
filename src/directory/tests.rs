//! Reading, checking, planning and applying, against a real database in memory.

use std::path::Path;

use insta::assert_snapshot;
use time::Duration;

use super::{Ground, Options, Plan, Refused, apply_text};
use crate::environment::Environment;
use crate::model::{Accounts, TrustedKeys};
use crate::oauth::{AuthMethod, ClientId, Issuer, ServiceId};
use crate::passwords::Passwords;
use crate::server::SecretKey;
use crate::store::{self, Store, changes};

/// The example of the design, with two services.
const DIRECTORY: &str = r#"
    [[group]]
    name = "sales"

    [[user]]
    username = "alice"
    email = "alice@example.com"
    name = "Alice Example"
    password = "alice-password"
    groups = ["sales"]

    [[user]]
    username = "bob"
    password_hash = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21l$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"

    [[service]]
    id = "chat"
    name = "Chat"
    resources = ["http://127.0.0.1:18770/mcp"]
    audience_aliases = ["urn:example:chat"]
    scopes = { "chat.read" = "Read your messages", "chat.write" = "Send messages as you" }

    [[service]]
    id = "mail"
    scopes = { "mail.read" = "Read your mail" }

    [[service.trust]]
    issuer = "https://idp.partner.example"
    scopes = ["mail.read"]
    reuse = "until_expiry"
    accounts = "just_in_time"

    [[service.trust]]
    issuer = "http://127.0.0.1:8080"

    [[client]]
    client_id = "wiki-agent"
    client_name = "Wiki agent"
    agent = true
    client_secret = "wiki-agent-secret-wiki-agent-secret"
    redirect_uris = ["http://127.0.0.1:18765/callback"]
    grant_types = ["authorization_code", "urn:ietf:params:oauth:grant-type:token-exchange"]
    scope = "openid profile"
    contacts = ["wiki@example.com"]
    "client_name#ja" = "ウィキ"
    response_types = ["code"]

    [[client]]
    at = "chat"
    client_id = "wiki-at-chat"
    client_secret = "wiki-at-chat-secret-wiki-at-chat-secret"
    grant_types = ["urn:ietf:params:oauth:grant-type:jwt-bearer"]

    [[connection]]
    client = "wiki-agent"
    service = "chat"
    client_id = "wiki-at-chat"
    scopes = ["chat.read"]
    approval = "admin"
    groups = ["sales"]
"#;

pub(super) async fn ground() -> Ground {
    let environment = Environment::system();
    Ground {
        store: Store::open("sqlite::memory:").await.unwrap(),
        home: Issuer::parse("http://127.0.0.1:8080").unwrap(),
        id_jag: Duration::minutes(5),
        passwords: Passwords::new(2, environment.clone()),
        secret_key: SecretKey::new(vec![7; 32]),
        environment,
    }
}

async fn apply(ground: &Ground, text: &str, options: Options) -> Result<Plan, Refused> {
    apply_text(ground, Path::new("directory.toml"), text, options).await
}

pub(super) async fn applied(ground: &Ground, text: &str) -> String {
    lines(&apply(ground, text, Options::default()).await.unwrap())
}

fn lines(plan: &Plan) -> String {
    let lines: Vec<_> = plan.changes.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

pub(super) async fn mistakes(text: &str) -> String {
    apply(&ground().await, text, Options::default()).await.unwrap_err().to_string()
}

#[tokio::test]
async fn everything_is_new_and_then_nothing_is() {
    let ground = ground().await;
    assert_snapshot!(applied(&ground, DIRECTORY).await, @r#"
    + group sales
    + user alice: groups "sales"
    + user bob
    + service chat: issuer "http://127.0.0.1:8080/services/chat"
    + trust of chat in http://127.0.0.1:8080: accounts "the same people"
    + service mail: issuer "http://127.0.0.1:8080/services/mail"
    + trust of mail in http://127.0.0.1:8080: accounts "the same people"
    + trust of mail in https://idp.partner.example: accounts "just_in_time"; scopes "mail.read"; reuse "until_expiry"
    + client wiki-agent: scope "openid profile"
    + client wiki-at-chat at chat: scope "chat.read chat.write"
    + connection wiki-agent → chat: scope "chat.read"; approval "admin"; groups "sales"
    "#);
    let again = apply(&ground, DIRECTORY, Options::default()).await.unwrap();
    assert!(again.is_empty() && again.not_in_file.is_empty(), "{again:?}");
    let version = changes::last(ground.store.read()).await.unwrap();
    assert_eq!(version, 1, "what changes nothing is no new version");
}

#[tokio::test]
async fn what_is_kept() {
    let ground = ground().await;
    applied(&ground, DIRECTORY).await;
    let db = ground.store.read();

    let alice = store::users::named(db, "alice").await.unwrap().unwrap();
    let password = "alice-password".into();
    assert!(ground.passwords.verify(&password, alice.password_hash.as_deref()).await.unwrap());
    assert_eq!(alice.groups, ["sales"]);

    let id = ClientId::parse("wiki-agent").unwrap();
    let agent = store::clients::find(db, &ground.home, &id).await.unwrap().unwrap();
    assert_eq!(agent.auth_method, AuthMethod::ClientSecretBasic);
    let mac = agent.secret_mac.unwrap();
    assert!(ground.secret_key.proves("wiki-agent-secret-wiki-agent-secret", &mac));

    let chat = ServiceId::parse("chat").unwrap();
    let trusts = store::trusts::of(db, &chat).await.unwrap();
    let [home] = trusts.as_slice() else { panic!("{trusts:?}") };
    assert_eq!(home.issuer, ground.home);
    assert_eq!((&home.keys, home.accounts), (&TrustedKeys::Local, Accounts::SamePerson));
    let there = Issuer::parse("http://127.0.0.1:8080/services/chat").unwrap();
    let id = ClientId::parse("wiki-at-chat").unwrap();
    let client = store::clients::find(db, &there, &id).await.unwrap().unwrap();
    assert_eq!(client.scope.to_string(), "chat.read chat.write");
}

#[tokio::test]
async fn changes_are_told_without_secrets() {
    let ground = ground().await;
    applied(&ground, DIRECTORY).await;
    let changed = DIRECTORY
        .replace("alice-password", "another-password")
        .replace("alice@example.com", "alice@example.org")
        .replace("wiki-agent-secret", "wiki-agent-geheim")
        .replace("openid profile", "openid email profile")
        .replace("approval = \"admin\"", "approval = \"user\"")
        .replace("reuse = \"until_expiry\"", "jwks_uri = \"https://idp.partner.example/keys\"")
        .replace("Send messages as you", "Write messages");
    let dry = Options { dry_run: true, ..Options::default() };
    let told = lines(&apply(&ground, &changed, dry).await.unwrap());
    assert_snapshot!(told, @r#"
    ~ user alice: email "alice@example.com" → "alice@example.org"; password changed
    ~ service chat: words of scopes changed
    ~ trust of mail in https://idp.partner.example: keys "discovered" → "https://idp.partner.example/keys"; reuse "until_expiry" → "once"
    ~ client wiki-agent: secret changed; scope "openid profile" → "email openid profile"
    ~ connection wiki-agent → chat: approval "admin" → "user"
    "#);
    assert_eq!(applied(&ground, &changed).await, told, "a dry run changes nothing");
    assert_eq!(applied(&ground, &changed).await, "");
}

#[tokio::test]
async fn what_is_not_in_the_file_is_left_alone_unless_pruned() {
    let ground = ground().await;
    applied(&ground, DIRECTORY).await;
    let alice = "[[user]]\nusername = 'alice'\nemail = 'alice@example.com'\nname = 'Alice Example'";
    let plan = apply(&ground, alice, Options::default()).await.unwrap();
    assert_eq!(lines(&plan), "~ user alice: groups \"sales\" → \"\"");
    assert_snapshot!(plan.not_in_file.join("\n"), @"
    user bob
    service chat
    service mail
    client wiki-agent
    client wiki-at-chat at chat
    connection wiki-agent → chat
    ");

    let prune = Options { prune: true, ..Options::default() };
    assert_snapshot!(lines(&apply(&ground, alice, prune).await.unwrap()), @"
    - user bob: no longer active
    - service chat: no longer active
    - service mail: no longer active
    - client wiki-agent: no longer active
    - client wiki-at-chat at chat: no longer active
    - connection wiki-agent → chat: no longer active
    ");
    assert!(apply(&ground, alice, prune).await.unwrap().is_empty());
    // Put back, it is as it was.
    assert_snapshot!(applied(&ground, DIRECTORY).await, @r#"
    ~ user alice: groups "" → "sales"
    ~ user bob: active again
    ~ service chat: active again
    ~ service mail: active again
    ~ client wiki-agent: active again
    ~ client wiki-at-chat at chat: active again
    ~ connection wiki-agent → chat: active again
    "#);
    assert_eq!(applied(&ground, DIRECTORY).await, "");
}

#[tokio::test]
async fn clients_move_with_their_service() {
    let ground = ground().await;
    applied(&ground, DIRECTORY).await;
    let service = "[[service]]\nid = 'mail'\nissuer = 'https://mail.example'\n\
                   scopes = { \"mail.read\" = 'Read your mail' }\n\
                   [[service]]\nid = 'chat'\nname = 'Chat'\nissuer = 'https://chat.example'\n\
                   resources = ['http://127.0.0.1:18770/mcp']\n\
                   audience_aliases = ['urn:example:chat']\n\
                   scopes = { \"chat.read\" = 'Read', \"chat.write\" = 'Send' }";
    assert_snapshot!(applied(&ground, service).await, @r#"
    ~ service mail: issuer "http://127.0.0.1:8080/services/mail" → "https://mail.example"
    - trust of mail in https://idp.partner.example
    ~ service chat: issuer "http://127.0.0.1:8080/services/chat" → "https://chat.example"; words of scopes changed
    ~ clients at chat (1): issuer "http://127.0.0.1:8080/services/chat" → "https://chat.example"
    "#);
    let clients = store::clients::all(ground.store.read()).await.unwrap();
    assert_eq!(clients.len(), 2);
    assert_eq!(clients[1].issuer.as_str(), "https://chat.example");
}

#[tokio::test]
async fn references_may_point_into_the_store() {
    let ground = ground().await;
    applied(&ground, DIRECTORY).await;
    let more = "[[client]]\nat = 'chat'\nclient_id = 'web'\nredirect_uris = ['https://w.example']\n\
                token_endpoint_auth_method = 'none'";
    assert_eq!(
        applied(&ground, more).await,
        "+ client web at chat: scope \"chat.read chat.write\""
    );
    let prune = Options { prune: true, ..Options::default() };
    let refused = apply(&ground, more, prune).await.unwrap_err().to_string();
    assert!(refused.contains("there is no service \"chat\""), "{refused}");
}

#[tokio::test]
async fn all_mistakes_at_once() {
    let text = r#"
        [[user]]
        username = "alice"
        colour = "red"
        password = 12345
        groups = ["sale"]

        [[user]]
        usernam = "bob"

        [[service]]
        id = "Chat"

        [[service]]
        id = "home"
        issuer = "http://127.0.0.1:8080/"

        [[service]]
        id = "mail"
        access_token_signing_alg = "HS256"
        resources = ["mail"]
        scopes = { mail.read = "Read your mail" }
        [[service.trust]]
        issuer = "http://127.0.0.1:8080/services/mail"
        [[service.trust]]
        issuer = "https://idp.example"
        jwks = "{}"
        accounts = "all"
        lifetime = 5

        [[service]]
        id = "far"
        hosted = false

        [[service]]
        id = "away"
        hosted = false
        issuer = "https://away.example"
        access_token_signing_alg = "RS256"

        [[client]]
        client_id = "a"
        client_secret = "hunter2"
        redirect_uris = ["javascript:alert(1)"]
        default_max_age = 60
        subject_type = "pairwise"
        grant_types = ["authorization_code", "password", "urn:ietf:params:oauth:grant-type:jwt-bearer"]

        [[client]]
        client_id = "b"
        grant_types = []

        [[client]]
        at = "nowhere"
        client_id = "c"
        client_secret = "01234567890123456789 0123456789012345678"
        grant_types = []

        [[client]]
        at = "Chat"
        client_id = "d"
        jwks = '{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}]}'
        grant_types = []

        [[connection]]
        client = "e"
        service = "mail"
        client_id = "f"
        scopes = ["mail.send"]
        resources = ["https://other.example"]
        approval = "maybe"

        [colour]
    "#;
    assert_snapshot!(mistakes(text).await, @r#"
    directory.toml has 32 mistakes
      user[0] "alice" colour: there is no such member; there are username, email, name, password, password_hash, groups, active
      user[0] "alice" password: it is not a text; correct it
      user[1] usernam: there is no such member; there are username, email, name, password, password_hash, groups, active
      user[1] username: it is missing; write it
      client[0] "a" default_max_age: nobody is asked to sign in again for its sake yet; take it out
      [[colour]]: there is no such section; there are [[group]], [[user]], [[service]], [[client]] and [[connection]]
      user[0] "alice" groups: there is no group "sale"; add [[group]] with name = "sale", or take it out
      service[0] "Chat" id: it cannot be an id; take 1 to 63 of a-z, 0-9 and -, as it becomes part of a URL
      service[1] "home" issuer: it is the issuer of home, which cannot be a service (ID-JAG §9.3); give the service another one
      service[2] "mail" resources[0]: a resource must be an absolute URI without fragment; write a URL like https://api.example.com/mcp
      service[2] "mail" scopes."mail": it is a table; put names with dots in quotes: "mail.…" = "…"
      service[2] "mail" access_token_signing_alg: nothing is signed by it here; there are ES256, ES384, ES512, RS256, RS384, RS512, PS256, PS384, PS512, EdDSA
      service[3] "far" issuer: it is missing; write it: only the issuer of a hosted service is known without
      service[4] "away" access_token_signing_alg: no token of this service is signed here; take it out
      service[2] "mail" trust[0] "http://127.0.0.1:8080/services/mail": a service cannot trust itself (ID-JAG §9.3); take it out
      service[2] "mail" trust[1] "https://idp.example" lifetime: there is no such member; there are issuer, kind, jwks, jwks_uri, scopes, reuse, accounts, longest, tenant, aud_tenant, authorization_details, act, resource_required, aud_sub, email_domains, link_domains, client, subject, claims, resources, active
      service[2] "mail" trust[1] "https://idp.example" jwks: it has no "keys"; write the text of a JWK set, jwks = '{"keys":[…]}'
      service[2] "mail" trust[1] "https://idp.example" accounts: it is something else; write "linked" or "just_in_time"
      client[0] "a" client_secret: it has 7 characters; take 32 at least, random ones: `openssl rand -hex 32` makes some
      client[0] "a" redirect_uris[0]: a redirect URI must be https, http on loopback, or of a scheme like com.example.app; correct it: requests must name it letter by letter
      client[0] "a" grant_types: there is no grant type "password" here; there are authorization_code, refresh_token, client_credentials, urn:ietf:params:oauth:grant-type:jwt-bearer, urn:ietf:params:oauth:grant-type:jwt-dpop, urn:ietf:params:oauth:grant-type:token-exchange
      client[0] "a" grant_types: ID-JAGs are taken by a service, not by home; take jwt-bearer out, or say with `at` which service
      client[0] "a" subject_type: there are no redirect_uris, whose host would be the sector; name one as sector = "app.example.com"
      client[1] "b" token_endpoint_auth_method: it is missing, and there is no credential; add client_secret, jwks or jwks_uri; or write "none" for a client that runs where nothing can be kept secret
      client[2] "c" at: there is no service "nowhere"; add it, or leave `at` out for a client at home
      client[2] "c" client_secret: it has a space or a %, and clients send those in two ways; take others: `openssl rand -hex 32` makes some
      client[3] "d" jwks: it has a private key; give the public part only, and make a new key: this one has been seen
      connection[0] "e → mail" client: there is no client "e" at home; add [[client]] without `at`, or correct the id
      connection[0] "e → mail" approval: it is something else; write "admin" (no questions) or "user" (the person must consent)
      connection[0] "e → mail" client_id: there is no client "f" at mail; add [[client]] with at = "mail", or correct the id
      connection[0] "e → mail" scopes: service mail has no scope "mail.send"; it has none at all: add scopes to the service
      connection[0] "e → mail" resources: service mail does not govern https://other.example; take it out, or add it to the resources of the service
    "#);
}

#[tokio::test]
async fn a_file_that_is_no_toml_is_not_shown() {
    let text = "[[user]]\nusername = 'alice'\npassword = 'hunter2\n";
    let told = mistakes(text).await;
    assert!(!told.contains("hunter2"), "{told}");
    assert_snapshot!(told, @"
    directory.toml has a mistake
      line 3, column 20: invalid literal string, expected `'`; correct it
    ");
}

#[tokio::test]
async fn nothing_is_half_applied() {
    let ground = ground().await;
    let broken = format!("{DIRECTORY}\n[[client]]\nclient_id = 'x'");
    assert!(apply(&ground, &broken, Options::default()).await.is_err());
    assert!(store::users::all(ground.store.read()).await.unwrap().is_empty());
}

/// ID-JAG §6.3: a claim that the service itself would refuse is a mistake of the file.
#[tokio::test]
async fn no_tenant_of_a_service_of_home() {
    let text = format!("{DIRECTORY}\n    claims.aud_tenant = \"=acme\"\n");
    assert_snapshot!(mistakes(&text).await, @r#"
    directory.toml has a mistake
      connection[0] "wiki-agent → chat" claims.aud_tenant: home's services have no tenants, and this one would refuse it; take it out: it is for services elsewhere
    "#);
}
