//! Segments: a request goes up, its response comes down.

use std::net::IpAddr;
use std::sync::Arc;

use strum::{IntoStaticStr, VariantArray, VariantNames};

use super::annotation::ServerId;
use super::server::EvidenceKind;
use crate::packet::{Stamp, Time};
use crate::words::words;

words!(Transport, Via, Kind, KindReason);

/// The transport that carried a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, IntoStaticStr, VariantArray, VariantNames)]
#[repr(u8)]
#[strum(serialize_all = "snake_case")]
pub enum Transport {
    /// TCP (RFC 9293).
    Tcp = 1,
    /// QUIC (RFC 9000, RFC 9369).
    Quic = 2,
}

/// A proxy that a segment came through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, IntoStaticStr, VariantArray, VariantNames)]
#[repr(u8)]
#[non_exhaustive]
#[strum(serialize_all = "snake_case")]
pub enum Via {
    /// A tunnel by HTTP's CONNECT (RFC 9110, section 9.3.6).
    Connect = 1,
    /// A tunnel by SOCKS 4, 4a or 5 (RFC 1928).
    Socks = 2,
    /// A proxy of HTTP in clear, which gets requests in absolute form (RFC 9112, section 3.2.2).
    HttpProxy = 3,
}

/// The kind of a segment.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, IntoStaticStr, VariantArray, VariantNames,
)]
#[repr(u8)]
#[strum(serialize_all = "snake_case")]
pub enum Kind {
    /// Neither video nor audio, or not enough seen to tell.
    #[default]
    Other = 0,
    /// Video.
    Video = 1,
    /// Audio.
    Audio = 2,
    /// Not decided yet. Decided when the segment settles at the latest.
    Pending = 3,
}

/// The rule that decided a segment's kind.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, IntoStaticStr, VariantArray, VariantNames,
)]
#[repr(u8)]
#[non_exhaustive]
#[strum(serialize_all = "snake_case")]
pub enum KindReason {
    /// Not decided yet.
    #[default]
    Pending = 0,
    /// Too small for media.
    TooSmall = 1,
    /// The server's name is not that of a media appliance.
    Name = 2,
    /// Audio: one of many of nearly the same size that come back all through the session.
    SizeCluster = 3,
    /// Video: none of those, on a server of media.
    BesideAudio = 4,
    /// One track only: video, unless it is as constant and slow as audio.
    SingleTrack = 5,
    /// A bulk download, as speed tests make them.
    Bulk = 6,
    /// The beginning of a media file: several of the same size at once.
    Headers = 7,
    /// The server, which has no telling name, sends pictures or chatter.
    Files = 8,
    /// Too few segments of a server that has no telling name.
    TooFew = 9,
}

