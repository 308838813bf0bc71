//! Tokens that are bound to the certificate of the client (RFC 8705 §3, RFC 9440, the coming ID-JAG
//! -05).

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{
    Answer, BEHIND_PROXY, CHAT, Certified, HOME, Holder, ID_JAG_TYP, JWT_BEARER, PROXY, WORLD,
    World, allowed_by_alice, exchange_of, redemption, the_same,
};

const AGENT: (&str, &str) = (HOME, "wiki-agent");
pub(crate) const THERE: (&str, &str) = (CHAT, "wiki-at-chat");
const REPORTS: [(&str, &str); 2] = [("grant_type", "client_credentials"), ("scope", "reports")];

/// The directory where these clients want their tokens bound to their certificate.
pub(crate) fn bound(clients: &[&str]) -> String {
    clients.iter().fold(WORLD.to_owned(), |world, client| {
        let line = format!("client_id = \"{client}\"\n");
        let (before, after) = world.split_once(&line).unwrap();
        format!("{before}{line}tls_client_certificate_bound_access_tokens = true\n{after}")
    })
}

async fn world(clients: &[&str]) -> World {
    World::set(&BEHIND_PROXY, &bound(clients)).await
}

/// What chat says to an ID-JAG with this `cnf`, which comes through the proxy with these headers.
async fn redeemed(world: &World, cnf: Option<Value>, headers: &[(&str, &str)]) -> Answer {
    let mut claims = world.id_jag_claims(&world.sub_of("alice").await);
    if let Some(cnf) = cnf {
        claims["cnf"] = cnf;
    }
    let id_jag = world.sign(HOME, ID_JAG_TYP, &claims);
    let request = [("grant_type", JWT_BEARER), ("assertion", &*id_jag)];
    world.post_from(PROXY, THERE, &request, headers).await
}

/// RFC 8705 §3 and §3.1: the client said so, and `token_type` stays what it is.
#[tokio::test]
async fn an_access_token_that_is_bound() {
    let (world, holder) = (world(&["wiki-agent"]).await, Certified::new());
    let answer = world.post_certified(AGENT, &REPORTS, &holder).await;
    assert_eq!(answer.member("token_type"), "Bearer");
    assert_eq!(answer.claims()["cnf"], holder.cnf());
    let without = world.post_token(HOME, "wiki-agent", &REPORTS).await;
    assert_snapshot!(without.refusal(), @"400 invalid_request: the client is registered for tokens that are bound to its certificate, and none came with the request, or none that is taken here");
}

/// Who has a certificate for some other reason has tokens like everybody else.
#[tokio::test]
async fn a_client_that_did_not_ask_for_it() {
    let (world, holder) = (World::configured(&BEHIND_PROXY).await, Certified::new());
    let answer = world.post_certified(AGENT, &REPORTS, &holder).await;
    assert_eq!(answer.claims()["cnf"], Value::Null);
    let field = holder.field();
    let answer = redeemed(&world, None, &[("client-cert", &field)]).await;
    assert_eq!(answer.claims()["cnf"], Value::Null);
}

