//! `nflx report`: what the page says, and what it is in a browser.

mod browser;
mod crafted;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::plugin::{nflx, nflx_rows, recorded_captures};
use browser::Browser;
use crafted::{exchange, pcap};

/// Widths of a phone and of a desktop's window.
const PHONE: u32 = 390;
const DESKTOP: u32 = 1280;
/// The part of A4 paper between the page's margins, at 96 pixels an inch.
const PAPER: u32 = 688;
const SECTIONS: [&str; 7] = [
    "servers",
    "segments",
    "viewer",
    "throughput",
    "gaps",
    "loss",
    "notes",
];
/// The largest page that any capture may give.
const MOST_BYTES: usize = 2_500_000;

/// Rows of both tables as programs read them, how long a slice of the throughput is, and the sum of
/// all slices.
const NUMBERS: &str = "(() => {
    const value = cell => cell.querySelector('data')?.value ?? cell.textContent;
    const values = row => [...row.querySelectorAll('data')].map(data => data.value);
    return {
        sections: [...document.querySelectorAll('h2')].map(title => title.id),
        answer: document.getElementById('answer').textContent,
        videoServers: document.getElementById('video-servers').value,
        servers: [...document.querySelectorAll('tr[data-server]')].map(row => ({
            server: row.dataset.server,
            name: row.querySelector('.name')?.textContent ?? null,
            role: row.querySelector('[data-role]').dataset.role,
            evidence: row.querySelector('[data-title=Evidence]').textContent.split(', '),
            numbers: values(row),
        })),
        segments: [...document.querySelectorAll('tr[data-segment]')].map(row => [...row.cells].map(value)),
        sessions: [...document.querySelectorAll('tr[data-session]')].map(row => [...row.cells].map(value)),
        slices: [...document.querySelectorAll('#throughput ~ details tbody tr')].map(values),
        drawings: [...document.querySelectorAll('.drawing')].map(drawing => drawing.getAttribute('aria-label')),
    };
})()";

/// Elements that stand out of the page at its right, except those that scroll by themselves.
const OVERFLOW: &str = "[Math.max(0, document.documentElement.scrollWidth - innerWidth)].concat(
    [...document.querySelectorAll('main *')]
        .filter(element => !element.closest('.scrolled') && element.getBoundingClientRect().right > innerWidth + 1)
        .map(element => element.tagName + '.' + element.className))";

fn report(args: &[&str], capture: &Path, page: &Path) -> Output {
    Command::new(nflx())
        .arg("report")
        .args(args)
        .arg(capture)
        .arg("-o")
        .arg(page)
        .output()
        .expect("the program starts")
}

/// Writes a page where nothing is to be said.
fn quiet_report(args: &[&str], capture: &Path, page: &Path) -> String {
    let output = report(args, capture, page);
    assert!(
        output.status.success() && output.stdout.is_empty() && output.stderr.is_empty(),
        "{output:?}"
    );
    fs::read_to_string(page).expect("a page")
}

fn path_of(page: &Path) -> &str {
    page.to_str().expect("UTF-8")
}

fn number(value: &Value) -> f64 {
    match value {
        Value::String(text) => text
            .parse()
            .unwrap_or_else(|_| panic!("{text} is no number")),
        value => value
            .as_f64()
            .unwrap_or_else(|| panic!("{value} is no number")),
    }
}

#[test]
fn pages_say_what_the_tables_say() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let mut browser = Browser::start();
    let captures = recorded_captures();
    for capture in &captures {
        let page = folder.path().join("page.html");
        // Those cut short hold no names.
        let named = !nflx_rows("servers", &[], capture).is_empty();
        let args: &[&str] = if named {
            &[]
        } else {
            &["--prefixes", "10.9.0.0/16"]
        };
        quiet_report(args, capture, &page);
        let said = format!("{}", capture.display());
        browser.open(path_of(&page), PHONE);
        assert_eq!(browser.evaluate(OVERFLOW), json!([0]), "{said}");
        let numbers = browser.evaluate(NUMBERS);
        assert_eq!(numbers["sections"], json!(SECTIONS), "{said}");
        compare_servers(&numbers, &nflx_rows("servers", args, capture));
        compare_segments(&numbers["segments"], &nflx_rows("segments", args, capture));
        compare_sessions(&numbers["sessions"], &nflx_rows("sessions", args, capture));
    }
    assert_eq!(browser.complaints, [""; 0]);
}

