//! What leaves on the way of an ID-JAG: the ID-JAG itself, or the JWT authorization grant that is asked
//! for in its place, and what an ID-JAG is redeemed for.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use time::Duration;

use super::door::Refusal;
use super::orders::{Bench, Order, Token, access_token, new_jti, plain, record};
use super::standing::LivePerson;
use super::warrant::Redemption;
use crate::model::{ClaimSource, ConnectionGrant, ConnectionTerms, LedgerEvent, Reuse, User};
use crate::oauth::Resource;
use crate::policy::Entitlement;
use crate::store::{Conflict, Effect};
use crate::tokens::{AccessTokenClaims, Actor, IdJagClaims, JwtGrant, OneOrMany};

/// How long a JWT authorization grant lives at most: nobody knows whether it counts once where it is
/// taken (draft-ietf-oauth-identity-chaining-17 §2.3.4, whose example says so).
const JWT_GRANT: Duration = Duration::minutes(1);

impl Bench<'_> {
    /// ID-JAG §3.1 and §4.3.4.
    pub(super) fn entitled(
        self,
        person: &LivePerson,
        entitlement: &Entitlement,
        actor: Option<&Actor>,
    ) -> Result<Order, Refusal> {
        let Self { server, client, attempt } = self;
        let (shared, now) = (&server.shared, attempt.now);
        let (user, login) = (person.user(), person.login());
        let terms = &entitlement.connection().terms;
        let (scope, resources) = (entitlement.scope().clone(), entitlement.resources().to_vec());
        let most = terms.lifetime.map_or(Duration::MAX, |it| Duration::seconds(it.into()));
        let longest = match entitlement.grant() {
            ConnectionGrant::IdJag => shared.lifetimes.id_jag,
            ConnectionGrant::Chaining => shared.lifetimes.id_jag.min(JWT_GRANT),
        };
        let lifetime = longest.min(most);
        let claims = IdJagClaims {
            iss: server.issuer.clone(),
            // ID-JAG §3.1 and §5: the subject that the service gets by single sign-on.
            sub: shared.names_at(entitlement.service()).subject(&user.id)?,
            aud: OneOrMany::One(entitlement.service().issuer.to_string()),
            client_id: entitlement.connection().client_there.clone(),
            jti: new_jti(server, attempt.now),
            exp: (now + lifetime).unix_timestamp(),
            iat: now.unix_timestamp(),
            nbf: None,
            resource: OneOrMany::of(resources.clone()),
            scope: Some(scope.clone()),
            act: actor.map(|it| json!(it)),
            auth_time: Some(login.auth_time.unix_timestamp()),
            acr: Some(login.acr.clone()),
            amr: Some(login.amr.clone()),
            // ID-JAG §9.8.1.1.
            cnf: client.confirmation().map(|it| json!(it)),
            authorization_details: entitlement.details().cloned(),
            tenant: None,
            aud_tenant: None,
            sub_id: None,
            aud_sub: None,
            email: None,
            email_verified: None,
            released: released(terms, user),
        };
        attempt.scope = Some(scope.clone());
        attempt.resource = Resource::all(&resources);
        attempt.acted(actor);
        let effects = vec![record(attempt, attempt.event, &claims.jti)];
        let token = match entitlement.grant() {
            ConnectionGrant::IdJag => Token::IdJag(Box::new(claims)),
            ConnectionGrant::Chaining => Token::JwtGrant(Box::new(JwtGrant(claims))),
        };
        Ok(Order {
            token,
            lifetime,
            // ID-JAG §4.3.4: "N_A", because it is not an access token.
            token_type: "N_A",
            scope,
            resources,
            details: entitlement.details().cloned(),
            id_token: None,
            refresh_token: None,
            effects,
            family: None,
        })
    }

    /// ID-JAG §4.4.2; §4.4.3: no refresh token.
    pub(super) fn redeemed(self, redemption: Redemption<'_>) -> Result<Order, Refusal> {
        let Self { server, client, attempt } = self;
        let Redemption { id_jag, trusted, account, scope, resources, details, .. } = redemption;
        attempt.scope = Some(scope.clone());
        // Whom it is issued for: the account here. The parent leads to whom the issuer meant.
        let sub = server.names_for(client.record()).subject(&account)?;
        attempt.user = Some(account);
        attempt.acted(redemption.act.as_ref());
        let login = id_jag.claims();
        let access = AccessTokenClaims {
            auth_time: login.auth_time,
            acr: login.acr.clone(),
            amr: login.amr.clone(),
            authorization_details: details.clone(),
            act: redemption.act,
            // ID-JAG §9.8.1.2.1: "SHOULD" be bound to the same.
            cnf: redemption.confirmation.or_else(|| client.confirmation().cloned()),
            ..access_token(server, client, attempt, sub, &scope, redemption.audience)
        };
        let mut effects = vec![];
        if trusted.trust.reuse == Reuse::Once {
            effects.push(Effect::UseOnce {
                issuer: id_jag.issuer().to_string(),
                jti: id_jag.jti().clone(),
                forget_after: id_jag.acceptable_until(),
                otherwise: Conflict::GrantUsed,
            });
        }
        effects.push(record(attempt, LedgerEvent::AccessToken, &access.jti));
        Ok(Order { resources, details, ..plain(server, access, scope, effects) })
    }
}

/// What the connection tells the service of the person, and nothing else (ID-JAG §9.6). An e-mail
/// address goes with the word whether it was verified (OIDC Core §5.1).
fn released(terms: &ConnectionTerms, user: &User) -> BTreeMap<String, Value> {
    let mut claims = BTreeMap::new();
    for (name, source) in &terms.claims {
        let value = match source {
            ClaimSource::Email => user.email.as_ref().map(|it| json!(it)),
            ClaimSource::Name => user.name.as_ref().map(|it| json!(it)),
            ClaimSource::Username => Some(json!(user.username)),
            ClaimSource::Groups => Some(json!(user.groups)),
            ClaimSource::Fixed(text) => Some(json!(text)),
        };
        if name == "email" && *source == ClaimSource::Email && value.is_some() {
            claims.insert("email_verified".to_owned(), json!(user.email_verified));
        }
        claims.extend(value.map(|value| (name.clone(), value)));
    }
    claims
}
