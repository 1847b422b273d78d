//! Netflix streaming seen from packets.
#![forbid(unsafe_code)]

pub mod annotation;
pub mod config;
pub mod counters;
pub mod engine;
pub mod packet;
pub mod segment;
pub mod service;

pub use annotation::{Annotation, ServerId};
pub use config::Config;
pub use counters::{Counters, Direction};
pub use engine::{Engine, Stats};
pub use packet::{LinkType, Packet, Time};
pub use segment::{Kind, Segment, Transport};
pub use service::{Evidence, EvidenceKind, Role, Server};
