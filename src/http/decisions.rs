//! `GET` and `POST /decisions/{decision}`, where `error_uri` leads (RFC 6749 §5.2). Whom a decision
//! does not concern hears of each the same: `docs/decisions/0044-explained-decisions.md`.

use axum::Json;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderName, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::browser::Browser;
use super::error::{self, OAuthError, PageError};
use super::form::{BadForm, Form};
use super::pages::{self, by_weight};
use super::token::authorization;
use crate::clients::Headers;
use crate::flows::explanation::{self, Decision, Explained, Told};
use crate::flows::management::{self, Refusal};
use crate::model::LedgerEvent;
use crate::oauth::{Params, Subject};

/// What is told to who is not told more, where it is not a page.
const HELP: &str = "decisions are explained to the client that they are about, which asks here by \
                    POST with its own credentials, and to administrators, by tegata explain";

/// For a browser, and for a client that shows its secret by Basic.
pub(super) async fn show(
    browser: Browser,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    if headers.contains_key(header::AUTHORIZATION) {
        return to_client(&browser, &name, &headers, &Params::default()).await;
    }
    let media = Media::wanted(&headers, Media::Html);
    match is_for_administrator(&browser).await {
        Ok(false) => written(&browser, media, None, vec![]),
        Ok(true) => to_administrator(&browser, media, &name).await.unwrap_or_else(answer),
        Err(error) => answer(error),
    }
}

/// For a client that authenticates as it would at the token endpoint.
pub(super) async fn ask(
    browser: Browser,
    Path(name): Path<String>,
    headers: HeaderMap,
    form: Result<Form, BadForm>,
) -> Response {
    match form {
        Ok(Form(params)) => to_client(&browser, &name, &headers, &params).await,
        Err(bad) => OAuthError::from(bad).told_to(&browser.here).into_response(),
    }
}

fn answer(error: PageError) -> Response {
    error.into_response()
}

async fn is_for_administrator(browser: &Browser) -> Result<bool, PageError> {
    let shared = &browser.here.server.shared;
    if shared.administrators.is_none() {
        return Ok(false);
    }
    Ok(browser.person().await?.is_some_and(|(user, _)| shared.is_administrator(&user)))
}

/// All of it, with the names of people.
async fn to_administrator(
    browser: &Browser,
    media: Media,
    name: &str,
) -> Result<Response, PageError> {
    let store = &browser.here.server.shared.store;
    let mut told = Vec::new();
    if let Some(decision) = Decision::parse(name) {
        let explained = explanation::explain(store, &decision).await;
        for it in explained.map_err(|error| browser.failed(&error))? {
            let username = username(browser, it.row.entry.user.as_ref()).await?;
            told.push(it.told(username));
        }
    }
    Ok(written(browser, media, Some(name), told))
}

async fn username(browser: &Browser, user: Option<&Subject>) -> Result<Option<String>, PageError> {
    let Some(user) = user else { return Ok(None) };
    let found = browser.here.server.shared.store.user(user).await;
    let found = found.map_err(|error| browser.failed(&error))?;
    Ok(found.map(|it| it.username.clone()))
}

/// What it asked for itself, without the names of people.
async fn to_client(
    browser: &Browser,
    name: &str,
    headers: &HeaderMap,
    params: &Params,
) -> Response {
    let decision = Decision::parse(name);
    let explained = explained(browser, decision.as_ref(), headers, params).await;
    let rows = match explained {
        Ok(rows) => rows,
        Err(refusal) => return OAuthError::from(refusal).told_to(&browser.here).into_response(),
    };
    let media = Media::wanted(headers, Media::Json);
    match rows.is_empty() {
        true => error::no_such_decision(written(browser, media, None, vec![])),
        false => {
            let told = rows.iter().map(|it| it.told(None)).collect();
            written(browser, media, Some(name), told)
        }
    }
}

async fn explained(
    browser: &Browser,
    decision: Option<&Decision>,
    headers: &HeaderMap,
    params: &Params,
) -> Result<Vec<Explained>, Refusal> {
    let here = &browser.here;
    let server = &here.server;
    let mut attempt = here.attempt(LedgerEvent::TokenRequest);
    let headers = Headers { authorization: authorization(headers), ..Headers::default() };
    let act =
        async |client: &_, it: &_| explanation::explain_to(server, client, decision, it).await;
    management::for_client(server, headers, params, &mut attempt, act).await
}

/// In which form it is told.
#[derive(Clone, Copy)]
enum Media {
    Html,
    Json,
    Text,
}

impl Media {
    /// RFC 9110 §12.5.1. To whom all is the same, or nothing of this will do, `otherwise`.
    fn wanted(headers: &HeaderMap, otherwise: Self) -> Self {
        let accept = headers.get(header::ACCEPT).and_then(|it| it.to_str().ok());
        let known = |it: &str| match it.to_ascii_lowercase().as_str() {
            "text/html" | "application/xhtml+xml" => Some(Self::Html),
            "application/json" => Some(Self::Json),
            "text/plain" | "text/*" => Some(Self::Text),
            "*/*" => Some(otherwise),
            _ => None,
        };
        by_weight(accept.unwrap_or_default()).into_iter().find_map(known).unwrap_or(otherwise)
    }
}

/// `told` of the decision of this name; of none, how it can be learned.
fn written(browser: &Browser, media: Media, name: Option<&str>, told: Vec<Told>) -> Response {
    let mut response = match media {
        Media::Html => error::html(&pages::Decision {
            page: browser.page(None),
            name: name.map(str::to_owned),
            rows: told,
            sign_in_href: browser.path("/sign-in"),
        }),
        Media::Json => Json(match name {
            Some(name) => json!({ "decision": name, "rows": told }),
            None => json!({ "rows": told, "help": HELP }),
        })
        .into_response(),
        Media::Text => match name {
            Some(_) => in_words(&told).into_response(),
            None => format!("{HELP}\n").into_response(),
        },
    };
    for (name, value) in KEPT_TO_THEMSELVES {
        response.headers_mut().insert(name, header::HeaderValue::from_static(value));
    }
    response
}

/// No cache has it, and no search engine finds it.
const KEPT_TO_THEMSELVES: [(HeaderName, &str); 2] =
    [(header::CACHE_CONTROL, "no-store"), (HeaderName::from_static("x-robots-tag"), "noindex")];

fn in_words(told: &[Told]) -> String {
    let entry = |it: &Told| format!("{}  {}\n\n{}\n", it.at, it.parties(), it.lines().join("\n"));
    match told {
        [] => "the ledger has nothing of it\n".to_owned(),
        told => told.iter().map(entry).collect::<Vec<_>>().join("\n"),
    }
}
