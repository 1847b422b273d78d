//! Writes a capture of generated traffic.
//!
//! usage: `generate PACKETS SHARE OUTPUT [short]`, where SHARE is the percentage of packets that
//! are Netflix's, and short makes connections of one exchange

use std::fs::File;
use std::io::BufWriter;
use std::process::ExitCode;

use nflx_bench::{Length, Pcap, Traffic};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (packets, share, output, length) = match &arguments[..] {
        [packets, share, output] => (packets, share, output, Length::Long),
        [packets, share, output, length] if length == "short" => {
            (packets, share, output, Length::Short)
        }
        _ => return usage(),
    };
    let (Ok(packets), Ok(share @ 0..=100)) = (packets.parse(), share.parse()) else {
        return usage();
    };
    match write(packets, Traffic::of(share, length, 1), output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("generate: {output}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> ExitCode {
    eprintln!(
        "usage: generate PACKETS SHARE OUTPUT [short], where SHARE is the percentage of packets that are Netflix's, and \
         short makes connections of one exchange"
    );
    ExitCode::from(2)
}

fn write(packets: usize, traffic: Traffic, output: &str) -> std::io::Result<()> {
    let mut pcap = Pcap::new(BufWriter::with_capacity(1 << 20, File::create(output)?))?;
    traffic
        .take(packets)
        .try_for_each(|frame| pcap.write(&frame))?;
    pcap.finish().map(|_| ())
}
