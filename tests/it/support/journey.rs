//! The ways that people and their clients go again and again.

use tegata::model::{LedgerRow, User};
use tegata::oauth::{ClientId, Issuer};
use tegata::store;

use super::{Answer, Browser, HOME, VERIFIER, World, authorize_url};

/// Where the code of the wiki agent goes.
pub const CALLBACK: &str = "http://127.0.0.1:18765/callback";

/// `params` with `changes`: a value of `""` leaves a parameter out, a new name adds one.
pub fn changed<'a>(
    params: &[(&'a str, &'a str)],
    changes: &[(&'a str, &'a str)],
) -> Vec<(&'a str, &'a str)> {
    let kept = params.iter().filter(|(name, _)| !changes.iter().any(|(it, _)| it == name));
    kept.chain(changes.iter().filter(|(_, value)| !value.is_empty())).copied().collect()
}

/// A token request with `code` that is right.
pub fn redemption(code: &str) -> [(&'static str, &str); 4] {
    [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ]
}

/// Alice has signed in and allowed the wiki agent what its request asked for, after `changes`.
pub async fn allowed_by_alice<'a>(world: &'a World, changes: &[(&str, &str)]) -> Browser<'a> {
    let mut browser = Browser::open(world, &authorize_url(HOME, "wiki-agent", changes)).await;
    browser.sign_in("alice", "alice-password").await;
    browser.allow().await;
    browser
}

impl World {
    /// What the wiki agent gets for the code that `browser` was sent away with.
    pub async fn redeem(&self, browser: &Browser<'_>) -> Answer {
        let code = browser.sent("code").unwrap_or_else(|| panic!("no code: {}", browser.url));
        let answer = self.post_token(HOME, "wiki-agent", &redemption(&code)).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer
    }

    /// The whole ledger.
    pub async fn ledger(&self) -> Vec<LedgerRow> {
        store::ledger::tail(self.live.shared().store.read(), None, 1000).await.unwrap()
    }

    /// Somebody leaves.
    pub async fn disable_user(&self, username: &str) {
        let store = &self.live.shared().store;
        let user = store::users::named(store.read(), username).await.unwrap().unwrap();
        store::users::keep(store.write(), &User { active: false, ..user }).await.unwrap();
        self.noticed().await;
    }

    /// An application is taken out of service.
    pub async fn disable_client(&self, issuer: &str, id: &str) {
        let store = &self.live.shared().store;
        let (issuer, id) = (Issuer::parse(issuer).unwrap(), ClientId::parse(id).unwrap());
        let mut client = store::clients::find(store.read(), &issuer, &id).await.unwrap().unwrap();
        client.active = false;
        store::clients::register(store.write(), &client).await.unwrap();
        self.noticed().await;
    }
}