fn compare_servers(numbers: &Value, expected: &[Value]) {
    let shown = numbers["servers"].as_array().expect("rows");
    assert!(!shown.is_empty() && shown.len() == expected.len());
    for (shown, expected) in shown.iter().zip(expected) {
        for key in ["server", "name", "role", "evidence"] {
            assert_eq!(shown[key], expected[key], "{key}");
        }
        let keys = [
            "flows",
            "segments",
            "segment_bytes",
            "in_bytes",
            "in_pkts",
            "out_bytes",
            "out_pkts",
        ];
        let expected: Vec<_> = keys.iter().map(|key| expected[*key].to_string()).collect();
        assert_eq!(shown["numbers"], json!(expected), "{keys:?}");
    }
    let of_video = |row: &&Value| {
        row["role"]
            .as_str()
            .is_some_and(|role| role.contains("video"))
    };
    let video: Vec<_> = expected.iter().filter(of_video).collect();
    assert_eq!(number(&numbers["videoServers"]), video.len() as f64);
    let answer = numbers["answer"].as_str().expect("a sentence");
    for server in video.iter().take(3) {
        assert!(
            answer.contains(server["server"].as_str().expect("an address")),
            "{answer}"
        );
    }
    // Every byte of every packet is in a slice of the throughput.
    let slices = numbers["slices"].as_array().expect("rows");
    if let [first, second, ..] = slices.as_slice() {
        let length = number(&second[0]) - number(&first[0]);
        let bytes: f64 = slices
            .iter()
            .map(|slice| (number(&slice[1]) + number(&slice[2])) * length / 8.0)
            .sum();
        let expected: f64 = expected.iter().map(|row| number(&row["in_bytes"])).sum();
        assert!(
            (bytes / expected - 1.0).abs() < 1e-9,
            "{bytes} bytes in slices, {expected} in servers"
        );
    }
}

/// Sessions are the command's: client, start-up, played, stalls, seconds of stalls.
fn compare_sessions(shown: &Value, expected: &[Value]) {
    let shown = shown.as_array().expect("rows");
    assert_eq!(shown.len(), expected.len());
    for (cells, row) in shown.iter().zip(expected) {
        assert_eq!(cells[0], row["client"]);
        for (cell, key) in [
            (2, "startup_s"),
            (3, "played_s"),
            (4, "stalls"),
            (5, "stalled_s"),
        ] {
            match row[key].as_f64() {
                Some(wanted) => {
                    let found: f64 = cells[cell]
                        .as_str()
                        .expect("a number")
                        .parse()
                        .expect("a number");
                    assert!((found - wanted).abs() < 2e-3, "{key}: {found} {wanted}");
                }
                None => assert_eq!(cells[cell], "–", "{key}"),
            }
        }
    }
}

fn compare_segments(shown: &Value, expected: &[Value]) {
    let shown = shown.as_array().expect("rows");
    assert_eq!(shown.len(), expected.len());
    for (shown, expected) in shown.iter().zip(expected) {
        assert_eq!(number(&shown[0]), number(&expected["segment"]));
        assert_eq!(
            (&shown[1], &shown[2]),
            (&expected["server"], &expected["kind"])
        );
        let numbers = [
            "bytes",
            "ttfb_s",
            "duration_s",
            "throughput_bps",
            "retransmitted_bytes",
            "missing_bytes",
        ];
        for (place, key) in (4..).zip(numbers) {
            match &expected[key] {
                Value::Null => assert_eq!(shown[place], "", "{key}"),
                // Readers of decimals may be off in the last of 17 digits.
                expected => {
                    let (shown, expected) = (number(&shown[place]), number(expected));
                    assert!(
                        (shown - expected).abs() <= 1e-12 * expected.abs(),
                        "{key}: {shown} for {expected}"
                    );
                }
            }
        }
        assert_eq!(shown[10] == "yes", expected["complete"] == true);
    }
    let starts: Vec<_> = shown
        .iter()
        .zip(expected)
        .map(|(a, b)| number(&b["t_request"]) - number(&a[3]))
        .collect();
    assert!(
        starts.iter().all(|start| (start - starts[0]).abs() < 1e-3),
        "times count from one start"
    );
}

