//! A client that comes by mutual TLS, behind a proxy that says by which certificate (RFC 9440).

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::PKey;
use openssl::x509::{X509, X509NameBuilder};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Answer, World, form, request, secret_of};

/// Where the proxy is that the server trusts.
pub const PROXY: &str = "10.0.0.1";

/// A server that takes the proxy's word about certificates.
pub const BEHIND_PROXY: [(&str, &str); 2] =
    [("trusted_proxies", PROXY), ("proxies.client_certificate", "Client-Cert")];

/// A certificate that nobody signed but its holder.
pub struct Certified {
    pub der: Vec<u8>,
}

impl Certified {
    pub fn new() -> Self {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
        let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
        let mut name = X509NameBuilder::new().unwrap();
        name.append_entry_by_nid(Nid::COMMONNAME, "agent").unwrap();
        let name = name.build();
        let mut certificate = X509::builder().unwrap();
        let number = BigNum::from_u32(7).unwrap().to_asn1_integer().unwrap();
        certificate.set_version(2).unwrap();
        certificate.set_serial_number(&number).unwrap();
        certificate.set_subject_name(&name).unwrap();
        certificate.set_issuer_name(&name).unwrap();
        certificate.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
        certificate.set_not_after(&Asn1Time::days_from_now(1).unwrap()).unwrap();
        certificate.set_pubkey(&key).unwrap();
        certificate.sign(&key, MessageDigest::sha256()).unwrap();
        Self { der: certificate.build().to_der().unwrap() }
    }

    /// The value of `Client-Cert`.
    pub fn field(&self) -> String {
        format!(":{}:", BASE64_STANDARD.encode(&self.der))
    }

    /// RFC 8705 §3.1.
    pub fn thumbprint(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(&self.der))
    }

    pub fn cnf(&self) -> Value {
        json!({ "x5t#S256": self.thumbprint() })
    }
}

impl World {
    /// A token request by Basic that comes from `address`, with `headers`.
    pub async fn post_from(
        &self,
        address: &str,
        (at, client): (&str, &str),
        params: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Answer {
        let basic = BASE64_STANDARD.encode(format!("{client}:{}", secret_of(client)));
        let mut request = request("POST", &format!("{at}/oauth2/token"))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("authorization", format!("Basic {basic}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let peer = ConnectInfo(SocketAddr::new(address.parse().unwrap(), 50_000));
        self.send(request.extension(peer).body(Body::from(form(params))).unwrap()).await
    }

    /// The same through the proxy, by the connection of who has `certificate`.
    pub async fn post_certified(
        &self,
        to: (&str, &str),
        params: &[(&str, &str)],
        certificate: &Certified,
    ) -> Answer {
        self.post_from(PROXY, to, params, &[("client-cert", &certificate.field())]).await
    }
}
