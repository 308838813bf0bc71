//! `tegata policy check`: what would happen, at both legs, and which rule decides; as it is now, and
//! as it would be with another directory file.

mod facts;
mod legs;
mod others;

use std::path::PathBuf;

use self::facts::Facts;
use self::legs::Verdict;
use self::others::Others;
use super::failure::Failure;
use super::opened::{Need, Opened};
use crate::config::Config;
use crate::directory::{self, Options};
use crate::oauth::{ClientId, Resource, Scope};
use crate::terminal::{complain, printable, say};

/// Asks the policy, and issues nothing.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Whether a client gets an ID-JAG for a person, and an access token for that; and if not, why.
    ///
    /// Exit status: 0 it would get both, 1 it would not. With --at it is about what would be with the
    /// file, and 1 as well if the file has mistakes. Nothing is changed.
    #[command(after_help = "Examples:
  tegata policy check --client wiki-agent --user alice --service chat --scope chat.read
  tegata policy check --client wiki-agent --user bob --service chat --at next.toml")]
    Check(Check),
}

#[derive(Debug, clap::Args)]
struct Check {
    /// The client at home.
    #[arg(long)]
    client: String,
    /// The name that the person signs in with.
    #[arg(long)]
    user: String,
    /// The service, by its id, its issuer, or another name that a client may use as audience.
    #[arg(long)]
    service: String,
    /// What it asks for; left out: all that it can get.
    #[arg(long)]
    scope: Option<String>,
    /// A resource that it names. May be given several times.
    #[arg(long = "resource", value_name = "URI")]
    resources: Vec<String>,
    /// Says what is now, and what would be if this directory file were applied.
    #[arg(long, value_name = "FILE")]
    at: Option<PathBuf>,
    /// As if the file were applied with --prune.
    #[arg(long, requires = "at")]
    prune: bool,
}

/// All that is asked about.
struct Question {
    client: ClientId,
    user: String,
    service: String,
    scope: Option<Scope>,
    resources: Vec<Resource>,
}

pub(super) async fn run(config: Config, args: Args) -> Result<(), Failure> {
    let Command::Check(check) = args.command;
    let opened = Opened::open(config, Need::Existing).await?;
    let done = match &check.at {
        None => checked(&opened, &check).await,
        Some(file) => compared(&opened, &check, file).await,
    };
    opened.close().await?;
    done
}

impl Check {
    fn question(&self) -> Result<Question, Failure> {
        let resources = self.resources.iter().map(|it| Resource::parse(it));
        Ok(Question {
            client: ClientId::parse(&self.client)?,
            user: self.user.clone(),
            service: self.service.clone(),
            scope: self.scope.as_deref().map(Scope::parse).transpose()?,
            resources: resources.collect::<Result<_, _>>()?,
        })
    }
}

/// As it is now.
async fn checked(opened: &Opened, check: &Check) -> Result<(), Failure> {
    let question = check.question()?;
    let snapshot = opened.store.snapshot().await?;
    let others = Others::new(opened);
    let facts = Facts::read(&snapshot, &others, &opened.config.public_url, &question).await?;
    let facts = facts.map_err(|unknown| Failure::new(unknown.to_string()))?;
    say(headline(&question, Some(&facts)));
    let verdict = legs::decide(&facts, &question, opened.environment.clock.now())?;
    for line in &verdict.said {
        say(line);
    }
    if facts.service.sector.is_some() {
        let names = opened.pairwise_key().await?.names(facts.service.sector.as_ref());
        say(format_args!("         by the pairwise sub {}", names.subject(&facts.user.id)?));
    }
    verdict.no.map_or(Ok(()), |no| Err(Failure::new(no.to_string())))
}

/// As it is now, and as it would be with `file`, which decides the exit status.
async fn compared(opened: &Opened, check: &Check, file: &std::path::Path) -> Result<(), Failure> {
    let question = check.question()?;
    let (home, now) = (&opened.config.public_url, opened.environment.clock.now());
    let others = Others::new(opened);
    let before = Facts::read(&opened.store.snapshot().await?, &others, home, &question).await?;

    let options = Options { dry_run: true, prune: check.prune, announce: |text| complain(text) };
    let ground = opened.ground().await?;
    let (plan, foreseen) = directory::foresee_file(&ground, file, options).await?;
    let after = Facts::read(&foreseen, &others, home, &question).await;
    // Dropped, it is undone.
    drop(foreseen);
    let after = after?;

    let known = after.as_ref().ok().or(before.as_ref().ok());
    say(headline(&question, known));
    let changes = plan.changes.len();
    let with = format!("with {} ({changes} to change)", file.display());
    let mut would = None;
    for (when, facts) in [("now".to_owned(), before), (with, after)] {
        say(format_args!("{}", printable(&when)));
        let verdict = match facts {
            Ok(facts) => legs::decide(&facts, &question, now)?,
            Err(unknown) => Verdict::no(unknown),
        };
        for line in &verdict.said {
            say(line);
        }
        if let Some(no) = &verdict.no {
            for line in no.lines() {
                say(line);
            }
        }
        would = verdict.no;
    }
    would.map_or(Ok(()), |_| Err(Failure::new("with the file, it would not get both")))
}

fn headline(question: &Question, facts: Option<&Facts>) -> String {
    let service = match facts {
        Some(facts) => format!("{} ({})", facts.service.id, facts.service.issuer),
        None => question.service.clone(),
    };
    let all = format!("{} for {} at {service}", question.client, question.user);
    printable(&all)
}
