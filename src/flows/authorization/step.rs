//! What a request needs next: a sign-in, a consent, or nothing more (OIDC Core §3.1.2.3 and
//! §3.1.2.4).

use time::OffsetDateTime;

use super::consent::{self, Ask};
use super::request::{AuthorizationRequest, Prompt};
use crate::model::{Client, Login, User};
use crate::oauth::ErrorCode;
use crate::server::AuthorizationServer;
use crate::store::StoreError;

/// The next step of a request.
pub enum Step {
    SignIn,
    Consent(Box<Ask>),
    /// The person has signed in and consented before.
    Respond(Box<Ask>),
    /// It would take a step, and the client forbade it by `prompt=none`.
    Refuse(ErrorCode, &'static str),
}

/// Where `request` stands, with the person who is signed in, if one is.
pub async fn next(
    server: &AuthorizationServer,
    client: &Client,
    request: &AuthorizationRequest,
    person: Option<(&User, &Login)>,
    now: OffsetDateTime,
) -> Result<Step, StoreError> {
    let silent = request.asks(Prompt::None);
    let user = match person.map(|(user, login)| (user, fit(request, user, login, now))) {
        Some((user, Fit::Good)) => user,
        // OIDC Core §3.1.2.1, `id_token_hint`: "if not, it SHOULD return an error". Asking once
        // more would ask for ever.
        Some((_, Fit::SomebodyElse)) => {
            return Ok(Step::Refuse(ErrorCode::LoginRequired, "another person signed in"));
        }
        None | Some((_, Fit::Stale)) => {
            return Ok(match silent {
                true => Step::Refuse(ErrorCode::LoginRequired, "the person has to sign in"),
                false => Step::SignIn,
            });
        }
    };
    let ask = consent::ask(server, client, request, user).await?;
    if ask.scope.is_empty() {
        let said = "the client may not have any of this scope, for too little is known of it";
        return Ok(Step::Refuse(ErrorCode::InvalidScope, said));
    }
    let asked = ask.is_needed() || request.asks(Prompt::Consent);
    Ok(match (asked, silent) {
        (false, _) => Step::Respond(Box::new(ask)),
        (true, true) => Step::Refuse(ErrorCode::ConsentRequired, "the person has to consent"),
        (true, false) => Step::Consent(Box::new(ask)),
    })
}

/// What a login is worth to a request.
enum Fit {
    Good,
    /// The person has to sign in, once more or for the first time.
    Stale,
    /// They just did, and are not whom the client means.
    SomebodyElse,
}

/// Whether the login is of the right person, and as recent as the client wants it.
fn fit(request: &AuthorizationRequest, user: &User, login: &Login, now: OffsetDateTime) -> Fit {
    let anew = request.asks(Prompt::Login) || request.asks(Prompt::SelectAccount);
    let since = login.auth_time.unix_timestamp();
    let too_old = request.max_age.is_some_and(|age| now.unix_timestamp() - since > age);
    // OIDC Core §3.1.2.1: a voluntary claim. Where the person cannot sign in by any of them, as they
    // did is good enough.
    let wanted: Vec<_> =
        request.acr_values.iter().filter(|it| Login::ACR.contains(&it.as_str())).collect();
    let too_weak = !wanted.is_empty() && !wanted.contains(&&login.acr);
    // A sign-in that this very request asked for is recent enough, whatever `max_age` says.
    let for_this = login.is_for(request.found.as_ref(), request.began_at);
    let meant = request.hinted.as_ref().is_none_or(|hinted| *hinted == user.id);
    match (meant, for_this) {
        (true, true) => Fit::Good,
        (true, false) if !anew && !too_old && !too_weak => Fit::Good,
        (false, true) => Fit::SomebodyElse,
        _ => Fit::Stale,
    }
}
