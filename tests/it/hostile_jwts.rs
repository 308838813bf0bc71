//! JWTs of strangers and of forgers, at each of the seven doors that take one.
//!
//! Every test begins by showing that the door opens for the same JWT before it was broken.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::json;

use crate::hostile_doors::{Assertion, Bearer, ClientAssertion, DOORS, Exchange, Scene};
use crate::support::{Forge, HOME, message, with};

/// RFC 8725 §3.1 and §3.2: no signature, and one by a "secret" that is
/// our public key in any of its clothes.
/// Rows 53, 54, 116.
#[tokio::test]
async fn algorithms_of_a_forger() {
    let scene = Scene::new().await;
    for door in DOORS {
        let (forge, claims) = (scene.forge(door), scene.claims(door).to_string());
        let header = |alg: &str| with(&scene.header(door), &json!({ "alg": alg })).to_string();
        let mut broken = vec![];
        for alg in
            ["none", "None", "NONE", "nOnE", "", "es256", "ES256 ", "ES256K", "RS256", "EdDSA"]
        {
            let message = message(&header(alg), &claims);
            broken.push((format!("{alg}, empty"), format!("{message}.")));
            broken.push((format!("{alg}, signed"), forge.sign_message(&message)));
        }
        let public = forge.private_jwk().to_public_key().unwrap();
        let pair = josekit::jwk::alg::ec::EcKeyPair::from_jwk(forge.private_jwk()).unwrap();
        let x = BASE64_URL_SAFE_NO_PAD.decode(public.parameter("x").unwrap().as_str().unwrap());
        let secrets = [
            pair.to_pem_public_key(),
            pair.to_der_public_key(),
            public.to_string().into_bytes(),
            scene.world.server(HOME).keys.jwks().text.to_vec(),
            x.unwrap(),
        ];
        for (index, secret) in secrets.into_iter().enumerate() {
            let message = message(&header("HS256"), &claims);
            let signer = josekit::jws::HS256.signer_from_bytes(secret).unwrap();
            let mac = josekit::jws::JwsSigner::sign(&signer, message.as_bytes()).unwrap();
            let jwt = format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(mac));
            broken.push((format!("HS256 by secret {index}"), jwt));
        }
        scene.refuses(door, broken).await;
    }
}

/// RFC 8725 §3.10: keys that come with the token, or from where it says.
/// Row 118.
#[tokio::test]
async fn keys_that_the_forger_brings() {
    let (scene, stranger) = (Scene::new().await, Forge::of_a_stranger());
    let jwk = stranger.public_jwk();
    let url = "https://idp.partner.example/jwks";
    for door in DOORS {
        let (own, claims) = (scene.header(door), scene.claims(door));
        let theirs = stranger.header(Scene::typ(door));
        let mut broken = vec![];
        for header in [own, theirs] {
            for brought in [
                json!({}),
                json!({ "jwk": jwk }),
                json!({ "jku": url }),
                json!({ "x5u": url }),
                json!({ "x5c": ["MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A"] }),
                json!({ "jwk": jwk, "kid": null }),
            ] {
                let header = with(&header, &brought);
                broken.push((header.to_string(), stranger.sign(&header, &claims)));
            }
        }
        scene.refuses(door, broken).await;
    }
}

/// Beside a signature that is right, such keys are not even looked at.
/// Row 118.
#[tokio::test]
async fn keys_that_come_along() {
    let scene = Scene::new().await;
    let brought = json!({ "jwk": Forge::of_a_stranger().public_jwk(), "jku": "http://10.0.0.1/" });
    for door in DOORS {
        let jwt = &scene.headers(door, std::slice::from_ref(&brought))[0].1;
        assert_eq!(scene.show(door, jwt).await, Scene::welcome(door), "{door:?}");
        assert_eq!(scene.world.partner.fetches(), 0);
    }
}

