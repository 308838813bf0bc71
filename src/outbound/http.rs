//! The one client for HTTP.
//!
//! It follows no redirect, asks no proxy, waits and reads no longer than it is told, and goes
//! to the public internet only unless it is allowed elsewhere.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use url::form_urlencoded;
use url::{Host, Url};

use super::address::is_special_use;
use super::resolver::PublicOnly;
use super::unreachable::Unreachable;

/// A client for HTTP. Clones share their connections.
#[derive(Clone)]
pub struct Http {
    client: reqwest::Client,
    limits: Limits,
}

/// How far the client goes.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Whether it may connect to special-use addresses, and by plain http.
    pub allow_private_networks: bool,
    /// For one request, from its begin to the end of its answer.
    pub timeout: Duration,
    /// The largest answer that is read, in bytes.
    pub largest: usize,
}

/// The methods that we have a use for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
}

/// A request. It may hold secrets, and has no `Debug` therefore.
pub struct Ask {
    pub method: Method,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: Option<Vec<u8>>,
}

/// An answer of any status.
pub struct Reply {
    pub status: u16,
    /// Names are in lower case. Values that are not text are left out.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Ask {
    /// Asks for what is at `url`.
    #[must_use]
    pub fn get(url: &str) -> Self {
        Self { method: Method::Get, url: url.to_owned(), headers: Vec::new(), body: None }
    }

    /// Sends a form to `url`.
    #[must_use]
    pub fn post_form(url: &str, pairs: &[(&str, &str)]) -> Self {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        let ask = Self { method: Method::Post, body: Some(form.into_bytes()), ..Self::get(url) };
        ask.header(CONTENT_TYPE.as_str(), "application/x-www-form-urlencoded")
    }

    /// The same with one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

impl Reply {
    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers_named(name).next()
    }

    /// All headers of this name.
    pub fn headers_named(&self, name: &str) -> impl Iterator<Item = &str> {
        let named = self.headers.iter().filter(move |(its, _)| its.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str())
    }
}

impl Http {
    /// Sets the client up.
    pub fn new(limits: Limits) -> Result<Self, Unreachable> {
        let resolver = PublicOnly { allow_private_networks: limits.allow_private_networks };
        let client = reqwest::Client::builder()
            .user_agent(concat!("tegata/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .dns_resolver(Arc::new(resolver))
            .timeout(limits.timeout)
            .build()
            .map_err(|error| Unreachable::Setup(error.into()))?;
        Ok(Self { client, limits })
    }

    /// Fetches what is at `url`.
    pub async fn get(&self, url: &str) -> Result<Reply, Unreachable> {
        self.send(Ask::get(url)).await
    }

    /// Sends a request, and reads the answer whatever its status is.
    pub async fn send(&self, ask: Ask) -> Result<Reply, Unreachable> {
        let url = self.admit(&ask.url)?;
        let mut request = match ask.method {
            Method::Get => self.client.get(url),
            Method::Post => self.client.post(url),
        };
        for (name, value) in &ask.headers {
            let name = HeaderName::try_from(name).map_err(|_| Unreachable::Header)?;
            let mut value = HeaderValue::try_from(value).map_err(|_| Unreachable::Header)?;
            value.set_sensitive(true);
            request = request.header(name, value);
        }
        if let Some(body) = ask.body {
            request = request.body(body);
        }
        let response = request.send().await.map_err(why)?;
        let status = response.status().as_u16();
        let headers = response.headers().iter();
        let headers = headers
            .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
            .collect();
        Ok(Reply { status, headers, body: self.read(response).await? })
    }

    async fn read(&self, mut response: reqwest::Response) -> Result<Vec<u8>, Unreachable> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(why)? {
            if body.len() + chunk.len() > self.limits.largest {
                return Err(Unreachable::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    /// Whether a request may go there, as far as the URL tells; [`PublicOnly`] sees to hosts
    /// that have names.
    fn admit(&self, url: &str) -> Result<Url, Unreachable> {
        let url = Url::parse(url).map_err(|_| Unreachable::Url)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Unreachable::Url);
        }
        let private = self.limits.allow_private_networks;
        match url.scheme() {
            "https" => {}
            "http" if private => {}
            "http" => return Err(Unreachable::Plain),
            _ => return Err(Unreachable::Url),
        }
        let special = match url.host() {
            Some(Host::Ipv4(address)) => is_special_use(address.into()),
            Some(Host::Ipv6(address)) => is_special_use(address.into()),
            Some(Host::Domain(_)) => false,
            None => return Err(Unreachable::Url),
        };
        match special && !private {
            true => Err(Unreachable::SpecialUse),
            false => Ok(url),
        }
    }
}

/// What went wrong, without the URL that reqwest would name.
fn why(error: reqwest::Error) -> Unreachable {
    let error = error.without_url();
    if error.is_timeout() {
        return Unreachable::Late;
    }
    let mut cause: Option<&(dyn Error + 'static)> = Some(&error);
    while let Some(found) = cause {
        if matches!(found.downcast_ref(), Some(Unreachable::SpecialUse)) {
            return Unreachable::SpecialUse;
        }
        cause = found.source();
    }
    Unreachable::NoAnswer(error.into())
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a server for one test ends with it")]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    fn http(allow_private_networks: bool) -> Http {
        let timeout = Duration::from_secs(5);
        Http::new(Limits { allow_private_networks, timeout, largest: 100 }).unwrap()
    }

    /// Where each of `answers` is given once, in order.
    async fn serve(answers: Vec<String>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        tokio::task::spawn(async move {
            for answer in answers {
                let (mut stream, _) = listener.accept().await.unwrap();
                let _ = stream.read(&mut [0; 4096]).await.unwrap();
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        url
    }

    #[tokio::test]
    async fn answers_of_any_status_and_no_redirect() {
        let found = "HTTP/1.1 302 Found\r\nLocation: /x\r\nX-A: 1\r\nX-A: 2\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi";
        let url = serve(vec![found.to_owned()]).await;
        let reply = http(true).get(&url).await.unwrap();
        assert_eq!((reply.status, reply.body.as_slice()), (302, &b"hi"[..]));
        assert_eq!(reply.header("Location"), Some("/x"));
        assert_eq!(reply.headers_named("x-a").collect::<Vec<_>>(), ["1", "2"]);
    }

    #[tokio::test]
    async fn an_answer_that_is_too_large() {
        let large = format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}", "x".repeat(101));
        let url = serve(vec![large]).await;
        assert!(matches!(http(true).get(&url).await, Err(Unreachable::TooLarge)));
    }

    #[tokio::test]
    async fn where_no_request_goes() {
        for url in
            ["https://127.0.0.1:1/", "https://[::1]:1/", "https://0x7f.1:1/", "https://10.0.0.1/"]
        {
            assert!(matches!(http(false).get(url).await, Err(Unreachable::SpecialUse)), "{url}");
        }
        let by_name = http(false).get("https://localhost:1/").await;
        assert!(matches!(by_name, Err(Unreachable::SpecialUse)));
        assert!(matches!(http(false).get("http://example.com/").await, Err(Unreachable::Plain)));
        for url in ["file:///etc/passwd", "ftp://example.com/", "x", "https://a:b@example.com/"] {
            assert!(matches!(http(true).get(url).await, Err(Unreachable::Url)), "{url}");
        }
    }
}
