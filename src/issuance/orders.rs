//! What exactly leaves by each warrant: claims, lifetimes, effects, ledger entries.

use std::sync::Arc;

use time::{Duration, OffsetDateTime};

use super::attempt::Attempt;
use super::door::Refusal;
use super::standing::Standing;
use super::warrant::{ProvenCode, ProvenRefreshToken, Warrant};
use crate::clients::AuthenticatedClient;
use crate::jose::Algorithm;
use crate::model::{Digest, LedgerEvent, Login, RefreshToken, Reuse, TokenFamily, Trust};
use crate::oauth::{AuthorizationDetails, GrantType, Jti, Resource, Scope, SessionId, Subject};
use crate::server::AuthorizationServer;
use crate::store::{Conflict, Effect};
use crate::tokens::{
    AccessTokenClaims, Confirmation, IdJagClaims, IdTokenClaims, JwtGrant, OneOrMany,
    VouchedWorkload,
};

pub(super) enum Token {
    Access(Box<AccessTokenClaims>),
    IdJag(Box<IdJagClaims>),
    JwtGrant(Box<JwtGrant>),
}

/// All that will leave, not yet committed and not yet signed.
pub(super) struct Order {
    pub token: Token,
    pub lifetime: Duration,
    pub token_type: &'static str,
    pub scope: Scope,
    pub resources: Vec<Resource>,
    pub details: Option<AuthorizationDetails>,
    pub id_token: Option<(IdTokenClaims, Algorithm)>,
    pub refresh_token: Option<String>,
    pub effects: Vec<Effect>,
    /// What is to be revoked if something is used a second time.
    pub family: Option<String>,
}

pub(super) fn order(
    server: &AuthorizationServer,
    client: &AuthenticatedClient,
    warrant: Warrant<'_>,
    standing: Standing,
    attempt: &mut Attempt,
) -> Result<Order, Refusal> {
    let bench = Bench { server, client, attempt };
    match (warrant, standing) {
        (Warrant::Code { code, resources, audience }, Standing::SignedIn(login)) => {
            bench.by_code(&code, &login, resources, audience)
        }
        (Warrant::Refresh { token, scope, resources, audience }, Standing::SignedIn(login)) => {
            let order = bench.by_refresh_token(&token, &login, &scope, audience)?;
            Ok(Order { resources, ..order })
        }
        (Warrant::Entitlement { person, entitlement, actor }, Standing::SignedIn(_)) => {
            bench.entitled(&person, &entitlement, actor.as_ref())
        }
        (Warrant::ClientItself { scope, resources, audience }, _) => {
            Ok(Order { resources, ..bench.for_itself(None, scope, audience)? })
        }
        (Warrant::Workload { workload, trusted, confirmation, scope, resources, audience }, _) => {
            let mut order = bench.for_itself(confirmation, scope, audience)?;
            order.effects.splice(0..0, use_of_workload(&trusted.trust, &workload));
            Ok(Order { resources, ..order })
        }
        (Warrant::IdJag(redemption), _) => bench.redeemed(*redemption),
        (Warrant::AccessToken(narrowed), _) => Ok(bench.narrowed(*narrowed)),
        // Nobody is signed in where somebody has to be.
        (_, Standing::Account) => Err(Refusal::LoginEnded),
    }
}

/// What a code or a refresh token is good for.
struct Grant<'a> {
    family: &'a Arc<TokenFamily>,
    /// What of the family's is asked for.
    scope: &'a Scope,
    /// Whether a refresh token may come with it.
    lasting: bool,
}

/// What every order needs.
pub(super) struct Bench<'a> {
    pub(super) server: &'a AuthorizationServer,
    pub(super) client: &'a AuthenticatedClient,
    pub(super) attempt: &'a mut Attempt,
}

