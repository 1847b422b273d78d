//! Multipath TCP (RFC 8684): a connection whose data is divided among several paths, each a TCP connection by itself.

/// Kind of the option that all of it is in (RFC 8684, section 3).
const MPTCP: u8 = 30;
/// Subtype by which a handshake opens a further path, in the upper half of the option's third byte (section 3.2).
const MP_JOIN: u8 = 1;
/// Options of one byte: the end of all, and padding (RFC 9293, section 3.1).
const END: u8 = 0;
const PADDING: u8 = 1;

/// Returns true if the TCP options of a handshake open a further path of another connection.
pub(crate) fn opens_further_path(mut options: &[u8]) -> bool {
    while let [kind, behind @ ..] = options {
        options = match (*kind, behind) {
            (END, _) => return false,
            (PADDING, _) => behind,
            (MPTCP, [_, subtype, ..]) if subtype >> 4 == MP_JOIN => return true,
            (_, [length, ..]) => match options.get(usize::from(*length).max(2)..) {
                Some(next) => next,
                None => return false,
            },
            _ => return false,
        };
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Kind, length, subtype and what follows, as in RFC 8684, figures 4 and 5.
    const JOIN: [u8; 12] = [30, 12, 0x10, 1, 1, 2, 3, 4, 5, 6, 7, 8];
    const CAPABLE: [u8; 4] = [30, 4, 0x01, 0x81];

    #[test]
    fn further_paths_are_told_from_first_ones() {
        assert!(opens_further_path(&JOIN));
        assert!(opens_further_path(
            &[&[1, 1, 2, 4, 5, 0xb4][..], &JOIN].concat()
        ));
        assert!(!opens_further_path(&CAPABLE));
        assert!(!opens_further_path(&[2, 4, 5, 0xb4, 1, 3, 3, 7]));
    }

    #[test]
    fn damaged_options_are_none() {
        assert!(!opens_further_path(&[]));
        assert!(!opens_further_path(&JOIN[..2]));
        assert!(!opens_further_path(&[&[0][..], &JOIN].concat()));
        assert!(!opens_further_path(&[2, 0, 30, 0]));
        assert!(!opens_further_path(&[2, 200, 30, 12, 0x10]));
    }
}
