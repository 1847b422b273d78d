//! The versions whose Initial packets can be read, and the differences between them.

/// A known version of QUIC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// RFC 9000, `0x00000001`.
    V1,
    /// RFC 9369, `0x6b3343cf`.
    V2,
    /// draft-ietf-quic-transport-29 to -32, which share a salt.
    Draft29,
}

/// The salt and labels from which an Initial packet's keys are derived.
pub(super) struct KeySchedule {
    pub(super) salt: [u8; 20],
    pub(super) key_label: &'static [u8],
    pub(super) iv_label: &'static [u8],
    pub(super) hp_label: &'static [u8],
}

/// The long packet types, as named by RFC 9000, section 17.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LongType {
    Initial,
    ZeroRtt,
    Handshake,
    Retry,
}

impl Version {
    pub(super) const ALL: [Self; 3] = [Self::V1, Self::V2, Self::Draft29];

    /// Returns the version with this number on the wire, if it is known.
    #[must_use]
    pub const fn from_wire(number: u32) -> Option<Self> {
        match number {
            0x0000_0001 => Some(Self::V1),
            0x6b33_43cf => Some(Self::V2),
            0xff00_001d..=0xff00_0020 => Some(Self::Draft29),
            _ => None,
        }
    }

    /// Returns the packet type in bits 4 and 5 of a long header's first byte (RFC 9000, section
    /// 17.2; RFC 9369, section 3.2).
    pub(super) const fn long_type(self, first_byte: u8) -> LongType {
        let rotated = match self {
            Self::V1 | Self::Draft29 => first_byte >> 4,
            // Version 2 has the same four types, each one code higher.
            Self::V2 => (first_byte >> 4).wrapping_sub(1),
        };
        match rotated & 0b11 {
            0 => LongType::Initial,
            1 => LongType::ZeroRtt,
            2 => LongType::Handshake,
            _ => LongType::Retry,
        }
    }

    /// Returns the salt and labels (RFC 9001, sections 5.1 and 5.2; RFC 9369, sections 3.3.1 and
    /// 3.3.2).
    pub(super) const fn key_schedule(self) -> KeySchedule {
        const V1_SALT: [u8; 20] = [
            0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8,
            0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a,
        ];
        const V2_SALT: [u8; 20] = [
            0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93, 0x81, 0xbe, 0x6e, 0x26,
            0x9d, 0xcb, 0xf9, 0xbd, 0x2e, 0xd9,
        ];
        const DRAFT_29_SALT: [u8; 20] = [
            0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2, 0x4c, 0x9e, 0x97, 0x86, 0xf1, 0x9c, 0x61,
            0x11, 0xe0, 0x43, 0x90, 0xa8, 0x99,
        ];
        let (key_label, iv_label, hp_label): (&[u8], &[u8], &[u8]) = match self {
            Self::V1 | Self::Draft29 => (b"quic key", b"quic iv", b"quic hp"),
            Self::V2 => (b"quicv2 key", b"quicv2 iv", b"quicv2 hp"),
        };
        let salt = match self {
            Self::V1 => V1_SALT,
            Self::V2 => V2_SALT,
            Self::Draft29 => DRAFT_29_SALT,
        };
        KeySchedule {
            salt,
            key_label,
            iv_label,
            hp_label,
        }
    }
}
