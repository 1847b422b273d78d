//! Servers whose role changed, for hosts that need to know of each change.

use std::collections::VecDeque;

use crate::bounded::numbering::Numbering;
use crate::bounded::size;
use crate::config::Config;
use crate::facts::annotation::ServerId;

/// Servers whose role changed since the host took them, each once.
#[derive(Debug)]
pub(crate) struct Changes {
    is_watched: bool,
    numbering: Numbering,
    /// Places of servers, in the order of their changes.
    queue: VecDeque<usize>,
    /// By place: the server that waits.
    waiting: Vec<Option<ServerId>>,
}

impl Changes {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            is_watched: false,
            numbering: Numbering::of(config.max_servers()),
            queue: VecDeque::new(),
            waiting: Vec::new(),
        }
    }

    /// Returns the most memory that they hold, in bytes.
    pub(super) fn bound(config: &Config) -> u64 {
        let servers = config.max_servers();
        size::list::<usize>(servers).saturating_add(size::list::<Option<ServerId>>(servers))
    }

    /// Starts to keep them.
    pub(crate) fn watch(&mut self) {
        self.is_watched = true;
    }

    /// Records that a server's role changed.
    pub(crate) fn note(&mut self, id: ServerId) {
        if !self.is_watched {
            return;
        }
        let place = self.numbering.place(id);
        if self.waiting.len() <= place {
            self.waiting.resize(place + 1, None);
        }
        if self.waiting[place].replace(id).is_none() {
            self.queue.push_back(place);
        }
    }

    /// Returns the next one.
    pub(crate) fn next(&mut self) -> Option<ServerId> {
        let place = self.queue.pop_front()?;
        self.waiting.get_mut(place)?.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_waits_once_however_often_it_changes() {
        let mut changes = Changes::new(&Config::default());
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
