//! The words users see, as static C strings.

use core::ffi::{CStr, c_char};

use nflx_core::Role;

use crate::annotation::{NFLX_DIRECTION_IN, NFLX_DIRECTION_OUT};
use crate::segment::{
    NFLX_KIND_AUDIO, NFLX_KIND_OTHER, NFLX_KIND_PENDING, NFLX_KIND_VIDEO, NFLX_TRANSPORT_QUIC,
    NFLX_TRANSPORT_TCP, NFLX_VIA_CONNECT, NFLX_VIA_HTTP_PROXY, NFLX_VIA_SOCKS,
};
use crate::server::{
    NFLX_EVIDENCE_CERTIFICATE, NFLX_EVIDENCE_CNAME, NFLX_EVIDENCE_CONFIG, NFLX_EVIDENCE_DNS,
    NFLX_EVIDENCE_DNS_OWNER, NFLX_EVIDENCE_HTTP_HOST, NFLX_EVIDENCE_HTTPS_RECORD,
    NFLX_EVIDENCE_PREFIX, NFLX_EVIDENCE_QUIC_SNI, NFLX_EVIDENCE_SCOPE_ADDRESS,
    NFLX_EVIDENCE_SCOPE_FLOW, NFLX_EVIDENCE_SNI, NFLX_EVIDENCE_TUNNEL, NFLX_ROLE_AUDIO,
    NFLX_ROLE_AUDIO_VIDEO, NFLX_ROLE_CONTROL, NFLX_ROLE_STATIC, NFLX_ROLE_UNKNOWN, NFLX_ROLE_VIDEO,
};

/// For numbers that name nothing.
const UNNAMED: &CStr = c"?";

/// The word for an `NFLX_ROLE_` number, for example `audio_video`. A static string; `?` for other numbers.
#[unsafe(no_mangle)]
pub extern "C" fn nflx_role_name(role: u32) -> *const c_char {
    role_name(role).as_ptr()
}

/// The place of an `NFLX_ROLE_` number in lists of servers, from 0: those that send video stand first. Numbers that name
/// no role come last.
#[unsafe(no_mangle)]
pub extern "C" fn nflx_role_order(role: u32) -> u32 {
    let place = Role::ALL
        .into_iter()
        .position(|known| known as u32 == role)
        .unwrap_or(Role::ALL.len());
    u32::try_from(place).unwrap_or(u32::MAX)
}

/// The word for an `NFLX_EVIDENCE_` number, for example `quic_sni`. A static string; `?` for other numbers.
#[unsafe(no_mangle)]
pub extern "C" fn nflx_evidence_name(evidence: u32) -> *const c_char {
    evidence_name(evidence).as_ptr()
}

/// The word for an `NFLX_KIND_` number, for example `video`. A static string; `?` for other numbers.
#[unsafe(no_mangle)]
pub extern "C" fn nflx_kind_name(kind: u32) -> *const c_char {
    kind_name(kind).as_ptr()
}

/// The word for what decided a segment's kind, for example `size_cluster`. A static string; `?` for other numbers.
#[unsafe(no_mangle)]
pub extern "C" fn nflx_kind_reason_name(reason: u32) -> *const c_char {
    kind_reason_name(reason).as_ptr()
}

/// The word for what decided a server's role, for example `segments`. A static string; `?` for other numbers.
#[unsafe(no_mangle)]
pub extern "C" fn nflx_role_reason_name(reason: u32) -> *const c_char {
    role_reason_name(reason).as_ptr()
}

/// The word for an `NFLX_TRANSPORT_` number, for example `quic`. A static string; `?` for other numbers.
#[unsafe(no_mangle)]
pub extern "C" fn nflx_transport_name(transport: u32) -> *const c_char {
    transport_name(transport).as_ptr()
}

/// The word for an `NFLX_EVIDENCE_SCOPE_` number: `flow` or `address`. A static string; `?` for other numbers.
#[unsafe(no_mangle)]
pub extern "C" fn nflx_evidence_scope_name(scope: u32) -> *const c_char {
    evidence_scope_name(scope).as_ptr()
}

/// The word for an `NFLX_VIA_` number, for example `connect`. A static string; `?` for other numbers.
#[unsafe(no_mangle)]
pub extern "C" fn nflx_via_name(via: u32) -> *const c_char {
    via_name(via).as_ptr()
}

/// The word for an `NFLX_DIRECTION_` number: `in` or `out`. A static string; `?` for other numbers.
#[unsafe(no_mangle)]
pub extern "C" fn nflx_direction_name(direction: u32) -> *const c_char {
    direction_name(direction).as_ptr()
}

const fn role_name(role: u32) -> &'static CStr {
    match role {
        NFLX_ROLE_UNKNOWN => c"unknown",
        NFLX_ROLE_VIDEO => c"video",
        NFLX_ROLE_AUDIO_VIDEO => c"audio_video",
        NFLX_ROLE_AUDIO => c"audio",
        NFLX_ROLE_CONTROL => c"control",
        NFLX_ROLE_STATIC => c"static",
        _ => UNNAMED,
    }
}

