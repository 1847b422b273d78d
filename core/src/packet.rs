//! Input from a host for each frame: bytes, lengths, link type, time.

use core::fmt;

/// Nanoseconds since 1970-01-01T00:00:00Z, as the capture states them.
///
/// Capture time may step back. Differences are therefore signed, and callers decide what a negative
/// one means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub i64);

impl Time {
    /// Builds a time from whole seconds and nanoseconds. Saturates far outside the range that
    /// captures hold (year 2262).
    #[must_use]
    pub const fn new(seconds: i64, nanoseconds: u32) -> Self {
        Self(
            seconds
                .saturating_mul(1_000_000_000)
                .saturating_add(nanoseconds as i64),
        )
    }

    /// Returns the nanoseconds from `earlier` to `self`; negative if the capture's clock stepped
    /// back.
    #[must_use]
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Formats the time as seconds with nine decimals: full precision, exact where a float would round.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let magnitude = self.0.unsigned_abs();
        write!(
            f,
            "{sign}{}.{:09}",
            magnitude / 1_000_000_000,
            magnitude % 1_000_000_000
        )
    }
}

/// Converts nanoseconds to seconds.
pub(crate) fn seconds(nanoseconds: i64) -> f64 {
    nanoseconds as f64 / 1e9
}

/// Converts seconds, the unit of some settings, to nanoseconds.
pub(crate) fn from_seconds(count: u64) -> i64 {
    from_milliseconds(count.saturating_mul(1000))
}

/// Converts milliseconds, the unit of some settings, to nanoseconds.
pub(crate) fn from_milliseconds(count: u64) -> i64 {
    i64::try_from(count)
        .unwrap_or(i64::MAX)
        .saturating_mul(1_000_000)
}

/// The number and time of a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(unreachable_pub, reason = "opened to fuzz targets")]
pub struct Stamp {
    /// Frame number.
    pub frame: u64,
    /// Capture time.
    pub time: Time,
}

/// Link-layer type as numbered by the tcpdump group's registry (LINKTYPE_ values of
/// <https://www.tcpdump.org/linktypes.html>).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LinkType(pub u16);

impl LinkType {
    /// BSD loopback, address family in the byte order of the capturing machine.
    pub const NULL: Self = Self(0);
    /// IEEE 802.3 Ethernet.
    pub const ETHERNET: Self = Self(1);
    /// PPP, with or without address and control bytes.
    pub const PPP: Self = Self(9);
    /// PPP in HDLC-like framing.
    pub const PPP_HDLC: Self = Self(50);
    /// PPP over Ethernet session packets.
    pub const PPP_ETHER: Self = Self(51);
    /// Raw IP as DLT_RAW is numbered on most systems and as some writers store it.
    pub const DLT_RAW: Self = Self(12);
    /// Raw IP, DLT_RAW on OpenBSD.
    pub const DLT_RAW_OPENBSD: Self = Self(14);
    /// Raw IP.
    pub const RAW: Self = Self(101);
    /// BSD loopback, address family in network byte order.
    pub const LOOP: Self = Self(108);
    /// Linux "cooked" capture, version 1.
    pub const LINUX_SLL: Self = Self(113);
    /// Raw IPv4.
    pub const IPV4: Self = Self(228);
    /// Raw IPv6.
    pub const IPV6: Self = Self(229);
    /// Linux "cooked" capture, version 2.
    pub const LINUX_SLL2: Self = Self(276);
    /// IEEE 802.5 Token Ring.
    pub const IEEE802_5: Self = Self(6);
    /// FDDI.
    pub const FDDI: Self = Self(10);
    /// LLC on ATM (RFC 2684), as some writers store it.
    pub const DLT_ATM_RFC1483: Self = Self(11);
    /// LLC on ATM (RFC 2684).
    pub const ATM_RFC1483: Self = Self(100);
    /// Cisco HDLC.
    pub const C_HDLC: Self = Self(104);
    /// IEEE 802.11.
    pub const IEEE802_11: Self = Self(105);
    /// Frame Relay.
    pub const FRELAY: Self = Self(107);
    /// OpenBSD's enc interface: packets of IPsec after decryption.
    pub const ENC: Self = Self(109);
    /// The log of BSD's packet filter.
    pub const PFLOG: Self = Self(117);
    /// IEEE 802.11 behind the header of Prism cards.
    pub const IEEE802_11_PRISM: Self = Self(119);
    /// ATM as Solaris captures it.
    pub const SUNATM: Self = Self(123);
    /// IEEE 802.11 behind radiotap.
    pub const IEEE802_11_RADIOTAP: Self = Self(127);
    /// Darwin's packet tap under LINKTYPE_USER2, the number that Darwin's own tools write.
    pub const PKTAP_USER: Self = Self(149);
    /// IEEE 802.11 behind the header of AVS.
    pub const IEEE802_11_AVS: Self = Self(163);
    /// PPP as Linux's pppd sees it: a byte of direction in the place of the address.
    pub const PPP_PPPD: Self = Self(166);
    /// Juniper's Ethernet.
    pub const JUNIPER_ETHER: Self = Self(178);
    /// Per-packet information, followed by another link type.
    pub const PPI: Self = Self(192);
    /// PPP after a byte of direction.
    pub const PPP_WITH_DIR: Self = Self(204);
    /// Cisco HDLC after a byte of direction.
    pub const C_HDLC_WITH_DIR: Self = Self(205);
    /// Frame Relay after a byte of direction.
    pub const FRELAY_WITH_DIR: Self = Self(206);
    /// Solaris IP observability.
    pub const IPNET: Self = Self(226);
    /// Linux NFLOG.
    pub const NFLOG: Self = Self(239);
    /// Darwin's packet tap, followed by another link type.
    pub const PKTAP: Self = Self(258);
    /// Ethernet with Broadcom's switch tag after the addresses.
    pub const DSA_TAG_BRCM: Self = Self(281);
    /// Ethernet preceded by Broadcom's switch tag.
    pub const DSA_TAG_BRCM_PREPEND: Self = Self(282);
    /// Ethernet with Marvell's switch tag.
    pub const DSA_TAG_DSA: Self = Self(284);
    /// Ethernet with Marvell's switch tag after an EtherType.
    pub const DSA_TAG_EDSA: Self = Self(285);

    /// Returns the common name of a known link type that carries no readable IP packets; `None` for
    /// others.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        Some(match self.0 {
            130..=138 | 141 | 164 | 179..=181 | 194 => "Juniper",
            140 => "MTP2",
            143 => "DOCSIS",
            147..=162 => "a type left to users",
            187 | 201 => "Bluetooth HCI",
            189 | 220 => "USB (Linux)",
            195 | 215 | 230 | 283 => "IEEE 802.15.4",
            197 => "ERF",
            227 => "CAN",
            247 => "InfiniBand",
            249 => "USBPcap",
            251 | 256 => "Bluetooth Low Energy",
            252 => "Wireshark's upper PDU",
            253 => "Linux netlink",
            266 => "USB (Darwin)",
            271 => "VSOCK",
            _ => return None,
        })
    }
}

/// One captured frame. The engine borrows `data` for the call only, and copies what it needs later.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    /// Frame number in the capture, from 1.
    pub frame: u64,
    /// Time of capture.
    pub time: Time,
    /// Link type: which header `data` begins with.
    pub link_type: LinkType,
    /// Length on the wire, in bytes; `data` is shorter where a snapshot length cut it.
    pub original_length: u32,
    /// The captured bytes, from the link-layer header on.
    pub data: &'a [u8],
}
