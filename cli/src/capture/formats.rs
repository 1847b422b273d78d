//! Formats of captures that are not read but that `editcap`, which comes with Wireshark, converts: told by their first
//! bytes, as Wireshark's `wiretap` tells them.

const MAGICS: &[(&[u8], &str)] = &[
    (b"snoop\0\0\0", "snoop"),
    (b"RTSS", "Microsoft Network Monitor"),
    (b"GMBU", "Microsoft Network Monitor"),
    (b"XCP\0", "NetXRay"),
    (b"VL\0\0", "NetXRay"),
    (b"TRSNIFF data    \x1a", "Sniffer"),
    (b"\x7fver", "OmniPeek"),
    (b"iptrace 1.0", "AIX iptrace"),
    (b"iptrace 2.0", "AIX iptrace"),
    (b"ObserverPktBufferVersion=", "Observer"),
    (b"TR\0d\0", "HP-UX nettl"),
    (b"\x05VNF", "Visual Networks"),
    (b"\xaa\xaa\xaa\xaa", "5View"),
];

/// The longest of the magics.
pub(super) const HEAD: usize = 32;

/// ERF has no magic: time stamp (little-endian, seconds in the upper half), type, flags, record length, loss counter, wire
/// length (big-endian).
fn is_erf(head: &[u8]) -> bool {
    let Some(head) = head.first_chunk::<16>() else {
        return false;
    };
    let seconds = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
    let record = u16::from_be_bytes([head[10], head[11]]);
    let wire = u16::from_be_bytes([head[14], head[15]]);
    // From 2000 on; types up to 48 are given out, the top bit says that headers follow.
    seconds >= 946_684_800 && (1..=48).contains(&(head[8] & 0x7f)) && record >= 16 && wire > 0
}

/// The name of the format of a file that begins with `head`.
pub(super) fn of_head(head: &[u8]) -> Option<&'static str> {
    let named = MAGICS.iter().find(|(magic, _)| head.starts_with(magic));
    named
        .map(|(_, name)| *name)
        .or_else(|| is_erf(head).then_some("ERF"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_by_their_beginning() {
        assert!(MAGICS.iter().all(|(magic, _)| magic.len() <= HEAD));
        assert_eq!(of_head(b"snoop\0\0\0\0\0\0\x02"), Some("snoop"));
        assert_eq!(of_head(b"GMBU\0\x02"), Some("Microsoft Network Monitor"));
        let mut erf = [0; 20];
        erf[4..8].copy_from_slice(&1_700_000_000u32.to_le_bytes());
        erf[8] = 2;
        erf[11] = 80;
        erf[15] = 60;
        assert_eq!(of_head(&erf), Some("ERF"));
        for other in [
            &b"hello, world, this is text"[..],
            b"PK\x03\x04",
            b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
            b"",
        ] {
            assert_eq!(of_head(other), None);
        }
        erf[8] = 0;
        assert_eq!(of_head(&erf), None);
    }
}
