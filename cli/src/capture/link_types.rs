//! Names of link types that the decoder does not know.
//!
//! Numbers and meanings: the registry of link-layer header types (draft-ietf-opsawg-pcaplinktype).

/// The name of a link type, and whether it may carry IP.
struct Named(u32, &'static str, Carries);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Carries {
    Ip,
    Other,
}

use Carries::{Ip, Other};

const NAMES: &[Named] = &[
    Named(3, "AX.25", Other),
    Named(6, "Token Ring", Ip),
    Named(7, "ARCNET", Ip),
    Named(8, "SLIP", Ip),
    Named(10, "FDDI", Ip),
    Named(100, "RFC 1483 over ATM", Ip),
    Named(104, "Cisco HDLC", Ip),
    Named(105, "IEEE 802.11", Ip),
    Named(107, "Frame Relay", Ip),
    Named(109, "OpenBSD's IPsec interface", Ip),
    Named(117, "OpenBSD's packet filter log", Ip),
    Named(119, "IEEE 802.11 with a Prism header", Ip),
    Named(122, "IP over Fibre Channel", Ip),
    Named(123, "ATM of SunATM devices", Ip),
    Named(127, "IEEE 802.11 with radiotap", Ip),
    Named(129, "ARCNET of Linux", Ip),
    Named(138, "IP over IEEE 1394", Ip),
    Named(139, "SS7 MTP2 with a pseudo-header", Other),
    Named(140, "SS7 MTP2", Other),
    Named(141, "SS7 MTP3", Other),
    Named(142, "SS7 SCCP", Other),
    Named(143, "DOCSIS", Ip),
    Named(144, "Linux IrDA", Other),
    Named(163, "IEEE 802.11 with an AVS header", Ip),
    Named(166, "PPP with direction, of pppd", Ip),
    Named(177, "Linux LAPD", Other),
    Named(178, "Ethernet of Juniper devices", Ip),
    Named(187, "Bluetooth HCI", Other),
    Named(189, "USB of Linux", Other),
    Named(190, "IEEE 802.16", Ip),
    Named(192, "PPI", Ip),
    Named(195, "IEEE 802.15.4", Other),
    Named(197, "ERF", Ip),
    Named(201, "Bluetooth HCI with direction", Other),
    Named(204, "PPP with direction", Ip),
    Named(205, "Cisco HDLC with direction", Ip),
    Named(206, "Frame Relay with direction", Ip),
    Named(209, "I2C of Linux", Other),
    Named(215, "IEEE 802.15.4 without checksums", Other),
    Named(220, "USB of Linux", Other),
    Named(224, "Fibre Channel FC-2", Ip),
    Named(225, "Fibre Channel FC-2 with delimiters", Ip),
    Named(226, "IPNET of Solaris", Ip),
    Named(227, "CAN", Other),
    Named(230, "IEEE 802.15.4 without checksums", Other),
    Named(235, "DVB common interface", Other),
    Named(239, "NFLOG of Linux", Ip),
    Named(242, "IP over InfiniBand", Ip),
    Named(243, "MPEG-2 transport stream", Other),
    Named(247, "InfiniBand", Ip),
    Named(248, "SCTP without IP", Other),
    Named(249, "USB of USBPcap", Other),
    Named(251, "Bluetooth Low Energy", Other),
    Named(252, "Wireshark's upper protocols", Ip),
    Named(253, "netlink of Linux", Other),
    Named(254, "Bluetooth of Linux", Other),
    Named(256, "Bluetooth Low Energy with a pseudo-header", Other),
    Named(258, "PKTAP of macOS", Ip),
    Named(265, "DECT", Other),
    Named(266, "USB of macOS", Other),
    Named(272, "nRF Sniffer", Other),
    Named(273, "G.9959", Other),
    Named(281, "Ethernet of Broadcom switches", Ip),
    Named(283, "IEEE 802.15.4 with a TAP header", Other),
    Named(284, "Ethernet of Marvell switches", Ip),
    Named(285, "Ethernet of Marvell switches", Ip),
    Named(288, "USB 2.0", Other),
    Named(291, "Ethernet of Arrow hardware", Ip),
    Named(295, "vsock of Linux", Other),
    Named(299, "systemd journal", Other),
];

/// Returns a sentence about packets of a link type: its name, and what the user can do.
pub(super) fn sentence(number: u32) -> String {
    match NAMES.iter().find(|named| named.0 == number) {
        Some(Named(_, name, Ip)) => format!(
            "has packets of link type {number} ({name}), which are not followed: capture where they are Ethernet or IP"
        ),
        Some(Named(_, name, Other)) => format!(
            "has packets of link type {number} ({name}), which carry no video: capture the network's interface instead, \
             which dumpcap -D lists"
        ),
        None => format!(
            "has packets of link type {number}, which is not known: capture where they are Ethernet or IP"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn link_types_are_named() {
        assert!(NAMES.is_sorted_by(|a, b| a.0 < b.0));
        assert!(sentence(220).contains("link type 220 (USB of Linux)"));
        assert!(sentence(143).contains("(DOCSIS)"));
        assert!(sentence(9999).contains("link type 9999, which is not known"));
        assert!(
            !sentence(220).contains("Ethernet"),
            "advice that can be followed"
        );
    }
}
