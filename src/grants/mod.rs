//! The token endpoint: one file per grant.

mod accounts;
mod actor;
mod audience;
pub mod authorization_code;
pub mod chaining;
pub mod client_credentials;
pub mod exchange_here;
mod issuer_keys;
pub mod jwt_bearer;
pub mod refresh_token;
mod response;
pub mod token_exchange;
pub mod workload;

pub use response::TokenResponse;

use std::error::Error;
use std::net::IpAddr;

use crate::clients::{self, AuthenticatedClient, BadCredentials, Headers, Presented};
use crate::issuance::{Attempt, Invited, NotRecorded};
use crate::jose::BadCertificate;
use crate::limits::{Endpoint, Party, TurnedAway};
use crate::model::{Client, LedgerEvent};
use crate::oauth::{ErrorCode, GrantType, ParamError, Params, RequestId, TokenType};
use crate::server::AuthorizationServer;
use crate::store::{CommitError, Late};
use crate::tokens::Confirmation;

/// Answers a token request (RFC 6749 §3.2) that comes from `address`, and records what came of it.
pub async fn answer(
    server: &AuthorizationServer,
    headers: Headers<'_>,
    params: &Params,
    request: RequestId,
    address: Option<IpAddr>,
) -> Result<TokenResponse, TokenError> {
    let _asks = server.shared.store.asks();
    let mut attempt = Attempt::begin(server, request, LedgerEvent::TokenRequest);
    attempt.party = Party::Address(address);
    let answer = match server.shared.limits.visit(Endpoint::Token, address) {
        Ok(()) => granted(server, headers, params, &mut attempt).await,
        Err(early) => Err(early.into()),
    };
    if let Err(error) = &answer {
        attempt.failed(server, error.code(), error).await?;
    }
    answer
}

/// A token request of which nothing could be read, because of `why`: it is refused and
/// recorded as any other is.
pub async fn unread(
    server: &AuthorizationServer,
    request: RequestId,
    address: Option<IpAddr>,
    error: TokenError,
) -> TokenError {
    let mut attempt = Attempt::begin(server, request, LedgerEvent::TokenRequest);
    attempt.party = Party::Address(address);
    match attempt.refused(server, error.code(), error.to_string()).await {
        Ok(()) => error,
        Err(failed) => failed.into(),
    }
}

async fn granted(
    server: &AuthorizationServer,
    headers: Headers<'_>,
    params: &Params,
    attempt: &mut Attempt,
) -> Result<TokenResponse, TokenError> {
    params.none_repeated(&["resource", "audience"])?;
    let presented = Presented::read(headers, params)?;
    attempt.client = presented.client_id().cloned();

    let grant_type = GrantType::parse(params.required("grant_type")?)
        .filter(|it| server.grant_types().any(|here| here == *it))
        .ok_or(TokenError::UnsupportedGrantType)?;

    // By its issuer and `typ` an assertion says whether its grant takes a client that authenticates.
    let (client, vouched) = match workload::assertion(&presented, grant_type, params) {
        Some(jwt) => {
            let identified = workload::identify(server, &presented, &jwt, attempt).await?;
            (identified.0, Some(identified.1))
        }
        None => (clients::authenticate(server, &presented, attempt.now).await?, None),
    };
    attempt.proven(server, &client)?;
    if !may_use(client.record(), grant_type) {
        return Err(TokenError::UnauthorizedClient);
    }
    // RFC 9396 §5: only where something becomes of them.
    let takes_details =
        matches!(grant_type, GrantType::TokenExchange | GrantType::JwtBearer | GrantType::JwtDpop);
    if (!takes_details || vouched.is_some()) && params.optional("authorization_details")?.is_some()
    {
        return Err(TokenError::Details);
    }
    rightly_bound(server, &client, grant_type)?;
    match vouched {
        Some(vouched) => {
            let request = workload::Request::parse(params)?;
            Ok(workload::grant(server, &client, vouched, request, attempt).await?)
        }
        None => dispatch(server, &client, grant_type, params, attempt).await,
    }
}

/// Who may redeem assertions at all may do so with a proof.
fn may_use(client: &Client, grant_type: GrantType) -> bool {
    let with_proof = grant_type == GrantType::JwtDpop && client.may_use(GrantType::JwtBearer);
    with_proof || client.may_use(grant_type)
}

