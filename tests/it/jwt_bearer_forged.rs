//! Assertions that are no ID-JAG of an issuer that is trusted: their form, type and signature
//! (RFC 7515, RFC 7523 §3, RFC 8725).

use insta::assert_snapshot;
use serde_json::{Value, json};
use tegata::jose::{Algorithm, SigningKey};

use crate::support::{
    CHAT, HOME, ID_JAG_TYP, PARTNER, World, by_public_key, exchange, forge, header_by, id_token_of,
    key_of, redeem, the_same, unsigned, with_signature,
};

/// The claims of a right ID-JAG of home, as text, and the key that signs such.
async fn right(world: &World) -> (String, SigningKey) {
    let claims = world.id_jag_claims(&world.sub_of("alice").await);
    (claims.to_string(), key_of(world, HOME))
}

/// What chat says to an ID-JAG that home signed with `change` in its header.
async fn refusal_of(change: impl FnOnce(&mut Value)) -> String {
    let world = World::new().await;
    let (claims, key) = right(&world).await;
    let mut header = header_by(&key, ID_JAG_TYP);
    change(&mut header);
    redeem(&world, &forge(&key, &header, &claims), &[]).await.refusal()
}

/// Where all the others begin.
#[tokio::test]
async fn one_that_is_right() {
    let world = World::new().await;
    let (claims, key) = right(&world).await;
    let id_jag = forge(&key, &header_by(&key, ID_JAG_TYP), &claims);
    assert_eq!(redeem(&world, &id_jag, &[]).await.status, 200);
}

/// ID-JAG §4.4.1: the type, or it is something else.
/// Rows 105, 106, 172.
#[tokio::test]
async fn another_type() {
    let world = World::new().await;
    let (claims, key) = right(&world).await;
    let mut said = vec![];
    for typ in [
        json!("JWT"),
        json!("at+jwt"),
        json!("oauth-id-jag"),
        json!("id-jag+jwt"),
        json!("oauth-id-jag+jwt "),
        json!("text/oauth-id-jag+jwt"),
        json!("application/application/oauth-id-jag+jwt"),
        json!(""),
        Value::Null,
    ] {
        let mut header = header_by(&key, ID_JAG_TYP);
        header["typ"] = typ;
        said.push(redeem(&world, &forge(&key, &header, &claims), &[]).await.refusal());
    }
    let header = json!({ "alg": "ES256", "kid": key.key_id() });
    said.push(redeem(&world, &forge(&key, &header, &claims), &[]).await.refusal());
    assert_snapshot!(the_same(&said), @"400 invalid_grant: the assertion is not acceptable: its typ says that it is something else");
}

/// RFC 8725 §3.11: home signs its ID Tokens, too.
#[tokio::test]
async fn another_token_of_home() {
    let world = World::new().await;
    let id_token = id_token_of(&world, "alice").await;
    assert_snapshot!(redeem(&world, &id_token, &[]).await.refusal(), @"400 invalid_grant: the assertion is not acceptable: its typ says that it is something else");
    // An ID-JAG for a service is not one for another.
    let calendar = [("audience", "https://auth.calendar.example")];
    let id_jag = exchange(&world, &id_token, &calendar).await.access_token();
    assert_snapshot!(redeem(&world, &id_jag, &[]).await.refusal(), @"400 invalid_grant: the assertion is not acceptable: its aud is https://auth.calendar.example where https://home.example/services/chat was expected");
}

/// RFC 7523 §3 (9).
/// Rows 115, 172.
#[tokio::test]
async fn another_signature() {
    let world = World::new().await;
    let (claims, key) = right(&world).await;
    let (header, id_jag) = (header_by(&key, ID_JAG_TYP), world.id_jag_claims("x"));
    let of_another = world.sign(HOME, ID_JAG_TYP, &id_jag);
    let (_, signature) = of_another.rsplit_once('.').unwrap();
    let (message, own) = forge(&key, &header, &claims).rsplit_once('.').map(owned).unwrap();
    let mut said = vec![];
    for signature in ["", "AA", signature, &own[2..], &format!("{own}AA")] {
        said.push(redeem(&world, &format!("{message}.{signature}"), &[]).await.refusal());
    }
    // CVE-2022-21449: r = s = 0, and r = 0 alone; and a signature in DER.
    let der = [0x30, 6, 2, 1, 1, 2, 1, 1];
    for signature in [&[0; 64][..], &[[0; 32], [1; 32]].concat(), &[0xFF; 64], &der] {
        let forged = with_signature(&header, &claims, signature);
        said.push(redeem(&world, &forged, &[]).await.refusal());
    }
    assert_snapshot!(the_same(&said), @"400 invalid_grant: the assertion is not acceptable: its signature is not by a key of its issuer");
}

