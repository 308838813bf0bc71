//! A person's browser: its session, its language, and the pages that it is sent.

use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use subtle::ConstantTimeEq;
use tower_sessions::session_store::Error::Backend;
use tower_sessions::{Expiry, Session};
use url::form_urlencoded::Serializer;

use super::error::{PageError, PageErrorKind};
use super::located::Here;
use super::pages::{ErrorPage, Language, Page, Texts};
use super::session;
use crate::flows::authorization::request::AuthorizationRequest;
use crate::issuance::NotRecorded;
use crate::limits::{Endpoint, TurnedAway};
use crate::model::{Login, User};
use crate::oauth::{ErrorCode, Params, SessionId};
use crate::store::{AwayError, StoreError};

/// Everything that a page needs to know about who looks at it.
pub(super) struct Browser {
    pub here: Here,
    pub session: Session,
    pub query: Params,
    accept_language: Option<String>,
}

/// Keys of the session.
const SID: &str = "sid";
const EARLIER: &str = "earlier";
const CSRF: &str = "csrf";
const PENDING: &str = "pending";

/// A session keeps this many requests that wait for the person; the oldest go first.
const MOST_PENDING: usize = 8;

/// An authorization request that waits for the person.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Pending {
    pub id: String,
    pub request: AuthorizationRequest,
    /// What the consent page said when it was shown last.
    pub shown: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Browser {
    type Rejection = (StatusCode, &'static str);

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let Ok(here) = Here::from_request_parts(parts, state).await;
        let session = Session::from_request_parts(parts, state).await?;
        let query = parts.uri.query().unwrap_or_default();
        // A query that cannot be read names no request and no language.
        let query = Params::parse(query.as_bytes()).unwrap_or_default();
        let accept_language = parts.headers.get(header::ACCEPT_LANGUAGE);
        let accept_language = accept_language.and_then(|it| it.to_str().ok()).map(str::to_owned);
        Ok(Self { here, session, query, accept_language })
    }
}

impl Browser {
    /// Who is signed in, if somebody is: the login has not ended, and the person is active.
    pub(super) async fn person(&self) -> Result<Option<(Arc<User>, Arc<Login>)>, PageError> {
        let Some(sid) = self.get::<SessionId>(SID).await? else { return Ok(None) };
        let store = &self.here.server.shared.store;
        let login = store.login(&sid).await.map_err(|error| self.failed(&error))?;
        let lifetime = self.here.server.shared.lifetimes.session;
        let now = self.here.server.shared.environment.clock.now();
        let Some(login) = login.filter(|it| it.ended_at.is_none() && it.auth_time + lifetime > now)
        else {
            return Ok(None);
        };
        let user = store.user(&login.user).await.map_err(|error| self.failed(&error))?;
        Ok(user.filter(|it| it.active).map(|user| (user, login)))
    }

    /// Takes the person of `login` in. The session gets a new identifier, and its forms a new
    /// token, so that nobody who knew the old ones comes in with them.
    pub(super) async fn signed_in(&self, login: &Login) -> Result<(), PageError> {
        self.session.cycle_id().await.map_err(|error| self.lost(&error))?;
        self.session.remove_value(CSRF).await.map_err(|error| self.lost(&error))?;
        let mut earlier: Vec<SessionId> = self.get(EARLIER).await?.unwrap_or_default();
        earlier.extend(self.get::<SessionId>(SID).await?);
        self.keep(EARLIER, &earlier).await?;
        self.keep(SID, &login.sid).await
    }

    /// All logins of this browser that have not ended: who signs in again has several.
    pub(super) async fn logins(&self) -> Result<Vec<Arc<Login>>, PageError> {
        let mut sids: Vec<SessionId> = self.get(EARLIER).await?.unwrap_or_default();
        sids.extend(self.get::<SessionId>(SID).await?);
        let mut logins = Vec::new();
        for sid in sids {
            let found = self.here.server.shared.store.login(&sid).await;
            logins.extend(found.map_err(|error| self.failed(&error))?);
        }
        logins.retain(|it| it.ended_at.is_none());
        Ok(logins)
    }

    /// Forgets the person and all that waited for them.
    pub(super) async fn signed_out(&self) -> Result<(), PageError> {
        self.session.flush().await.map_err(|error| self.lost(&error))
    }

    /// What the forms of this session carry.
    pub(super) async fn csrf(&self) -> Result<String, PageError> {
        if let Some(token) = self.get::<String>(CSRF).await? {
            return Ok(token);
        }
        let token = self.here.server.shared.environment.secret();
        self.keep(CSRF, &token).await?;
        Ok(token)
    }

    /// Whether `form` is one that we sent to this session.
    pub(super) async fn prove(&self, form: &Params) -> Result<(), PageError> {
        let kept = self.get::<String>(CSRF).await?.unwrap_or_default();
        let sent = form.optional("csrf").ok().flatten().unwrap_or_default();
        let same: bool = kept.as_bytes().ct_eq(sent.as_bytes()).into();
        match same && !kept.is_empty() {
            true => Ok(()),
            false => Err(self.error(PageErrorKind::Csrf, "")),
        }
    }

