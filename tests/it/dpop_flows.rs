//! Keys that codes, refresh tokens and userinfo are bound to (RFC 9449 §5, §7 and §10).

use axum::body::Body;
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{
    Answer, Browser, HOME, Holder, NOW, World, allowed_by_alice, authorize_url, form, redemption,
    request, the_same,
};

const USERINFO: &str = "https://home.example/oauth2/userinfo";
const TODO: &str = "https://todo.example/callback";

/// A token request of the application that has nothing but its name.
async fn todo(world: &World, params: &[(&str, &str)], proof: Option<&str>) -> Answer {
    let params = [params, &[("client_id", "todo-app")]].concat();
    let mut request = request("POST", &format!("{HOME}/oauth2/token"))
        .header("content-type", "application/x-www-form-urlencoded");
    if let Some(proof) = proof {
        request = request.header("dpop", proof);
    }
    world.send(request.body(Body::from(form(&params))).unwrap()).await
}

async fn code_of_todo(world: &World) -> String {
    let changes = [("redirect_uri", TODO), ("scope", "openid profile offline_access")];
    let mut browser = Browser::open(world, &authorize_url(HOME, "todo-app", &changes)).await;
    browser.sign_in("alice", "alice-password").await;
    browser.allow().await;
    browser.sent("code").unwrap()
}

