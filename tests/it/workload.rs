//! Programs that another issuer vouches for are clients here (RFC 7523 §2.1 and §3).

use insta::{assert_json_snapshot, assert_snapshot};
use serde_json::{Value, json};
use tegata::model::{LedgerEntry, Outcome};
use tegata::store;

use crate::support::{
    Answer, CHAT, HOME, Holder, ID_JAG_TYP, JWT_BEARER, NOW, PARTNER, WORLD, World, changed, forge,
    form, header_by, key_of, redeem, request, the_same, with,
};

const JUST_IN_TIME: &str = "accounts = \"just_in_time\"";

/// Trusted with workloads alone, and with those of one branch.
const RUNNER: &str = "https://runner.example";
pub(crate) const MAIN: &str = "subject = \"repo:org/x:main\"";
const SUBJECT: &str = "repo:org/x:main";

/// A client that has no secret, for whoever it is knows it.
pub(crate) const CLIENT: &str = "\n[[client]]\nat = \"chat\"\nclient_id = \"ci\"\nname = \"CI\"\n\
    token_endpoint_auth_method = \"none\"\nscope = \"chat.read chat.write\"\n\
    grant_types = [\"urn:ietf:params:oauth:grant-type:jwt-bearer\"]\n";

/// The directory of a world in which chat trusts the runner on these terms, too.
pub(crate) fn directory(terms: &str) -> String {
    let trust = format!(
        "[[service.trust]]\nkind = \"workload\"\nissuer = \"{RUNNER}\"\nclient = \"ci\"\n{terms}\n"
    );
    WORLD.replace(JUST_IN_TIME, &format!("{JUST_IN_TIME}\n\n{trust}")) + CLIENT
}

pub(crate) async fn world(terms: &str) -> World {
    World::of(&directory(terms)).await
}

fn claims() -> Value {
    json!({
        "iss": RUNNER, "sub": SUBJECT, "aud": CHAT, "jti": "run-1", "repository": "org/x",
        "exp": NOW.unix_timestamp() + 300, "iat": NOW.unix_timestamp(),
    })
}

/// The keys of all issuers elsewhere are those of the partner in these tests.
pub(crate) fn signed(world: &World, typ: &str, change: &Value) -> String {
    let key = key_of(world, PARTNER);
    forge(&key, &header_by(&key, typ), &with(&claims(), change).to_string())
}

pub(crate) async fn shown(world: &World, assertion: &str, more: &[(&str, &str)]) -> Answer {
    let request = [("grant_type", JWT_BEARER), ("assertion", assertion)];
    world.post_bare(CHAT, &changed(&request, more)).await
}

/// What chat says to an assertion that is right but for this.
pub(crate) async fn answer_to(world: &World, change: &Value) -> Answer {
    shown(world, &signed(world, "JWT", change), &[]).await
}

pub(crate) async fn entry_of(world: &World, answer: &Answer) -> LedgerEntry {
    let rows = store::ledger::tail(world.live.shared().store.read(), None, 1_000).await.unwrap();
    let id = answer.header("x-request-id");
    rows.into_iter().map(|it| it.entry).find(|it| it.request.as_str() == id).unwrap()
}

