//! What differs about services and whom they trust.

use super::declared::{Declared, DeclaredService};
use super::differences::Differences;
use super::plan::changed;
use super::planned::{Change, Mark, Plan, Write};
use super::present::Present;
use crate::model::{Accounts, Registrations, Reuse, Service, Trust, TrustTerms, TrustedKeys};
use crate::oauth::{Issuer, Scope};

/// Plans the services of `declared`. Clients that move with a service to another issuer are
/// there in `present` afterwards.
pub(super) fn plan(plan: &mut Plan, declared: &Declared, present: &mut Present) {
    for DeclaredService { record: after, trusts } in &declared.services {
        let before = present.services.iter().find(|(it, _)| it.id == after.id).cloned();
        let (before, trusted) = match before {
            Some((service, trusted)) => (Some(service), trusted),
            None => (None, vec![]),
        };
        plan_service(plan, after, before.as_ref());
        if let Some(before) = before.filter(|it| it.issuer != after.issuer) {
            move_clients(plan, &before.issuer, after, present);
        }
        plan_trusts(plan, after, trusts, &trusted);
    }
}

fn plan_service(plan: &mut Plan, after: &Service, before: Option<&Service>) {
    let what = format!("service {}", after.id);
    let write = || Write::Service(Box::new(after.clone()));
    let Some(before) = before else {
        let usual = Service {
            registrations: Registrations::Off,
            described_scope: Scope::default(),
            dpop_bound_access_tokens_required: false,
            sector: None,
            active: true,
            ..after.clone()
        };
        let mut details = vec![format!("issuer {:?}", after.issuer.as_str())];
        details.extend(between(Differences::of_new(), &usual, after).into_words());
        return plan.change(Mark::Added, what, details, write());
    };
    changed(plan, what, between(Differences::default(), before, after), write);
}

fn between(mut differences: Differences, before: &Service, after: &Service) -> Differences {
    differences.text("name", &before.name, &after.name);
    differences.text("issuer", &before.issuer, &after.issuer);
    differences.text("hosted", before.hosted, after.hosted);
    differences.list("resources", &before.resources, &after.resources);
    differences.list("audience_aliases", &before.audience_aliases, &after.audience_aliases);
    differences.text("scopes", before.scope(), after.scope());
    let reworded = before.scope() == after.scope() && before.scopes != after.scopes;
    differences.unshown("words of scopes", reworded);
    let algs = (&before.access_token_signing_alg, &after.access_token_signing_alg);
    differences.text("access_token_signing_alg", algs.0, algs.1);
    differences.text("described_clients", &before.described_scope, &after.described_scope);
    let registrations = (before.registrations.as_str(), after.registrations.as_str());
    differences.text("registration", registrations.0, registrations.1);
    let types = (&before.authorization_details_types, &after.authorization_details_types);
    differences.list("authorization_details_types", &types.0.names(), &types.1.names());
    let reworded = types.0.names() == types.1.names() && types.0 != types.1;
    differences.unshown("schemas of authorization_details_types", reworded);
    let bound = (before.dpop_bound_access_tokens_required, after.dpop_bound_access_tokens_required);
    differences.text("dpop_bound_access_tokens_required", bound.0, bound.1);
    differences.sector(before.sector.as_ref(), after.sector.as_ref());
    differences.active(before.active, after.active);
    differences
}

/// A registration is at an issuer, so it moves when the issuer of the service changes.
fn move_clients(plan: &mut Plan, from: &Issuer, to: &Service, present: &mut Present) {
    let mut moved = Vec::new();
    for client in present.clients.iter_mut().filter(|it| it.issuer == *from) {
        client.issuer = to.issuer.clone();
        moved.push(client.clone());
    }
    if moved.is_empty() {
        return;
    }
    let details = vec![format!("issuer {:?} → {:?}", from.as_str(), to.issuer.as_str())];
    let what = format!("clients at {} ({})", to.id, moved.len());
    plan.change(Mark::Changed, what, details, Write::Move { from: from.clone(), clients: moved });
}

