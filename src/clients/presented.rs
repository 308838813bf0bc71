//! What a request says about who sent it (RFC 6749 §2.3.1, RFC 7521 §4.2).

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::percent_decode_str;
use secrecy::SecretString;

use crate::jose::{BadJwt, Certificate, UnverifiedJwt};
use crate::oauth::{ClientId, ParamError, Params};

/// RFC 7521 §4.2.
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A client's name and its proof, neither of them checked.
pub struct Presented {
    client_id: Option<ClientId>,
    proof: Proof,
    dpop: Option<String>,
    certificate: Option<Certificate>,
}

/// What the headers say about who sends a request.
#[derive(Clone, Default)]
pub struct Headers<'a> {
    pub authorization: Option<&'a str>,
    pub dpop: Option<&'a str>,
    /// By the word of a proxy that is trusted (RFC 9440).
    pub certificate: Option<Certificate>,
}

pub(super) enum Proof {
    None,
    Secret(SecretString),
    Assertion(Box<UnverifiedJwt>),
}

#[derive(Debug, thiserror::Error)]
pub enum BadCredentials {
    #[error(transparent)]
    Parameters(#[from] ParamError),
    #[error("the Authorization header is not Basic with client id and secret")]
    Header,
    /// RFC 6749 §2.3: "The client MUST NOT use more than one authentication method in each
    /// request."
    #[error("the client authenticates in more than one way")]
    Several,
    #[error("client_id names another client than the one that authenticates")]
    OtherClient,
    #[error("client_assertion_type must be {JWT_BEARER}")]
    AssertionType,
    #[error("client_assertion is not a signed JWT with an issuer")]
    Assertion(#[source] BadJwt),
}

impl Presented {
    /// Reads the headers and the parameters.
    pub fn read(headers: Headers<'_>, params: &Params) -> Result<Self, BadCredentials> {
        let named = params.optional("client_id")?.map(ClientId::parse).transpose();
        let named = named.map_err(|why| ParamError::malformed("client_id", why.to_string()))?;
        let basic =
            headers.authorization.map(|it| basic(it).ok_or(BadCredentials::Header)).transpose()?;
        let secret = params.optional("client_secret")?;
        let assertion = assertion(params)?;

        let (client_id, proof) = match (basic, secret, assertion) {
            (None, None, None) => (named.clone(), Proof::None),
            (Some((id, secret)), None, None) => (Some(id), Proof::Secret(secret)),
            (None, Some(secret), None) => (named.clone(), Proof::Secret(secret.into())),
            (None, None, Some(jwt)) => {
                // RFC 7523 §3 (1) and (2): the issuer is the client.
                let id = ClientId::parse(jwt.issuer());
                let id = id.map_err(|_| BadCredentials::Assertion(BadJwt::Form))?;
                (Some(id), Proof::Assertion(Box::new(jwt)))
            }
            _ => return Err(BadCredentials::Several),
        };
        // Some clients name themselves in the body, too: that is no second method.
        match named.is_some() && named != client_id {
            true => Err(BadCredentials::OtherClient),
            false => {
                let dpop = headers.dpop.map(str::to_owned);
                let certificate = headers.certificate;
                Ok(Self { client_id, proof, dpop, certificate })
            }
        }
    }

    /// Who the sender claims to be.
    pub fn client_id(&self) -> Option<&ClientId> {
        self.client_id.as_ref()
    }

    /// Whether there is anything that is to prove it.
    pub fn has_proof(&self) -> bool {
        !matches!(self.proof, Proof::None)
    }

    /// The `DPoP` header, unread (RFC 9449 §4.1).
    pub(super) fn dpop(&self) -> Option<&str> {
        self.dpop.as_deref()
    }

    /// The certificate of the connection (RFC 8705 §2).
    pub(super) fn certificate(&self) -> Option<&Certificate> {
        self.certificate.as_ref()
    }

    pub(super) fn proof(&self) -> &Proof {
        &self.proof
    }
}

fn assertion(params: &Params) -> Result<Option<UnverifiedJwt>, BadCredentials> {
    let typ = params.optional("client_assertion_type")?;
    let assertion = params.optional("client_assertion")?;
    match (typ, assertion) {
        (None, None) => Ok(None),
        (Some(JWT_BEARER), Some(jwt)) => {
            UnverifiedJwt::read(jwt).map(Some).map_err(BadCredentials::Assertion)
        }
        (Some(JWT_BEARER), None) => Err(ParamError::Missing("client_assertion").into()),
        _ => Err(BadCredentials::AssertionType),
    }
}

/// RFC 6749 §2.3.1: both parts are form-encoded before they are put together. Not all clients
/// do that; what we make ourselves reads the same either way.
fn basic(header: &str) -> Option<(ClientId, SecretString)> {
    let (scheme, value) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(BASE64_STANDARD.decode(value.trim()).ok()?).ok()?;
    let (id, secret) = pair.split_once(':')?;
    let decode = |text: &str| Some(percent_decode_str(text).decode_utf8().ok()?.into_owned());
    Some((ClientId::parse(&decode(id)?).ok()?, decode(secret)?.into()))
}
