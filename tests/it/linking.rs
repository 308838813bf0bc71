//! A person links who they are at another issuer to their account:
//! `docs/decisions/0045-linking.md`.

use insta::assert_snapshot;
use serde_json::json;

use crate::registration::{invitation, register};
use crate::support::{
    Browser, CAROLS, CHAT, ID_JAG_TYP, JWT_BEARER, LINKING, PARTNER, WORLD, World, at_link,
    invited, of_carol, with,
};

async fn world() -> World {
    World::but("accounts = \"just_in_time\"", LINKING).await
}

/// The ID-JAG is genuine, so its refusal says where the person goes; they sign in, type the address
/// that they have there, and from then on are who they are here.
/// Row 97.
#[tokio::test]
async fn the_whole_way() {
    let world = world().await;
    let refused = of_carol(&world, &json!({ "jti": "before" })).await;
    assert_snapshot!(refused.refusal(), @"400 invalid_grant: the subject of the assertion has no account here: who has one links it at tegata_link_uri");
    assert_eq!(refused.json()["tegata_link_expires_in"], 600);
    let uri = refused.member("tegata_link_uri");
    assert!(uri.starts_with("https://home.example/services/chat/link?invitation="), "{uri}");

    let mut browser = at_link(&world, &uri, "alice").await;
    browser.submit(&[("decision", "allow"), ("email", CAROLS)]).await;
    assert_snapshot!(browser.page.words(), @"
    Your account is linked
    From now on carol@partner.example stands for you here. Go back to your app and try again.
    Linked accounts
    ");

    let alice = world.sub_of("alice").await;
    let token = of_carol(&world, &json!({ "jti": "after" })).await;
    assert_eq!(token.claims()["sub"], *alice);
}

/// Who linked what, for which client, by which ID-JAG.
#[tokio::test]
async fn in_the_ledger() {
    let world = world().await;
    let uri = of_carol(&world, &json!({ "jti": "asked" })).await.member("tegata_link_uri");
    let mut browser = at_link(&world, &uri, "alice").await;
    browser.submit(&[("decision", "allow"), ("email", CAROLS)]).await;
    let rows = world.ledger().await;
    let lines: Vec<_> = rows
        .iter()
        .filter(|it| ["access_token", "link"].contains(&it.entry.event.as_str()))
        .map(|it| {
            let (it, text) = (&it.entry, |it: &Option<String>| it.clone().unwrap_or_default());
            let (client, parent) = (it.client.as_ref().unwrap().as_str(), text(&it.parent));
            let what = format!("{} {} {}", it.event.as_str(), text(&it.resource), text(&it.jti));
            format!("{what} by {client} after {parent}: {:?}", it.outcome)
        })
        .collect();
    assert_snapshot!(lines.join("\n"), @r#"
    access_token   by wiki-at-chat after asked: Refused { code: "invalid_grant", reason: "the subject of the assertion has no account here: who has one links it at tegata_link_uri" }
    link https://idp.partner.example carol-there by wiki-at-chat after asked: Issued
    "#);
    let link = &rows.iter().find(|it| it.entry.event.as_str() == "link").unwrap().entry;
    assert_eq!(link.user.as_ref().unwrap().as_str(), world.sub_of("alice").await);
    assert_eq!(link.issuer.as_str(), CHAT);
}

/// Who vouches, who came with that, whose account it would be, what it would mean; and not the
/// address, which the person has to know.
#[tokio::test]
async fn the_page_says_what_there_is_to_decide() {
    let world = world().await;
    let page = at_link(&world, &invited(&world).await, "alice").await.page;
    assert!(!page.text.contains(CAROLS), "{}", page.text);
    // Enter in the field is the first button of its form, and no refusal.
    let refuse = "<button class=\"choice\" type=\"submit\" form=\"refusal\"";
    assert!(page.text.contains(refuse), "{}", page.text);
    assert_snapshot!(page.words(), @"
    Link your account at idp.partner.example?
    An app is acting for somebody who has an account there, but we do not know who that is here. If it is you, you can link the two accounts.
    Link
    Account at
    https://idp.partner.example
    Asked by
    wiki-at-chat
    Your account
    Alice Example
    alice
    Service
    Chat
    It means
    Whoever signs in at idp.partner.example with that account can act as you here, through every app that it vouches for, until you unlink it.
    Link puts the seal on.
    Did you begin this yourself?
    Go on only if an app that you are using yourself opened this page a moment ago. If somebody sent you a link to it, choose Refuse. Otherwise they could act as you here.
    Your own e-mail address at idp.partner.example
    If it is not the one that the app came for, nothing is linked.
    Refuse
    Link
    ");
}

/// The same in Japanese, from the beginning.
#[tokio::test]
async fn in_japanese() {
    let world = world().await;
    let uri = format!("{}&ui_locales=ja", invited(&world).await);
    let mut browser = at_link(&world, &uri, "alice").await;
    assert_snapshot!(browser.page.words(), @"
    「idp.partner.example」のアカウントを連携しますか？
    アプリが、そのアカウントをお持ちの方の代わりにここを使おうとしましたが、ここでのどなたにあたるのかが分かりません。ご本人であれば、ここで連携できます。
    連携
    連携先
    https://idp.partner.example
    依頼元
    wiki-at-chat
    あなたのアカウント
    Alice Example
    alice
    利用先
    Chat
    連携すると
    「idp.partner.example」にそのアカウントでサインインした人は、連携を解除するまで、連携先が認めるすべてのアプリを通じて、ここであなたとして操作できます。
    連携すると、印が押されます。
    ご自身で始めた操作ですか？
    この画面が、いまご自身で使っているアプリから開いた場合だけ、お進みください。ほかの人からこの画面へのリンクを受け取った場合は、「許可しない」を選んでください。連携すると、その人がここであなたとして操作できるようになります。
    「idp.partner.example」でのあなたご自身のメールアドレス
    アプリが示したアドレスと違う場合は、連携されません。
    許可しない
    連携する
    ");
    browser.submit(&[("decision", "allow"), ("email", "alice@partner.example")]).await;
    assert_snapshot!(browser.page.words(), @"
    連携していません
    アプリが示したアドレスではありません。ほかの人に案内されてここへ来た場合は、その人があなたになりすまそうとしたおそれがあります。このサービスの管理者にお知らせください。入力を間違えた場合は、アプリに戻って、はじめからやり直してください。
    ");
}

/// Being signed in is not enough: the person shows once more that it is they.
#[tokio::test]
async fn who_is_signed_in_signs_in_again() {
    let world = world().await;
    let mut browser = Browser::open(&world, &format!("{CHAT}/sign-in")).await;
    browser.sign_in("alice", "alice-password").await;
    browser.go(&invited(&world).await).await;
    assert!(browser.url.contains("/sign-in?link="), "{}", browser.url);
    assert!(!browser.url.contains("invitation"), "the code is not in the address any more");
    let page = browser.url.replace("/sign-in?", "/link?");
    browser.go(&page).await;
    assert!(browser.url.contains("/sign-in?link="), "{}", browser.url);
    browser.sign_in("alice", "wrong").await;
    assert_eq!(browser.page.status, 422);
    browser.sign_in("alice", "alice-password").await;
    assert_eq!(browser.url, page);
    // Who opens it again begins again.
    let mut again = invited(&world).await;
    again.push_str("&ui_locales=en");
    browser.go(&again).await;
    assert!(browser.url.contains("/sign-in?link="), "{}", browser.url);
}

/// Letters of an address are as people write them; an address is not a sentence.
#[tokio::test]
async fn how_the_address_is_typed() {
    let world = world().await;
    let mut browser = at_link(&world, &invited(&world).await, "alice").await;
    browser.submit(&[("decision", "allow"), ("email", " Carol@Partner.example ")]).await;
    assert_eq!(of_carol(&world, &json!({ "jti": "2" })).await.status, 200);
}

/// An ID-JAG for which there is nothing to invite to is refused as ever.
#[tokio::test]
async fn who_is_not_invited() {
    let plain = "the subject of the assertion has no account here";
    let one = world().await;
    for claims in [
        json!({ "email_verified": false }),
        json!({ "email": "carol@elsewhere.example" }),
        json!({ "email": "carol@sub.partner.example" }),
        json!({ "email": "partner.example" }),
        json!({ "email": format!("{}@partner.example", "c".repeat(250)) }),
        json!({ "email": "carol\u{7}@partner.example" }),
    ] {
        let answer = of_carol(&one, &claims).await;
        assert_eq!(answer.refusal(), format!("400 invalid_grant: {plain}"), "{claims}");
        assert_eq!(answer.json().get("tegata_link_uri"), None, "{claims}");
    }
    // The longest that there are (RFC 5321 §4.5.3.1.3) is one.
    let longest = format!("{}@partner.example", "c".repeat(254 - "@partner.example".len()));
    let answer = of_carol(&one, &json!({ "email": longest })).await;
    assert_eq!(answer.json()["tegata_link_expires_in"], 600, "{}", answer.text);
    let strict = World::but("accounts = \"just_in_time\"", "accounts = \"linked\"").await;
    let answer = of_carol(&strict, &json!({})).await;
    assert_eq!(answer.refusal(), format!("400 invalid_grant: {plain}"));
    // Whoever keeps an invitation reads the address in the ID-JAG: it has to be somebody's client.
    let open = "accounts = \"linked\"\nlink_domains = [\"partner.example\"]";
    let chat = "id = \"chat\"\n";
    let directory = WORLD.replace("accounts = \"just_in_time\"", open);
    let directory = directory.replace(chat, &format!("{chat}registration = \"token\"\n"));
    let registering = World::of(&directory).await;
    let grants = json!(["urn:ietf:params:oauth:grant-type:jwt-bearer"]);
    let wanted =
        json!({ "token_endpoint_auth_method": "client_secret_post", "grant_types": grants });
    let token = invitation(&registering, CHAT, false);
    let client = register(&registering, CHAT, Some(&token), &wanted).await;
    let mut claims = registering.id_jag_claims("carol-there");
    let more = json!({
        "iss": PARTNER, "email": CAROLS, "email_verified": true,
        "client_id": client.member("client_id"),
    });
    claims = with(&claims, &more);
    let id_jag = registering.sign(PARTNER, ID_JAG_TYP, &claims);
    let request = [
        ("grant_type", JWT_BEARER),
        ("assertion", &*id_jag),
        ("client_id", &*client.member("client_id")),
        ("client_secret", &*client.member("client_secret")),
    ];
    let answer = registering.post_bare(CHAT, &request).await;
    assert_eq!(answer.refusal(), format!("400 invalid_grant: {plain}"));
    // Who is named by the issuer and is not there is not somebody else.
    let named = format!("{LINKING}\naud_sub = true");
    let named = World::but("accounts = \"just_in_time\"", &named).await;
    let answer = of_carol(&named, &json!({ "aud_sub": "nobody" })).await;
    assert_eq!(answer.refusal(), format!("400 invalid_grant: {plain}"));
    assert_eq!(of_carol(&named, &json!({})).await.json()["tegata_link_expires_in"], 600);
}

/// Three are good at a time: an answer can get lost, and a client that tries again and again does
/// not end what the person is about to answer. Another subject has three of its own.
#[tokio::test]
async fn how_many_invitations_there_are() {
    let world = world().await;
    let first = invited(&world).await;
    for _ in 0..2 {
        assert_ne!(invited(&world).await, first);
    }
    let fourth = of_carol(&world, &json!({})).await;
    assert_eq!(fourth.json().get("tegata_link_uri"), None, "{}", fourth.text);
    assert_snapshot!(fourth.refusal(), @"400 invalid_grant: the subject of the assertion has no account here: three links to tegata_link_uri are open already, so wait until the person answers one, or they run out");
    let other = of_carol(&world, &json!({ "sub": "another" })).await;
    assert!(other.json().get("tegata_link_uri").is_some(), "{}", other.text);
    world.hands.advance(time::Duration::minutes(4));
    let mut browser = at_link(&world, &first, "alice").await;
    browser.submit(&[("decision", "allow"), ("email", CAROLS)]).await;
    assert!(browser.page.words().starts_with("Your account is linked"), "{}", browser.page.words());
}
