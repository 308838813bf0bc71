//! Certificates beside the grants of ID-JAG: refresh tokens, userinfo, introspection, and clients
//! that ask for them by their own word (RFC 8705 §3, §3.3, §3.4 and §4).

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::certificates::{THERE, bound};
use crate::exchange_here;
use crate::registration::{metadata, open, register};
use crate::support::{
    ACCESS_TOKEN, Answer, BEHIND_PROXY, Browser, CHAT, Certified, HOME, Holder, ID_JAG_TYP,
    JWT_BEARER, PROXY, TOKEN_EXCHANGE, World, allowed_by_alice, authorize_url, form, redemption,
    request,
};
use crate::workload::{self, MAIN};

const AGENT: (&str, &str) = (HOME, "wiki-agent");
const TODO: &str = "https://todo.example/callback";
const BOUND: &str = "tls_client_certificate_bound_access_tokens";

/// What home says through the proxy, with these headers.
async fn through(
    world: &World,
    to: (&str, &str),
    headers: &[(&str, &str)],
    body: Option<&[(&str, &str)]>,
) -> Answer {
    through_to(world, HOME, to, headers, body).await
}

/// The same of this issuer.
async fn through_to(
    world: &World,
    issuer: &str,
    (method, path): (&str, &str),
    headers: &[(&str, &str)],
    body: Option<&[(&str, &str)]>,
) -> Answer {
    let mut asked = request(method, &format!("{issuer}/oauth2/{path}"));
    if body.is_some() {
        asked = asked.header("content-type", "application/x-www-form-urlencoded");
    }
    for (name, value) in headers {
        asked = asked.header(*name, *value);
    }
    let peer = ConnectInfo(SocketAddr::new(PROXY.parse().unwrap(), 50_000));
    let body = body.map_or_else(Body::empty, |it| Body::from(form(it)));
    world.send(asked.extension(peer).body(body).unwrap()).await
}

/// A token request of the application that has nothing but its name.
async fn todo(world: &World, params: &[(&str, &str)], headers: &[(&str, &str)]) -> Answer {
    let params = [params, &[("client_id", "todo-app")]].concat();
    through(world, ("POST", "token"), headers, Some(&params)).await
}

