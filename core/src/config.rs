//! Every setting: name, unit, default, source. One table feeds the CLI, the plugin's preferences and the documents.

use std::net::IpAddr;

use crate::service::EvidenceKind;

/// Keywords that make a name Netflix's: the classic four, and two more that Netflix uses for artwork and search.
pub const DEFAULT_DOMAINS: [&str; 6] = ["nflxvideo", "netflix", "nflxso", "nflxext", "nflximg", "nflxsearch"];

/// The keywords of the classic rule, for [`EvidenceKind::DnsOwner`].
pub const CLASSIC_DOMAINS: [&str; 4] = ["nflxvideo", "netflix", "nflxso", "nflxext"];

/// How requests are told from each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum SegmentRule {
    /// Per flow, in sequence space, by the records of the protocol it carries.
    #[default]
    Flow = 0,
    /// The classic rule: per server address, any uplink TCP packet with payload starts a segment, every downlink
    /// payload byte adds to it, one without downlink payload is dropped.
    Server = 1,
}

/// An address range in CIDR notation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Prefix {
    address: IpAddr,
    length: u8,
}

/// What is wrong with a value given to [`Config::set`]; a sentence for the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigError {
    /// No setting has this name.
    UnknownSetting(Box<str>),
    /// The value does not fit the setting.
    BadValue {
        /// The setting.
        name: &'static str,
        /// What was given.
        value: Box<str>,
        /// What would fit.
        expected: Box<str>,
    },
}

/// What type of value a setting takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingKind {
    /// Words separated by commas.
    List,
    /// One of a few words.
    Choice(&'static [&'static str]),
    /// A whole number between two bounds, both allowed.
    Number {
        /// Smallest allowed.
        minimum: u64,
        /// Largest allowed.
        maximum: u64,
    },
}

/// One setting as documents and preference dialogs show it.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Name as typed, for example `segment_rule`.
    pub name: &'static str,
    /// Short title.
    pub title: &'static str,
    /// What it does.
    pub help: &'static str,
    /// Unit of its value; empty for words.
    pub unit: &'static str,
    /// Where the default comes from.
    pub source: &'static str,
    /// What it takes.
    pub kind: SettingKind,
}

/// All settings. Build with `Config::default()` and [`Config::set`].
#[derive(Clone, Debug)]
pub struct Config {
    /// Keywords of Netflix names, lower case.
    pub domains: Vec<Box<str>>,
    /// Extra prefixes.
    pub prefixes: Vec<Prefix>,
    /// Kinds of evidence that count.
    pub evidence: Vec<EvidenceKind>,
    /// How requests are told from each other.
    pub segment_rule: SegmentRule,
}

impl Config {
    /// Every setting in the order documents show them.
    pub const SETTINGS: &'static [Setting] = &[];

    /// Sets one setting from its text form.
    ///
    /// # Errors
    /// [`ConfigError`] names the setting, the value and what would fit; the configuration is unchanged then.
    pub fn set(&mut self, _name: &str, _value: &str) -> Result<(), ConfigError> {
        todo!()
    }

    /// The text form of a setting's present value, as [`Config::set`] takes it; `None` for an unknown name.
    #[must_use]
    pub fn get(&self, _name: &str) -> Option<String> {
        todo!()
    }
}
