//! `tegata serve`.

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::failure::Failure;
use crate::app::Running;
use crate::config::Config;
use crate::telemetry;

pub(super) async fn run(config: Config) -> Result<(), Failure> {
    let _logging = telemetry::start(config.log.format, &config.log.level);
    let issuer = config.public_url.clone();
    let mut orders = Orders::listen()?;
    let running = tokio::select! {
        started = Running::start(config) => started?,
        _ = orders.next() => return Ok(()),
    };
    tracing::info!(listen = %running.address(), %issuer, "tegata serves");
    let order = orders.next().await;
    tracing::info!("tegata stops: it finishes what is under way");
    let ending = async {
        if order == Order::ForOthers {
            running.drain().await;
        }
        running.stop().await;
    };
    tokio::select! {
        () = ending => tracing::info!("tegata has stopped"),
        _ = orders.next() => return Err(Failure::new("told to stop twice: it ended at once")),
    }
    Ok(())
}

/// How we were told to stop.
#[derive(PartialEq, Eq)]
enum Order {
    /// Ctrl-C: somebody sits there and waits.
    ByHand,
    /// SIGTERM, as supervisors send it: others are to take over first.
    ForOthers,
}

/// Heard from the first moment on, and the second as well as the first.
struct Orders {
    interrupt: Signal,
    terminate: Signal,
}

impl Orders {
    fn listen() -> Result<Self, Failure> {
        let interrupt = signal(SignalKind::interrupt())?;
        Ok(Self { interrupt, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) -> Order {
        tokio::select! {
            _ = self.interrupt.recv() => Order::ByHand,
            _ = self.terminate.recv() => Order::ForOthers,
        }
    }
}
