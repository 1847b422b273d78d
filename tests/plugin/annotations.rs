//! Comments that the plugin writes are those of the command-line program, on every capture, with
//! the command that the documents give.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Home, further_captures_of_host, nflx, recorded_captures, recorded_folder};
use crate::annotate::blocks::{Packet, contents};

/// Captures whose names were cut off by the snapshot length need to be told the servers.
const PREFIXES: &str = "10.9.1.0/24,10.2.0.0/16,fd00::/16";
const PCAPNG: &str = "two-interfaces.pcapng.gz";

impl Home {
    /// Returns the file that the program writes.
    fn annotated(&self, options: &[&str], capture: &Path) -> Vec<u8> {
        let out = self.path().join("program.pcapng");
        let output = Command::new(nflx())
            .arg("annotate")
            .args(options)
            .args([capture, &out])
            .output();
        let output = output.expect("the program starts");
        // 1 is for captures that are cut.
        assert!(
            matches!(output.status.code(), Some(0 | 1)),
            "{}: {output:?}",
            capture.display()
        );
        fs::read(out).expect("written")
    }

    fn stripped(&self, bytes: &[u8]) -> Vec<u8> {
        let file = self.path().join("to_strip.pcapng");
        fs::write(&file, bytes).expect("ours");
        self.annotated(&["--strip"], &file)
    }

    /// Returns the file that tshark writes.
    fn written(&self, options: &[&str], capture: &str) -> Vec<u8> {
        let out = self.path().join("tshark.pcapng");
        let _ = fs::remove_file(&out);
        let ahead = format!("nflx.read_ahead:{capture}");
        let told: &[&str] = if options.contains(&"nflx.comment:TRUE") {
            &["-o", &ahead]
        } else {
            &[]
        };
        let command = [&["-r", capture, "-w", "tshark.pcapng"], told, options].concat();
        let outcome = self.tshark(&command);
        let cut = outcome.stderr.contains("cut short in the middle");
        // Wireshark 4.6 says, with and without plugins, that it keeps times no finer than
        // nanoseconds.
        let mut complaints = outcome
            .stderr
            .lines()
            .filter(|line| !line.is_empty() && !line.contains("wtap_dump_fix_idb()"));
        assert!(
            cut || complaints.next().is_none(),
            "{capture}: {}",
            outcome.stderr
        );
        fs::read(out).expect("written")
    }
}

/// The packets that have a note.
fn noted(mut packets: Vec<Packet>) -> Vec<Packet> {
    packets.retain(|packet| packet.note().is_some());
    packets
}

fn every_recorded() -> Vec<PathBuf> {
    let mut captures = recorded_captures();
    captures.push(recorded_folder().join(PCAPNG));
    captures
}

/// One pass, two passes and the program: packet for packet, late evidence or not.
#[test]
fn plugin_and_program_say_the_same() {
    let Some(home) = Home::new() else { return };
    let mut compared = 0;
    let recorded = every_recorded()
        .into_iter()
        .flat_map(|path| [(path.clone(), false), (path, true)]);
    let further = further_captures_of_host();
    let variants = further
        .first()
        .map(|path| path.with_file_name("variants"))
        .filter(|folder| folder.is_dir());
    let variants = variants
        .map(|folder| super::captures_in(&folder))
        .unwrap_or_default();
    let further = further.into_iter().chain(variants).map(|path| (path, true));
    for (path, told) in recorded.chain(further) {
        let prefixes = format!("nflx.prefixes:{PREFIXES}");
        let (arguments, preference) = if told {
            (&["--prefixes", PREFIXES][..], &["-o", &prefixes][..])
        } else {
            (&[][..], &[][..])
        };
        let file = home.capture(&path);
        let choices = [
            ("all", "nflx.comment_packets:all"),
            ("requests", "nflx.comment_packets:requests"),
        ];
        for (packets, option) in choices
            .into_iter()
            .take(if path.starts_with(recorded_folder()) {
                2
            } else {
                1
            })
        {
            let ours = home.annotated(&[arguments, &["--packets", packets]].concat(), &path);
            let (_, ours) = contents(&ours);
            let ours = noted(ours);
            let command = ["-o", "nflx.comment:TRUE", "-o", option, "-Y", "nflx"];
            let (_, theirs) = contents(&home.written(&[preference, &command].concat(), &file));
            let theirs = noted(theirs);
            assert_eq!(ours.len(), theirs.len(), "{}", path.display());
            for (index, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
                assert_eq!(
                    ours.note(),
                    theirs.note(),
                    "{}: packet {index} of those with a note",
                    path.display()
                );
                assert!(
                    ours.data == theirs.data,
                    "{}: packet {index}",
                    path.display()
                );
            }
            compared += ours.len();
        }
    }
    assert!(compared > 20_000, "{compared}");
}

