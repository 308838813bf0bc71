//! Subject tokens that are not an ID Token of home for this client (ID-JAG §4.3.3).

use insta::assert_snapshot;
use serde_json::{Value, json};
use tegata::jose::Algorithm;
use time::Duration;

use crate::support::{
    CHAT, HOME, ID_JAG_TYP, NOW, PARTNER, World, by_public_key, claims_of, exchange, exchange_of,
    forge, header_by, header_of, id_token_of, key_of, the_same, unsigned, with_signature,
};

/// What home says to an ID Token that it might have signed, right but for `change`.
async fn answer_to(typ: &str, change: impl FnOnce(&mut Value)) -> crate::support::Answer {
    let world = World::new().await;
    let mut claims = claims_of(&id_token_of(&world, "alice").await);
    change(&mut claims);
    exchange(&world, &world.sign(HOME, typ, &claims), &[]).await
}

async fn refusal_of(change: impl FnOnce(&mut Value)) -> String {
    answer_to("JWT", change).await.refusal()
}

/// Where all the others begin: signed anew and otherwise as it was, it is taken.
#[tokio::test]
async fn one_that_is_right() {
    assert_eq!(answer_to("JWT", |_| ()).await.status, 200);
}

/// ID-JAG §4.3.3: "MUST validate that the audience of the assertion [...] matches the
/// `client_id` of the client authentication".
/// Row 49.
#[tokio::test]
async fn one_of_another_client() {
    let world = World::new().await;
    let id_token = id_token_of(&world, "alice").await;
    let answer = world.post_token(HOME, "plain-app", &exchange_of(&id_token)).await;
    assert_snapshot!(answer.refusal(), @"400 invalid_grant: the subject token is not acceptable: it was issued to another client");
}

/// OIDC Core §3.1.3.7 (9), with the leeway for clocks.
/// Row 50.
#[tokio::test]
async fn one_that_has_expired() {
    let world = World::new().await;
    let id_token = id_token_of(&world, "alice").await;
    world.hands.advance(Duration::seconds(3600 + 29));
    assert_eq!(exchange(&world, &id_token, &[]).await.status, 200);
    world.hands.advance(Duration::seconds(1));
    assert_snapshot!(exchange(&world, &id_token, &[]).await.refusal(), @"400 invalid_grant: the subject token is not acceptable: it has expired, 30 seconds ago by the clock here");
}

/// OIDC Core §3.1.3.7 (10).
#[tokio::test]
async fn one_from_the_future() {
    let refusal = refusal_of(|claims| claims["iat"] = (NOW.unix_timestamp() + 31).into()).await;
    assert_snapshot!(refusal, @"400 invalid_grant: the subject token is not acceptable: it was issued in the future or is not valid yet: by the clock here, in 31 seconds");
}

/// Row 51.
#[tokio::test]
async fn one_that_was_tampered_with() {
    let world = World::new().await;
    let id_token = id_token_of(&world, "alice").await;
    let bob = world.sub_of("bob").await;
    let mut claims = claims_of(&id_token);
    claims["sub"] = bob.into();
    let other = world.sign(HOME, "JWT", &claims);
    let (message, _) = other.rsplit_once('.').unwrap();
    let (_, signature) = id_token.rsplit_once('.').unwrap();
    let tampered = format!("{message}.{signature}");
    assert_snapshot!(exchange(&world, &tampered, &[]).await.refusal(), @"400 invalid_grant: the subject token is not acceptable: its signature is not by a key of its issuer");
    let cut = format!("{message}.");
    assert_snapshot!(exchange(&world, &cut, &[]).await.refusal(), @"400 invalid_grant: the subject token is not acceptable: its signature is not by a key of its issuer");
}

/// A partner's ID Token is theirs, and so is its key; and a service is not home.
/// Row 52.
#[tokio::test]
async fn one_of_another_issuer() {
    let world = World::new().await;
    let mut claims = claims_of(&id_token_of(&world, "alice").await);
    let mut said = vec![];
    for issuer in [PARTNER, CHAT] {
        let forged = world.sign(issuer, "JWT", &claims);
        said.push(exchange(&world, &forged, &[]).await.refusal());
    }
    assert_snapshot!(the_same(&said), @"400 invalid_grant: the subject token is not acceptable: no key of its issuer has its kid and algorithm");
    let mut said = vec![];
    for issuer in [PARTNER, CHAT, "https://home.example/"] {
        claims["iss"] = issuer.into();
        let signer = if issuer == "https://home.example/" { HOME } else { issuer };
        let theirs = world.sign(signer, "JWT", &claims);
        said.push(exchange(&world, &theirs, &[]).await.refusal());
    }
    assert_snapshot!(the_same(&said), @"400 invalid_grant: the subject token is not acceptable: it was issued by another issuer");
    assert_eq!(world.partner.fetches(), 0);
}

