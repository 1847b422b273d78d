//! Formats on the wire: from bytes to values.

pub mod certificate;
pub mod client_hello;
pub mod decode;
pub mod dns;
pub mod host_name;
pub mod http1;
pub(crate) mod link_ends;
pub(crate) mod multipath;
pub(crate) mod proxy;
pub mod quic;
pub(crate) mod reader;
pub mod tls;
