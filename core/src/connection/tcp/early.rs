//! Early data of TLS 1.3: requests that ride with the client's hello, and what of the server's records
//! answers them.

use crate::wire::tls::MAX_PLAINTEXT;

/// A record of EncryptedExtensions and Finished: the message's header and list length, the
/// extensions that servers send with early data (ALPN, the server's name, record size limit),
/// Finished (RFC 8446, section 4.3.1).
const LEAST_EXTENSIONS: u32 = 4 + 2;
const MOST_EXTENSIONS: u32 = LEAST_EXTENSIONS + 80;

/// A request sent with the client's hello (early data, RFC 8446, section 2.3): its response begins
/// after the server's Finished, while the client's is still to come.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Early {
    /// True if a request came before anything of the server.
    asked: bool,
    /// True if the server did not read it: the client asks again after its Finished.
    refused: bool,
    /// True if the ServerHello names no session, so that only the server's flight decides.
    unsure: bool,
    /// True if the client asked after its Finished.
    asked_again: bool,
    flight: Flight,
    /// Offset after the client's Finished in its stream.
    finished_at: u32,
    /// Length of the server's latest record.
    latest: u32,
}

/// The place of a server's record in the answer to early data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AnswerPart {
    /// Unknown, or the answer is to another request.
    Other,
    /// One of many of the same length.
    Amid,
    /// After a full record, so that it may be the last of the answer, or a ticket.
    AfterFull,
    /// After one that was not full, which ended the answer.
    AfterShort,
}

/// Progress of the server's EncryptedExtensions and Finished.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Flight {
    #[default]
    Nothing,
    /// The first record: the extensions, or both messages.
    Extensions,
    All,
}

impl Early {
    /// Applies the contents of a ServerHello.
    pub(crate) fn hello(&mut self, resumes: bool, retry: bool) {
        self.refused |= retry;
        self.unsure = !resumes;
    }

    /// Records a request.
    pub(crate) fn ask(&mut self, early: bool) {
        self.asked |= early;
        self.asked_again |= !early;
    }

    /// Records that the client's Finished ends at this offset.
    pub(crate) fn finish(&mut self, offset: u64) {
        self.finished_at = saturated(offset);
    }

    /// Returns true if the server has nothing to answer: it refused the only request.
    pub(crate) const fn is_unanswerable(&self) -> bool {
        self.asked && self.refused && !self.asked_again
    }

    /// Records the length of a record of the server after the client's Finished, and returns its
    /// place in a response that began before. Servers send tickets when they get the Finished, even
    /// between two records of a response. `repeating` is the length of most records.
    pub(crate) fn place(&mut self, length: u32, repeating: u32, peer: u64) -> AnswerPart {
        let before = std::mem::replace(&mut self.latest, length);
        if !self.asked || self.refused || self.asked_again || peer < u64::from(self.finished_at) {
            AnswerPart::Other
        } else if length == repeating {
            AnswerPart::Amid
        } else if before >= MAX_PLAINTEXT || before == repeating {
            AnswerPart::AfterFull
        } else {
            AnswerPart::AfterShort
        }
    }

    /// Returns true if a protected record of the server before the client's Finished belongs to a
    /// response.
    pub(crate) fn answers(&mut self, length: u32, finished: Option<u32>) -> bool {
        if !self.asked || self.refused {
            return false;
        }
        self.latest = length;
        match self.flight {
            Flight::Nothing => {
                self.flight = Flight::Extensions;
                // Without a session, the flight contains a certificate, which makes it longer.
                let both = finished.is_none_or(|finished| {
                    (finished + LEAST_EXTENSIONS..=finished + MOST_EXTENSIONS).contains(&length)
                });
                self.refused = self.unsure && !both;
                false
            }
            Flight::Extensions => {
                self.flight = Flight::All;
                finished != Some(length)
            }
            Flight::All => true,
        }
    }
}

/// Returns an offset or a number of bytes as far as it fits.
pub(super) fn saturated(bytes: u64) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}
