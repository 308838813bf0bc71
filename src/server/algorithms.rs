//! By which algorithms an issuer signs: for each of them it has a key.

use std::collections::BTreeSet;

use super::keys::IssuerKeys;
use crate::jose::Algorithm;
use crate::model::{Client, Service};
use crate::oauth::Issuer;

/// ES256 for what we define, RS256 because OIDC Core has it as the default of ID Tokens, and what
/// `clients` that are of `home` registered besides.
pub fn of_home<'a>(
    home: &Issuer,
    clients: impl IntoIterator<Item = &'a Client>,
) -> BTreeSet<Algorithm> {
    let clients = clients.into_iter().filter(|it| it.issuer == *home);
    let registered = clients.filter_map(|it| Algorithm::parse(&it.id_token_signed_response_alg));
    registered.chain([IssuerKeys::MAIN, Algorithm::RS256]).collect()
}

/// ES256, and what its access tokens are signed by.
pub fn of_service(service: &Service) -> BTreeSet<Algorithm> {
    let chosen = Algorithm::parse(&service.access_token_signing_alg);
    chosen.into_iter().chain([IssuerKeys::MAIN]).collect()
}
