//! Every setting: name, unit, default, source. The CLI, the plugin's preferences and the documents
//! all use this table.

mod choices;
mod parse;
pub(crate) mod prefix;
mod settings;

use std::net::IpAddr;

pub use self::choices::{ClientKey, FlowScope, SegmentRule};
pub use self::parse::ConfigError;
use self::parse::{
    choice, dns_ports, evidence, is_second, keywords, kinds, list, nat64, number, ports, prefix,
};
pub use self::prefix::Prefix;
use self::settings::{
    CHOICE_EMPTY, CHOICE_PLAYBACK, CHOICE_SESSION, Index, NUMBERS, SETTING_TABLE, numeric_settings,
};
pub use self::settings::{Setting, SettingKind};
use crate::facts::segment::Kind;
use crate::facts::server::EvidenceKind;
use crate::wire::dns;
use crate::wire::host_name::is_host_name;

/// Keywords that identify a Netflix name: the classic four, and two more that Netflix uses for
/// artwork and search.
pub const DEFAULT_DOMAINS: [&str; 6] = [
    "nflxvideo",
    "netflix",
    "nflxso",
    "nflxext",
    "nflximg",
    "nflxsearch",
];

/// The keywords of the classic rule, for [`EvidenceKind::DnsOwner`].
pub const CLASSIC_DOMAINS: [&str; 4] = ["nflxvideo", "netflix", "nflxso", "nflxext"];

/// All settings. Build with `Config::default()` and [`Config::set`]. Fields are readable, and every
/// value that `set` accepts is valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Keywords of Netflix names, lower case.
    pub domains: Vec<Box<str>>,
    /// Keywords of the classic rule, lower case; the same as `domains` once that differs from its
    /// default.
    pub classic_domains: Vec<Box<str>>,
    /// Prefixes that the user added.
    pub prefixes: Vec<Prefix>,
    /// Ports of name servers.
    pub dns_ports: Vec<u16>,
    /// Prefixes whose addresses embed an IPv4 address (RFC 6052).
    pub nat64: Vec<Prefix>,
    /// Kinds of evidence that count.
    pub evidence: Vec<EvidenceKind>,
    /// The rule that separates requests from each other.
    pub segment_rule: SegmentRule,
    /// The key that separates flows, besides addresses and ports.
    pub flow_key: FlowScope,
    /// The key that separates clients.
    pub client_key: ClientKey,
    /// UDP ports of VXLAN in addition to the standard ones.
    pub vxlan_ports: Vec<u16>,
    /// Kinds of segments that features are computed from.
    pub feature_kinds: Vec<Kind>,
    /// True if features without a value are 0.
    pub zero_if_empty: bool,
    /// True if sessions of features end where the next title begins.
    pub session_by_title: bool,
    /// True if features also tell what the player did.
    pub feature_playback: bool,
    /// The numeric settings, in the order of [`NUMBERS`].
    numbers: [u64; NUMBERS.len()],
    /// Secret seed of hash tables, so that nobody can craft a capture that makes them collide.
    /// Results do not depend on it.
    pub hash_seed: u64,
    /// True if every packet takes the long path and every shortcut that only saves time is
    /// disabled. For tests that compare the two.
    #[cfg(any(test, fuzzing))]
    pub thorough: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            domains: DEFAULT_DOMAINS.map(Box::from).to_vec(),
            classic_domains: CLASSIC_DOMAINS.map(Box::from).to_vec(),
            prefixes: Vec::new(),
            dns_ports: vec![dns::PORT],
            nat64: Prefix::parse("64:ff9b::/96").into_iter().collect(),
            evidence: EvidenceKind::ALL
                .iter()
                .copied()
                .filter(|&kind| kind != EvidenceKind::DnsOwner)
                .collect(),
            segment_rule: SegmentRule::default(),
            flow_key: FlowScope::default(),
            client_key: ClientKey::default(),
            vxlan_ports: Vec::new(),
            feature_kinds: vec![Kind::Video, Kind::Audio],
            zero_if_empty: false,
            session_by_title: false,
            feature_playback: false,
            numbers: std::array::from_fn(|i| NUMBERS[i].default),
            hash_seed: 0,
            #[cfg(any(test, fuzzing))]
            thorough: false,
        }
    }
}

/// Defines a reader for each numeric setting.
macro_rules! readers {
    ($($name:ident: $default:literal in $minimum:literal ..= $maximum:literal, $unit:literal, $title:literal, $help:literal, $source:literal;)*) => {
        impl Config {
            $(
                #[doc = $help]
                #[must_use]
                pub const fn $name(&self) -> u64 {
                    self.numbers[Index::$name as usize]
                }
            )*
        }
    };
}

numeric_settings!(readers);

impl Config {
    /// Every setting, in the order in which documents show them.
    pub const SETTINGS: &'static [Setting] = &SETTING_TABLE;

