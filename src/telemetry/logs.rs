//! Logs, to standard error.

use std::io::{self, IsTerminal};

use tracing::Level;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::filter::{EnvFilter, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry, fmt};

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people on a terminal, else for machines.
    Auto,
    Human,
    Json,
}

impl LogFormat {
    /// Reads the word of the configuration.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "auto" => Some(Self::Auto),
            "human" => Some(Self::Human),
            "json" => Some(Self::Json),
            _ => None,
        }
    }
}

/// What is logged, in the directives of [`EnvFilter`]. Checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFilter(String);

/// The directives are no directives.
#[derive(Debug, thiserror::Error)]
#[error("it has a directive that cannot be understood")]
pub struct BadFilter;

impl LogFilter {
    /// Checks the directives.
    pub fn parse(text: &str) -> Result<Self, BadFilter> {
        EnvFilter::try_new(text).map_err(|_| BadFilter)?;
        Ok(Self(text.to_owned()))
    }

    fn filter(&self) -> EnvFilter {
        EnvFilter::new(&self.0)
    }
}

/// So many lines wait to be written. When whoever reads them has stopped to, more are dropped:
/// a log that is stuck is no reason to answer nobody.
const WAITING: usize = 16_384;

/// What is logged is written for as long as this lives; then what waits is written, too.
#[must_use]
pub struct Logging {
    _writer: WorkerGuard,
}

/// Begins to log. If somebody already does, in a test for instance, that stays as it is.
pub fn start(format: LogFormat, level: &LogFilter) -> Logging {
    let terminal = io::stderr().is_terminal();
    let human = match format {
        LogFormat::Auto => terminal,
        LogFormat::Human => true,
        LogFormat::Json => false,
    };
    let together = io::BufWriter::new(io::stderr());
    let writing = NonBlockingBuilder::default().buffered_lines_limit(WAITING).finish(together);
    let (writer, guard) = writing;
    let lines = fmt::layer::<Registry>().with_writer(writer);
    // On a terminal it is for `NO_COLOR` to say.
    let lines = if terminal { lines } else { lines.with_ansi(false) };
    let lines = match human {
        true => lines.boxed(),
        false => lines.json().flatten_event(true).with_current_span(false).boxed(),
    };
    let lines =
        lines.with_filter(filter_fn(|metadata| is_discreet(metadata.target(), *metadata.level())));
    // Err only if somebody logs already.
    let _ = tracing_subscriber::registry().with(lines).with(level.filter()).try_init();
    Logging { _writer: guard }
}

/// Whether what is told there can be written down. Below `WARN`, HTTP and database crates tell
/// of each step, and deeper down print headers, bodies and rows, with tokens and secrets in them; our
/// own rooms never do.
fn is_discreet(target: &str, level: Level) -> bool {
    let ours = target == "tegata" || target.starts_with("tegata::");
    ours || level <= Level::WARN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starting_twice() {
        let _one = start(LogFormat::Auto, &LogFilter::parse("warn").unwrap());
        let _other =
            start(LogFormat::Json, &LogFilter::parse("warn,tegata::outbound=debug").unwrap());
    }

    #[test]
    fn strangers_are_quiet() {
        assert!(is_discreet("tegata::http", Level::TRACE));
        assert!(!is_discreet("hyper::proto::h1", Level::DEBUG));
        assert!(!is_discreet("tegatax", Level::DEBUG));
        assert!(is_discreet("hyper", Level::WARN));
    }
}
