//! Numbers as people read them, with the exact value beside them for programs.

use maud::{Markup, html};
use nflx_core::{Server, Time};

use crate::escape;
use crate::output::{scaled, thousands};

/// Writes a count.
pub(super) fn count(value: u64) -> Markup {
    html! { data value=(value) { (thousands(value)) } }
}

/// Bytes: kB, MB, …
pub(super) fn bytes(value: u64) -> Markup {
    html! { data value=(value) { (scaled(value as f64, "B")) } }
}

/// Bits per second: kbit/s, …
pub(super) fn rate(value: f64) -> Markup {
    html! { data value=(value) { (scaled(value, "bit/s")) } }
}

/// Nanoseconds as seconds.
pub(super) fn seconds(nanoseconds: i64) -> Markup {
    html! { data value=(Time(nanoseconds)) { (short(nanoseconds)) } }
}

/// A part of a whole in percent; nothing where there is no whole.
pub(super) fn share(part: u64, whole: u64) -> Markup {
    html! {
        @if whole > 0 {
            @let percent = part as f64 * 100.0 / whole as f64;
            @if part > 0 && percent < 0.01 { "< 0.01 %" } @else { (format!("{percent:.2} %")) }
        }
    }
}

/// Seconds to the millisecond, or as a clock shows them from two minutes on.
pub(super) fn short(nanoseconds: i64) -> String {
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let milliseconds = nanoseconds.unsigned_abs().saturating_add(500_000) / 1_000_000;
    let seconds = milliseconds / 1000;
    if seconds < 120 {
        return format!("{sign}{seconds}.{:03} s", milliseconds % 1000);
    }
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{sign}{hours}:{minutes:02}:{seconds:02} h")
    } else {
        format!("{sign}{minutes}:{seconds:02} min")
    }
}

/// A moment in universal time; seconds since 1970 for one that no calendar has.
pub(super) fn date(time: Time) -> String {
    jiff::Timestamp::from_nanosecond(time.0.into()).map_or_else(
        |_| time.to_string(),
        |moment| moment.strftime("%-d %B %Y, %H:%M:%S UTC").to_string(),
    )
}

/// A server's name as far as it is one: nothing in it that has no place in a host name.
pub(super) fn label(server: &Server) -> String {
    let label = nflx_core::comment::Label(server).to_string();
    escape::escaped(&label).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_for_people() {
        for (nanoseconds, said) in [
            (0, "0.000 s"),
            (1_499_999, "0.001 s"),
            (119_999_400_000, "119.999 s"),
            (119_999_500_000, "2:00 min"),
            (3_661_000_000_000, "1:01:01 h"),
            (-1_000_000, "-0.001 s"),
            (i64::MIN, "-2562047:47:16 h"),
        ] {
            assert_eq!(short(nanoseconds), said);
        }
        assert_eq!(
            date(Time(1_700_000_000_000_000_000)),
            "14 November 2023, 22:13:20 UTC"
        );
        assert!(!date(Time(i64::MIN)).is_empty());
    }

    #[test]
    fn shares_of_something() {
        assert_eq!(share(0, 0).into_string(), "");
        assert_eq!(share(0, 7).into_string(), "0.00 %");
        assert_eq!(share(1, 1_000_000).into_string(), "&lt; 0.01 %");
        assert_eq!(share(1, 3).into_string(), "33.33 %");
    }
}
