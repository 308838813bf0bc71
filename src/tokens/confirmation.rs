//! What binds a token to whoever it was given to (RFC 7800 §3.1).

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::verify::Unacceptable;
use crate::jose::Thumbprint;

/// The `cnf` of a token. What we cannot check is no confirmation that we can read, and two at once
/// are none either.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Confirmation {
    /// A key that is proven by DPoP (RFC 9449 §6.1).
    #[serde(rename = "jkt")]
    Key(Thumbprint),
    /// The certificate of the connection (RFC 8705 §3.1).
    #[serde(rename = "x5t#S256")]
    Certificate(Thumbprint),
}

/// Before the thumbprint of a certificate, where a text is kept.
const CERTIFICATE: &str = "x5t#S256 ";

/// Why what is bound is not taken from whoever brings it: a sentence about "it".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotHeld {
    #[error("it is bound to a key, and no DPoP proof of that key came with the request")]
    NoProof,
    #[error("it is bound to another key than the DPoP proof shows")]
    OtherKey,
    #[error(
        "it is bound to a certificate, and none came with the request, or none that is taken here"
    )]
    NoCertificate,
    #[error("it is bound to another certificate than the one of the request")]
    OtherCertificate,
    #[error("it is bound to a certificate: send no DPoP proof with it")]
    ProofAndCertificate,
}

impl Confirmation {
    /// Reads a `cnf`. What we cannot check is no way to say "to none".
    pub(super) fn read(cnf: Option<&Value>) -> Result<Option<Self>, Unacceptable> {
        cnf.map(|it| Self::deserialize(it).map_err(|_| Unacceptable::Confirmation)).transpose()
    }

    /// Whether who brings what is bound by it showed to have that (ID-JAG §9.8.1.2, RFC 8705 §3).
    /// Nothing is bound to both, so a proof is not passed over.
    pub fn is_met_by(
        &self,
        key: Option<&Thumbprint>,
        certificate: Option<&Thumbprint>,
    ) -> Result<(), NotHeld> {
        match (self, key, certificate) {
            (Self::Key(_), None, _) => Err(NotHeld::NoProof),
            (Self::Key(bound), Some(key), _) if bound != key => Err(NotHeld::OtherKey),
            (Self::Certificate(_), Some(_), _) => Err(NotHeld::ProofAndCertificate),
            (Self::Certificate(_), None, None) => Err(NotHeld::NoCertificate),
            (Self::Certificate(bound), None, Some(it)) if bound != it => {
                Err(NotHeld::OtherCertificate)
            }
            _ => Ok(()),
        }
    }

    /// As it is kept with refresh tokens.
    pub fn kept(&self) -> String {
        match self {
            Self::Key(thumbprint) => thumbprint.to_string(),
            Self::Certificate(thumbprint) => format!("{CERTIFICATE}{thumbprint}"),
        }
    }

    /// Reads what was kept.
    pub fn of_kept(kept: &str) -> Option<Self> {
        match kept.strip_prefix(CERTIFICATE) {
            Some(certificate) => Thumbprint::parse(certificate).ok().map(Self::Certificate),
            None => Thumbprint::parse(kept).ok().map(Self::Key),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn one_of_the_two() {
        let print = "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0";
        let read = |value: &Value| Confirmation::deserialize(value).ok();
        let (key, certificate) = (json!({ "jkt": print }), json!({ "x5t#S256": print }));
        let read_key = read(&key).unwrap();
        assert_eq!((json!(read_key), read_key.kept()), (key, print.to_owned()));
        assert_eq!(Confirmation::of_kept(&read_key.kept()).as_ref(), Some(&read_key));
        let read_certificate = read(&certificate).unwrap();
        assert_eq!(json!(read_certificate), certificate);
        let kept = Confirmation::of_kept(&read_certificate.kept());
        assert_eq!(kept.as_ref(), Some(&read_certificate));
        assert_ne!(read_certificate, read_key);
        for wrong in [
            json!({ "jkt": print, "x5t#S256": print }),
            json!({ "jkt": print, "kid": "x" }),
            json!({ "x5t": print }),
            json!({ "x5t#S256": "short" }),
            json!({}),
            json!("jkt"),
            json!([print]),
        ] {
            assert_eq!(read(&wrong), None, "{wrong}");
        }
    }
}