fn owned((one, other): (&str, &str)) -> (String, String) {
    (one.to_owned(), other.to_owned())
}

/// RFC 7523 §3 (9): each issuer has its own keys, and no other's `kid` helps.
/// Row 114.
#[tokio::test]
async fn another_issuers_key() {
    let world = World::new().await;
    let (claims, key) = right(&world).await;
    let partner = key_of(&world, PARTNER);
    let mut said = vec![];
    for other in [PARTNER, CHAT] {
        let other = key_of(&world, other);
        let forged = forge(&other, &header_by(&other, ID_JAG_TYP), &claims);
        said.push(redeem(&world, &forged, &[]).await.refusal());
    }
    assert_snapshot!(the_same(&said), @"400 invalid_grant: the assertion is not acceptable: no key of its issuer has its kid and algorithm");
    let forged = forge(&partner, &header_by(&key, ID_JAG_TYP), &claims);
    assert_snapshot!(redeem(&world, &forged, &[]).await.refusal(), @"400 invalid_grant: the assertion is not acceptable: its signature is not by a key of its issuer");

    let theirs = claims.replace(&format!("\"{HOME}\""), &format!("\"{PARTNER}\""));
    let forged = forge(&key, &header_by(&partner, ID_JAG_TYP), &theirs);
    assert_snapshot!(redeem(&world, &forged, &[]).await.refusal(), @"400 invalid_grant: the assertion is not acceptable: its signature is not by a key of its issuer");
    let honest = forge(&partner, &header_by(&partner, ID_JAG_TYP), &theirs);
    assert_eq!(redeem(&world, &honest, &[]).await.status, 200);
}

/// RFC 8725 §3.1 and §3.2.
/// Row 116.
#[tokio::test]
async fn no_signature_at_all() {
    let world = World::new().await;
    let (claims, key) = right(&world).await;
    let mut said = vec![];
    for alg in ["none", "None", "nOnE", "", "ES256K", "es256"] {
        let header = json!({ "typ": ID_JAG_TYP, "alg": alg, "kid": key.key_id() });
        said.push(redeem(&world, &unsigned(&header, &claims), &[]).await.refusal());
    }
    for alg in ["HS256", "HS384", "HS512"] {
        let header = json!({ "typ": ID_JAG_TYP, "alg": alg, "kid": key.key_id() });
        said.push(redeem(&world, &by_public_key(&key, &header, &claims), &[]).await.refusal());
    }
    assert_snapshot!(the_same(&said), @"400 invalid_grant: the assertion is not acceptable: its algorithm is not one that is accepted here");
}

/// RFC 8725 §3.1: a key serves the algorithm that it was made for.
#[tokio::test]
async fn another_algorithm_than_that_of_the_key() {
    let world = World::new().await;
    let (claims, key) = right(&world).await;
    let mut said = vec![];
    for alg in ["ES384", "RS256", "PS256", "EdDSA"] {
        let mut header = header_by(&key, ID_JAG_TYP);
        header["alg"] = alg.into();
        said.push(redeem(&world, &forge(&key, &header, &claims), &[]).await.refusal());
    }
    assert_snapshot!(the_same(&said), @"400 invalid_grant: the assertion is not acceptable: no key of its issuer has its kid and algorithm");
}

/// Without a `kid`, each key of the issuer is tried.
/// Rows 117, 172.
#[tokio::test]
async fn another_kid() {
    assert_snapshot!(refusal_of(|header| header["kid"] = "unknown".into()).await, @"400 invalid_grant: the assertion is not acceptable: no key of its issuer has its kid and algorithm");
    assert_snapshot!(refusal_of(|header| header["kid"] = "../../../etc/passwd".into()).await, @"400 invalid_grant: the assertion is not acceptable: no key of its issuer has its kid and algorithm");
    let world = World::new().await;
    let (claims, key) = right(&world).await;
    let id_jag = forge(&key, &json!({ "typ": ID_JAG_TYP, "alg": "ES256" }), &claims);
    assert_eq!(redeem(&world, &id_jag, &[]).await.status, 200);
}

