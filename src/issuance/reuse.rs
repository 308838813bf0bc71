//! What is shown a second time ends all that came from it (RFC 6749 §4.1.2, RFC 9700 §4.14.2):
//! one of the two who showed it is a thief. It does so whatever else is wrong with the request.

use time::OffsetDateTime;

use super::door::Refusal;
use super::warrant::{ProvenCode, ProvenRefreshToken};
use crate::model::Digest;
use crate::server::AuthorizationServer;
use crate::store::{Effect, codes, refresh_tokens};

/// What counts once, in the hands of the client that it was given to.
pub struct Shown {
    what: What,
    family: String,
}

enum What {
    Code(Digest),
    RefreshToken(Digest),
}

impl Shown {
    pub fn code(code: &ProvenCode) -> Self {
        let code = code.record();
        Self { what: What::Code(code.digest.clone()), family: code.family.clone() }
    }

    pub fn refresh_token(token: &ProvenRefreshToken) -> Self {
        let token = token.record();
        let what = What::RefreshToken(token.digest.clone());
        Self { what, family: token.family.id.clone() }
    }

    /// What a request comes to that came to `done`: if it is refused, and that is not `settled`
    /// anyway, the family is revoked where what was shown had been used before, and it says so.
    pub async fn unless_used<T, R: From<Refusal>>(
        self,
        server: &AuthorizationServer,
        now: OffsetDateTime,
        done: Result<T, R>,
        settled: impl FnOnce(&R) -> bool,
    ) -> Result<T, R> {
        match done {
            Err(refusal) if !settled(&refusal) => {
                Err(self.used_before(server, now).await?.map_or(refusal, R::from))
            }
            done => done,
        }
    }

    /// It asks the database, for what this node remembers may have been used at another.
    async fn used_before(
        self,
        server: &AuthorizationServer,
        now: OffsetDateTime,
    ) -> Result<Option<Refusal>, Refusal> {
        let store = &server.shared.store;
        let (used, refusal) = match &self.what {
            What::Code(digest) => {
                let code = codes::find(store.read(), digest).await?;
                (code.is_some_and(|it| it.used), Refusal::CodeReused)
            }
            What::RefreshToken(digest) => {
                let token = refresh_tokens::find(store.read(), digest).await?;
                (token.is_some_and(|it| it.used), Refusal::RefreshTokenReused)
            }
        };
        if !used {
            return Ok(None);
        }
        store.commit(vec![Effect::RevokeFamily(self.family)], now).await?;
        Ok(Some(refusal))
    }
}