/// RFC 8725 §3.1 and §3.2.
/// Rows 53, 54.
#[tokio::test]
async fn one_that_nobody_signed() {
    let world = World::new().await;
    let claims = claims_of(&id_token_of(&world, "alice").await).to_string();
    let key = key_of(&world, HOME);
    let mut said = vec![];
    for alg in ["none", "None", "NONE"] {
        let forged = unsigned(&json!({ "typ": "JWT", "alg": alg }), &claims);
        said.push(exchange(&world, &forged, &[]).await.refusal());
    }
    let header = json!({ "typ": "JWT", "alg": "HS256", "kid": key.key_id() });
    let forged = by_public_key(&key, &header, &claims);
    said.push(exchange(&world, &forged, &[]).await.refusal());
    assert_snapshot!(the_same(&said), @"400 invalid_grant: the subject token is not acceptable: its algorithm is not one that is accepted here");
    let zeros = with_signature(&header_by(&key, "JWT"), &claims, &[0; 64]);
    assert_snapshot!(exchange(&world, &zeros, &[]).await.refusal(), @"400 invalid_grant: the subject token is not acceptable: its signature is not by a key of its issuer");
}

/// RFC 8725 §3.11; `docs/decisions/0010-typ-of-subject-tokens.md`.
/// Rows 55, 56.
#[tokio::test]
async fn another_token_of_home() {
    let world = World::new().await;
    let browser = crate::support::signed_in(&world, "alice").await;
    let tokens = crate::support::tokens_of(&world, &browser).await;
    let access_token = tokens.access_token();
    assert_snapshot!(exchange(&world, &access_token, &[]).await.refusal(), @"400 invalid_grant: the subject token is not acceptable: its typ says that it is something else");
    let id_jag = exchange(&world, &tokens.member("id_token"), &[]).await.access_token();
    assert_snapshot!(exchange(&world, &id_jag, &[]).await.refusal(), @"400 invalid_grant: the subject token is not acceptable: its typ says that it is something else");
    let refresh_token = tokens.member("refresh_token");
    assert_snapshot!(exchange(&world, &refresh_token, &[]).await.refusal(), @"400 invalid_grant: the subject token is not acceptable: it has not the form of a signed JWT with an issuer");
}

/// The same by its `typ` alone: with all claims of an ID Token, it is still another token.
/// Rows 55–57.
#[tokio::test]
async fn an_id_token_that_says_it_is_something_else() {
    let world = World::new().await;
    let claims = claims_of(&id_token_of(&world, "alice").await);
    let mut said = vec![];
    for typ in
        ["at+jwt", ID_JAG_TYP, "logout+jwt", "client-authentication+jwt", "application/at+jwt"]
    {
        let other = world.sign(HOME, typ, &claims);
        said.push(exchange(&world, &other, &[]).await.refusal());
    }
    assert_snapshot!(the_same(&said), @"400 invalid_grant: the subject token is not acceptable: its typ says that it is something else");
}

/// A client assertion has no `typ` to tell it by, but it is the client's.
/// Row 57.
#[tokio::test]
async fn a_client_assertion() {
    let refusal = refusal_of(|claims| claims["iss"] = "wiki-agent".into()).await;
    assert_snapshot!(refusal, @"400 invalid_grant: the subject token is not acceptable: it was issued by another issuer");
}

/// A logout token without a type of its own has not the claims of an ID Token.
/// Row 57.
#[tokio::test]
async fn a_logout_token() {
    let refusal = refusal_of(|claims| {
        let events = json!({ "http://schemas.openid.net/event/backchannel-logout": {} });
        *claims = json!({
            "iss": HOME, "sub": claims["sub"], "aud": "wiki-agent", "jti": "logout-1",
            "exp": claims["exp"], "iat": claims["iat"], "sid": claims["sid"], "events": events,
        });
    })
    .await;
    assert_snapshot!(refusal, @"400 invalid_grant: the subject token is not acceptable: its claims are incomplete or of the wrong type");
}

/// `docs/decisions/0010-typ-of-subject-tokens.md`: old ID Tokens have no type at all.
#[tokio::test]
async fn one_without_a_type() {
    let world = World::new().await;
    let claims = claims_of(&id_token_of(&world, "alice").await).to_string();
    let key = key_of(&world, HOME);
    let header = json!({ "alg": "ES256", "kid": key.key_id() });
    let id_token = forge(&key, &header, &claims);
    assert_eq!(exchange(&world, &id_token, &[]).await.status, 200);
}

/// OIDC Core §3.1.3.7 (3) to (5).
/// Row 58.
#[tokio::test]
async fn one_with_several_audiences() {
    let both = json!(["plain-app", "wiki-agent"]);
    let other = refusal_of(|claims| {
        claims["aud"] = both.clone();
        claims["azp"] = "plain-app".into();
    });
    assert_snapshot!(other.await, @"400 invalid_grant: the subject token is not acceptable: it was issued to another client");
    assert_snapshot!(refusal_of(|claims| claims["aud"] = both.clone()).await, @"400 invalid_grant: the subject token is not acceptable: it was issued to another client");
    let nobody = refusal_of(|claims| claims["aud"] = json!([])).await;
    assert_snapshot!(nobody, @"400 invalid_grant: the subject token is not acceptable: it was issued to another client");
    let not_us = refusal_of(|claims| {
        claims["aud"] = "plain-app".into();
        claims["azp"] = "wiki-agent".into();
    });
    assert_snapshot!(not_us.await, @"400 invalid_grant: the subject token is not acceptable: it was issued to another client");

    let us = answer_to("JWT", |claims| {
        claims["aud"] = both.clone();
        claims["azp"] = "wiki-agent".into();
    });
    assert_eq!(us.await.status, 200);
}

