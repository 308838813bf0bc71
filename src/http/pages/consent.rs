//! The page where a person decides: the travel pass.

use super::Page;
use crate::model::{Change, Feature, Tier};
use askama::Template;

/// Who asks and from which host, for whom, where to, what it may do, until when.
#[derive(Template)]
#[template(path = "consent.html")]
pub(crate) struct Consent {
    /// Words and links.
    pub page: Page,
    /// Path and query that the form is posted to.
    pub action: String,
    /// Proves that the form is ours.
    pub csrf: String,
    /// Who asks.
    pub client_name: String,
    /// The host of the `redirect_uri`; of a private-use URI (RFC 8252 §7.1) its scheme.
    pub client_host: String,
    /// What there is to know of a client that nobody declared.
    pub stranger: Option<Stranger>,
    /// For whom: who is signed in.
    pub user_name: String,
    /// Where to: home, or the service.
    pub issuer_name: String,
    /// What it may do here.
    pub scopes: Vec<ScopeLine>,
    /// The services that an agent could reach for the person.
    pub services: Vec<ServiceLine>,
    /// Whether the client acts for people without them looking.
    pub is_agent: bool,
    /// Whether it may act while the person is away.
    pub offline: bool,
    /// The last day, in words (see [`super::Texts::day`]); left out: until it is taken back.
    pub until: Option<String>,
}

impl Consent {
    /// OIDC Core §11 `offline_access` is told once, beside the last day.
    fn terms(&self) -> impl Iterator<Item = &ScopeLine> {
        self.scopes.iter().filter(|scope| !(self.offline && scope.name == "offline_access"))
    }

    fn has_terms(&self) -> bool {
        self.terms().next().is_some()
    }
}

/// A client that nobody declared.
pub(crate) struct Stranger {
    /// By which it can be known: that of its own address, or where its answer goes.
    pub host: String,
    /// How much is known of it.
    pub tier: Tier,
    /// Whether any program on this device could say that it is it.
    pub is_anybody: bool,
    /// What is different since the person allowed it; an empty list if that was not kept.
    pub changes: Option<Vec<Change>>,
}

impl Stranger {
    /// Whether the person should be careful.
    fn is_new(&self) -> bool {
        self.tier == Tier::New && self.changes.is_none()
    }

    /// Whether nobody but itself says what it is called.
    fn names_itself(&self) -> bool {
        matches!(self.tier, Tier::New | Tier::Seen)
    }
}

/// One scope.
pub(crate) struct ScopeLine {
    /// The scope itself, shown if nobody described it.
    pub name: String,
    /// What it means, in plain words.
    pub description: String,
}

impl ScopeLine {
    fn words(&self) -> &str {
        if self.description.is_empty() { &self.name } else { &self.description }
    }
}

/// One service that the client has a connection to.
pub(crate) struct ServiceLine {
    /// The service.
    pub name: String,
    /// What the client may do there, in plain words.
    pub scopes: Vec<String>,
    /// Whose word the connection needs.
    pub approval: Approval,
}

/// Whose word a connection needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Approval {
    /// The administrator gave it for everybody.
    Admin,
    /// The person gives it with this very page.
    User,
}
