//! Segments: one request and its response each.

use std::net::IpAddr;
use std::num::NonZeroU16;
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

/// The kind of proxy that a segment came through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, IntoStaticStr, VariantArray, VariantNames)]
#[repr(u8)]
#[non_exhaustive]
#[strum(serialize_all = "snake_case")]
pub enum Via {
    /// A tunnel by HTTP's CONNECT (RFC 9110, section 9.3.6).
    Connect = 1,
    /// A tunnel by SOCKS 4, 4a or 5 (RFC 1928).
    Socks = 2,
    /// A cleartext HTTP proxy, which receives requests in absolute form (RFC 9112, section 3.2.2).
    HttpProxy = 3,
}

/// Least difference between the headers (initialization segments) of audio and video, in bytes. The
/// sample entry of video is 50 bytes longer (ISO/IEC 14496-12, section 12), and its codec is
/// described at greater length; headers of one track's qualities differ by less (ffmpeg, Shaka
/// Packager, measured).
pub(crate) const HEADER_DIFFERS: u64 = 24;

/// The kind of a segment.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, IntoStaticStr, VariantArray, VariantNames,
)]
#[repr(u8)]
#[strum(serialize_all = "snake_case")]
pub enum Kind {
    /// Neither video nor audio, or too little seen to tell.
    #[default]
    Other = 0,
    /// Video.
    Video = 1,
    /// Audio.
    Audio = 2,
    /// Not decided yet. Decided at the latest when the segment settles.
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
    /// The server's name is not that of a media server.
    Name = 2,
    /// Audio: one of many segments of nearly the same size that recur throughout the session.
    SizeCluster = 3,
    /// Video: not part of the audio cluster, on a media server.
    BesideAudio = 4,
    /// The session has one track only: video, unless its sizes and rate are as constant and low as
    /// audio's.
    SingleTrack = 5,
    /// A bulk download, as in speed tests.
    Bulk = 6,
    /// The start of a media file: several segments of the same size at once.
    Headers = 7,
    /// The server has no telling name and sends pictures or small files.
    Files = 8,
    /// Too few segments from a server without a telling name.
    TooFew = 9,
}

/// Part of a response that a step of the capture's clock separates from its request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BeyondStep {
    /// Nothing, or no step is known.
    #[default]
    Nothing,
    /// The last byte.
    Last,
    /// All of it.
    All,
}

impl BeyondStep {
    /// True if the time from the request to the first byte is unknown.
    #[must_use]
    pub const fn first(self) -> bool {
        matches!(self, Self::All)
    }

    /// True if the time from the request to the last byte is unknown.
    #[must_use]
    pub const fn last(self) -> bool {
        !matches!(self, Self::Nothing)
    }
}

