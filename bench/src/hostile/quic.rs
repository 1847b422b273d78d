//! Initial packets of QUIC (RFC 9000, RFC 9001), sealed as clients do.

use aes_gcm::Aes128Gcm;
use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::aes::Aes128;
use aes_gcm::aes::cipher::BlockCipherEncrypt;
use hkdf::Hkdf;
use sha2::Sha256;

use super::packet::{Ends, outside, udp};
use crate::Frame;

/// Salt of version 1 (RFC 9001, section 5.2).
const SALT: [u8; 20] = [
    0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad,
    0xcc, 0xbb, 0x7f, 0x0a,
];
/// Smallest datagram of a client's Initial (RFC 9000, section 14.1).
const DATAGRAM: usize = 1200;
/// Frames of a packet that fills such a datagram.
const FRAMES: usize = 1170;
/// Sealed packets that are made; others are the same again in other flows.
const VARIANTS: u64 = 64;

/// Keys of a client's Initial packets.
struct Keys {
    aead: Aes128Gcm,
    iv: [u8; 12],
    protection: Aes128,
}

impl Keys {
    fn of(id: &[u8]) -> Self {
        let secret: [u8; 32] = expand(&Hkdf::new(Some(&SALT), id), b"client in");
        let secret = Hkdf::<Sha256>::from_prk(&secret).expect("as long as the hash");
        let key: [u8; 16] = expand(&secret, b"quic key");
        let protection: [u8; 16] = expand(&secret, b"quic hp");
        Self {
            aead: Aes128Gcm::new(&key.into()),
            iv: expand(&secret, b"quic iv"),
            protection: Aes128::new(&protection.into()),
        }
    }

    /// An Initial packet with these frames.
    fn seal(&self, id: &[u8], number: u16, frames: &[u8]) -> Vec<u8> {
        let mut packet = header(id, 2 + frames.len() + 16);
        packet[0] |= 1;
        let at = packet.len();
        packet.extend(number.to_be_bytes());
        let mut nonce = self.iv;
        nonce[10] ^= number.to_be_bytes()[0];
        nonce[11] ^= number.to_be_bytes()[1];
        let mut sealed = frames.to_vec();
        let tag = self
            .aead
            .encrypt_inout_detached(&nonce.into(), &packet, sealed.as_mut_slice().into())
            .expect("short");
        packet.extend(sealed);
        packet.extend(tag);
        let sample: [u8; 16] = packet[at + 4..at + 20].try_into().expect("16 bytes");
        let mut mask = sample.into();
        self.protection.encrypt_block(&mut mask);
        packet[0] ^= mask[0] & 0x0f;
        packet[at] ^= mask[1];
        packet[at + 1] ^= mask[2];
        packet
    }
}

/// HKDF-Expand-Label with an empty context (RFC 8446, section 7.1).
fn expand<const N: usize>(secret: &Hkdf<Sha256>, label: &[u8]) -> [u8; N] {
    let info = [
        &[0, N as u8, 6 + label.len() as u8],
        &b"tls13 "[..],
        label,
        &[0],
    ]
    .concat();
    let mut out = [0; N];
    secret.expand(&info, &mut out).expect("short");
    out
}

/// Builds a long header without a token, for a packet with this many bytes after it.
fn header(id: &[u8], length: usize) -> Vec<u8> {
    let mut header = vec![0xc0, 0, 0, 0, 1, id.len() as u8];
    header.extend_from_slice(id);
    header.extend([0, 0]);
    header.extend((0x4000 | length as u16).to_be_bytes());
    header
}

fn crypto(offset: u32, data: &[u8]) -> Vec<u8> {
    let mut frame = vec![6];
    frame.extend((0x8000_0000 | offset).to_be_bytes());
    frame.extend((0x4000 | data.len() as u16).to_be_bytes());
    frame.extend_from_slice(data);
    frame
}

