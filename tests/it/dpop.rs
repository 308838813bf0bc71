//! Tokens that are bound to a key of the client (RFC 9449, ID-JAG §9.8).

use insta::assert_snapshot;
use serde_json::{Value, json};
use time::Duration;

use crate::support::{
    Answer, CALENDAR, CHAT, HOME, Holder, ID_JAG_TYP, JWT_BEARER, NOW, World, exchange_of,
    id_token_of, the_same,
};

const JWT_DPOP: &str = "urn:ietf:params:oauth:grant-type:jwt-dpop";
const REPORTS: [(&str, &str); 2] = [("grant_type", "client_credentials"), ("scope", "reports")];

/// What home says to a request for itself with a proof that is right but for these changes.
async fn refusal_of(header: Value, claims: Value) -> String {
    let (world, holder) = (World::new().await, Holder::new());
    let proof = holder.changed(HOME, &header, &claims);
    world.post_proven(HOME, "wiki-agent", &REPORTS, &[&proof]).await.refusal()
}

/// What chat says to an ID-JAG with this `cnf`, and this proof.
async fn redeemed(world: &World, cnf: Option<&str>, proofs: &[&str]) -> Answer {
    redeemed_by(world, JWT_BEARER, cnf, proofs).await
}

async fn redeemed_by(world: &World, grant: &str, cnf: Option<&str>, proofs: &[&str]) -> Answer {
    let mut claims = world.id_jag_claims(&world.sub_of("alice").await);
    if let Some(jkt) = cnf {
        claims["cnf"] = json!({ "jkt": jkt });
    }
    let id_jag = world.sign(HOME, ID_JAG_TYP, &claims);
    let request = [("grant_type", grant), ("assertion", &*id_jag)];
    world.post_proven(CHAT, "wiki-at-chat", &request, proofs).await
}

/// RFC 9449 §5 and §6.1.
#[tokio::test]
async fn an_access_token_that_is_bound() {
    let (world, holder) = (World::new().await, Holder::new());
    let proof = holder.proof(HOME);
    let answer = world.post_proven(HOME, "wiki-agent", &REPORTS, &[&proof]).await;
    assert_eq!(answer.member("token_type"), "DPoP");
    assert_eq!(answer.claims()["cnf"], json!({ "jkt": holder.thumbprint() }));
    let plain = world.post_token(HOME, "wiki-agent", &REPORTS).await;
    assert_eq!(plain.member("token_type"), "Bearer");
    assert_eq!(plain.claims()["cnf"], Value::Null);
}

/// ID-JAG §9.8.1.1: `token_type` stays what it is.
/// Row 149.
#[tokio::test]
async fn an_id_jag_that_is_bound() {
    let (world, holder) = (World::new().await, Holder::new());
    let id_token = id_token_of(&world, "alice").await;
    let proof = holder.proof(HOME);
    let answer = world.post_proven(HOME, "wiki-agent", &exchange_of(&id_token), &[&proof]).await;
    assert_eq!(answer.member("token_type"), "N_A");
    assert_eq!(answer.claims()["cnf"], json!({ "jkt": holder.thumbprint() }));
}

/// RFC 9449 §4.3 (9), with the normalization of RFC 3986.
#[tokio::test]
async fn the_same_address_in_another_spelling() {
    for htu in [
        "HTTPS://HOME.example:443/oauth2/token",
        "https://home.example/oauth2/token?x=1#y",
        "https://home.example/./oauth2/token",
    ] {
        let (world, holder) = (World::new().await, Holder::new());
        let proof = holder.changed(HOME, &json!({}), &json!({ "htu": htu }));
        let answer = world.post_proven(HOME, "wiki-agent", &REPORTS, &[&proof]).await;
        assert_eq!(answer.status, 200, "{htu}: {}", answer.text);
    }
}