#[test]
fn two_passes_and_sessions_make_no_difference() {
    let Some(home) = Home::new() else { return };
    let capture = home.recorded("player.pcap.gz");
    let command = ["-o", "nflx.comment:TRUE", "-Y", "nflx"];
    let once = home.written(&command, &capture);
    assert!(home.written(&[&["-2"], &command[..]].concat(), &capture) == once);
    // Rejected packets do not count for the numbers of the second pass.
    let (_, all) = contents(&once);
    let (_, some) = contents(&home.written(
        &[&["-2", "-R", "tcp.len > 0"], &command[..]].concat(),
        &capture,
    ));
    let mut rest = all.iter();
    assert!(some.len() > 100 && some.len() < all.len());
    assert!(
        some.iter().all(|packet| rest.any(|other| other == packet)),
        "each is one of all, in order"
    );

    let mut reset = home.command("tshark");
    reset
        .args(["-M", "200", "-r", &capture, "-w", "reset.pcapng"])
        .args(["-o", &format!("nflx.read_ahead:{capture}")])
        .args(command);
    assert!(reset.output().expect("tshark starts").status.success());
    assert!(fs::read(home.path().join("reset.pcapng")).expect("written") == once);
}

/// Stripping tshark's file restores the file that tshark would have written without nflx: packets,
/// options and order.
#[test]
fn stripping_gives_back_what_tshark_writes() {
    let Some(home) = Home::new() else { return };
    for path in every_recorded() {
        let capture = home.capture(&path);
        let plain = home.written(&["-Y", "frame"], &capture);
        let annotated = home.written(&["-o", "nflx.comment:TRUE", "-Y", "frame"], &capture);
        assert!(home.stripped(&annotated) == plain, "{}", path.display());
        let (_, before) = contents(&plain);
        let (_, after) = contents(&annotated);
        assert_eq!(before.len(), after.len());
        let mut theirs = 0;
        for (before, mut after) in before.into_iter().zip(after) {
            theirs += usize::from(before.options.iter().any(|(code, _)| *code == 1));
            if let Some(note) = after.note().map(str::to_owned) {
                after.options.retain(|(_, value)| value != note.as_bytes());
            }
            assert_eq!(before, after, "{}", path.display());
        }
        assert!(
            theirs > 0 || !path.ends_with(PCAPNG),
            "this one has comments of its own"
        );
    }
}

#[test]
fn annotated_captures_are_not_annotated_again() {
    let Some(home) = Home::new() else { return };
    for name in ["tls13.pcap.gz", PCAPNG] {
        let program = home.annotated(&[], &recorded_folder().join(name));
        let file = home.path().join("once.pcapng");
        fs::write(&file, &program).expect("ours");
        home.open_to_all();
        let file = file.to_str().expect("UTF-8");
        let again = home.written(&["-o", "nflx.comment:TRUE", "-Y", "frame"], file);
        assert!(again == home.written(&["-Y", "frame"], file), "{name}");
        let ((section, again), (expected, program)) = (contents(&again), contents(&program));
        assert_eq!(section, expected, "{name}");
        assert!(noted(again) == noted(program), "{name}");
    }
}

