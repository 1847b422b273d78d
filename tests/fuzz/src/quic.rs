//! QUIC datagrams: packets tile a datagram; decryption and its frames keep to the packet; the
//! handshake's stream is what a map of bytes would be.

use std::collections::BTreeMap;

use nflx_core::fuzzing::client_hello::ClientHello;
use nflx_core::fuzzing::quic::{
    ConnectionId, ConnectionIdLengths, CryptoStream, Endpoint, Form, InitialKeys, crypto_frames,
    looks_like_initial, parse_datagram,
};

use crate::Input;

/// Reads one datagram, or the payload of an Initial, or pieces of a handshake.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    match input.u8() % 4 {
        0 => frames(input.rest()),
        1 => pieces(&mut input),
        _ => datagram(&mut input),
    }
}

fn datagram(input: &mut Input<'_>) {
    let hidden = usize::from(input.u16());
    let id_length = input.u8() % 24;
    let bytes = input.rest();
    let length = bytes.len() + hidden;
    let _ = looks_like_initial(bytes, length);
    let mut lengths = ConnectionIdLengths::default();
    let mut packets = parse_datagram(bytes, length, (id_length < 21).then_some(id_length));
    let mut at = 0;
    let mut payload = Vec::new();
    while let Some(packet) = packets.next() {
        assert_eq!(packet.offset, at);
        assert!(
            packet.packet_len > 0 && packet.header_len <= packet.packet_len,
            "{packet:?}"
        );
        assert!(packet.bytes.len() <= packet.packet_len);
        let captured = packet.bytes.len().saturating_sub(packet.header_len);
        assert!(captured <= packet.payload_range().len());
        assert_eq!(packet.is_cut(), packet.bytes.len() < packet.packet_len);
        at += packet.packet_len;
        assert_eq!(packets.unparsed_len(), length - at);
        for sender in [Endpoint::Client, Endpoint::Server] {
            lengths.learn(sender, &packet);
            let _ = lengths.short_dcid_len(sender);
        }
        assert!(
            packet
                .dcid
                .starts_with(ConnectionId::new(packet.dcid).as_bytes())
        );
        let Some(version) = packet.version else {
            continue;
        };
        for keys in [
            InitialKeys::client(version, packet.dcid),
            InitialKeys::server(version, packet.dcid),
        ] {
            let Ok(mut keys) = keys else { continue };
            match keys.decrypt(&packet, &mut payload) {
                Ok(_) => {
                    assert!(packet.form == Form::Initial && payload.len() <= captured);
                    frames(&payload);
                }
                Err(_) => assert!(payload.is_empty()),
            }
        }
    }
}

fn frames(payload: &[u8]) {
    let (mut total, mut stream) = (0, CryptoStream::new());
    for frame in crypto_frames(payload) {
        total += frame.data.len();
        stream.insert(frame.offset, frame.data);
    }
    assert!(total <= payload.len());
    let _ = ClientHello::parse(stream.prefix());
}

fn pieces(input: &mut Input<'_>) {
    let limit = usize::from(input.u16() % 2048);
    let (mut stream, mut model) = (CryptoStream::with_limit(limit), BTreeMap::new());
    while !input.is_empty() {
        let offset = if input.u8() == 255 {
            input.u64()
        } else {
            u64::from(input.u16() % 2048)
        };
        let length = input.below(256);
        let data = input.bytes(length);
        stream.insert(offset, data);
        for (at, byte) in data.iter().enumerate() {
            if let Some(at) = offset
                .checked_add(at as u64)
                .filter(|at| *at < limit as u64)
            {
                model.entry(at).or_insert(*byte);
            }
        }
    }
    let prefix: Vec<u8> = (0..).map_while(|at| model.get(&at).copied()).collect();
    assert_eq!(stream.prefix(), prefix);
    let message = (prefix.len() >= 4).then(|| {
        4 + usize::from(prefix[1]) * 65_536 + usize::from(prefix[2]) * 256 + usize::from(prefix[3])
    });
    let complete = message.is_some_and(|length| length <= prefix.len());
    assert!(!(complete && stream.wants_more()));
}
