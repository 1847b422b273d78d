//! Multipath TCP (RFC 8684): a connection whose data is divided among several paths, each a TCP
//! connection of its own.

/// Option kind that Multipath TCP uses (RFC 8684, section 3).
const MPTCP: u8 = 30;
/// Subtypes, in the upper half of the option's third byte: a handshake opens a connection (section
/// 3.1) or a further path of one (3.2), data states its position in the connection (3.3), and a
/// reset ends the connection (3.5).
const MP_CAPABLE: u8 = 0;
const MP_JOIN: u8 = 1;
const DSS: u8 = 2;
const MP_FASTCLOSE: u8 = 7;
/// The version with known tokens, in the lower half of MP_CAPABLE's third byte.
const VERSION: u8 = 1;
/// Options of one byte: end of options, and padding (RFC 9293, section 3.1).
const END: u8 = 0;
const PADDING: u8 = 1;

/// Returns the Multipath TCP options in a packet, each with its stated length.
fn options(mut options: &[u8]) -> impl Iterator<Item = (&[u8], usize)> {
    std::iter::from_fn(move || {
        while let [kind, behind @ ..] = options {
            let option = options;
            options = match (*kind, behind) {
                (END, _) => return None,
                (PADDING, _) => behind,
                (_, [length, ..]) => {
                    let length = usize::from(*length).max(2);
                    options = option.get(length..).unwrap_or_default();
                    if *kind == MPTCP {
                        return Some((option.get(..length).unwrap_or(option), length));
                    }
                    options
                }
                _ => return None,
            };
        }
        None
    })
}

/// The role of a TCP handshake among a connection's paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MultipathHandshake {
    /// The first path, with the sender's key, once it gives one.
    First(Option<[u8; 8]>),
    /// A further path, with the token of the connection, which the end that opens the path sends.
    Further(Option<u32>),
}

impl MultipathHandshake {
    /// Reads the TCP options of a packet with SYN.
    pub(crate) fn of(tcp_options: &[u8]) -> Option<Self> {
        /// Lengths with a key, and with a token.
        const WITH_KEY: usize = 12;
        const WITH_TOKEN: usize = 12;
        let (option, length) = options(tcp_options).next()?;
        let subtype = *option.get(2)?;
        let behind = option.get(4..).unwrap_or_default();
        match subtype >> 4 {
            MP_CAPABLE if subtype & 0xf == VERSION => {
                let key = behind.first_chunk().filter(|_| length == WITH_KEY);
                Some(Self::First(key.copied()))
            }
            MP_JOIN => {
                let token = behind.first_chunk().filter(|_| length == WITH_TOKEN);
                Some(Self::Further(token.map(|token| u32::from_be_bytes(*token))))
            }
            _ => None,
        }
    }
}

/// The position of a path's bytes in the data of its connection (section 3.3.1). The lower half of
/// data sequence numbers is enough, because no window is larger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mapping {
    /// Data sequence number of the first byte.
    pub(crate) data: u32,
    /// The byte's number on the path, where the first one after the SYN is 1.
    pub(crate) on_path: u32,
    pub(crate) length: u32,
}

/// Evidence of a packet without SYN about its connection's data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Signal {
    /// The sender's key, which it repeats at the end of the handshake.
    pub(crate) key: Option<[u8; 8]>,
    /// The data sequence number that the sender expects next.
    pub(crate) acknowledged: Option<u32>,
    pub(crate) mapping: Option<Mapping>,
    /// The data sequence number after the sender's last byte.
    pub(crate) end: Option<u32>,
    /// True if the connection is reset, not only a path.
    pub(crate) resets: bool,
}

impl Signal {
    /// Returns true if it states or acknowledges a position in a connection's data, as each packet of
    /// a path does (section 3.3).
    pub(crate) const fn is_of_path(&self) -> bool {
        self.acknowledged.is_some() || self.mapping.is_some()
    }