/// RFC 8725 §3.10: whatever the header offers, the key is the one that is configured.
/// Row 118.
#[tokio::test]
async fn a_key_that_comes_along() {
    let world = World::new().await;
    let (claims, key) = right(&world).await;
    let own = SigningKey::generate(Algorithm::ES256, key.key_id());
    for (name, value) in [
        ("jwk", own.public_jwk()),
        ("jku", json!("https://evil.example/jwks")),
        ("x5u", json!("https://evil.example/certificate")),
        ("x5c", json!(["MIIB"])),
    ] {
        let mut header = header_by(&key, ID_JAG_TYP);
        header[name] = value;
        let forged = forge(&own, &header, &claims);
        let refusal = redeem(&world, &forged, &[]).await.refusal();
        assert!(refusal.starts_with("400 invalid_grant: "), "{name}: {refusal}");
        // By the right key, it is as if it were not there.
        let other = claims.replace("jag-1", name);
        assert_eq!(redeem(&world, &forge(&key, &header, &other), &[]).await.status, 200, "{name}");
    }
    assert_eq!(world.partner.fetches(), 0);
}

/// RFC 7515 §4.1.11: "then the JWS is invalid".
/// Row 119.
#[tokio::test]
async fn an_extension_that_nobody_knows() {
    let unknown = refusal_of(|header| {
        header["crit"] = json!(["exp"]);
        header["exp"] = 1.into();
    });
    assert_snapshot!(unknown.await, @"400 invalid_grant: the assertion is not acceptable: its header demands an extension that is not supported here");
    // RFC 7797 would take the payload as it is.
    let unencoded = refusal_of(|header| {
        header["crit"] = json!(["b64"]);
        header["b64"] = false.into();
    });
    assert_snapshot!(unencoded.await, @"400 invalid_grant: the assertion is not acceptable: its header demands an extension that is not supported here");
    assert_snapshot!(refusal_of(|header| header["crit"] = json!([])).await, @"400 invalid_grant: the assertion is not acceptable: its header demands an extension that is not supported here");
}

/// RFC 7515 §7.1.
/// Row 104.
#[tokio::test]
async fn what_is_no_jwt() {
    let world = World::new().await;
    let (claims, key) = right(&world).await;
    let id_jag = forge(&key, &header_by(&key, ID_JAG_TYP), &claims);
    let no_issuer = forge(&key, &header_by(&key, ID_JAG_TYP), "{}");
    let array = forge(&key, &header_by(&key, ID_JAG_TYP), "[]");
    let mut said = vec![];
    for nonsense in [
        "nonsense",
        "..",
        "a.b.c",
        "e30.e30.",
        &no_issuer,
        &array,
        &format!("{id_jag}="),
        &format!("{id_jag}."),
        &format!(" {id_jag}"),
        &format!("{id_jag}\n"),
        &format!("{id_jag}.AA.AA"),
        &id_jag.replace('.', ".."),
    ] {
        said.push(redeem(&world, nonsense, &[]).await.refusal());
    }
    assert_snapshot!(the_same(&said), @"400 invalid_grant: the assertion is not acceptable: it has not the form of a signed JWT with an issuer");
    assert_eq!(redeem(&world, &id_jag, &[]).await.status, 200);
}

/// RFC 7519 §4: members twice; and nesting without end, in the header or the claims.
/// Row 148.
#[tokio::test]
async fn json_that_is_made_to_hurt() {
    let world = World::new().await;
    let (claims, key) = right(&world).await;
    let header = header_by(&key, ID_JAG_TYP);
    let twice = claims.replacen('{', &format!("{{\"iss\":\"{PARTNER}\","), 1);
    let deep = "[".repeat(5000) + &"]".repeat(5000);
    let deep_claims = claims.replacen('{', &format!("{{\"deep\":{deep},"), 1);
    let deep_issuer = format!("{{\"iss\":{deep}}}");
    let cut = &claims[..claims.len() - 1];
    let mut said = vec![];
    for claims in [&twice, &deep_claims, &deep_issuer, cut, &format!("{claims}{claims}"), "\u{0}"] {
        said.push(redeem(&world, &forge(&key, &header, claims), &[]).await.refusal());
    }
    assert_snapshot!(the_same(&said), @"400 invalid_grant: the assertion is not acceptable: it has not the form of a signed JWT with an issuer");
    assert_eq!(world.partner.fetches(), 0);
}

/// RFC 7519 §4: of a claim twice, the last counts or the whole is refused, as here.
#[tokio::test]
async fn an_audience_twice() {
    let world = World::new().await;
    let (claims, key) = right(&world).await;
    let (header, first) = (header_by(&key, ID_JAG_TYP), format!("{{\"aud\":\"{CHAT}\","));
    let other = claims.replace(CHAT, "https://mail.example").replacen('{', &first, 1);
    let refusal = redeem(&world, &forge(&key, &header, &other), &[]).await.refusal();
    assert_snapshot!(refusal, @"400 invalid_grant: the assertion is not acceptable: it has not the form of a signed JWT with an issuer");
}
