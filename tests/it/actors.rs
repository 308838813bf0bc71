//! Agents that act for others (RFC 8693 §2.1 and §4.1, ID-JAG §9.7).

use insta::assert_snapshot;
use serde_json::{Value, json};
use tegata::model::Remark;

use crate::management::about;
use crate::support::{
    Answer, CHAT, HOME, Holder, ID_JAG_TYP, PARTNER, WORLD, World, exchange, id_token_of, redeem,
};

const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";
const ADMIN: &str = "approval = \"admin\"\n";

/// A world where "robot" may act by the connection of the wiki agent.
async fn world() -> World {
    let robot = "[[client]]\nclient_id = \"robot\"\nagent = true\n\
                 client_secret = \"robot-secret-0123456789abcdefghij\"\n\
                 grant_types = [\"client_credentials\"]\nscope = \"reports\"\n";
    let allowed = WORLD.replace(ADMIN, &format!("{ADMIN}actors = [\"robot\"]\n"));
    World::of(&format!("{allowed}\n{robot}")).await
}

async fn own_token(world: &World, client: &str) -> String {
    let request = [("grant_type", "client_credentials"), ("scope", "reports")];
    world.post_token(HOME, client, &request).await.access_token()
}

async fn exchanged(world: &World, actor_token: &str) -> Answer {
    let actor = [("actor_token", actor_token), ("actor_token_type", ACCESS_TOKEN)];
    exchange(world, &id_token_of(world, "alice").await, &actor).await
}

/// From the agent's own token to the access token of the service.
/// Row 33.
#[tokio::test]
async fn one_that_the_connection_names() {
    let world = world().await;
    let id_jag = exchanged(&world, &own_token(&world, "robot").await).await;
    let act = json!({ "iss": HOME, "sub": "robot" });
    assert_eq!(id_jag.claims()["act"], act);
    assert_eq!(id_jag.claims()["sub"], world.sub_of("alice").await);
    let token = redeem(&world, &id_jag.access_token(), &[]).await;
    assert_eq!(token.claims()["act"], act);
}

