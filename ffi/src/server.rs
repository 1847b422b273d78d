//! Servers and the evidence for them.

use core::ffi::c_char;

use nflx_core::{Evidence, EvidenceKind, EvidenceScope, Role, SegmentTotals, Server};

use crate::address::{nflx_address, nflx_counters};
use crate::crossing::Crossing;
use crate::text::c_array;

/// Size of the arrays that hold names, in bytes, with the NUL that ends them. DNS names are shorter
/// than this.
pub const NFLX_NAME_SIZE: usize = 256;

/// Too little of the server was seen to tell.
pub const NFLX_ROLE_UNKNOWN: u32 = 0;
/// The server sends video segments.
pub const NFLX_ROLE_VIDEO: u32 = 1;
/// The server sends video and audio segments.
pub const NFLX_ROLE_AUDIO_VIDEO: u32 = 2;
/// The server answers small requests: API, licence, telemetry.
pub const NFLX_ROLE_CONTROL: u32 = 3;
/// The server sends artwork, scripts and other files.
pub const NFLX_ROLE_STATIC: u32 = 4;
/// The server sends audio segments and no video.
pub const NFLX_ROLE_AUDIO: u32 = 5;

/// Evidence: none.
pub const NFLX_EVIDENCE_NONE: u32 = 0;
/// Evidence: the user's own prefixes.
pub const NFLX_EVIDENCE_CONFIG: u32 = 1;
/// Evidence: TLS server name of a ClientHello over TCP.
pub const NFLX_EVIDENCE_SNI: u32 = 2;
/// Evidence: TLS server name of a ClientHello in QUIC Initial packets.
pub const NFLX_EVIDENCE_QUIC_SNI: u32 = 3;
/// Evidence: Host header of a cleartext HTTP/1 request.
pub const NFLX_EVIDENCE_HTTP_HOST: u32 = 4;
/// Evidence: a DNS answer to a question whose name matches.
pub const NFLX_EVIDENCE_DNS: u32 = 5;
/// Evidence: a DNS answer with a matching name in its CNAME chain.
pub const NFLX_EVIDENCE_CNAME: u32 = 6;
/// Evidence: the classic rule, the owner name of the address record itself.
pub const NFLX_EVIDENCE_DNS_OWNER: u32 = 7;
/// Evidence: an address in a range that Netflix announces.
pub const NFLX_EVIDENCE_PREFIX: u32 = 8;

/// Evidence: an HTTPS or SVCB record whose address hints contain the address.
pub const NFLX_EVIDENCE_HTTPS_RECORD: u32 = 9;
/// Evidence: a name in the certificate that the server sent unencrypted.
pub const NFLX_EVIDENCE_CERTIFICATE: u32 = 10;
/// Evidence: the host that a client asked a proxy for.
pub const NFLX_EVIDENCE_TUNNEL: u32 = 11;

/// There is no evidence.
pub const NFLX_EVIDENCE_SCOPE_NONE: u32 = 0;
/// The flow itself gave the evidence, by its own name.
pub const NFLX_EVIDENCE_SCOPE_FLOW: u32 = 1;
/// The evidence is for the address, which is known from elsewhere.
pub const NFLX_EVIDENCE_SCOPE_ADDRESS: u32 = 2;

/// An identified Netflix address and its traffic so far.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct nflx_server {
    /// Set to `sizeof(nflx_server)`.
    pub struct_size: u32,
    /// Number of the server, from 0 in order of identification.
    pub id: u32,
    /// The address.
    pub address: nflx_address,
    /// `NFLX_ROLE_`: its role, as its traffic shows it.
    pub role: u32,
    /// `NFLX_EVIDENCE_`: the strongest kind of evidence.
    pub evidence: u32,
    /// Number of pieces of evidence, for `nflx_engine_evidence`.
    pub evidence_count: u32,
    /// TCP and UDP flows with this address.
    pub flows: u32,
    /// Segments of this address.
    pub segments: u32,
    /// Sum of their bytes.
    pub segment_bytes: u64,
    /// All IP packets of the address.
    pub counters: nflx_counters,
    /// First packet of the address, in nanoseconds since 1970-01-01T00:00:00Z.
    pub t_first: i64,
    /// Last packet of the address, in nanoseconds since 1970-01-01T00:00:00Z.
    pub t_last: i64,
    /// The name that identified it, ended by NUL; empty if no name did.
    pub name: [c_char; NFLX_NAME_SIZE],
    /// The rule that decided its role: `nflx_role_reason_name`.
    pub role_reason: u32,
    /// `NFLX_EVIDENCE_SCOPE_`: the source of the strongest evidence.
    pub evidence_scope: u32,
    /// Copies of packets, not included in the counters.
    pub duplicates: u64,
    /// Frame of its first packet; 0 before one comes.
    pub first_frame: u64,
}