/// One client's datagrams, each of as many packets as it holds.
pub(super) fn refused() -> impl Iterator<Item = Frame> {
    let header = header(b"original", 20);
    let packet = [&header[..], &[0x5a; 20]].concat();
    let mut datagram = packet.repeat(DATAGRAM.div_ceil(packet.len()));
    let ends = Ends::to(outside(0), 1, 443);
    (0..).map(move |at: i64| {
        datagram[header.len()..][..8].copy_from_slice(&at.to_be_bytes());
        udp(at, ends, true, datagram.len(), &datagram)
    })
}

/// Each captured as far as a name may stand, so that keys are made for it.
pub(super) fn new_ids() -> impl Iterator<Item = Frame> {
    (0..).map(|at: i64| {
        let mut packet = header(&at.to_be_bytes(), DATAGRAM - 18);
        packet.extend([0x5a; 60]);
        udp(
            at,
            Ends::to(outside(at as u64), at as u64, 443),
            true,
            DATAGRAM,
            &packet,
        )
    })
}

/// First nearly all of a hello, then a byte of it in each packet of many in a datagram, and then
/// packets that add none.
pub(super) fn growing(count: usize) -> (Vec<Frame>, Box<dyn Iterator<Item = Frame>>) {
    const HELLO: usize = 16_384;
    const PIECE: usize = 1100;
    const PACKETS: usize = 30;
    let id = b"original";
    let keys = Keys::of(id);
    let ends = Ends::to(outside(0), 1, 443);
    let mut hello = vec![1, 0, 0x3f, 0xfc, 3, 3];
    hello.extend([7; 32]);
    hello.extend([0, 0, 2, 0x13, 1, 1, 0, 0xff, 0xff]);
    hello.resize(HELLO, 0xfa);
    // Extensions without content, as many as there is room for.
    for extension in hello[47..].chunks_exact_mut(4) {
        extension.copy_from_slice(&[0xfa, 0xfa, 0, 0]);
    }
    let begun = HELLO - 1200;
    let before = (0..begun).step_by(PIECE).zip(0..).map(|(from, number)| {
        let mut frames = crypto(from as u32, &hello[from..(from + PIECE).min(begun)]);
        frames.resize(FRAMES, 0);
        let packet = keys.seal(id, number, &frames);
        udp(number.into(), ends, true, packet.len(), &packet)
    });
    let before = before.collect();
    let datagrams: Vec<Vec<u8>> = (0..40)
        .map(|datagram: usize| {
            let packets = (0..PACKETS).map(|packet| {
                let at = (begun + datagram * PACKETS + packet).min(HELLO - 2);
                keys.seal(
                    id,
                    (1000 + datagram * PACKETS + packet) as u16,
                    &crypto(at as u32, &hello[at..=at]),
                )
            });
            packets.collect::<Vec<_>>().concat()
        })
        .collect();
    let frames = (0..count).map(move |at| {
        let datagram = &datagrams[at.min(datagrams.len() - 1)];
        udp(
            100 + at as i64,
            ends,
            true,
            datagram.len().max(DATAGRAM),
            datagram,
        )
    });
    (before, Box::new(frames))
}

/// One byte each, for which 16 kB are set aside.
pub(super) fn offsets() -> impl Iterator<Item = Frame> {
    let packets = sealed(&reaching(16_383), VARIANTS);
    (0..).map(move |at: i64| at_offset(at, &packets))
}

/// A datagram of its own flow.
pub(super) fn at_offset(at: i64, packets: &[Vec<u8>]) -> Frame {
    let packet = &packets[at as usize % packets.len()];
    let ends = Ends::to(outside(at as u64), at as u64, 443);
    udp(at, ends, true, packet.len(), packet)
}

/// Packets with these frames, each under another connection ID.
pub(super) fn sealed(frames: &[u8], count: u64) -> Vec<Vec<u8>> {
    let mut frames = frames.to_vec();
    frames.resize(FRAMES, 0);
    (0..count)
        .map(|id| Keys::of(&id.to_be_bytes()).seal(&id.to_be_bytes(), 0, &frames))
        .collect()
}

/// Frames that set so much of a hello aside.
pub(super) fn reaching(bytes: usize) -> Vec<u8> {
    crypto(bytes.clamp(2, 16_383) as u32 - 1, b"a")
}