impl Bench<'_> {
    fn by_code(
        self,
        code: &ProvenCode,
        login: &Login,
        resources: Vec<Resource>,
        audience: Vec<String>,
    ) -> Result<Order, Refusal> {
        let code = code.record();
        let family = Arc::new(TokenFamily {
            id: code.family.clone(),
            issuer: self.server.issuer.clone(),
            client: code.client.clone(),
            user: code.user.clone(),
            sid: code.sid.clone(),
            scope: code.scope.clone(),
            resources: code.resources.clone(),
            // RFC 9449 §5, RFC 8705 §4: of a public client nothing else says who may refresh.
            key: match self.client.is_confidential() {
                true => None,
                false => self.client.confirmation().map(Confirmation::kept),
            },
            revoked: false,
        });
        let lifetimes = self.server.shared.lifetimes;
        let forget_after = self.attempt.now + lifetimes.refresh_token;
        let nonce = code.nonce.clone();
        let redeemed = Effect::RedeemCode {
            code: code.digest.clone(),
            opens: Arc::clone(&family),
            forget_after,
        };
        let grant = Grant { family: &family, scope: &code.scope, lasting: code.lasting };
        let mut order = self.of_family(&grant, login, audience, nonce)?;
        order.effects.insert(0, redeemed);
        order.resources = resources;
        Ok(order)
    }

    fn by_refresh_token(
        self,
        token: &ProvenRefreshToken,
        login: &Login,
        scope: &Scope,
        audience: Vec<String>,
    ) -> Result<Order, Refusal> {
        let family = Arc::clone(&token.record().family);
        let grant = Grant { family: &family, scope, lasting: true };
        let mut order = self.of_family(&grant, login, audience, None)?;
        // Without a successor the old one would not be used up: `offline_access` was withdrawn.
        if order.refresh_token.is_none() {
            return Err(Refusal::NothingLeft);
        }
        let old = token.digest();
        for effect in &mut order.effects {
            if let Effect::KeepRefreshToken(new) = effect {
                *effect = Effect::RotateRefreshToken { old: old.clone(), new: Arc::clone(new) };
            }
        }
        Ok(order)
    }

    /// RFC 6749 §5.1 and OIDC Core §3.1.3.3: an access token, an ID Token if `openid` was
    /// asked for, and a refresh token where `docs/decisions/0013-refresh-tokens-when.md` says.
    fn of_family(
        self,
        grant: &Grant<'_>,
        login: &Login,
        audience: Vec<String>,
        nonce: Option<String>,
    ) -> Result<Order, Refusal> {
        let Self { server, client, attempt } = self;
        let Grant { family, scope, lasting } = *grant;
        let (shared, now) = (&server.shared, attempt.now);
        // What was granted once is not more than what the administrator allows today.
        let offered = server.offers(client.record());
        let scope = scope.intersection(&offered);
        attempt.user = Some(family.user.clone());
        attempt.scope = Some(scope.clone());
        if scope.is_empty() {
            return Err(Refusal::NothingLeft);
        }
        let names = server.names_for(client.record());
        let sub = names.subject(&family.user)?;
        let sid = names.session(&login.sid)?;
        let bound = family.key.as_deref().and_then(Confirmation::of_kept);
        let access = AccessTokenClaims {
            auth_time: Some(login.auth_time.unix_timestamp()),
            acr: Some(login.acr.clone()),
            amr: Some(login.amr.clone()),
            sid: Some(sid.to_string()),
            grant_id: Some(family.id.clone()),
            // What was bound stays so, whatever the client wants by now.
            cnf: bound.or_else(|| client.confirmation().cloned()),
            ..access_token(server, client, attempt, sub, &scope, audience)
        };
        let mut effects = vec![record(attempt, LedgerEvent::AccessToken, &access.jti)];

        let id_token = match server.is_home() && scope.contains("openid") {
            false => None,
            true => {
                let name = &client.record().id_token_signed_response_alg;
                let algorithm =
                    Algorithm::parse(name).ok_or_else(|| Refusal::NoKey(name.clone()))?;
                let claims = id_token(server, attempt, &access, (login, sid), nonce);
                effects.push(record(attempt, LedgerEvent::IdToken, &claims.jti));
                Some((claims, algorithm))
            }
        };

        let allowed =
            !server.is_home() || family.scope.intersection(&offered).contains("offline_access");
        let lasting = lasting && allowed;
        let refresh_token = (lasting && client.record().may_use(GrantType::RefreshToken))
            .then(|| shared.environment.ordered_secret(now));
        if let Some(secret) = &refresh_token {
            effects.push(Effect::KeepRefreshToken(Arc::new(RefreshToken {
                digest: Digest::of(secret),
                family: Arc::clone(family),
                expires_at: now + shared.lifetimes.refresh_token,
                used: false,
            })));
        }
        Ok(Order {
            token_type: access.token_type(),
            token: Token::Access(Box::new(access)),
            lifetime: shared.lifetimes.access_token,
            scope,
            resources: vec![],
            details: None,
            id_token,
            refresh_token,
            effects,
            family: Some(family.id.clone()),
        })
    }

    /// RFC 6749 §4.4.3: "A refresh token SHOULD NOT be included."
    fn for_itself(
        self,
        bound: Option<Confirmation>,
        scope: Scope,
        audience: Vec<String>,
    ) -> Result<Order, Refusal> {
        let Self { server, client, attempt } = self;
        attempt.scope = Some(scope.clone());
        // RFC 9068 §2.2: without a resource owner, `sub` is the client.
        let itself = Subject::parse(client.id().as_str()).map_err(|_| Refusal::ClientInactive)?;
        let access = AccessTokenClaims {
            cnf: bound.or_else(|| client.confirmation().cloned()),
            ..access_token(server, client, attempt, itself, &scope, audience)
        };
        let effects = vec![record(attempt, LedgerEvent::AccessToken, &access.jti)];
        Ok(plain(server, access, scope, effects))
    }
}