const fn evidence_name(evidence: u32) -> &'static CStr {
    match evidence {
        NFLX_EVIDENCE_CONFIG => c"config",
        NFLX_EVIDENCE_SNI => c"sni",
        NFLX_EVIDENCE_QUIC_SNI => c"quic_sni",
        NFLX_EVIDENCE_HTTP_HOST => c"http_host",
        NFLX_EVIDENCE_DNS => c"dns",
        NFLX_EVIDENCE_CNAME => c"cname",
        NFLX_EVIDENCE_DNS_OWNER => c"dns_owner",
        NFLX_EVIDENCE_PREFIX => c"prefix",
        NFLX_EVIDENCE_HTTPS_RECORD => c"https_record",
        NFLX_EVIDENCE_CERTIFICATE => c"certificate",
        NFLX_EVIDENCE_TUNNEL => c"tunnel",
        _ => UNNAMED,
    }
}

const fn kind_name(kind: u32) -> &'static CStr {
    match kind {
        NFLX_KIND_OTHER => c"other",
        NFLX_KIND_VIDEO => c"video",
        NFLX_KIND_AUDIO => c"audio",
        NFLX_KIND_PENDING => c"pending",
        _ => UNNAMED,
    }
}

const fn kind_reason_name(reason: u32) -> &'static CStr {
    match reason {
        0 => c"pending",
        1 => c"too_small",
        2 => c"name",
        3 => c"size_cluster",
        4 => c"beside_audio",
        5 => c"single_track",
        6 => c"bulk",
        7 => c"headers",
        8 => c"files",
        9 => c"too_few",
        _ => UNNAMED,
    }
}

const fn role_reason_name(reason: u32) -> &'static CStr {
    match reason {
        0 => c"none",
        1 => c"segments",
        2 => c"name",
        3 => c"prefix",
        4 => c"bulk",
        5 => c"traffic",
        _ => UNNAMED,
    }
}

const fn transport_name(transport: u32) -> &'static CStr {
    match transport {
        NFLX_TRANSPORT_TCP => c"tcp",
        NFLX_TRANSPORT_QUIC => c"quic",
        _ => UNNAMED,
    }
}

const fn evidence_scope_name(scope: u32) -> &'static CStr {
    match scope {
        NFLX_EVIDENCE_SCOPE_FLOW => c"flow",
        NFLX_EVIDENCE_SCOPE_ADDRESS => c"address",
        _ => UNNAMED,
    }
}

const fn via_name(via: u32) -> &'static CStr {
    match via {
        NFLX_VIA_CONNECT => c"connect",
        NFLX_VIA_SOCKS => c"socks",
        NFLX_VIA_HTTP_PROXY => c"http_proxy",
        _ => UNNAMED,
    }
}

const fn direction_name(direction: u32) -> &'static CStr {
    match direction {
        NFLX_DIRECTION_IN => c"in",
        NFLX_DIRECTION_OUT => c"out",
        _ => UNNAMED,
    }
}

#[cfg(test)]
mod tests {
    use nflx_core::{Direction, EvidenceKind, EvidenceScope, Kind, Transport, Via};

    use super::*;

    #[test]
    fn words_are_the_cores() {
        for role in Role::ALL {
            assert_eq!(role_name(role as u32).to_str(), Ok(role.as_str()));
        }
        for kind in EvidenceKind::ALL {
            assert_eq!(evidence_name(kind as u32).to_str(), Ok(kind.as_str()));
        }
        use nflx_core::{KindReason, RoleReason};
        for reason in [
            KindReason::Pending,
            KindReason::TooSmall,
            KindReason::Name,
            KindReason::SizeCluster,
            KindReason::BesideAudio,
            KindReason::SingleTrack,
            KindReason::Bulk,
            KindReason::Headers,
            KindReason::Files,
            KindReason::TooFew,
        ] {
            assert_eq!(
                kind_reason_name(reason as u32).to_str(),
                Ok(reason.as_str())
            );
        }
        for reason in [
            RoleReason::None,
            RoleReason::Segments,
            RoleReason::Name,
            RoleReason::Prefix,
            RoleReason::Bulk,
            RoleReason::Traffic,
        ] {
            assert_eq!(
                role_reason_name(reason as u32).to_str(),
                Ok(reason.as_str())
            );
        }
        for kind in [Kind::Other, Kind::Video, Kind::Audio, Kind::Pending] {
            assert_eq!(kind_name(kind as u32).to_str(), Ok(kind.as_str()));
        }
        for transport in [Transport::Tcp, Transport::Quic] {
            assert_eq!(
                transport_name(transport as u32).to_str(),
                Ok(transport.as_str())
            );
        }
        for scope in [EvidenceScope::Flow, EvidenceScope::Address] {
            assert_eq!(
                evidence_scope_name(scope as u32).to_str(),
                Ok(scope.as_str())
            );
        }
        for via in [Via::Connect, Via::Socks, Via::HttpProxy] {
            assert_eq!(via_name(via as u32).to_str(), Ok(via.as_str()));
        }
        for direction in [Direction::In, Direction::Out] {
            assert_eq!(
                direction_name(direction as u32).to_str(),
                Ok(direction.as_str())
            );
        }
        assert_eq!(role_name(99), UNNAMED);
        assert_eq!(evidence_name(0), UNNAMED);
    }
}