/// One acts for another; whoever acts now stands outside.
#[tokio::test]
async fn one_for_another() {
    let world = world().await;
    let mut claims = crate::support::claims_of(&own_token(&world, "robot").await);
    claims["act"] = json!({ "sub": "robot", "act": { "sub": "robot" } });
    let nested = exchanged(&world, &world.sign(HOME, "at+jwt", &claims)).await;
    let act = json!({ "iss": HOME, "sub": "robot", "act": claims["act"] });
    assert_eq!(nested.claims()["act"], act);
    let mut said = vec![];
    for act in [
        json!({ "sub": "todo-app" }),
        json!({ "sub": "robot", "act": { "sub": "robot", "act": { "sub": "robot", "act": { "sub": "robot" } } } }),
    ] {
        let world = self::world().await;
        claims["act"] = act;
        said.push(exchanged(&world, &world.sign(HOME, "at+jwt", &claims)).await.refusal());
    }
    assert_snapshot!(said.join("\n"), @r"
    400 access_denied: the administrator does not let this actor act by this connection
    400 access_denied: more than 4 act for one another
    ");
}

/// RFC 8693 §2.2.2 for what is no token of an agent, `access_denied` for who is not named.
/// Row 33.
#[tokio::test]
async fn those_who_may_not_act() {
    let world = world().await;
    let robot = own_token(&world, "robot").await;
    let claims = crate::support::claims_of(&robot);
    let with = |changes: Value| {
        let changed = crate::support::with(&claims, &changes);
        world.sign(HOME, "at+jwt", &changed)
    };
    let jkt = Holder::new().thumbprint();
    let mut said = vec![];
    let id_token = id_token_of(&world, "alice").await;
    for token in [
        own_token(&world, "wiki-agent").await,
        with(json!({ "sub": "somebody" })),
        with(json!({ "sub": "gone", "client_id": "gone" })),
        with(json!({ "exp": 1 })),
        with(json!({ "cnf": { "jkt": jkt } })),
        world.sign(PARTNER, "at+jwt", &claims),
        world.sign(HOME, ID_JAG_TYP, &claims),
        id_token.clone(),
        "x".to_owned(),
    ] {
        let actor = [("actor_token", &*token), ("actor_token_type", ACCESS_TOKEN)];
        said.push(exchange(&world, &id_token, &actor).await.refusal());
    }
    assert_snapshot!(said.join("\n"), @"
    400 access_denied: the administrator does not let this actor act by this connection
    400 invalid_request: the actor token is not acceptable: it was issued for a person
    400 invalid_request: the actor token is not acceptable: its client is not active
    400 invalid_request: the actor token is not acceptable: it has expired, 1767323044 seconds ago by the clock here
    400 invalid_request: the actor token is not acceptable: it is bound to what nobody shows here
    400 invalid_request: the actor token is not acceptable: no key of its issuer has its kid and algorithm
    400 invalid_request: the actor token is not acceptable: its typ says that it is something else
    400 invalid_request: the actor token is not acceptable: its typ says that it is something else
    400 invalid_request: the actor token is not acceptable: it has not the form of a signed JWT with an issuer
    ");
}

/// ID-JAG §9.7: of another issuer `act` is passed over, unless its trust says otherwise; and then it
/// has to be one.
#[tokio::test]
async fn actors_of_another_issuer() {
    let trust = "accounts = \"just_in_time\"";
    let plain = World::new().await;
    let trusting = World::but(trust, "accounts = \"just_in_time\"\nact = true").await;
    let of_carol = async |world: &World, jti: &str, act: Value| {
        let mut claims = world.id_jag_claims("carol");
        (claims["iss"], claims["jti"], claims["act"]) = (json!(PARTNER), json!(jti), act);
        redeem(world, &world.sign(PARTNER, ID_JAG_TYP, &claims), &[]).await
    };
    let act = json!({ "iss": PARTNER, "sub": "their-agent" });
    let short = json!({ "sub": "their-agent" });
    assert_eq!(of_carol(&plain, "1", short.clone()).await.claims().get("act"), None);
    assert_eq!(of_carol(&plain, "2", json!("x")).await.status, 200);
    assert_eq!(of_carol(&trusting, "1", short).await.claims()["act"], act);
    assert_eq!(of_carol(&trusting, "3", act.clone()).await.claims()["act"], act);
    let ours = json!({ "iss": PARTNER, "sub": "x", "act": { "iss": HOME, "sub": "robot" } });
    assert_snapshot!(of_carol(&trusting, "4", ours).await.refusal(), @"400 invalid_grant: the act of the assertion names an actor of another issuer");
    let refused = of_carol(&trusting, "2", json!("x")).await.refusal();
    assert_snapshot!(refused, @"400 invalid_grant: the assertion is not acceptable: its claims are incomplete or of the wrong type");
}

/// Four act for one another at most, whoever says so.
#[tokio::test]
async fn a_chain_that_is_as_long_as_it_may_be() {
    let chain = |length: usize| {
        let one = json!({ "sub": "robot" });
        (1..length).fold(one, |inner, _| json!({ "sub": "robot", "act": inner }))
    };
    let world = world().await;
    let mut claims = crate::support::claims_of(&own_token(&world, "robot").await);
    claims["act"] = chain(3);
    assert_eq!(exchanged(&world, &world.sign(HOME, "at+jwt", &claims)).await.status, 200);

    let redeemed = async |length: usize| {
        let mut claims = world.id_jag_claims(&world.sub_of("alice").await);
        (claims["jti"], claims["act"]) = (json!(length.to_string()), chain(length));
        redeem(&world, &world.sign(HOME, ID_JAG_TYP, &claims), &[]).await
    };
    assert_eq!(redeemed(4).await.claims()["act"], chain(4));
    assert_snapshot!(redeemed(5).await.refusal(), @"400 invalid_grant: the assertion is not acceptable: its claims are incomplete or of the wrong type");
}

/// An agent that was switched off acts for nobody, by a token from before either.
#[tokio::test]
async fn one_that_was_switched_off() {
    let world = world().await;
    let robot = own_token(&world, "robot").await;
    assert_eq!(exchanged(&world, &robot).await.status, 200);
    world.disable_client(HOME, "robot").await;
    let id_token = id_token_of(&world, "bob").await;
    let actor = [("actor_token", &*robot), ("actor_token_type", ACCESS_TOKEN)];
    assert_snapshot!(exchange(&world, &id_token, &actor).await.refusal(), @"400 invalid_request: the actor token is not acceptable: its client is not active");
}

/// The same with an account that an agent has for itself, and signed in to with the client that asks.
/// Row 33.
#[tokio::test]
async fn the_account_of_an_agent() {
    let named = format!("{ADMIN}actor_accounts = [\"bob\"]\n");
    let world = World::of(&WORLD.replace(ADMIN, &named)).await;
    let (alice, bob) = (id_token_of(&world, "alice").await, id_token_of(&world, "bob").await);
    let by = async |world: &World, token: &str, actor: &str| {
        let actor = [("actor_token", actor), ("actor_token_type", ID_TOKEN)];
        exchange(world, token, &actor).await
    };
    let id_jag = by(&world, &alice, &bob).await;
    let act = json!({ "iss": HOME, "sub": world.sub_of("bob").await });
    assert_eq!(id_jag.claims()["act"], act);
    assert_eq!(id_jag.claims()["sub"], world.sub_of("alice").await);
    let token = redeem(&world, &id_jag.access_token(), &[]).await;
    assert_eq!(token.claims()["act"], act);
    // It is known when the tokens are long gone.
    for answer in [&id_jag, &token] {
        let jti = answer.claims()["jti"].clone();
        let row = world.ledger().await.into_iter();
        let row = row.map(|it| it.entry).find(|it| it.jti.as_deref() == jti.as_str()).unwrap();
        assert_eq!(row.remark, Some(Remark::Act(act.to_string())));
    }

    let claims = crate::support::claims_of(&bob);
    let other = crate::support::with(&claims, &json!({ "aud": "todo-app" }));
    let other = world.sign(HOME, "JWT", &other);
    let mut said = vec![
        by(&world, &alice, &alice).await.refusal(),
        by(&world, &alice, &other).await.refusal(),
    ];
    let unnamed = World::new().await;
    let (alice_there, bob_there) =
        (id_token_of(&unnamed, "alice").await, id_token_of(&unnamed, "bob").await);
    said.push(by(&unnamed, &alice_there, &bob_there).await.refusal());
    world.disable_user("bob").await;
    said.push(by(&world, &alice, &bob).await.refusal());
    assert_snapshot!(said.join("\n"), @"
    400 access_denied: the administrator does not let this actor act by this connection
    400 invalid_request: the actor token is not acceptable: it was issued to another client
    400 access_denied: the administrator does not let this actor act by this connection
    400 invalid_request: the actor token is not acceptable: its account is not signed in, or not active
    ");
}

/// Nobody acts for themselves, not by their own account either.
#[tokio::test]
async fn a_person_who_is_their_own_agent() {
    let named = format!("{ADMIN}actor_accounts = [\"alice\"]\n");
    let world = World::of(&WORLD.replace(ADMIN, &named)).await;
    let alice = id_token_of(&world, "alice").await;
    let actor = [("actor_token", &*alice), ("actor_token_type", ID_TOKEN)];
    assert_snapshot!(exchange(&world, &alice, &actor).await.refusal(), @"400 invalid_request: the actor token is not acceptable: it is about the person themselves");
}

/// Who acts by the word of another issuer may be called as a client here is, and is not it.
#[tokio::test]
async fn a_namesake() {
    let trust = "accounts = \"just_in_time\"";
    let namesake = "\n[[client]]\nat = \"chat\"\nclient_id = \"namesake\"\nactive = false\n\
                    client_secret = \"namesake-secret-0123456789abcdefghij\"\n\
                    grant_types = [\"client_credentials\"]\nscope = \"chat.read\"\n";
    let directory = WORLD.replace(trust, &format!("{trust}\nact = true"));
    let world = World::of(&(directory + namesake)).await;
    let mut claims = world.id_jag_claims("carol");
    (claims["iss"], claims["act"]) = (json!(PARTNER), json!({ "iss": PARTNER, "sub": "namesake" }));
    let token = redeem(&world, &world.sign(PARTNER, ID_JAG_TYP, &claims), &[]).await;
    assert_eq!(token.claims()["act"]["sub"], "namesake");
    let told = about(&world, CHAT, "todo-at-chat", &token.access_token()).await;
    assert_eq!(told["active"], true, "{told}");
}
