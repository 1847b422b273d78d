//! Captures made to cost more time or memory than their bytes are worth, each kind by one thing
//! that a reader has to do.
//!
//! [`Kind`]s attack time: what each costs is set against [`Kind::Tiny`], packets of one byte in
//! order. [`Load`]s attack memory: every kind of state that an engine holds, in shares that are
//! equal, skewed, growing or shrinking.

mod connections;
mod dns;
mod judged;
mod load;
mod packet;
mod quic;
mod responses;

pub use load::{Load, Shape, State};
use packet::{Ends, NETFLIX, record, tcp};

use crate::Frame;

/// One way of asking for work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The reference: bytes of a response, one in each packet, in order.
    Tiny,
    /// DNS answers of many names and addresses, each spelt in labels that pointers lead to.
    DnsNames,
    /// DNS answers of many addresses, all for a Netflix name.
    DnsAddresses,
    /// The first over TCP.
    DnsOverTcp,
    /// Datagrams of many Initial packets that no keys open.
    QuicRefused,
    /// Initial packets with another connection ID each, cut behind their headers.
    QuicNewIds,
    /// A hello of nearly 16 kB that grows by a byte in each of many Initial packets.
    QuicGrowing,
    /// CRYPTO frames of one byte at a large offset, each in another flow.
    QuicOffsets,
    /// Responses over QUIC that come in at once, as many as are told apart, in as few datagrams as
    /// that takes.
    QuicShared,
    /// The same between lone responses that seem to be audio, of a size that falls.
    QuicReadAgain,
    /// Pipelined requests, and their answers, as many as a packet holds.
    Pipelined,
    /// A body in chunks of one byte.
    Chunks,
    /// Packets that repeat the answers to as many requests as a connection remembers, cut behind
    /// their headers.
    Spans,
    /// Bytes that each wait behind a hole, before a thousand others that do.
    Pieces,
    /// Packets over a thousand bytes that wait one by one behind a hole.
    Cover,
    /// Segments of sizes that make kinds hard to tell.
    Judged,
    /// The same, all in flight at once.
    JudgedAtOnce,
    /// HTTP/2 with as many requests open as a connection remembers.
    Http2Open,
    /// HTTP/2 with responses that come at once and are told apart.
    Http2Shared,
    /// The same, whose lone responses have them read again and again.
    Http2ReadAgain,
    /// Flows of one packet.
    Flows,
    /// The same to Netflix and others in turn, until neither has room.
    NetflixFlows,
    /// Repeats of one byte on the flow that holds most, while all others hold as much as there is
    /// room for.
    Held,
    /// Flows that each hold what makes another go.
    Evicted,
    /// Packets that wait for what they acknowledge, as if two taps' clocks differed.
    TwoTaps,
}

impl Kind {
    /// All of them; the reference first.
    pub const ALL: [Self; 25] = [
        Self::Tiny,
        Self::DnsNames,
        Self::DnsAddresses,
        Self::DnsOverTcp,
        Self::QuicRefused,
        Self::QuicNewIds,
        Self::QuicGrowing,
        Self::QuicOffsets,
        Self::QuicShared,
        Self::QuicReadAgain,
        Self::Pipelined,
        Self::Chunks,
        Self::Spans,
        Self::Pieces,
        Self::Cover,
        Self::Judged,
        Self::JudgedAtOnce,
        Self::Http2Open,
        Self::Http2Shared,
        Self::Http2ReadAgain,
        Self::Flows,
        Self::NetflixFlows,
        Self::Held,
        Self::Evicted,
        Self::TwoTaps,
    ];