/// tshark writes the section before it reads a packet, so its comment is given to it.
#[test]
fn the_summary_is_the_comment_of_the_section() {
    let Some(home) = Home::new() else { return };
    for path in every_recorded() {
        let (section, _) = contents(&home.annotated(&[], &path));
        let capture = home.capture(&path);
        let ahead = format!("nflx.read_ahead:{capture}");
        let args = ["-q", "-r", &capture, "-o", &ahead, "-z", "nflx,summary"];
        let summary = home.tshark(&args).quiet();
        let summary = summary.trim_end();
        assert_eq!(
            section.as_deref().unwrap_or("nflx: no Netflix server"),
            summary,
            "{}",
            path.display()
        );
        let command = [
            "-o",
            "nflx.comment:TRUE",
            "-Y",
            "frame",
            "--capture-comment",
            summary,
        ];
        let annotated = home.written(&command, &capture);
        let (written, _) = contents(&annotated);
        assert_eq!(written.as_deref(), Some(summary), "{}", path.display());
        assert!(
            home.stripped(&annotated) == home.written(&["-Y", "frame"], &capture),
            "{}",
            path.display()
        );
    }
}

/// Input that is not a file is read once: totals are shown if a segment is over by then, and this
/// is reported.
#[test]
fn pipes_are_annotated_with_what_is_known() {
    let Some(home) = Home::new() else { return };
    let capture = home.recorded("tls13.pcap.gz");
    let bytes = super::decompressed(Path::new(&capture));
    let mut command = home.command("tshark");
    command.args([
        "-r",
        "-",
        "-o",
        "nflx.comment:TRUE",
        "-Y",
        "nflx",
        "-w",
        "piped.pcapng",
    ]);
    let mut child = command
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("tshark starts");
    let mut input = child.stdin.take().expect("piped");
    std::io::Write::write_all(&mut input, &bytes).expect("tshark reads");
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(
        output.status.success() && said.lines().count() == 1,
        "{said}"
    );
    assert!(
        said.starts_with("nflx: Comments say what was known at each packet"),
        "{said}"
    );
    let (_, packets) = contents(&fs::read(home.path().join("piped.pcapng")).expect("written"));
    let notes: Vec<_> = packets
        .iter()
        .map(|packet| packet.note().expect("a note"))
        .collect();
    let request = notes
        .iter()
        .find(|note| note.starts_with("nflx: out request segment 3 "))
        .expect("a request");
    assert!(!request.contains("bytes"), "{request}");
    assert!(
        notes
            .iter()
            .any(|note| note.starts_with("nflx: in segment 3 ") && note.ends_with(" bytes"))
    );

    // A file that comes through a redirection is one that can be named.
    let mut command = home.command("tshark");
    command.args([
        "-r",
        "-",
        "-o",
        "nflx.comment:TRUE",
        "-o",
        &format!("nflx.read_ahead:{capture}"),
        "-Y",
        "nflx",
        "-w",
        "redirected.pcapng",
    ]);
    let output = command
        .stdin(fs::File::open(&capture).expect("there"))
        .output()
        .expect("tshark starts");
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{output:?}"
    );
    let redirected = fs::read(home.path().join("redirected.pcapng")).expect("written");
    assert!(redirected == home.written(&["-o", "nflx.comment:TRUE", "-Y", "nflx"], &capture));
}

/// One capture's facts must not stand at another's packets.
#[test]
fn another_capture_is_not_taken_for_the_one_read_ahead() {
    let Some(home) = Home::new() else { return };
    let (capture, other) = (
        home.recorded("tls13.pcap.gz"),
        home.recorded("tls12.pcap.gz"),
    );
    let run = home.tshark(&[
        "-r",
        &capture,
        "-o",
        &format!("nflx.read_ahead:{other}"),
        "-Y",
        "nflx",
    ]);
    assert!(
        run.stderr
            .contains("nflx.read_ahead names another capture than the one that is read"),
        "{}",
        run.stderr
    );
    assert_eq!(run.stdout, "", "no field of another capture");
    let missing = home.tshark(&[
        "-r",
        &capture,
        "-o",
        "nflx.read_ahead:no-such-file",
        "-Y",
        "nflx",
    ]);
    assert!(
        missing
            .stderr
            .contains("no-such-file, which nflx.read_ahead names, cannot be read ahead"),
        "{}",
        missing.stderr
    );
    assert!(
        !missing.stdout.is_empty(),
        "fields with the facts known at each packet"
    );
}
