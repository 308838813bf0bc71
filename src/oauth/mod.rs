//! The words of OAuth as types. Nothing here does I/O.

mod details;
mod error_code;
mod error_description;
mod identifiers;
mod names;
mod params;
mod pkce;
mod redirect_uri;
mod resource;
mod scope;
mod sector;
pub mod strict_json;

pub use details::AuthorizationDetails;
pub use error_code::ErrorCode;
pub use error_description::error_description;
pub use identifiers::{
    ClientId, Issuer, Jti, Malformed, RequestId, ServiceId, SessionId, Subject, is_loopback,
};
pub use names::{AuthMethod, GrantType, TokenType};
pub use params::{NotAForm, ParamError, Params};
pub use pkce::{CodeChallenge, CodeVerifier};
pub use redirect_uri::RedirectUri;
pub use resource::Resource;
pub use scope::Scope;
pub use sector::{Sector, SubjectType};
