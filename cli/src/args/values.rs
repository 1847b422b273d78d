//! Values of options, and mistakes in them.

use std::num::NonZero;

/// Parses a time span with a unit into seconds.
pub(super) fn period(text: &str) -> Result<NonZero<u32>, &'static str> {
    const MISTAKE: &str = "write it as 30s, 5m, 1h or 1d";
    let unit = match text.chars().next_back() {
        Some('s') => 1,
        Some('m') => 60,
        Some('h') => 3_600,
        Some('d') => 86_400,
        _ => return Err(MISTAKE),
    };
    let number: u32 = text[..text.len() - 1].parse().map_err(|_| MISTAKE)?;
    let seconds = number.checked_mul(unit).and_then(NonZero::new);
    seconds.ok_or(MISTAKE)
}

/// Parses a step in seconds into milliseconds.
pub(super) fn step(text: &str) -> Result<u32, &'static str> {
    let seconds: f64 = text.parse().unwrap_or(f64::NAN);
    if (0.1..=3600.0).contains(&seconds) {
        Ok((seconds * 1000.0).round() as u32)
    } else {
        Err("give seconds from 0.1 to 3600")
    }
}

pub(super) fn name_and_value(text: &str) -> Result<(String, String), &'static str> {
    let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE")?;
    Ok((name.trim().to_owned(), value.to_owned()))
}

/// Returns one sentence for a message of `clap` of several lines: the mistake and the tip, without
/// the usage.
pub(crate) fn sentence(message: &str) -> String {
    let message = message.strip_prefix("error: ").unwrap_or(message);
    let end = ["\nUsage:", "\nFor more information"]
        .iter()
        .filter_map(|mark| message.find(mark))
        .min();
    let paragraphs = message[..end.unwrap_or(message.len())].split("\n\n");
    let paragraphs = paragraphs.map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
    // Nobody who mistypes an option means a file with that name.
    let paragraphs: Vec<_> = paragraphs
        .filter(|text| !text.is_empty() && !text.starts_with("tip: to pass"))
        .collect();
    format!("{}; see 'nflx --help'", paragraphs.join("; "))
}
