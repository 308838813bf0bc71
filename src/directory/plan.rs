//! Finding what differs between a file and the store. Pure.

use secrecy::ExposeSecret;

use super::credentials::NewHashes;
use super::declared::{Declared, DeclaredClient, DeclaredUser};
use super::differences::Differences;
use super::planned::{Change, Mark, Plan, Write};
use super::present::Present;
use crate::environment::Environment;
use crate::model::{Approval, ClaimSource, Client, Connection, ConnectionTerms, Service, User};
use crate::oauth::{Issuer, Subject};
use crate::server::SecretKey;

/// What a plan is made with besides the two states.
pub(super) struct Means<'a> {
    pub home: &'a Issuer,
    pub secret_key: &'a SecretKey,
    pub environment: &'a Environment,
    pub hashes: &'a NewHashes,
    /// Whether what is not in the file is to be deactivated.
    pub prune: bool,
}

/// What makes `present` into `declared`. Made again afterwards, it is empty.
pub(super) fn plan(declared: &Declared, present: &Present, means: &Means<'_>) -> Plan {
    let mut plan = Plan::default();
    for name in declared.groups.iter().filter(|name| !present.groups.contains(name)) {
        plan.change(Mark::Added, format!("group {name}"), vec![], Write::Group(name.clone()));
    }
    for user in &declared.users {
        plan_user(&mut plan, user, present.user(&user.username), means);
    }
    let mut present = present.clone();
    super::plan_services::plan(&mut plan, declared, &mut present);
    let place = Place { home: means.home, declared, present: &present };
    for client in &declared.clients {
        let before = present.client(&client.record.issuer, &client.record.id);
        plan_client(&mut plan, client, before, &place, means.secret_key);
    }
    for connection in &declared.connections {
        let same = |it: &&Connection| same_parties(it, connection);
        plan_connection(&mut plan, connection, present.connections.iter().find(same));
    }
    super::plan_rest::plan(&mut plan, &place, means.prune);
    plan
}

/// Where clients are registered, in words.
pub(super) struct Place<'a> {
    home: &'a Issuer,
    pub declared: &'a Declared,
    pub present: &'a Present,
}

impl Place<'_> {
    /// A client with the id of the service where it is registered.
    pub(super) fn of(&self, client: &Client) -> String {
        let declared = self.declared.services.iter().map(|it| &it.record);
        let mut services = declared.chain(self.present.services.iter().map(|(it, _)| it));
        match services.find(|it: &&Service| it.issuer == client.issuer) {
            _ if client.issuer == *self.home => format!("client {}", client.id),
            Some(service) => format!("client {} at {}", client.id, service.id),
            None => format!("client {} at {}", client.id, client.issuer),
        }
    }
}

pub(super) fn same_parties(one: &Connection, other: &Connection) -> bool {
    one.client == other.client && one.service == other.service
}

pub(super) fn connection_name(it: &Connection) -> String {
    format!("connection {} → {}", it.client, it.service)
}

fn plan_user(plan: &mut Plan, declared: &DeclaredUser, before: Option<&User>, means: &Means<'_>) {
    let what = format!("user {}", declared.username);
    let new_id = || {
        let id = means.environment.unique_id();
        Subject::parse(&id).expect("it is 32 hexadecimal digits")
    };
    let hash = means.hashes.get(&declared.username).cloned();
    let after = User {
        id: before.map_or_else(new_id, |it| it.id.clone()),
        username: declared.username.clone(),
        email: declared.email.clone(),
        // The administrator vouches for it.
        email_verified: declared.email.is_some(),
        name: declared.name.clone(),
        password_hash: hash.or_else(|| before?.password_hash.clone()),
        groups: declared.groups.clone(),
        active: declared.active,
    };
    let Some(before) = before else {
        let mut differences = Differences::of_new();
        differences.list("groups", &[], &after.groups);
        differences.active(true, after.active);
        let mut details = differences.into_words();
        if after.password_hash.is_none() {
            let name = &after.username;
            details.push(format!("no password: `tegata user password {name}` gives one"));
        }
        return plan.change(Mark::Added, what, details, Write::User(Box::new(after)));
    };
    let mut differences = Differences::default();
    differences.optional("email", before.email.as_deref(), after.email.as_deref());
    if before.email == after.email {
        differences.text("email_verified", before.email_verified, after.email_verified);
    }
    differences.optional("name", before.name.as_deref(), after.name.as_deref());
    differences.list("groups", &before.groups, &after.groups);
    differences.unshown("password", before.password_hash != after.password_hash);
    differences.active(before.active, after.active);
    changed(plan, what, differences, || Write::User(Box::new(after)));
}

fn plan_client(
    plan: &mut Plan,
    declared: &DeclaredClient,
    before: Option<&Client>,
    place: &Place<'_>,
    secret_key: &SecretKey,
) {
    let kept = before.and_then(|it| it.secret_mac.clone());
    let mac = |secret: &str| {
        let same = kept.clone().filter(|kept| secret_key.proves(secret, kept));
        same.unwrap_or_else(|| secret_key.mac(secret))
    };
    let secret_mac = declared.secret.as_ref().map(|it| mac(it.expose_secret()));
    let after = Client { secret_mac, ..declared.record.clone() };
    let what = place.of(&after);
    let Some(before) = before else {
        let usual = Client {
            dpop_bound_access_tokens: false,
            tls_client_certificate_bound_access_tokens: false,
            sector: None,
            active: true,
            ..after.clone()
        };
        let mut details = vec![format!("scope {:?}", after.scope.to_string())];
        details.extend(between(Differences::of_new(), &usual, &after).into_words());
        return plan.change(Mark::Added, what, details, Write::Client(Box::new(after)));
    };
    let differences = between(Differences::default(), before, &after);
    changed(plan, what, differences, || Write::Client(Box::new(after)));
}