/// RFC 7515 §4.1.11: what is critical and unknown. RFC 7797 §6: `b64` is. And `kid` is a name,
/// not a path.
/// Rows 117, 119.
#[tokio::test]
async fn headers_of_a_forger() {
    let scene = Scene::new().await;
    for door in DOORS {
        let long = "k".repeat(5_000);
        let changes = [
            json!({ "crit": ["exp"] }),
            json!({ "crit": ["b64"], "b64": false }),
            json!({ "crit": [] }),
            json!({ "crit": "" }),
            json!({ "crit": ["http://example.com/UNDEFINED"], "http://example.com/UNDEFINED": true }),
            json!({ "kid": "../../../../dev/null" }),
            json!({ "kid": "' UNION SELECT 'x" }),
            json!({ "kid": "" }),
            json!({ "kid": long }),
            json!({ "kid": 1 }),
            json!({ "typ": 1 }),
            json!({ "typ": "" }),
            json!({ "typ": "at+jwt;oauth-id-jag+jwt" }),
            json!({ "typ": format!("text/{}", Scene::typ(door)) }),
            json!({ "typ": format!("application/application/{}", Scene::typ(door)) }),
            json!({ "typ": "logout+jwt" }),
            json!({ "alg": null }),
            json!({ "alg": ["ES256"] }),
        ];
        let mut broken = scene.headers(door, &changes);
        let (forge, claims) = (scene.forge(door), scene.claims(door).to_string());
        let header = scene.header(door).to_string();
        let rest = header.strip_prefix('{').unwrap();
        for header in [
            format!("{{\"crit\":null,{rest}"),
            format!("{{\"alg\":\"none\",{rest}"),
            format!("{{\"kid\":\"other\",{rest}"),
            "[]".to_owned(),
            json!(["ES256", Scene::typ(door), scene.header(door)["kid"]]).to_string(),
            "\"ES256\"".to_owned(),
            "null".to_owned(),
            String::new(),
            format!("{header} x"),
            format!("{{\"deep\":{}{},{rest}", "[".repeat(100), "]".repeat(100)),
            format!("{{\"deep\":{}{},{rest}", "[".repeat(5_000), "]".repeat(5_000)),
            format!("{{\"x\":1e400,{rest}"),
        ] {
            let shown = header.chars().take(40).collect();
            broken.push((shown, forge.sign_text(&header, &claims)));
        }
        // RFC 7797: what `b64` false would have the signature be over.
        let message = format!(
            "{}.{claims}",
            BASE64_URL_SAFE_NO_PAD
                .encode(with(&scene.header(door), &json!({"b64": false})).to_string())
        );
        broken.push(("unencoded payload".to_owned(), forge.sign_message(&message)));
        scene.refuses(door, broken).await;
    }
}

/// RFC 7515 §4.1.9: "application/" may stand there; media types have no case.
/// Row 95.
#[tokio::test]
async fn a_type_in_other_letters() {
    let scene = Scene::new().await;
    for door in [Assertion, ClientAssertion, Bearer, Exchange] {
        let typ = Scene::typ(door);
        let changes = [
            json!({ "typ": typ.to_uppercase() }),
            json!({ "typ": format!("application/{typ}") }),
            json!({ "typ": format!("Application/{}", typ.to_uppercase()) }),
        ];
        for (index, change) in changes.iter().enumerate() {
            let claims = with(&scene.claims(door), &json!({ "jti": format!("typ-{index}") }));
            let jwt = scene.forge(door).sign(&with(&scene.header(door), change), &claims);
            assert_eq!(scene.show(door, &jwt).await, "200", "{door:?} {change}");
        }
    }
}

/// RFC 7515 §7.1 and §5.2: three parts of base64url and nothing else, so no JWE.
/// Row 161.
#[tokio::test]
async fn what_is_no_jwt() {
    let scene = Scene::new().await;
    for door in DOORS {
        // One that has a letter of base64url in its signature.
        let right = loop {
            let right = scene.forge(door).sign(&scene.header(door), &scene.claims(door));
            if right.rsplit('.').next().unwrap().contains(['-', '_']) {
                break right;
            }
        };
        let [header, claims, signature] = right.split('.').collect::<Vec<_>>()[..] else {
            panic!()
        };
        let mut key = josekit::jwe::JweHeader::new();
        key.set_content_encryption("A256GCM");
        let direct = josekit::jwe::Dir.encrypter_from_bytes([0; 32]).unwrap();
        let jwe = josekit::jwe::serialize_compact(right.as_bytes(), &key, &direct).unwrap();
        let broken = [
            ".".to_owned(),
            "..".to_owned(),
            "...".to_owned(),
            format!("{header}..{signature}"),
            format!(".{claims}.{signature}"),
            format!("{header}.{claims}"),
            format!("{header}.{claims}."),
            format!("{right}."),
            format!(".{right}"),
            format!("{right}.{signature}"),
            format!("{header}.{claims}.{claims}.{signature}"),
            format!("{right}="),
            format!("{right} "),
            format!(" {right}"),
            format!("{header}.{claims}.{signature}\n"),
            format!("{header} .{claims}.{signature}"),
            format!("{header}.{claims}.!{signature}"),
            format!("{header}.{claims}.{}", signature.replace(['-', '_'], "+")),
            format!("{header}.{}.{signature}", "A".repeat(20_000)),
            format!("{right}{}", "A".repeat(20_000)),
            json!({ "protected": header, "payload": claims, "signature": signature }).to_string(),
            jwe,
            "日本.語.😀".to_owned(),
        ];
        // RFC 6750 §2.1 has no space in a token, and those around it belong to the header; and
        // no letter that ASCII has not.
        let in_header = |jwt: &str| door != Bearer || (jwt.trim() != right && jwt.is_ascii());
        let broken = broken.into_iter().enumerate().filter(|(_, jwt)| in_header(jwt));
        scene.refuses(door, broken.map(|(index, jwt)| (index.to_string(), jwt))).await;
    }
}

