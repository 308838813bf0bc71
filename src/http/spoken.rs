//! How HTTP is spoken: what a connection may take of us, in each version.

use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto::Builder;

use crate::config::Bounds;

/// What a request of HTTP/2 may send before we have read any of it, and all requests of its
/// connection together, in bytes. The largest form fits in.
pub(super) const STREAM_WINDOW: u32 = 64 * 1024;
const CONNECTION_WINDOW: u32 = 256 * 1024;

/// What hyper keeps on the stack for the fields of a header.
const FIELDS_ON_STACK: usize = 100;

pub(super) fn builder(bounds: Bounds) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    let (header, idle) = (bounds.header.unsigned_abs(), bounds.idle.unsigned_abs());
    let mut http1 = builder.http1();
    // It runs between requests, too; how long the first may take is for the clock above.
    http1.timer(TokioTimer::new()).header_read_timeout(idle);
    // Answered with 431 (RFC 6585 §5).
    http1.max_buf_size(bounds.header_bytes as usize);
    if bounds.header_fields != FIELDS_ON_STACK {
        http1.max_headers(bounds.header_fields);
    }
    let mut http2 = builder.http2();
    http2.timer(TokioTimer::new());
    http2.keep_alive_interval(idle / 3).keep_alive_timeout(header);
    // RFC 9113 §6.5.2. The size counts 32 bytes for each field, so it limits their number, too.
    http2.max_header_list_size(bounds.header_bytes).max_concurrent_streams(bounds.streams);
    http2.initial_stream_window_size(STREAM_WINDOW);
    http2.initial_connection_window_size(CONNECTION_WINDOW);
    builder
}
