//! `tegata serve`.

use tokio::signal::unix::{SignalKind, signal};

use super::failure::Failure;
use crate::app::Running;
use crate::config::Config;
use crate::telemetry;

pub(super) async fn run(config: Config) -> Result<(), Failure> {
    telemetry::start(config.log.format, &config.log.level);
    let issuer = config.public_url.clone();
    let running = Running::start(config).await?;
    tracing::info!(listen = %running.address(), %issuer, "tegata serves");
    told_to_stop().await?;
    tracing::info!("tegata stops: it finishes what is under way");
    running.stop().await;
    tracing::info!("tegata has stopped");
    Ok(())
}

/// Ctrl-C, or SIGTERM as supervisors send it.
async fn told_to_stop() -> Result<(), Failure> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        _ = terminate.recv() => {}
    }
    Ok(())
}
