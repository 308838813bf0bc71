//! What the server tells about itself: logs and metrics.

mod causes;
mod logs;
mod metrics;
mod stopwatch;

pub use causes::with_causes;
pub use logs::{BadFilter, LogFilter, LogFormat, Logging, start};
pub use metrics::{InFlight, METRICS_TYPE, Metrics};
pub use stopwatch::Stopwatch;
