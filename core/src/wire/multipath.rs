//! Multipath TCP (RFC 8684): a connection whose data is divided among several paths, each a TCP connection by itself.

/// Kind of the option that all of it is in (RFC 8684, section 3).
const MPTCP: u8 = 30;
/// Subtypes by which a handshake opens a connection and a further path of one, in the upper half of the option's third
/// byte (sections 3.1 and 3.2).
const MP_CAPABLE: u8 = 0;
const MP_JOIN: u8 = 1;
/// The version whose tokens are known, in the lower half of MP_CAPABLE's third byte.
const VERSION: u8 = 1;
/// Options of one byte: the end of all, and padding (RFC 9293, section 3.1).
const END: u8 = 0;
const PADDING: u8 = 1;

/// The handshake of a TCP connection, as to its paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Handshake {
    /// The first path. Holds the sender's key, once it gives one.
    First(Option<[u8; 8]>),
    /// A further path. Holds the token of the connection, which the end that opens the path shows.
    Further(Option<u32>),
}

impl Handshake {
    /// Reads the TCP options of a packet with SYN.
    pub(crate) fn of(mut options: &[u8]) -> Option<Self> {
        while let [kind, behind @ ..] = options {
            options = match (*kind, behind) {
                (END, _) => return None,
                (PADDING, _) => behind,
                (MPTCP, [length, subtype, ..]) => {
                    let length = usize::from(*length);
                    let option = options.get(..length).unwrap_or(options);
                    return Self::of_option(option, length, *subtype);
                }
                (_, [length, ..]) => options.get(usize::from(*length).max(2)..)?,
                _ => return None,
            };
        }
        None
    }

    fn of_option(option: &[u8], length: usize, subtype: u8) -> Option<Self> {
        /// Lengths with a key, and with a token.
        const WITH_KEY: usize = 12;
        const WITH_TOKEN: usize = 12;
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Kind, length, subtype and what follows, as in RFC 8684, figures 4 to 7.
    const JOIN: [u8; 12] = [30, 12, 0x10, 1, 1, 2, 3, 4, 5, 6, 7, 8];
    const JOINED: [u8; 16] = [30, 16, 0x10, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
    const CAPABLE: [u8; 4] = [30, 4, 0x01, 0x81];
    const WITH_KEY: [u8; 12] = [30, 12, 0x01, 0x81, 1, 2, 3, 4, 5, 6, 7, 8];

    #[test]
    fn further_paths_are_told_from_first_ones() {
        let further = Some(Handshake::Further(Some(0x0102_0304)));
        assert_eq!(Handshake::of(&JOIN), further);
        let among = [&[1, 1, 2, 4, 5, 0xb4][..], &JOIN].concat();
        assert_eq!(Handshake::of(&among), further);
        assert_eq!(Handshake::of(&JOINED), Some(Handshake::Further(None)));
        assert_eq!(Handshake::of(&CAPABLE), Some(Handshake::First(None)));
        let key = [1, 2, 3, 4, 5, 6, 7, 8];
        assert_eq!(Handshake::of(&WITH_KEY), Some(Handshake::First(Some(key))));
        assert_eq!(Handshake::of(&[2, 4, 5, 0xb4, 1, 3, 3, 7]), None);
        // Version 0 makes tokens in another way (RFC 6824).
        let mut former = WITH_KEY;
        former[2] = 0;
        assert_eq!(Handshake::of(&former), None);
    }

    #[test]
    fn damaged_options_are_none() {
        assert_eq!(Handshake::of(&[]), None);
        assert_eq!(Handshake::of(&JOIN[..2]), None);
        assert_eq!(Handshake::of(&[&[0][..], &JOIN].concat()), None);
        assert_eq!(Handshake::of(&[2, 0, 30, 0]), None);
        assert_eq!(Handshake::of(&[2, 200, 30, 12, 0x10]), None);
        // Cut by the snapshot length, or by itself.
        assert_eq!(Handshake::of(&JOIN[..7]), Some(Handshake::Further(None)));
        assert_eq!(
            Handshake::of(&[30, 0, 0x10, 1]),
            Some(Handshake::Further(None))
        );
    }
}