    /// Keeps `request` until the person has done what it needs.
    pub(super) async fn wait(&self, request: AuthorizationRequest) -> Result<Pending, PageError> {
        let mut all: Vec<Pending> = self.get(PENDING).await?.unwrap_or_default();
        let id = self.here.server.shared.environment.unique_id();
        let pending = Pending { id, request, shown: None };
        all.push(pending.clone());
        let surplus = all.len().saturating_sub(MOST_PENDING);
        self.keep(PENDING, &all.split_off(surplus)).await?;
        Ok(pending)
    }

    /// The request that the query of this page names. `None` if it names none.
    pub(super) async fn pending(&self) -> Result<Option<Pending>, PageError> {
        let Ok(Some(id)) = self.query.optional("request") else { return Ok(None) };
        let all: Vec<Pending> = self.get(PENDING).await?.unwrap_or_default();
        let issuer = &self.here.server.issuer;
        let found = all.into_iter().find(|it| it.id == id && it.request.issuer == *issuer);
        found.map(Some).ok_or_else(|| self.error(PageErrorKind::Expired, ""))
    }

    /// Remembers what the consent page of a request says.
    pub(super) async fn showed(&self, pending: &Pending, what: &str) -> Result<(), PageError> {
        let mut all: Vec<Pending> = self.get(PENDING).await?.unwrap_or_default();
        for it in all.iter_mut().filter(|it| it.id == pending.id) {
            it.shown = Some(what.to_owned());
        }
        self.keep(PENDING, &all).await
    }

    /// Forgets a request that has been answered.
    pub(super) async fn answered(&self, pending: &Pending) -> Result<(), PageError> {
        let mut all: Vec<Pending> = self.get(PENDING).await?.unwrap_or_default();
        all.retain(|it| it.id != pending.id);
        self.keep(PENDING, &all).await
    }

    pub(super) async fn get<T: serde::de::DeserializeOwned>(
        &self,
        key: &str,
    ) -> Result<Option<T>, PageError> {
        self.session.get(key).await.map_err(|error| self.lost(&error))
    }

    /// Each time that a session is written it begins to live anew.
    pub(super) async fn keep(&self, key: &str, value: &impl Serialize) -> Result<(), PageError> {
        self.session.insert(key, value).await.map_err(|error| self.lost(&error))?;
        let lifetime = match self.get::<SessionId>(SID).await? {
            Some(_) => self.here.server.shared.lifetimes.session,
            None => session::NOBODYS,
        };
        self.session.set_expiry(Some(Expiry::OnInactivity(lifetime)));
        Ok(())
    }

