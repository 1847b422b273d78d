//! Live captures: a real client downloads in a network namespace of its own while tshark captures
//! there.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use super::Home;

/// An address that Netflix announces, and the name that the client asks for there.
const SERVER: &str = "23.246.11.141";
const NAME: &str = "ipv4-c001-zrh001-ix.1.oca.nflxvideo.net";

/// Longer than anything here takes on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// A program whose lines arrive while it runs; it is killed when it is no longer needed.
struct Running {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Running {
    fn start(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("the program starts");
        let output = BufReader::new(child.stdout.take().expect("piped"));
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            output
                .lines()
                .map_while(Result::ok)
                .all(|line| sender.send(line).is_ok())
        });
        Self {
            input: child.stdin.take(),
            child,
            lines,
        }
    }

    fn say(&mut self, line: &str) {
        writeln!(self.input.as_mut().expect("piped"), "{line}").expect("it listens");
    }

    /// The next line, within the time.
    fn line(&self, within: Duration) -> Option<String> {
        match self.lines.recv_timeout(within) {
            Ok(line) => Some(line),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => panic!("the program ended"),
        }
    }

    /// Waits for a line that `wanted` accepts.
    fn wait(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let start = Instant::now();
        loop {
            match self.line(PATIENCE.saturating_sub(start.elapsed())) {
                Some(line) if wanted(&line) => return line,
                Some(_) => {}
                None => panic!("waited in vain for {what}"),
            }
        }
    }

    /// Ends it as Ctrl+C does.
    fn interrupt(mut self) {
        let process = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-INT", &process])
                .status()
                .expect("kill is there")
                .success()
        );
        let status = self.child.wait().expect("ours");
        assert!(status.success(), "{status}");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A network of its own with a server and a client in it.
struct Network {
    home: Home,
    /// Holds the namespace; it goes away with the last process in it.
    holder: Running,
    client: Running,
    _server: Running,
}

impl Network {
    /// `None`, and a line about it, where namespaces cannot be made.
    fn new() -> Option<Self> {
        let home = Home::new()?;
        if !home.as_root {
            println!("skipped: network namespaces need root");
            return None;
        }
        let script = format!(
            "ip link set lo up && ip address add {SERVER}/32 dev lo && echo ready && exec cat"
        );
        let mut command = Command::new("unshare");
        command.args(["--net", "sh", "-c", &script]);
        let holder = Running::start(command);
        if holder.lines.recv_timeout(PATIENCE).is_err() {
            println!("skipped: no network namespace can be made here");
            return None;
        }
        let inside = |role: &str, args: &[&str]| {
            let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("live/download.py");
            let mut command = Command::new("nsenter");
            command.args([
                "--net",
                "--target",
                &holder.child.id().to_string(),
                "python3",
            ]);
            command.arg(program).args([role, SERVER, "443"]).args(args);
            Running::start(command)
        };
        let server = inside("server", &[]);
        server.wait("the server", |line| line == "ready");
        let client = inside("client", &[NAME]);
        Some(Self {
            home,
            client,
            _server: server,
            holder,
        })
    }

    /// tshark on the namespace's interface, as a user who may capture; it has begun when this
    /// returns.
    fn capture(&mut self, args: &[&str]) -> Running {
        let mut command = Command::new("nsenter");
        command.args([
            "--net",
            "--target",
            &self.holder.child.id().to_string(),
            "setpriv",
            "--reuid=65534",
        ]);
        command.args([
            "--regid=65534",
            "--clear-groups",
            "--inh-caps=+net_raw,+net_admin",
        ]);
        command
            .args([
                "--ambient-caps=+net_raw,+net_admin",
                "tshark",
                "-Q",
                "-l",
                "-n",
                "-B",
                "16",
                "-i",
                "lo",
            ])
            .args(args);
        command.args([
            "-T",
            "fields",
            "-E",
            "occurrence=f",
            "-e",
            "frame.number",
            "-e",
            "nflx.server.evidence",
        ]);
        command.args([
            "-e",
            "nflx.request",
            "-e",
            "nflx.segment",
            "-e",
            "nflx.segment.bytes_so_far",
        ]);
        command
            .env_clear()
            .env("HOME", self.home.path())
            .env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.current_dir(self.home.path());
        let tshark = Running::start(command);
        let start = Instant::now();
        loop {
            assert!(start.elapsed() < PATIENCE, "tshark does not capture");
            self.ask("probe");
            match tshark.lines.recv_timeout(Duration::from_millis(300)) {
                Ok(_) => return tshark,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => panic!("tshark ended"),
            }
        }
    }