/// ES256 with r = s = 0 (CVE-2022-21449), and signatures of other lengths.
/// Rows 51, 115.
#[tokio::test]
async fn signatures_of_a_forger() {
    let scene = Scene::new().await;
    // The order of P-256, which is 0 in the arithmetic of signatures.
    let order = "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551";
    let order: Vec<u8> =
        (0..32).map(|at| u8::from_str_radix(&order[2 * at..2 * at + 2], 16).unwrap()).collect();
    let one: Vec<u8> = [vec![0; 31], vec![1]].concat();
    for door in DOORS {
        let right = scene.forge(door).sign(&scene.header(door), &scene.claims(door));
        let (message, signature) = right.rsplit_once('.').unwrap();
        let true_one = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap();
        let (r, s) = true_one.split_at(32);
        let mut flipped = true_one.clone();
        flipped[40] ^= 1;
        let broken = [
            ("zeros", vec![0; 64]),
            ("r of 0", [&[0; 32][..], s].concat()),
            ("s of 0", [r, &[0; 32][..]].concat()),
            ("one and one", [&one[..], &one].concat()),
            ("the order twice", [&order[..], &order].concat()),
            ("r of the order", [&order[..], s].concat()),
            ("ones", vec![0xff; 64]),
            ("exchanged", [s, r].concat()),
            ("a bit", flipped),
            ("nothing", vec![]),
            ("one byte", vec![0]),
            ("63 bytes", true_one[..63].to_vec()),
            ("65 bytes", [&true_one[..], &[0]].concat()),
            ("twice", [&true_one[..], &true_one].concat()),
            ("as DER", der(r, s)),
            ("11,000 bytes", vec![7; 11_000]),
        ];
        let jwt = |bytes: &[u8]| format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(bytes));
        let broken = broken.map(|(name, bytes)| (name.to_owned(), jwt(&bytes)));
        scene.refuses(door, broken).await;
    }
}

/// ECDSA has two signatures for every one: (r, s) and (r, -s). The second is no second use.
#[tokio::test]
async fn the_other_signature_of_a_used_id_jag() {
    let scene = Scene::new().await;
    let right = scene.forge(Assertion).sign(&scene.header(Assertion), &scene.claims(Assertion));
    let (message, signature) = right.rsplit_once('.').unwrap();
    let mut signature = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap();
    let order = "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551";
    let mut borrow = 0;
    for at in (0..32).rev() {
        let digit = i16::from_str_radix(&order[2 * at..2 * at + 2], 16).unwrap();
        let difference = digit - i16::from(signature[32 + at]) - borrow;
        borrow = i16::from(difference < 0);
        signature[32 + at] = u8::try_from(difference.rem_euclid(256)).unwrap();
    }
    let other = format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature));
    assert_ne!(other, right);
    assert_eq!(scene.show(Assertion, &right).await, "200");
    assert_eq!(scene.show(Assertion, &other).await, "400 invalid_grant");
    // It is the use that is refused, not the signature.
    let scene = Scene::new().await;
    let again = scene.forge(Assertion).sign(&scene.header(Assertion), &scene.claims(Assertion));
    assert_eq!(scene.show(Assertion, &again).await, "200");
}

fn der(r: &[u8], s: &[u8]) -> Vec<u8> {
    let integer = |bytes: &[u8]| [&[2, 33, 0][..], bytes].concat();
    let both = [integer(r), integer(s)].concat();
    [&[0x30, u8::try_from(both.len()).unwrap()][..], &both].concat()
}
