//! pcap: one header, then records.
//!
//! Read: microseconds and nanoseconds, both byte orders, and the longer records with which patched
//! libpcaps of the 1990s store an interface and a protocol with each packet.

mod variant;

use std::io::Read;

use nflx_core::{LinkType, Packet};
use pcap_parser::PcapHeader;

use super::buffer::{Buffer, MAX_BLOCK};
use super::damage::{Damage, Defect, Unreadable};
use super::order::Order;
use super::piece::{Header, Piece};
use super::time;
use variant::{RECORD, RECORD_MODIFIED};

const HEADER: usize = 24;

/// Wireshark's limit for the packets of most link types (`WTAP_MAX_PACKET_SIZE_STANDARD`). More is
/// allowed if the file's header announces it.
const MAX_PACKET: u32 = 262_144;

const MODIFIED_LITTLE: [u8; 4] = [0x34, 0xcd, 0xb2, 0xa1];
const MODIFIED_BIG: [u8; 4] = [0xa1, 0xb2, 0xcd, 0x34];

/// Low 26 bits of the header's last word; the others describe frame check sequences.
const LINK_TYPE_MASK: u32 = 0x03ff_ffff;
/// Set if the top four bits hold the length of the frame check sequences, in units of 16 bits
/// (draft-ietf-opsawg-pcap, section 4).
const HAS_FCS_LENGTH: u32 = 0x0400_0000;
const FCS_LENGTH_SHIFT: u32 = 28;

/// Returns true if a file that begins with these bytes is pcap.
pub(super) fn is_magic(head: [u8; 4]) -> bool {
    head == MODIFIED_BIG || pcap_parser::parse_pcap_header(&padded(head)).is_ok()
}

fn padded(head: [u8; 4]) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    header[..4].copy_from_slice(&head);
    header
}

/// Reads the records of a pcap file.
pub(crate) struct PcapReader<R> {
    buffer: Buffer<R>,
    header: Header,
    /// True once [`Self::next_piece`] has returned the header.
    header_given: bool,
    record: usize,
    max_packet: u32,
    frame: u64,
    damage: Option<Damage>,
}

impl<R: Read> PcapReader<R> {
    pub(super) fn new(mut buffer: Buffer<R>) -> Result<Self, Unreadable> {
        if !buffer.fill(HEADER) {
            return Err(buffer
                .error()
                .map_or(Unreadable::HeaderCut, Unreadable::from_read_error));
        }
        let taken = buffer.take(HEADER);
        let bytes = buffer.get(taken);
        let modified = bytes.starts_with(&MODIFIED_LITTLE) || bytes.starts_with(&MODIFIED_BIG);
        let header = parse_header(bytes)?;
        if header.version_major != 2 {
            let (major, minor) = (header.version_major, header.version_minor);
            return Err(Unreadable::Version {
                format: "pcap",
                major,
                minor,
            });
        }
        let network = header.network.0 as u32;
        let link_type = network & LINK_TYPE_MASK;
        Ok(Self {
            header: Header {
                order: if header.is_bigendian() {
                    Order::Big
                } else {
                    Order::Little
                },
                nanoseconds: header.is_nanosecond_precision(),
                snapshot_length: header.snaplen,
                link_type: LinkType(
                    u16::try_from(link_type).map_err(|_| Unreadable::LinkType(link_type))?,
                ),
                fcs_length: (network & HAS_FCS_LENGTH != 0)
                    .then_some((network >> FCS_LENGTH_SHIFT) as u8 * 2),
            },
            header_given: false,
            record: if modified { RECORD_MODIFIED } else { RECORD },
            max_packet: header.snaplen.clamp(MAX_PACKET, MAX_BLOCK as u32),
            frame: 0,
            damage: None,
            buffer,
        })
    }

    pub(super) fn next(&mut self) -> Option<Packet<'_>> {
        if self.damage.is_some() {
            return None;
        }
        if self.frame == 0 {
            self.measure();
        }
        if !self.buffer.fill(self.record) {
            return self.end();
        }
        // A slice of known length, so that reading its words needs no checks.
        let &header = self.buffer.unread().first_chunk::<RECORD>()?;
        let word = |at| self.header.order.u32(&header, at);
        let (seconds, fraction, captured, original) = (word(0), word(4), word(8), word(12));
        if captured > self.max_packet {
            return self.stop(Defect::PacketLength(captured));
        }
        let length = self.record + captured as usize;
        if !self.buffer.fill(length) {
            return self.end();
        }
        self.frame += 1;
        let taken = self.buffer.take(length);
        Some(Packet {
            frame: self.frame,
            time: time::pcap(seconds, fraction, self.header.nanoseconds),
            link_type: self.header.link_type,
            original_length: original.max(captured),
            data: &self.buffer.get(taken)[self.record..],
        })
    }

    /// Determines the size of record headers from the first two records. So the first packet waits for
    /// the header of the second, and what a stream has at hand by chance decides nothing.
    #[cold]
    fn measure(&mut self) {
        let limits = variant::Limits {
            order: self.header.order,
            nanoseconds: self.header.nanoseconds,
            max_packet: self.max_packet,
        };
        self.buffer.fill(RECORD);
        let Some(captured) = limits.captured(self.buffer.unread()) else {
            return;
        };
        // True if a record follows, false if something else does, and `None` at the end.
        let mut leads = |size: usize| {
            let second = size + captured;
            let is_there = self.buffer.fill(second + RECORD);
            is_there.then(|| limits.captured(&self.buffer.unread()[second..]).is_some())
        };
        if leads(self.record) != Some(false) {
            return;
        }
        let mut others = limits.others(self.record).iter();
        let is_proven = |&&size: &&usize| leads(size) == Some(true);
        if let Some(&size) = others.find(is_proven) {
            self.record = size;
        }
    }

    /// Returns the header, then the records.
    pub(super) fn next_piece(&mut self) -> Option<Piece<'_>> {
        if !self.header_given {
            self.header_given = true;
            return Some(Piece::Header(self.header));
        }
        self.next().map(Piece::Record)
    }

    /// Handles the end of the records, which is fine if nothing is left over.
    #[cold]
    fn end(&mut self) -> Option<Packet<'_>> {
        match self.buffer.error() {
            Some(error) => self.stop(Defect::Read(crate::messages::reason(error).into())),
            None if self.buffer.unread().is_empty() => None,
            None => self.stop(Defect::CutPacket),
        }
    }

    #[cold]
    fn stop(&mut self, what: Defect) -> Option<Packet<'_>> {
        self.damage = Some(Damage {
            offset: self.buffer.offset(),
            after_frame: self.frame,
            what,
        });
        None
    }

    pub(super) const fn frames(&self) -> u64 {
        self.frame
    }

    pub(super) const fn link_type(&self) -> LinkType {
        self.header.link_type
    }

    pub(super) const fn damage(&self) -> Option<&Damage> {
        self.damage.as_ref()
    }
}