    /// The name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tiny => "tiny",
            Self::DnsNames => "dns-names",
            Self::DnsAddresses => "dns-addresses",
            Self::DnsOverTcp => "dns-over-tcp",
            Self::QuicRefused => "quic-refused",
            Self::QuicNewIds => "quic-new-ids",
            Self::QuicGrowing => "quic-growing",
            Self::QuicOffsets => "quic-offsets",
            Self::QuicShared => "quic-shared",
            Self::QuicReadAgain => "quic-read-again",
            Self::Pipelined => "pipelined",
            Self::Chunks => "chunks",
            Self::Spans => "spans",
            Self::Pieces => "pieces",
            Self::Cover => "cover",
            Self::Judged => "judged",
            Self::JudgedAtOnce => "judged-at-once",
            Self::Http2Open => "http2-open",
            Self::Http2Shared => "http2-shared",
            Self::Http2ReadAgain => "http2-read-again",
            Self::Flows => "flows",
            Self::NetflixFlows => "netflix-flows",
            Self::Held => "held",
            Self::Evicted => "evicted",
            Self::TwoTaps => "two-taps",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Packets that bring an engine to where the others cost most, and `count` of these. `size` is
    /// how many connections there are, where that matters.
    #[must_use]
    pub fn frames(self, size: u64, count: usize) -> (Vec<Frame>, Vec<Frame>) {
        let (before, measured): (Vec<Frame>, Box<dyn Iterator<Item = Frame>>) = match self {
            Self::Tiny => (Vec::new(), Box::new(tiny())),
            Self::DnsNames => (Vec::new(), Box::new(dns::names())),
            Self::DnsAddresses => (Vec::new(), Box::new(dns::addresses())),
            Self::DnsOverTcp => (Vec::new(), Box::new(dns::over_tcp())),
            Self::QuicRefused => (Vec::new(), Box::new(quic::refused())),
            Self::QuicNewIds => (Vec::new(), Box::new(quic::new_ids())),
            Self::QuicGrowing => quic::growing(count),
            Self::QuicOffsets => (Vec::new(), Box::new(quic::offsets())),
            Self::QuicShared => responses::shared(),
            Self::QuicReadAgain => (Vec::new(), Box::new(responses::read_again())),
            Self::Pipelined => (Vec::new(), Box::new(connections::pipelined())),
            Self::Chunks => (Vec::new(), Box::new(connections::chunks())),
            Self::Spans => connections::spans(),
            Self::Pieces => connections::pieces(),
            Self::Cover => connections::cover(),
            Self::Judged => (Vec::new(), Box::new(judged::in_turn())),
            Self::JudgedAtOnce => (Vec::new(), Box::new(judged::at_once())),
            Self::Http2Open => connections::http2_open(),
            Self::Http2Shared => responses::http2_shared(),
            Self::Http2ReadAgain => responses::http2_read_again(),
            Self::Flows => (Vec::new(), Box::new(connections::flows(false))),
            Self::NetflixFlows => (Vec::new(), Box::new(connections::flows(true))),
            Self::Held => connections::held(size),
            Self::Evicted => connections::evicted(size),
            Self::TwoTaps => connections::two_taps(size),
        };
        (before, measured.take(count).collect())
    }
}

fn tiny() -> impl Iterator<Item = Frame> {
    let ends = Ends::to(NETFLIX, 1, 443);
    let before = [
        tcp(0, ends, true, (1, 1), 300, &record(295, 295)),
        tcp(1, ends, false, (1, 301), 5, &record(16_000, 0)),
    ];
    let bytes = (0..).map(move |at| tcp(2 + i64::from(at), ends, false, (6 + at, 301), 1, &[7]));
    before.into_iter().chain(bytes)
}

#[cfg(test)]
mod tests {
    use nflx_core::{Config, Engine};

    use super::*;

    #[test]
    fn kinds_have_names_of_their_own() {
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.name()), Some(kind));
        }
    }

    /// A generator that an engine has nothing to do with proves nothing.
    #[test]
    fn every_kind_reaches_what_it_attacks() {
        for kind in Kind::ALL {
            let mut config = Config::default();
            config.set("connection_bytes", "1048576").expect("allowed");
            let mut engine = Engine::new(config);
            let (before, measured) = kind.frames(100, 3000);
            assert_eq!(measured.len(), 3000, "{}", kind.name());
            let mut copies = 0;
            for (frame, number) in before.iter().chain(&measured).zip(1..) {
                engine.packet(&frame.packet(number));
                copies += u32::from(engine.latest_is_copy());
            }
            engine.finish();
            assert_eq!(copies, 0, "{}: copies cost less", kind.name());
            let stats = engine.stats();
            let (servers, segments) = (engine.server_count(), engine.segment_numbers().len());
            let reached = match kind {
                Kind::DnsNames | Kind::DnsOverTcp => servers > 20,
                Kind::DnsAddresses => servers > 1000,
                Kind::QuicRefused | Kind::QuicNewIds | Kind::QuicGrowing => {
                    stats.flows > 0 && servers == 0
                }
                Kind::QuicOffsets | Kind::Evicted => stats.connections_evicted > 1000,
                Kind::Pipelined => segments > 1000,
                Kind::Spans | Kind::Http2Open => segments >= 64,
                Kind::Judged | Kind::JudgedAtOnce => segments > 1000,
                Kind::QuicShared
                | Kind::QuicReadAgain
                | Kind::Http2Shared
                | Kind::Http2ReadAgain => {
                    segments > 1000 && engine.segments().any(|segment| segment.shared)
                }
                Kind::Tiny | Kind::Chunks | Kind::Pieces | Kind::Cover => segments == 1,
                Kind::Held => servers == 1,
                Kind::Flows => stats.flows > 2000 && servers == 0,
                Kind::NetflixFlows => stats.flows > 2000 && servers > 0,
                Kind::TwoTaps => stats.answers_first == 1 && stats.flows == 101,
            };
            assert!(
                reached,
                "{}: {servers} servers, {segments} segments, {stats:?}",
                kind.name()
            );
        }
    }
}