fn between(mut differences: Differences, before: &Client, after: &Client) -> Differences {
    differences.text("name", &before.name, &after.name);
    differences.text("agent", before.agent, after.agent);
    let methods = (before.auth_method.as_str(), after.auth_method.as_str());
    differences.text("token_endpoint_auth_method", methods.0, methods.1);
    differences.unshown("secret", before.secret_mac != after.secret_mac);
    differences.unshown("jwks", before.jwks != after.jwks);
    differences.optional("jwks_uri", before.jwks_uri.as_deref(), after.jwks_uri.as_deref());
    differences.list("redirect_uris", &before.redirect_uris, &after.redirect_uris);
    let after_logout = (&before.post_logout_redirect_uris, &after.post_logout_redirect_uris);
    differences.list("post_logout_redirect_uris", after_logout.0, after_logout.1);
    let names = |it: &Client| it.grant_types.iter().map(|it| it.as_str()).collect::<Vec<_>>();
    differences.list("grant_types", &names(before), &names(after));
    differences.text("scope", &before.scope, &after.scope);
    let algs = (&before.id_token_signed_response_alg, &after.id_token_signed_response_alg);
    differences.text("id_token_signed_response_alg", algs.0, algs.1);
    let bound = (before.dpop_bound_access_tokens, after.dpop_bound_access_tokens);
    differences.text("dpop_bound_access_tokens", bound.0, bound.1);
    differences.sector(before.sector.as_ref(), after.sector.as_ref());
    let bound = [before, after].map(|it| it.tls_client_certificate_bound_access_tokens);
    differences.text("tls_client_certificate_bound_access_tokens", bound[0], bound[1]);
    differences.active(before.active, after.active);
    differences
}

fn plan_connection(plan: &mut Plan, after: &Connection, before: Option<&Connection>) {
    let what = connection_name(after);
    let write = || Write::Connection(Box::new(after.clone()));
    let approval = |it: &Connection| match it.approval {
        Approval::Admin => "admin",
        Approval::User => "user",
    };
    let Some(before) = before else {
        let mut details = vec![
            format!("scope {:?}", after.scope.to_string()),
            format!("approval {:?}", approval(after)),
        ];
        let mut differences = Differences::of_new();
        differences.list("resources", &[], &after.resources);
        differences.list("groups", &[], &after.groups);
        terms(&mut differences, &ConnectionTerms::default(), &after.terms);
        differences.active(true, after.active);
        details.extend(differences.into_words());
        return plan.change(Mark::Added, what, details, write());
    };
    let mut differences = Differences::default();
    differences.text("client_id", &before.client_there, &after.client_there);
    differences.text("scope", &before.scope, &after.scope);
    differences.list("resources", &before.resources, &after.resources);
    differences.list("groups", &before.groups, &after.groups);
    differences.text("approval", approval(before), approval(after));
    terms(&mut differences, &before.terms, &after.terms);
    differences.active(before.active, after.active);
    changed(plan, what, differences, write);
}

fn terms(differences: &mut Differences, before: &ConnectionTerms, after: &ConnectionTerms) {
    let grants = |it: &ConnectionTerms| -> Vec<&str> {
        it.grants.iter().map(|grant| grant.as_str()).collect()
    };
    differences.list("grants", &grants(before), &grants(after));
    differences.list("acr", &before.acr, &after.acr);
    let seconds = |it: Option<u32>| it.map(|seconds| seconds.to_string());
    let ages = (seconds(before.max_age), seconds(after.max_age));
    differences.optional("max_age", ages.0.as_deref(), ages.1.as_deref());
    let lives = (seconds(before.lifetime), seconds(after.lifetime));
    differences.optional("lifetime", lives.0.as_deref(), lives.1.as_deref());
    let details = (&before.authorization_details, &after.authorization_details);
    differences.list("authorization_details", details.0, details.1);
    differences.list("actors", &before.actors, &after.actors);
    differences.list("actor_accounts", &before.actor_accounts, &after.actor_accounts);
    differences.text("resource_required", before.resource_required, after.resource_required);
    let claims = |it: &ConnectionTerms| -> Vec<String> {
        let claim = |(name, source): (&String, &ClaimSource)| {
            format!("{name}={}", String::from(source.clone()))
        };
        it.claims.iter().map(claim).collect()
    };
    differences.list("claims", &claims(before), &claims(after));
}

/// Adds a change, if anything differs.
pub(super) fn changed(
    plan: &mut Plan,
    what: String,
    differences: Differences,
    write: impl FnOnce() -> Write,
) {
    if !differences.is_empty() {
        let details = differences.into_words();
        plan.changes.push(Change { mark: Mark::Changed, what, details, write: Some(write()) });
    }
}