// SAFETY: repr(C), struct_size first, integers only.
unsafe impl Crossing for nflx_server {
    const NAME: &'static str = "nflx_server";
    const FIRST_SIZE: usize = 368;
}

impl nflx_server {
    pub(crate) fn new(id: u32, s: &Server, segments: SegmentTotals) -> Self {
        Self {
            struct_size: size_of::<Self>() as u32,
            id,
            address: s.address.into(),
            role: s.role as u32,
            evidence: s.strongest().map_or(NFLX_EVIDENCE_NONE, |k| k as u32),
            evidence_count: u32::try_from(s.evidence.len()).unwrap_or(u32::MAX),
            flows: s.flows,
            segments: segments.count,
            segment_bytes: segments.bytes,
            counters: s.counters.into(),
            t_first: s.t_first.0,
            t_last: s.t_last.0,
            name: c_array(s.name().unwrap_or_default()),
            role_reason: s.role_reason as u32,
            evidence_scope: s
                .scope()
                .map_or(NFLX_EVIDENCE_SCOPE_NONE, |scope| scope as u32),
            duplicates: s.duplicates,
            first_frame: 0,
        }
    }
}

/// One piece of evidence for a server.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct nflx_evidence {
    /// Set to `sizeof(nflx_evidence)`.
    pub struct_size: u32,
    /// `NFLX_EVIDENCE_`: the kind.
    pub kind: u32,
    /// First frame with this evidence, even if it came before `nflx_engine_rewind`; 0 for prefixes,
    /// which come from no frame.
    pub frame: u64,
    /// The name, in lower case, or the prefix in CIDR notation; ended by NUL.
    pub source: [c_char; NFLX_NAME_SIZE],
}

// SAFETY: repr(C), struct_size first, integers only.
unsafe impl Crossing for nflx_evidence {
    const NAME: &'static str = "nflx_evidence";
    const FIRST_SIZE: usize = 272;
}

impl From<&Evidence> for nflx_evidence {
    fn from(e: &Evidence) -> Self {
        Self {
            struct_size: size_of::<Self>() as u32,
            kind: e.kind as u32,
            frame: e.frame,
            source: c_array(&e.source),
        }
    }
}

#[cfg(target_pointer_width = "64")]
const _: () = {
    use core::mem::offset_of;
    assert!(NFLX_ROLE_UNKNOWN == Role::Unknown as u32 && NFLX_ROLE_VIDEO == Role::Video as u32);
    assert!(
        NFLX_ROLE_AUDIO_VIDEO == Role::AudioVideo as u32
            && NFLX_ROLE_CONTROL == Role::Control as u32
    );
    assert!(NFLX_ROLE_STATIC == Role::Static as u32 && NFLX_ROLE_AUDIO == Role::Audio as u32);
    assert!(
        NFLX_EVIDENCE_CONFIG == EvidenceKind::Config as u32
            && NFLX_EVIDENCE_SNI == EvidenceKind::Sni as u32
    );
    assert!(NFLX_EVIDENCE_QUIC_SNI == EvidenceKind::QuicSni as u32);
    assert!(NFLX_EVIDENCE_HTTP_HOST == EvidenceKind::HttpHost as u32);
    assert!(
        NFLX_EVIDENCE_DNS == EvidenceKind::Dns as u32
            && NFLX_EVIDENCE_CNAME == EvidenceKind::Cname as u32
    );
    assert!(NFLX_EVIDENCE_DNS_OWNER == EvidenceKind::DnsOwner as u32);
    assert!(NFLX_EVIDENCE_PREFIX == EvidenceKind::Prefix as u32);
    assert!(NFLX_EVIDENCE_HTTPS_RECORD == EvidenceKind::HttpsRecord as u32);
    assert!(NFLX_EVIDENCE_CERTIFICATE == EvidenceKind::Certificate as u32);
    assert!(NFLX_EVIDENCE_TUNNEL == EvidenceKind::Tunnel as u32);
    assert!(
        NFLX_EVIDENCE_SCOPE_FLOW == EvidenceScope::Flow as u32
            && NFLX_EVIDENCE_SCOPE_ADDRESS == EvidenceScope::Address as u32
    );
    assert!(size_of::<nflx_server>() == 384 && align_of::<nflx_server>() == 8);
    assert!(offset_of!(nflx_server, struct_size) == 0);
    assert!(offset_of!(nflx_server, address) == 8);
    assert!(offset_of!(nflx_server, segment_bytes) == 48);
    assert!(offset_of!(nflx_server, counters) == 56);
    assert!(offset_of!(nflx_server, t_first) == 88);
    assert!(offset_of!(nflx_server, name) == 104);
    assert!(size_of::<nflx_evidence>() == 272 && align_of::<nflx_evidence>() == 8);
    assert!(offset_of!(nflx_evidence, struct_size) == 0);
    assert!(offset_of!(nflx_evidence, frame) == 8);
    assert!(offset_of!(nflx_evidence, source) == 16);
};
