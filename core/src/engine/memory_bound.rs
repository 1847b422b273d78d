//! The most memory that an engine can hold, from its settings alone.

use super::taps::Taps;
use crate::classify::clients::Clients;
use crate::config::{ClientKey, Config};
use crate::connection::classic_rule::Classic;
use crate::connection::followed::Connections;
use crate::connection::peers::Peers;
use crate::flows::copies::Copies;
use crate::flows::paths::Paths;
use crate::flows::registry::Registry;
use crate::flows::scopes::Scopes;
use crate::flows::translation::Translations;
use crate::flows::viewers::Viewers;
use crate::packet::from_milliseconds;
use crate::segments::table::SegmentTable;
use crate::wire::decode::fragments::{self, Fragments};

/// Returns the most memory, in bytes, that an engine with these settings holds, whatever packets it
/// gets. Only what is used is actually allocated. Includes the old copy of a table that exists for
/// a moment while the table grows.
#[must_use]
pub(crate) fn bound(config: &Config) -> u64 {
    Registry::bound(config)
        .saturating_add(Connections::bound(config))
        .saturating_add(Peers::bound(config))
        .saturating_add(Paths::bound(config))
        .saturating_add(SegmentTable::bound(config))
        .saturating_add(Clients::bound(config))
        .saturating_add(Classic::bound(config))
        .saturating_add(Copies::bound(config))
        .saturating_add(Translations::bound())
        .saturating_add(match config.client_key {
            ClientKey::Address => 0,
            ClientKey::Mac => Viewers::bound(config),
        })
        .saturating_add(Scopes::bound())
        .saturating_add(Taps::bound(config))
        .saturating_add(Fragments::bound(&fragment_limits(config)))
}

/// Returns the limits of the table of fragments.
pub(super) fn fragment_limits(config: &Config) -> fragments::FragmentLimits {
    let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    fragments::FragmentLimits {
        packets: size(config.fragment_packets()),
        bytes: size(config.fragment_bytes()),
        patience: from_milliseconds(config.fragment_patience()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks the figure that documents state for the defaults.
    #[test]
    fn the_defaults_hold_less_than_256_megabytes_whatever_comes() {
        let bound = bound(&Config::default());
        // Ten megabytes are left for the rest of the program.
        assert!((200_000_000..246_000_000).contains(&bound), "{bound}");
    }

    #[test]
    fn every_limit_of_a_table_counts() {
        let small = bound(&Config::default());
        for name in [
            "max_flows",
            "max_connections",
            "connection_bytes",
            "max_servers",
            "max_evidence",
            "max_segments",
            "max_viewers",
            "kind_window",
            "reorder_bytes",
            "reorder_pieces",
            "duplicate_packets",
            "fragment_packets",
            "fragment_bytes",
        ] {
            let mut config = Config::default();
            let more = config
                .get(name)
                .and_then(|value| value.parse::<u64>().ok())
                .expect("a number")
                * 4;
            config
                .set(name, &more.to_string())
                .expect("within its bounds");
            assert!(bound(&config) > small, "{name}");
        }
    }

    #[test]
    fn the_largest_settings_do_not_overflow() {
        let mut config = Config::default();
        for setting in Config::SETTINGS {
            if let crate::config::SettingKind::Number { maximum, .. } = setting.kind {
                config
                    .set(setting.name, &maximum.to_string())
                    .expect("allowed");
            }
        }
        assert!(bound(&config) > 1 << 40);
    }
}
