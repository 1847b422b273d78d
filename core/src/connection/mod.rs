//! One connection, TCP or QUIC, and which of its bytes belong to which request.

pub(crate) mod classic_rule;
pub(crate) mod context;
pub(crate) mod followed;
pub(crate) mod peers;
pub(crate) mod quic;
pub(crate) mod sharing;
#[allow(unreachable_pub, reason = "opened to fuzz targets")]
pub mod tcp;
