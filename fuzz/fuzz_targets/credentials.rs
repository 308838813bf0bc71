//! How clients say who they are: headers and parameters (RFC 6749 §2.3.1, RFC 7521 §4.2).

#![no_main]

use arbitrary::Arbitrary;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use libfuzzer_sys::fuzz_target;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tegata::clients::{Headers, Presented};
use tegata::oauth::{ClientId, Params, error_description};

#[derive(Arbitrary, Debug)]
struct Sent {
    authorization: Option<Authorization>,
    params: Vec<(Name, String)>,
    dpop: Option<String>,
    by_jwt: bool,
}

#[derive(Arbitrary, Debug)]
enum Authorization {
    Text(String),
    /// Below base64.
    Pair(Vec<u8>),
    /// As the RFC wants it.
    Right {
        id: String,
        secret: String,
    },
}

#[derive(Arbitrary, Debug)]
enum Name {
    Id,
    Secret,
    Assertion,
    AssertionType,
    Other,
}

const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

fuzz_target!(|sent: Sent| {
    let header = sent.authorization.as_ref().map(Authorization::header);
    let mut pairs: Vec<_> =
        sent.params.iter().map(|(name, it)| (name.text(), it.clone())).collect();
    if sent.by_jwt {
        pairs.push(("client_assertion_type".to_owned(), JWT_BEARER.to_owned()));
    }
    let params = Params::new(pairs);
    let headers = Headers { authorization: header.as_deref(), dpop: sent.dpop.as_deref() };
    let presented = Presented::read(headers, &params);

    let given = |name| params.repeated(name).count();
    match &presented {
        Ok(presented) => {
            assert_eq!(presented.by_header(), header.is_some());
            let ways = [usize::from(header.is_some()), given("client_secret"), {
                given("client_assertion")
            }];
            assert!(ways.into_iter().sum::<usize>() <= 1, "RFC 6749 §2.3: one method");
            let named = params.optional("client_id").unwrap();
            assert!(named.is_none() || presented.client_id().map(ClientId::as_str) == named);
            assert!(
                given("client_id") <= 1 && (header.is_none() || presented.client_id().is_some())
            );
        }
        Err(refused) => {
            let said = error_description(&refused.to_string());
            assert!(said.len() <= 400, "{said}");
        }
    }
    if let Some(Authorization::Right { id, .. }) = &sent.authorization
        && params.pairs().next().is_none()
    {
        let right = ClientId::parse(id).is_ok();
        assert_eq!(presented.is_ok(), right, "what is written as the RFC says is read");
        assert!(presented.is_ok_and(|it| it.client_id().unwrap().as_str() == id) || !right);
    }
});

impl Authorization {
    fn header(&self) -> String {
        let encode = |it: &str| utf8_percent_encode(it, NON_ALPHANUMERIC).to_string();
        match self {
            Self::Text(text) => text.clone(),
            Self::Pair(bytes) => format!("basic {}", BASE64_STANDARD.encode(bytes)),
            Self::Right { id, secret } => {
                let pair = format!("{}:{}", encode(id), encode(secret));
                format!("Basic {}", BASE64_STANDARD.encode(pair))
            }
        }
    }
}

impl Name {
    fn text(&self) -> String {
        let name = match self {
            Self::Id => "client_id",
            Self::Secret => "client_secret",
            Self::Assertion => "client_assertion",
            Self::AssertionType => "client_assertion_type",
            Self::Other => "scope",
        };
        name.to_owned()
    }
}
