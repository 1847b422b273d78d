//! Unsupported capture formats that `editcap`, which comes with Wireshark, converts. They are
//! recognised by their first bytes, as in Wireshark's `wiretap`.

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
    (b"\x01\x10\x4c\0", "LANalyzer"),
    (b"+---------+---------------+----------+", "K12 text"),
    (b"\0\0\x02\0\x12\x05\0\x10", "K12"),
];

/// Number of bytes that distinguish formats: the longest magic, and the first record of ERF with
/// the head of the next.
pub(super) const HEAD: usize = 16_384;

/// Head of an ERF record.
const ERF_HEAD: usize = 16;
/// Seconds since 1970 in 2000 and in 2100, between which such captures are made.
const ERF_SECONDS: std::ops::Range<u32> = 946_684_800..4_102_444_800;

/// Returns true for ERF, which has no magic: records follow each other, each with a head.
fn is_erf(head: &[u8]) -> bool {
    erf_record(head).is_some_and(|length| {
        let next = head.get(length..).filter(|next| !next.is_empty());
        next.map_or(length == head.len(), |next| erf_record(next).is_some())
    })
}

/// Returns the length of an ERF record: time stamp (little-endian, seconds in the upper half),
/// type, flags, record length, loss counter, wire length (big-endian).
fn erf_record(bytes: &[u8]) -> Option<usize> {
    let head = bytes.first_chunk::<ERF_HEAD>()?;
    let seconds = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
    let record = u16::from_be_bytes([head[10], head[11]]);
    let wire = u16::from_be_bytes([head[14], head[15]]);
    // Types up to 48 are assigned; the top bit announces more headers.
    let is_plausible = ERF_SECONDS.contains(&seconds)
        && (1..=48).contains(&(head[8] & 0x7f))
        && usize::from(record) >= ERF_HEAD
        && wire > 0;
    is_plausible.then_some(record.into())
}

/// Returns the name of the format of a file that begins with `head`.
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
        for other in [
            &b"hello, world, this is text"[..],
            b"PK\x03\x04",
            b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
            b"",
        ] {
            assert_eq!(of_head(other), None);
        }
    }

    #[test]
    fn erf_is_told_by_two_records_or_one_that_is_all() {
        let record = |seconds: u32, kind: u8| {
            let mut record = [0; 80];
            record[4..8].copy_from_slice(&seconds.to_le_bytes());
            (record[8], record[11], record[15]) = (kind, 80, 60);
            record
        };
        let good = record(1_700_000_000, 2);
        assert_eq!(of_head(&good), Some("ERF"));
        assert_eq!(of_head(&[good, good].concat()), Some("ERF"));
        assert_eq!(of_head(&good[..79]), None);
        let wrong = [
            record(946_684_799, 2),
            record(4_102_444_800, 2),
            record(1_700_000_000, 0),
            record(1_700_000_000, 49),
        ];
        for wrong in wrong {
            assert_eq!(of_head(&wrong), None);
            assert_eq!(of_head(&[good, wrong].concat()), None);
        }
        for right in [record(946_684_800, 1), record(4_102_444_799, 48 | 0x80)] {
            assert_eq!(of_head(&right), Some("ERF"));
        }
    }
}
