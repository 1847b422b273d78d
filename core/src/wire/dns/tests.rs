use std::str::FromStr;

use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::svcb::{IpHint, SvcParamKey, SvcParamValue};
use hickory_proto::rr::rdata::{A, AAAA, CNAME, SVCB, TXT};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use proptest::prelude::*;

use super::*;
use crate::wire::host_name::is_host_name;

const VIDEO: &str = "ipv4-c017-zrh001-ix.1.oca.nflxvideo.net";

fn name(text: &str) -> Name {
    Name::from_str(&format!("{text}.")).unwrap()
}

fn a(owner: &str, address: [u8; 4]) -> Record {
    Record::from_rdata(name(owner), 60, RData::A(A(address.into())))
}

fn cname(owner: &str, target: &str) -> Record {
    Record::from_rdata(name(owner), 60, RData::CNAME(CNAME(name(target))))
}

fn answer(question: &str, records: impl IntoIterator<Item = Record>) -> Message {
    let mut message = Message::response(7, OpCode::Query);
    message.add_query(Query::query(name(question), RecordType::A));
    message.add_answers(records);
    message
}

fn parse(message: &Message) -> Option<Response> {
    Response::parse(&message.to_vec().unwrap())
}

fn chain(response: &Response, owner: &str) -> Vec<String> {
    let id = response
        .names
        .iter()
        .position(|name| *name.text == *owner)
        .unwrap();
    response
        .chain(id as NameId)
        .map(|id| response.text(id).to_owned())
        .collect()
}

/// Owners and addresses.
fn addresses(response: &Response) -> Vec<(String, IpAddr)> {
    response
        .answers(|_| false)
        .map(|answer| (answer.owner.to_owned(), answer.address))
        .collect()
}

/// Owners and targets of CNAME records.
fn aliases(response: &Response) -> Vec<(String, String)> {
    let names = response.names.iter();
    names
        .filter_map(|name| Some((response.text(name.alias?).to_owned(), name.text.to_string())))
        .collect()
}

/// The answer of a real resolver in shape: question, two aliases, addresses of both families.
fn typical() -> Message {
    let six = "2a00:86c0:1::9".parse().unwrap();
    answer(
        "api-global.netflix.com",
        [
            cname("api-global.netflix.com", "api-global.geo.netflix.com"),
            cname("api-global.geo.netflix.com", "edge.example.net"),
            a("edge.example.net", [198, 51, 100, 7]),
            a("edge.example.net", [198, 51, 100, 8]),
            Record::from_rdata(name("edge.example.net"), 60, RData::AAAA(AAAA(six))),
        ],
    )
}

#[test]
fn an_answer_tells_who_was_asked_for_and_where_they_are() {
    let response = parse(&typical()).unwrap();
    assert_eq!(response.question(), Some("api-global.netflix.com"));
    let addresses: Vec<String> = addresses(&response)
        .iter()
        .map(|(owner, ip)| format!("{owner} {ip}"))
        .collect();
    let expected = [
        "edge.example.net 198.51.100.7",
        "edge.example.net 198.51.100.8",
        "edge.example.net 2a00:86c0:1::9",
    ];
    assert_eq!(addresses, expected);
    let expected = [
        "edge.example.net",
        "api-global.geo.netflix.com",
        "api-global.netflix.com",
    ];
    assert_eq!(chain(&response, "edge.example.net"), expected);
}

#[test]
fn names_compare_whatever_their_case() {
    let response = parse(&answer(
        "WWW.Netflix.COM",
        [
            cname("www.netflix.com", "Edge.EXAMPLE.net"),
            a("edge.example.NET", [192, 0, 2, 1]),
        ],
    ))
    .unwrap();
    assert_eq!(response.question(), Some("www.netflix.com"));
    assert_eq!(
        chain(&response, &addresses(&response)[0].0),
        ["edge.example.net", "www.netflix.com"]
    );
}

#[test]
fn aliases_lead_back_whatever_their_order() {
    let links = |order: [usize; 3]| {
        let records = [
            cname("a.example", "b.example"),
            cname("b.example", "c.example"),
            a("c.example", [192, 0, 2, 1]),
        ];
        parse(&answer("a.example", order.map(|i| records[i].clone()))).unwrap()
    };
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        assert_eq!(
            chain(&links(order), "c.example"),
            ["c.example", "b.example", "a.example"],
            "{order:?}"
        );
    }
}

