//! Segments: one request and its response each.

use core::ffi::c_char;

use nflx_core::{Kind, Segment, Server, Transport, Via};

use crate::address::nflx_address;
use crate::crossing::Crossing;
use crate::server::{NFLX_EVIDENCE_NONE, NFLX_EVIDENCE_SCOPE_ADDRESS, NFLX_NAME_SIZE};
use crate::text::c_array;

/// The segment was carried by TCP.
pub const NFLX_TRANSPORT_TCP: u32 = 1;
/// The segment was carried by QUIC.
pub const NFLX_TRANSPORT_QUIC: u32 = 2;

/// The segment came through an HTTP CONNECT tunnel.
pub const NFLX_VIA_CONNECT: u32 = 1;
/// The segment came through a SOCKS tunnel.
pub const NFLX_VIA_SOCKS: u32 = 2;
/// The segment came through a cleartext HTTP proxy.
pub const NFLX_VIA_HTTP_PROXY: u32 = 3;

/// The segment is neither video nor audio, or too little was seen to tell.
pub const NFLX_KIND_OTHER: u32 = 0;
/// The segment is video.
pub const NFLX_KIND_VIDEO: u32 = 1;
/// The segment is audio.
pub const NFLX_KIND_AUDIO: u32 = 2;

/// The kind of the segment is not decided yet. It is decided at the latest when the segment
/// settles.
pub const NFLX_KIND_PENDING: u32 = 3;

/// Flag of `nflx_segment`: ended by the next request, by close or by silence (`segment_quiet`).
/// Absent while it is open.
pub const NFLX_SEGMENT_COMPLETE: u32 = 1;
/// Flag of `nflx_segment`: `app_bytes` is estimated; the snapshot length or a gap hid records, or
/// the response may include the answer to a request that was not captured.
pub const NFLX_SEGMENT_ESTIMATED: u32 = 2;
/// Flag of `nflx_segment`: the bytes were divided among requests that overlapped on one connection.
pub const NFLX_SEGMENT_SHARED: u32 = 4;
/// Flag of `nflx_segment`: seen through acknowledgements only; the other half of the connection was
/// not captured.
pub const NFLX_SEGMENT_INFERRED: u32 = 8;
/// Flag of `nflx_segment`: a response began, so `first_frame` and `t_first` are valid.
pub const NFLX_SEGMENT_HAS_FIRST: u32 = 16;
/// Flag of `nflx_segment`: `last_frame` and `t_last` are valid.
pub const NFLX_SEGMENT_HAS_LAST: u32 = 32;
/// Flag of `nflx_segment`: `throughput` is valid; it is not if no time passed between first and
/// last byte.
pub const NFLX_SEGMENT_HAS_THROUGHPUT: u32 = 64;
/// Flag of `nflx_segment`: nothing about it will change again.
pub const NFLX_SEGMENT_SETTLED: u32 = 128;
/// Flag of `nflx_segment`: `ttfb` is valid; it is not if the capture's times contradict the order.
pub const NFLX_SEGMENT_HAS_TTFB: u32 = 256;
/// Flag of `nflx_segment`: `duration` is valid; it is not if the capture's times contradict the
/// order.
pub const NFLX_SEGMENT_HAS_DURATION: u32 = 512;
/// Flag of `nflx_segment`: the client closed the connection in the middle of the response.
pub const NFLX_SEGMENT_ABORTED: u32 = 1024;

/// One request and its response, as far as they are known now. Fields that are not valid are 0.
/// Times are nanoseconds since 1970-01-01T00:00:00Z, spans are nanoseconds.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct nflx_segment {
    /// Set to `sizeof(nflx_segment)`.
    pub struct_size: u32,
    /// Number in the capture, from 1 in order of request.
    pub number: u32,
    /// Position among this server's segments, from 1.
    pub index: u32,
    /// The server that sent it: a number for `nflx_engine_server`.
    pub server: u32,
    /// The flow; under the classic per-address rule, the flow of the request.
    pub flow: u32,
    /// Sum of `NFLX_SEGMENT_` flags.
    pub flags: u32,
    /// The client's address.
    pub client: nflx_address,
    /// The client's port.
    pub client_port: u16,
    /// The server's port.
    pub server_port: u16,
    /// `NFLX_TRANSPORT_`: the transport that carried it.
    pub transport: u32,
    /// `NFLX_KIND_`: the kind of its content.
    pub kind: u32,
    /// Frame that begins the request.
    pub request_frame: u64,
    /// First response packet with new data.
    pub first_frame: u64,
    /// Last response packet with new data.
    pub last_frame: u64,
    /// Time of `request_frame`.
    pub t_request: i64,
    /// Time of `first_frame`.
    pub t_first: i64,
    /// Time of `last_frame`.
    pub t_last: i64,
    /// Response packets with payload.
    pub pkts: u64,
    /// Response payload carried by TCP or UDP, each byte once.
    pub bytes: u64,
    /// The same less TLS or QUIC framing: the bytes that HTTP sent.
    pub app_bytes: u64,
    /// Response payload seen again, in bytes.
    pub retransmitted_bytes: u64,
    /// Response payload that the client acknowledged but that was never captured; part of `bytes`.
    pub missing_bytes: u64,
    /// Time from request to first byte.
    pub ttfb: i64,
    /// Time from request to last byte.
    pub duration: i64,
    /// Bits per second from first to last byte.
    pub throughput: f64,
    /// The rule that decided its kind: `nflx_kind_reason_name`.
    pub kind_reason: u32,
    /// Number of the server's previous segment, 0 for none; it may have been evicted since.
    pub previous: u32,
    /// Number of the server's next segment, 0 for none.
    pub next: u32,
    /// `NFLX_EVIDENCE_SCOPE_`: whether the flow itself identified it as Netflix, or its address is
    /// known.
    pub evidence_scope: u32,
    /// Upper bound of the error of `app_bytes`, in bytes, that holds for 95 of 100 segments; 0 if
    /// `app_bytes` is exact.
    pub size_error: u64,
    /// `NFLX_VIA_`: the proxy that it came through, whose address is then the server's; 0 for none.
    pub via: u32,
    /// `NFLX_EVIDENCE_`: the kind of evidence that identified it as Netflix, with the scope
    /// `evidence_scope`.
    pub evidence: u32,
    /// The name that its connection gave, or else the name that identified the server, ended by
    /// NUL; empty if there is none.
    pub name: [c_char; NFLX_NAME_SIZE],
}

