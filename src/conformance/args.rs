//! The command line of `tegata conformance`: that of the walkthrough, with targets.

use std::fs;
use std::path::{Path, PathBuf};

use crate::walkthrough::agent::Credentials;
use crate::walkthrough::{cast, well_known};

/// Checks issuers of any make against the specs, by their answers alone: the side that issues
/// ID-JAGs (ID-JAG §4.3), and the side that takes them (§4.4). Requests that are right come first,
/// then the same with one thing broken.
///
/// Exit status: 0 if no MUST failed, 1 if one did, 2 if the command line is wrong.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  tegata conformance                     what `tegata demo` serves in another terminal
  tegata conformance --target https://idp.example --target https://chat.example \\
    --client-id … --client-secret … --username alice --password … \\
    --service-client-id … --service-client-secret …

Which side a target is, its metadata say. Without what a check needs it is skipped, and says so.
Use a test client and a test person: there are wrong secrets among what is sent.")]
pub struct Args {
    /// The issuer identifier of what is checked; may be given several times
    /// [default: --issuer and --service].
    #[arg(long = "target", value_name = "URL")]
    pub targets: Vec<String>,
    /// Where the person signs in and ID-JAGs come from [default: the first target that issues them;
    /// without any, that of `tegata demo`].
    #[arg(long, value_name = "URL")]
    pub issuer: Option<String>,
    /// Whom the ID-JAGs are for [default: the first target that takes them; without any,
    /// ISSUER/services/calendar].
    #[arg(long, value_name = "URL")]
    pub service: Option<String>,
    /// The client's id at the identity provider. Without --target, this and what follows fit
    /// `tegata demo`.
    #[arg(long, value_name = "ID")]
    pub client_id: Option<String>,
    /// Its secret there.
    #[arg(long, value_name = "SECRET")]
    pub client_secret: Option<String>,
    /// The client's id at the service.
    #[arg(long, value_name = "ID")]
    pub service_client_id: Option<String>,
    /// Its secret there.
    #[arg(long, value_name = "SECRET")]
    pub service_client_secret: Option<String>,
    /// Another client of the service, which must not get anything for the ID-JAG of the first.
    #[arg(long, value_name = "ID")]
    pub other_client_id: Option<String>,
    /// Its secret.
    #[arg(long, value_name = "SECRET")]
    pub other_client_secret: Option<String>,
    /// The resource indicator to ask for.
    #[arg(long, value_name = "URL")]
    pub resource: Option<String>,
    /// The scope to ask for [default: whatever there is].
    #[arg(long)]
    pub scope: Option<String>,
    /// Who signs in, by the form of the sign-in page.
    #[arg(long)]
    pub username: Option<String>,
    /// With this password.
    #[arg(long)]
    pub password: Option<String>,
    /// Where the browser is sent back to. Nothing needs to listen there.
    #[arg(long, value_name = "URL", default_value = cast::REDIRECT_URI)]
    pub redirect_uri: String,
    /// An ID token of the client, in place of signing in: for sign-in pages with more than a form.
    #[arg(long, value_name = "FILE")]
    pub subject_token: Option<PathBuf>,
    /// An ID-JAG for the service, in place of an identity provider. Each is presented once; several
    /// can be given.
    #[arg(long = "id-jag", value_name = "FILE")]
    pub id_jags: Vec<PathBuf>,
    /// Prints one JSON object and nothing else.
    #[arg(long)]
    pub json: bool,
}

/// All that was given, with what fits the demo where nothing was.
pub(super) struct Given {
    pub targets: Vec<String>,
    pub issuer: Option<String>,
    pub service: Option<String>,
    pub client: Option<Credentials>,
    pub service_client: Option<Credentials>,
    pub other_client: Option<Credentials>,
    /// User name and password.
    pub person: Option<(String, String)>,
    pub redirect_uri: String,
    pub resource: Option<String>,
    pub scope: Option<String>,
    pub subject_token: Option<String>,
    pub id_jags: Vec<String>,
}

/// Where `tegata demo` has its home.
const DEMO: &str = "http://127.0.0.1:8080";

impl Given {
    /// What the command line says, or a sentence about what is wrong with it.
    pub(super) fn read(args: &Args) -> Result<Self, String> {
        // As at the walkthrough, what is left out fits the demo; but who names targets means others.
        let demo = args.targets.is_empty();
        let (mut issuer, mut service) = (args.issuer.clone(), args.service.clone());
        let mut targets = args.targets.clone();
        if demo {
            let home = issuer.get_or_insert_with(|| DEMO.to_owned());
            let calendar = format!("{}/services/calendar", home.trim_end_matches('/'));
            targets.push(home.clone());
            targets.push(service.get_or_insert(calendar).clone());
        }
        for url in targets.iter().chain(&issuer).chain(&service) {
            well_known(url).map_err(|failure| failure.to_string())?;
        }
        let or =
            |value: Option<&str>, known: &str| value.or(demo.then_some(known)).map(str::to_owned);
        let username = or(args.username.as_deref(), cast::USERNAME);
        let password = or(args.password.as_deref(), cast::PASSWORD);
        Ok(Self {
            targets,
            issuer,
            service,
            client: credentials(
                args.client_id.as_deref(),
                args.client_secret.as_deref(),
                demo.then_some((cast::CLIENT_ID, cast::CLIENT_SECRET)),
            ),
            service_client: credentials(
                args.service_client_id.as_deref(),
                args.service_client_secret.as_deref(),
                demo.then_some((cast::CLIENT_ID_AT_CALENDAR, cast::CLIENT_SECRET_AT_CALENDAR)),
            ),
            other_client: credentials(
                args.other_client_id.as_deref(),
                args.other_client_secret.as_deref(),
                demo.then_some((
                    cast::OTHER_CLIENT_ID_AT_CALENDAR,
                    cast::OTHER_CLIENT_SECRET_AT_CALENDAR,
                )),
            ),
            person: username.zip(password),
            redirect_uri: args.redirect_uri.clone(),
            resource: args.resource.clone(),
            scope: args.scope.clone(),
            subject_token: args.subject_token.as_deref().map(token).transpose()?,
            id_jags: args.id_jags.iter().map(|it| token(it)).collect::<Result<_, _>>()?,
        })
    }
}

/// The demo's secret goes with the demo's client alone.
fn credentials(
    id: Option<&str>,
    secret: Option<&str>,
    demo: Option<(&str, &str)>,
) -> Option<Credentials> {
    let id = id.or(demo.map(|(its, _)| its))?;
    let known = demo.filter(|(its, _)| *its == id).map(|(_, known)| known);
    let secret = secret.or(known).map(str::to_owned);
    Some(Credentials { id: id.to_owned(), secret })
}

fn token(file: &Path) -> Result<String, String> {
    let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    match text.trim() {
        "" => Err(format!("{}: there is no token in it", file.display())),
        token => Ok(token.to_owned()),
    }
}