#[test]
fn screens_and_paper() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let page = folder.path().join("page.html");
    let capture = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures/player.pcap.gz");
    quiet_report(&[], &capture, &page);
    let mut browser = Browser::start();
    let shown = "[...document.querySelectorAll('.drawing')].filter(drawing => drawing.getClientRects().length)
        .map(drawing => [drawing.classList[1], drawing.ariaLabel != '', drawing.querySelector('svg text') != null])";
    for (width, class) in [(PHONE, "narrow"), (DESKTOP, "wide")] {
        browser.open(path_of(&page), width);
        assert_eq!(browser.evaluate(OVERFLOW), json!([0]), "{width}");
        assert_eq!(
            browser.evaluate(shown),
            json!([
                [class, true, true],
                [class, true, true],
                [class, true, true],
                [class, true, true]
            ])
        );
        // Letters are as large as they were drawn, or nearly so.
        let scale = "Math.min(...[...document.querySelectorAll('svg')].filter(svg => svg.getClientRects().length)
            .map(svg => svg.getBoundingClientRect().width / svg.viewBox.baseVal.width))";
        assert!(number(&browser.evaluate(scale)) > 0.95, "{width}");
    }
    let dark = "getComputedStyle(document.body).backgroundColor";
    let screen = browser.evaluate(dark);
    browser.media("print");
    browser.resize(PAPER);
    assert_eq!(browser.evaluate(OVERFLOW), json!([0]), "print");
    assert_eq!(browser.evaluate(dark), screen, "paper is white");
    assert!(
        browser
            .evaluate(shown)
            .as_array()
            .is_some_and(|shown| shown.iter().all(|drawing| drawing[0] == "wide"))
    );
    assert!(browser.print() > 10_000);
    assert_eq!(browser.complaints, [""; 0]);
}

#[test]
fn what_gives_no_page_and_what_gives_an_empty_one() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let page = folder.path().join("page.html");
    let said = |output: &Output| String::from_utf8(output.stderr.clone()).expect("UTF-8");

    let output = report(&[], &folder.path().join("missing"), &page);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        said(&output).contains("no such file") && !page.exists(),
        "{output:?}"
    );

    let capture = folder.path().join("capture.pcap");
    let mut packets = Vec::new();
    exchange(
        &mut packets,
        0,
        [198, 51, 100, 1],
        50_000,
        "example.org",
        0,
        1000,
    );
    fs::write(&capture, pcap(&packets)).expect("written");
    let output = report(&[], &capture, &page);
    assert!(
        output.status.success() && said(&output).contains("no Netflix server was recognised"),
        "{output:?}"
    );
    assert!(
        fs::read_to_string(&page)
            .expect("a page")
            .contains("No Netflix server was recognised")
    );

    // A capture is never overwritten; damage is reported on the page too.
    assert_eq!(report(&[], &capture, &capture).status.code(), Some(2));
    let mut packets = Vec::new();
    exchange(
        &mut packets,
        0,
        [23, 246, 2, 1],
        50_000,
        "a.nflxvideo.net",
        0,
        1000,
    );
    let bytes = pcap(&packets);
    fs::write(&capture, &bytes[..bytes.len() - 1]).expect("written");
    let output = report(&[], &capture, &page);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        fs::read_to_string(&page)
            .expect("a page")
            .contains("is damaged at byte")
    );

    // Standard input and output.
    let output = Command::new(nflx())
        .args(["report", "-"])
        .stdin(fs::File::open(&capture).expect("there"))
        .output()
        .expect("the program starts");
    assert!(output.stdout.starts_with(b"<!DOCTYPE html>"));
    assert!(String::from_utf8_lossy(&output.stdout).contains("Netflix in standard input"));
}