/// Whether what `client` gets would be bound as it registered, and as the service demands.
fn rightly_bound(
    server: &AuthorizationServer,
    client: &AuthenticatedClient,
    grant_type: GrantType,
) -> Result<(), TokenError> {
    let record = client.record();
    let by_key = grant_type == GrantType::JwtDpop || record.dpop_bound_access_tokens;
    let by_certificate = record.tls_client_certificate_bound_access_tokens;
    let either = server.shared.trusted_proxies.can_bring_certificates();
    match client.confirmation() {
        Some(Confirmation::Key(_)) if by_certificate => Err(TokenError::ProofAndCertificate),
        None if by_certificate => Err(TokenError::NoCertificate(grant_type)),
        Some(Confirmation::Certificate(_)) | None if by_key => Err(TokenError::Unbound(grant_type)),
        None if server.wants_bound_tokens(record) => Err(match either {
            true => TokenError::UnboundByEither(grant_type),
            false => TokenError::Unbound(grant_type),
        }),
        _ => Ok(()),
    }
}

async fn dispatch(
    server: &AuthorizationServer,
    client: &AuthenticatedClient,
    grant_type: GrantType,
    params: &Params,
    attempt: &mut Attempt,
) -> Result<TokenResponse, TokenError> {
    Ok(match grant_type {
        GrantType::AuthorizationCode => {
            let request = authorization_code::Request::parse(params)?;
            authorization_code::grant(server, client, request, attempt).await?
        }
        GrantType::RefreshToken => {
            let request = refresh_token::Request::parse(params)?;
            refresh_token::grant(server, client, request, attempt).await?
        }
        GrantType::ClientCredentials => {
            let request = client_credentials::Request::parse(params)?;
            client_credentials::grant(server, client, request, attempt).await?
        }
        GrantType::TokenExchange if !server.is_home() => {
            let request = exchange_here::Request::parse(params)?;
            exchange_here::grant(server, client, request, attempt).await?
        }
        GrantType::TokenExchange => exchanged(server, client, params, attempt).await?,
        GrantType::JwtBearer | GrantType::JwtDpop => {
            let bound = grant_type == GrantType::JwtDpop;
            let request = jwt_bearer::Request::parse(params, bound)?;
            jwt_bearer::grant(server, client, request, attempt).await?
        }
    })
}

