//! Values as users type them.

use strum::{VariantArray, VariantNames};

use super::prefix::Prefix;
use super::settings::{Setting, SettingKind};
use crate::facts::segment::Kind;
use crate::facts::server::EvidenceKind;

/// An error in a value given to [`Config::set`](super::Config::set). Its message is a sentence for
/// the user.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// No setting has this name.
    #[error("there is no setting '{0}'")]
    UnknownSetting(Box<str>),
    /// The value does not fit the setting.
    #[error("'{value}' does not fit {name}: give {expected}")]
    BadValue {
        /// Name of the setting.
        name: &'static str,
        /// The value as given.
        value: Box<str>,
        /// Values that would fit.
        expected: Box<str>,
    },
}

pub(super) fn bad(name: &'static str, value: &str, expected: &str) -> ConfigError {
    ConfigError::BadValue {
        name,
        value: value.into(),
        expected: expected.into(),
    }
}

/// Returns the variant with this word.
pub(super) fn choice<T: Copy + VariantArray + VariantNames>(
    name: &'static str,
    value: &str,
) -> Result<T, ConfigError> {
    place(<T as VariantNames>::VARIANTS, name, value).map(|at| <T as VariantArray>::VARIANTS[at])
}

/// Returns true if a word is the second of the two that a setting accepts.
pub(super) fn is_second(
    words: &[&str],
    name: &'static str,
    value: &str,
) -> Result<bool, ConfigError> {
    place(words, name, value).map(|at| at == 1)
}

/// Returns the position of a word among those that a setting accepts.
fn place(words: &[&str], name: &'static str, value: &str) -> Result<usize, ConfigError> {
    let found = words.iter().position(|word| *word == value.trim());
    found.ok_or_else(|| {
        let (last, others) = words.split_last().unwrap_or((&"", &[]));
        bad(name, value, &format!("{} or {last}", others.join(", ")))
    })
}

pub(super) fn list(value: &str) -> impl Iterator<Item = &str> {
    value
        .split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty())
}

/// Parses keywords. Requires at least one, so that a slip does not turn everything off.
pub(super) fn keywords(value: &str) -> Result<Vec<Box<str>>, ConfigError> {
    let words: Vec<Box<str>> = list(value)
        .map(|word| {
            let word = word.to_ascii_lowercase();
            // A whole domain may be written as in DNS or as for cookies: with a dot around it.
            match word.strip_prefix('=') {
                Some(domain) => format!("={}", domain.trim_matches('.')).into(),
                None => word.into(),
            }
        })
        .collect();
    // The root would be every name.
    if words.is_empty() || words.iter().any(|word| **word == *"=") {
        return Err(bad(
            "domains",
            value,
            "at least one word, for example nflxvideo,netflix",
        ));
    }
    Ok(words)
}

/// Largest number of ports. Limited because each datagram's port is compared with all of them.
const MOST_PORTS: usize = 16;

pub(super) fn ports(value: &str) -> Result<Vec<u16>, ConfigError> {
    let expected = "up to 16 port numbers from 1 to 65535 such as 4789,8472, or none";
    let words: Vec<&str> = list(value).filter(|word| *word != "none").collect();
    if words.len() > MOST_PORTS {
        return Err(bad("vxlan_ports", value, expected));
    }
    words
        .into_iter()
        .map(|word| word.parse().ok().filter(|port| *port > 0))
        .collect::<Option<_>>()
        .ok_or_else(|| bad("vxlan_ports", value, expected))
}

pub(super) fn prefix(word: &str) -> Result<Prefix, ConfigError> {
    Prefix::parse(word).ok_or_else(|| {
        bad(
            "prefixes",
            word,
            "an address or CIDR such as 198.51.100.0/24 or 2001:db8::/32",
        )
    })
}

pub(super) fn dns_ports(value: &str) -> Result<Vec<u16>, ConfigError> {
    let ports: Vec<u16> = list(value)
        .map(|word| word.parse().ok().filter(|&port| port > 0))
        .collect::<Option<_>>()
        .unwrap_or_default();
    if ports.is_empty() {
        return Err(bad("dns_ports", value, "ports such as 53,5335"));
    }
    Ok(ports)
}

pub(super) fn nat64(word: &str) -> Result<Prefix, ConfigError> {
    Prefix::parse(word)
        .filter(Prefix::can_embed)
        .ok_or_else(|| {
            bad(
                "nat64",
                word,
                "an IPv6 range of 32, 40, 48, 56, 64 or 96 bits, such as 64:ff9b::/96",
            )
        })
}

pub(super) fn evidence(value: &str) -> Result<Vec<EvidenceKind>, ConfigError> {
    let mut kinds = among(
        EvidenceKind::ALL,
        EvidenceKind::as_str,
        ("evidence", "dns,sni"),
        value,
    )?;
    kinds.sort_unstable();
    Ok(kinds)
}

pub(super) fn kinds(value: &str) -> Result<Vec<Kind>, ConfigError> {
    let all = [Kind::Video, Kind::Audio, Kind::Other];
    among(&all, Kind::as_str, ("feature_kinds", "video,audio"), value)
}

/// Returns the kinds in a list, each once. `setting`: its name, and an example of a value.
fn among<T: Copy + PartialEq>(
    all: &[T],
    word_of: fn(T) -> &'static str,
    setting: (&'static str, &str),
    value: &str,
) -> Result<Vec<T>, ConfigError> {
    let (name, example) = setting;
    let mut kinds = Vec::new();
    for word in list(value) {
        let kind = all.iter().copied().find(|&kind| word_of(kind) == word);
        let kind = kind.ok_or_else(|| {
            let words: Vec<_> = all.iter().copied().map(word_of).collect();
            bad(name, word, &format!("kinds among {}", words.join(", ")))
        })?;
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    if kinds.is_empty() {
        let expected = format!("at least one kind, for example {example}");
        return Err(bad(name, value, &expected));
    }
    Ok(kinds)
}

pub(super) fn number(setting: &Setting, value: &str) -> Result<u64, ConfigError> {
    let SettingKind::Number { minimum, maximum } = setting.kind else {
        unreachable!("numbers hold numbers")
    };
    let parsed = value.trim().replace('_', "").parse::<u64>();
    parsed
        .ok()
        .filter(|n| (minimum..=maximum).contains(n))
        .ok_or_else(|| {
            bad(
                setting.name,
                value,
                &format!(
                    "a whole number of {} from {minimum} to {maximum}",
                    setting.unit
                ),
            )
        })
}
