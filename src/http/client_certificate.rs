//! The `Client-Cert` header, by which a proxy says whose certificate it verified (RFC 9440).

use axum::http::HeaderMap;

use super::located::Here;
use crate::jose::{BadCertificate, Certificate};

/// The certificate that the request came with. RFC 9440 §4: the header means nothing unless it comes
/// from a proxy that is trusted, for anybody can send one. The certificates above it
/// (`Client-Cert-Chain`) are the proxy's affair.
pub(super) fn of(here: &Here, headers: &HeaderMap) -> Result<Option<Certificate>, BadCertificate> {
    if !here.tells_of_certificates {
        return Ok(None);
    }
    let mut fields = headers.get_all("client-cert").iter();
    match (fields.next(), fields.next()) {
        (None, _) => Ok(None),
        (Some(field), None) => Certificate::read(field.as_bytes()).map(Some),
        (Some(_), Some(_)) => Err(BadCertificate::Several),
    }
}
