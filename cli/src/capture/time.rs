//! Time stamps of captures in whole nanoseconds: no float ever holds a time.

use nflx_core::Time;

const NANOSECONDS: u64 = 1_000_000_000;

/// Unit of a pcapng interface's time stamps: `if_tsresol` (draft-ietf-opsawg-pcapng, section 4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resolution {
    /// 10^-n seconds.
    Decimal(u8),
    /// 2^-n seconds.
    Binary(u8),
}

impl Resolution {
    /// Microseconds, the default for interfaces without the option.
    pub(super) const DEFAULT: Self = Self::Decimal(6);

    /// Reads the option's byte: the top bit selects the base.
    pub(super) const fn from_option(byte: u8) -> Self {
        if byte & 0x80 == 0 {
            Self::Decimal(byte)
        } else {
            Self::Binary(byte & 0x7f)
        }
    }

    /// Returns `units` in nanoseconds, rounded down.
    fn nanoseconds(self, units: u64) -> u128 {
        match self {
            // 64 bits times 10^9 fit in 94 bits.
            Self::Decimal(power @ 0..=9) => u128::from(units) * 10u128.pow(9 - u32::from(power)),
            Self::Decimal(power) => 10u128
                .checked_pow(u32::from(power) - 9)
                .map_or(0, |divisor| u128::from(units) / divisor),
            Self::Binary(power) => (u128::from(units) * u128::from(NANOSECONDS)) >> power,
        }
    }

    /// Returns the time of a stamp of `units` on an interface whose clock starts `offset` seconds
    /// after 1970. Saturates outside the range of [`Time`].
    pub(super) fn time(self, units: u64, offset: i64) -> Time {
        let offset = i128::from(offset) * i128::from(NANOSECONDS);
        // Below 2^94 by construction, so neither the cast nor the sum can overflow.
        let total = self.nanoseconds(units) as i128 + offset;
        Time(total.clamp(i64::MIN.into(), i64::MAX.into()) as i64)
    }
}

/// Returns the time of a pcap record: `fraction` is in microseconds, or nanoseconds if the file's
/// magic indicates it. A fraction of more than a second, as written by broken programs, carries
/// over.
pub(super) fn pcap(seconds: u32, fraction: u32, nanoseconds: bool) -> Time {
    let unit = if nanoseconds { 1 } else { 1000 };
    // 2^32 s and 2^32 us are 4.3e18 + 4.3e12 ns: within 63 bits.
    Time(i64::from(seconds) * NANOSECONDS as i64 + i64::from(fraction) * unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pcap_fractions() {
        assert_eq!(
            pcap(1_795_414_938, 980_025, false).to_string(),
            "1795414938.980025000"
        );
        assert_eq!(
            pcap(1_795_414_938, 980_025_501, true).to_string(),
            "1795414938.980025501"
        );
        assert_eq!(pcap(1, 1_500_000, false).to_string(), "2.500000000");
        assert!(pcap(u32::MAX, u32::MAX, false).0 > 0);
    }

    #[test]
    fn decimal_resolutions() {
        let time = |byte, units| Resolution::from_option(byte).time(units, 0).0;
        assert_eq!(time(0, 7), 7_000_000_000);
        assert_eq!(time(3, 7), 7_000_000);
        assert_eq!(time(6, 7), 7_000);
        assert_eq!(time(9, 7), 7);
        // Finer than nanoseconds: rounded down.
        assert_eq!(time(12, 7_999), 7);
        assert_eq!(time(127, u64::MAX), 0);
        assert_eq!(time(0, u64::MAX), i64::MAX);
    }

    #[test]
    fn binary_resolutions() {
        let time = |byte, units| Resolution::from_option(byte).time(units, 0).0;
        assert_eq!(time(0x80, 7), 7_000_000_000);
        assert_eq!(time(0x80 | 10, 1536), 1_500_000_000);
        // NTP-like: 32 bits of fraction.
        assert_eq!(
            time(0x80 | 32, (1_700_000_000 << 32) | 0x8000_0000),
            1_700_000_000_500_000_000
        );
        assert_eq!(time(0x80 | 32, 1), 0);
        assert_eq!(time(0xff, u64::MAX), 0);
    }

    #[test]
    fn offsets_are_seconds_and_may_be_negative() {
        assert_eq!(
            Resolution::DEFAULT.time(1_500_000, 10).to_string(),
            "11.500000000"
        );
        assert_eq!(
            Resolution::DEFAULT.time(1_500_000, -2).to_string(),
            "-0.500000000"
        );
        assert_eq!(Resolution::DEFAULT.time(0, i64::MIN).0, i64::MIN);
        assert_eq!(Resolution::DEFAULT.time(u64::MAX, i64::MAX).0, i64::MAX);
    }
}
