//! pcapng files made by hand, and taken apart.

/// Writes blocks in one byte order.
pub(crate) struct Blocks {
    big: bool,
    pub(crate) bytes: Vec<u8>,
}

impl Blocks {
    pub(crate) fn new(big: bool) -> Self {
        Self {
            big,
            bytes: Vec::new(),
        }
    }

    fn number<const N: usize>(&self, mut little: [u8; N]) -> [u8; N] {
        if self.big {
            little.reverse();
        }
        little
    }

    pub(crate) fn u16(&self, number: u16) -> [u8; 2] {
        self.number(number.to_le_bytes())
    }

    pub(crate) fn u32(&self, number: u32) -> [u8; 4] {
        self.number(number.to_le_bytes())
    }

    pub(crate) fn u64(&self, number: u64) -> [u8; 8] {
        self.number(number.to_le_bytes())
    }

    /// Options with an end, unless there are none.
    pub(crate) fn options(&self, list: &[(u16, &[u8])]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (code, value) in list {
            bytes.extend(self.u16(*code));
            bytes.extend(self.u16(value.len() as u16));
            bytes.extend(*value);
            bytes.resize(bytes.len().next_multiple_of(4), 0);
        }
        if !list.is_empty() {
            bytes.extend([0; 4]);
        }
        bytes
    }

    pub(crate) fn block(&mut self, kind: u32, body: &[u8]) {
        let length = self.u32(body.len().next_multiple_of(4) as u32 + 12);
        self.bytes.extend(self.u32(kind));
        self.bytes.extend(length);
        self.bytes.extend(body);
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        self.bytes.extend(length);
    }

    /// A section around blocks that are there already, which states its length.
    pub(crate) fn into_section(self, options: &[(u16, &[u8])]) -> Vec<u8> {
        let mut whole = Self::new(self.big);
        let mut body = self.u32(0x1a2b_3c4d).to_vec();
        body.extend(self.u16(1));
        body.extend(self.u16(0));
        body.extend(self.u64(self.bytes.len() as u64));
        body.extend(self.options(options));
        whole.block(0x0a0d_0d0a, &body);
        whole.bytes.extend(self.bytes);
        whole.bytes
    }

    pub(crate) fn interface(&mut self, link_type: u16, options: &[(u16, &[u8])]) {
        let mut body = self.u16(link_type).to_vec();
        body.extend([0; 6]);
        body.extend(self.options(options));
        self.block(1, &body);
    }

    /// An enhanced packet block, or (2) the obsolete one.
    pub(crate) fn packet(&mut self, kind: u32, units: u64, data: &[u8], options: &[(u16, &[u8])]) {
        let words = [
            0,
            (units >> 32) as u32,
            units as u32,
            data.len() as u32,
            data.len() as u32,
        ];
        let mut body: Vec<u8> = words.iter().flat_map(|&word| self.u32(word)).collect();
        body.extend(data);
        body.resize(body.len().next_multiple_of(4), 0);
        body.extend(self.options(options));
        self.block(kind, &body);
    }
}

/// Type and bytes of every block of a sound file; the type of section headers reads the same in
/// both byte orders.
pub(crate) fn blocks(mut bytes: &[u8]) -> Vec<(u32, Vec<u8>)> {
    let mut found = Vec::new();
    let mut big = false;
    while !bytes.is_empty() {
        if bytes.starts_with(b"\n\r\r\n") {
            big = bytes[8] == 0x1a;
        }
        let number = |at: usize| {
            let word = bytes[at..at + 4].try_into().expect("four bytes");
            if big {
                u32::from_be_bytes(word)
            } else {
                u32::from_le_bytes(word)
            }
        };
        let (block, rest) = bytes.split_at(number(4) as usize);
        found.push((number(0), block.to_vec()));
        bytes = rest;
    }
    found
}

/// Stated lengths of the sections, and what they should be.
pub(crate) fn section_lengths(bytes: &[u8]) -> Vec<(u64, u64)> {
    let mut lengths: Vec<(u64, u64)> = Vec::new();
    for (kind, block) in blocks(bytes) {
        if kind == 0x0a0d_0d0a {
            let field = block[16..24].try_into().expect("eight bytes");
            let big = block[8] == 0x1a;
            lengths.push((
                if big {
                    u64::from_be_bytes(field)
                } else {
                    u64::from_le_bytes(field)
                },
                0,
            ));
        } else {
            lengths.last_mut().expect("sections come first").1 += block.len() as u64;
        }
    }
    lengths
}

/// Code of the option that holds a comment.
pub(crate) const COMMENT: u16 = 1;

/// Contents of an enhanced packet block, and of the obsolete one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Packet {
    pub(crate) data: Vec<u8>,
    pub(crate) options: Vec<(u16, Vec<u8>)>,
}

impl Packet {
    /// The note among the comments; there must not be two.
    pub(crate) fn note(&self) -> Option<&str> {
        note(&self.options)
    }
}

fn note(options: &[(u16, Vec<u8>)]) -> Option<&str> {
    let mut notes = options
        .iter()
        .filter(|(code, value)| *code == COMMENT && value.starts_with(b"nflx: "));
    let note = notes
        .next()
        .map(|(_, value)| str::from_utf8(value).expect("text"));
    assert!(notes.next().is_none(), "two notes: {options:?}");
    note
}

/// Options of a list, up to its end.
fn options(mut bytes: &[u8], big: bool) -> Vec<(u16, Vec<u8>)> {
    let mut found = Vec::new();
    while let Some((head, rest)) = bytes.split_first_chunk::<4>() {
        let number = |at: usize| {
            let word = [head[at], head[at + 1]];
            if big {
                u16::from_be_bytes(word)
            } else {
                u16::from_le_bytes(word)
            }
        };
        let (code, length) = (number(0), usize::from(number(2)));
        if code == 0 {
            break;
        }
        found.push((code, rest[..length].to_vec()));
        bytes = &rest[length.next_multiple_of(4)..];
    }
    found
}

/// The note of the first section, and the packets of all.
pub(crate) fn contents(bytes: &[u8]) -> (Option<String>, Vec<Packet>) {
    let mut section = None;
    let mut packets = Vec::new();
    let mut big = false;
    for (kind, block) in blocks(bytes) {
        match kind {
            0x0a0d_0d0a => {
                big = block[8] == 0x1a;
                let list = options(&block[24..block.len() - 4], big);
                section = section.or_else(|| note(&list).map(str::to_owned));
            }
            2 | 6 => {
                let word = block[20..24].try_into().expect("four bytes");
                let length = if big {
                    u32::from_be_bytes(word)
                } else {
                    u32::from_le_bytes(word)
                } as usize;
                let after = 28 + length.next_multiple_of(4);
                let options = options(&block[after..block.len() - 4], big);
                packets.push(Packet {
                    data: block[28..28 + length].to_vec(),
                    options,
                });
            }
            _ => {}
        }
    }
    (section, packets)
}
