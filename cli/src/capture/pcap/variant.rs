//! Sizes of record headers, which a file does not state: patched libpcaps wrote more behind the
//! four numbers of each record, under the magic of other files.
//!
//! As in Wireshark's `wiretap/libpcap.c`, the records themselves tell: if the size that belongs to
//! the magic leads to a second record that cannot be one, a size is taken that leads to one that
//! can.

use crate::capture::order::Order;

/// Seconds, fraction, captured length, original length.
pub(super) const RECORD: usize = 16;
/// The same, then interface index, protocol, packet type, padding.
pub(super) const RECORD_MODIFIED: usize = 24;
/// Nokia's: four bytes behind the numbers, with the plain magic.
const RECORD_NOKIA: usize = 20;
/// `SuSE` 6.3: the numbers of two processors behind a modified record, with the modified magic.
/// `RedHat` 6.1 is a modified record with the plain magic.
const RECORD_SUSE: usize = 28;

/// Facts of the file header about what records are possible.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    pub(super) order: Order,
    pub(super) nanoseconds: bool,
    pub(super) max_packet: u32,
}

impl Limits {
    /// Returns the captured length of the record that begins here, if it can be one.
    pub(super) fn captured(self, record: &[u8]) -> Option<usize> {
        let header = record.first_chunk::<RECORD>()?;
        let second = if self.nanoseconds {
            1_000_000_000
        } else {
            1_000_000
        };
        let word = |at| self.order.u32(header, at);
        let (fraction, captured, original) = (word(4), word(8), word(12));
        let is_possible = fraction < second && captured <= original && original <= self.max_packet;
        is_possible.then_some(captured as usize)
    }

    /// Returns other sizes of record headers that the magic may stand for.
    pub(super) const fn others(self, usual: usize) -> &'static [usize] {
        match usual {
            RECORD if !self.nanoseconds => &[RECORD_MODIFIED, RECORD_NOKIA],
            RECORD_MODIFIED => &[RECORD_SUSE],
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{PcapForm, TestPacket, pcap, read_all};
    use super::*;

    /// A capture whose record headers have `more` bytes, under the magic of `form`.
    fn capture(form: PcapForm, more: &[u8], packets: &[TestPacket]) -> Vec<u8> {
        let mut out = pcap(form, 1, &[]);
        let header = out.len();
        for packet in packets {
            let plain = PcapForm {
                modified: false,
                ..form
            };
            let record = &pcap(plain, 1, std::slice::from_ref(packet))[header..];
            let (numbers, data) = record.split_at(RECORD);
            out.extend([numbers, more, data].concat());
        }
        out
    }

    fn packets(count: u64) -> Vec<TestPacket> {
        let packet = |frame| {
            let time = 1_795_414_938_000_000_000 + frame as i64 * 1_000_000;
            TestPacket::new(frame, time, vec![frame as u8; 60 + frame as usize])
        };
        (1..=count).map(packet).collect()
    }

    #[test]
    fn records_tell_the_size_of_their_headers() {
        let index = [2, 0, 0, 0];
        let modified = [&index[..], &[8, 0, 0, 0]].concat();
        let suse = [&modified[..], &[1, 0, 0, 0]].concat();
        for form in PcapForm::ALL.into_iter().filter(|form| !form.nanoseconds) {
            let all: &[&[u8]] = match form.modified {
                true => &[&modified, &suse, &[0; 12]],
                false => &[&[], &index, &modified, &[0; 4], &[0; 8]],
            };
            for more in all {
                for count in [2, 3, 9] {
                    let packets = packets(count);
                    let seen = read_all(&capture(form, more, &packets)).expect("a capture");
                    assert_eq!(seen.damage, None, "{form:?} {more:?}");
                    let data = |at: usize| seen.packets.get(at).map(|packet| &packet.data);
                    assert_eq!(seen.packets.len(), packets.len());
                    for (at, packet) in packets.iter().enumerate() {
                        assert_eq!(data(at), Some(&packet.data), "{form:?} {more:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn damage_is_not_taken_for_another_size() {
        let mut bytes = capture(PcapForm::default(), &[], &packets(4));
        let second = 24 + RECORD + 61;
        bytes[second + 8..second + 12].copy_from_slice(&u32::MAX.to_le_bytes());
        let seen = read_all(&bytes).expect("a capture");
        assert_eq!(seen.packets.len(), 1);
        assert_eq!(seen.damage.expect("damage").offset, second as u64);
    }
}