#[test]
fn a_chain_without_end_is_followed_sixteen_steps() {
    let looped = parse(&answer(
        "a.example",
        [
            cname("a.example", "b.example"),
            cname("b.example", "a.example"),
            a("a.example", [192, 0, 2, 1]),
        ],
    ))
    .unwrap();
    assert_eq!(chain(&looped, "a.example").len(), MAX_CHAIN);
    let itself = parse(&answer("a.example", [cname("a.example", "a.example")])).unwrap();
    assert_eq!(chain(&itself, "a.example").len(), MAX_CHAIN);
    let long = parse(&answer(
        "n0.example",
        (0..20).map(|i| cname(&format!("n{i}.example"), &format!("n{}.example", i + 1))),
    ));
    assert_eq!(chain(&long.unwrap(), "n20.example").len(), MAX_CHAIN);
}

#[test]
fn of_a_cut_message_the_records_before_the_cut_count() {
    let message = typical().to_vec().unwrap();
    let whole = Response::parse(&message).unwrap();
    let mut most = 0;
    for length in 0..message.len() {
        let Some(response) = Response::parse(&message[..length]) else {
            assert!(length < 12, "the header is there with {length} bytes");
            continue;
        };
        assert!(length >= 12);
        assert!(
            whole.addresses.starts_with(&response.addresses)
                && aliases(&whole).starts_with(&aliases(&response))
        );
        assert!(response.question.is_none() || response.question == whole.question);
        assert!(
            aliases(&response).len() + response.addresses.len() >= most,
            "more bytes, fewer records"
        );
        most = aliases(&response).len() + response.addresses.len();
    }
    assert_eq!(most, 4, "all but the last record");
}

#[test]
fn only_successful_answers_to_queries_count() {
    let mut query = typical();
    query.metadata.message_type = MessageType::Query;
    assert_eq!(parse(&query), None);
    for code in [
        ResponseCode::NXDomain,
        ResponseCode::ServFail,
        ResponseCode::Refused,
    ] {
        let mut refused = typical();
        refused.metadata.response_code = code;
        assert_eq!(parse(&refused), None, "{code}");
    }
    for code in [OpCode::Notify, OpCode::Update, OpCode::Status] {
        let mut other = typical();
        other.metadata.op_code = code;
        assert_eq!(parse(&other), None, "{code}");
    }
    // Cut for want of room (TC): what is there counts.
    let mut short = typical();
    short.metadata.truncation = true;
    assert_eq!(parse(&short), parse(&typical()));
}

#[test]
fn records_of_other_sections_and_types_are_passed_over() {
    let mut message = answer(VIDEO, []);
    message.add_answer(Record::from_rdata(
        name(VIDEO),
        60,
        RData::TXT(TXT::new(vec!["text".to_owned(); 3])),
    ));
    message.add_answer(a(VIDEO, [192, 0, 2, 1]));
    message.add_authority(a("ns.example", [192, 0, 2, 53]));
    message.add_additional(a("glue.example", [192, 0, 2, 54]));
    message.set_edns(Edns::new());
    let response = parse(&message).unwrap();
    assert_eq!(
        addresses(&response),
        [(VIDEO.into(), IpAddr::from([192, 0, 2, 1]))]
    );
}

/// An answer that binds a service to another host, or to itself, and an address of either.
fn binding(target: &str) -> Message {
    let service = SVCB::new(1, name(target), vec![]);
    let mut message = answer(
        VIDEO,
        [Record::from_rdata(name(VIDEO), 60, RData::SVCB(service))],
    );
    message.add_authority(a("ns.netflix.com", [192, 0, 2, 53]));
    message.add_additional(a("ns.netflix.com", [192, 0, 2, 53]));
    message
}

#[test]
fn the_address_of_a_service_may_be_an_additional_record() {
    for (target, owner) in [("edge.example.net", "edge.example.net"), ("", VIDEO)] {
        let mut message = binding(target);
        message.add_additional(a(owner, [192, 0, 2, 1]));
        let response = parse(&message).unwrap();
        let answers: Vec<_> = response.answers(|name| name == VIDEO).collect();
        let expected = DnsAnswer {
            owner,
            address: [192, 0, 2, 1].into(),
            time_to_live: 60,
            is_hint: true,
            found: Some(VIDEO),
        };
        assert_eq!(answers, [expected]);
    }
    // By another name.
    let mut message = binding("edge.example.net");
    message.add_additional(cname("edge.example.net", "node.example.net"));
    message.add_additional(a("node.example.net", [192, 0, 2, 1]));
    assert_eq!(
        addresses(&parse(&message).unwrap()),
        [("node.example.net".into(), IpAddr::from([192, 0, 2, 1]))]
    );
}

