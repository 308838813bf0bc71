//! What can be wrong with a JWT.

/// Why a JWT is not what it claims to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadJwt {
    #[error("it has not the form of a signed JWT with an issuer")]
    Form,
    #[error("it has not the form of a signed JWT")]
    Parts,
    #[error("its header demands an extension that is not supported here")]
    Critical,
    #[error("its typ says that it is something else")]
    Type,
    #[error("its algorithm is not one that is accepted here")]
    Algorithm,
    #[error("no key of its issuer has its kid and algorithm")]
    UnknownKey,
    #[error("its signature is not by a key of its issuer")]
    Signature,
    #[error("its claims are incomplete or of the wrong type")]
    Claims,
    #[error("its signature is not by the key in its header")]
    OwnSignature,
    #[error("the key in its header is not a public key for its algorithm")]
    Key,
    #[error("the key set is malformed")]
    KeySet,
}
