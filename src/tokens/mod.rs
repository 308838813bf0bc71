//! The tokens: what is in each, how we make it, and what it takes to believe it.

mod access_token;
mod actor;
mod audience;
mod client_assertion;
mod confirmation;
mod dpop;
mod id_jag;
mod id_token;
mod jwt_grant;
mod verify;
mod workload;

pub use access_token::{AccessTokenClaims, VerifiedAccessToken};
pub use actor::Actor;
pub use audience::OneOrMany;
pub use client_assertion::ClientAssertion;
pub use confirmation::{Confirmation, NotHeld};
pub use dpop::{BadProof, DpopProof, NONCE_LIFETIME, Proven};
pub use id_jag::{IdJag, IdJagClaims, PresentedIdJag, RESERVED_CLAIMS};
pub use id_token::{Hint, IdTokenClaims, VerifiedIdToken, access_token_hash};
pub use jwt_grant::JwtGrant;
pub use verify::{LEEWAY, Unacceptable};
pub use workload::{VouchedWorkload, WorkloadAssertion};
