//! Known headers after which nothing can be read.

use strum::{IntoStaticStr, VariantArray};

/// A header at which reading ends because its payload is encrypted, compressed or in pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, IntoStaticStr, VariantArray)]
#[non_exhaustive]
#[repr(u8)]
pub enum Opaque {
    /// WireGuard.
    WireGuard = 0,
    /// OpenVPN over UDP.
    #[strum(serialize = "OpenVPN")]
    OpenVpn = 1,
    /// IPsec ESP with encryption (RFC 4303).
    #[strum(serialize = "IPsec ESP")]
    Esp = 2,
    /// IPsec ESP in UDP (RFC 3948).
    #[strum(serialize = "IPsec ESP in UDP")]
    EspInUdp = 3,
    /// IP payload compression (RFC 3173).
    #[strum(serialize = "IPComp")]
    IpComp = 4,
    /// MACsec with encryption (IEEE 802.1AE).
    #[strum(serialize = "MACsec")]
    MacSec = 5,
    /// Encrypted IEEE 802.11 (WEP, WPA).
    #[strum(serialize = "encrypted Wi-Fi")]
    EncryptedWireless = 6,
    /// CAPWAP data over DTLS (RFC 5415, section 4.2).
    #[strum(serialize = "CAPWAP over DTLS")]
    CapwapDtls = 7,
    /// Compressed or encrypted PPP (RFC 1962, RFC 1968).
    #[strum(serialize = "encrypted or compressed PPP")]
    PppTransformed = 8,
    /// DTLS (RFC 6347), up to version 1.2: later versions hide what they are.
    #[strum(serialize = "DTLS")]
    Dtls = 9,
    /// PPP over several links (RFC 1990).
    #[strum(serialize = "multilink PPP")]
    Multilink = 10,
    /// STT (draft-davie-stt), whose frames may be in several segments.
    #[strum(serialize = "STT")]
    Stt = 11,
}

impl Opaque {
    /// Every variant, in order of their numbers.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// Returns the protocol's common name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Returns why nothing is read after it, worded to follow "which is".
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::IpComp => "compressed",
            Self::PppTransformed => "encrypted or compressed",
            Self::Multilink | Self::Stt => "in fragments",
            _ => "encrypted",
        }
    }
}
