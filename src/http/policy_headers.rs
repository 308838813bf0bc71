//! What pages tell the browser that they need not: scripts, frames, other sites.

use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use url::{Host, Url};

use crate::oauth::RedirectUri;

/// All of a page but where its forms may lead.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; \
                      frame-ancestors 'none'; form-action 'self'";

/// Headers of every page, unless the page has set its own policy.
pub(super) async fn for_pages(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

/// Lets the forms of a page lead to the application, besides to ourselves: browsers hold
/// `form-action` against redirects, too. `docs/decisions/0015-form-action-names-the-redirect-host.md`.
pub(super) fn leading_to(mut page: Response, application: Option<&RedirectUri>) -> Response {
    let source = application.and_then(|it| source(it.as_str()));
    if let Some(source) = source
        && let Ok(policy) = HeaderValue::from_str(&format!("{POLICY} {source}"))
    {
        page.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    page
}

/// The origin of a URI as a source expression; or its scheme, for an application's own and for
/// an IPv6 address, which the grammar of sources cannot write (CSP §2.3.1).
fn source(uri: &str) -> Option<String> {
    let url = Url::parse(uri).ok()?;
    let unwritable = matches!(url.host(), Some(Host::Ipv6(_)));
    match url.origin() {
        origin if origin.is_tuple() && !unwritable => Some(origin.ascii_serialization()),
        _ => Some(format!("{}:", url.scheme())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources() {
        let of = |uri| source(uri).unwrap();
        assert_eq!(of("https://app.example/callback?a=b"), "https://app.example");
        assert_eq!(of("http://127.0.0.1:18765/callback"), "http://127.0.0.1:18765");
        assert_eq!(of("http://[::1]:18765/callback"), "http:");
        assert_eq!(of("com.example.app:/callback"), "com.example.app:");
    }
}