    /// Lets the client do something, and waits until it is done.
    fn ask(&mut self, command: &str) {
        self.client.say(command);
        self.client
            .wait(command, |line| line == format!("done {command}"));
    }

    /// Downloads, and waits until tshark has shown all of it, which it must do while nothing else
    /// is on the network. Gives the segment's number.
    fn download(&mut self, tshark: &Running, size: u64) -> u32 {
        self.ask(&size.to_string());
        let line = tshark.wait(&format!("{size} bytes"), |line| {
            row(line).is_some_and(|(_, bytes)| bytes >= size)
        });
        row(&line).expect("a segment").0
    }
}

/// Segment and bytes so far of a line, on response packets.
fn row(line: &str) -> Option<(u32, u64)> {
    let mut values = line.split('\t').skip(3);
    Some((values.next()?.parse().ok()?, values.next()?.parse().ok()?))
}

/// Fields appear as packets arrive: each download is shown in full before the next one is asked
/// for.
#[test]
fn fields_appear_as_packets_arrive() {
    let Some(mut network) = Network::new() else {
        return;
    };
    let tshark = network.capture(&["-Y", "nflx"]);
    let sizes = [30_000, 500_000, 2_000_000];
    let numbers = sizes.map(|size| network.download(&tshark, size));
    assert_eq!(numbers, [1, 2, 3]);
    tshark.interrupt();

    // Restarted in the middle of the connection: the server is known by its address, and numbers
    // start over.
    let tshark = network.capture(&["-Y", "nflx"]);
    assert_eq!(network.download(&tshark, 400_000), 1);
    assert_eq!(network.download(&tshark, 300_000), 2);
    tshark.interrupt();
}

/// Files of a ring: what is shown goes on from file to file, and each file is a capture.
#[test]
fn rings_of_files() {
    let Some(mut network) = Network::new() else {
        return;
    };
    let tshark = network.capture(&[
        "-P",
        "-w",
        "ring.pcapng",
        "-b",
        "filesize:500",
        "-b",
        "files:3",
    ]);
    for size in [700_000, 800_000, 900_000, 100_000, 700_000] {
        network.download_of_parts(&tshark, size);
    }
    tshark.interrupt();
    let mut rings = 0;
    for entry in fs::read_dir(network.home.path()).expect("ours") {
        let path = entry.expect("an entry").path();
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        if name.starts_with("ring_") {
            let fields = ["nflx.server.ipv4"];
            let rows = network.home.fields(&name, &[], &fields);
            assert!(rows.values().all(|row| row[0] == SERVER), "{name}");
            rings += 1;
        }
    }
    assert_eq!(rings, 3);
}

/// Sessions of this many packets: the display continues, and frames and segments are renumbered.
#[test]
fn sessions_are_reset() {
    let Some(mut network) = Network::new() else {
        return;
    };
    let tshark = network.capture(&["-Y", "nflx", "-M", "60"]);
    let mut rows = BTreeMap::new();
    for size in [200_000, 1_500_000, 200_000, 1_500_000, 200_000] {
        let (number, frames) = network.download_of_parts(&tshark, size);
        rows.insert(frames, number);
    }
    assert!(rows.keys().all(|&frame| frame <= 60 + 1), "{rows:?}");
    tshark.interrupt();
}

impl Network {
    /// Downloads, and waits until tshark has shown something of it: if state starts over in
    /// between, the bytes so far do. Gives the last segment's number and the last frame's.
    fn download_of_parts(&mut self, tshark: &Running, size: u64) -> (u32, u64) {
        self.ask(&size.to_string());
        let line = tshark.wait("a request", |line| {
            line.split('\t')
                .nth(3)
                .is_some_and(|segment| !segment.is_empty())
        });
        // All that arrives until there is a pause.
        let mut last = line;
        while let Some(line) = tshark.line(Duration::from_secs(2)) {
            last = line;
        }
        let mut values = last.split('\t');
        let frame = values
            .next()
            .and_then(|frame| frame.parse().ok())
            .expect("a frame number");
        (
            values
                .nth(2)
                .and_then(|segment| segment.parse().ok())
                .unwrap_or(0),
            frame,
        )
    }
}
