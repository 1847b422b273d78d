//! Tests that need several parts of the module at once.

mod properties;
mod rfc_vectors;
mod wire;

use super::*;

/// Destination connection ID of the client's first Initial in the appendices of RFC 9001 and RFC
/// 9369.
const DCID: [u8; 8] = [0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08];

const V1: u32 = 0x0000_0001;
const V2: u32 = 0x6b33_43cf;
const DRAFT_29: u32 = 0xff00_001d;

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| u8::try_from(c.to_digit(16).expect("hex digit")).expect("digit"))
        .collect();
    digits
        .chunks(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect()
}

/// Returns the only packet of a datagram that was captured in full.
fn single(datagram: &[u8]) -> QuicPacket<'_> {
    let mut packets = parse_datagram(datagram, datagram.len(), None);
    let packet = packets.next().expect("a packet");
    assert_eq!(packets.next(), None);
    packet
}

/// The first byte of a long header without protection, with a packet number of four bytes.
fn first_byte(version: u32, form: Form) -> u8 {
    let code = match form {
        Form::ZeroRtt => 1,
        Form::Handshake => 2,
        Form::Retry => 3,
        _ => 0,
    };
    0xc3 | (((code + u8::from(version == V2)) % 4) << 4)
}

/// A long header with packet number 0, for a payload of that length.
pub(crate) fn long_header(
    version: u32,
    form: Form,
    dcid: &[u8],
    scid: &[u8],
    token: &[u8],
    payload_len: usize,
) -> Vec<u8> {
    let varint = |value: usize| (u16::try_from(value).expect("short") | 0x4000).to_be_bytes();
    let cid = |cid: &[u8]| [&[u8::try_from(cid.len()).expect("short")], cid].concat();
    let token = if form == Form::Initial {
        [&varint(token.len())[..], token].concat()
    } else {
        Vec::new()
    };
    [
        &[first_byte(version, form)][..],
        &version.to_be_bytes(),
        &cid(dcid),
        &cid(scid),
        &token,
        &varint(4 + payload_len + TAG_LEN),
        &[0; 4],
    ]
    .concat()
}

pub(crate) fn crypto_frame(offset: usize, data: &[u8]) -> Vec<u8> {
    let varint = |value: usize| (u32::try_from(value).expect("short") | 0x8000_0000).to_be_bytes();
    [&[0x06][..], &varint(offset), &varint(data.len()), data].concat()
}
