//! The bare program: what the same signatures, HTTP and durable rows cost without any protocol.
//! The yardstick of `scripts/bench`, which starts it: `bare ADDRESS SQLITE-FILE`.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on says where")]

mod crypto;
mod rows;

use std::sync::Arc;

use argon2::{Algorithm, Argon2, Params, Version};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crypto::Keys;
use rows::Rows;

/// As many as there are cores in the machine for which the figures are promised.
const PARALLEL_HASHES: usize = 2;

struct Bare {
    keys: Keys,
    rows: Rows,
    hashes: Semaphore,
}

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, file] = &arguments[..] else {
        // `cargo bench` starts it as well, with arguments of its own.
        return;
    };
    let bare = Bare {
        keys: Keys::generate(),
        rows: Rows::open(file).await,
        hashes: Semaphore::new(PARALLEL_HASHES),
    };
    let router = Router::new()
        .route("/readyz", get(async || "ready"))
        .route("/bytes/{length}", get(bytes))
        .route("/sign-es256", post(async |State(it): It, _form: Bytes| token(&it.keys.es256())))
        .route("/sign-rs256", post(async |State(it): It, _form: Bytes| token(&it.keys.rs256())))
        .route("/issue", post(issue))
        .route("/issue-row", post(issue_row))
        .route("/redeem", post(redeem))
        .route("/argon2", post(argon2))
        .with_state(Arc::new(bare));
    let listener = TcpListener::bind(address).await.unwrap();
    axum::serve(listener, router).await.unwrap();
}

type It = State<Arc<Bare>>;

/// A body as long as a key set or a metadata document.
async fn bytes(Path(length): Path<usize>) -> impl IntoResponse {
    static BODY: [u8; 65_536] = [b'x'; 65_536];
    let body = Bytes::from_static(&BODY).slice(..length.min(BODY.len()));
    ([(header::CONTENT_TYPE, "application/json")], body)
}

/// Verifies the JWT of the form, and signs another.
async fn issue(State(bare): It, form: Bytes) -> Response {
    match bare.keys.verify(assertion(&form)) {
        Some(_) => token(&bare.keys.es256()),
        None => StatusCode::BAD_REQUEST.into_response(),
    }
}

/// The same, with a durable row for what was signed.
async fn issue_row(State(bare): It, form: Bytes) -> Response {
    if bare.keys.verify(assertion(&form)).is_none() {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let jti = crypto::jti();
    let jwt = bare.keys.es256_with(&jti);
    bare.rows.insert(jti).await;
    token(&jwt)
}

/// The same, with a durable row for what was presented: each JWT counts once.
async fn redeem(State(bare): It, form: Bytes) -> Response {
    let Some(jti) = bare.keys.verify(assertion(&form)) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let jwt = bare.keys.es256();
    match bare.rows.insert(jti).await {
        true => token(&jwt),
        false => StatusCode::BAD_REQUEST.into_response(),
    }
}

/// Argon2id as for a sign-in: m = 19 MiB, t = 2, p = 1.
async fn argon2(State(bare): It) -> Vec<u8> {
    let _core = bare.hashes.acquire().await.unwrap();
    let hash = tokio::task::spawn_blocking(|| {
        let params = Params::new(19 * 1024, 2, 1, None).unwrap();
        let mut hash = vec![0; Params::DEFAULT_OUTPUT_LEN];
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(b"alice-password", b"sixteen bytes it", &mut hash)
            .unwrap();
        hash
    });
    hash.await.unwrap()
}

/// The last field of the form; a JWT has no `=`.
fn assertion(form: &[u8]) -> &str {
    let form = std::str::from_utf8(form).unwrap_or_default();
    form.rsplit('=').next().unwrap_or_default()
}

fn token(jwt: &str) -> Response {
    let body = format!(r#"{{"access_token":"{jwt}","token_type":"Bearer","expires_in":300}}"#);
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}