/// It is the client itself, and nobody besides.
/// Row 173.
#[tokio::test]
async fn a_workload_is_a_client() {
    let world = world(MAIN).await;
    let answer = answer_to(&world, &json!({})).await;
    assert_json_snapshot!(answer.json(), { ".access_token" => "token" }, @r#"
    {
      "access_token": "token",
      "token_type": "Bearer",
      "expires_in": 600,
      "scope": "chat.read chat.write"
    }
    "#);
    assert_json_snapshot!(answer.claims(), { ".jti" => "jti", ".exp" => 1, ".iat" => 0 }, @r#"
    {
      "iss": "https://home.example/services/chat",
      "exp": 1,
      "aud": [
        "https://chat.example/mcp",
        "https://chat.example/files"
      ],
      "sub": "ci",
      "client_id": "ci",
      "iat": 0,
      "jti": "jti",
      "scope": "chat.read chat.write"
    }
    "#);
    let entry = entry_of(&world, &answer).await;
    assert_eq!(entry.outcome, Outcome::Issued);
    assert_eq!(entry.client.unwrap().as_str(), "ci");
    assert_eq!(entry.user.unwrap().as_str(), format!("{RUNNER} {SUBJECT}"));
    assert_eq!(entry.parent.unwrap(), "run-1");
}

/// RFC 7523 §3 (3): the issuer or the token endpoint, and nothing beside it; and without `typ`.
#[tokio::test]
async fn audiences() {
    let world = world(MAIN).await;
    let endpoint = format!("{CHAT}/oauth2/token");
    for (aud, jti) in [(json!(endpoint), "1"), (json!([CHAT]), "2"), (json!([endpoint]), "3")] {
        let answer = answer_to(&world, &json!({ "aud": aud, "jti": jti })).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    let key = key_of(&world, PARTNER);
    let header = json!({ "alg": "ES256", "kid": key.key_id() });
    let bare = forge(&key, &header, &claims().to_string());
    assert_eq!(shown(&world, &bare, &[]).await.status, 200);
    // Some issuers have a type for it.
    let typed = signed(&world, "authorization-grant+jwt", &json!({ "jti": "typed" }));
    assert_eq!(shown(&world, &typed, &[]).await.status, 200);
    for aud in [json!(HOME), json!([CHAT, endpoint]), json!([]), json!(format!("{CHAT}/"))] {
        let refusal = answer_to(&world, &json!({ "aud": aud })).await.refusal();
        assert!(refusal.starts_with("400 invalid_grant: the assertion is not acceptable: its aud"));
    }
}

/// Nothing is open to whoever has no true assertion, and nothing tells them whom chat trusts.
/// Rows 102, 106, 113, 173.
#[tokio::test]
async fn strangers() {
    let world = world(MAIN).await;
    let stranger = crate::support::Forge::of_a_stranger();
    let mut said = vec![];
    for typ in ["at+jwt", "logout+jwt", "dpop+jwt", "client-authentication+jwt", "secevent+jwt"] {
        said.push(shown(&world, &signed(&world, typ, &json!({})), &[]).await.refusal());
    }
    // An ID-JAG, be its issuer trusted with workloads, with ID-JAGs or with nothing.
    for iss in [RUNNER, PARTNER, HOME, "https://evil.example"] {
        let id_jag = with(&world.id_jag_claims("carol"), &json!({ "iss": iss }));
        let key = key_of(&world, if iss == HOME { HOME } else { PARTNER });
        let jwt = forge(&key, &header_by(&key, ID_JAG_TYP), &id_jag.to_string());
        said.push(shown(&world, &jwt, &[]).await.refusal());
    }
    assert_eq!(world.partner.fetches(), 0);
    // Issuers that are trusted with ID-JAGs are not trusted with anything else.
    for iss in [PARTNER, HOME, "https://evil.example", "ci", ""] {
        said.push(answer_to(&world, &json!({ "iss": iss })).await.refusal());
    }
    assert_eq!(world.partner.fetches(), 0);
    for header in [stranger.header("JWT"), header_by(&key_of(&world, PARTNER), "JWT")] {
        said.push(shown(&world, &stranger.sign(&header, &claims()), &[]).await.refusal());
    }
    let none = crate::support::unsigned(&json!({ "alg": "none" }), &claims().to_string());
    said.push(shown(&world, &none, &[]).await.refusal());
    // Whoever names a client that has no credentials is no less a stranger.
    for iss in [RUNNER, PARTNER, "https://evil.example"] {
        let jwt = stranger.sign(&stranger.header("JWT"), &with(&claims(), &json!({ "iss": iss })));
        said.push(shown(&world, &jwt, &[("client_id", "ci")]).await.refusal());
    }
    for change in [("assertion", "x"), ("client_id", "ci"), ("client_id", "nobody")] {
        let request = [("grant_type", JWT_BEARER), ("assertion", "x.y.z")];
        said.push(world.post_bare(CHAT, &changed(&request, &[change])).await.refusal());
    }
    assert_snapshot!(the_same(&said[..said.len() - 2]), @"401 invalid_client: client authentication is required");
    assert_eq!(world.post_bare(CHAT, &[("grant_type", JWT_BEARER)]).await.status, 401);
}

/// It is off, unless a trust says so: a plain assertion of an issuer of ID-JAGs opens nothing, be
/// it with credentials or without.
/// Row 106.
#[tokio::test]
async fn where_no_workload_is_trusted() {
    let world = World::new().await;
    let partners = json!({ "iss": PARTNER });
    let jwt = signed(&world, "JWT", &partners);
    assert_snapshot!(shown(&world, &jwt, &[]).await.refusal(), @"401 invalid_client: client authentication is required");
    assert_eq!(world.partner.fetches(), 0);
    assert_snapshot!(redeem(&world, &jwt, &[]).await.refusal(), @"400 invalid_grant: the assertion is not acceptable: its typ says that it is something else");
}

/// RFC 7523 §2.1: whoever authenticates is who they prove to be, and brings an ID-JAG; no ID-JAG is
/// taken of an issuer of workloads.
/// Rows 106, 173.
#[tokio::test]
async fn credentials_and_workloads() {
    let world = world(MAIN).await;
    let jwt = signed(&world, "JWT", &json!({}));
    let id_jag = with(&world.id_jag_claims("carol"), &json!({ "iss": RUNNER }));
    let key = key_of(&world, PARTNER);
    let id_jag = forge(&key, &header_by(&key, ID_JAG_TYP), &id_jag.to_string());
    let wrong = [("client_id", "wiki-at-chat"), ("client_secret", "wrong")];
    let said = [
        redeem(&world, &jwt, &[]).await.refusal(),
        redeem(&world, &id_jag, &[]).await.refusal(),
        shown(&world, &jwt, &wrong).await.refusal(),
        shown(&world, &id_jag, &[("client_id", "ci")]).await.refusal(),
        shown(&world, &jwt, &[("client_id", "mcp-client")]).await.refusal(),
    ];
    assert_snapshot!(said.join("\n"), @"
    400 invalid_grant: the issuer of the assertion is not trusted here
    400 invalid_grant: the issuer of the assertion is not trusted here
    401 invalid_client: client authentication failed
    400 unauthorized_client: a client without credentials cannot redeem an ID-JAG
    400 invalid_request: client_id names another client than the one that authenticates
    ");
    assert_eq!(shown(&world, &jwt, &[("client_id", "ci")]).await.status, 200);
}

/// Exactly what the trust wants to know, and all of it.
#[tokio::test]
async fn what_makes_a_workload_the_client() {
    let wanted =
        "subject = \"repo:org/x:main\"\nclaims = { repository = \"org/x\", run = 7, own = true }";
    let world = world(wanted).await;
    let right = json!({ "run": 7, "own": true });
    let mut said = vec![];
    for change in [
        json!({ "run": null }),
        json!({ "run": "7" }),
        json!({ "run": 7.0 }),
        json!({ "own": "true" }),
        json!({ "repository": "org/X" }),
        json!({ "repository": "org/x " }),
        json!({ "repository": ["org/x"] }),
        json!({ "sub": "repo:org/x:main2" }),
        json!({ "sub": "repo:org/x:*" }),
    ] {
        let answer = answer_to(&world, &with(&right, &change)).await;
        said.push(answer.refusal());
        let entry = entry_of(&world, &answer).await;
        assert!(entry.user.unwrap().as_str().starts_with(RUNNER));
        assert_eq!(entry.parent.unwrap(), "run-1");
    }
    assert_snapshot!(the_same(&said), @"400 invalid_grant: no client here is meant by what the assertion says of its workload");
    assert_eq!(answer_to(&world, &right).await.status, 200, "a refusal uses nothing up");
}

/// One issuer vouches for several clients; each assertion is one of them.
#[tokio::test]
async fn several_workloads_of_one_issuer() {
    let other = format!(
        "claims = {{ repository = \"org/x\" }}\n\n[[service.trust]]\nkind = \"workload\"\n\
         issuer = \"{RUNNER}\"\nclient = \"todo-at-chat\"\nclaims = {{ repository = \"org/y\" }}\n\
         scopes = [\"chat.read\"]\nactive = false"
    );
    let (off, on) = (directory(&other), directory(&other.replace("active = false", "")));
    let world = World::of(&off).await;
    let y = |jti: &str| json!({ "repository": "org/y", "jti": jti });
    assert_eq!(answer_to(&world, &json!({})).await.claims()["client_id"], "ci");
    assert_snapshot!(answer_to(&world, &y("1")).await.refusal(), @"400 invalid_grant: no client here is meant by what the assertion says of its workload");
    world.apply(&on).await;
    let claims = answer_to(&world, &y("2")).await.claims();
    assert_eq!(
        (&claims["client_id"], &claims["scope"]),
        (&json!("todo-at-chat"), &json!("chat.read"))
    );
    world.apply(&off).await;
    assert_eq!(
        answer_to(&world, &y("3")).await.refusal().split(':').next(),
        Some("400 invalid_grant")
    );
    assert_eq!(answer_to(&world, &json!({ "jti": "x" })).await.status, 200);
}

/// The times and the use that RFC 7523 §3 (4) to (7) has.
#[tokio::test]
async fn times_and_uses() {
    let world = world(MAIN).await;
    let at = |seconds: i64| NOW.unix_timestamp() + seconds;
    let said = [
        answer_to(&world, &json!({ "exp": at(-31), "iat": at(-90) })).await.refusal(),
        answer_to(&world, &json!({ "iat": at(31) })).await.refusal(),
        answer_to(&world, &json!({ "nbf": at(31) })).await.refusal(),
        answer_to(&world, &json!({ "exp": at(601) })).await.refusal(),
        answer_to(&world, &json!({ "exp": at(601), "iat": null })).await.refusal(),
        answer_to(&world, &json!({ "exp": at(590), "iat": at(-11) })).await.refusal(),
        answer_to(&world, &json!({ "jti": null })).await.refusal(),
    ];
    assert_snapshot!(said.join("\n"), @"
    400 invalid_grant: the assertion is not acceptable: it has expired, 31 seconds ago by the clock here
    400 invalid_grant: the assertion is not acceptable: it was issued in the future or is not valid yet: by the clock here, in 31 seconds
    400 invalid_grant: the assertion is not acceptable: it was issued in the future or is not valid yet: by the clock here, in 31 seconds
    400 invalid_grant: the assertion is not acceptable: it lives for longer than is accepted here
    400 invalid_grant: the assertion is not acceptable: it lives for longer than is accepted here
    400 invalid_grant: the assertion is not acceptable: it lives for longer than is accepted here
    400 invalid_grant: the assertion is not acceptable: it has no jti, and is to be used once: its trust may say reuse = until_expiry
    ");
    assert_eq!(answer_to(&world, &json!({ "exp": at(600), "iat": null })).await.status, 200);
    assert_snapshot!(answer_to(&world, &json!({ "exp": at(590) })).await.refusal(), @"400 invalid_grant: the assertion was already used");
}

/// Where the trust says so, as often as it lives, and without a `jti`.
#[tokio::test]
async fn reuse_until_expiry() {
    let world = world(&format!("{MAIN}\nreuse = \"until_expiry\"\nlongest = 3600")).await;
    let change = json!({ "jti": null, "exp": NOW.unix_timestamp() + 3600 });
    let (one, other) = (answer_to(&world, &change).await, answer_to(&world, &change).await);
    assert_ne!(one.claims()["jti"], other.claims()["jti"]);
    world.hands.advance(time::Duration::seconds(3630));
    assert_snapshot!(answer_to(&world, &change).await.refusal(), @"400 invalid_grant: the assertion is not acceptable: it has expired, 30 seconds ago by the clock here");
}

/// The least of what client and trust have, and what is asked for.
#[tokio::test]
async fn scope_and_resources() {
    let ceiling = "scopes = [\"chat.read\", \"chat.admin\"]\nresources = [\"https://chat.example/mcp\"]\n\
                   reuse = \"until_expiry\"";
    let world = world(&format!("{MAIN}\n{ceiling}")).await;
    let jwt = signed(&world, "JWT", &json!({}));
    let given = shown(&world, &jwt, &[]).await.claims();
    assert_eq!(
        (&given["scope"], &given["aud"]),
        (&json!("chat.read"), &json!("https://chat.example/mcp"))
    );
    let said = [
        shown(&world, &jwt, &[("scope", "chat.write")]).await.refusal(),
        shown(&world, &jwt, &[("scope", "chat.admin")]).await.refusal(),
        shown(&world, &jwt, &[("resource", "https://chat.example/files")]).await.refusal(),
        shown(&world, &jwt, &[("resource", "https://elsewhere.example")]).await.refusal(),
        shown(&world, &jwt, &[("authorization_details", "[]")]).await.refusal(),
    ];
    assert_snapshot!(said.join("\n"), @"
    400 invalid_scope: no scope that was asked for can be granted to the workload
    400 invalid_scope: no scope that was asked for can be granted to the workload
    400 invalid_target: the resource is not one that this server issues tokens for, or not one that was granted
    400 invalid_target: the resource is not one that this server issues tokens for, or not one that was granted
    400 invalid_authorization_details: authorization_details are not taken by this grant
    ");
    let asked = [("scope", "chat.read chat.write"), ("resource", "https://chat.example/mcp")];
    assert_eq!(shown(&world, &jwt, &asked).await.claims()["scope"], "chat.read");
}

/// What was switched off is off from the next request on.
#[tokio::test]
async fn a_client_that_is_off() {
    let world = world(MAIN).await;
    let off = directory(MAIN).replace("name = \"CI\"", "name = \"CI\"\nactive = false");
    world.apply(&off).await;
    assert_snapshot!(answer_to(&world, &json!({})).await.refusal(), @"400 invalid_grant: no client here is meant by what the assertion says of its workload");
    world.apply(&directory(&format!("{MAIN}\nactive = false"))).await;
    assert_snapshot!(answer_to(&world, &json!({})).await.refusal(), @"401 invalid_client: client authentication is required");
    world.apply(&directory(MAIN)).await;
    assert_eq!(answer_to(&world, &json!({})).await.status, 200);
}

async fn proven(world: &World, jwt: &str, proof: Option<&str>) -> Answer {
    let mut request = request("POST", &format!("{CHAT}/oauth2/token"))
        .header("content-type", "application/x-www-form-urlencoded");
    if let Some(proof) = proof {
        request = request.header("dpop", proof);
    }
    let form = form(&[("grant_type", JWT_BEARER), ("assertion", jwt)]);
    world.send(request.body(form.into()).unwrap()).await
}

/// RFC 9449 §5; RFC 7800 §3.1.
#[tokio::test]
async fn bound_tokens() {
    let world = world(&format!("{MAIN}\nreuse = \"until_expiry\"")).await;
    let (holder, other) = (Holder::new(), Holder::new());
    let plain = signed(&world, "JWT", &json!({}));
    let answer = proven(&world, &plain, Some(&holder.proof(CHAT))).await;
    assert_eq!(answer.json()["token_type"], "DPoP");
    assert_eq!(answer.claims()["cnf"]["jkt"], holder.thumbprint());
    let bound = signed(&world, "JWT", &json!({ "cnf": { "jkt": holder.thumbprint() } }));
    assert_eq!(proven(&world, &bound, Some(&holder.proof(CHAT))).await.status, 200);
    let odd = signed(&world, "JWT", &json!({ "cnf": { "kid": "1" } }));
    let said = [
        proven(&world, &bound, None).await.refusal(),
        proven(&world, &bound, Some(&other.proof(CHAT))).await.refusal(),
        proven(&world, &odd, Some(&holder.proof(CHAT))).await.refusal(),
        proven(&world, &plain, Some(&holder.proof(HOME))).await.refusal(),
    ];
    assert_snapshot!(said.join("\n"), @"
    400 invalid_grant: the assertion is not acceptable: it is bound to a key, and no DPoP proof of that key came with the request
    400 invalid_grant: the assertion is not acceptable: it is bound to another key than the DPoP proof shows
    400 invalid_grant: the assertion is not acceptable: it is bound by a cnf that cannot be checked here: jkt alone is supported, or x5t#S256 alone where the metadata say so
    400 invalid_dpop_proof: the DPoP proof is not acceptable: its htu is not https://home.example/services/chat/oauth2/token
    ");
}

/// Keys that the issuer rotated to are looked for once, as for ID-JAGs.
#[tokio::test]
async fn keys_of_the_issuer() {
    let world = world(MAIN).await;
    let newer = world.partner.rotate();
    let jwt = newer.sign("JWT", &claims());
    assert_eq!(shown(&world, &jwt, &[]).await.status, 200);
    assert_eq!(world.partner.fetches(), 2);
}