// SAFETY: repr(C), struct_size first, integers, a float and text.
unsafe impl Crossing for nflx_segment {
    const NAME: &'static str = "nflx_segment";
    const FIRST_SIZE: usize = 184;
}

impl nflx_segment {
    /// Builds the C struct. `server` is `None` only if the engine dropped it.
    pub(crate) fn of(s: &Segment, server: Option<&Server>) -> Self {
        let (evidence, scope) = server
            .and_then(|server| server.decisive(s.own_evidence))
            .map_or(
                (NFLX_EVIDENCE_NONE, NFLX_EVIDENCE_SCOPE_ADDRESS),
                |(kind, scope)| (kind as u32, scope as u32),
            );
        let flags = [
            (s.complete, NFLX_SEGMENT_COMPLETE),
            (s.estimated, NFLX_SEGMENT_ESTIMATED),
            (s.shared, NFLX_SEGMENT_SHARED),
            (s.inferred, NFLX_SEGMENT_INFERRED),
            (s.settled, NFLX_SEGMENT_SETTLED),
            (
                s.first_frame.is_some() && s.t_first.is_some(),
                NFLX_SEGMENT_HAS_FIRST,
            ),
            (
                s.last_frame.is_some() && s.t_last.is_some(),
                NFLX_SEGMENT_HAS_LAST,
            ),
            (s.throughput().is_some(), NFLX_SEGMENT_HAS_THROUGHPUT),
            (s.ttfb().is_some(), NFLX_SEGMENT_HAS_TTFB),
            (s.duration().is_some(), NFLX_SEGMENT_HAS_DURATION),
            (s.aborted, NFLX_SEGMENT_ABORTED),
        ];
        Self {
            struct_size: size_of::<Self>() as u32,
            number: s.number,
            index: s.index,
            server: s.server,
            flow: s.flow,
            flags: flags
                .iter()
                .filter(|(set, _)| *set)
                .map(|(_, flag)| flag)
                .sum(),
            client: s.client.into(),
            client_port: s.client_port,
            server_port: s.server_port,
            transport: s.transport as u32,
            kind: s.kind as u32,
            request_frame: s.request_frame,
            first_frame: s.first_frame.unwrap_or(0),
            last_frame: s.last_frame.unwrap_or(0),
            t_request: s.t_request.0,
            t_first: s.t_first.map_or(0, |t| t.0),
            t_last: s.t_last.map_or(0, |t| t.0),
            pkts: s.pkts,
            bytes: s.bytes,
            app_bytes: s.app_bytes,
            retransmitted_bytes: s.retransmitted_bytes,
            missing_bytes: s.missing_bytes,
            ttfb: s.ttfb().unwrap_or(0),
            duration: s.duration().unwrap_or(0),
            throughput: s.throughput().unwrap_or(0.0),
            kind_reason: s.kind_reason as u32,
            previous: s.previous.unwrap_or(0),
            next: s.next.unwrap_or(0),
            evidence_scope: scope,
            size_error: s.size_error,
            via: s.via.map_or(0, |via| via as u32),
            evidence,
            name: c_array(
                s.own_name
                    .as_deref()
                    .or_else(|| server.and_then(Server::name))
                    .unwrap_or_default(),
            ),
        }
    }
}

#[cfg(target_pointer_width = "64")]
const _: () = {
    use core::mem::offset_of;
    assert!(
        NFLX_TRANSPORT_TCP == Transport::Tcp as u32
            && NFLX_TRANSPORT_QUIC == Transport::Quic as u32
    );
    assert!(NFLX_KIND_OTHER == Kind::Other as u32 && NFLX_KIND_VIDEO == Kind::Video as u32);
    assert!(NFLX_KIND_AUDIO == Kind::Audio as u32 && NFLX_KIND_PENDING == Kind::Pending as u32);
    assert!(size_of::<nflx_segment>() == 456 && align_of::<nflx_segment>() == 8);
    assert!(offset_of!(nflx_segment, struct_size) == 0);
    assert!(offset_of!(nflx_segment, client) == 24);
    assert!(offset_of!(nflx_segment, client_port) == 44);
    assert!(offset_of!(nflx_segment, transport) == 48);
    assert!(offset_of!(nflx_segment, request_frame) == 56);
    assert!(offset_of!(nflx_segment, pkts) == 104);
    assert!(offset_of!(nflx_segment, ttfb) == 144);
    assert!(offset_of!(nflx_segment, throughput) == 160);
    assert!(offset_of!(nflx_segment, previous) == 172);
    assert!(offset_of!(nflx_segment, size_error) == 184);
    assert!(offset_of!(nflx_segment, via) == 192);
    assert!(offset_of!(nflx_segment, evidence) == 196);
    assert!(offset_of!(nflx_segment, name) == 200);
    assert!(NFLX_VIA_CONNECT == Via::Connect as u32 && NFLX_VIA_SOCKS == Via::Socks as u32);
    assert!(NFLX_VIA_HTTP_PROXY == Via::HttpProxy as u32);
};
