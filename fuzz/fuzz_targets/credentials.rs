//! How clients say who they are: headers and parameters (RFC 6749 §2.3.1, RFC 7521 §4.2),
//! and the certificate that a proxy verified (RFC 9440 §2.2).

#![no_main]

use arbitrary::Arbitrary;
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};
use tegata::clients::{Headers, Presented};
use tegata::jose::{BadCertificate, Certificate};
use tegata::oauth::{ClientId, Params, error_description};
use tegata_fuzz::{fuzz_target, is_canonical};

#[derive(Arbitrary, Debug)]
struct Sent<'a> {
    authorization: Option<Authorization>,
    params: Vec<(Name, String)>,
    dpop: Option<String>,
    by_jwt: bool,
    /// `Client-Cert`, or what stands in it below base64.
    certificate: &'a [u8],
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
    let (authorization, dpop) = (header.as_deref(), sent.dpop.as_deref());
    let certificate = certificate(sent.certificate);
    let with = Headers { authorization, dpop, certificate };
    let without = Headers { certificate: None, ..with.clone() };
    let presented = Presented::read(with, &params);
    let anyway = Presented::read(without, &params);
    assert_eq!(presented.is_ok(), anyway.is_ok(), "a certificate names nobody");

    let given = |name| params.repeated(name).count();
    match &presented {
        Ok(presented) => {
            let ways = [usize::from(header.is_some()), given("client_secret"), {
                given("client_assertion")
            }];
            let ways = ways.into_iter().sum::<usize>();
            assert!(ways <= 1, "RFC 6749 §2.3: one method");
            assert_eq!(presented.has_proof(), ways == 1);
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

/// What `sent` is taken for, as a field or below base64.
fn certificate(sent: &[u8]) -> Option<Certificate> {
    let field = |base64: &str| format!(":{base64}:").into_bytes();
    let base64 = BASE64_STANDARD.encode(sent);
    let of_field = taken(sent);
    let Ok(of_der) = taken(&field(&base64)) else { return of_field.ok() };
    assert!(of_field.is_err(), "no certificate is a field as well");
    // RFC 8705 §3.1, and RFC 9651 §4.2.7: padding may be missing.
    let thumbprint = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(sent));
    assert_eq!(of_der.thumbprint().as_str(), thumbprint);
    assert_eq!(taken(&field(base64.trim_end_matches('='))).as_ref(), Ok(&of_der));
    // One certificate has one thumbprint: nothing stands behind it that is not looked at.
    let longer = BASE64_STANDARD.encode([sent, &[0]].concat());
    assert!(taken(&field(&longer)).is_err());
    Some(of_der)
}

fn taken(field: &[u8]) -> Result<Certificate, BadCertificate> {
    let read = Certificate::read(field);
    assert_eq!(Certificate::read(field), read, "it says the same twice");
    if let Ok(certificate) = &read {
        let thumbprint = certificate.thumbprint().as_str();
        assert!(thumbprint.len() == 43 && is_canonical(thumbprint), "{thumbprint}");
    }
    read
}

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