/// RFC 9449 §4.3: what a proof has to be.
/// Row 151.
#[tokio::test]
async fn proofs_that_are_wrong() {
    let at = |seconds: i64| (NOW + Duration::seconds(seconds)).unix_timestamp();
    let private = Holder::new().private_jwk();
    let jwk = |jwk: Value| (json!({ "jwk": jwk }), json!({}));
    let header = |header: Value| (header, json!({}));
    let claims = |claims: Value| (json!({}), claims);
    let mut said = vec![];
    for (header, claims) in [
        header(json!({ "typ": "JWT" })),
        header(json!({ "typ": null })),
        header(json!({ "alg": "none" })),
        header(json!({ "alg": "HS256" })),
        header(json!({ "crit": ["b64"] })),
        jwk(json!(null)),
        jwk(private),
        jwk(json!({ "kty": "oct", "k": "AAAA" })),
        jwk(Holder::new().public_jwk()),
        claims(json!({ "htm": "GET" })),
        claims(json!({ "htm": "post" })),
        claims(json!({ "htu": format!("{CHAT}/oauth2/token") })),
        claims(json!({ "htu": "https://home.example/oauth2/token/" })),
        claims(json!({ "htu": "http://home.example/oauth2/token" })),
        claims(json!({ "htu": "oauth2/token" })),
        claims(json!({ "iat": at(-90) })),
        claims(json!({ "iat": at(31) })),
        claims(json!({ "iat": null })),
        claims(json!({ "exp": at(-31) })),
        claims(json!({ "nbf": at(31) })),
        claims(json!({ "jti": null })),
        claims(json!({ "jti": "" })),
        claims(json!({ "ath": "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo" })),
    ] {
        said.push(refusal_of(header, claims).await);
    }
    assert_snapshot!(said.join("\n"), @"
    400 invalid_dpop_proof: the DPoP proof is not acceptable: its typ says that it is something else
    400 invalid_dpop_proof: the DPoP proof is not acceptable: its typ says that it is something else
    400 invalid_dpop_proof: the DPoP proof is not acceptable: its algorithm is not one that is accepted here
    400 invalid_dpop_proof: the DPoP proof is not acceptable: its algorithm is not one that is accepted here
    400 invalid_dpop_proof: the DPoP proof is not acceptable: its header demands an extension that is not supported here
    400 invalid_dpop_proof: the DPoP proof is not acceptable: it has not the form of a signed JWT
    400 invalid_dpop_proof: the DPoP proof is not acceptable: the key in its header is not a public key for its algorithm
    400 invalid_dpop_proof: the DPoP proof is not acceptable: the key in its header is not a public key for its algorithm
    400 invalid_dpop_proof: the DPoP proof is not acceptable: its signature is not by the key in its header
    400 invalid_dpop_proof: the DPoP proof is not acceptable: its htm is not the method of the request
    400 invalid_dpop_proof: the DPoP proof is not acceptable: its htm is not the method of the request
    400 invalid_dpop_proof: the DPoP proof is not acceptable: its htu is not https://home.example/oauth2/token
    400 invalid_dpop_proof: the DPoP proof is not acceptable: its htu is not https://home.example/oauth2/token
    400 invalid_dpop_proof: the DPoP proof is not acceptable: its htu is not https://home.example/oauth2/token
    400 invalid_dpop_proof: the DPoP proof is not acceptable: its htu is not https://home.example/oauth2/token
    400 invalid_dpop_proof: the DPoP proof is not acceptable: it has expired, 30 seconds ago by the clock here
    400 invalid_dpop_proof: the DPoP proof is not acceptable: it was issued in the future or is not valid yet: by the clock here, in 31 seconds
    400 invalid_dpop_proof: the DPoP proof is not acceptable: its claims are incomplete or of the wrong type
    400 invalid_dpop_proof: the DPoP proof is not acceptable: it has expired, 31 seconds ago by the clock here
    400 invalid_dpop_proof: the DPoP proof is not acceptable: it was issued in the future or is not valid yet: by the clock here, in 31 seconds
    400 invalid_dpop_proof: the DPoP proof is not acceptable: its claims are incomplete or of the wrong type
    400 invalid_dpop_proof: the DPoP proof is not acceptable: its claims are incomplete or of the wrong type
    400 invalid_dpop_proof: the DPoP proof is not acceptable: its ath is not the hash of the access token
    ");
}

/// RFC 9449 §4.3 (1), and what is no JWT at all.
#[tokio::test]
async fn headers_that_are_no_proof() {
    let (world, holder) = (World::new().await, Holder::new());
    let mut said = vec![];
    let (one, other) = (holder.proof(HOME), holder.proof(HOME));
    for proofs in [&[&*one, &*other] as &[&str], &[""], &["e30.e30.e30"], &["one, two"]] {
        said.push(world.post_proven(HOME, "wiki-agent", &REPORTS, proofs).await.refusal());
    }
    assert_snapshot!(said.join("\n"), @r"
    400 invalid_dpop_proof: there is more than one DPoP header
    400 invalid_dpop_proof: the DPoP proof is not acceptable: it has not the form of a signed JWT
    400 invalid_dpop_proof: the DPoP proof is not acceptable: it has not the form of a signed JWT
    400 invalid_dpop_proof: the DPoP proof is not acceptable: it has not the form of a signed JWT
    ");
}

/// Whoever has no credentials can send a header, too.
#[tokio::test]
async fn a_key_that_reads_otherwise() {
    let (world, holder) = (World::new().await, Holder::new());
    for more in ["[1]", "{\"d\":1}"] {
        let mut jwk = holder.public_jwk();
        jwk["x"] = json!({ "$serde_json::private::RawValue": more });
        let proof = holder.changed(HOME, &json!({ "jwk": jwk }), &json!({}));
        let said = world.post_proven(HOME, "wiki-agent", &REPORTS, &[&proof]).await.refusal();
        assert_eq!(
            said,
            "400 invalid_dpop_proof: the DPoP proof is not acceptable: it has not the form of a signed JWT"
        );
    }
}

/// RFC 9449 §11.1: each proof counts once, whatever it is shown for, until it is too old anyway.
/// Row 151.
#[tokio::test]
async fn a_proof_that_is_used_again() {
    let (world, holder) = (World::new().await, Holder::new());
    let proof = holder.proof(HOME);
    assert_eq!(world.post_proven(HOME, "wiki-agent", &REPORTS, &[&proof]).await.status, 200);
    world.hands.advance(Duration::seconds(89));
    let id_token = id_token_of(&world, "alice").await;
    let said = [
        world.post_proven(HOME, "wiki-agent", &REPORTS, &[&proof]).await.refusal(),
        world.post_proven(HOME, "wiki-agent", &exchange_of(&id_token), &[&proof]).await.refusal(),
    ];
    assert_snapshot!(the_same(&said), @"400 invalid_dpop_proof: the DPoP proof was already used: make one for each request");
    // Another key may use the same name.
    let other = Holder::new().changed(HOME, &json!({}), &json!({ "iat": world_now(&world) }));
    assert_eq!(world.post_proven(HOME, "wiki-agent", &REPORTS, &[&other]).await.status, 200);
}

fn world_now(world: &World) -> i64 {
    world.live.shared().environment.clock.now().unix_timestamp()
}

/// A proof is for one address: RFC 9449 §4.3 (9).
/// Row 159.
#[tokio::test]
async fn a_proof_for_another_server() {
    let (world, holder) = (World::new().await, Holder::new());
    let proof = holder.proof(HOME);
    let answer = redeemed(&world, Some(&holder.thumbprint()), &[&proof]).await;
    assert_snapshot!(answer.refusal(), @"400 invalid_dpop_proof: the DPoP proof is not acceptable: its htu is not https://home.example/services/chat/oauth2/token");
}

/// ID-JAG §9.8.1.2.1 to §9.8.1.2.4, where the service leaves it open.
/// Rows 153, 154, 155, 156, 158.
#[tokio::test]
async fn the_four_cases() {
    let (holder, other) = (Holder::new(), Holder::new());
    let key = holder.thumbprint();
    for (cnf, proof, token_type) in [
        (Some(&*key), Some(&holder), "DPoP"),
        (None, Some(&holder), "DPoP"),
        (None, None, "Bearer"),
    ] {
        let world = World::new().await;
        let proof = proof.map(|it| it.proof(CHAT));
        let proofs: Vec<_> = proof.iter().map(String::as_str).collect();
        let answer = redeemed(&world, cnf, &proofs).await;
        assert_eq!(answer.member("token_type"), token_type);
        let bound = if token_type == "DPoP" { json!({ "jkt": key }) } else { Value::Null };
        assert_eq!(answer.claims()["cnf"], bound);
    }
    let world = World::new().await;
    let said = [
        redeemed(&world, Some(&key), &[&other.proof(CHAT)]).await.refusal(),
        redeemed(&world, Some(&key), &[]).await.refusal(),
    ];
    assert_snapshot!(said.join("\n"), @"
    400 invalid_grant: the assertion is not acceptable: it is bound to another key than the DPoP proof shows
    400 invalid_grant: the assertion is not acceptable: it is bound to a key, and no DPoP proof of that key came with the request
    ");
    // Neither used it up.
    assert_eq!(redeemed(&world, Some(&key), &[&holder.proof(CHAT)]).await.status, 200);
}

/// ID-JAG §9.8.1.2.4, and what RFC 9728 §2 calls it.
/// Row 157.
#[tokio::test]
async fn a_service_that_wants_all_tokens_bound() {
    let chat = "id = \"chat\"\n";
    let bound = "id = \"chat\"\ndpop_bound_access_tokens_required = true\n";
    let (world, holder) = (World::but(chat, bound).await, Holder::new());
    assert_snapshot!(redeemed(&world, None, &[]).await.refusal(), @"400 invalid_grant: a DPoP proof of a key is required here, for access tokens are bound to one");
    let itself = [("grant_type", "client_credentials")];
    let answer = world.post_token(CHAT, "todo-at-chat", &itself).await;
    assert_snapshot!(answer.refusal(), @"400 invalid_dpop_proof: a DPoP proof of a key is required here, for access tokens are bound to one");
    assert_eq!(redeemed(&world, None, &[&holder.proof(CHAT)]).await.member("token_type"), "DPoP");
    // Another service is another service.
    let plain = world.post_token(HOME, "wiki-agent", &REPORTS).await;
    assert_eq!(plain.member("token_type"), "Bearer");
    assert_ne!(CALENDAR, CHAT);
}

/// RFC 9449 §5.2.
#[tokio::test]
async fn a_client_that_wants_all_its_tokens_bound() {
    let agent = "client_id = \"wiki-agent\"\nname";
    let bound = "client_id = \"wiki-agent\"\ndpop_bound_access_tokens = true\nname";
    let (world, holder) = (World::but(agent, bound).await, Holder::new());
    let answer = world.post_token(HOME, "wiki-agent", &REPORTS).await;
    assert_snapshot!(answer.refusal(), @"400 invalid_dpop_proof: a DPoP proof of a key is required here, for access tokens are bound to one");
    let proof = holder.proof(HOME);
    assert_eq!(world.post_proven(HOME, "wiki-agent", &REPORTS, &[&proof]).await.status, 200);
}

/// ID-JAG §9.8: the grant type of its example is the same grant, where both have to be bound
/// (draft-parecki-oauth-jwt-dpop-grant §4).
#[tokio::test]
async fn the_other_name_of_the_grant() {
    let (world, holder) = (World::new().await, Holder::new());
    let answer = redeemed_by(&world, JWT_DPOP, None, &[]).await;
    assert_snapshot!(answer.refusal(), @"400 invalid_grant: a DPoP proof of a key is required here, for access tokens are bound to one");
    let key = holder.thumbprint();
    let answer = redeemed_by(&world, JWT_DPOP, None, &[&holder.proof(CHAT)]).await;
    assert_snapshot!(answer.refusal(), @"400 invalid_grant: the assertion is not bound to a key, which this grant wants");
    let answer = redeemed_by(&world, JWT_DPOP, Some(&key), &[&holder.proof(CHAT)]).await;
    assert_eq!(answer.member("token_type"), "DPoP");
}

/// RFC 9449 §8: a nonce is asked for, sent back, and good for a while.
/// Row 152.
#[tokio::test]
async fn a_server_that_wants_its_nonce() {
    let world = World::configured(&[("dpop.nonce_required", "true")]).await;
    let holder = Holder::new();
    let ask = async |nonce: Value| {
        let claims = json!({ "nonce": nonce, "iat": world_now(&world) });
        let proof = holder.changed(HOME, &json!({}), &claims);
        world.post_proven(HOME, "wiki-agent", &REPORTS, &[&proof]).await
    };
    let first = ask(Value::Null).await;
    assert_snapshot!(first.refusal(), @"400 use_dpop_nonce: the DPoP proof must have the nonce that comes with this answer, in DPoP-Nonce");
    let nonce = first.header("dpop-nonce").to_owned();
    assert_eq!(ask(json!("wrong")).await.member("error"), "use_dpop_nonce");
    let answer = ask(json!(nonce)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_ne!(answer.header("dpop-nonce"), "");
    world.hands.advance(Duration::seconds(90));
    assert_eq!(ask(json!(nonce)).await.status, 200);
    world.hands.advance(Duration::seconds(181));
    assert_eq!(ask(json!(nonce)).await.member("error"), "use_dpop_nonce");
    // Without a proof there is nothing to put a nonce into.
    assert_eq!(world.post_token(HOME, "wiki-agent", &REPORTS).await.member("token_type"), "Bearer");
}

/// RFC 9449 §5.1.
#[tokio::test]
async fn what_the_metadata_say() {
    let world = World::new().await;
    let metadata = world.get(&format!("{HOME}/.well-known/openid-configuration")).await.json();
    let algorithms = metadata["dpop_signing_alg_values_supported"].as_array().unwrap();
    assert!(algorithms.contains(&json!("ES256")) && !algorithms.contains(&json!("none")));
}

/// RFC 9449 §11.1: "a relatively brief period", whatever the proof says of itself.
#[tokio::test]
async fn proofs_that_want_to_live_longer() {
    let now = NOW.unix_timestamp();
    let old = json!({ "iat": now - 90, "exp": now + 3600 });
    assert_snapshot!(refusal_of(json!({}), old).await, @"400 invalid_dpop_proof: the DPoP proof is not acceptable: it has expired, 30 seconds ago by the clock here");
    let never = json!({ "iat": i64::MAX, "exp": i64::MAX });
    assert_snapshot!(refusal_of(json!({}), never).await, @"400 invalid_dpop_proof: the DPoP proof is not acceptable: it was issued in the future or is not valid yet: by the clock here, in 9223372035087452762 seconds");

    // Within it, an `exp` that is later does no harm.
    let (world, holder) = (World::new().await, Holder::new());
    let proof = holder.changed(HOME, &json!({}), &json!({ "exp": now + 3600 }));
    assert_eq!(world.post_proven(HOME, "wiki-agent", &REPORTS, &[&proof]).await.status, 200);
}

/// RFC 9449 §8: whenever it was given out, a nonce is good for as long as the proof that has it.
#[tokio::test]
async fn a_nonce_for_as_long_as_a_proof() {
    let world = World::configured(&[("dpop.nonce_required", "true")]).await;
    let holder = Holder::new();
    let ask = async |nonce: Value| {
        let claims = json!({ "nonce": nonce, "iat": world_now(&world) });
        let proof = holder.changed(HOME, &json!({}), &claims);
        world.post_proven(HOME, "wiki-agent", &REPORTS, &[&proof]).await
    };
    for turn in 0..9 {
        let nonce = ask(Value::Null).await.header("dpop-nonce").to_owned();
        world.hands.advance(Duration::seconds(90));
        assert_eq!(ask(json!(nonce)).await.status, 200, "turn {turn}");
        world.hands.advance(Duration::seconds(10));
    }
}
