//! What the demo says before and after the flow.

use super::world::World;
use crate::terminal::Ink;
use crate::walkthrough::cast;

/// Where home listens if nothing else is said; then commands need no `--issuer`.
const DEFAULT_HOME: &str = "http://127.0.0.1:8080";

/// Who is there.
pub(super) fn opening(world: &World, ink: Ink) -> String {
    let World { home, calendar, chat, .. } = world;
    let folder = world.folder.path().display().to_string();
    let rows = [
        ("home", home.clone(), "signs people in, seals ID-JAGs"),
        ("calendar", world.service("calendar"), "a service: gives access tokens"),
        ("", calendar.clone(), "its API, an MCP server"),
        ("chat", world.service("chat"), "another service"),
        ("", chat.clone(), "its API, an MCP server"),
        ("folder", folder, "tegata.toml, directory.toml, the database"),
    ];
    format!("{}\n\n{}", ink.strong("tegata demo"), columns(&rows, ink))
}

/// Between the two services.
pub(super) fn interlude(ink: Ink) -> String {
    let text = "\n     The same sign-in opens a second service. There the administrator leaves the decision to \
                the\n     person, who gave it on the consent page.";
    ink.quiet(text)
}

/// What to open and to type.
pub(super) fn what_next(world: &World, ink: Ink) -> String {
    let open = [
        (world.home.clone(), format!("{} / {}", cast::USERNAME, cast::PASSWORD)),
        (String::new(), format!("{} / {}", cast::OTHER_USERNAME, cast::OTHER_PASSWORD)),
        (world.at("/.well-known/openid-configuration"), "what home says of itself".to_owned()),
    ];
    let (issuer, api) = (world.issuer_option(), world.api_options());
    let folder = world.folder.path().display();
    let bob = format!("--username {} --password {}", cast::OTHER_USERNAME, cast::OTHER_PASSWORD);
    let both = format!("--scope \"{} {}\"", cast::CALENDAR_READ, cast::CALENDAR_WRITE);
    let walk = format!("tegata walkthrough{issuer}");
    let tries = [
        (format!("{walk} --break replay"), "one pass, presented twice"),
        (format!("{walk} --break audience"), "a pass for another service"),
        (format!("{walk} {bob}"), "the calendar is for sales alone: refused"),
        (format!("{walk}{api} {both}"), "this time with the right to write"),
        ("tegata token -".to_owned(), "paste any JWT: what it says, and whether it is true"),
        (format!("curl -i {}", world.calendar), "an API that tells strangers where to go"),
        (format!("tegata ledger tail --config {folder}/tegata.toml"), "who acted for whom"),
    ];
    let mut text = list("Open", &open, ink) + &list("Connect an MCP client", &connect(world), ink);
    text.push_str(&format!("\n{}\n", ink.strong("Type")));
    for (command, note) in tries {
        text.push_str(&format!("  {}\n  {command}\n", ink.quiet(format_args!("# {note}"))));
    }
    text.push_str(&format!(
        "\n{}",
        ink.quiet("Serving. Ctrl-C ends it and leaves nothing behind.")
    ));
    text
}

/// An MCP client of the person's own goes by code: no connection of home names it.
fn connect(world: &World) -> [(String, String); 4] {
    [
        (world.chat.clone(), "it sends you to sign in".to_owned()),
        (cast::MCP_CLIENT_ID.to_owned(), "its client_id".to_owned()),
        (cast::MCP_CLIENT_SECRET.to_owned(), "its client_secret".to_owned()),
        (cast::REDIRECT_URI.to_owned(), "where it is sent back to, on any port".to_owned()),
    ]
}

fn list(title: &str, rows: &[(String, String)], ink: Ink) -> String {
    let mut text = format!("\n{}\n", ink.strong(title));
    for (what, note) in rows {
        text.push_str(&format!("  {what:<56}  {}\n", ink.quiet(note)));
    }
    text
}

impl World {
    /// The issuer identifier of a service that is hosted here.
    pub fn service(&self, id: &str) -> String {
        format!("{}/services/{id}", self.home)
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.home)
    }

    /// What `walkthrough` needs beside its defaults.
    fn issuer_option(&self) -> String {
        match self.home == DEFAULT_HOME {
            true => String::new(),
            false => format!(" --issuer {}", self.home),
        }
    }

    /// What it needs if the calendar's API did not get its port.
    fn api_options(&self) -> String {
        let port = |url: &str| url::Url::parse(url).ok().and_then(|it| it.port());
        match (port(&self.home), port(&self.calendar)) {
            (Some(home), Some(api)) if home.checked_add(1) == Some(api) => String::new(),
            _ => format!(" --api {} --tool {}", self.calendar, cast::LIST_EVENTS),
        }
    }
}

fn columns(rows: &[(&str, String, &str)], ink: Ink) -> String {
    let values = rows.iter().map(|(_, value, _)| value.chars().count()).max().unwrap_or_default();
    let line = |(name, value, note): &(&str, String, &str)| {
        format!("  {}  {value:<values$}  {}", ink.quiet(format_args!("{name:<8}")), ink.quiet(note))
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}
