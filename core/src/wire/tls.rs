//! TLS over TCP as a passive observer sees it: record headers in stream order, and the hello
//! messages.
//!
//! TLS 1.2 (RFC 5246), TLS 1.3 (RFC 8446). Read: record headers, the server's choice of version,
//! cipher suite and ALPN (unencrypted in TLS 1.2 only). Not read: anything encrypted, SSLv2 hellos,
//! DTLS.

/// Record header (RFC 8446, section 5.1).
pub const RECORD_HEADER: u32 = 5;
/// Largest plaintext of a record (RFC 8446, section 5.1).
pub const MAX_PLAINTEXT: u32 = 1 << 14;
/// Largest ciphertext of a record: TLS 1.2 allows 2,048 more than the plaintext (RFC 5246, section
/// 6.2.3).
pub const MAX_CIPHERTEXT: u32 = MAX_PLAINTEXT + 2048;

/// Content types (RFC 8446, section 5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ContentType {
    /// Middlebox compatibility, or the change of keys in TLS 1.2.
    ChangeCipherSpec = 20,
    /// Alert; encrypted in later TLS 1.2.
    Alert = 21,
    /// Handshake message; encrypted after ChangeCipherSpec in TLS 1.2.
    Handshake = 22,
    /// Application data, and everything encrypted in TLS 1.3.
    ApplicationData = 23,
}

/// Shorter records do not count as full ones: the smallest limit of servers is what fits a TCP
/// segment (HAProxy's tune.ssl.maxrecord, nginx's ssl_buffer_size, dynamic record sizes of about
/// 1,400 bytes).
const SHORTEST_FULL: u32 = 1024;
/// Number of recent lengths to keep. A record must repeat one before its length counts as that of
/// full records.
const RECENT_LENGTHS: usize = 4;
/// Number of full records after which shorter ones are no longer expected. Servers send short ones
/// until they have sent a certain amount, and again after silence (nghttpx and h2o, measured: any
/// number from 8 up gives the same sizes).
const ENOUGH_FULL: u8 = 8;

/// A record header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordHeader {
    /// Content type of the record.
    pub content_type: ContentType,
    /// Length of the record after the header.
    pub length: u32,
}

impl RecordHeader {
    /// Reads a header; `None` if these bytes cannot be one.
    #[must_use]
    pub fn parse(bytes: [u8; 5]) -> Option<Self> {
        let content_type = match bytes[0] {
            20 => ContentType::ChangeCipherSpec,
            21 => ContentType::Alert,
            22 => ContentType::Handshake,
            23 => ContentType::ApplicationData,
            _ => return None,
        };
        let length = u32::from(u16::from_be_bytes([bytes[3], bytes[4]]));
        // Version: 3.1 (some first hellos) to 3.3 (all records of TLS 1.2 and 1.3).
        (bytes[1] == 3 && (1..=4).contains(&bytes[2]) && (1..=MAX_CIPHERTEXT).contains(&length))
            .then_some(Self {
                content_type,
                length,
            })
    }
}

/// Events in a run of stream bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsEvent {
    /// A record begins at this offset; `guessed` if its header was hidden and is assumed to repeat
    /// the previous one.
    Record {
        /// Stream offset of the header's first byte.
        offset: u64,
        /// The header.
        header: RecordHeader,
        /// True if the header was assumed, not read.
        guessed: bool,
    },
    /// Bytes of the current record, header included.
    Bytes(u64),
    /// Bytes outside any known record: the header before them was hidden, and no guess was
    /// confirmed.
    Unframed(u64),
}

/// Follows record headers through a stream.
#[derive(Clone, Copy, Debug)]
pub struct RecordReader {
    state: RecordState,
    /// Length of the last record that is as full as possible.
    full: u32,
    /// Assumed length of hidden records: that of the last full one, or one on which two visible
    /// ones agree, because servers may limit records further. 0 if there is none.
    repeating: u32,
    /// True if only full records, and records visible twice in a row, are assumed to repeat.
    in_a_row: bool,
    /// Length of the previous record, if it was visible; otherwise 0.
    before: u32,
    /// Length that was visible twice in a row and is not full; 0 if many full ones followed.
    shorter: u32,
    /// Number of visible full records since then.
    full_since: u8,
    /// The latest different lengths that occurred only once.
    recent: [u32; RECENT_LENGTHS],
    /// Bytes of the current record still to come, header included.
    remaining: u32,
    /// True if the current record's header was assumed, or followed an assumed one.
    guessed: bool,
}

#[derive(Clone, Copy, Debug)]
enum RecordState {
    /// In a header, with this many of its bytes known.
    Header { bytes: [u8; 5], have: u8 },
    /// In a record's body.
    Body,
    /// Framing lost.
    Lost,
}

impl RecordState {
    /// Before a header.
    const NEXT: Self = Self::Header {
        bytes: [0; 5],
        have: 0,
    };
}

