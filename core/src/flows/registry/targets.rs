//! Hosts that Netflix's services are bound to by HTTPS and SVCB records (RFC 9460), or that chains of
//! CNAME records lead to: names of others, whose addresses are in later messages, or which a proxy is
//! asked for.

use core::hash::BuildHasher;
use std::sync::Arc;

use foldhash::fast::FixedState;

use crate::bounded::clock_table::Table;
use crate::config::Config;
use crate::facts::server::EvidenceKind;
use crate::packet::Time;

/// Hosts remembered at once; a service has one or two.
const MOST: u64 = 64;

/// A service's name, the kind of evidence that bound it, and the time until which it is bound.
type Service = (Arc<str>, EvidenceKind, Time);

/// Hosts by a hash of their names.
#[derive(Debug)]
pub(super) struct Targets {
    services: Table<u64, Service>,
    hasher: FixedState,
}

impl Targets {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            services: Table::new(MOST as usize, config.hash_seed),
            // Keeps captures from choosing names that collide.
            hasher: FixedState::with_seed(config.hash_seed),
        }
    }

    /// Returns the most memory that they hold, in bytes, with so much for each shared name.
    pub(super) fn bound(name: u64) -> u64 {
        Table::<u64, Service>::bound(MOST).saturating_add(MOST * name)
    }

    /// Records that a service is bound to a host until this time.
    pub(super) fn bind(&mut self, host: &str, service: &str, kind: EvidenceKind, until: Time) {
        let key = self.hasher.hash_one(host);
        self.services.put(key, (service.into(), kind, until));
    }

    /// Returns the service that is bound to a host at this time, and the kind of evidence for it.
    pub(super) fn service_of(
        &mut self,
        host: &str,
        time: Time,
    ) -> Option<(Arc<str>, EvidenceKind)> {
        if self.services.len() == 0 {
            return None;
        }
        let slot = self.services.find(&self.hasher.hash_one(host))?;
        let (service, kind, until) = &self.services[slot];
        (time <= *until).then(|| (Arc::clone(service), *kind))
    }
}
