//! Requests that leave a trace in the report.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value};
use url::Url;
use url::form_urlencoded;

use super::explain;
use super::failure::Failure;
use super::report::{Exchange, Part, Step};
use super::shown::{self, shortened};
use crate::oauth::strict_json;
use crate::outbound::{Ask, Http, Method, Reply};

/// A request, before it is sent and before it is shown.
#[derive(Clone)]
pub struct Request {
    url: String,
    headers: Vec<(&'static str, String)>,
    body: Body,
}

#[derive(Clone)]
enum Body {
    None,
    Form(Vec<(String, String)>),
    /// And which members of it are shown.
    Json(Value, &'static [&'static str]),
}

/// An answer, with its body read as JSON if it is an object.
pub struct Answer {
    /// What was asked, without its query.
    pub url: String,
    /// The answer as it came.
    pub reply: Reply,
    /// The members of a JSON object.
    pub members: Map<String, Value>,
}

impl Request {
    /// A GET.
    pub fn get(url: &str) -> Self {
        Self { url: url.to_owned(), headers: Vec::new(), body: Body::None }
    }

    /// A POST of `application/x-www-form-urlencoded`.
    pub fn form(url: &str, params: Vec<(String, String)>) -> Self {
        Self { url: url.to_owned(), headers: Vec::new(), body: Body::Form(params) }
    }

    /// A POST of JSON, of which the members named in `show` are shown.
    pub fn json(url: &str, body: Value, show: &'static [&'static str]) -> Self {
        Self { url: url.to_owned(), headers: Vec::new(), body: Body::Json(body, show) }
    }

    /// With a header more.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Where it goes.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whether something is submitted.
    pub fn is_post(&self) -> bool {
        !matches!(self.body, Body::None)
    }

    /// Sends it and writes both directions down; of a JSON answer the members named in `show`, those
    /// inside others by their path, as in `result.isError`.
    pub async fn send(
        self,
        http: &Http,
        show: &[&str],
        step: &mut Step,
    ) -> Result<Answer, Failure> {
        if Url::parse(&self.url).is_err() {
            return Err(Failure::Address(self.url));
        }
        let reply = http.send(self.ask()).await.map_err(|error| {
            let url = shown::without_query(&self.url);
            Failure::unreachable(&url, &error)
        })?;
        let members = strict_json::object(&reply.body).unwrap_or_default();
        let answer = Answer { url: shown::without_query(&self.url), reply, members };
        step.parts.push(Part::Exchange(Exchange {
            method: if self.is_post() { "POST" } else { "GET" },
            url: answer.url.clone(),
            sent: self.sent(),
            status: answer.reply.status,
            received: answer.received(show),
        }));
        Ok(answer)
    }

    fn ask(&self) -> Ask {
        let ask = match &self.body {
            Body::None => Ask::get(&self.url),
            Body::Form(params) => {
                let pairs: Vec<_> = params.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
                Ask::post_form(&self.url, &pairs)
            }
            Body::Json(body, _) => Ask {
                method: Method::Post,
                url: self.url.clone(),
                headers: vec![("content-type".to_owned(), "application/json".to_owned())],
                body: Some(body.to_string().into_bytes()),
            },
        };
        self.headers.iter().fold(ask, |ask, (name, value)| ask.header(name, value))
    }

    /// What is shown of it: headers that matter, then parameters of the query or the body.
    fn sent(&self) -> Vec<(String, String)> {
        let headers = self.headers.iter().filter(|(name, _)| *name == "authorization");
        let headers = headers.map(|(name, value)| ((*name).to_owned(), shown::credentials(value)));
        let short = |name: &str, value: &str| (name.to_owned(), shortened(name, value));
        let params: Vec<_> = match &self.body {
            Body::None => {
                let url = Url::parse(&self.url).ok();
                let pairs = url.iter().flat_map(Url::query_pairs);
                pairs.map(|(name, value)| short(&name, &value)).collect()
            }
            Body::Form(params) => params.iter().map(|(name, value)| short(name, value)).collect(),
            Body::Json(body, show) => {
                let members = body.as_object().into_iter();
                members.flat_map(|it| show.iter().filter_map(move |path| row(it, path))).collect()
            }
        };
        headers.chain(params).collect()
    }
}

impl Answer {
    /// The answer, if its status is 200.
    pub fn ok(self, expected: &'static str) -> Result<Self, Failure> {
        match self.reply.status {
            200 => Ok(self),
            status => Err(Failure::Status { url: self.url, status, expected }),
        }
    }

    /// A token response, or the refusal of RFC 6749 §5.2.
    pub fn tokens(self) -> Result<Self, Failure> {
        match self.members.get("error") {
            Some(code) if self.reply.status != 200 => Err(Failure::Refused {
                by: self.url.clone(),
                status: self.reply.status,
                code: explain::plain(code),
                description: self.text("error_description").unwrap_or_default().to_owned(),
            }),
            _ => self.ok("200 with tokens"),
        }
    }

    /// A member that is text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.members.get(name)?.as_str()
    }

    /// A member, or one inside others by its path.
    pub fn member(&self, path: &str) -> Option<&Value> {
        inside(&self.members, path)
    }

    /// A member without which we cannot go on.
    pub fn required(&self, member: &'static str) -> Result<String, Failure> {
        let missing = || Failure::Member { url: self.url.clone(), member };
        self.text(member).map(str::to_owned).ok_or_else(missing)
    }

    fn received(&self, show: &[&str]) -> Vec<(String, String)> {
        let location = self.reply.header("location").map(shown::url);
        let challenge = self.reply.header("www-authenticate").map(str::to_owned);
        let headers = [("location", location), ("www-authenticate", challenge)];
        let headers = headers.into_iter().filter_map(|(name, it)| Some((name.to_owned(), it?)));
        let always = ["error", "error_description"];
        let members = always.iter().chain(show).filter_map(|path| row(&self.members, path));
        headers.chain(members).collect()
    }
}

/// What is shown of a member.
fn row(members: &Map<String, Value>, path: &str) -> Option<(String, String)> {
    let name = path.rsplit('.').next()?;
    let value = explain::plain(inside(members, path)?);
    Some((name.to_owned(), shortened(name, &value)))
}

fn inside<'a>(members: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    let mut names = path.split('.');
    let first = members.get(names.next()?)?;
    names.try_fold(first, |value, name| value.get(name))
}

/// Basic credentials. RFC 6749 §2.3.1: both parts are form-encoded first.
pub fn basic(id: &str, secret: &str) -> String {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    format!("Basic {}", BASE64_STANDARD.encode(format!("{}:{}", encode(id), encode(secret))))
}

/// Owned pairs of borrowed ones.
pub fn params(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_inside_others() {
        let body = json!({ "result": { "isError": false, "code": "abcdefghi" }, "id": 1 });
        let members = body.as_object().unwrap();
        assert_eq!(row(members, "id").unwrap(), ("id".to_owned(), "1".to_owned()));
        assert_eq!(row(members, "result.isError").unwrap().0, "isError");
        assert_eq!(row(members, "result.code").unwrap().1, "abc…");
        assert_eq!(row(members, "result.none"), None);
        assert_eq!(row(members, "id.none"), None);
    }
}