/// Trusts are a part of their service: those that its entry does not name are withdrawn. All
/// of them are written at once, with the first line.
fn plan_trusts(plan: &mut Plan, service: &Service, after: &[Trust], before: &[Trust]) {
    let mut changes = Vec::new();
    let mut change = |mark, trust: &Trust, details| {
        let what = format!("trust of {} in {}", service.id, trust.name());
        changes.push(Change { mark, what, details, write: None });
    };
    for gone in before.iter().filter(|it| !after.iter().any(|new| new.name() == it.name())) {
        change(Mark::TakenOut, gone, vec![]);
    }
    for new in after {
        match before.iter().find(|it| it.name() == new.name()) {
            None => {
                let scope = new.scope.as_ref().map(|it| format!("scopes {:?}", it.to_string()));
                let accounts = format!("accounts {:?}", accounts(new.accounts));
                let details = [new.workload().is_none().then_some(accounts), scope];
                let usual = Trust {
                    reuse: Reuse::Once,
                    terms: TrustTerms {
                        tenant: new.terms.tenant.clone(),
                        workload: new.terms.workload.clone(),
                        ..TrustTerms::default()
                    },
                    active: true,
                    ..new.clone()
                };
                let more = differences(Differences::of_new(), &usual, new).into_words();
                let details = details.into_iter().flatten().chain(more);
                change(Mark::Added, new, details.collect());
            }
            Some(old) => {
                let differences = differences(Differences::default(), old, new);
                if !differences.is_empty() {
                    change(Mark::Changed, new, differences.into_words());
                }
            }
        }
    }
    if let Some(first) = changes.first_mut() {
        first.write = Some(Write::Trusts(service.id.clone(), after.to_vec()));
    }
    plan.changes.append(&mut changes);
}

fn differences(mut differences: Differences, old: &Trust, new: &Trust) -> Differences {
    differences.text("keys", keys(&old.keys), keys(&new.keys));
    differences.unshown("jwks", keys(&old.keys) == keys(&new.keys) && old.keys != new.keys);
    let scope = |it: &Trust| it.scope.as_ref().map(ToString::to_string);
    differences.optional("scopes", scope(old).as_deref(), scope(new).as_deref());
    differences.text("reuse", reuse(old.reuse), reuse(new.reuse));
    differences.text("accounts", accounts(old.accounts), accounts(new.accounts));
    differences.text("longest", old.longest.whole_seconds(), new.longest.whole_seconds());
    let aud_tenants = (old.terms.aud_tenant.as_deref(), new.terms.aud_tenant.as_deref());
    differences.optional("aud_tenant", aud_tenants.0, aud_tenants.1);
    let required = (old.terms.resource_required, new.terms.resource_required);
    differences.text("resource_required", required.0, required.1);
    let details = (&old.terms.authorization_details, &new.terms.authorization_details);
    differences.list("authorization_details", details.0, details.1);
    differences.text("act", old.terms.act, new.terms.act);
    differences.text("aud_sub", old.terms.aud_sub, new.terms.aud_sub);
    differences.list("email_domains", &old.terms.email_domains, &new.terms.email_domains);
    differences.list("link_domains", &old.terms.link_domains, &new.terms.link_domains);
    let resources = |it: &Trust| it.workload().map(|it| it.resources.clone()).unwrap_or_default();
    differences.list("resources", &resources(old), &resources(new));
    differences.active(old.active, new.active);
    differences
}

fn keys(keys: &TrustedKeys) -> &str {
    match keys {
        TrustedKeys::Local => "of this server",
        TrustedKeys::Inline(_) => "in the file",
        TrustedKeys::Uri(uri) => uri,
        TrustedKeys::Discovered => "discovered",
    }
}

fn reuse(reuse: Reuse) -> &'static str {
    match reuse {
        Reuse::Once => "once",
        Reuse::UntilExpiry => "until_expiry",
    }
}

fn accounts(accounts: Accounts) -> &'static str {
    match accounts {
        Accounts::SamePerson => "the same people",
        Accounts::Linked => "linked",
        Accounts::JustInTime => "just_in_time",
    }
}
