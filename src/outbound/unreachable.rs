//! Why something could not be fetched.

use std::error::Error;
use std::sync::Arc;

use super::client_document::BadDocument;
use crate::jose::BadJwt;

/// Why there is no answer, or none that can be used. The causes name no URL, for there may be
/// secrets in one.
#[derive(Debug, thiserror::Error)]
pub enum Unreachable {
    #[error("the address to fetch from is not an https URL")]
    Url,
    #[error("plain http is not allowed here (outbound.allow_private_networks)")]
    Plain,
    #[error("the host has an address of a special use (outbound.allow_private_networks)")]
    SpecialUse,
    #[error("a header of the request is malformed")]
    Header,
    #[error("no answer came in time")]
    Late,
    #[error("no answer came")]
    NoAnswer(#[source] Box<dyn Error + Send + Sync>),
    #[error("the answer is larger than is read here")]
    TooLarge,
    #[error("the answer has the status {0}")]
    Status(u16),
    #[error("the answer is no key set")]
    NoKeySet(#[source] BadJwt),
    #[error("the issuer has no metadata that can be used")]
    Metadata(#[source] Box<dyn Error + Send + Sync>),
    #[error("the metadata are those of another issuer")]
    OtherIssuer,
    #[error("the answer is no metadata document of a client: {0}")]
    Document(#[source] BadDocument),
    #[error("too much is asked of that host at the moment")]
    Busy,
    #[error("the keys are our own and are not fetched")]
    Local,
    /// What all who asked at about the same time are told.
    #[error(transparent)]
    Shared(Arc<Self>),
    #[error("the client for HTTP cannot be set up")]
    Setup(#[source] Box<dyn Error + Send + Sync>),
}

impl Unreachable {
    /// Whether it may be different in a moment.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Late | Self::NoAnswer(_) | Self::Busy => true,
            Self::Status(status) => *status >= 500 || *status == 429,
            Self::Shared(it) => it.may_pass(),
            _ => false,
        }
    }

    /// Whether it was us who did not ask. All else is the fault of whoever named the address: a
    /// stranger must not learn by the code whether a name leads into our network, and somebody who
    /// names many that lead nowhere is refused too often in the end.
    pub fn is_busy(&self) -> bool {
        match self {
            Self::Busy => true,
            Self::Shared(it) => it.is_busy(),
            _ => false,
        }
    }

    /// What a stranger may hear who named the address: nothing about where it leads.
    pub fn told(&self) -> String {
        match self {
            Self::Document(_) | Self::Status(_) | Self::TooLarge | Self::Busy => self.to_string(),
            Self::Shared(it) => it.told(),
            _ => "it cannot be fetched".to_owned(),
        }
    }

    /// The causes below the sentence, for the log.
    pub(super) fn causes(&self) -> String {
        let mut causes = Vec::new();
        let mut next = self.source();
        while let Some(cause) = next {
            causes.push(cause.to_string());
            next = cause.source();
        }
        causes.join(": ")
    }
}