/// The login that it names is one of the person that it names, and one that happened.
#[tokio::test]
async fn one_of_a_login_that_is_not_theirs() {
    let refusal = refusal_of(|claims| claims["sid"] = "never-happened".into()).await;
    assert_snapshot!(refusal, @"400 invalid_grant: the login that this comes from has ended: the person has to sign in again");
    let world = World::new().await;
    let of_bob = claims_of(&id_token_of(&world, "bob").await);
    let mut claims = claims_of(&id_token_of(&world, "alice").await);
    claims["sid"] = of_bob["sid"].clone();
    let mixed = world.sign(HOME, "JWT", &claims);
    assert_snapshot!(exchange(&world, &mixed, &[]).await.refusal(), @"400 invalid_grant: the login that this comes from has ended: the person has to sign in again");
}

#[tokio::test]
async fn one_of_somebody_unknown() {
    let refusal = refusal_of(|claims| claims["sub"] = "mallory".into()).await;
    assert_snapshot!(refusal, @"400 invalid_grant: the person is unknown or not active");
}

/// A claim that we need is missing, or is not what it should be.
#[tokio::test]
async fn one_that_lacks_something() {
    let world = World::new().await;
    let right = claims_of(&id_token_of(&world, "alice").await);
    let mut said = vec![];
    for claim in ["sub", "aud", "exp", "iat", "auth_time", "acr", "amr", "sid", "jti"] {
        let mut claims = right.clone();
        claims.as_object_mut().unwrap().remove(claim);
        said.push(exchange(&world, &world.sign(HOME, "JWT", &claims), &[]).await.refusal());
    }
    let exp = right["exp"].to_string();
    for (claim, wrong) in [("exp", json!(exp)), ("exp", json!(1e308)), ("sid", json!(7))] {
        let mut claims = right.clone();
        claims[claim] = wrong;
        said.push(exchange(&world, &world.sign(HOME, "JWT", &claims), &[]).await.refusal());
    }
    assert_snapshot!(the_same(&said), @"400 invalid_grant: the subject token is not acceptable: its claims are incomplete or of the wrong type");
}

/// What is no JWT is as wrong as one that says the wrong thing.
#[tokio::test]
async fn what_is_no_jwt_at_all() {
    let world = World::new().await;
    let mut said = vec![];
    for nonsense in ["x", "a.b.c", "e30.e30.e30", "....", "a.b.c.d.e", "eyJhbGciOiJFUzI1NiJ9..x"] {
        said.push(exchange(&world, nonsense, &[]).await.refusal());
    }
    assert_snapshot!(the_same(&said), @"400 invalid_grant: the subject token is not acceptable: it has not the form of a signed JWT with an issuer");
}

/// RFC 8725 §3.10: a key that comes with the token proves nothing.
#[tokio::test]
async fn one_that_brings_its_own_key() {
    let world = World::new().await;
    let claims = claims_of(&id_token_of(&world, "alice").await).to_string();
    let (key, own) = (key_of(&world, HOME), &world.partner.key);
    let mut header = header_by(&key, "JWT");
    header["jwk"] = own.public_jwk();
    header["jku"] = "https://idp.partner.example/jwks".into();
    let forged = forge(own, &header, &claims);
    assert_snapshot!(exchange(&world, &forged, &[]).await.refusal(), @"400 invalid_grant: the subject token is not acceptable: its signature is not by a key of its issuer");
    assert_eq!(world.partner.fetches(), 0);
}

/// ID Tokens may be signed by each algorithm that home has a key for.
#[tokio::test]
async fn one_that_is_signed_by_rsa() {
    let world = World::new().await;
    let id_token = id_token_of(&world, "alice").await;
    assert_eq!(header_of(&id_token)["alg"], "RS256");
    let claims = claims_of(&id_token);
    let other = world.sign_by(HOME, Algorithm::ES256, "JWT", &claims);
    assert_eq!(exchange(&world, &other, &[]).await.status, 200);
}

/// RFC 6749 §4.1.2: whether a family was revoked that nobody knows, nobody knows. An ID Token from
/// before there were families has none.
#[tokio::test]
async fn one_of_a_family_that_is_not_known() {
    let refusal = refusal_of(|claims| claims["grant_id"] = "none".into()).await;
    assert_snapshot!(refusal, @"400 invalid_grant: all that came from the same authorization was revoked: the person has to sign in again");
    let old = answer_to("JWT", |claims| drop(claims.as_object_mut().unwrap().remove("grant_id")));
    assert_eq!(old.await.status, 200);
}
