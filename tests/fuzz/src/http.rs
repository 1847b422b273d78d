//! HTTP/1: the same messages however the stream is divided into packets.

use nflx_core::fuzzing::http1::{
    HttpEvent, MessageReader, Side, head_length, host_of, looks_like_request, looks_like_response,
};

use crate::Input;

/// Reads a stream whole, in packets, and in packets that are cut.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let choice = input.u8();
    let side = if choice & 1 == 0 {
        Side::Client
    } else {
        Side::Server
    };
    let steps = [input.u8(), input.u8(), input.u8()].map(|step| usize::from(step) + 1);
    let hidden = u64::from(input.u16());
    let stream = input.rest();
    let _ = (
        host_of(stream),
        looks_like_request(stream),
        looks_like_response(stream),
    );
    assert!(head_length(stream).is_none_or(|length| length <= stream.len()));

    let mut whole = MessageReader::new(side);
    let expected = read(&mut whole, choice, [(7, stream, stream.len() as u64)]);
    let mut at = 7;
    let packets = divide(stream, steps).map(|part| {
        at += part.len() as u64;
        (at - part.len() as u64, part, part.len() as u64)
    });
    let mut parts = MessageReader::new(side);
    let got = read(&mut parts, choice, packets);
    // What is lost may be found again where a packet begins with a message.
    assert!(got.starts_with(&expected), "{got:?} not {expected:?}");
    if !whole.is_lost() {
        assert_eq!(
            (got.len(), parts.is_lost(), parts.at_boundary()),
            (expected.len(), false, whole.at_boundary())
        );
    }

    let mut at = 0;
    let cut = divide(stream, steps).map(|part| {
        let length = part.len() as u64 + hidden;
        at += length;
        (at - length, part, length)
    });
    let new = if choice & 2 == 0 {
        MessageReader::new(side)
    } else {
        MessageReader::lost(side)
    };
    read(&mut { new }, choice, cut);
}

fn divide(mut stream: &[u8], steps: [usize; 3]) -> impl Iterator<Item = &[u8]> {
    steps.into_iter().cycle().map_while(move |step| {
        let (part, rest) = stream.split_at(step.min(stream.len()));
        stream = rest;
        (!part.is_empty()).then_some(part)
    })
}

fn read<'a>(
    reader: &mut MessageReader,
    choice: u8,
    packets: impl IntoIterator<Item = (u64, &'a [u8], u64)>,
) -> Vec<HttpEvent> {
    let (mut events, mut responses, mut last) = (Vec::new(), 0_u32, 0);
    for (offset, bytes, length) in packets {
        let bodiless = || {
            responses += 1;
            choice.rotate_left(responses) & 0x80 != 0
        };
        reader.read(offset, bytes, length, bodiless, |event| {
            // How they are divided depends on packets.
            if matches!(event, HttpEvent::EmptyLines(..)) {
                return;
            }
            if let HttpEvent::Start(at) | HttpEvent::End(at) = event {
                assert!((last..=offset + length).contains(&at), "{at} behind {last}");
                last = at;
            }
            events.push(event);
        });
    }
    events
}