#[test]
fn a_chain_without_an_address_ends_at_a_host_that_is_asked_for_later() {
    let links = || {
        [
            cname(VIDEO, "edge.example.net"),
            cname("edge.example.net", "node.example.net"),
        ]
    };
    let response = parse(&answer(VIDEO, links())).unwrap();
    assert_eq!(response.unresolved(), Some(("node.example.net", 60)));
    assert!(!response.is_empty());
    let mut message = answer(VIDEO, links());
    message.add_answer(a("node.example.net", [192, 0, 2, 1]));
    assert_eq!(parse(&message).unwrap().unresolved(), None);
    let response = parse(&answer(VIDEO, [])).unwrap();
    assert_eq!((response.unresolved(), response.is_empty()), (None, true));
}

#[test]
fn at_most_256_records_of_a_message_are_read() {
    let records = |count: usize| (0..count).map(|i| a(VIDEO, [192, 0, (i >> 8) as u8, i as u8]));
    for (count, read) in [(255, 255), (256, 256), (257, 256), (1000, 256)] {
        assert_eq!(
            parse(&answer(VIDEO, records(count)))
                .unwrap()
                .addresses
                .len(),
            read
        );
    }
}

#[test]
fn at_most_256_addresses_of_a_message_are_kept() {
    let hints = |count: u16| {
        let hints = (0..count).map(|i| A(Ipv4Addr::new(192, 0, (i >> 8) as u8, i as u8)));
        let value = SvcParamValue::Ipv4Hint(IpHint(hints.collect()));
        let service = SVCB::new(1, name(VIDEO), vec![(SvcParamKey::Ipv4Hint, value)]);
        Record::from_rdata(name(VIDEO), 60, RData::SVCB(service))
    };
    for (count, kept) in [(254, 255), (255, 256), (256, 256), (1000, 256)] {
        let records = [hints(count), a(VIDEO, [192, 0, 2, 200])];
        let response = parse(&answer(VIDEO, records)).unwrap();
        assert_eq!(response.addresses.len(), kept, "{count}");
    }
}

#[test]
fn counts_that_promise_too_much_are_not_believed() {
    let mut message = typical().to_vec().unwrap();
    message[6..8].copy_from_slice(&[0xff, 0xff]);
    assert_eq!(
        Response::parse(&message).unwrap(),
        parse(&typical()).unwrap()
    );
    message[4..6].copy_from_slice(&[0xff, 0xff]);
    let damaged = Response::parse(&message).unwrap();
    assert_eq!(damaged.question(), Some("api-global.netflix.com"));
}

#[test]
fn an_address_of_the_wrong_length_is_no_address() {
    let mut message = answer(VIDEO, [a(VIDEO, [192, 0, 2, 1]), a(VIDEO, [192, 0, 2, 2])])
        .to_vec()
        .unwrap();
    let first_length = message.len() - 4 - 12 - 4 - 2;
    assert_eq!(message[first_length..first_length + 2], [0, 4]);
    // The first record has one byte less: the message is shorter by it, and the second record is
    // still found.
    message[first_length + 1] = 3;
    message.remove(first_length + 2);
    let response = Response::parse(&message).unwrap();
    assert_eq!(
        addresses(&response),
        [(VIDEO.into(), IpAddr::from([192, 0, 2, 2]))]
    );
}

#[test]
fn compression_pointers_that_go_round_or_forward_end_the_message() {
    let header = [0, 7, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0];
    for pointer in [[0xc0, 12], [0xc0, 14], [0xc0, 200], [0xff, 0xff]] {
        let message = [&header[..], &pointer, &[0, 1, 0, 1]].concat();
        assert_eq!(
            Response::parse(&message),
            Some(Response::default()),
            "{pointer:?}"
        );
    }
    // Two names that point at each other.
    let message = [
        &header[..],
        &[1, b'a', 0xc0, 16, 1, b'b', 0xc0, 12, 0, 1, 0, 1],
    ]
    .concat();
    assert_eq!(Response::parse(&message).unwrap().addresses, [].as_slice());
}

/// Address records as another reader has them, each name read where it stands.
fn addresses_read_one_by_one(message: &[u8]) -> Vec<(String, IpAddr)> {
    let message = Message::from_vec(message).unwrap();
    let address = |record: &Record| match record.data {
        RData::A(A(address)) => Some((
            record.name.to_ascii().trim_end_matches('.').to_owned(),
            address.into(),
        )),
        _ => None,
    };
    message.answers.iter().filter_map(address).collect()
}