/// Parses the header. pcap-parser knows the modified format in one byte order only; in the other,
/// the header is that of plain pcap.
fn parse_header(bytes: &[u8]) -> Result<PcapHeader, Unreadable> {
    let mut plain = [0; HEADER];
    plain.copy_from_slice(bytes);
    if plain.starts_with(&MODIFIED_BIG) {
        plain[..4].copy_from_slice(&[0xa1, 0xb2, 0xc3, 0xd4]);
    }
    match pcap_parser::parse_pcap_header(&plain) {
        Ok((_, header)) => Ok(header),
        Err(_) => Err(Unreadable::HeaderDamaged),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{self, PcapForm, WholeCapture, read_all};
    use super::*;

    #[test]
    fn every_magic_gives_the_same_packets() {
        let packets = testing::packets();
        for form in PcapForm::ALL {
            let WholeCapture {
                packets: seen,
                damage,
            } = read_all(&testing::pcap(form, 1, &packets)).expect("a capture");
            assert_eq!(damage, None, "{form:?}");
            assert_eq!(seen.len(), packets.len());
            for (seen, packet) in seen.iter().zip(&packets) {
                let nanoseconds = if form.nanoseconds {
                    packet.time
                } else {
                    packet.time / 1000 * 1000
                };
                assert_eq!(
                    (seen.frame, seen.time.0),
                    (packet.frame, nanoseconds),
                    "{form:?}"
                );
                assert_eq!(
                    (&seen.data, seen.original_length),
                    (&packet.data, packet.original_length),
                    "{form:?}"
                );
                assert_eq!(seen.link_type, LinkType::ETHERNET);
            }
        }
    }

    #[test]
    fn cut_anywhere_gives_every_whole_packet() {
        let bytes = testing::small_pcap();
        let packets = testing::packets();
        let mut ends = vec![HEADER];
        for packet in &packets {
            ends.push(ends[ends.len() - 1] + RECORD + packet.data.len());
        }
        for length in 0..=bytes.len() {
            let seen = read_all(&bytes[..length]);
            if length < HEADER {
                let error = seen.expect_err("no header").to_string();
                assert!(error.contains(if length == 0 {
                    "empty"
                } else if length < 4 {
                    "not a"
                } else {
                    "header"
                }));
                continue;
            }
            let seen = seen.expect("a capture");
            let whole = ends.iter().filter(|&&end| end <= length).count() - 1;
            assert_eq!(seen.packets.len(), whole, "cut at {length}");
            let expected = (ends[whole] != length).then_some(Damage {
                offset: ends[whole] as u64,
                after_frame: whole as u64,
                what: Defect::CutPacket,
            });
            assert_eq!(seen.damage, expected, "cut at {length}");
        }
    }

    #[test]
    fn a_monstrous_length_is_damage_and_allocates_nothing() {
        let mut bytes = testing::small_pcap();
        let last = bytes.len();
        bytes.extend([0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0x7f, 0, 0, 0, 0]);
        let seen = read_all(&bytes).expect("a capture");
        assert_eq!(seen.packets.len(), testing::packets().len());
        let damage = seen.damage.expect("damage");
        assert_eq!(
            (damage.offset, damage.what),
            (last as u64, Defect::PacketLength(0x7fff_ffff))
        );
    }

    #[test]
    fn the_header_may_announce_larger_packets() {
        let large = vec![testing::TestPacket::new(1, 0, vec![7; 300_000])];
        let mut bytes = testing::pcap(PcapForm::default(), 1, &large);
        assert!(matches!(
            read_all(&bytes).unwrap().damage.unwrap().what,
            Defect::PacketLength(300_000)
        ));
        bytes[16..20].copy_from_slice(&400_000u32.to_le_bytes());
        assert_eq!(read_all(&bytes).unwrap().packets[0].data.len(), 300_000);
    }

    #[test]
    fn bits_above_the_link_type_do_not_matter() {
        let bytes = testing::pcap(PcapForm::default(), 0x2400_0071, &testing::packets());
        assert_eq!(
            read_all(&bytes).unwrap().packets[0].link_type,
            LinkType::LINUX_SLL
        );
        let bytes = testing::pcap(PcapForm::default(), 0x0001_0000, &[]);
        assert!(matches!(
            read_all(&bytes),
            Err(Unreadable::LinkType(0x0001_0000))
        ));
    }

    #[test]
    fn only_version_2_is_known() {
        let mut bytes = testing::small_pcap();
        bytes[4] = 3;
        assert!(matches!(
            read_all(&bytes),
            Err(Unreadable::Version { major: 3, .. })
        ));
    }
}
