//! Frames of a decrypted Initial packet. Only CRYPTO is of interest.

use crate::wire::reader::Reader;

/// Frame types allowed in an Initial packet (RFC 9000, sections 12.4 and 19).
mod frame_type {
    pub(super) const PADDING: u64 = 0x00;
    pub(super) const PING: u64 = 0x01;
    pub(super) const ACK: u64 = 0x02;
    pub(super) const ACK_ECN: u64 = 0x03;
    pub(super) const CRYPTO: u64 = 0x06;
    pub(super) const CONNECTION_CLOSE: u64 = 0x1c;
}

/// A piece of the TLS handshake (RFC 9000, section 19.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CryptoFrame<'a> {
    /// Offset of the piece in the handshake's byte stream.
    pub offset: u64,
    /// The piece; shorter than sent if the payload ends within it.
    pub data: &'a [u8],
}

/// Iterates over the CRYPTO frames of a decrypted Initial payload, in the order sent.
///
/// Skips PADDING, PING, ACK and `CONNECTION_CLOSE`; stops at any other frame type and where the
/// payload was cut.
#[must_use]
pub fn crypto_frames(payload: &[u8]) -> CryptoFrames<'_> {
    CryptoFrames {
        reader: Reader::new(payload),
    }
}

/// Iterator over CRYPTO frames, made by [`crypto_frames`].
#[derive(Clone, Debug)]
pub struct CryptoFrames<'a> {
    reader: Reader<'a>,
}

impl<'a> CryptoFrames<'a> {
    fn next_crypto(&mut self) -> Option<CryptoFrame<'a>> {
        let reader = &mut self.reader;
        loop {
            match reader.varint()? {
                frame_type::PADDING | frame_type::PING => {}
                kind @ (frame_type::ACK | frame_type::ACK_ECN) => {
                    skip_ack(reader, kind == frame_type::ACK_ECN)?;
                }
                frame_type::CONNECTION_CLOSE => skip_connection_close(reader)?,
                frame_type::CRYPTO => {
                    let offset = reader.varint()?;
                    let len = reader.varint()?;
                    return Some(CryptoFrame {
                        offset,
                        data: reader.take_up_to(len),
                    });
                }
                _ => return None,
            }
        }
    }
}

impl<'a> Iterator for CryptoFrames<'a> {
    type Item = CryptoFrame<'a>;

    fn next(&mut self) -> Option<CryptoFrame<'a>> {
        let frame = self.next_crypto();
        if frame.is_none() {
            // The frame after one that was not understood has no known start.
            self.reader = Reader::new(&[]);
        }
        frame
    }
}

impl std::iter::FusedIterator for CryptoFrames<'_> {}

/// Skips an ACK frame (RFC 9000, section 19.3).
fn skip_ack(reader: &mut Reader<'_>, ecn: bool) -> Option<()> {
    let _largest = reader.varint()?;
    let _delay = reader.varint()?;
    let ranges = reader.varint()?;
    let _first_range = reader.varint()?;
    // Ends with the bytes, however many ranges the frame claims.
    for _ in 0..ranges {
        let _gap = reader.varint()?;
        let _range = reader.varint()?;
    }
    if ecn {
        for _ in 0..3 {
            reader.varint()?;
        }
    }
    Some(())
}

/// Skips a CONNECTION_CLOSE frame (RFC 9000, section 19.19) of the kind that carries a frame type.
fn skip_connection_close(reader: &mut Reader<'_>) -> Option<()> {
    let _error = reader.varint()?;
    let _frame = reader.varint()?;
    let reason_len = reader.varint_len()?;
    reader.take(reason_len)?;
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_crypto_between_all_other_frames() {
        let payload = [
            &[0x00, 0x00, 0x01][..],                           // PADDING, PADDING, PING
            &[0x02, 0x07, 0x00, 0x01, 0x00, 0x02, 0x03],       // ACK with one more range
            &[0x03, 0x07, 0x00, 0x00, 0x00, 0x01, 0x02, 0x03], // ACK with ECN counts
            &[0x06, 0x40, 0x64, 0x03, b'a', b'b', b'c'],       // CRYPTO at 100
            &[0x1c, 0x00, 0x06, 0x02, b'n', b'o'],             // CONNECTION_CLOSE
            &[0x06, 0x00, 0x05, b'd', b'e'],                   // CRYPTO at 0, cut
        ]
        .concat();
        let frames: Vec<_> = crypto_frames(&payload).collect();
        assert_eq!(
            frames,
            [
                CryptoFrame {
                    offset: 100,
                    data: b"abc"
                },
                CryptoFrame {
                    offset: 0,
                    data: b"de"
                },
            ]
        );
    }

    #[test]
    fn keeps_what_stands_before_an_unknown_frame() {
        let payload = [0x06, 0x00, 0x01, b'a', 0x08, 0x06, 0x01, 0x01, b'b'];
        let mut frames = crypto_frames(&payload);
        assert_eq!(
            frames.next(),
            Some(CryptoFrame {
                offset: 0,
                data: b"a"
            })
        );
        assert_eq!(frames.next(), None);
        assert_eq!(frames.next(), None);
    }
}