#[test]
fn names_that_no_host_has_are_passed_over_with_their_records() {
    let spoiled = |bytes: &[u8; 4]| {
        let mut message = answer(
            "evil.example",
            [cname("evil.example", VIDEO), a(VIDEO, [192, 0, 2, 1])],
        )
        .to_vec()
        .unwrap();
        let at = message.windows(4).position(|four| four == b"evil").unwrap();
        message[at..at + 4].copy_from_slice(bytes);
        Response::parse(&message).unwrap()
    };
    assert_eq!(chain(&spoiled(b"good"), VIDEO), [VIDEO, "good.example"]);
    for bytes in [b"=cmd", b"a b\0", b"<b>i", b"a\x1b[1", b"x.yz"] {
        let response = spoiled(bytes);
        assert_eq!(
            (response.question(), chain(&response, VIDEO)),
            (None, vec![VIDEO.to_owned()])
        );
        assert_eq!(
            addresses(&response),
            [(VIDEO.into(), IpAddr::from([192, 0, 2, 1]))]
        );
    }
}

#[test]
fn names_take_work_in_proportion_to_the_message() {
    // Records whose names are two labels and a pointer to 100 more, in data that no name begins in.
    let mut message = vec![0, 7, 0x81, 0x80, 0, 0, 0, 200, 0, 0, 0, 0];
    message.extend([0, 0, 16, 0, 1, 0, 0, 0, 0, 0, 201]);
    let labels = message.len();
    message.extend(b"\x01a".repeat(100));
    message.push(0);
    let long = |message: &mut Vec<u8>, at: u8| {
        message.extend([
            1,
            b'a' + at % 26,
            1,
            b'a' + at / 26,
            0xc0,
            labels as u8 + at % 8 * 2,
        ]);
        message.extend([0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 192, 0, 2, at]);
    };
    (0..40).for_each(|at| long(&mut message, at));
    let read = addresses(&Response::parse(&message).unwrap()).len();
    // Each takes some hundred steps, and a message may take one per byte.
    assert_eq!(read, message.len() * STEPS_PER_BYTE / 101);
    let mut parser = Parser::new(&message);
    assert_eq!(parser.read([0, 200, 0, 0]), None);
    assert_eq!(parser.steps, 0);
}

#[test]
fn both_sides_of_the_number_of_names() {
    let records = |count: usize| (0..count).map(|i| a(&format!("n{i}.example"), [192, 0, 2, 1]));
    for (count, read) in [(63, 63), (64, 63), (100, 63)] {
        let response = parse(&answer("asked.example", records(count))).unwrap();
        assert_eq!(response.addresses.len(), read);
    }
}

proptest! {
    #[test]
    fn names_are_those_that_records_point_to(
        owners in prop::collection::vec((0..40_u8, any::<bool>()), 1..60),
        asked in 0..40_u8,
    ) {
        let named = |number: u8| format!("host{number}.of{}.example", number % 5);
        let records = owners.iter().map(|&(number, is_alias)| match is_alias {
            true => cname(&named(number), &named(number.wrapping_mul(7) % 40)),
            false => a(&named(number), [192, 0, 2, number]),
        });
        let message = answer(&named(asked), records).to_vec().unwrap();
        let response = Response::parse(&message).unwrap();
        prop_assert_eq!(addresses(&response), addresses_read_one_by_one(&message));
    }

    #[test]
    fn arbitrary_bytes_are_no_danger(tail in prop::collection::vec(any::<u8>(), 0..300), counts: [u8; 4]) {
        let _ = Response::parse(&tail);
        let mut message = vec![0, 7, 0x81, 0x80, 0, counts[0] % 3, counts[1], counts[2], 0, 0, 0, counts[3]];
        message.extend(tail);
        let response = Response::parse(&message).unwrap();
        prop_assert!(response.addresses.len() + aliases(&response).len() <= MAX_RECORDS);
        prop_assert!(response.names.len() <= MAX_NAMES);
        prop_assert!(response.names.iter().all(|name| is_host_name(name.text.as_bytes())));
        for owner in response.addresses.iter().map(|record| record.owner) {
            prop_assert!(response.chain(owner).count() <= MAX_CHAIN);
        }
    }

    #[test]
    fn damaged_answers_are_no_danger(at in any::<prop::sample::Index>(), byte: u8) {
        let mut message = typical().to_vec().unwrap();
        let at = at.index(message.len());
        message[at] = byte;
        let _ = Response::parse(&message);
    }
}
