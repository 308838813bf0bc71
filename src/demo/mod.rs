//! `tegata demo`: everything on loopback, in a throw-away folder, once from end to end.

pub mod api;
mod told;
mod tools;
pub mod verification;
pub mod world;

use std::net::SocketAddr;
use std::process::ExitCode;

use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use self::world::World;
use crate::environment::Environment;
use crate::outbound::Reach;
use crate::terminal::{Ink, complain, printable, say};
use crate::walkthrough::agent::{Agent, Api, Credentials, Person, Target, Tools};
use crate::walkthrough::args::http;
use crate::walkthrough::cast;
use crate::walkthrough::chain;
use crate::walkthrough::failure::Failure;
use crate::walkthrough::human;
use crate::walkthrough::report::Report;

/// Starts home, two services and their APIs, which are MCP servers, in a throw-away folder,
/// performs the whole way of an ID-JAG once and prints it, then keeps serving until Ctrl-C.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Where home listens; the APIs take the two ports above it, if they are free.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Ends after the flow: 0 if all of it was right, 1 if not.
    #[arg(long)]
    pub once: bool,
}

/// Plays the demo.
pub async fn run(args: Args) -> ExitCode {
    let world = match world::start(args.listen, &[]).await {
        Ok(world) => world,
        Err(why) => {
            complain(printable(&why.to_string()));
            return ExitCode::FAILURE;
        }
    };
    let ink = Ink::of_stdout();
    say(told::opening(&world, ink));
    let played = play(&world, ink).await;
    match &played {
        Ok(()) => {
            say(format_args!("\n{}", ink.strong("The whole way, and every check was right.")));
        }
        Err(failure) => complain(printable(&failure.to_string())),
    }
    if !args.once {
        say(told::what_next(&world, ink));
        until_told_to_stop().await;
        say(format_args!("\n{}", ink.quiet("Ending; the folder goes, too.")));
    }
    world.end().await;
    if played.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The calendar, which the administrator decided about, and the chat, which Alice did.
async fn play(world: &World, ink: Ink) -> Result<(), Failure> {
    let agent = Agent {
        http: http(Reach::Everywhere)?,
        environment: Environment::system(),
        home: world.home.clone(),
        credentials: credentials(cast::CLIENT_ID, cast::CLIENT_SECRET),
        redirect_uri: cast::REDIRECT_URI.to_owned(),
        person: Person { username: cast::USERNAME.to_owned(), password: cast::PASSWORD.to_owned() },
    };
    let calendar = Target {
        service: world.service("calendar"),
        credentials: credentials(cast::CLIENT_ID_AT_CALENDAR, cast::CLIENT_SECRET_AT_CALENDAR),
        resource: Some(world.calendar.clone()),
        scope: Some(cast::CALENDAR_READ.to_owned()),
        api: Some(Api {
            url: world.calendar.clone(),
            tools: Some(Tools {
                read: cast::LIST_EVENTS.to_owned(),
                write: Some((
                    cast::ADD_EVENT.to_owned(),
                    json!({ "text": "12:00 Lunch with the travel agent" }),
                )),
            }),
        }),
    };
    let chat = Target {
        service: world.service("chat"),
        credentials: credentials(cast::CLIENT_ID_AT_CHAT, cast::CLIENT_SECRET_AT_CHAT),
        resource: Some(world.chat.clone()),
        scope: Some(cast::CHAT_READ.to_owned()),
        api: Some(Api {
            url: world.chat.clone(),
            tools: Some(Tools { read: cast::READ_MESSAGES.to_owned(), write: None }),
        }),
    };
    let mut report = Report::new(move |number, step| say(human::step(number, step, ink)));
    let signed_in = chain::sign_in(&agent, &mut report).await?;
    chain::reach(&agent, &signed_in, &calendar, &mut report).await?;
    say(told::interlude(ink));
    chain::reach(&agent, &signed_in, &chat, &mut report).await
}

fn credentials(id: &str, secret: &str) -> Credentials {
    Credentials { id: id.to_owned(), secret: Some(secret.to_owned()) }
}

/// Ctrl-C, or SIGTERM as supervisors send it.
async fn until_told_to_stop() {
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => terminate.recv().await,
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminated => {}
    }
}
