//! Plugins that were built for another Wireshark: it says so in one line, and goes on without them.

use std::fs;
use std::path::Path;

use super::{Home, plugin};

/// Puts a file where the plugin belongs and looks at what tshark makes of it.
fn refused(home: &Home, built: &[u8], what: &str, reasons: &[&str]) {
    let target = home.plugin_path();
    fs::create_dir_all(target.parent().expect("a folder")).expect("the folder can be made");
    fs::write(&target, built).expect("ours");
    home.open_to_all();
    let capture = home.recorded("tls13.pcap.gz");

    let run = home.tshark(&[
        "-r",
        &capture,
        "-c",
        "3",
        "-T",
        "fields",
        "-e",
        "frame.number",
    ]);
    assert_eq!(
        (run.status, run.stdout.as_str()),
        (Some(0), "1\n2\n3\n"),
        "{what}: {}",
        run.stderr
    );
    let lines: Vec<_> = run
        .stderr
        .lines()
        .filter(|line| line.contains("libnflx_plugin.so"))
        .collect();
    assert_eq!(lines.len(), 1, "{what}: {}", run.stderr);
    assert!(
        reasons.iter().any(|reason| lines[0].contains(reason)),
        "{what}: {}",
        lines[0]
    );

    let run = home.tshark(&["-r", &capture, "-Y", "nflx"]);
    assert!(run.stderr.contains("protocol"), "{what}: {}", run.stderr);
    assert!(
        run.status.is_some_and(|status| status != 0) && run.stdout.is_empty(),
        "{what}: {}",
        run.stdout
    );
}

/// Where the bytes at an address of a 64-bit little-endian ELF file are in it.
fn file_offset(elf: &[u8], address: u64) -> usize {
    let number = |at: usize, length: usize| {
        elf[at..at + length]
            .iter()
            .rev()
            .fold(0, |number, byte| number << 8 | u64::from(*byte))
    };
    let headers = (0..number(56, 2)).map(|index| (number(32, 8) + index * number(54, 2)) as usize);
    // Type 1 is what is loaded: offset, address, and length in the file.
    let loaded = headers
        .filter(|at| number(*at, 4) == 1)
        .map(|at| (number(at + 8, 8), number(at + 16, 8), number(at + 32, 8)));
    let (offset, start, _) = loaded
        .into_iter()
        .find(|(_, start, length)| (*start..start + length).contains(&address))
        .expect("the address is loaded from the file");
    (offset + address - start) as usize
}

fn address_of(symbol: &str) -> u64 {
    let output = std::process::Command::new("nm")
        .args(["-D", "--format=posix"])
        .arg(plugin())
        .output();
    let text =
        String::from_utf8(output.expect("nm is part of every compiler").stdout).expect("UTF-8");
    let row = text
        .lines()
        .find(|row| row.split(' ').next() == Some(symbol))
        .expect("the plugin exports it");
    u64::from_str_radix(row.split(' ').nth(2).expect("an address"), 16).expect("hexadecimal")
}

/// The next minor version, whose libraries have the same name: only the number in the plugin tells.
#[test]
fn another_version_in_the_plugin() {
    let Some(home) = Home::bare() else { return };
    let mut built = fs::read(plugin()).expect("the plugin");
    let at = file_offset(&built, address_of("plugin_want_minor"));
    built[at] += 1;
    refused(
        &home,
        &built,
        "another minor version",
        &["version", "compiled"],
    );
}

/// Libraries of a Wireshark that is not installed.
#[test]
fn another_library() {
    let Some(home) = Home::bare() else { return };
    let mut built = fs::read(plugin()).expect("the plugin");
    let name = b"libwireshark.so.";
    let at = built
        .windows(name.len())
        .position(|window| window == name)
        .expect("it needs the library")
        + name.len();
    assert!(built[at..at + 2].iter().all(u8::is_ascii_digit));
    built[at..at + 2].copy_from_slice(b"99");
    refused(&home, &built, "another library", &["libwireshark.so.99"]);
}

/// Plugins that really were built for other versions, where `NFLX_FOREIGN_PLUGINS` names some, one
/// behind a colon after the other.
#[test]
fn plugins_of_other_versions() {
    let Some(paths) = std::env::var_os("NFLX_FOREIGN_PLUGINS") else {
        println!("skipped: NFLX_FOREIGN_PLUGINS names no plugins built for other versions");
        return;
    };
    for path in std::env::split_paths(&paths).filter(|path| path != Path::new("")) {
        let Some(home) = Home::bare() else { return };
        let built = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        refused(
            &home,
            &built,
            &path.to_string_lossy(),
            &[
                "libwireshark.so",
                "libwiretap.so",
                "libwsutil.so",
                "version",
            ],
        );
    }
}