fn at_todo(code: &str) -> [(&'static str, &str); 4] {
    let mut request = redemption(code);
    request[2].1 = TODO;
    request
}

/// RFC 9449 §5: "Refresh tokens issued to public clients MUST be bound" to the key.
#[tokio::test]
async fn the_refresh_token_of_a_public_client() {
    let (world, holder) = (World::new().await, Holder::new());
    let code = code_of_todo(&world).await;
    let first = todo(&world, &at_todo(&code), Some(&holder.proof(HOME))).await;
    assert_eq!(first.member("token_type"), "DPoP");
    let token = first.member("refresh_token");
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", &*token)];
    let mut said = vec![];
    for proof in [None, Some(Holder::new().proof(HOME))] {
        said.push(todo(&world, &refresh, proof.as_deref()).await.refusal());
    }
    assert_snapshot!(said.join("\n"), @"
    400 invalid_grant: the refresh token is not acceptable: it is bound to a key, and no DPoP proof of that key came with the request
    400 invalid_grant: the refresh token is not acceptable: it is bound to another key than the DPoP proof shows
    ");
    let second = todo(&world, &refresh, Some(&holder.proof(HOME))).await;
    assert_eq!(second.claims()["cnf"], json!({ "jkt": holder.thumbprint() }));
    // The next one is bound as well.
    let token = second.member("refresh_token");
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", &*token)];
    assert_eq!(todo(&world, &refresh, None).await.status, 400);
}

/// RFC 9449 §5: what was given without a proof cannot be bound later, and so is not refreshed by one.
#[tokio::test]
async fn a_refresh_token_that_was_not_bound() {
    let (world, holder) = (World::new().await, Holder::new());
    let code = code_of_todo(&world).await;
    let token = todo(&world, &at_todo(&code), None).await.member("refresh_token");
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", &*token)];
    let answer = todo(&world, &refresh, Some(&holder.proof(HOME))).await;
    assert_snapshot!(answer.refusal(), @"400 invalid_grant: the refresh token was given without a proof of a key, and cannot be bound to one now");
    assert_eq!(todo(&world, &refresh, None).await.member("token_type"), "Bearer");
}

/// RFC 9449 §5: of a client that authenticates, the refresh token is bound to that already.
#[tokio::test]
async fn the_refresh_token_of_a_confidential_client() {
    let (world, holder) = (World::new().await, Holder::new());
    let code = allowed_by_alice(&world, &[]).await.sent("code").unwrap();
    let proof = holder.proof(HOME);
    let first = world.post_proven(HOME, "wiki-agent", &redemption(&code), &[&proof]).await;
    let token = first.member("refresh_token");
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", &*token)];
    let second = world.post_token(HOME, "wiki-agent", &refresh).await;
    assert_eq!(second.member("token_type"), "Bearer");
    assert_eq!(second.claims()["cnf"], Value::Null);
}

/// RFC 9449 §10: whoever takes the code away has not the key.
#[tokio::test]
async fn a_code_that_is_bound() {
    let (world, holder) = (World::new().await, Holder::new());
    let key = holder.thumbprint();
    let code = allowed_by_alice(&world, &[("dpop_jkt", &key)]).await.sent("code").unwrap();
    let mut said = vec![];
    for proof in [vec![], vec![Holder::new().proof(HOME)]] {
        let proofs: Vec<_> = proof.iter().map(String::as_str).collect();
        let answer = world.post_proven(HOME, "wiki-agent", &redemption(&code), &proofs).await;
        said.push(answer.refusal());
    }
    assert_snapshot!(the_same(&said), @"400 invalid_grant: the code is bound to a key by dpop_jkt, and no DPoP proof of it came with the request");
    let proof = holder.proof(HOME);
    let answer = world.post_proven(HOME, "wiki-agent", &redemption(&code), &[&proof]).await;
    assert_eq!(answer.member("token_type"), "DPoP");
}

#[tokio::test]
async fn what_is_no_thumbprint() {
    let world = World::new().await;
    let mut said = vec![];
    for wrong in ["x", "AAAA", &"A".repeat(44), &"?".repeat(43)] {
        let url = authorize_url(HOME, "wiki-agent", &[("dpop_jkt", wrong)]);
        said.push(world.get(&url).await.redirected_error(HOME));
    }
    assert_snapshot!(the_same(&said), @"invalid_request: dpop_jkt is malformed: it is no thumbprint of a key");
}

/// What userinfo says to `token`, by this scheme and with this proof.
async fn about(world: &World, scheme: &str, token: &str, proof: Option<&str>) -> Answer {
    let mut request = request("GET", USERINFO).header("authorization", format!("{scheme} {token}"));
    if let Some(proof) = proof {
        request = request.header("dpop", proof);
    }
    world.send(request.body(Body::empty()).unwrap()).await
}

/// RFC 9449 §4.2: the hash of the token that the proof comes with.
fn proof_for(holder: &Holder, token: &str, changes: &Value) -> String {
    use base64::Engine;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;
    use sha2::{Digest, Sha256};

    let ath = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(token));
    let claims = json!({ "htm": "GET", "htu": USERINFO, "ath": ath, "iat": NOW.unix_timestamp() });
    holder.changed(HOME, &json!({}), &crate::support::with(&claims, changes))
}

/// RFC 9449 §7.1 and §7.2.
#[tokio::test]
async fn userinfo() {
    let (world, holder) = (World::new().await, Holder::new());
    let code = allowed_by_alice(&world, &[]).await.sent("code").unwrap();
    let proof = holder.proof(HOME);
    let bound = world.post_proven(HOME, "wiki-agent", &redemption(&code), &[&proof]).await;
    let bound = bound.access_token();
    let right = proof_for(&holder, &bound, &json!({}));
    assert_eq!(about(&world, "DPoP", &bound, Some(&right)).await.status, 200);

    let mut said = vec![];
    let other = proof_for(&Holder::new(), &bound, &json!({}));
    let post = proof_for(&holder, &bound, &json!({ "htm": "POST" }));
    let hash = proof_for(&holder, "another", &json!({}));
    for (scheme, proof) in [
        ("Bearer", None),
        ("Bearer", Some(&*right)),
        ("DPoP", None),
        ("DPoP", Some(&*right)),
        ("DPoP", Some(&*other)),
        ("DPoP", Some(&*post)),
        ("DPoP", Some(&*hash)),
    ] {
        let answer = about(&world, scheme, &bound, proof).await;
        said.push(format!("{} {}", answer.status.as_u16(), answer.header("www-authenticate")));
    }
    assert_snapshot!(said.join("\n"), @r#"
    401 DPoP error="invalid_token", error_description="the access token is bound to a key: send it by the scheme DPoP, with a proof", algs="ES256 ES384 ES512 RS256 RS384 RS512 PS256 PS384 PS512 EdDSA"
    401 DPoP error="invalid_token", error_description="the access token is bound to a key: send it by the scheme DPoP, with a proof", algs="ES256 ES384 ES512 RS256 RS384 RS512 PS256 PS384 PS512 EdDSA"
    401 DPoP error="invalid_dpop_proof", error_description="the DPoP proof is not acceptable: it has not the form of a signed JWT", algs="ES256 ES384 ES512 RS256 RS384 RS512 PS256 PS384 PS512 EdDSA"
    401 DPoP error="invalid_dpop_proof", error_description="the DPoP proof was already used: make one for each request", algs="ES256 ES384 ES512 RS256 RS384 RS512 PS256 PS384 PS512 EdDSA"
    401 DPoP error="invalid_token", error_description="the access token is not acceptable: it is bound to another key than the DPoP proof shows", algs="ES256 ES384 ES512 RS256 RS384 RS512 PS256 PS384 PS512 EdDSA"
    401 DPoP error="invalid_dpop_proof", error_description="the DPoP proof is not acceptable: its htm is not the method of the request", algs="ES256 ES384 ES512 RS256 RS384 RS512 PS256 PS384 PS512 EdDSA"
    401 DPoP error="invalid_dpop_proof", error_description="the DPoP proof is not acceptable: its ath is not the hash of the access token", algs="ES256 ES384 ES512 RS256 RS384 RS512 PS256 PS384 PS512 EdDSA"
    "#);
}

/// RFC 9449 §7.2: a token that is bound to nothing is no more than that.
#[tokio::test]
async fn a_bearer_token_with_a_proof() {
    let (world, holder) = (World::new().await, Holder::new());
    let browser = allowed_by_alice(&world, &[]).await;
    let token = world.redeem(&browser).await.access_token();
    let proof = proof_for(&holder, &token, &json!({}));
    let answer = about(&world, "DPoP", &token, Some(&proof)).await;
    assert_snapshot!(answer.header("www-authenticate"), @r#"Bearer error="invalid_token", error_description="the access token is not bound to a key: send it by the scheme Bearer""#);
}

/// RFC 9449 §5: its access token may be bound all the same, by a proof that comes when it
/// refreshes.
#[tokio::test]
async fn a_confidential_client_that_refreshes_with_a_proof() {
    let (world, holder) = (World::new().await, Holder::new());
    let browser = allowed_by_alice(&world, &[]).await;
    let token = world.redeem(&browser).await.member("refresh_token");
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", &*token)];
    let proof = holder.proof(HOME);
    let answer = world.post_proven(HOME, "wiki-agent", &refresh, &[&proof]).await;
    assert_eq!(answer.member("token_type"), "DPoP");
    assert_eq!(answer.claims()["cnf"], json!({ "jkt": holder.thumbprint() }));
}
