//! Rewritten capture files: untouched they are the same bytes, annotated they hold the same
//! packets, and stripped they are what they were before.

use std::io::Cursor;

#[allow(dead_code)]
#[path = "../../../cli/src/annotate/comment.rs"]
mod comment;
#[allow(dead_code)]
#[path = "../../../cli/src/annotate/convert.rs"]
mod convert;
#[allow(dead_code)]
#[path = "../../../cli/src/annotate/rewriter.rs"]
mod rewriter;

use crate::Input;
use crate::capture::{Piece, Reader};
use comment::Edit;
use rewriter::Rewriter;

const NOTE: &str = "nflx: out 23.246.11.141, flow 3, request 7";

/// Writes a capture as it is, with comments on some of its blocks, and stripped of them.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let chosen = input.u32();
    let bytes = input.rest();
    let Some(kept) = rewritten(bytes, |_| Edit::Keep) else {
        return;
    };
    let is_pcapng = bytes.starts_with(&[0x0a, 0x0d, 0x0d, 0x0a]);
    assert!(!is_pcapng || kept == bytes, "copied otherwise than it was");
    assert_eq!(packets(&kept), packets(bytes), "rewritten");
    // A capture may have such comments already.
    let plain = rewritten(&kept, |_| Edit::Strip).expect("pcapng by now");
    let annotated = rewritten(&plain, |at| {
        if chosen >> (at % 32) & 1 == 0 {
            Edit::Keep
        } else {
            Edit::Add(NOTE)
        }
    });
    let annotated = annotated.expect("still pcapng");
    assert_eq!(packets(&annotated), packets(bytes), "annotated");
    assert!(
        rewritten(&annotated, |_| Edit::Strip).as_deref() == Some(&plain),
        "stripped"
    );
}

/// The file with every block edited; `None` if it is no capture.
fn rewritten(bytes: &[u8], edit: impl Fn(usize) -> Edit<'static>) -> Option<Vec<u8>> {
    let mut reader = Reader::new(bytes).ok()?;
    let mut out = Cursor::new(Vec::with_capacity(2 * bytes.len()));
    let mut rewriter = Rewriter::new(&mut out);
    let mut at = 0;
    while let Some(piece) = reader.next_piece() {
        rewriter.piece(&piece, edit(at)).expect("to memory");
        at += usize::from(!matches!(piece, Piece::Other(_)));
    }
    rewriter.finish().expect("to memory");
    Some(out.into_inner())
}

/// Time, link type, length and bytes of each packet.
fn packets(bytes: &[u8]) -> Vec<(i64, u16, u32, Vec<u8>)> {
    let Ok(mut reader) = Reader::new(bytes) else {
        return Vec::new();
    };
    let mut packets = Vec::new();
    while let Some(packet) = reader.next() {
        packets.push((
            packet.time.0,
            packet.link_type.0,
            packet.original_length,
            packet.data.to_vec(),
        ));
    }
    packets
}