    /// Sets one setting from its text form.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] names the setting, the value and what would fit. The configuration is then
    /// unchanged.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), ConfigError> {
        match name {
            "domains" => {
                let words = keywords(value)?;
                // Setting the default explicitly does not change the classic rule's keywords.
                let is_default = words.iter().map(|word| &**word).eq(DEFAULT_DOMAINS);
                self.classic_domains = if is_default {
                    CLASSIC_DOMAINS.map(Box::from).to_vec()
                } else {
                    words.clone()
                };
                self.domains = words;
            }
            "dns_ports" => self.dns_ports = dns_ports(value)?,
            "nat64" => self.nat64 = list(value).map(nat64).collect::<Result<_, _>>()?,
            "prefixes" => self.prefixes = list(value).map(prefix).collect::<Result<_, _>>()?,
            "evidence" => self.evidence = evidence(value)?,
            "segment_rule" => self.segment_rule = choice("segment_rule", value)?,
            "flow_key" => self.flow_key = choice("flow_key", value)?,
            "client_key" => self.client_key = choice("client_key", value)?,
            "vxlan_ports" => self.vxlan_ports = ports(value)?,
            "feature_kinds" => self.feature_kinds = kinds(value)?,
            "empty_features" => {
                self.zero_if_empty = is_second(CHOICE_EMPTY, "empty_features", value)?;
            }
            "session_by" => {
                self.session_by_title = is_second(CHOICE_SESSION, "session_by", value)?;
            }
            "feature_playback" => {
                self.feature_playback = is_second(CHOICE_PLAYBACK, "feature_playback", value)?;
            }
            _ => {
                let index = NUMBERS
                    .iter()
                    .position(|number| number.setting.name == name)
                    .ok_or_else(|| ConfigError::UnknownSetting(name.into()))?;
                self.numbers[index] = number(&NUMBERS[index].setting, value)?;
            }
        }
        Ok(())
    }

    /// Returns the text form of a setting's current value, as [`Config::set`] accepts it; `None`
    /// for an unknown name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<String> {
        let joined = |words: &mut dyn Iterator<Item = String>| words.collect::<Vec<_>>().join(",");
        Some(match name {
            "domains" => joined(&mut self.domains.iter().map(ToString::to_string)),
            "dns_ports" => joined(&mut self.dns_ports.iter().map(ToString::to_string)),
            "nat64" => joined(&mut self.nat64.iter().map(ToString::to_string)),
            "prefixes" => joined(&mut self.prefixes.iter().map(ToString::to_string)),
            "evidence" => joined(&mut self.evidence.iter().map(|kind| kind.as_str().to_owned())),
            "segment_rule" => self.segment_rule.as_str().to_owned(),
            "flow_key" => self.flow_key.as_str().to_owned(),
            "client_key" => self.client_key.as_str().to_owned(),
            "vxlan_ports" if self.vxlan_ports.is_empty() => "none".to_owned(),
            "vxlan_ports" => joined(&mut self.vxlan_ports.iter().map(ToString::to_string)),
            "feature_kinds" => joined(
                &mut self
                    .feature_kinds
                    .iter()
                    .map(|kind| kind.as_str().to_owned()),
            ),
            "empty_features" => CHOICE_EMPTY[usize::from(self.zero_if_empty)].to_owned(),
            "session_by" => CHOICE_SESSION[usize::from(self.session_by_title)].to_owned(),
            "feature_playback" => CHOICE_PLAYBACK[usize::from(self.feature_playback)].to_owned(),
            _ => self.numbers[NUMBERS
                .iter()
                .position(|number| number.setting.name == name)?]
            .to_string(),
        })
    }

    /// Returns true if a kind of evidence counts.
    #[must_use]
    pub fn counts(&self, kind: EvidenceKind) -> bool {
        self.evidence.contains(&kind)
    }

    /// Returns true if a flow's own name decides whether it is Netflix, regardless of its address.
    /// The classic rules know addresses only.
    pub(crate) fn flows_decide(&self) -> bool {
        self.segment_rule == SegmentRule::Flow && self.evidence.iter().any(|kind| kind.is_of_flow())
    }

    /// Returns the IPv4 address that an IPv6 address represents behind a NAT64 (RFC 6052).
    pub(crate) fn embedded_ipv4(&self, address: IpAddr) -> Option<IpAddr> {
        self.nat64
            .iter()
            .find_map(|prefix| prefix.embedded(address))
    }

    /// Returns true if packets that bring nothing new may take the short path.
    pub(crate) const fn takes_short_ways(&self) -> bool {
        #[cfg(any(test, fuzzing))]
        return !self.thorough;
        #[cfg(not(any(test, fuzzing)))]
        true
    }

    /// Returns true if a name, in lower case, belongs to Netflix: a valid host name that contains
    /// one of the keywords.
    #[must_use]
    pub fn is_netflix(&self, name: &str) -> bool {
        self.domains.iter().any(|word| names(word, name)) && is_host_name(name.as_bytes())
    }

    /// Returns true if a DNS message may hold a name that belongs to Netflix by either rule. Rules
    /// most messages out without parsing them: a keyword stands unchanged within one label.
    pub(crate) fn may_name_netflix(&self, message: &[u8]) -> bool {
        self.domains
            .iter()
            .chain(&self.classic_domains)
            .any(|word| {
                let word = word.strip_prefix('=').unwrap_or(word).as_bytes();
                // A keyword with a dot spans several labels.
                word.contains(&b'.') || holds(message, word)
            })
    }

    /// Returns true if a name, in lower case, belongs to Netflix by the classic rule.
    #[must_use]
    pub fn is_classic_netflix(&self, name: &str) -> bool {
        self.classic_domains.iter().any(|word| names(word, name)) && is_host_name(name.as_bytes())
    }
}

/// Returns true if a keyword matches a host name: it is a substring of it or, with a leading `=`,
/// the whole domain or a parent of it.
fn names(word: &str, name: &str) -> bool {
    match word.strip_prefix('=') {
        Some(domain) => name
            .strip_suffix(domain)
            .is_some_and(|before| before.is_empty() || before.ends_with('.')),
        None => name.contains(word),
    }
}

/// Returns true if bytes contain a word, ignoring case.
fn holds(bytes: &[u8], word: &[u8]) -> bool {
    let Some(&first) = word.first() else {
        return true;
    };
    memchr::memchr2_iter(first, first.to_ascii_uppercase(), bytes).any(|at| {
        bytes[at..]
            .get(..word.len())
            .is_some_and(|there| there.eq_ignore_ascii_case(word))
    })
}

#[cfg(test)]
mod tests;
