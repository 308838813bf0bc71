//! One issuer: what it says of itself, and which sides of an ID-JAG it is.

use serde_json::{Map, Value};

use super::ask::{Asker, shown};
use super::check::Verdict;
use crate::jose::KeySet;
use crate::oauth::{GrantType, TokenType};
use crate::walkthrough::well_known;
use crate::walkthrough::wire::{Answer, Request};

/// ID-JAG §7.2.
pub(super) const GRANT_PROFILE: &str = "urn:ietf:params:oauth:grant-profile:id-jag";

/// An issuer, as far as anybody can see it.
pub(super) struct Target {
    pub issuer: String,
    /// One for each place where clients look.
    pub documents: Vec<Document>,
    /// What is at `jwks_uri`, if there is one.
    pub keys: Option<Document>,
    /// What the token endpoint answers to GET.
    pub token_endpoint_by_get: Option<Document>,
    /// Whether it issues ID-JAGs.
    pub is_idp: bool,
    /// Whether it takes them.
    pub is_ras: bool,
}

/// What is at an address, or why there is nothing.
pub(super) struct Document {
    pub url: String,
    pub answer: Result<Answer, String>,
}

impl Document {
    async fn fetch(asker: &Asker, url: &str) -> Self {
        let answer = asker.send(Request::get(url)).await;
        Self { url: url.to_owned(), answer }
    }

    /// An object of JSON, if that came.
    pub(super) fn object(&self) -> Option<&Answer> {
        self.answer.as_ref().ok().filter(|it| it.reply.status == 200 && !it.members.is_empty())
    }

    /// In a few words.
    pub(super) fn said(&self) -> String {
        match &self.answer {
            Ok(answer) if self.object().is_some() => answer.reply.status.to_string(),
            Ok(answer) => format!("{} without a JSON object", answer.reply.status),
            Err(why) => why.clone(),
        }
    }
}

impl Target {
    /// Asks at all its well-known places. What was named as `--issuer` or `--service` is that,
    /// whether it says so or not.
    pub(super) async fn discover(
        asker: &Asker,
        issuer: &str,
        (named_idp, named_ras): (bool, bool),
    ) -> Self {
        let mut documents = Vec::new();
        for url in well_known(issuer).unwrap_or_default() {
            documents.push(Document::fetch(asker, &url).await);
        }
        let mut target = Self {
            issuer: issuer.to_owned(),
            documents,
            keys: None,
            token_endpoint_by_get: None,
            is_idp: false,
            is_ras: false,
        };
        let has = |name: &str, value: &str| target.list(name).contains(&value);
        let id_jag = TokenType::IdJag.as_str();
        let is_idp = has("identity_chaining_requested_token_types_supported", id_jag);
        let is_ras = has("grant_types_supported", GrantType::JwtBearer.as_str())
            || has("authorization_grant_profiles_supported", GRANT_PROFILE);
        (target.is_idp, target.is_ras) = (is_idp || named_idp, is_ras || named_ras);
        if let Some(url) = target.text("jwks_uri").map(str::to_owned) {
            target.keys = Some(Document::fetch(asker, &url).await);
        }
        if let Some(url) = target.text("token_endpoint").map(str::to_owned) {
            target.token_endpoint_by_get = Some(Document::fetch(asker, &url).await);
        }
        target
    }

    /// Whether anybody answers at any of its places.
    pub(super) fn is_there(&self) -> Result<(), String> {
        let why = |it: &Document| it.answer.as_ref().err().cloned();
        let all: Vec<_> = self.documents.iter().map(why).collect();
        match all.into_iter().collect::<Option<Vec<_>>>().as_deref() {
            Some([first, ..]) => Err(format!("{}: {first}; is the server running?", self.issuer)),
            _ => Ok(()),
        }
    }

    /// The first metadata that there are.
    pub(super) fn metadata(&self) -> Option<&Map<String, Value>> {
        self.documents.iter().find_map(Document::object).map(|it| &it.members)
    }

    /// A member of the metadata.
    pub(super) fn member(&self, name: &str) -> Option<&Value> {
        self.metadata()?.get(name)
    }

    /// A member that is text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.member(name)?.as_str()
    }

    /// The texts in a member that is a list.
    pub(super) fn list(&self, name: &str) -> Vec<&str> {
        let items = self.member(name).and_then(Value::as_array);
        items.into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// Whether the list `name` has `value` in it.
    pub(super) fn announces(&self, name: &str, value: &str) -> Verdict {
        match self.metadata() {
            Some(_) => Verdict::of(self.list(name).contains(&value), shown(self.member(name))),
            None => Verdict::skipped("there are no metadata"),
        }
    }

    /// Its public keys.
    pub(super) fn key_set(&self) -> Result<KeySet, String> {
        let document = self.keys.as_ref().ok_or("the metadata have no jwks_uri")?;
        let answer = document.object().ok_or_else(|| document.said())?;
        KeySet::parse(&answer.reply.body).map_err(|bad| bad.to_string())
    }

    /// What it is called in the report.
    pub(super) fn roles(&self) -> Vec<&'static str> {
        let roles = [(self.is_idp, "idp"), (self.is_ras, "ras")];
        roles.into_iter().filter_map(|(is, name)| is.then_some(name)).collect()
    }
}
