//! Headers that are known, and behind which nothing can be read.

/// A header at which reading ends because its payload is encrypted or compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(u8)]
pub enum Opaque {
    /// WireGuard.
    WireGuard = 0,
    /// OpenVPN over UDP.
    OpenVpn = 1,
    /// IPsec ESP with encryption (RFC 4303).
    Esp = 2,
    /// IPsec ESP in UDP (RFC 3948).
    EspInUdp = 3,
    /// IP payload compression (RFC 3173).
    IpComp = 4,
    /// MACsec with encryption (IEEE 802.1AE).
    MacSec = 5,
    /// Encrypted IEEE 802.11 (WEP, WPA).
    EncryptedWireless = 6,
    /// CAPWAP data over DTLS (RFC 5415, section 4.2).
    CapwapDtls = 7,
    /// Compressed or encrypted PPP (RFC 1962, RFC 1968).
    PppTransformed = 8,
}

impl Opaque {
    /// Every one, in order of their numbers.
    pub const ALL: [Self; 9] = [
        Self::WireGuard,
        Self::OpenVpn,
        Self::Esp,
        Self::EspInUdp,
        Self::IpComp,
        Self::MacSec,
        Self::EncryptedWireless,
        Self::CapwapDtls,
        Self::PppTransformed,
    ];

    /// Returns the protocol's common name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::WireGuard => "WireGuard",
            Self::OpenVpn => "OpenVPN",
            Self::Esp => "IPsec ESP",
            Self::EspInUdp => "IPsec ESP in UDP",
            Self::IpComp => "IPComp",
            Self::MacSec => "MACsec",
            Self::EncryptedWireless => "encrypted Wi-Fi",
            Self::CapwapDtls => "CAPWAP over DTLS",
            Self::PppTransformed => "encrypted or compressed PPP",
        }
    }

    /// Returns the reason why nothing is read behind it, to follow "which is".
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::IpComp => "compressed",
            Self::PppTransformed => "encrypted or compressed",
            _ => "encrypted",
        }
    }
}
