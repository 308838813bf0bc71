//! From what was given to what was found: who is asked, with what, in which order.

use super::args::Given;
use super::ask::Asker;
use super::check::{Examined, Rule, Verdict};
use super::endpoint::Endpoint;
use super::forge::Facts;
use super::leg_1::{Leg1, Purse};
use super::subject::{self, Subject};
use super::target::Target;
use super::{exchange, metadata, redeem};
use crate::environment::Environment;

/// An identity provider, and who signed in there, or why nobody did.
struct Idp<'a> {
    target: &'a Target,
    subject: Result<Subject, String>,
}

/// All that the checks of one target may need.
struct Session<'a> {
    asker: &'a Asker,
    environment: &'a Environment,
    given: &'a Given,
    known: &'a [Target],
    idps: &'a [Idp<'a>],
}

const ROLE: Rule = Rule::must(
    "id-jag-7-role",
    "ID-JAG §7",
    "it is a side of an ID-JAG",
    "metadata of who issues ID-JAGs, or of who takes them",
    "see ID-JAG §7.1 and §7.2; or name it by --issuer or --service",
);

/// Examines all targets, and tells of each as soon as it is done. Of one where nobody answers there is
/// nothing to tell.
pub(super) async fn examine(
    asker: &Asker,
    given: &Given,
    mut tell: impl FnMut(&Examined),
) -> Result<Vec<Examined>, String> {
    let environment = Environment::system();
    let mut known: Vec<Target> = Vec::new();
    for issuer in given.targets.iter().chain(&given.issuer) {
        if known.iter().all(|it| it.issuer != *issuer) {
            let named = |name: Option<&String>| name == Some(issuer);
            let named = (named(given.issuer.as_ref()), named(given.service.as_ref()));
            known.push(Target::discover(asker, issuer, named).await);
            known.last().map_or(Ok(()), Target::is_there)?;
        }
    }
    let mut idps = Vec::new();
    for target in known.iter().filter(|it| it.is_idp) {
        let subject = subject::obtain(asker, &environment, given, target).await;
        idps.push(Idp { target, subject });
    }
    let session = Session { asker, environment: &environment, given, known: &known, idps: &idps };
    let mut all = Vec::new();
    for target in known.iter().filter(|it| given.targets.contains(&it.issuer)) {
        let examined = session.examine(target).await;
        tell(&examined);
        all.push(examined);
    }
    Ok(all)
}

impl Session<'_> {
    async fn examine(&self, target: &Target) -> Examined {
        let (issuer, roles) = (target.issuer.clone(), target.roles());
        let mut examined = Examined { issuer, roles, checks: Vec::new() };
        metadata::examine(target, &mut examined);
        let roles = examined.roles.join(", ");
        let got = if roles.is_empty() { "neither".to_owned() } else { roles };
        examined.note(ROLE, Verdict::of(target.is_idp || target.is_ras, got));
        if target.is_idp {
            self.examine_idp(target, &mut examined).await;
        }
        if target.is_ras {
            self.examine_ras(target, &mut examined).await;
        }
        examined
    }

    async fn examine_idp(&self, target: &Target, examined: &mut Examined) {
        let idp = self.idps.iter().find(|it| it.target.issuer == target.issuer);
        let leg_1 = match (idp, self.service_for(target)) {
            (Some(idp), Some(service)) => self.leg_1(idp, service),
            (None, _) => Err("nobody signed in there".to_owned()),
            (_, None) => Err("--service is not given, and no target takes ID-JAGs".to_owned()),
        };
        let client_there = self.given.service_client.as_ref().map(|it| it.id.as_str());
        match leg_1 {
            Err(why) => examined.skip(exchange::rules(), &why),
            Ok(leg_1) => {
                let environment = self.environment;
                exchange::examine(target, &leg_1, client_there, environment, examined).await;
            }
        }
    }

    async fn examine_ras(&self, target: &Target, examined: &mut Examined) {
        let Given { service_client, other_client, .. } = self.given;
        let (client, other) = (service_client.as_ref(), other_client.as_ref());
        let flag = "--service-client-id";
        let endpoint = match Endpoint::of(self.asker, target, client, other, flag) {
            Ok(endpoint) => endpoint,
            Err(why) => return examined.skip(redeem::rules(), &why),
        };
        let idp = self.idp_for(target);
        let nobody = || Err("neither --id-jag nor an identity provider is given".to_owned());
        let leg_1 = idp.map_or_else(nobody, |it| self.leg_1(it, &target.issuer));
        let subject = idp.and_then(|it| it.subject.as_ref().ok());
        let facts = Facts {
            issuer: target.issuer.clone(),
            client_id: endpoint.client_id().to_owned(),
            id_token: subject.map(|it| it.id_token.clone()),
            access_token: None,
            id_jag: None,
            jti: self.environment.unique_id(),
            now: self.environment.clock.now(),
        };
        let mut purse = Purse::new(&self.given.id_jags, leg_1);
        redeem::examine(target, &endpoint, &mut purse, &facts, examined).await;
    }

    /// Whom the ID-JAGs of `idp` are for. An issuer's own would be for nobody (ID-JAG §9.3).
    fn service_for(&self, idp: &Target) -> Option<&str> {
        let mut others = self.known.iter().filter(|it| it.is_ras && it.issuer != idp.issuer);
        let named = self.given.service.as_deref();
        named.or_else(|| others.next().map(|it| it.issuer.as_str()))
    }

    /// Where the ID-JAGs for `ras` come from.
    fn idp_for(&self, ras: &Target) -> Option<&Idp<'_>> {
        let others = self.idps.iter().filter(|it| it.target.issuer != ras.issuer);
        let others: Vec<_> = others.collect();
        let is_named = |it: &Idp<'_>| self.given.issuer.as_ref() == Some(&it.target.issuer);
        let named = others.iter().find(|it| is_named(it));
        named.or(others.first()).copied()
    }

    /// A right request at `idp`, or why there is none.
    fn leg_1<'a>(&'a self, idp: &'a Idp<'_>, audience: &str) -> Result<Leg1<'a>, String> {
        let subject = idp.subject.as_ref().map_err(Clone::clone)?;
        let client = self.given.client.as_ref();
        Ok(Leg1 {
            endpoint: Endpoint::of(self.asker, idp.target, client, None, "--client-id")?,
            subject,
            audience: audience.to_owned(),
            resource: self.given.resource.clone(),
            scope: self.given.scope.clone(),
        })
    }
}
