//! Writes a capture of generated traffic.
//!
//! usage: generate PACKETS SHARE OUTPUT, where SHARE is the percentage of packets that are Netflix's

use std::fs::File;
use std::io::BufWriter;
use std::process::ExitCode;

use nflx_bench::{Pcap, Traffic};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [packets, share, output] = &arguments[..] else { return usage() };
    let (Ok(packets), Ok(share @ 0..=100)) = (packets.parse(), share.parse()) else { return usage() };
    match write(packets, share, output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("generate: {output}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> ExitCode {
    eprintln!("usage: generate PACKETS SHARE OUTPUT, where SHARE is the percentage of packets that are Netflix's");
    ExitCode::from(2)
}

fn write(packets: usize, share: u32, output: &str) -> std::io::Result<()> {
    let mut pcap = Pcap::new(BufWriter::with_capacity(1 << 20, File::create(output)?))?;
    Traffic::new(share, 1).take(packets).try_for_each(|frame| pcap.write(&frame))?;
    pcap.finish().map(|_| ())
}
