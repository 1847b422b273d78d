//! The traffic that goes on and on as a capture, for whoever reads it from a pipe.

use std::io::{self, BufWriter, Write};

use nflx_core::LinkType;

use crate::packets;
use crate::traffic::{Traffic, recorded};

/// Addresses that nobody looks at, and the type of IPv4.
const ETHERNET: [u8; 14] = [0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 1, 8, 0];

/// Writes this many packets to standard output, and reports how long they take by their clock.
pub(crate) fn write(count: u64) -> Result<(), String> {
    let recorded = recorded()?;
    let mut traffic = Traffic::new(&recorded);
    let mut out = BufWriter::with_capacity(1 << 20, io::stdout().lock());
    let mut frame_bytes = Vec::new();
    let mut one = |frame: u64, out: &mut BufWriter<io::StdoutLock<'_>>| {
        let packet = traffic.next(frame);
        frame_bytes.clear();
        let mut length = packet.original_length;
        if packet.link_type != LinkType::ETHERNET {
            frame_bytes.extend_from_slice(&ETHERNET);
            length += ETHERNET.len() as u32;
        }
        frame_bytes.extend_from_slice(packet.data);
        let microseconds = packet.time.0 as u64 / 1000;
        packets::write_record(out, microseconds, length, &frame_bytes)
    };
    let written = out
        .write_all(&packets::pcap_header(LinkType::ETHERNET.0))
        .and_then(|()| (1..=count).try_for_each(|frame| one(frame, &mut out)))
        .and_then(|()| out.flush());
    match written {
        Ok(()) => eprintln!("{:.1} hours of traffic", traffic.hours()),
        // Whoever reads it has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        Err(error) => return Err(format!("cannot write: {error}")),
    }
    Ok(())
}
