//! The one client for HTTP.
//!
//! It follows no redirect, asks no proxy, waits and reads no longer than it is told, and goes
//! to the public internet only unless it is allowed elsewhere.

use std::error::Error;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Certificate;
use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use url::form_urlencoded;
use url::{Host, Url};

use super::address::{is_loopback, is_special_use};
use super::resolver::Within;
use super::unreachable::Unreachable;

/// A client for HTTP. Clones share their connections.
#[derive(Clone)]
pub struct Http {
    client: reqwest::Client,
    limits: Limits,
}

/// Where the client may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The public internet, by https.
    Public,
    /// And this machine, by plain http as well.
    Loopback,
    /// Special-use addresses, too, and anywhere by plain http.
    Everywhere,
}

/// How far the client goes.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub reach: Reach,
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

impl Reach {
    /// What `outbound.allow_private_networks` says.
    pub fn by_config(allow_private_networks: bool) -> Self {
        if allow_private_networks { Self::Everywhere } else { Self::Public }
    }

    pub(super) fn admits(self, address: IpAddr) -> bool {
        match self {
            Self::Public => !is_special_use(address),
            Self::Loopback => !is_special_use(address) || is_loopback(address),
            Self::Everywhere => true,
        }
    }
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
        Self::trusting(limits, &[])
    }

    /// The same, for hosts that have certificates by these authorities, too. They stand there one
    /// after the other as PEM.
    pub fn trusting(limits: Limits, authorities: &[u8]) -> Result<Self, Unreachable> {
        let authorities = Certificate::from_pem_bundle(authorities);
        let authorities = authorities.map_err(|error| Unreachable::Setup(error.into()))?;
        let client = reqwest::Client::builder()
            .user_agent(concat!("tegata/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .no_proxy()
            // Each host is asked seldom.
            .pool_max_idle_per_host(1)
            .pool_idle_timeout(Duration::from_secs(15))
            .tls_certs_merge(authorities)
            .dns_resolver(Arc::new(Within(limits.reach)))
            .timeout(limits.timeout)
            .build()
            .map_err(|error| Unreachable::Setup(error.into()))?;
        Ok(Self { client, limits })
    }

    /// The same client, which reads answers of no more than so many bytes.
    #[must_use]
    pub fn reading(&self, largest: usize) -> Self {
        Self { client: self.client.clone(), limits: Limits { largest, ..self.limits } }
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

    /// Whether a request may go there, as far as the URL tells; [`Within`] sees to hosts
    /// that have names.
    fn admit(&self, url: &str) -> Result<Url, Unreachable> {
        let url = Url::parse(url).map_err(|_| Unreachable::Url)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Unreachable::Url);
        }
        let reach = self.limits.reach;
        let (admitted, here) = match url.host() {
            Some(Host::Ipv4(address)) => (reach.admits(address.into()), address.is_loopback()),
            Some(Host::Ipv6(address)) => (reach.admits(address.into()), address.is_loopback()),
            Some(Host::Domain(name)) => (true, name == "localhost"),
            None => return Err(Unreachable::Url),
        };
        match (url.scheme(), reach) {
            ("https", _) | ("http", Reach::Everywhere) => {}
            ("http", Reach::Loopback) if here => {}
            ("http", _) => return Err(Unreachable::Plain),
            _ => return Err(Unreachable::Url),
        }
        match admitted {
            true => Ok(url),
            false => Err(Unreachable::SpecialUse),
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

    fn http(reach: Reach) -> Http {
        Http::new(Limits { reach, timeout: Duration::from_secs(5), largest: 100 }).unwrap()
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
        let reply = http(Reach::Everywhere).get(&url).await.unwrap();
        assert_eq!((reply.status, reply.body.as_slice()), (302, &b"hi"[..]));
        assert_eq!(reply.header("Location"), Some("/x"));
        assert_eq!(reply.headers_named("x-a").collect::<Vec<_>>(), ["1", "2"]);
    }

    #[tokio::test]
    async fn an_answer_that_is_too_large() {
        let large = format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}", "x".repeat(101));
        let url = serve(vec![large]).await;
        assert!(matches!(http(Reach::Everywhere).get(&url).await, Err(Unreachable::TooLarge)));
    }

    #[tokio::test]
    async fn where_no_request_goes() {
        for url in
            ["https://127.0.0.1:1/", "https://[::1]:1/", "https://0x7f.1:1/", "https://10.0.0.1/"]
        {
            assert!(
                matches!(http(Reach::Public).get(url).await, Err(Unreachable::SpecialUse)),
                "{url}"
            );
        }
        let by_name = http(Reach::Public).get("https://localhost:1/").await;
        assert!(matches!(by_name, Err(Unreachable::SpecialUse)));
        assert!(matches!(
            http(Reach::Public).get("http://example.com/").await,
            Err(Unreachable::Plain)
        ));
        for url in ["file:///etc/passwd", "ftp://example.com/", "x", "https://a:b@example.com/"] {
            assert!(
                matches!(http(Reach::Everywhere).get(url).await, Err(Unreachable::Url)),
                "{url}"
            );
        }
    }

    /// Nothing listens on port 1: who gets that far was let through.
    #[tokio::test]
    async fn this_machine_and_no_other_private_one() {
        let http = http(Reach::Loopback);
        for url in ["http://127.0.0.1:1/", "http://[::1]:1/", "http://localhost:1/"] {
            assert!(matches!(http.get(url).await, Err(Unreachable::NoAnswer(_))), "{url}");
        }
        for url in ["https://10.0.0.1/", "https://169.254.169.254/", "https://[::ffff:10.0.0.1]/"] {
            assert!(matches!(http.get(url).await, Err(Unreachable::SpecialUse)), "{url}");
        }
        for url in ["http://169.254.169.254/", "http://localhost.example/"] {
            assert!(matches!(http.get(url).await, Err(Unreachable::Plain)), "{url}");
        }
    }
}
