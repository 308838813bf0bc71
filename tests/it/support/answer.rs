//! What came back.

use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http_body_util::BodyExt;
use serde_json::Value;

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub async fn read(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        Self { status: parts.status, headers: parts.headers, text }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|_| panic!("no JSON but {}: {}", self.status, self.text))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// A member of the answer that is a text.
    pub fn member(&self, name: &str) -> String {
        let json = self.json();
        json[name].as_str().unwrap_or_else(|| panic!("no {name} in {json}")).to_owned()
    }

    pub fn access_token(&self) -> String {
        self.member("access_token")
    }

    /// The claims of the token that was issued.
    pub fn claims(&self) -> Value {
        claims_of(&self.access_token())
    }

    /// `status error: error_description`, for tests that expect a refusal.
    pub fn refusal(&self) -> String {
        let (error, said) = (self.member("error"), self.member("error_description"));
        // Tokens and what is like them say by which name `tegata explain` knows it.
        let decision = format!(" [decision {}]", self.header("x-request-id"));
        let said = said.strip_suffix(&decision).unwrap_or(&said);
        assert_eq!(self.header("cache-control"), "no-store");
        format!("{} {error}: {said}", self.status.as_u16())
    }

    /// `status code: reason` of an error page, for tests that expect one.
    pub fn page_error(&self) -> String {
        assert_eq!(self.header("content-type"), "text/html; charset=utf-8", "{}", self.text);
        assert_eq!((self.header("location"), self.header("cache-control")), ("", "no-store"));
        let between = |before: &str, after: &str| {
            let (_, rest) = self.text.split_once(before).unwrap_or_default();
            rest.split(after).next().unwrap_or_default().replace("&#39;", "'")
        };
        let (code, reason) = (between("<code>", "<"), between("<dd lang=\"en\">", "<"));
        format!("{} {code}: {reason}", self.status.as_u16())
    }

    /// What a person reads in a page, a line for each piece of text.
    pub fn words(&self) -> String {
        let (_, main) = self.text.split_once("<main>").unwrap_or_default();
        let main = main.split("</main>").next().unwrap_or_default();
        let pieces = main.split('<').filter_map(|piece| Some(piece.split_once('>')?.1.trim()));
        let pieces: Vec<_> = pieces.filter(|piece| !piece.is_empty()).collect();
        pieces.join("\n").replace(['\u{2068}', '\u{2069}'], "")
    }

    /// `error: error_description` of a redirect that tells the client why there is no code.
    /// It has the `state` of the request and our `iss` with it (RFC 9207 §2).
    pub fn redirected_error(&self, issuer: &str) -> String {
        assert_eq!(self.redirected("code"), None);
        assert_eq!(self.redirected("state").as_deref(), Some("state-1"));
        assert_eq!(self.redirected("iss").as_deref(), Some(issuer));
        assert_eq!(self.header("cache-control"), "no-store");
        let decision = self.header("x-request-id");
        let explained = format!("{issuer}/decisions/{decision}");
        assert_eq!(self.redirected("error_uri").as_deref(), Some(&*explained));
        let said = self.redirected("error_description").unwrap_or_default();
        let said = said.strip_suffix(&format!(" [decision {decision}]")).unwrap();
        format!("{}: {said}", self.redirected("error").unwrap_or_default())
    }

    /// Where a redirect leads.
    pub fn location(&self) -> String {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.text);
        self.header("location").to_owned()
    }

    /// A query parameter of where a redirect leads.
    pub fn redirected(&self, name: &str) -> Option<String> {
        let location = url::Url::parse(&self.location()).unwrap();
        let found = location.query_pairs().find(|(key, _)| key == name);
        found.map(|(_, value)| value.into_owned())
    }
}

/// What all of `refusals` say, which is the same, whatever the time.
pub fn the_same(refusals: &[String]) -> String {
    let mut all = refusals.iter().map(|it| at_any_time(it));
    let first = all.next().expect("there is something to compare");
    assert!(all.all(|it| it == first), "{refusals:#?}");
    first
}

/// What was said, but for how many seconds something is too early or too late.
pub fn at_any_time(said: &str) -> String {
    let words = said.split(' ').collect::<Vec<_>>();
    let mut words = words.iter().zip(words.iter().skip(1).chain([&""])).map(|(word, next)| {
        let seconds = *next == "seconds" && word.bytes().all(|it| it.is_ascii_digit());
        if seconds { "some" } else { word }
    });
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |all, word| all + " " + word)
}

/// The claims of a JWT, unverified.
pub fn claims_of(jwt: &str) -> Value {
    part(jwt, 1)
}

/// The header of a JWT.
pub fn header_of(jwt: &str) -> Value {
    part(jwt, 0)
}

fn part(jwt: &str, index: usize) -> Value {
    let part = jwt.split('.').nth(index).unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}
