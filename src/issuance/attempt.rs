//! What is known of a request so far, for the ledger.

use time::OffsetDateTime;

use crate::model::{LedgerEntry, LedgerEvent, Outcome};
use crate::oauth::{ClientId, ErrorCode, Issuer, RequestId, Scope, Subject};
use crate::server::AuthorizationServer;
use crate::store::{CommitError, Effect};

/// One request on its way: who asks for what, filled in as it becomes known, so that a
/// refusal says as much about it as an issuance would.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The time of the request. All of it happens at this moment.
    pub now: OffsetDateTime,
    pub request: RequestId,
    pub issuer: Issuer,
    pub event: LedgerEvent,
    pub client: Option<ClientId>,
    pub user: Option<Subject>,
    pub service: Option<String>,
    pub scope: Option<Scope>,
    pub resource: Option<String>,
    /// The `jti` of the token that was presented.
    pub parent: Option<String>,
}

impl Attempt {
    pub fn begin(server: &AuthorizationServer, request: RequestId, event: LedgerEvent) -> Self {
        Self {
            now: server.shared.environment.clock.now(),
            request,
            issuer: server.issuer.clone(),
            event,
            client: None,
            user: None,
            service: None,
            scope: None,
            resource: None,
            parent: None,
        }
    }

    /// The entry of something that is issued.
    pub fn issued(&self, event: LedgerEvent, jti: Option<String>) -> LedgerEntry {
        self.entry(event, jti, Outcome::Issued)
    }

    fn entry(&self, event: LedgerEvent, jti: Option<String>, outcome: Outcome) -> LedgerEntry {
        LedgerEntry {
            at: self.now,
            request: self.request.clone(),
            issuer: self.issuer.clone(),
            event,
            client: self.client.clone(),
            user: self.user.clone(),
            service: self.service.clone(),
            scope: self.scope.clone(),
            resource: self.resource.clone(),
            jti,
            parent: self.parent.clone(),
            outcome,
        }
    }

    /// Records that the attempt was refused, and why.
    pub async fn refused(
        &self,
        server: &AuthorizationServer,
        code: ErrorCode,
        reason: String,
    ) -> Result<(), CommitError> {
        let outcome = Outcome::Refused { code: code.as_str().to_owned(), reason };
        let effect = Effect::Record(Box::new(self.entry(self.event, None, outcome)));
        server.shared.store.commit(vec![effect], self.now).await
    }
}