impl Default for RecordReader {
    fn default() -> Self {
        Self::in_state(RecordState::NEXT)
    }
}

impl RecordReader {
    /// Creates a reader that looks for a first header wherever one may be.
    #[must_use]
    pub const fn lost() -> Self {
        Self::in_state(RecordState::Lost)
    }

    const fn in_state(state: RecordState) -> Self {
        Self {
            state,
            full: 0,
            repeating: 0,
            in_a_row: false,
            before: 0,
            shorter: 0,
            full_since: 0,
            recent: [0; RECENT_LENGTHS],
            remaining: 0,
            guessed: false,
        }
    }

    /// Returns the length of the full records seen, or 0.
    #[must_use]
    pub const fn full_record(&self) -> u32 {
        self.full
    }

    /// Assumes hidden records to be full, or like two consecutive visible ones. Where frames divide
    /// records, two are alike by chance, and the first of a response is often shorter than the
    /// following ones.
    pub const fn suppose_in_a_row(&mut self) {
        if !self.in_a_row {
            (self.in_a_row, self.repeating) = (true, self.full);
        }
    }

    /// Returns another equally possible length of hidden records, or 0: servers that begin with
    /// short records continue with full ones, and start over after silence.
    #[must_use]
    pub const fn other_record(&self) -> u32 {
        if self.repeating == self.shorter {
            self.full
        } else {
            self.shorter
        }
    }

    /// Returns the assumed length of hidden records, or 0.
    #[must_use]
    pub const fn repeating_record(&self) -> u32 {
        self.repeating
    }

    /// Returns true if the framing is known without guessing.
    #[must_use]
    pub const fn is_exact(&self) -> bool {
        !self.guessed && !matches!(self.state, RecordState::Lost)
    }

    /// Returns how many of the next bytes certainly belong to the current record's body.
    #[must_use]
    pub fn body(&self) -> u64 {
        if matches!(self.state, RecordState::Body) && !self.guessed {
            self.remaining.into()
        } else {
            0
        }
    }

    /// Returns true if the next byte begins a record, as far as known.
    #[must_use]
    pub const fn at_boundary(&self) -> bool {
        matches!(self.state, RecordState::Header { have: 0, .. })
    }

    /// Declares that a record begins at the next byte.
    pub const fn restart(&mut self) {
        self.state = RecordState::NEXT;
        self.guessed = false;
        self.remaining = 0;
        self.before = 0;
    }

    /// Counts `length` bytes if all of them are known to belong to a record's body. Otherwise
    /// counts nothing and returns false.
    #[inline]
    pub fn take_in_order(&mut self, length: u32) -> bool {
        if !matches!(self.state, RecordState::Body) || self.guessed || length > self.remaining {
            return false;
        }
        self.remaining -= length;
        if self.remaining == 0 {
            self.state = RecordState::NEXT;
        }
        true
    }

    /// Reads one packet's part of the stream: `length` bytes from `offset` on; `bytes` are the
    /// captured ones.
    pub fn read(
        &mut self,
        mut offset: u64,
        mut bytes: &[u8],
        mut length: u64,
        mut event: impl FnMut(TlsEvent),
    ) {
        if self.guessed || matches!(self.state, RecordState::Lost) {
            // Senders begin a packet with a record far more often than chance would put these bytes
            // there.
            let supposed_elsewhere = !self.at_boundary();
            if supposed_elsewhere && self.plausible_start(bytes, length) {
                self.restart();
            }
        }
        while length > 0 {
            match self.state {
                RecordState::Lost => {
                    event(TlsEvent::Unframed(length));
                    return;
                }
                RecordState::Body => {
                    let taken = length.min(u64::from(self.remaining));
                    event(TlsEvent::Bytes(taken));
                    self.remaining -= taken as u32;
                    (offset, length) = (offset + taken, length - taken);
                    bytes = bytes
                        .get(usize::try_from(taken).unwrap_or(usize::MAX)..)
                        .unwrap_or_default();
                    if self.remaining == 0 {
                        self.state = RecordState::NEXT;
                    }
                }
                RecordState::Header { .. } => {
                    if !self.header(offset, bytes, length, &mut event) {
                        return;
                    }
                }
            }
        }
    }

    /// Completes a header from the next bytes, or assumes one if it is hidden; its record then
    /// begins. Returns false if the packet ends within the header.
    fn header(
        &mut self,
        offset: u64,
        bytes: &[u8],
        length: u64,
        event: &mut impl FnMut(TlsEvent),
    ) -> bool {
        let RecordState::Header {
            bytes: header,
            have,
        } = &mut self.state
        else {
            return true;
        };
        let wanted = usize::from(5 - *have);
        let taken = wanted.min(bytes.len());
        header[usize::from(*have)..usize::from(*have) + taken].copy_from_slice(&bytes[..taken]);
        let had = *have;
        let begins_at = offset - u64::from(had);
        if taken == wanted {
            let header = RecordHeader::parse(*header);
            self.begin(header, begins_at, had, false, event);
        } else if taken as u64 == length {
            *have += taken as u8;
            event(TlsEvent::Bytes(length));
            return false;
        } else {
            // The rest of the header is hidden: assume another full record.
            let supposed = RecordHeader {
                content_type: ContentType::ApplicationData,
                length: self.repeating,
            };
            let supposed = (self.repeating > 0).then_some(supposed);
            self.begin(supposed, begins_at, had, true, event);
        }
        true
    }

