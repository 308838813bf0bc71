//! Finding the key set of an issuer that says no more than its name.

use openidconnect::core::CoreProviderMetadata;
use openidconnect::http::{Response, StatusCode};
use openidconnect::{DiscoveryError, HttpRequest, HttpResponse, IssuerUrl};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::http::{Ask, Http};
use super::unreachable::Unreachable;
use crate::oauth::{Issuer, strict_json};

/// Where OIDC Discovery §4 has the metadata, below the issuer.
const OPENID_CONFIGURATION: &str = "/.well-known/openid-configuration";

/// The `jwks_uri` of an issuer, by OIDC Discovery §4, or by RFC 8414 §3 where the
/// issuer is an authorization server alone.
pub(super) async fn jwks_uri(http: &Http, issuer: &Issuer) -> Result<String, Unreachable> {
    let url = IssuerUrl::new(issuer.as_str().to_owned()).map_err(|_| Unreachable::Url)?;
    let client = |request| metadata_only(http.clone(), request);
    match CoreProviderMetadata::discover_async(url, &client).await {
        Ok(metadata) => {
            the_same(issuer, metadata.issuer())?;
            Ok(metadata.jwks_uri().to_string())
        }
        // Nobody is there; it would not help to ask again elsewhere.
        Err(DiscoveryError::Request(unreachable)) => Err(unreachable),
        Err(without_openid) => {
            let found = by_authorization_server_metadata(http, issuer).await;
            found.map_err(|error| match error {
                Unreachable::Status(_) => Unreachable::Metadata(without_openid.into()),
                other => other,
            })
        }
    }
}

/// Sends the request for the metadata. The crate asks for the key set then, which we fetch by
/// ourselves to see for how long it may be kept; so it gets an empty one.
async fn metadata_only(http: Http, request: HttpRequest) -> Result<HttpResponse, Unreachable> {
    let mut response = Response::new(br#"{"keys":[]}"#.to_vec());
    if request.uri().path().ends_with(OPENID_CONFIGURATION) {
        let ask = Ask::get(&request.uri().to_string()).header("accept", "application/json");
        let reply = http.send(ask).await?;
        *response.status_mut() =
            StatusCode::from_u16(reply.status).map_err(|_| Unreachable::Status(reply.status))?;
        // The crate reads all JSON that there is; what is no sound object is nothing.
        let sound = strict_json::object::<IgnoredAny>(&reply.body).is_ok();
        *response.body_mut() = if sound { reply.body } else { vec![] };
    }
    Ok(response)
}

/// RFC 8414 §3.3: the `issuer` "MUST be identical to the authorization server's issuer
/// identifier value into which the well-known URI string was inserted".
fn the_same(issuer: &Issuer, named: &str) -> Result<(), Unreachable> {
    match named == issuer.as_str() {
        true => Ok(()),
        false => Err(Unreachable::OtherIssuer),
    }
}

async fn by_authorization_server_metadata(
    http: &Http,
    issuer: &Issuer,
) -> Result<String, Unreachable> {
    #[derive(Deserialize)]
    struct Metadata {
        issuer: String,
        jwks_uri: String,
    }
    let mut url = issuer.url();
    // RFC 8414 §3.1: inserted "between the host component and the path component".
    let path = format!("/.well-known/oauth-authorization-server{}", url.path());
    url.set_path(path.trim_end_matches('/'));
    let reply = http.send(Ask::get(url.as_str()).header("accept", "application/json")).await?;
    if reply.status != 200 {
        return Err(Unreachable::Status(reply.status));
    }
    let metadata: Metadata =
        strict_json::object(&reply.body).map_err(|error| Unreachable::Metadata(error.into()))?;
    the_same(issuer, &metadata.issuer)?;
    Ok(metadata.jwks_uri)
}
