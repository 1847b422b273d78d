//! Messages of TLS and DNS.

use std::net::IpAddr;

use super::ENDS;

pub(super) fn record(content_type: u8, body: &[u8]) -> Vec<u8> {
    let mut record = vec![content_type, 3, 3];
    record.extend((body.len() as u16).to_be_bytes());
    record.extend(body);
    record
}

fn vector<const N: usize>(body: &[u8]) -> Vec<u8> {
    [&(body.len() as u32).to_be_bytes()[4 - N..], body].concat()
}

pub(super) fn client_hello(name: &str) -> Vec<u8> {
    let name = vector::<2>(&[&[0], &vector::<2>(name.as_bytes())[..]].concat());
    let extensions = [&[0, 0], &vector::<2>(&name)[..]].concat();
    let parts = [
        &[3, 3],
        &[7; 32][..],
        &[0],
        &vector::<2>(&[0x13, 1]),
        &[1, 0],
        &vector::<2>(&extensions),
    ];
    [&[1], &vector::<3>(&parts.concat())[..]].concat()
}

pub(super) fn server_hello(choice: u8) -> Vec<u8> {
    let mut extensions = Vec::new();
    if choice & 1 == 0 {
        extensions.extend([0, 43, 0, 2, 3, 4]);
    }
    if choice & 2 != 0 {
        extensions.extend([0, 16]);
        extensions.extend(vector::<2>(&vector::<2>(&vector::<1>(b"h2"))));
    }
    let cipher = if choice & 1 == 0 {
        [0x13, 1]
    } else {
        [0xc0, 0x2f]
    };
    let parts = [
        &[3, 3],
        &[9; 32][..],
        &[0],
        &cipher,
        &[0],
        &vector::<2>(&extensions),
    ];
    [&[2], &vector::<3>(&parts.concat())[..]].concat()
}

fn dns_name(name: &str) -> Vec<u8> {
    name.split('.')
        .flat_map(|label| vector::<1>(label.as_bytes()))
        .chain([0])
        .collect()
}

/// An answer to a question for one name with an alias to another, and an address of one of the
/// servers.
pub(super) fn dns_answer(asked: &str, alias: &str, choice: u8) -> Vec<u8> {
    let address: IpAddr = ENDS[usize::from(choice & 7)].1.parse().expect("an address");
    let (record_type, address) = match address {
        IpAddr::V4(address) => (1, address.octets().to_vec()),
        IpAddr::V6(address) => (28, address.octets().to_vec()),
    };
    let mut message = vec![
        0x12,
        0x34,
        0x81,
        0x80,
        0,
        1,
        0,
        1 + (choice >> 3 & 1),
        0,
        0,
        0,
        0,
    ];
    message.extend(dns_name(asked));
    message.extend([0, record_type, 0, 1]);
    let mut owner = asked;
    if choice & 8 != 0 {
        message.extend(dns_name(asked));
        message.extend([0, 5, 0, 1, 0, 0, 0, 60]);
        message.extend(vector::<2>(&dns_name(alias)));
        owner = alias;
    }
    message.extend(dns_name(owner));
    message.extend([0, record_type, 0, 1, 0, 0, 0, 60]);
    message.extend(vector::<2>(&address));
    message
}