/// Its assertion is used up, where the trust says so.
fn use_of_workload(trust: &Trust, workload: &VouchedWorkload) -> Option<Effect> {
    let assertion = workload.assertion();
    let jti = assertion.jti().filter(|_| trust.reuse == Reuse::Once)?;
    Some(Effect::UseOnce {
        issuer: assertion.issuer().to_string(),
        jti: jti.clone(),
        forget_after: assertion.acceptable_until(),
        otherwise: Conflict::GrantUsed,
    })
}

pub(super) fn access_token(
    server: &AuthorizationServer,
    client: &AuthenticatedClient,
    attempt: &mut Attempt,
    sub: Subject,
    scope: &Scope,
    audience: Vec<String>,
) -> AccessTokenClaims {
    attempt.service = Some(server.issuer.to_string());
    attempt.resource = Some(audience.join(" "));
    let us = OneOrMany::One(server.issuer.to_string());
    AccessTokenClaims {
        iss: server.issuer.clone(),
        exp: (attempt.now + server.shared.lifetimes.access_token).unix_timestamp(),
        aud: OneOrMany::of(audience).unwrap_or(us),
        sub,
        client_id: client.id().clone(),
        iat: attempt.now.unix_timestamp(),
        jti: new_jti(server, attempt.now),
        auth_time: None,
        acr: None,
        amr: None,
        scope: scope.clone(),
        authorization_details: None,
        sid: None,
        grant_id: None,
        act: None,
        cnf: client.confirmation().cloned(),
    }
}

/// For the person and the client of the access token that leaves with it.
fn id_token(
    server: &AuthorizationServer,
    attempt: &Attempt,
    access: &AccessTokenClaims,
    (login, sid): (&Login, SessionId),
    nonce: Option<String>,
) -> IdTokenClaims {
    IdTokenClaims {
        iss: server.issuer.clone(),
        sub: access.sub.clone(),
        aud: OneOrMany::One(access.client_id.clone()),
        exp: (attempt.now + server.shared.lifetimes.id_token).unix_timestamp(),
        iat: attempt.now.unix_timestamp(),
        auth_time: login.auth_time.unix_timestamp(),
        nonce,
        acr: login.acr.clone(),
        amr: login.amr.clone(),
        // OIDC Core §2: only due when there is an audience besides the client.
        azp: None,
        at_hash: None,
        sid,
        jti: new_jti(server, attempt.now),
        grant_id: access.grant_id.clone(),
    }
}

pub(super) fn plain(
    server: &AuthorizationServer,
    access: AccessTokenClaims,
    scope: Scope,
    effects: Vec<Effect>,
) -> Order {
    Order {
        token_type: access.token_type(),
        token: Token::Access(Box::new(access)),
        lifetime: server.shared.lifetimes.access_token,
        scope,
        resources: vec![],
        details: None,
        id_token: None,
        refresh_token: None,
        effects,
        family: None,
    }
}

pub(super) fn record(attempt: &Attempt, event: LedgerEvent, jti: &Jti) -> Effect {
    Effect::Record(Box::new(attempt.issued(event, Some(jti.to_string()))))
}

pub(super) fn new_jti(server: &AuthorizationServer, now: OffsetDateTime) -> Jti {
    Jti::parse(&server.shared.environment.ordered_id(now)).expect("it is 32 hexadecimal digits")
}
