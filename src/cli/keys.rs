//! `tegata keys`: the signing keys of the issuers.

use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use super::failure::Failure;
use super::opened::{Need, Opened};
use super::table;
use crate::config::{Config, Lifetimes};
use crate::jose::Algorithm;
use crate::model::{KeyRecord, KeyState};
use crate::server::{self, JWKS_CACHED, Pace, Rotated, Rotation, SecretKey};
use crate::store;
use crate::terminal::{Ink, complain, say};

/// Lists signing keys, and rotates them.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tegata keys list
  tegata keys rotate                            a new ES256 key for home; nobody notices
  tegata keys rotate --alg RS256 --issuer chat  another algorithm, another issuer
  tegata keys rotate --now                      the old key is in the wrong hands")]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Lists the keys that are published, of all issuers.
    List {
        /// Only those of this issuer: its URL, the id of a service, or "home".
        #[arg(long, value_name = "ISSUER")]
        issuer: Option<String>,
        /// Those that are gone, too.
        #[arg(long)]
        all: bool,
    },
    Rotate(Rotate),
}

/// Makes a new key. It is published at once, and signs when everybody who keeps a copy of the
/// JWK set has looked again; the old one stays published until nothing it signed is valid.
#[derive(Debug, clap::Args)]
struct Rotate {
    /// The algorithm whose key is rotated.
    #[arg(long, value_name = "ALG", default_value = "ES256", value_parser = algorithm)]
    alg: Algorithm,
    /// Whose key: a URL, the id of a service, or "home".
    #[arg(long, value_name = "ISSUER", default_value = "home")]
    issuer: String,
    /// The new key signs at once and the old one is withdrawn, with all that it signed.
    #[arg(long)]
    now: bool,
}

fn algorithm(text: &str) -> Result<Algorithm, String> {
    Algorithm::parse(text).ok_or_else(|| {
        let known = Algorithm::ALL.map(Algorithm::as_str);
        format!("there are {}", known.join(", "))
    })
}

pub(super) async fn run(config: Config, args: Args) -> Result<(), Failure> {
    let opened = Opened::open(config, Need::Existing).await?;
    match args.command {
        Command::List { issuer, all } => list(&opened, issuer.as_deref(), all).await?,
        Command::Rotate(args) => rotate(&opened, &args).await?,
    }
    opened.close().await
}

async fn list(opened: &Opened, issuer: Option<&str>, all: bool) -> Result<(), Failure> {
    let now = opened.environment.clock.now();
    let mut keys = store::keys::all(opened.store.read()).await?;
    if let Some(issuer) = issuer {
        let issuer = opened.issuer(issuer).await?;
        keys.retain(|it| it.issuer == issuer);
    }
    keys.retain(|it| all || it.state(now) != KeyState::Gone);
    keys.sort_by(|one, other| {
        (&one.issuer, &one.algorithm).cmp(&(&other.issuer, &other.algorithm))
    });
    let row = |key: &KeyRecord| {
        let state = match key.state(now) {
            KeyState::Published => "published",
            KeyState::Signing => "signing",
            KeyState::Retired => "retired",
            KeyState::Gone => "gone",
        };
        [
            key.issuer.to_string(),
            key.algorithm.clone(),
            key.key_id.clone(),
            state.to_owned(),
            at(key.signs_from),
            key.retired_at.map(at).unwrap_or_default(),
            key.gone_at.map(at).unwrap_or_default(),
        ]
    };
    let rows: Vec<_> = keys.iter().map(row).collect();
    let head = ["ISSUER", "ALG", "KID", "STATE", "SIGNS FROM", "RETIRES", "GOES"];
    table::print(head, &rows, Ink::of_stdout());
    Ok(())
}

async fn rotate(opened: &Opened, args: &Rotate) -> Result<(), Failure> {
    let issuer = opened.issuer(&args.issuer).await?;
    let kek = opened.kek().await?;
    // Fails unless this is the key that everything else is sealed with.
    SecretKey::load_or_make(&opened.store, &kek, &opened.environment).await?;
    if args.alg.as_str().starts_with(['R', 'P']) {
        complain("making an RSA key, which takes a moment");
    }
    let wanted = Rotation {
        issuer: issuer.clone(),
        algorithm: args.alg,
        pace: if args.now { Pace::AtOnce } else { Pace::Orderly },
        longest: longest(opened.config.lifetimes),
    };
    let rotated = server::rotate(&opened.store, &opened.environment, &kek, wanted).await?;
    say(format_args!("Rotating the {} key of {issuer}.", args.alg.as_str()));
    tell(&rotated, args.now);
    Ok(())
}

fn tell(rotated: &Rotated, now: bool) {
    let Rotated { new, old } = rotated;
    say(format_args!("+ key {}: signs from {}", new.key_id, at(new.signs_from)));
    for key in old {
        let (retires, goes) = (key.retired_at.map(at), key.gone_at.map(at));
        let (retires, goes) = (retires.unwrap_or_default(), goes.unwrap_or_default());
        say(format_args!("- key {}: retires {retires}, goes {goes}", key.key_id));
    }
    if old.is_empty() {
        say("There was no such key before.");
    }
    if now && !old.is_empty() {
        say(format_args!(
            "\nWhat breaks, and heals by itself:\n  \
             ID tokens, ID-JAGs and access tokens that the old key signed are refused: agents \
             redeem or refresh again, people without a refresh token sign in again.\n  \
             Who keeps a copy of the JWK set refuses new tokens, and takes old ones, until they \
             look again: {} minutes at most where our cache headers are followed.",
            JWKS_CACHED.whole_minutes()
        ));
    }
}

/// Refresh tokens are not signed, so they do not count.
fn longest(lifetimes: Lifetimes) -> Duration {
    lifetimes.id_token.max(lifetimes.access_token).max(lifetimes.id_jag)
}

fn at(time: OffsetDateTime) -> String {
    let whole = time.replace_nanosecond(0).unwrap_or(time);
    whole.format(&Rfc3339).unwrap_or_default()
}