    /// The words for this person; `request` may say which language the application is in.
    pub(super) fn texts(&self, request: Option<&AuthorizationRequest>) -> &'static Texts {
        let chosen = self.query.optional("ui_locales").ok().flatten();
        let wanted = request.and_then(|it| it.ui_locales.as_deref());
        Texts::negotiate(chosen.or(wanted), self.accept_language.as_deref())
    }

    /// What every page has, in the language of the person.
    pub(super) fn page(&self, request: Option<&AuthorizationRequest>) -> Page {
        Page::new(self.texts(request), |language: Language| self.this_page(Some(language.tag())))
    }

    /// Path and query of this very page, for its form: in the language that was chosen.
    pub(super) fn action(&self) -> String {
        self.this_page(self.query.optional("ui_locales").ok().flatten())
    }

    fn this_page(&self, ui_locales: Option<&str>) -> String {
        let others = self.query.pairs().filter(|(name, _)| *name != "ui_locales");
        self.with_query(others.chain(ui_locales.map(|locales| ("ui_locales", locales))))
    }

    /// This very page, with `params` as its query.
    pub(super) fn this_page_with(&self, params: &Params) -> String {
        self.with_query(params.pairs())
    }

    fn with_query<'a>(&self, pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
        at(&self.here.path, pairs)
    }

    /// Where `path` of this issuer is on this host.
    pub(super) fn path(&self, path: &str) -> String {
        let base = self.here.server.issuer.url();
        format!("{}{path}", base.path().trim_end_matches('/'))
    }

    /// Sends the person to another page of ours, with the request that it is about.
    pub(super) fn on_to(&self, path: &str, pending: &Pending) -> Response {
        self.lead(path, &[("request", &pending.id)])
    }

    /// The same for a page that is about something else, in the language that was chosen.
    pub(super) fn lead(&self, path: &str, about: &[(&str, &str)]) -> Response {
        let mut query = Serializer::new(String::new());
        query.extend_pairs(about);
        if let Ok(Some(locales)) = self.query.optional("ui_locales") {
            query.append_pair("ui_locales", locales);
        }
        let (path, query) = (self.path(path), query.finish());
        see_other(&if query.is_empty() { path } else { format!("{path}?{query}") })
    }

    /// A page that says what is wrong.
    pub(super) fn error(&self, kind: PageErrorKind, reason: &str) -> PageError {
        let page = ErrorPage {
            page: self.page(None),
            code: kind.code().to_owned(),
            reason: reason.to_owned(),
            request_id: self.here.request.to_string(),
        };
        PageError { kind, page: Box::new(page) }
    }

    /// A page for a refusal, whose cause goes to the log.
    pub(super) fn refused(
        &self,
        code: ErrorCode,
        refusal: &(dyn std::error::Error + 'static),
    ) -> PageError {
        super::error::log(code, refusal);
        let reason = if code.is_ours() { String::new() } else { refusal.to_string() };
        self.error(PageErrorKind::OAuth(code), &reason)
    }

    /// A page for a fault of ours.
    pub(super) fn failed(&self, error: &(dyn std::error::Error + 'static)) -> PageError {
        self.refused(code_of(error), error)
    }

    /// A page for a refusal that has no entry in the ledger.
    pub(super) fn unrecorded(&self, error: &NotRecorded) -> PageError {
        match error {
            NotRecorded::TurnedAway(early) => self.early(*early),
            NotRecorded::Commit(error) => self.failed(error),
        }
    }

    /// A page for who came too early.
    pub(super) fn early(&self, early: TurnedAway) -> PageError {
        self.error(PageErrorKind::SlowDown(early), &early.to_string())
    }

    /// Sessions are plain rows: what cannot be kept or found says that the database is away.
    fn lost(&self, error: &tower_sessions::session::Error) -> PageError {
        let code = match error {
            tower_sessions::session::Error::Store(Backend(_)) => ErrorCode::TemporarilyUnavailable,
            _ => ErrorCode::ServerError,
        };
        self.refused(code, error)
    }
}

/// Of a failure of ours, wherever in its causes the store is.
fn code_of(error: &(dyn std::error::Error + 'static)) -> ErrorCode {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<AwayError>() || error.downcast_ref().and_then(StoreError::away).is_some() {
            return ErrorCode::TemporarilyUnavailable;
        }
        cause = error.source();
    }
    ErrorCode::ServerError
}

/// RFC 9110 §15.4.4: whatever it was, go on with GET.
pub(super) fn see_other(to: &str) -> Response {
    let mut response = Redirect::to(to).into_response();
    let no_store = header::HeaderValue::from_static("no-store");
    response.headers_mut().insert(header::CACHE_CONTROL, no_store);
    response
}

/// Before anything else is done for a page: whether its address asks too often.
pub(super) async fn not_too_often(
    here: Here,
    request: Request,
    next: Next,
) -> Result<Response, PageError> {
    if let Err(early) = here.server.shared.limits.visit(Endpoint::Pages, here.address) {
        let (mut parts, _) = request.into_parts();
        return match Browser::from_request_parts(&mut parts, &()).await {
            Ok(browser) => Err(browser.early(early)),
            Err(rejection) => Ok(rejection.into_response()),
        };
    }
    Ok(next.run(request).await)
}

pub(super) async fn not_found(browser: Browser) -> PageError {
    browser.error(PageErrorKind::NotFound, "")
}

/// A path of ours with a query.
fn at<'a>(path: &str, pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    // A browser takes what begins with two slashes, of either kind, for another host.
    let path = path.trim_start_matches(['/', '\\']);
    match Serializer::new(String::new()).extend_pairs(pairs).finish() {
        query if query.is_empty() => format!("/{path}"),
        query => format!("/{path}?{query}"),
    }
}

/// tower-sessions keeps the session after the page is made. If it cannot, it answers without a
/// word: then the person is told here.
pub(super) async fn kept(here: Here, request: Request, next: Next) -> Response {
    let languages = request.headers().get(header::ACCEPT_LANGUAGE).cloned();
    let query = request.uri().query().unwrap_or_default().to_owned();
    let response = next.run(request).await;
    let is_silent = !response.headers().contains_key(header::CONTENT_TYPE);
    if response.status() != StatusCode::INTERNAL_SERVER_ERROR || !is_silent {
        return response;
    }
    let texts = Texts::negotiate(None, languages.as_ref().and_then(|it| it.to_str().ok()));
    let query = Params::parse(query.as_bytes()).unwrap_or_default();
    let others = || query.pairs().filter(|(name, _)| *name != "ui_locales");
    let page = Page::new(texts, |language: Language| {
        at(&here.path, others().chain([("ui_locales", language.tag())]))
    });
    let kind = PageErrorKind::OAuth(ErrorCode::TemporarilyUnavailable);
    let (code, request_id) = (kind.code().to_owned(), here.request.to_string());
    let page = Box::new(ErrorPage { page, code, reason: String::new(), request_id });
    PageError { kind, page }.into_response()
}
