//! The settings as a table, so that hosts can offer them without a list of their own.

use core::ffi::c_char;
use core::ptr;
use std::ffi::CString;
use std::sync::LazyLock;

use nflx_core::Config;
use nflx_core::config::{Setting, SettingKind};

use crate::crossing::{Crossing, StructOutput};
use crate::guard::{Failure, guard_static};
use crate::status::nflx_status;
use crate::text::c_string;

/// The setting takes words separated by commas.
pub const NFLX_SETTING_LIST: u32 = 1;
/// The setting takes one of a few words.
pub const NFLX_SETTING_CHOICE: u32 = 2;
/// The setting takes a whole number between two inclusive bounds.
pub const NFLX_SETTING_NUMBER: u32 = 3;

/// One setting. All strings are static, UTF-8, never NULL.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct nflx_setting {
    /// Set to `sizeof(nflx_setting)`.
    pub struct_size: u32,
    /// `NFLX_SETTING_`: the type of its value.
    pub kind: u32,
    /// Name, as `nflx_config_set` accepts it.
    pub name: *const c_char,
    /// Short title.
    pub title: *const c_char,
    /// What the setting does.
    pub help: *const c_char,
    /// Unit of its value; empty for words.
    pub unit: *const c_char,
    /// Where the default comes from.
    pub source: *const c_char,
    /// Default, as `nflx_config_set` accepts it.
    pub default_value: *const c_char,
    /// Smallest number allowed; 0 for words.
    pub minimum: u64,
    /// Largest number allowed; 0 for words.
    pub maximum: u64,
    /// The words of a choice, `choice_count` of them; NULL for other kinds.
    pub choices: *const *const c_char,
    /// Number of words of the choice; 0 for other kinds.
    pub choice_count: u64,
}

// SAFETY: repr(C), struct_size first, integers and raw pointers.
unsafe impl Crossing for nflx_setting {
    const NAME: &'static str = "nflx_setting";
    const FIRST_SIZE: usize = 88;
}

/// A setting whose strings C can read. Kept for the life of the process.
struct StaticSetting {
    strings: [CString; 6],
    /// Points into `_choice_words`, whose strings do not move.
    choices: Vec<*const c_char>,
    _choice_words: Vec<CString>,
    kind: u32,
    minimum: u64,
    maximum: u64,
}

// SAFETY: the raw pointers point to strings owned by the same value, which never change.
unsafe impl Send for StaticSetting {}
// SAFETY: as above; nothing is written after construction.
unsafe impl Sync for StaticSetting {}

impl StaticSetting {
    fn new(setting: &Setting, defaults: &Config) -> Self {
        let default_value = defaults.get(setting.name).unwrap_or_default();
        let (kind, words, minimum, maximum) = match setting.kind {
            SettingKind::List => (NFLX_SETTING_LIST, &[][..], 0, 0),
            SettingKind::Choice(words) => (NFLX_SETTING_CHOICE, words, 0, 0),
            SettingKind::Number { minimum, maximum } => {
                (NFLX_SETTING_NUMBER, &[][..], minimum, maximum)
            }
        };
        let choice_words: Vec<CString> = words.iter().map(|w| c_string(w)).collect();
        Self {
            strings: [
                setting.name,
                setting.title,
                setting.help,
                setting.unit,
                setting.source,
                &default_value,
            ]
            .map(c_string),
            choices: choice_words.iter().map(|w| w.as_ptr()).collect(),
            _choice_words: choice_words,
            kind,
            minimum,
            maximum,
        }
    }

    fn crossing(&self) -> nflx_setting {
        let [name, title, help, unit, source, default_value] =
            self.strings.each_ref().map(|s| s.as_ptr());
        nflx_setting {
            struct_size: size_of::<nflx_setting>() as u32,
            kind: self.kind,
            name,
            title,
            help,
            unit,
            source,
            default_value,
            minimum: self.minimum,
            maximum: self.maximum,
            choices: if self.choices.is_empty() {
                ptr::null()
            } else {
                self.choices.as_ptr()
            },
            choice_count: self.choices.len() as u64,
        }
    }
}

static SETTINGS: LazyLock<Vec<StaticSetting>> = LazyLock::new(|| {
    let defaults = Config::default();
    Config::SETTINGS
        .iter()
        .map(|setting| StaticSetting::new(setting, &defaults))
        .collect()
});

/// Returns the number of settings.
#[unsafe(no_mangle)]
pub extern "C" fn nflx_setting_count() -> u32 {
    Config::SETTINGS.len() as u32
}

/// Writes a setting by an index below `nflx_setting_count`, in the order in which documents show
/// them; `NFLX_STATUS_NONE` beyond.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nflx_setting_get(index: u32, out: *mut nflx_setting) -> nflx_status {
    guard_static(|| {
        // SAFETY: the header's contract for outputs.
        let out = unsafe { StructOutput::new(out) }?;
        let setting = SETTINGS.get(index as usize).ok_or(Failure::NONE)?;
        out.write(setting.crossing());
        Ok(())
    })
}

#[cfg(target_pointer_width = "64")]
const _: () = {
    use core::mem::offset_of;
    assert!(size_of::<nflx_setting>() == 88 && align_of::<nflx_setting>() == 8);
    assert!(offset_of!(nflx_setting, struct_size) == 0);
    assert!(offset_of!(nflx_setting, name) == 8);
    assert!(offset_of!(nflx_setting, minimum) == 56);
    assert!(offset_of!(nflx_setting, choices) == 72);
};
