//! Settings from text: what is accepted reads back as the same, what is refused changes nothing.

use nflx_core::Config;
use nflx_core::config::Prefix;

/// Sets settings from lines of `name=value`, and reads a prefix.
pub fn run(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    let mut config = Config::default();
    for line in text.lines() {
        prefix(line);
        let Some((name, value)) = line.split_once('=') else {
            continue;
        };
        // A digit stands for a setting, so that names need not be found out.
        let name = name
            .parse()
            .ok()
            .and_then(|index: usize| Config::SETTINGS.get(index))
            .map_or(name, |s| s.name);
        let before = config.clone();
        if let Err(error) = config.set(name, value) {
            assert_eq!(config, before);
            assert!(!error.to_string().is_empty());
            continue;
        }
        let text = config.get(name).expect("a setting that was set");
        let mut again = config.clone();
        if !text.is_empty() || name == "prefixes" {
            assert_eq!(again.set(name, &text), Ok(()), "{name}={text}");
        }
        assert_eq!(again, config, "{name}={text}");
    }
    let _ = (config.is_netflix(text), config.is_classic_netflix(text));
    assert!(
        Config::SETTINGS
            .iter()
            .all(|setting| config.get(setting.name).is_some())
    );
}

fn prefix(text: &str) {
    let Some(prefix) = Prefix::parse(text) else {
        return;
    };
    let shown = prefix.to_string();
    assert_eq!(Prefix::parse(&shown), Some(prefix));
    let address = shown
        .split('/')
        .next()
        .and_then(|address| address.parse().ok())
        .expect("an address");
    assert!(prefix.contains(address));
}
