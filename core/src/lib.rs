//! Netflix streaming seen from packets: which addresses are Netflix, what each carried, and where
//! every segment (one HTTP request and its response) begins, ends and how large it was. Bytes and
//! times in, facts out: no unsafe code, no I/O, no clock, no host names. Hosts (the C ABI, the
//! command, the Wireshark plugin) drive the same [`Engine`].
//!
//! # A packet's way
//!
//! ```text
//! Packet ─ wire::decode ─→ innermost IP, TCP or UDP     lengths from headers, whatever was captured
//!            │
//!            ├─ flows        flow and addresses: one look-up; counters; who is Netflix and why
//!            │     ↑ evidence from wire::dns, wire::client_hello (TCP and QUIC), wire::http1, prefixes
//!            │
//!            └─ connection   tcp: two streams in sequence space ─→ application: TLS, HTTP/1, HTTP/2, DNS, or opaque
//!                            quic: sizes and times of datagrams
//!                               └─→ ledger: which byte belongs to which request ─→ segments::table
//! ```
//!
//! and back goes an [`Annotation`], by value. If neither end of a packet is a known Netflix server,
//! the packet costs one decode and one look-up, and only its flow's counters are kept.
//!
//! [`quality`] infers from the segments what viewers saw: media seconds, the player's buffer,
//! stalls. [`features`] reads the packets again once segments are known, and makes rows for models
//! of video quality. [`quality::model`] evaluates models that others trained on such rows.
//!
//! # What decides
//!
//! - **Evidence is about addresses.** As soon as an address is identified, everything that its
//!   flows counted earlier belongs to it, and every flow of it is followed. A second pass over the
//!   same packets ([`Engine::restart_with_evidence`]) starts with the evidence of the first, so a
//!   server may be identified anywhere in a capture.
//! - **Sequence space, not packets.** `connection::tcp::stream` unwraps sequence numbers, tells new
//!   bytes from repeated, late and never captured ones, and hands them on in order. Bytes belong to
//!   a segment by their offset, so a late packet is counted where it belongs.
//! - **Causality by acknowledgements.** A server cannot answer what it has not acknowledged; a
//!   client that asks for more has what came before. This separates session tickets from responses,
//!   detects HTTP/2 responses that overlap, and stands in for a direction that was not captured.
//! - **Framing is followed where it is visible** (`wire::tls`, `wire::http1`). Where the snapshot
//!   length hides it, it is estimated from the connection's own full records, and rows are marked
//!   as estimated.
//! - **All state is bounded.** Flows, addresses, servers, segments, followed connections and
//!   reorder buffers have limits ([`Config::SETTINGS`]); [`Stats`] counts what was evicted.
//!
//! # Examples
//!
//! Pass in packets and get facts about each; then read servers and segments:
//!
//! ```
//! use nflx_core::{Config, Engine, LinkType, Packet, Time};
//!
//! let mut engine = Engine::new(Config::default());
//! // 23.246.11.141, an address that Netflix announces, sends an empty UDP datagram.
//! let bytes = [
//!     0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 23, 246, 11, 141, 192, 0, 2, 1, 0x01, 0xbb, 0xc3, 0x50, 0, 8, 0, 0,
//! ];
//! let packet = Packet { frame: 1, time: Time(0), link_type: LinkType::RAW, original_length: 28, data: &bytes };
//! let said = engine.packet(&packet).expect("a packet of a Netflix server");
//! assert_eq!(said.server_counters.in_bytes, 28);
//!
//! engine.finish();
//! for (_, server) in engine.servers() {
//!     let evidence = server.strongest().expect("a reason");
//!     println!("{} by {}: {} bytes", server.address, evidence.as_str(), server.counters.in_bytes);
//! }
//! for segment in engine.segments() {
//!     println!("{}: {} bytes, {}", segment.number, segment.bytes, segment.kind.as_str());
//! }
//! # assert_eq!((engine.servers().len(), engine.segments().count()), (1, 0));
//! ```
//!
//! Change a setting by its name, as users type it:
//!
//! ```
//! let mut config = nflx_core::Config::default();
//! config.set("session_idle", "120").expect("a setting and its value");
//! assert_eq!(config.session_idle(), 120);
//! let error = config.set("session_idle", "soon").unwrap_err();
//! assert!(error.to_string().contains("session_idle"));
//! ```
#![forbid(unsafe_code)]

mod bounded;
mod classify;
pub mod config;
mod connection;
mod engine;
mod facts;
pub mod features;
mod flows;
mod packet;
pub mod quality;
mod segments;
#[cfg(test)]
mod testing;
mod text;
#[allow(unreachable_pub, reason = "opened to fuzz targets")]
mod wire;
mod words;

pub use config::Config;
pub use engine::Engine;
pub use facts::annotation::{Annotation, ServerId};
pub use facts::counters::{Counters, Direction};
pub use facts::segment::{BeyondStep, Kind, KindReason, Segment, SegmentTotals, Transport, Via};
pub use facts::server::{Evidence, EvidenceKind, EvidenceScope, Role, RoleReason, Server};
pub use facts::stats::Stats;
pub use facts::unfollowed::Unfollowed;
pub use features::Features;
pub use packet::{LinkType, Packet, Time};
pub use segments::buffering;
pub use text::comment::{self, PacketComment};
pub use text::summary::{self, Summary};

/// The parsers, for fuzz targets and benchmarks: builds with `--cfg fuzzing` alone have this
/// module, and nothing in it is promised.
#[cfg(fuzzing)]
pub mod fuzzing {
    pub use crate::bounded::work::done as work_done;
    pub use crate::connection::tcp::stream;
    pub use crate::packet::Stamp;
    pub use crate::wire::{client_hello, decode, dns, host_name, http1, quic, tls};
}
