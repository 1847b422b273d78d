//! Captures that ask for more than there is room for, each in its own way.

use std::io;
use std::net::Ipv4Addr;

use crate::packets::{ACK, Ends, SYN, tcp, udp};

/// The main contents of a capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Flows of one packet each, every hundredth to an address that Netflix announces.
    Flows,
    /// Answers in DNS, each to another question of Netflix's and with another address.
    Names,
    /// One segment without end, cut at 96 bytes a packet.
    Segment,
    /// Pieces of one byte each, in reverse order behind a hole that is never filled.
    Pieces,
    /// Flows whose packets all wait for a first one that never comes.
    Holes,
    /// Requests in clear with long heads, whose hosts have names of Netflix's kind.
    Heads,
    /// A ClientHello in packets of one byte, in one flow after the other.
    Hellos,
    /// Messages of DNS over TCP without content, as many as packets can hold.
    Messages,
    /// Requests and responses of some hundred bytes.
    Requests,
}

/// Takes packets: time in microseconds, length, and what was captured.
type Give<'a> = dyn FnMut(u64, u32, &[u8]) -> io::Result<()> + 'a;

const NETFLIX: Ipv4Addr = Ipv4Addr::new(23, 246, 11, 141);

impl Kind {
    pub(crate) const ALL: [Self; 9] = [
        Self::Flows,
        Self::Names,
        Self::Segment,
        Self::Pieces,
        Self::Holes,
        Self::Heads,
        Self::Hellos,
        Self::Messages,
        Self::Requests,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Flows => "flows",
            Self::Names => "names",
            Self::Segment => "segment",
            Self::Pieces => "pieces",
            Self::Holes => "holes",
            Self::Heads => "heads",
            Self::Hellos => "hellos",
            Self::Messages => "messages",
            Self::Requests => "requests",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Makes `count` packets.
    pub(crate) fn packets(self, count: u64, give: &mut Give<'_>) -> io::Result<()> {
        let mut packet = Vec::new();
        for at in 0..count {
            let length = self.packet(at, &mut packet);
            give(at * 10, length, &packet)?;
        }
        Ok(())
    }

    /// Makes the packet at a place; returns its length; the packet may hold fewer bytes.
    pub(crate) fn packet(self, at: u64, into: &mut Vec<u8>) -> u32 {
        match self {
            Self::Flows => {
                let server = if at.is_multiple_of(100) {
                    NETFLIX
                } else {
                    outside(at / 3)
                };
                let ends = Ends {
                    client: (inside(at), 1024 + (at % 60_000) as u16),
                    server: (server, 443),
                };
                tcp(into, ends, true, SYN, (at as u32, 0), 0, &[]);
            }
            Self::Names => {
                let message = answer(
                    &format!("ipv4-c{at}-fra001-ix.1.oca.nflxvideo.net"),
                    outside(at),
                );
                udp(
                    into,
                    (Ipv4Addr::new(10, 0, 0, 53), 53),
                    (inside(at / 100), 40_000),
                    &message,
                );
            }
            Self::Segment => return segment(at, into),
            Self::Pieces => pieces(at, into),
            Self::Holes => holes(at, into),
            Self::Heads => head(at, into),
            Self::Hellos => hello(at, into),
            Self::Messages => messages(at, into),
            Self::Requests => exchange(at, into),
        }
        into.len() as u32
    }
}

/// One of sixteen million addresses of clients.
fn inside(number: u64) -> Ipv4Addr {
    Ipv4Addr::from(0x0a00_0000 | (number as u32 & 0x00ff_ffff))
}

/// One of many addresses that nobody announces, spread.
fn outside(number: u64) -> Ipv4Addr {
    Ipv4Addr::from(0x6400_0000 | ((number as u32).wrapping_mul(0x9e37_79b1) & 0x03ff_ffff))
}

/// A flow of a client of its own to Netflix.
fn flow(number: u64, port: u16) -> Ends {
    Ends {
        client: (inside(number), 2000 + (number % 60_000) as u16),
        server: (NETFLIX, port),
    }
}

/// A response by DNS: one question, one address.
fn answer(name: &str, address: Ipv4Addr) -> Vec<u8> {
    let mut message = vec![0x12, 0x34, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0];
    for label in name.split('.') {
        message.push(label.len() as u8);
        message.extend(label.as_bytes());
    }
    message.extend([0, 0, 1, 0, 1, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
    message.extend(address.octets());
    message
}

fn segment(at: u64, into: &mut Vec<u8>) -> u32 {
    const SIZE: usize = 1448;
    const CAPTURED: usize = 96 - 40;
    let ends = flow(0, 443);
    match at {
        0 => tcp(
            into,
            ends,
            true,
            ACK,
            (1, 1),
            300,
            &[&[23, 3, 3, 1, 39][..], &[7; CAPTURED - 5]].concat(),
        ),
        _ => {
            let begun = (at - 1) as u32;
            let record = begun.wrapping_mul(SIZE as u32) % 16_406;
            let data = if record == 0 {
                [&[23, 3, 3, 64, 17][..], &[7; CAPTURED - 5]].concat()
            } else {
                vec![7; CAPTURED]
            };
            tcp(
                into,
                ends,
                false,
                ACK,
                (begun.wrapping_mul(SIZE as u32).wrapping_add(1), 301),
                SIZE,
                &data,
            );
            return 40 + SIZE as u32;
        }
    }
    340
}

fn pieces(at: u64, into: &mut Vec<u8>) {
    const TURN: u64 = 2000;
    const EACH: u64 = 100_000;
    // Every other byte, backwards, one stretch of the stream after the other.
    let turn = at % EACH;
    let place = turn / TURN * 2 * TURN + 2 * (TURN - turn % TURN) + 100;
    behind_a_hole(flow(at / EACH, 443), turn, place as u32, 1, into);
}

fn holes(at: u64, into: &mut Vec<u8>) {
    const SIZE: u32 = 1000;
    const EACH: u64 = 100;
    behind_a_hole(
        flow(at / EACH, 443),
        at % EACH,
        (at % EACH) as u32 * SIZE,
        SIZE as usize,
        into,
    );
}

/// A request, the first bytes of its response, and then `size` bytes that stand at `place` in it,
/// all of them behind bytes that never come.
fn behind_a_hole(ends: Ends, turn: u64, place: u32, size: usize, into: &mut Vec<u8>) {
    match turn {
        0 => tcp(
            into,
            ends,
            true,
            ACK,
            (1, 1),
            300,
            &[&[23, 3, 3, 1, 39][..], &[7; 295]].concat(),
        ),
        1 => tcp(
            into,
            ends,
            false,
            ACK,
            (1, 301),
            50,
            &[&[23, 3, 3, 64, 17][..], &[7; 45]].concat(),
        ),
        _ => tcp(
            into,
            ends,
            false,
            ACK,
            (1 + place, 301),
            size,
            &vec![7; size],
        ),
    }
}

fn head(at: u64, into: &mut Vec<u8>) {
    const EACH: u64 = 42;
    let number = at / EACH;
    let ends = Ends {
        client: (inside(number), 5000),
        server: (outside(number % 20_000), 80),
    };
    let turn = at % EACH;
    let filling = [b'x'; 1448];
    let (sequence, data) = match turn {
        0 => (
            1,
            format!("GET / HTTP/1.1\r\nHost: {}.netflix.com", "n".repeat(1000)).into_bytes(),
        ),
        41 => (1 + 1447 * 41 + 50, b"\r\n\r\n".to_vec()),
        _ => (turn as u32 * 1447, filling.to_vec()),
    };
    tcp(into, ends, true, ACK, (sequence, 1), data.len(), &data);
}

fn hello(at: u64, into: &mut Vec<u8>) {
    const EACH: u64 = 16_000;
    let ends = Ends {
        client: (inside(at / EACH), 5000),
        server: (outside(at / EACH), 443),
    };
    let turn = at % EACH;
    let begin: [u8; 10] = [22, 3, 1, 0x40, 0, 1, 0, 0x3f, 0xf0, 3];
    match turn {
        0 => tcp(into, ends, true, ACK, (1, 1), begin.len(), &begin),
        _ => tcp(into, ends, true, ACK, (10 + turn as u32, 1), 1, &[7]),
    }
}

fn messages(at: u64, into: &mut Vec<u8>) {
    const SIZE: usize = 60_000;
    let ends = Ends {
        client: (inside(at / 1000), 5000),
        server: (outside(at / 1000), 53),
    };
    tcp(
        into,
        ends,
        false,
        ACK,
        (1 + (at % 1000) as u32 * SIZE as u32, 1),
        SIZE,
        &[0; SIZE],
    );
}

fn exchange(at: u64, into: &mut Vec<u8>) {
    const REQUEST: &[u8] = b"GET /range/0-9 HTTP/1.1\r\nHost: a.nflxvideo.net\r\n\r\n";
    const RESPONSE: &[u8] = b"HTTP/1.1 206 Partial Content\r\nContent-Length: 10\r\n\r\n0123456789";
    const EACH: u64 = 100;
    let ends = flow(at / EACH, 80);
    let turn = (at % EACH / 2) as u32;
    let (up, down) = (
        1 + turn * REQUEST.len() as u32,
        1 + turn * RESPONSE.len() as u32,
    );
    if at.is_multiple_of(2) {
        tcp(into, ends, true, ACK, (up, down), REQUEST.len(), REQUEST);
    } else {
        tcp(
            into,
            ends,
            false,
            ACK,
            (down, up + REQUEST.len() as u32),
            RESPONSE.len(),
            RESPONSE,
        );
    }
}