/// A client that wants both would get neither.
#[tokio::test]
async fn a_client_that_wants_both() {
    let directory = bound(&["wiki-agent"]).replace(
        "tls_client_certificate",
        "dpop_bound_access_tokens = true\ntls_client_certificate",
    );
    let world = World::new().await;
    assert_snapshot!(world.mistakes_in(&directory).await, @r#"
    world.toml has a mistake
      client[0] "wiki-agent" tls_client_certificate_bound_access_tokens: its tokens are bound to a key by dpop_bound_access_tokens already; take one of them out
    "#);
    world.apply(&bound(&["wiki-agent"])).await;
}

/// What ID-JAG §9.8.1.1 says of keys.
#[tokio::test]
async fn an_id_jag_that_is_bound() {
    let (world, holder) = (world(&["wiki-agent"]).await, Certified::new());
    let code = allowed_by_alice(&world, &[]).await.sent("code").unwrap();
    let tokens = world.post_certified(AGENT, &redemption(&code), &holder).await;
    let id_token = tokens.member("id_token");
    let answer = world.post_certified(AGENT, &exchange_of(&id_token), &holder).await;
    assert_eq!(answer.member("token_type"), "N_A");
    assert_eq!(answer.claims()["cnf"], holder.cnf());
    let without = world.post_from(PROXY, AGENT, &exchange_of(&id_token), &[]).await;
    assert_snapshot!(without.refusal(), @"400 invalid_request: the client is registered for tokens that are bound to its certificate, and none came with the request, or none that is taken here");
}

/// Nothing is bound to both, and a proof is sent on purpose.
#[tokio::test]
async fn a_proof_and_a_certificate() {
    let (holder, key) = (Certified::new(), Holder::new());
    let field = holder.field();
    let plain = World::configured(&BEHIND_PROXY).await;
    let proof = key.proof(HOME);
    let both = [("client-cert", &*field), ("dpop", &*proof)];
    let answer = plain.post_from(PROXY, AGENT, &REPORTS, &both).await;
    assert_eq!(answer.member("token_type"), "DPoP");
    assert_eq!(answer.claims()["cnf"], json!({ "jkt": key.thumbprint() }));
    let answer = world(&["wiki-agent"]).await.post_from(PROXY, AGENT, &REPORTS, &both).await;
    assert_snapshot!(answer.refusal(), @"400 invalid_request: the client is registered for tokens that are bound to its certificate: send no DPoP proof");
    let proof = key.proof(CHAT);
    let both = [("client-cert", &*field), ("dpop", &*proof)];
    let answer = redeemed(&plain, Some(holder.cnf()), &both).await;
    assert_snapshot!(answer.refusal(), @"400 invalid_grant: the assertion is not acceptable: it is bound to a certificate: send no DPoP proof with it");
    let answer = redeemed(&plain, Some(json!({ "jkt": key.thumbprint() })), &both).await;
    assert_eq!(answer.claims()["cnf"], json!({ "jkt": key.thumbprint() }));
}

/// What ID-JAG §9.8.1.2 says of keys, for certificates.
/// Row 160.
#[tokio::test]
async fn the_four_cases() {
    let (holder, other) = (Certified::new(), Certified::new());
    let (field, of_other) = (holder.field(), other.field());
    let world = world(&["wiki-at-chat"]).await;
    let said = [
        redeemed(&world, Some(holder.cnf()), &[("client-cert", &of_other)]).await.refusal(),
        redeemed(&world, Some(holder.cnf()), &[]).await.refusal(),
        redeemed(&world, None, &[]).await.refusal(),
    ];
    assert_snapshot!(said.join("\n"), @"
    400 invalid_grant: the assertion is not acceptable: it is bound to another certificate than the one of the request
    400 invalid_grant: the client is registered for tokens that are bound to its certificate, and none came with the request, or none that is taken here
    400 invalid_grant: the client is registered for tokens that are bound to its certificate, and none came with the request, or none that is taken here
    ");
    // None of them used it up.
    let answer = redeemed(&world, Some(holder.cnf()), &[("client-cert", &field)]).await;
    assert_eq!(answer.member("token_type"), "Bearer");
    assert_eq!(answer.claims()["cnf"], holder.cnf());
}

/// An ID-JAG that is not bound, of a client that wants its tokens bound here.
#[tokio::test]
async fn bound_from_here_on() {
    let (world, holder) = (world(&["wiki-at-chat"]).await, Certified::new());
    let answer = redeemed(&world, None, &[("client-cert", &holder.field())]).await;
    assert_eq!(answer.claims()["cnf"], holder.cnf());
}

/// Whoever issued the ID-JAG bound it, and so is what it gives, even if nobody here asked for that.
#[tokio::test]
async fn bound_by_the_issuer_alone() {
    let (world, holder) = (World::configured(&BEHIND_PROXY).await, Certified::new());
    let said = [
        redeemed(&world, Some(holder.cnf()), &[]).await.refusal(),
        redeemed(&world, Some(holder.cnf()), &[("client-cert", &Certified::new().field())])
            .await
            .refusal(),
    ];
    assert_snapshot!(said.join("\n"), @"
    400 invalid_grant: the assertion is not acceptable: it is bound to a certificate, and none came with the request, or none that is taken here
    400 invalid_grant: the assertion is not acceptable: it is bound to another certificate than the one of the request
    ");
    let answer = redeemed(&world, Some(holder.cnf()), &[("client-cert", &holder.field())]).await;
    assert_eq!(answer.claims()["cnf"], holder.cnf());
}

/// What binds to both, or by a member that nobody knows, binds to nothing that can be checked.
#[tokio::test]
async fn a_confirmation_that_is_more_than_one() {
    let (world, holder) = (World::configured(&BEHIND_PROXY).await, Certified::new());
    let field = holder.field();
    let mut said = vec![];
    for cnf in [
        json!({ "x5t#S256": holder.thumbprint(), "jkt": holder.thumbprint() }),
        json!({ "x5t": holder.thumbprint() }),
        json!({ "x5t#S256": holder.thumbprint().to_lowercase() + "=" }),
    ] {
        said.push(redeemed(&world, Some(cnf), &[("client-cert", &field)]).await.refusal());
    }
    assert_snapshot!(the_same(&said), @"400 invalid_grant: the assertion is not acceptable: it is bound by a cnf that cannot be checked here: jkt alone is supported, or x5t#S256 alone where the metadata say so");
}

/// A service that demands bound tokens is content with either; a client that registered for keys
/// is not.
#[tokio::test]
async fn a_service_that_wants_all_tokens_bound() {
    let chat = "id = \"chat\"\n";
    let demands = format!("{chat}dpop_bound_access_tokens_required = true\n");
    let directory = WORLD.replace(chat, &demands);
    let (world, holder) = (World::set(&BEHIND_PROXY, &directory).await, Certified::new());
    let field = holder.field();
    assert_snapshot!(redeemed(&world, None, &[]).await.refusal(), @"400 invalid_grant: access tokens are bound here: send a DPoP proof of a key, or come by mutual TLS with a certificate");
    let answer = redeemed(&world, None, &[("client-cert", &field)]).await;
    assert_eq!(answer.claims()["cnf"], holder.cnf());

    let agent = "client_id = \"wiki-agent\"\nname";
    let by_key = "client_id = \"wiki-agent\"\ndpop_bound_access_tokens = true\nname";
    let world = World::set(&BEHIND_PROXY, &WORLD.replace(agent, by_key)).await;
    let answer = world.post_certified(AGENT, &REPORTS, &holder).await;
    assert_snapshot!(answer.refusal(), @"400 invalid_dpop_proof: a DPoP proof of a key is required here, for access tokens are bound to one");
}

/// RFC 9440 §4: anybody can send the header, so it means nothing but from the proxy.
#[tokio::test]
async fn a_header_from_somebody_else() {
    let holder = Certified::new();
    let header = [("client-cert", &*holder.field())];
    let wants = bound(&["wiki-agent"]);
    let mut said = vec![];
    let trusting = World::set(&BEHIND_PROXY, &wants).await;
    said.push(trusting.post_from("192.0.2.7", AGENT, &REPORTS, &header).await.refusal());
    let forged = [header[0], ("x-forwarded-for", PROXY), ("forwarded", "for=10.0.0.1")];
    said.push(trusting.post_from("192.0.2.7", AGENT, &REPORTS, &forged).await.refusal());
    for settings in [
        &[("trusted_proxies", PROXY)][..],
        &[("trusted_proxies", PROXY), ("proxies.client_certificate", "off")],
        &[("proxies.client_certificate", "Client-Cert")],
    ] {
        let world = World::set(settings, &wants).await;
        said.push(world.post_from(PROXY, AGENT, &REPORTS, &header).await.refusal());
    }
    assert_snapshot!(the_same(&said), @"400 invalid_request: the client is registered for tokens that are bound to its certificate, and none came with the request, or none that is taken here");
    // Where it does not count it is not even read.
    let nonsense = [("client-cert", "nonsense"), ("client-cert", "twice")];
    let plain = World::configured(&BEHIND_PROXY).await;
    let answer = plain.post_from("192.0.2.7", AGENT, &REPORTS, &nonsense).await;
    assert_eq!((answer.status.as_u16(), answer.claims()["cnf"].clone()), (200, Value::Null));
    // Nor does it unbind an ID-JAG where the switch is off.
    let off = World::configured(&[("trusted_proxies", PROXY)]).await;
    let answer = redeemed(&off, Some(holder.cnf()), &header).await;
    assert_snapshot!(answer.refusal(), @"400 invalid_grant: the assertion is not acceptable: it is bound to a certificate, and none came with the request, or none that is taken here");
}

/// What a proxy that is not set up well sends, or one that lets through what came from outside.
#[tokio::test]
async fn headers_that_are_no_certificate() {
    let (world, holder) = (World::configured(&BEHIND_PROXY).await, Certified::new());
    let field = holder.field();
    let bare = field.trim_matches(':');
    let many = format!("{field}, {field}");
    let escaped = format!("-----BEGIN%20CERTIFICATE-----%0A{bare}");
    let huge = format!(":{}:", "A".repeat(16 * 1024));
    let mut said = vec![];
    for header in [
        "",
        bare,
        ":",
        "::",
        ":%%%%:",
        ":bm8gY2VydGlmaWNhdGU=:",
        &many,
        &format!("{field};a=1"),
        &format!("{}A", &field[..field.len() - 1]),
        &escaped,
        &huge,
    ] {
        let header = [("client-cert", header)];
        said.push(world.post_from(PROXY, AGENT, &REPORTS, &header).await.refusal());
    }
    let twice = [("client-cert", &*field), ("Client-Cert", &*field)];
    said.push(world.post_from(PROXY, AGENT, &REPORTS, &twice).await.refusal());
    assert_snapshot!(said.join("\n"), @"
    400 invalid_request: the Client-Cert header is no byte sequence of RFC 9440, like :MIIB...=:
    400 invalid_request: the Client-Cert header is no byte sequence of RFC 9440, like :MIIB...=:
    400 invalid_request: the Client-Cert header is no byte sequence of RFC 9440, like :MIIB...=:
    400 invalid_request: the Client-Cert header has something else in it than one X.509 certificate in DER
    400 invalid_request: the Client-Cert header is no byte sequence of RFC 9440, like :MIIB...=:
    400 invalid_request: the Client-Cert header has something else in it than one X.509 certificate in DER
    400 invalid_request: the Client-Cert header is no byte sequence of RFC 9440, like :MIIB...=:
    400 invalid_request: the Client-Cert header is no byte sequence of RFC 9440, like :MIIB...=:
    400 invalid_request: the Client-Cert header is no byte sequence of RFC 9440, like :MIIB...=:
    400 invalid_request: the Client-Cert header is no byte sequence of RFC 9440, like :MIIB...=:
    400 invalid_request: the Client-Cert header is longer than 16 KiB
    400 invalid_request: there is more than one Client-Cert header
    ");
}

/// The chain above a certificate is no certificate.
#[tokio::test]
async fn a_chain_without_a_certificate() {
    let (world, holder) = (world(&["wiki-agent"]).await, Certified::new());
    let (field, other) = (holder.field(), Certified::new().field());
    let chain =
        [("client-cert-chain", &*other), ("x-client-cert", &*other), ("x-ssl-cert", &*other)];
    let answer = world.post_from(PROXY, AGENT, &REPORTS, &chain).await;
    assert_snapshot!(answer.refusal(), @"400 invalid_request: the client is registered for tokens that are bound to its certificate, and none came with the request, or none that is taken here");
    let both = [("client-cert-chain", &*other), ("client-cert", &*field)];
    let answer = world.post_from(PROXY, AGENT, &REPORTS, &both).await;
    assert_eq!(answer.claims()["cnf"], holder.cnf());
}