    /// Reads the TCP options of a packet without SYN.
    pub(crate) fn of(tcp_options: &[u8]) -> Self {
        /// The shortest MP_CAPABLE with both keys.
        const BOTH_KEYS: usize = 20;
        let mut signal = Self::default();
        for (option, length) in options(tcp_options) {
            let subtype = option.get(2).copied().unwrap_or(u8::MAX);
            match subtype >> 4 {
                MP_CAPABLE if subtype & 0xf == VERSION && length >= BOTH_KEYS => {
                    signal.key = option.get(4..).and_then(|keys| keys.first_chunk()).copied();
                }
                DSS => {
                    // The part before a cut is still valid.
                    let _ = signal.read_data(option);
                }
                MP_FASTCLOSE => signal.resets = true,
                _ => {}
            }
        }
        signal
    }

    /// Reads an option of data sequence numbers (figure 9).
    fn read_data(&mut self, option: &[u8]) -> Option<()> {
        const ACKNOWLEDGED: u8 = 0x01;
        const LONG_ACKNOWLEDGED: u8 = 0x02;
        const MAPPED: u8 = 0x04;
        const LONG_MAPPED: u8 = 0x08;
        const ENDED: u8 = 0x10;
        let (flags, mut rest) = option.get(3..)?.split_first()?;
        let mut number = |is_long: bool| {
            if is_long {
                rest = rest.get(4..)?;
            }
            let (number, behind) = rest.split_first_chunk::<4>()?;
            rest = behind;
            Some(u32::from_be_bytes(*number))
        };
        if flags & ACKNOWLEDGED != 0 {
            self.acknowledged = Some(number(flags & LONG_ACKNOWLEDGED != 0)?);
        }
        if flags & MAPPED == 0 {
            return None;
        }
        let (data, on_path) = (number(flags & LONG_MAPPED != 0)?, number(false)?);
        let length = u16::from_be_bytes(*rest.first_chunk()?);
        // The connection's end takes a data sequence number, but none on the path; an option that
        // maps no byte of the path holds nothing else.
        let ends = flags & ENDED != 0;
        let bytes = u32::from(length).saturating_sub(u32::from(ends));
        self.end = ends.then(|| data.wrapping_add(bytes));
        if on_path != 0 && (bytes > 0 || !ends) {
            // Without a length, it applies to everything that follows (section 3.7).
            let length = if length == 0 { u32::MAX } else { bytes };
            self.mapping = Some(Mapping {
                data,
                on_path,
                length,
            });
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Kind, length, subtype and further fields, as in RFC 8684, figures 4 to 7.
    const JOIN: [u8; 12] = [30, 12, 0x10, 1, 1, 2, 3, 4, 5, 6, 7, 8];
    const JOINED: [u8; 16] = [30, 16, 0x10, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
    const CAPABLE: [u8; 4] = [30, 4, 0x01, 0x81];
    const WITH_KEY: [u8; 12] = [30, 12, 0x01, 0x81, 1, 2, 3, 4, 5, 6, 7, 8];

    #[test]
    fn further_paths_are_told_from_first_ones() {
        let further = Some(MultipathHandshake::Further(Some(0x0102_0304)));
        assert_eq!(MultipathHandshake::of(&JOIN), further);
        let among = [&[1, 1, 2, 4, 5, 0xb4][..], &JOIN].concat();
        assert_eq!(MultipathHandshake::of(&among), further);
        assert_eq!(
            MultipathHandshake::of(&JOINED),
            Some(MultipathHandshake::Further(None))
        );
        assert_eq!(
            MultipathHandshake::of(&CAPABLE),
            Some(MultipathHandshake::First(None))
        );
        let key = [1, 2, 3, 4, 5, 6, 7, 8];
        assert_eq!(
            MultipathHandshake::of(&WITH_KEY),
            Some(MultipathHandshake::First(Some(key)))
        );
        assert_eq!(MultipathHandshake::of(&[2, 4, 5, 0xb4, 1, 3, 3, 7]), None);
        // Version 0 computes tokens differently (RFC 6824).
        let mut former = WITH_KEY;
        former[2] = 0;
        assert_eq!(MultipathHandshake::of(&former), None);
    }

    #[test]
    fn damaged_options_are_none() {
        assert_eq!(MultipathHandshake::of(&[]), None);
        assert_eq!(MultipathHandshake::of(&JOIN[..2]), None);
        assert_eq!(MultipathHandshake::of(&[&[0][..], &JOIN].concat()), None);
        assert_eq!(MultipathHandshake::of(&[2, 0, 30, 0]), None);
        assert_eq!(MultipathHandshake::of(&[2, 200, 30, 12, 0x10]), None);
        assert_eq!(MultipathHandshake::of(&[30, 0, 0x10, 1]), None);
        // Cut by the snapshot length.
        assert_eq!(
            MultipathHandshake::of(&JOIN[..7]),
            Some(MultipathHandshake::Further(None))
        );
    }

    /// Builds figure 9: acknowledged 7, data 0x0102_0304 from the path's byte 9 on, 300 bytes, and
    /// the parts that flags add.
    fn data(flags: u8, length: u16) -> Vec<u8> {
        let high = &[0xee; 4][..];
        let wide = |flag: u8| if flags & flag != 0 { high } else { &[] };
        let mut option = [
            &[30, 0, 0x20, flags][..],
            wide(2),
            &[0, 0, 0, 7],
            wide(8),
            &[1, 2, 3, 4, 0, 0, 0, 9],
            &length.to_be_bytes(),
        ]
        .concat();
        option[1] = option.len() as u8;
        option
    }

    #[test]
    fn data_has_its_place_in_the_connection() {
        let mapping = |length| {
            Some(Mapping {
                data: 0x0102_0304,
                on_path: 9,
                length,
            })
        };
        for flags in [0x05, 0x07, 0x0d, 0x0f] {
            let expected = Signal {
                acknowledged: Some(7),
                mapping: mapping(300),
                ..Signal::default()
            };
            let option = data(flags, 300);
            assert_eq!(Signal::of(&option), expected, "{flags:#x}");
            let among = [&[1, 1, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0][..], &option].concat();
            assert_eq!(Signal::of(&among), expected, "{flags:#x}");
        }
        let ended = Signal::of(&data(0x1d, 301));
        assert_eq!(
            (ended.mapping, ended.end),
            (mapping(300), Some(0x0102_0304 + 300))
        );
        // The end alone.
        let ended = Signal::of(&data(0x1d, 1));
        assert_eq!((ended.mapping, ended.end), (None, Some(0x0102_0304)));
        assert_eq!(Signal::of(&data(0x0d, 0)).mapping, mapping(u32::MAX));
        // Without a mapping, there is only the acknowledgement.
        let acknowledgement = Signal::of(&[30, 8, 0x20, 1, 0, 0, 0, 7]);
        assert_eq!(
            (acknowledgement.acknowledged, acknowledgement.mapping),
            (Some(7), None)
        );
    }

    #[test]
    fn keys_come_again_and_resets_are_told_from_those_of_a_path() {
        let keys = [&[30, 20, 0x01, 0x81][..], &[1; 8], &[2; 8]].concat();
        assert_eq!(Signal::of(&keys).key, Some([1; 8]));
        assert_eq!(Signal::of(&keys[..11]).key, None);
        assert!(Signal::of(&[30, 12, 0x70, 0, 1, 2, 3, 4, 5, 6, 7, 8]).resets);
        assert_eq!(Signal::of(&[30, 3, 0x80]), Signal::default());
    }

    #[test]
    fn cut_data_is_read_as_far_as_it_goes() {
        let option = data(0x0f, 300);
        for cut in 0..option.len() {
            let signal = Signal::of(&option[..cut]);
            assert_eq!(signal.mapping, None);
            assert_eq!(signal.acknowledged.is_some(), cut >= 12);
        }
    }
}
