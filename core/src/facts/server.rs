//! From evidence to verdict: which addresses are Netflix, and how that is known.

use std::net::IpAddr;
use std::sync::Arc;

use strum::{IntoStaticStr, VariantArray, VariantNames};

use super::counters::Counters;
use crate::packet::Time;
use crate::words::words;

words!(EvidenceKind, EvidenceScope, Role, RoleReason);

/// A kind of evidence that an address belongs to Netflix.
///
/// Ordered by strength, strongest first ([`Self::ALL`]): the user's word, the flow's own, DNS,
/// address ranges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, IntoStaticStr, VariantArray, VariantNames)]
#[repr(u8)]
#[non_exhaustive]
#[strum(serialize_all = "snake_case")]
pub enum EvidenceKind {
    /// The user's own prefixes.
    Config = 1,
    /// TLS server name of a ClientHello over TCP (RFC 6066, section 3).
    Sni = 2,
    /// TLS server name of a ClientHello in QUIC Initial packets (RFC 9001, section 4).
    QuicSni = 3,
    /// Host header of an HTTP/1 request in clear (RFC 9110, section 7.2).
    HttpHost = 4,
    /// A name in the certificate that a server sent unencrypted, up to TLS 1.2 (RFC 5280, section
    /// 4.2.1.6).
    Certificate = 10,
    /// The host that a client asked a proxy for.
    Tunnel = 11,
    /// A DNS answer whose question matches.
    Dns = 5,
    /// An HTTPS or SVCB record whose address hints contain the address (RFC 9460, section 7.3).
    HttpsRecord = 9,
    /// A DNS answer whose CNAME chain contains a matching name although the question does not
    /// match.
    Cname = 6,
    /// The classic rule: the owner name of the A or AAAA record itself matches, in a UDP answer
    /// from port 53.
    DnsOwner = 7,
    /// An address in a range that Netflix announces.
    Prefix = 8,
}

impl EvidenceKind {
    /// Returns true if the flow itself gives this kind of evidence, so that it is no evidence about
    /// other services of the address.
    #[must_use]
    pub const fn is_of_flow(self) -> bool {
        matches!(
            self,
            Self::Sni | Self::QuicSni | Self::HttpHost | Self::Certificate | Self::Tunnel
        )
    }

    /// Returns the position in [`Self::ALL`].
    fn rank(self) -> usize {
        Self::ALL
            .iter()
            .position(|&kind| kind == self)
            .unwrap_or(Self::ALL.len())
    }
}

impl Ord for EvidenceKind {
    fn cmp(&self, other: &Self) -> core::cmp::Ordering {
        self.rank().cmp(&other.rank())
    }
}

impl PartialOrd for EvidenceKind {
    fn partial_cmp(&self, other: &Self) -> Option<core::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// The source of the evidence that identifies a flow as Netflix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, IntoStaticStr, VariantArray, VariantNames)]
#[repr(u8)]
#[strum(serialize_all = "snake_case")]
pub enum EvidenceScope {
    /// The flow itself, by its own name.
    Flow = 1,
    /// The server's address, known from elsewhere.
    Address = 2,
}

/// One piece of evidence for a server.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Evidence {
    /// The kind.
    pub kind: EvidenceKind,
    /// The name (lower case), or the prefix in CIDR notation for [`EvidenceKind::Prefix`] and
    /// [`EvidenceKind::Config`].
    pub source: Arc<str>,
    /// First frame with this evidence, in any reading of the capture; 0 for prefixes, which come
    /// from no frame.
    pub frame: u64,
}

/// The role of a server, as its segments show it. [`Self::ALL`] has the order in which lists show
/// servers: video first, as most people look for it.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, IntoStaticStr, VariantArray, VariantNames,
)]
#[repr(u8)]
#[strum(serialize_all = "snake_case")]
pub enum Role {
    /// Sends video segments.
    Video = 1,
    /// Sends video and audio segments.
    AudioVideo = 2,
    /// Sends audio segments and no video.
    Audio = 5,
    /// Sends artwork, scripts and other files.
    Static = 4,
    /// Answers small requests: API, licence, telemetry.
    Control = 3,
    /// Not enough seen to tell.
    #[default]
    Unknown = 0,
}

impl Role {
    /// Returns the position in [`Self::ALL`].
    #[must_use]
    pub fn order(self) -> usize {
        Self::ALL
            .iter()
            .position(|&role| role == self)
            .unwrap_or(Self::ALL.len())
    }

    /// Returns true if the server sends video.
    #[must_use]
    pub const fn sends_video(self) -> bool {
        matches!(self, Self::Video | Self::AudioVideo)
    }
}

/// The rule that decided a server's role.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, IntoStaticStr, VariantArray, VariantNames,
)]
#[repr(u8)]
#[non_exhaustive]
#[strum(serialize_all = "snake_case")]
pub enum RoleReason {
    /// Nothing yet.
    #[default]
    None = 0,
    /// The kinds of its segments.
    Segments = 1,
    /// The name.
    Name = 2,
    /// The address, which is in one of Netflix's own ranges: these hold media servers.
    Prefix = 3,
    /// Bulk downloads, as in speed tests, and no media.
    Bulk = 4,
    /// The sizes of its responses, and the ratio of uplink to downlink bytes.
    Traffic = 5,
}

/// An identified Netflix address and its traffic.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Server {
    /// The address.
    pub address: IpAddr,
    /// Each kind of evidence with its source, strongest first.
    pub evidence: Vec<Evidence>,
    /// The role, as its segments show it.
    pub role: Role,
    /// The rule that decided the role.
    pub role_reason: RoleReason,
    /// TCP and UDP flows with this address.
    pub flows: u32,
    /// All IP packets of the address.
    pub counters: Counters,
    /// Copies of packets, not included in `counters`.
    pub duplicates: u64,
    /// First packet of the address.
    pub t_first: Time,
    /// Last packet of the address.
    pub t_last: Time,
}

impl Server {
    /// Returns the name in the strongest evidence that has one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.evidence
            .iter()
            .find(|e| !matches!(e.kind, EvidenceKind::Config | EvidenceKind::Prefix))
            .map(|e| &*e.source)
    }

    /// Returns the evidence that decided for a flow whose own evidence is `own`, and where it came
    /// from.
    #[must_use]
    pub fn decisive(&self, own: Option<EvidenceKind>) -> Option<(EvidenceKind, EvidenceScope)> {
        if let Some(kind) = own {
            return Some((kind, EvidenceScope::Flow));
        }
        let mut kinds = self.evidence.iter().map(|evidence| evidence.kind);
        kinds
            .find(|kind| !kind.is_of_flow())
            .or_else(|| self.strongest())
            .map(|kind| (kind, EvidenceScope::Address))
    }

    /// Returns the source of the strongest evidence.
    #[must_use]
    pub fn scope(&self) -> Option<EvidenceScope> {
        self.strongest().map(|kind| {
            if kind.is_of_flow() {
                EvidenceScope::Flow
            } else {
                EvidenceScope::Address
            }
        })
    }

    /// Returns the strongest kind of evidence.
    #[must_use]
    pub fn strongest(&self) -> Option<EvidenceKind> {
        self.evidence.first().map(|e| e.kind)
    }
}
