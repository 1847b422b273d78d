use super::*;
use crate::facts::counters::Counters;
use crate::facts::server::{Evidence, EvidenceKind};
use crate::packet::Time;
use crate::testing;

const NAME: &str = "ipv4-c001-fra001-ix.1.oca.nflxvideo.net";

fn server(name: &str) -> Server {
    let evidence = Evidence {
        kind: EvidenceKind::Sni,
        source: name.into(),
        frame: 1,
    };
    Server {
        address: IpAddr::from([23, 246, 11, 141]),
        evidence: vec![evidence],
        role: Role::Video,
        role_reason: crate::RoleReason::None,
        flows: 1,
        counters: Counters::default(),
        duplicates: 0,
        t_first: Time(0),
        t_last: Time(0),
    }
}

fn segment() -> Segment {
    Segment {
        number: 17,
        flow: 3,
        kind_reason: crate::KindReason::Pending,
        request_frame: 10,
        first_frame: Some(12),
        last_frame: Some(90),
        t_request: Time(0),
        t_first: Some(Time(20_000_000)),
        t_last: Some(Time(619_600_000)),
        pkts: 70,
        bytes: 1_245_184,
        app_bytes: 1_240_000,
        ..testing::segment()
    }
}

fn annotation(direction: Direction, segment: Option<u32>) -> Annotation {
    Annotation {
        server: 0,
        flow: Some(3),
        direction,
        request: false,
        truncated: false,
        missing: false,
        duplicate: false,
        full: false,
        segment,
        bytes_so_far: 62_304,
        server_counters: Counters::default(),
        flow_counters: Counters::default(),
    }
}

fn note(frame: u64, annotation: &Annotation, segment: Option<&Segment>, settled: bool) -> String {
    PacketComment {
        frame,
        annotation,
        server: &server(NAME),
        segment,
        settled,
    }
    .to_string()
}

#[test]
fn landmarks_tell_totals_once_they_are_known() {
    let request = Annotation {
        request: true,
        ..annotation(Direction::Out, Some(17))
    };
    let whole = segment();
    let said =
        format!("nflx: out request segment 17 (video) {NAME}, flow 3: 1,245,184 bytes in 0.620 s");
    assert_eq!(note(10, &request, Some(&whole), true), said);
    let begun = Segment {
        complete: false,
        kind: Kind::Other,
        last_frame: None,
        ..segment()
    };
    assert_eq!(
        note(10, &request, Some(&begun), false),
        format!("nflx: out request segment 17 {NAME}, flow 3")
    );
    assert!(note(10, &request, Some(&begun), true).ends_with(": no response"));

    let data = annotation(Direction::In, Some(17));
    let said =
        format!("nflx: in end of segment 17 (video) {NAME}, flow 3: 1,245,184 bytes in 0.620 s");
    assert_eq!(note(90, &data, Some(&whole), false), said);
    let open = Segment {
        complete: false,
        missing_bytes: 1448,
        size_error: 0,
        retransmitted_bytes: 2896,
        ..segment()
    };
    let tail = "0.620 s, 1,448 of them not captured, 2,896 retransmitted, still open at the end of the capture";
    assert!(note(90, &data, Some(&open), true).ends_with(tail));
}

#[test]
fn packets_between_tell_how_far_it_is() {
    let data = annotation(Direction::In, Some(17));
    let (whole, open) = (
        segment(),
        Segment {
            complete: false,
            ..segment()
        },
    );
    let head = format!("nflx: in segment 17 (video) {NAME}, flow 3: 62,304 ");
    assert_eq!(
        note(50, &data, Some(&whole), true),
        format!("{head}of 1,245,184 bytes")
    );
    // As long as more may come, neither the end nor the kind is known.
    assert_eq!(
        note(90, &data, Some(&open), false),
        format!("{} bytes", head.trim_end()).replace(" (video)", "")
    );
    assert_eq!(
        note(90, &data, None, true),
        format!("{} bytes", head.trim_end()).replace(" (video)", "")
    );
    let rest_of_request = annotation(Direction::Out, Some(17));
    assert!(note(11, &rest_of_request, Some(&whole), true).ends_with(", flow 3"));
}

#[test]
fn packets_without_a_segment_tell_what_the_server_does() {
    let other = annotation(Direction::Out, None);
    assert_eq!(
        note(5, &other, None, true),
        format!("nflx: out {NAME}, role video, flow 3")
    );
    let fragment = Annotation {
        flow: None,
        ..other
    };
    assert_eq!(
        note(5, &fragment, None, true),
        format!("nflx: out {NAME}, role video")
    );
}

#[test]
fn names_stay_on_their_line() {
    assert_eq!(
        Label(&server("a\nnflx: b\u{e9}\0")).to_string(),
        "a?nflx:?b??"
    );
    assert_eq!(Label(&server("")).to_string(), "23.246.11.141");
    assert_eq!(
        Label(&server(&"x".repeat(9000))).to_string().len(),
        MAX_NAME
    );
    for longest in ["x".repeat(MAX_NAME), "\u{e9}".repeat(MAX_NAME)] {
        assert_eq!(
            Label(&server(&longest)).to_string(),
            longest.replace('\u{e9}', "?")
        );
    }
}

#[test]
fn servers_without_a_name_show_their_address() {
    for address in [
        "0.0.0.0",
        "23.246.11.141",
        "255.255.255.255",
        "::",
        "2a00:86c0:ff0a::19",
        "::ffff:23.246.0.9",
    ] {
        let address: IpAddr = address.parse().expect("an address");
        assert_eq!(
            Label(&Server {
                address,
                ..server("")
            })
            .to_string(),
            address.to_string()
        );
    }
}

#[test]
fn numbers_for_people() {
    for (number, said) in [
        (0, "0"),
        (10, "10"),
        (999, "999"),
        (1000, "1,000"),
        (99_999, "99,999"),
        (100_000, "100,000"),
        (1_000_000, "1,000,000"),
        (u64::MAX, "18,446,744,073,709,551,615"),
    ] {
        assert_eq!(Grouped(number).to_string(), said);
    }
    for (nanoseconds, said) in [
        (0, "0.000 s"),
        (499_999, "0.000 s"),
        (500_000, "0.001 s"),
        (59_999_500_000, "60.000 s"),
    ] {
        assert_eq!(Seconds(nanoseconds).to_string(), said);
    }
    assert_eq!(Seconds(1_000_499_999).to_string(), "1.000 s");
    assert_eq!(Seconds(i64::MAX).to_string(), "9223372036.855 s");
}
