//! What is known of a request so far, for the ledger.

use std::fmt;

use time::OffsetDateTime;

use crate::clients::AuthenticatedClient;
use crate::limits::{Party, TurnedAway, Unrecorded};
use crate::model::{LedgerEntry, LedgerEvent, Outcome, Remark};
use crate::oauth::{ClientId, ErrorCode, Issuer, RequestId, Scope, Subject};
use crate::server::AuthorizationServer;
use crate::store::{CommitError, Effect};
use crate::telemetry::Stopwatch;
use crate::tokens::Actor;

/// One request on its way: who asks for what, filled in as it becomes known, so that a
/// refusal says as much about it as an issuance would.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The time of the request. All of it happens at this moment.
    pub now: OffsetDateTime,
    /// By which news it is decided.
    pub heard: Stopwatch,
    pub request: RequestId,
    /// Whom a refusal is held against.
    pub party: Party,
    pub issuer: Issuer,
    pub event: LedgerEvent,
    pub client: Option<ClientId>,
    pub user: Option<Subject>,
    pub service: Option<String>,
    pub scope: Option<Scope>,
    pub resource: Option<String>,
    /// The `jti` of the token that was presented.
    pub parent: Option<String>,
    /// What else is to say of what is issued.
    pub remark: Option<Remark>,
}

/// Why there is no entry of a refusal.
#[derive(Debug, thiserror::Error)]
pub enum NotRecorded {
    #[error("{0}")]
    TurnedAway(#[from] TurnedAway),
    #[error(transparent)]
    Commit(#[from] CommitError),
}

impl NotRecorded {
    /// As the refusal of a flow that knows both causes.
    pub fn into_refusal<R: From<TurnedAway> + From<CommitError>>(self) -> R {
        match self {
            Self::TurnedAway(early) => early.into(),
            Self::Commit(error) => error.into(),
        }
    }
}

impl Attempt {
    pub fn begin(server: &AuthorizationServer, request: RequestId, event: LedgerEvent) -> Self {
        Self {
            now: server.shared.environment.clock.now(),
            heard: server.shared.store.heard(),
            request,
            party: Party::Address(None),
            issuer: server.issuer.clone(),
            event,
            client: None,
            user: None,
            service: None,
            scope: None,
            resource: None,
            parent: None,
            remark: None,
        }
    }

    /// The request is for the service that it calls `name`, of which the ledger keeps so much.
    pub fn asks_for(&mut self, name: Option<&str>) {
        self.service = name.map(|it| it.chars().take(512).collect());
    }

    /// Who acts for the subject of what is issued.
    pub fn acted(&mut self, act: Option<&Actor>) {
        self.remark = act.and_then(|it| serde_json::to_string(it).ok()).map(Remark::Act);
    }

    /// The entry of something that is issued.
    pub fn issued(&self, event: LedgerEvent, jti: Option<String>) -> LedgerEntry {
        self.entry(event, jti, Outcome::Issued)
    }

    /// The entry of a refusal.
    pub(super) fn refusal(&self, code: ErrorCode, reason: String) -> LedgerEntry {
        let outcome = Outcome::Refused { code: code.as_str().to_owned(), reason };
        self.entry(self.event, None, outcome)
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
            remark: self.remark.clone(),
            outcome,
        }
    }

    /// Holds what comes of it against `client` from now on, if it proved who it is: nobody else uses
    /// up what a client may do.
    pub fn proven(
        &mut self,
        server: &AuthorizationServer,
        client: &AuthenticatedClient,
    ) -> Result<(), TurnedAway> {
        if !client.is_confidential() {
            return Ok(());
        }
        let key = server.shared.limits.client_key(&server.issuer, client.id());
        self.party = Party::Client(key);
        server.shared.limits.token_request(key)
    }

    /// Records what has to be recorded of an attempt that came to nothing. What was our own fault is
    /// for the log.
    pub async fn failed(
        &self,
        server: &AuthorizationServer,
        code: ErrorCode,
        why: &(impl fmt::Display + Sync),
    ) -> Result<(), NotRecorded> {
        match code {
            ErrorCode::SlowDown => self.turned_away(server),
            code if code.is_ours() => {}
            code => self.refused(server, code, why.to_string()).await?,
        }
        Ok(())
    }

    /// Records that the attempt was refused, and why. There is a limit to that: a refusal beyond it
    /// is summed up with others, and whoever asked is told to slow down instead.
    pub async fn refused(
        &self,
        server: &AuthorizationServer,
        code: ErrorCode,
        reason: String,
    ) -> Result<(), NotRecorded> {
        if let Err(early) = server.shared.limits.refusal(self.party, self.event) {
            self.turned_away(server);
            return Err(early.into());
        }
        let effect = Effect::Record(Box::new(self.refusal(code, reason)));
        Ok(server.shared.store.commit(vec![effect], self.now).await?)
    }

    /// Notes that the attempt came too early, for the sum that is recorded.
    fn turned_away(&self, server: &AuthorizationServer) {
        let client = match self.party {
            Party::Client(_) => self.client.clone(),
            Party::Address(_) => None,
        };
        let (issuer, event) = (self.issuer.clone(), self.event);
        server.shared.limits.unrecorded(Unrecorded { issuer, event, client });
    }
}