/// RFC 8705 §4: of a client that does not authenticate nothing else says who may refresh.
#[tokio::test]
async fn the_refresh_token_of_a_public_client() {
    let world = World::set(&BEHIND_PROXY, &bound(&["todo-app"])).await;
    let (holder, other) = (Certified::new(), Certified::new());
    let changes = [("redirect_uri", TODO), ("scope", "openid profile offline_access")];
    let mut browser = Browser::open(&world, &authorize_url(HOME, "todo-app", &changes)).await;
    browser.sign_in("alice", "alice-password").await;
    browser.allow().await;
    let code = browser.sent("code").unwrap();
    let mut by_code = redemption(&code);
    by_code[2].1 = TODO;
    let (field, of_other) = (holder.field(), other.field());
    let without = todo(&world, &by_code, &[]).await;
    assert_snapshot!(without.refusal(), @"400 invalid_request: the client is registered for tokens that are bound to its certificate, and none came with the request, or none that is taken here");
    let first = todo(&world, &by_code, &[("client-cert", &field)]).await;
    assert_eq!(first.claims()["cnf"], holder.cnf());
    let token = first.member("refresh_token");
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", &*token)];
    let answer = todo(&world, &refresh, &[("client-cert", &of_other)]).await;
    assert_snapshot!(answer.refusal(), @"400 invalid_grant: the refresh token is not acceptable: it is bound to another certificate than the one of the request");
    let second = todo(&world, &refresh, &[("client-cert", &field)]).await;
    assert_eq!(second.claims()["cnf"], holder.cnf());
    // A key is no certificate, even for a client that asks for neither any more.
    world.apply(crate::support::WORLD).await;
    let token = second.member("refresh_token");
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", &*token)];
    let proof = Holder::new().proof(HOME);
    let said = [
        todo(&world, &refresh, &[]).await.refusal(),
        todo(&world, &refresh, &[("dpop", &proof)]).await.refusal(),
    ];
    assert_snapshot!(said.join("\n"), @"
    400 invalid_grant: the refresh token is not acceptable: it is bound to a certificate, and none came with the request, or none that is taken here
    400 invalid_grant: the refresh token is not acceptable: it is bound to a certificate: send no DPoP proof with it
    ");
    // What comes of it stays bound as well.
    let third = todo(&world, &refresh, &[("client-cert", &field)]).await;
    assert_eq!(third.claims()["cnf"], holder.cnf());
}

/// That of a client that authenticates is bound to that already.
#[tokio::test]
async fn the_refresh_token_of_a_confidential_client() {
    let world = World::set(&BEHIND_PROXY, &bound(&["wiki-agent"])).await;
    let (holder, newer) = (Certified::new(), Certified::new());
    let code = allowed_by_alice(&world, &[]).await.sent("code").unwrap();
    let first = world.post_certified(AGENT, &redemption(&code), &holder).await;
    let token = first.member("refresh_token");
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", &*token)];
    let second = world.post_certified(AGENT, &refresh, &newer).await;
    assert_eq!(second.claims()["cnf"], newer.cnf());
}

/// RFC 8705 §3: "If they do not match, the resource access attempt MUST be rejected".
#[tokio::test]
async fn userinfo() {
    let world = World::set(&BEHIND_PROXY, &bound(&["wiki-agent"])).await;
    let holder = Certified::new();
    let code = allowed_by_alice(&world, &[]).await.sent("code").unwrap();
    let tokens = world.post_certified(AGENT, &redemption(&code), &holder).await;
    let bearer = format!("Bearer {}", tokens.access_token());
    let dpop = format!("DPoP {}", tokens.access_token());
    let (field, other) = (holder.field(), Certified::new().field());
    let mut said = vec![];
    for headers in [
        vec![("authorization", &*bearer)],
        vec![("authorization", &*bearer), ("client-cert", &*other)],
        vec![("authorization", &*bearer), ("client-cert", "nonsense")],
        vec![("authorization", &*bearer), ("client-cert", &*field), ("client-cert", &*other)],
        vec![("authorization", &*dpop), ("client-cert", &*field), ("dpop", "x")],
    ] {
        let answer = through(&world, ("GET", "userinfo"), &headers, None).await;
        said.push(format!("{} {}", answer.status.as_u16(), answer.header("www-authenticate")));
    }
    assert_snapshot!(said.join("\n"), @r#"
    401 Bearer error="invalid_token", error_description="the access token is not acceptable: it is bound to a certificate, and none came with the request, or none that is taken here"
    401 Bearer error="invalid_token", error_description="the access token is not acceptable: it is bound to another certificate than the one of the request"
    400 Bearer error="invalid_request", error_description="the Client-Cert header is no byte sequence of RFC 9440, like :MIIB...=:"
    400 Bearer error="invalid_request", error_description="there is more than one Client-Cert header"
    401 Bearer error="invalid_token", error_description="the access token is not bound to a key: send it by the scheme Bearer"
    "#);
    let right = [("authorization", &*bearer), ("client-cert", &*field)];
    assert_eq!(through(&world, ("GET", "userinfo"), &right, None).await.status, 200);
    // Past the proxy the header is worth nothing.
    let past = request("GET", &format!("{HOME}/oauth2/userinfo"))
        .header("authorization", &bearer)
        .header("client-cert", &field);
    assert_eq!(world.send(past.body(Body::empty()).unwrap()).await.status, 401);
}

/// RFC 8705 §3.2.
#[tokio::test]
async fn introspection() {
    let world = World::set(&BEHIND_PROXY, &bound(&["wiki-agent"])).await;
    let holder = Certified::new();
    let asks = [("grant_type", "client_credentials"), ("scope", "reports")];
    let token = world.post_certified(AGENT, &asks, &holder).await.access_token();
    let credentials = [
        ("token", &*token),
        ("client_id", "wiki-agent"),
        ("client_secret", "wiki-agent-secret-0123456789abcdefghij"),
    ];
    let told = through(&world, ("POST", "introspect"), &[], Some(&credentials)).await.json();
    assert_eq!(
        (told["active"].clone(), told["token_type"].clone()),
        (json!(true), json!("Bearer"))
    );
    assert_eq!(told["cnf"], holder.cnf());
}

/// RFC 8705 §3.3: only where it can happen.
#[tokio::test]
async fn what_the_metadata_say() {
    for (settings, expected) in [
        (&BEHIND_PROXY[..], json!(true)),
        (&BEHIND_PROXY[..1], Value::Null),
        (&BEHIND_PROXY[1..], Value::Null),
    ] {
        let world = World::configured(settings).await;
        for issuer in [HOME, CHAT] {
            let url = format!("{issuer}/.well-known/openid-configuration");
            assert_eq!(world.get(&url).await.json()[BOUND], expected, "{settings:?} {issuer}");
        }
    }
}

/// RFC 8705 §3.4: a client that registers itself gets what it relies on, or nothing.
#[tokio::test]
async fn a_client_that_registers_itself() {
    let world = World::set(&BEHIND_PROXY, &open()).await;
    let wanted = json!({ BOUND: true });
    let answer = register(&world, CHAT, None, &wanted).await;
    assert_eq!(answer.json()[BOUND], true, "{}", answer.text);
    let both = json!({ BOUND: true, "dpop_bound_access_tokens": true });
    assert_snapshot!(register(&world, CHAT, None, &both).await.refusal(), @"400 invalid_client_metadata: the registration is not acceptable: its tokens cannot be bound to a key and to a certificate at once");
    let plain = register(&world, CHAT, None, &json!({})).await;
    assert_eq!(plain.json()[BOUND], Value::Null);
    let off = World::of(&open()).await;
    assert_snapshot!(register(&off, CHAT, None, &wanted).await.refusal(), @"400 invalid_client_metadata: the registration is not acceptable: tls_client_certificate_bound_access_tokens asks for something that does not happen here");
}

/// The same for one that stands at its own address.
#[tokio::test]
async fn a_client_at_its_own_address() {
    const URL: &str = "https://agent.example/client.json";
    let document = metadata(&json!({ "client_id": URL, BOUND: true }));
    let hosts = [("clients.described_at", "agent.example")];
    let (off, on) = (World::configured(&hosts).await, {
        World::configured(&[&BEHIND_PROXY[..], &hosts].concat()).await
    });
    let url = authorize_url(HOME, URL, &[("redirect_uri", crate::registration::BACK)]);
    for world in [&off, &on] {
        world.partner.publish(URL, &document);
    }
    assert_snapshot!(off.get(&url).await.page_error(), @"400 unauthorized_client: what the application says of itself at its own address cannot be taken: the answer is no metadata document of a client: tls_client_certificate_bound_access_tokens asks for something that does not happen here");
    let params = [("grant_type", "authorization_code"), ("code", "x"), ("client_id", URL)];
    let answer = through(&on, ("POST", "token"), &[], Some(&params)).await;
    assert_snapshot!(answer.refusal(), @"400 invalid_request: the client is registered for tokens that are bound to its certificate, and none came with the request, or none that is taken here");
}

/// RFC 8693 §2.1: what is bound is exchanged by who has the certificate, and stays bound to it, also
/// where nobody asked for that of the client.
#[tokio::test]
async fn a_token_that_is_exchanged() {
    let world = World::set(&BEHIND_PROXY, &exchange_here::directory()).await;
    let (holder, other, key) = (Certified::new(), Certified::new(), Holder::new());
    let mut claims = world.id_jag_claims(&world.sub_of("alice").await);
    claims["cnf"] = holder.cnf();
    let id_jag = world.sign(HOME, ID_JAG_TYP, &claims);
    let redemption = [("grant_type", JWT_BEARER), ("assertion", &*id_jag)];
    let token = world.post_certified(THERE, &redemption, &holder).await.access_token();
    let request = [
        ("grant_type", TOKEN_EXCHANGE),
        ("subject_token", &*token),
        ("subject_token_type", ACCESS_TOKEN),
    ];
    let answer = world.post_certified(THERE, &request, &holder).await;
    assert_eq!(answer.claims()["cnf"], holder.cnf());
    assert_eq!(answer.member("token_type"), "Bearer");
    let (field, proof) = (holder.field(), key.proof(CHAT));
    let both = [("client-cert", &*field), ("dpop", &*proof)];
    let said = [
        world.post_from(PROXY, THERE, &request, &[]).await,
        world.post_certified(THERE, &request, &other).await,
        world.post_from(PROXY, THERE, &request, &both).await,
        world.post_from("192.0.2.7", THERE, &request, &both[..1]).await,
    ];
    assert_snapshot!(said.map(|it| it.refusal()).join("\n"), @"
    400 invalid_request: the subject token is not acceptable: it is bound to a certificate, and none came with the request, or none that is taken here
    400 invalid_request: the subject token is not acceptable: it is bound to another certificate than the one of the request
    400 invalid_request: the subject token is not acceptable: it is bound to a certificate: send no DPoP proof with it
    400 invalid_request: the subject token is not acceptable: it is bound to a certificate, and none came with the request, or none that is taken here
    ");
}

/// RFC 7800 §3.1: the same for workloads.
#[tokio::test]
async fn a_workload_that_is_bound() {
    let directory = workload::directory(&format!("{MAIN}\nreuse = \"until_expiry\""));
    let world = World::set(&BEHIND_PROXY, &directory).await;
    let (holder, other) = (Certified::new(), Certified::new());
    let (field, of_other) = (holder.field(), other.field());
    let shown = async |cnf: Value, headers: &[(&str, &str)]| {
        let jwt = workload::signed(&world, "JWT", &json!({ "cnf": cnf }));
        let request = [("grant_type", JWT_BEARER), ("assertion", &*jwt)];
        through_to(&world, CHAT, ("POST", "token"), headers, Some(&request)).await
    };
    let answer = shown(holder.cnf(), &[("client-cert", &field)]).await;
    assert_eq!(answer.claims()["cnf"], holder.cnf());
    let free = shown(Value::Null, &[("client-cert", &field)]).await;
    assert_eq!(free.claims()["cnf"], Value::Null);
    let said =
        [shown(holder.cnf(), &[]).await, shown(holder.cnf(), &[("client-cert", &of_other)]).await];
    assert_snapshot!(said.map(|it| it.refusal()).join("\n"), @"
    400 invalid_grant: the assertion is not acceptable: it is bound to a certificate, and none came with the request, or none that is taken here
    400 invalid_grant: the assertion is not acceptable: it is bound to another certificate than the one of the request
    ");
}