/// A token exchange at home. What is requested comes first: it says what `resource` means.
async fn exchanged(
    server: &AuthorizationServer,
    client: &AuthenticatedClient,
    params: &Params,
    attempt: &mut Attempt,
) -> Result<TokenResponse, TokenError> {
    let (name, by_refresh_token) = ("requested_token_type", server.shared.id_jag_by_refresh_token);
    match TokenType::parse(params.required(name)?) {
        Some(TokenType::IdJag) => {
            let request = token_exchange::Request::parse(params, by_refresh_token)?;
            Ok(token_exchange::grant(server, client, request, attempt).await?)
        }
        Some(TokenType::Jwt) => {
            let request = chaining::Request::parse(params, by_refresh_token)?;
            Ok(chaining::grant(server, client, request, attempt).await?)
        }
        _ => {
            let (id_jag, jwt) = (TokenType::IdJag.as_str(), TokenType::Jwt.as_str());
            Err(ParamError::malformed(name, format!("it must be {id_jag} or {jwt}")).into())
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    #[error("{0}")]
    Unread(String),
    #[error("{0}")]
    TooLarge(String),
    #[error("{0}")]
    TurnedAway(#[from] TurnedAway),
    #[error("there is more than one DPoP header")]
    SeveralProofs,
    #[error(transparent)]
    Parameters(#[from] ParamError),
    #[error("this grant type is not supported here")]
    UnsupportedGrantType,
    #[error("the client is not registered to use this grant type")]
    UnauthorizedClient,
    #[error("authorization_details are not taken by this grant")]
    Details,
    #[error("a DPoP proof of a key is required here, for access tokens are bound to one")]
    Unbound(GrantType),
    #[error(
        "access tokens are bound here: send a DPoP proof of a key, or come by mutual TLS with a certificate"
    )]
    UnboundByEither(GrantType),
    #[error(
        "the client is registered for tokens that are bound to its certificate, and none came with the request, or none that is taken here"
    )]
    NoCertificate(GrantType),
    #[error(
        "the client is registered for tokens that are bound to its certificate: send no DPoP proof"
    )]
    ProofAndCertificate,
    #[error(transparent)]
    Certificate(#[from] BadCertificate),
    #[error(transparent)]
    Client(#[from] clients::Refusal),
    #[error(transparent)]
    AuthorizationCode(#[from] authorization_code::Refusal),
    #[error(transparent)]
    RefreshToken(#[from] refresh_token::Refusal),
    #[error(transparent)]
    ClientCredentials(#[from] client_credentials::Refusal),
    #[error(transparent)]
    JwtBearer(#[from] jwt_bearer::Refusal),
    #[error(transparent)]
    TokenExchange(#[from] token_exchange::Refusal),
    #[error(transparent)]
    Workload(#[from] workload::Refusal),
    #[error(transparent)]
    Chaining(#[from] chaining::Refusal),
    #[error(transparent)]
    ExchangeHere(#[from] exchange_here::Refusal),
    #[error("the refusal could not be recorded")]
    Unrecorded(#[from] CommitError),
}

impl From<NotRecorded> for TokenError {
    fn from(error: NotRecorded) -> Self {
        error.into_refusal()
    }
}

impl From<BadCredentials> for TokenError {
    fn from(bad: BadCredentials) -> Self {
        Self::Client(bad.into())
    }
}

impl TokenError {
    /// Whether the request is to be decided anew, by what is true now.
    pub fn is_late(&self) -> bool {
        matches!(self.source(), Some(cause) if cause.is::<Late>())
    }

    /// For how many seconds whoever asked too often has to wait. The limit may have been met far
    /// below.
    pub fn retry_after(&self) -> Option<u64> {
        let mut error: &dyn std::error::Error = self;
        loop {
            if let Some(early) = error.downcast_ref::<TurnedAway>() {
                return Some(early.seconds);
            }
            error = error.source()?;
        }
    }

    /// The nonce that the next DPoP proof has to have (RFC 9449 §8).
    pub fn nonce(&self) -> Option<&str> {
        match self {
            Self::Client(clients::Refusal::NonceWanted(nonce))
            | Self::Workload(workload::Refusal::Client(clients::Refusal::NonceWanted(nonce))) => {
                Some(nonce)
            }
            _ => None,
        }
    }

    /// How the person has to sign in before the next try (ID-JAG §9.2).
    pub fn step_up(&self) -> Option<(&[String], Option<u32>)> {
        match self {
            Self::TokenExchange(refusal) | Self::Chaining(chaining::Refusal::Exchange(refusal)) => {
                refusal.step_up()
            }
            _ => None,
        }
    }

    /// Where the person can link an account of theirs, so that the next try is better.
    pub fn invited(&self) -> Option<&Invited> {
        match self {
            Self::JwtBearer(jwt_bearer::Refusal::Unlinked(invited)) => Some(invited),
            _ => None,
        }
    }

    pub fn code(&self) -> ErrorCode {
        match self {
            Self::TurnedAway(_) => ErrorCode::SlowDown,
            Self::Parameters(it) => it.code(),
            Self::UnsupportedGrantType => ErrorCode::UnsupportedGrantType,
            Self::UnauthorizedClient => ErrorCode::UnauthorizedClient,
            Self::Details => ErrorCode::InvalidAuthorizationDetails,
            // ID-JAG §9.8.1.2.4; elsewhere nothing is wrong but that.
            Self::Unbound(GrantType::JwtBearer | GrantType::JwtDpop)
            | Self::UnboundByEither(GrantType::JwtBearer | GrantType::JwtDpop)
            | Self::NoCertificate(GrantType::JwtBearer | GrantType::JwtDpop) => {
                ErrorCode::InvalidGrant
            }
            Self::Unread(_)
            | Self::TooLarge(_)
            | Self::ProofAndCertificate
            | Self::NoCertificate(_)
            | Self::Certificate(_) => ErrorCode::InvalidRequest,
            Self::SeveralProofs | Self::Unbound(_) | Self::UnboundByEither(_) => {
                ErrorCode::InvalidDpopProof
            }
            Self::Client(it) => it.code(),
            Self::AuthorizationCode(it) => it.code(),
            Self::RefreshToken(it) => it.code(),
            Self::ClientCredentials(it) => it.code(),
            Self::JwtBearer(it) => it.code(),
            Self::TokenExchange(it) => it.code(),
            Self::Workload(it) => it.code(),
            Self::Chaining(it) => it.code(),
            Self::ExchangeHere(it) => it.code(),
            Self::Unrecorded(it) => it.code(),
        }
    }
}
