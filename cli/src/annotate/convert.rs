//! Converts pcap to pcapng without losing any information about a packet.
//!
//! Link type, snapshot length, time unit and frame check sequences go into the single interface
//! description; the byte order stays.

use nflx_core::Packet;
use pcap_parser::{EPB_MAGIC, IDB_MAGIC, SHB_MAGIC};

use super::comment::{Edit, pad, put, put_end};
use crate::capture::{Header, Order};

const BYTE_ORDER: u32 = 0x1a2b_3c4d;
/// A section of unknown length.
const UNKNOWN: u64 = u64::MAX;

/// Options: of a section, the program that wrote it; of an interface, time unit and length of frame
/// check sequences.
const SHB_USERAPPL: u16 = 4;
const IF_TSRESOL: u16 = 9;
const IF_FCSLEN: u16 = 13;

/// The program as captures name it.
const PROGRAM: &str = concat!("nflx ", env!("CARGO_PKG_VERSION"));

/// Writes section header and interface description for a pcap file.
pub(super) fn header(header: &Header, edit: Edit<'_>, into: &mut Vec<u8>) {
    let order = header.order;
    block(SHB_MAGIC, order, into, |into| {
        into.extend(order.u32_bytes(BYTE_ORDER));
        into.extend(order.u16_bytes(1));
        into.extend(order.u16_bytes(0));
        into.extend(order.u64_bytes(UNKNOWN));
        let mut options = Vec::new();
        // Short enough for an option.
        let _ = put(&mut options, order, SHB_USERAPPL, PROGRAM.as_bytes());
        put_end(&mut options);
        if !edit.apply(&options, order, into) {
            into.extend(options);
        }
    });
    block(IDB_MAGIC, order, into, |into| {
        into.extend(order.u16_bytes(header.link_type.0));
        into.extend(order.u16_bytes(0));
        into.extend(order.u32_bytes(header.snapshot_length));
        let _ = put(
            into,
            order,
            IF_TSRESOL,
            &[if header.nanoseconds { 9 } else { 6 }],
        );
        if let Some(length) = header.fcs_length {
            let _ = put(into, order, IF_FCSLEN, &[length]);
        }
        put_end(into);
    });
}

/// Writes a packet of a pcap file.
pub(super) fn record(header: &Header, packet: &Packet<'_>, edit: Edit<'_>, into: &mut Vec<u8>) {
    let order = header.order;
    // Seconds of pcap have no sign.
    let nanoseconds = packet.time.0.unsigned_abs();
    let units = if header.nanoseconds {
        nanoseconds
    } else {
        nanoseconds / 1000
    };
    block(EPB_MAGIC, order, into, |into| {
        let words = [
            0,
            (units >> 32) as u32,
            units as u32,
            packet.data.len() as u32,
            packet.original_length,
        ];
        words
            .iter()
            .for_each(|&word| into.extend_from_slice(&order.u32_bytes(word)));
        into.extend_from_slice(packet.data);
        pad(into, packet.data.len());
        edit.apply(&[], order, into);
    });
}

/// Writes a block around a body of whole words.
fn block(kind: u32, order: Order, into: &mut Vec<u8>, body: impl FnOnce(&mut Vec<u8>)) {
    let start = into.len();
    into.extend_from_slice(&order.u32_bytes(kind));
    into.extend_from_slice(&[0; 4]);
    body(into);
    // No packet that is read is larger than 16 MiB.
    let length = order.u32_bytes((into.len() - start + 4) as u32);
    into[start + 4..start + 8].copy_from_slice(&length);
    into.extend_from_slice(&length);
}
