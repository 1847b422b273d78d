//! Netflix streaming seen from packets.
#![forbid(unsafe_code)]

pub mod annotation;
pub mod config;
pub mod counters;
pub mod decode;
pub mod engine;
pub mod packet;
pub mod quic;
pub mod segment;
pub mod service;

pub use annotation::{Annotation, ServerId};
pub use config::Config;
pub use counters::{Counters, Direction};
pub use engine::{Engine, Stats};
pub use packet::{LinkType, Packet, Time};
pub use segment::{Kind, Segment, Transport};
pub use service::{Evidence, EvidenceKind, Role, Server};
pub mod client_hello;
mod connections;
pub mod dns;
pub mod http;
pub mod prefix;
mod registry;
pub mod stream;
mod table;
#[cfg(test)]
mod testing;
pub mod tls;
