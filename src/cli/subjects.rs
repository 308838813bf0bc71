//! `tegata user subjects`: by which `sub` somebody is known, and whom a `sub` means.

use std::collections::BTreeMap;

use super::failure::Failure;
use super::opened::Opened;
use super::table;
use crate::model::User;
use crate::oauth::{Sector, Subject};
use crate::server::PairwiseKey;
use crate::store;
use crate::terminal::{Ink, printable, say};

/// Shows by which `sub` somebody is known where, and whom a `sub` means.
///
/// The ledger has the public one; clients and services of another sector know another.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A username, or any `sub` of anybody.
    #[arg(value_name = "USERNAME|SUB")]
    who: String,
    /// A sector besides those of the directory and of registrations: of a client that describes
    /// itself it is the host of its redirect URIs. May be given several times.
    #[arg(long = "sector", value_name = "HOST")]
    sectors: Vec<String>,
}

pub(super) async fn run(opened: Opened, args: Args) -> Result<(), Failure> {
    let sectors = sectors(&opened, &args.sectors).await?;
    let key = opened.pairwise_key().await?;
    let user = meant(&opened, &key, &sectors, &args.who).await?;
    let Some(user) = user else {
        return Err(Failure::new(format!(
            "nobody is called {:?}, by name or by sub, in any of {} sectors",
            args.who,
            sectors.len()
        )));
    };
    let mut rows = vec![[String::new(), user.id.to_string(), "public".to_owned()]];
    for (sector, who) in sectors.values() {
        let sub = key.names(Some(sector)).subject(&user.id)?;
        rows.push([sector.to_string(), sub.to_string(), who.join(", ")]);
    }
    say(format_args!("{}", printable(&user.username)));
    table::print(["SECTOR", "SUB", "FOR"], &rows, Ink::of_stdout());
    opened.close().await
}

/// All sectors in order, with who is in each.
type Sectors = BTreeMap<String, (Sector, Vec<String>)>;

async fn sectors(opened: &Opened, named: &[String]) -> Result<Sectors, Failure> {
    let (db, home) = (opened.store.read(), &opened.config.public_url);
    let mut sectors = Sectors::new();
    let mut add = |sector: Option<Sector>, who: Option<String>| {
        let Some(sector) = sector else { return };
        let (_, all) = sectors.entry(sector.to_string()).or_insert((sector, vec![]));
        all.extend(who);
    };
    for service in store::services::all(db).await? {
        add(service.sector, Some(format!("service {}", service.id)));
    }
    for client in store::clients::all(db).await? {
        add(client.sector, Some(format!("client {}", client.id)));
    }
    for it in store::registrations::all(db).await?.iter().filter(|it| it.issuer == *home) {
        add(it.metadata.sector(&it.client), Some(format!("client {}", it.client)));
    }
    for text in named {
        add(Some(Sector::parse(text)?), None);
    }
    Ok(sectors)
}

async fn meant(
    opened: &Opened,
    key: &PairwiseKey,
    sectors: &Sectors,
    who: &str,
) -> Result<Option<User>, Failure> {
    let db = opened.store.read();
    let named = store::users::named(db, who).await?;
    let (None, Ok(sub)) = (&named, Subject::parse(who)) else { return Ok(named) };
    let public = [None].into_iter();
    for sector in public.chain(sectors.values().map(|(sector, _)| Some(sector))) {
        if let Some(id) = key.names(sector).person(&sub) {
            return Ok(store::users::find(db, &id).await?);
        }
    }
    Ok(None)
}
