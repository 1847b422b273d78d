//! Servers whose role changed, for a host that lives on them.

use std::collections::VecDeque;

use crate::bounded::size;
use crate::config::Config;
use crate::facts::annotation::ServerId;

/// Servers whose role changed since the host took them, each once.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    is_watched: bool,
    queue: VecDeque<ServerId>,
    /// By server.
    is_queued: Vec<bool>,
}

impl Changes {
    /// The most memory that they hold, in bytes.
    pub(super) fn bound(config: &Config) -> u64 {
        let servers = config.max_servers();
        size::list::<ServerId>(servers).saturating_add(size::list::<bool>(servers))
    }

    /// Begins to keep them.
    pub(crate) fn watch(&mut self) {
        self.is_watched = true;
    }

    /// Notes that a server's role changed.
    pub(crate) fn note(&mut self, id: ServerId) {
        if !self.is_watched {
            return;
        }
        let at = id as usize;
        if self.is_queued.len() <= at {
            self.is_queued.resize(at + 1, false);
        }
        if !std::mem::replace(&mut self.is_queued[at], true) {
            self.queue.push_back(id);
        }
    }

    /// Returns the next one.
    pub(crate) fn next(&mut self) -> Option<ServerId> {
        let id = self.queue.pop_front()?;
        self.is_queued[id as usize] = false;
        Some(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_waits_once_however_often_it_changes() {
        let mut changes = Changes::default();
        changes.note(3);
        assert_eq!(changes.next(), None, "nobody watches");
        changes.watch();
        for id in [3, 1, 3, 1] {
            changes.note(id);
        }
        let all: Vec<_> = std::iter::from_fn(|| changes.next()).collect();
        assert_eq!(all, [3, 1]);
        changes.note(3);
        assert_eq!(changes.next(), Some(3), "it may change again");
    }
}
