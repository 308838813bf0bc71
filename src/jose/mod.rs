//! Signing and verifying JWTs, reading certificates, and sealing what is kept. The only room that
//! knows josekit, OpenSSL and AWS-LC.

mod algorithm;
mod bad_jwt;
mod certificate;
mod key_set;
mod p256;
mod rsa;
mod seal;
mod self_signed;
mod signing_key;
mod thumbprint;
mod unverified;
#[cfg(test)]
mod vectors;
#[cfg(test)]
mod vectors_rfc;
mod wrap;

pub use algorithm::Algorithm;
pub use bad_jwt::BadJwt;
pub use certificate::{BadCertificate, Certificate};
pub use key_set::{KeySet, Typ};
pub use seal::{KeyEncryptionKey, Sealed, Unsealable};
pub use self_signed::verify_self_signed;
pub use signing_key::SigningKey;
pub use thumbprint::Thumbprint;
pub use unverified::UnverifiedJwt;
pub use wrap::WrappingKey;
