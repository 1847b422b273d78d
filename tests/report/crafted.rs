//! Pages of crafted captures: names that are markup, and more segments than a page has room for.

use super::*;

/// An IPv4 packet with a TCP segment.
fn tcp(
    client: u16,
    server: [u8; 4],
    up: bool,
    sequence: u32,
    acknowledgement: u32,
    payload: &[u8],
) -> Vec<u8> {
    let mut packet = vec![0x45, 0];
    packet.extend((40 + payload.len() as u16).to_be_bytes());
    packet.extend([0, 0, 0x40, 0, 64, 6, 0, 0]);
    let (here, there) = (([10, 0, 0, 2], client), (server, 80u16));
    let (source, destination) = if up { (here, there) } else { (there, here) };
    packet.extend(source.0);
    packet.extend(destination.0);
    packet.extend(source.1.to_be_bytes());
    packet.extend(destination.1.to_be_bytes());
    packet.extend(sequence.to_be_bytes());
    packet.extend(acknowledgement.to_be_bytes());
    packet.extend([0x50, 0x18, 0xff, 0xff, 0, 0, 0, 0]);
    packet.extend(payload);
    packet
}

/// A pcap file of raw IP packets at these milliseconds.
pub(super) fn pcap(packets: &[(u32, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0].to_vec();
    bytes.extend([0; 8]);
    bytes.extend(65_535u32.to_le_bytes());
    bytes.extend(101u32.to_le_bytes());
    for (milliseconds, packet) in packets {
        let length = packet.len() as u32;
        for word in [
            1_700_000_000 + milliseconds / 1000,
            milliseconds % 1000 * 1000,
            length,
            length,
        ] {
            bytes.extend(word.to_le_bytes());
        }
        bytes.extend(packet);
    }
    bytes
}

/// A request and its response of `size` bytes in one packet.
pub(super) fn exchange(
    packets: &mut Vec<(u32, Vec<u8>)>,
    at: u32,
    server: [u8; 4],
    port: u16,
    host: &str,
    round: u32,
    size: usize,
) {
    let request = format!("GET /a HTTP/1.1\r\nHost: {host}\r\n\r\n");
    let response = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n{}",
        "x".repeat(size)
    );
    let (up, down) = (round * request.len() as u32, round * response.len() as u32);
    packets.push((
        at,
        tcp(port, server, true, 1 + up, 1 + down, request.as_bytes()),
    ));
    let acknowledged = 1 + up + request.len() as u32;
    packets.push((
        at + 20,
        tcp(
            port,
            server,
            false,
            1 + down,
            acknowledged,
            response.as_bytes(),
        ),
    ));
}

#[test]
fn names_from_packets_and_files_stay_text() {
    let hosts = [
        "<img/src=x/onerror=alert(1)>.netflix.com",
        "</text></svg><script>alert(2)</script>netflix.com",
        "\"><svg/onload=alert(3)>netflix.com",
        "</style><style>@import/**/url(x)</style>netflix.com",
        "&lt;b&gt;&#x3c;script>alert(4)</script>netflix.com",
        "'-alert(5)-'javascript&colon;alert(6)netflix.com",
    ];
    let mut packets = Vec::new();
    for (index, host) in hosts.into_iter().enumerate() {
        let last = 1 + index as u8;
        exchange(
            &mut packets,
            1000 * u32::from(last),
            [198, 51, 100, last],
            50_000,
            host,
            0,
            1000,
        );
    }
    let folder = tempfile::tempdir().expect("a temporary directory");
    let capture = folder.path().join("<img src=x onerror=alert(7)> & co.pcap");
    fs::write(&capture, pcap(&packets)).expect("written");
    // No host has such names, so they are none; the file's own name gets to the page.
    let known = ["--prefixes", "198.51.100.0/24"];
    let servers = nflx_rows("servers", &known, &capture);
    assert_eq!(servers.len(), hosts.len(), "{servers:?}");
    assert!(
        servers.iter().all(|row| row["name"].is_null()),
        "{servers:?}"
    );

    let page = folder.path().join("page.html");
    quiet_report(&known, &capture, &page);
    let mut browser = Browser::start();
    browser.open(path_of(&page), PHONE);
    let found = "[document.querySelectorAll('img, script, b, iframe, object, link, form').length,
        document.querySelectorAll('style').length, document.querySelectorAll('svg svg').length,
        [...document.querySelectorAll('*')].flatMap(element => element.getAttributeNames())
            .filter(name => name.startsWith('on') || name == 'href' || name == 'src').length,
        document.title]";
    let title = "Netflix in <img src=x onerror=alert(7)> & co.pcap";
    assert_eq!(browser.evaluate(found), json!([0, 1, 0, 0, title]));
    assert_eq!(browser.evaluate(OVERFLOW), json!([0]));
    assert_eq!(browser.complaints, [""; 0]);

    // Even a script that found a way in would not run.
    browser.evaluate(
        "(() => { const one = document.createElement('script'); one.textContent = 'window.ran = true';
        document.head.append(one); })()",
    );
    assert_eq!(browser.evaluate("window.ran === undefined"), true);
}

#[test]
fn large_captures_give_pages_of_bounded_size() {
    let mut packets = Vec::new();
    for server in 0..120u8 {
        for round in 0..50u32 {
            let at = round * 4000 + u32::from(server) * 30;
            let size = 9_000 + usize::from(server) * 10;
            exchange(
                &mut packets,
                at,
                [23, 246, 2, server],
                50_000,
                "a.nflxvideo.net",
                round,
                size,
            );
        }
    }
    packets.sort_by_key(|(milliseconds, _)| *milliseconds);
    let folder = tempfile::tempdir().expect("a temporary directory");
    let (capture, page) = (
        folder.path().join("many.pcap"),
        folder.path().join("page.html"),
    );
    fs::write(&capture, pcap(&packets)).expect("written");
    let text = quiet_report(&[], &capture, &page);
    assert!(text.len() < MOST_BYTES, "{} bytes", text.len());
    let segments = nflx_rows("segments", &[], &capture).len();
    assert_eq!(segments, 6000);
    for said in [
        "60 more servers are not listed",
        "112 more servers with segments are not drawn",
        "The largest 300 of 6,000 segments",
        "5,700 smaller segments are not listed",
    ] {
        let plain = text.replace("<data", "").replace("</data>", "");
        assert!(plain.contains(said), "{said}");
    }
    // Hash tables have no order; pages have.
    let again = folder.path().join("again.html");
    assert!(
        quiet_report(&[], &capture, &again) == text,
        "the same page each time"
    );
}
