//! Responses that were cut off, and responses that were not.

use super::*;
use crate::quality::tests::request;

const FULL: u64 = 1448;

/// Returns how responses of these bytes and packets ended, each on a flow that ends with it, beside
/// a whole one.
fn ends(packets: &[(u64, u64)]) -> Vec<ResponseEnd> {
    let whole = [(400 * FULL - 100, 400)];
    let all = packets.iter().chain(&whole);
    let mut requests: Vec<Request> = all
        .map(|&(bytes, count)| Request {
            packets: Packets { bytes, count },
            ends_flow: true,
            ..request(1, 0.0)
        })
        .collect();
    judge(&mut requests);
    requests.pop();
    requests.iter().map(|request| request.end).collect()
}

#[test]
fn full_packets_alone_are_a_response_that_was_cut() {
    assert_eq!(ends(&[(100 * FULL, 100)]), [ResponseEnd::Cut]);
    // Its last packet lacks a byte.
    assert_eq!(ends(&[(100 * FULL - 1, 100)]), [ResponseEnd::Whole]);
    // All are equally large, but others are larger.
    assert_eq!(ends(&[(100 * FULL - 100, 100)]), [ResponseEnd::Whole]);
}

#[test]
fn few_packets_tell_nothing() {
    assert_eq!(ends(&[(7 * FULL, 7)]), [ResponseEnd::Unknown]);
    assert_eq!(ends(&[(8 * FULL, 8)]), [ResponseEnd::Cut]);
}

#[test]
fn packets_that_were_joined_or_are_too_small_tell_nothing() {
    for (full, end) in [
        (535, ResponseEnd::Unknown),
        (536, ResponseEnd::Cut),
        (1500, ResponseEnd::Cut),
        (1501, ResponseEnd::Unknown),
    ] {
        let mut requests = [Request {
            packets: Packets {
                bytes: 100 * full,
                count: 100,
            },
            ends_flow: true,
            ..request(1, 0.0)
        }];
        judge(&mut requests);
        assert_eq!(requests[0].end, end, "{full}");
    }
}

#[test]
fn what_is_not_on_its_own_or_ends_no_flow_is_not_told() {
    let cut = Request {
        packets: Packets {
            bytes: 100 * FULL,
            count: 100,
        },
        ends_flow: true,
        ..request(1, 0.0)
    };
    let mut requests = [
        Request {
            ends_flow: false,
            ..cut
        },
        Request {
            shared: true,
            ..cut
        },
        cut,
    ];
    judge(&mut requests);
    let ends = requests.map(|request| request.end);
    assert_eq!(
        ends,
        [ResponseEnd::Unknown, ResponseEnd::Unknown, ResponseEnd::Cut]
    );
}
