//! The words that users see, as static C strings. Core defines them; each gets its NUL at compile
//! time.

use core::ffi::{CStr, c_char};

use nflx_core::{
    Direction, EvidenceKind, EvidenceScope, Kind, KindReason, Role, RoleReason, Transport, Via,
};

/// The name of numbers that name nothing.
pub(crate) const UNNAMED: &CStr = c"?";

/// Size of the longest word with its NUL.
pub(crate) const ROOM: usize = 16;

/// Returns a word filled up with NULs.
pub(crate) const fn c_word(word: &str) -> [u8; ROOM] {
    let bytes = word.as_bytes();
    assert!(bytes.len() < ROOM, "a word is longer than its room");
    let mut text = [0; ROOM];
    let mut at = 0;
    while at < bytes.len() {
        text[at] = bytes[at];
        at += 1;
    }
    text
}

/// Returns the word for a number of one of core's enumerations, as a static C string; `?` for a
/// number that names nothing.
macro_rules! word {
    ($kind:ty, $number:expr) => {
        $crate::names::word!($kind, $number, |kind: $kind| kind as u32)
    };
    ($kind:ty, $number:expr, $number_of:expr) => {{
        static WORDS: [[u8; $crate::names::ROOM]; <$kind>::NAMES.len()] = {
            let mut words = [[0; $crate::names::ROOM]; <$kind>::NAMES.len()];
            let mut at = 0;
            while at < words.len() {
                words[at] = $crate::names::c_word(<$kind>::NAMES[at]);
                at += 1;
            }
            words
        };
        <$kind>::ALL
            .iter()
            .zip(&WORDS)
            .find(|&(&kind, _)| $number_of(kind) == $number)
            .and_then(|(_, word)| core::ffi::CStr::from_bytes_until_nul(word).ok())
            .unwrap_or($crate::names::UNNAMED)
    }};
}
pub(crate) use word;

/// Returns the word for an `NFLX_ROLE_` number, for example `audio_video`. A static string; `?` for
/// other numbers.
#[unsafe(no_mangle)]
pub extern "C" fn nflx_role_name(role: u32) -> *const c_char {
    word!(Role, role).as_ptr()
}

/// Returns the position of an `NFLX_ROLE_` number in lists of servers, from 0: those that send
/// video come first. Numbers that name no role come last.
#[unsafe(no_mangle)]
pub extern "C" fn nflx_role_order(role: u32) -> u32 {
    let place = Role::ALL
        .iter()
        .position(|&known| known as u32 == role)
        .unwrap_or(Role::ALL.len());
    u32::try_from(place).unwrap_or(u32::MAX)
}

/// Returns the word for an `NFLX_EVIDENCE_` number, for example `quic_sni`. A static string; `?`
/// for other numbers.
#[unsafe(no_mangle)]
pub extern "C" fn nflx_evidence_name(evidence: u32) -> *const c_char {
    word!(EvidenceKind, evidence).as_ptr()
}

/// Returns the word for an `NFLX_KIND_` number, for example `video`. A static string; `?` for other
/// numbers.
#[unsafe(no_mangle)]
pub extern "C" fn nflx_kind_name(kind: u32) -> *const c_char {
    word!(Kind, kind).as_ptr()
}

/// Returns the word for the rule that decided a segment's kind, for example `size_cluster`. A
/// static string; `?` for other numbers.
#[unsafe(no_mangle)]
pub extern "C" fn nflx_kind_reason_name(reason: u32) -> *const c_char {
    word!(KindReason, reason).as_ptr()
}

/// Returns the word for the rule that decided a server's role, for example `segments`. A static
/// string; `?` for other numbers.
#[unsafe(no_mangle)]
pub extern "C" fn nflx_role_reason_name(reason: u32) -> *const c_char {
    word!(RoleReason, reason).as_ptr()
}

/// Returns the word for an `NFLX_TRANSPORT_` number, for example `quic`. A static string; `?` for
/// other numbers.
#[unsafe(no_mangle)]
pub extern "C" fn nflx_transport_name(transport: u32) -> *const c_char {
    word!(Transport, transport).as_ptr()
}

/// Returns the word for an `NFLX_EVIDENCE_SCOPE_` number: `flow` or `address`. A static string; `?`
/// for other numbers.
#[unsafe(no_mangle)]
pub extern "C" fn nflx_evidence_scope_name(scope: u32) -> *const c_char {
    word!(EvidenceScope, scope).as_ptr()
}

/// Returns the word for an `NFLX_VIA_` number, for example `connect`. A static string; `?` for
/// other numbers.
#[unsafe(no_mangle)]
pub extern "C" fn nflx_via_name(via: u32) -> *const c_char {
    word!(Via, via).as_ptr()
}

/// Returns the word for an `NFLX_DIRECTION_` number: `in` or `out`. A static string; `?` for other
/// numbers.
#[unsafe(no_mangle)]
pub extern "C" fn nflx_direction_name(direction: u32) -> *const c_char {
    word!(Direction, direction).as_ptr()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(name: extern "C" fn(u32) -> *const c_char, from: u32) -> Vec<String> {
        (from..)
            .map(|number| {
                // SAFETY: every name is a static C string.
                unsafe { CStr::from_ptr(name(number)) }
            })
            .take_while(|&word| word != UNNAMED)
            .map(|word| word.to_string_lossy().into_owned())
            .collect()
    }

    /// Numbers and words are promised: neither ever changes.
    #[test]
    fn each_number_has_its_word() {
        let roles = [
            "unknown",
            "video",
            "audio_video",
            "control",
            "static",
            "audio",
        ];
        assert_eq!(words(nflx_role_name, 0), roles);
        assert_eq!(
            words(nflx_evidence_name, 1).join(" "),
            "config sni quic_sni http_host dns cname dns_owner prefix https_record certificate tunnel"
        );
        assert_eq!(
            words(nflx_kind_name, 0),
            ["other", "video", "audio", "pending"]
        );
        assert_eq!(
            words(nflx_kind_reason_name, 0).join(" "),
            "pending too_small name size_cluster beside_audio single_track bulk headers files too_few"
        );
        assert_eq!(
            words(nflx_role_reason_name, 0).join(" "),
            "none segments name prefix bulk traffic"
        );
        assert_eq!(words(nflx_transport_name, 1), ["tcp", "quic"]);
        assert_eq!(words(nflx_evidence_scope_name, 1), ["flow", "address"]);
        assert_eq!(words(nflx_via_name, 1), ["connect", "socks", "http_proxy"]);
        assert_eq!(words(nflx_direction_name, 1), ["in", "out"]);
    }

    #[test]
    fn other_numbers_have_none() {
        for name in [
            nflx_evidence_name,
            nflx_transport_name,
            nflx_evidence_scope_name,
        ] {
            assert!(words(name, 0).is_empty());
        }
        assert!(words(nflx_role_name, 99).is_empty());
    }
}
