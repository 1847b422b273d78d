//! Validity of host names.

/// Longest name in text, and longest label of it, in bytes (RFC 1035, section 2.3.4, less the
/// root's length and the first label's length byte).
pub const MAX_HOST_NAME: usize = 253;
const MAX_LABEL: usize = 63;

/// Returns true if a name is a valid host name: labels of 1 to 63 letters, digits, hyphens and
/// underscores, at most 253 bytes with the dots between them (RFC 1035, sections 2.3.1 and 2.3.4;
/// RFC 1123, section 2.1, for leading digits; underscores, because names in use have them). A final
/// dot, the root's, is allowed.
///
/// Everything that users see as a name has passed here, so no name contains markup, a formula or a
/// terminal's control characters.
#[must_use]
pub fn is_host_name(name: &[u8]) -> bool {
    let name = name.strip_suffix(b".").unwrap_or(name);
    (1..=MAX_HOST_NAME).contains(&name.len()) && name.split(|&byte| byte == b'.').all(is_label)
}

/// By byte: its lower case in a host name; 0 if not allowed.
const LOWER: [u8; 256] = {
    let mut lower = [0; 256];
    let mut byte = 0;
    while byte < lower.len() {
        let letter = byte as u8;
        if letter.is_ascii_alphanumeric() || matches!(letter, b'-' | b'_') {
            lower[byte] = letter.to_ascii_lowercase();
        }
        byte += 1;
    }
    lower
};

/// Returns true if these bytes are a valid label of a host name.
fn is_label(label: &[u8]) -> bool {
    (1..=MAX_LABEL).contains(&label.len())
        && label.iter().all(|&byte| LOWER[usize::from(byte)] != 0)
}

/// A name while its labels are read.
pub(super) struct NameBuffer {
    bytes: [u8; MAX_HOST_NAME + 1],
    length: usize,
    /// True if all labels so far are valid.
    is_host: bool,
}

impl NameBuffer {
    pub(super) const fn new() -> Self {
        Self {
            bytes: [0; MAX_HOST_NAME + 1],
            length: 0,
            is_host: true,
        }
    }

    /// Adds a label, and the dot after it.
    pub(super) fn push(&mut self, label: &[u8]) {
        let end = self.length + label.len();
        let Some(place) = self
            .bytes
            .get_mut(self.length..end)
            .filter(|_| self.is_host)
        else {
            self.is_host = false;
            return;
        };
        let mut is_host = (1..=MAX_LABEL).contains(&label.len()) && end <= MAX_HOST_NAME;
        for (to, &byte) in place.iter_mut().zip(label) {
            *to = LOWER[usize::from(byte)];
            is_host &= *to != 0;
        }
        if let Some(dot) = self.bytes.get_mut(end) {
            *dot = b'.';
        }
        (self.length, self.is_host) = (end + 1, is_host);
    }

    /// Returns the name without the final dot, in lower case; `None` if it is not a valid host
    /// name.
    pub(super) fn name(&self) -> Option<&str> {
        let name = self.bytes.get(..self.length.checked_sub(1)?)?;
        std::str::from_utf8(name).ok().filter(|_| self.is_host)
    }
}

/// Returns the name in lower case without its final dot; `None` if it is not a valid host name.
#[must_use]
pub fn host_name(name: &[u8]) -> Option<String> {
    let name = std::str::from_utf8(name)
        .ok()
        .filter(|name| is_host_name(name.as_bytes()))?;
    Some(name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_use_are_hosts_names() {
        for name in [
            "www.netflix.com",
            "ipv4-c017-zrh001-ix.1.oca.nflxvideo.net",
            "_dmarc.NETFLIX.com.",
            "3com.example",
            "localhost",
            "192.0.2.1",
        ] {
            assert!(is_host_name(name.as_bytes()), "{name}");
        }
        assert_eq!(
            host_name(b"WWW.Netflix.com.").as_deref(),
            Some("www.netflix.com")
        );
    }

    #[test]
    fn formulas_markup_and_controls_are_none() {
        for name in [
            "",
            ".",
            "..",
            ".netflix",
            "netflix..com",
            "=cmd|'/c calc'!a0netflix",
            "+netflix",
            "@sum(1)netflix",
            "<script>netflix",
            "netflix,a",
            "net flix",
            "netflix\u{1b}[31m",
            "netflix\n",
            "netfli\u{e9}",
            "2001:db8::1",
            "*.netflix.com",
        ] {
            assert!(!is_host_name(name.as_bytes()), "{name:?}");
            assert_eq!(host_name(name.as_bytes()), None, "{name:?}");
        }
        // Hyphens are part of names, even at their beginning, because resolvers accept them.
        assert!(is_host_name(b"-2-3-netflix"));
    }

    #[test]
    fn both_sides_of_the_lengths() {
        let label = |length: usize| "a".repeat(length);
        assert!(is_host_name(label(63).as_bytes()) && !is_host_name(label(64).as_bytes()));
        let long = |last: usize| [label(63), label(63), label(63), label(last)].join(".");
        assert_eq!((long(61).len(), long(62).len()), (253, 254));
        assert!(is_host_name(long(61).as_bytes()) && !is_host_name(long(62).as_bytes()));
        assert!(
            is_host_name(format!("{}.", long(61)).as_bytes()),
            "the root counts not"
        );
    }
}