/// One request and its response.
#[derive(Clone, Debug, PartialEq, Eq)]
// Fuzz targets make segments of their own.
#[cfg_attr(not(fuzzing), non_exhaustive)]
pub struct Segment {
    /// Number in the capture, from 1 in order of request.
    pub number: u32,
    /// Ordinal among this server's segments, from 1.
    pub index: u32,
    /// Number of the server's segment before this one; it may have had to make room since.
    pub previous: Option<u32>,
    /// Number of the server's segment after this one.
    pub next: Option<u32>,
    /// The server that sent it.
    pub server: ServerId,
    /// The flow; with the classic per-address rule, the flow of the request.
    pub flow: u32,
    /// The client's address, or the first one of its device (`client_key`); where a connection came from another address,
    /// the one with which it began.
    pub client: IpAddr,
    /// The client's port.
    pub client_port: u16,
    /// The server's port.
    pub server_port: u16,
    /// The transport.
    pub transport: Transport,
    /// The kind.
    pub kind: Kind,
    /// The rule that decided this.
    pub kind_reason: KindReason,
    /// Frame that begins the request.
    pub request_frame: u64,
    /// First response packet with new data; `None` while there is none.
    pub first_frame: Option<u64>,
    /// Last response packet with new data.
    pub last_frame: Option<u64>,
    /// Time of `request_frame`.
    pub t_request: Time,
    /// Time of `first_frame`.
    pub t_first: Option<Time>,
    /// Time of `last_frame`.
    pub t_last: Option<Time>,
    /// Response packets with payload.
    pub pkts: u64,
    /// Response payload carried by TCP or UDP, each byte once.
    pub bytes: u64,
    /// The same less TLS or QUIC framing: what HTTP sent.
    pub app_bytes: u64,
    /// Response payload seen again.
    pub retransmitted_bytes: u64,
    /// Response payload that the client acknowledged although it was never captured; part of `bytes`.
    pub missing_bytes: u64,
    /// By how many bytes `app_bytes` may be off: an upper bound that holds for 95 of 100 segments; 0 where it is exact.
    pub size_error: u64,
    /// Ended by the next request, by close, or by silence (`segment_quiet`); false = cut by the end of the capture, or still
    /// open.
    pub complete: bool,
    /// `app_bytes` is estimated: records were hidden by the snapshot length or a gap, QUIC's framing had to be supposed, or
    /// the answer to a request that was not captured may be in it.
    pub estimated: bool,
    /// The bytes were divided among requests that overlapped on one connection.
    pub shared: bool,
    /// Seen through acknowledgements only: the other half of the connection was not captured.
    pub inferred: bool,
    /// The client closed the connection in the middle of the response: within a TLS record, or before the end that HTTP
    /// announced.
    pub aborted: bool,
    /// The evidence of its flow's own by which it is Netflix's; `None` where only its address is
    /// known.
    pub own_evidence: Option<EvidenceKind>,
    /// The name that it gave; `None` where it gave none, and where its server has more names than are kept.
    pub own_name: Option<Arc<str>>,
    /// The proxy that it came through; its server's address is that proxy's then.
    pub via: Option<Via>,
    /// Nothing about it will change any more, whatever comes.
    pub settled: bool,
    /// Bytes below which it has no throughput (`throughput_min`).
    pub throughput_min: u32,
    /// The capture's clock stepped between its request and its first byte: the time between them is not known.
    pub first_beyond_step: bool,
    /// The same for its last byte.
    pub last_beyond_step: bool,
}

/// Number and sum of a server's segments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SegmentTotals {
    /// Segments.
    pub count: u32,
    /// Sum of their `bytes`.
    pub bytes: u64,
}

impl Segment {
    /// Request to first byte, in nanoseconds; `None` before one came, and where the clocks of the capture contradict the
    /// order.
    #[must_use]
    pub fn ttfb(&self) -> Option<i64> {
        self.t_first
            .filter(|_| !self.first_beyond_step)
            .map(|t| t.since(self.t_request))
            .filter(|&t| t >= 0)
    }

    /// Request to last byte, in nanoseconds; `None` before one came, and where the clocks of the capture contradict the
    /// order.
    #[must_use]
    pub fn duration(&self) -> Option<i64> {
        self.t_last
            .filter(|_| !self.last_beyond_step)
            .map(|t| t.since(self.t_request))
            .filter(|&t| t >= 0)
    }

    /// Sets its packets after it got its part of what came at once: how many, the first, and about the last.
    pub(crate) fn came_in(&mut self, packets: u64, first: Option<Stamp>, last: Option<Stamp>) {
        self.pkts = packets;
        if packets == 0 {
            // They brought others' bytes only.
            (self.first_frame, self.last_frame) = (None, None);
            (self.t_first, self.t_last) = (None, None);
            return;
        }
        let is_behind_request = |stamp: &Stamp| stamp.frame > self.request_frame;
        let (first, last) = (
            first.filter(is_behind_request),
            last.filter(is_behind_request),
        );
        // It was counted from where another began, if it was over by then.
        let is_over = |frame| last.is_some_and(|last| last.frame < frame);
        if let Some(first) = first
            && self.first_frame.is_none_or(is_over)
        {
            (self.first_frame, self.t_first) = (Some(first.frame), Some(first.time));
        }
        if let Some(last) = last {
            (self.last_frame, self.t_last) = (Some(last.frame), Some(last.time));
        }
        if self.last_frame < self.first_frame {
            (self.last_frame, self.t_last) = (self.first_frame, self.t_first);
        }
    }

    /// Bits per second over first to last byte; `None` where that is no time at all, the response too small to tell, or the
    /// capture's clock stepped.
    #[must_use]
    pub fn throughput(&self) -> Option<f64> {
        let span = self.t_last?.since(self.t_first?);
        let is_known = span > 0 && !self.first_beyond_step && !self.last_beyond_step;
        (is_known && self.bytes >= u64::from(self.throughput_min))
            .then(|| self.bytes as f64 * 8e9 / span as f64)
    }
}