    fn begin(
        &mut self,
        header: Option<RecordHeader>,
        offset: u64,
        had: u8,
        guessed: bool,
        event: &mut impl FnMut(TlsEvent),
    ) {
        let Some(header) = header else {
            self.state = RecordState::Lost;
            self.guessed = true;
            return;
        };
        // A header where one was assumed confirms the earlier assumptions.
        self.guessed = guessed;
        let follows_its_like = !guessed && self.before == header.length;
        self.before = if guessed { 0 } else { header.length };
        if header.content_type == ContentType::ApplicationData && !guessed {
            self.learn(header.length, follows_its_like);
        }
        event(TlsEvent::Record {
            offset,
            header,
            guessed,
        });
        self.remaining = RECORD_HEADER + header.length - u32::from(had);
        self.state = RecordState::Body;
    }

    /// Learns the length of a visible record.
    fn learn(&mut self, length: u32, follows_its_like: bool) {
        if length >= MAX_PLAINTEXT {
            (self.full, self.repeating) = (length, length);
            self.full_since = self.full_since.saturating_add(1);
            if self.full_since >= ENOUGH_FULL {
                self.shorter = 0;
            }
        } else if length >= SHORTEST_FULL && self.in_a_row {
            if follows_its_like {
                (self.shorter, self.repeating) = (length, length);
                self.full_since = 0;
            }
        } else if length >= SHORTEST_FULL {
            if self.recent.contains(&length) {
                self.repeating = length;
            } else {
                self.recent.rotate_left(1);
                self.recent[RECENT_LENGTHS - 1] = length;
            }
        }
    }

    /// Returns true if a packet's payload seems to begin with a record.
    fn plausible_start(&self, bytes: &[u8], length: u64) -> bool {
        let Some(header) = bytes.first_chunk().copied().and_then(RecordHeader::parse) else {
            return false;
        };
        let end = u64::from(RECORD_HEADER + header.length);
        if end >= length {
            return true;
        }
        // A second header must follow where the first one says, as far as that was captured.
        let at = end as usize;
        bytes.get(at..at + 5).is_none_or(|next| {
            RecordHeader::parse([next[0], next[1], next[2], next[3], next[4]]).is_some()
        })
    }
}

/// The choices in a ServerHello (RFC 5246, section 7.4.1.3; RFC 8446, section 4.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerHello {
    /// Negotiated version: 0x0303 for TLS 1.2, 0x0304 for TLS 1.3.
    pub version: u16,
    /// Cipher suite.
    pub cipher: u16,
    /// True if the application protocol is HTTP/2 (TLS 1.2 only: TLS 1.3 encrypts it).
    pub http2: bool,
    /// True if it resumes a session (TLS 1.3: it chose a pre-shared key, without which early data
    /// is not read).
    pub resumes: bool,
    /// True for a HelloRetryRequest: another ClientHello follows (RFC 8446, section 4.1.4).
    pub retry: bool,
}

impl ServerHello {
    /// Reads a ServerHello from its handshake message, header included.
    #[must_use]
    pub fn parse(message: &[u8]) -> Option<Self> {
        let (_, message) = tls_parser::parse_tls_message_handshake(message).ok()?;
        let tls_parser::TlsMessage::Handshake(tls_parser::TlsMessageHandshake::ServerHello(hello)) =
            message
        else {
            return None;
        };
        let mut found = Self {
            version: hello.version.0,
            cipher: hello.cipher.0,
            http2: false,
            resumes: false,
            retry: hello.random == HELLO_RETRY_REQUEST,
        };
        if let Some((_, extensions)) = hello
            .ext
            .and_then(|ext| tls_parser::parse_tls_server_hello_extensions(ext).ok())
        {
            for extension in extensions {
                match extension {
                    tls_parser::TlsExtension::SupportedVersions(versions) => {
                        found.version = versions.first().map_or(found.version, |v| v.0);
                    }
                    tls_parser::TlsExtension::ALPN(protocols) => {
                        found.http2 = protocols.contains(&&b"h2"[..])
                    }
                    tls_parser::TlsExtension::PreSharedKey(_) => found.resumes = true,
                    _ => {}
                }
            }
        }
        Some(found)
    }
}

/// The random value that marks a ServerHello as a HelloRetryRequest (RFC 8446, section 4.1.3).
pub(crate) const HELLO_RETRY_REQUEST: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

#[cfg(test)]
mod tests;
