//! Carol of the partner, who has no account at chat until somebody says that they are her.

use serde_json::{Value, json};
use tegata::model::{Foreign, Link};
use tegata::oauth::{ServiceId, Subject};
use tegata::store::accounts;

use super::{Answer, Browser, ID_JAG_TYP, PARTNER, World, redeem, with};

/// The terms on which people link themselves, in place of accounts just in time.
pub const LINKING: &str = "accounts = \"linked\"\nlink_domains = [\"partner.example\"]";

/// The address that the partner has of carol.
pub const CAROLS: &str = "carol@partner.example";

/// What chat says to an ID-JAG of the partner for carol, with these claims in it.
pub async fn of_carol(world: &World, more: &Value) -> Answer {
    let base = json!({ "iss": PARTNER, "email": CAROLS, "email_verified": true });
    let claims = with(&with(&world.id_jag_claims("carol-there"), &base), more);
    redeem(world, &world.sign(PARTNER, ID_JAG_TYP, &claims), &[]).await
}

/// Where the agent of carol is told to send her.
pub async fn invited(world: &World) -> String {
    of_carol(world, &json!({})).await.member("tegata_link_uri")
}

/// `username` follows an invitation, signs in, and reads the page.
pub async fn at_link<'a>(world: &'a World, uri: &str, username: &str) -> Browser<'a> {
    let mut browser = Browser::open(world, uri).await;
    browser.sign_in(username, &format!("{username}-password")).await;
    assert!(browser.url.contains("/services/chat/link?link="), "{}", browser.url);
    browser
}

impl World {
    /// An administrator links `whose` subject to `account` of chat.
    pub async fn links(&self, whose: &Foreign, account: &str) {
        let link = Link {
            service: ServiceId::parse("chat").unwrap(),
            whose: whose.clone(),
            account: Subject::parse(account).unwrap(),
        };
        accounts::link(self.live.shared().store.write(), &link, None).await.unwrap();
        self.meddled().await;
    }
}