/// One request and its response.
#[derive(Clone, Debug, PartialEq, Eq)]
// Public for fuzz targets, which build segments themselves.
#[cfg_attr(not(fuzzing), non_exhaustive)]
pub struct Segment {
    /// Number in the capture, from 1 in order of request.
    pub number: u32,
    /// Position among this server's segments, from 1.
    pub index: u32,
    /// Number of the server's previous segment, which may have been evicted since.
    pub previous: Option<u32>,
    /// Number of the server's next segment.
    pub next: Option<u32>,
    /// The server that sent it.
    pub server: ServerId,
    /// The flow; under the classic per-address rule, the flow of the request.
    pub flow: u32,
    /// The client's address, or the first address of its device (`client_key`). If the connection's
    /// address changed, the one that it began with.
    pub client: IpAddr,
    /// The client's port.
    pub client_port: u16,
    /// The server's port.
    pub server_port: u16,
    /// The transport.
    pub transport: Transport,
    /// The kind.
    pub kind: Kind,
    /// The rule that decided the kind.
    pub kind_reason: KindReason,
    /// Frame that begins the request.
    pub request_frame: u64,
    /// First response packet with new data; `None` before one comes.
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
    /// The same less TLS or QUIC framing: the bytes that HTTP sent.
    pub app_bytes: u64,
    /// Response payload seen again.
    pub retransmitted_bytes: u64,
    /// Response payload that the client acknowledged but that was never captured; part of `bytes`.
    pub missing_bytes: u64,
    /// Upper bound of the error of `app_bytes`, in bytes, that holds for 95 of 100 segments; 0 if
    /// `app_bytes` is exact.
    pub size_error: u64,
    /// True if the segment was ended by the next request, by close, or by silence
    /// (`segment_quiet`). False if the capture ended first or the segment is still open.
    pub complete: bool,
    /// True if `app_bytes` is estimated: the snapshot length or a gap hid records, QUIC's framing
    /// had to be assumed, or the response may include the answer to a request that was not
    /// captured.
    pub estimated: bool,
    /// True if the bytes were divided among requests that overlapped on one connection.
    pub shared: bool,
    /// The track that it was taken for when these bytes were divided; `None` if nothing told tracks
    /// apart, so that each got an equal part.
    pub divided_as: Option<Kind>,
    /// True if only acknowledgements were seen: the other half of the connection was not captured.
    pub inferred: bool,
    /// True if the client closed the connection in the middle of the response: within a TLS record,
    /// before the end that HTTP announced, or before bytes that it then reset.
    pub aborted: bool,
    /// Milliseconds from the request, at least 1 and at most 65,535, until the client gave up this
    /// response, or one that overlapped it on the same connection (RST_STREAM of HTTP/2).
    pub given_up_after: Option<NonZeroU16>,
    /// Evidence from the segment's own flow that identifies it as Netflix; `None` if only its
    /// address is known.
    pub own_evidence: Option<EvidenceKind>,
    /// The name in that evidence; `None` if it has no name, or if its server has more names than
    /// are kept.
    pub own_name: Option<Arc<str>>,
    /// The proxy that the segment came through, if any. The server's address is then that of the
    /// proxy.
    pub via: Option<Via>,
    /// True if nothing about the segment will change again.
    pub settled: bool,
    /// Number of bytes below which the segment has no throughput (`throughput_min`).
    pub throughput_min: u32,
    /// The times that are unknown because the capture's clock stepped after the request.
    pub beyond_step: BeyondStep,
}

/// The number and total bytes of a server's segments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SegmentTotals {
    /// Number of segments.
    pub count: u32,
    /// Sum of their `bytes`.
    pub bytes: u64,
}

impl Segment {
    /// Returns the time from request to first byte, in nanoseconds. `None` before the first byte,
    /// or if the capture's times contradict the order.
    #[must_use]
    pub fn ttfb(&self) -> Option<i64> {
        self.t_first
            .filter(|_| !self.beyond_step.first())
            .map(|t| t.since(self.t_request))
            .filter(|&t| t >= 0)
    }

    /// Returns the time from request to last byte, in nanoseconds. `None` before the first byte, or
    /// if the capture's times contradict the order.
    #[must_use]
    pub fn duration(&self) -> Option<i64> {
        self.t_last
            .filter(|_| !self.beyond_step.last())
            .map(|t| t.since(self.t_request))
            .filter(|&t| t >= 0)
    }

    /// Returns true if the capture's times contradict the order of request and response. The times of
    /// a response that shared its packets are inferred and contradict nothing.
    #[must_use]
    pub fn is_contradicted(&self) -> bool {
        let mut times = [self.t_first, self.t_last].into_iter().flatten();
        !self.shared && times.any(|time| time < self.t_request)
    }

    /// Sets the packets of a segment after it received its share of bytes that came together: their
    /// number, the first, and the approximate last.
    pub(crate) fn came_in(&mut self, packets: u64, first: Option<Stamp>, last: Option<Stamp>) {
        self.pkts = packets;
        if packets == 0 {
            // These packets carried only bytes of other segments.
            (self.first_frame, self.last_frame) = (None, None);
            (self.t_first, self.t_last) = (None, None);
            return;
        }
        let is_behind_request = |stamp: &Stamp| stamp.frame > self.request_frame;
        let (first, last) = (
            first.filter(is_behind_request),
            last.filter(is_behind_request),
        );
        // The segment was counted from the start of another one, if that one was over by then.
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

    /// Returns bits per second from the first to the last byte. `None` if no time passed between
    /// them, the response is too small to tell, or the capture's clock stepped.
    #[must_use]
    pub fn throughput(&self) -> Option<f64> {
        let span = self.t_last?.since(self.t_first?);
        let is_known = span > 0 && !self.beyond_step.last();
        (is_known && self.bytes >= u64::from(self.throughput_min))
            .then(|| self.bytes as f64 * 8e9 / span as f64)
    }
}
