//! Finds the sessions of all clients in their segments.

mod titles;

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;

use self::titles::divide;
use super::ends;
use super::headers;
use super::request::{Header, Packets, Request, ResponseEnd, Rules, Track};
use super::seeks;
use super::session::{Parts, Session};
use super::together::{self, Draft};
use super::tracks;
use crate::bounded::clock_table::Table;
use crate::config::Config;
use crate::facts::segment::{Kind, Segment, Transport};
use crate::packet::Time;

/// Small responses to keep, besides two for each request.
const HEADERS: usize = 64;
/// Collects segments, and returns sessions.
#[derive(Debug)]
pub struct Sessions {
    clients: Table<IpAddr, Client>,
    closed: VecDeque<Session>,
    rules: Rules,
    limits: SessionLimits,
    stats: SessionStats,
    /// Time of the last search for sessions that have ended.
    looked: Time,
}

#[derive(Clone, Copy, Debug)]
struct SessionLimits {
    /// Seconds without a request for media after which headers begin another session.
    reopened: f64,
    /// Seconds without a request for media after which a session is over.
    over: f64,
    /// Seconds until a segment settles.
    settling: f64,
    /// Most requests of a session.
    requests: usize,
    /// Most bytes of a header.
    header: u64,
}

/// Counts of what exceeded a limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionStats {
    /// Clients that were removed for others before their session ended.
    pub clients_evicted: u64,
    /// Sessions that were divided because they had too many segments.
    pub sessions_cut: u64,
}

#[derive(Debug)]
struct Client {
    start: Time,
    requests: Vec<Request>,
    headers: Vec<Header>,
    last: f64,
}

impl Sessions {
    /// Creates an empty collection.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let seconds = |milliseconds: u64| milliseconds as f64 / 1000.0;
        Self {
            clients: Table::new(
                usize::try_from(config.max_viewers()).unwrap_or(usize::MAX),
                config.hash_seed,
            ),
            closed: VecDeque::new(),
            rules: Rules {
                wait: seconds(config.playback_wait()),
                run_on: seconds(config.playback_run_on()),
                joined: false,
                one_track: false,
            },
            limits: SessionLimits {
                reopened: config.playback_reopened() as f64,
                over: config.playback_over() as f64,
                settling: config.settle_after().max(config.segment_quiet()) as f64,
                requests: usize::try_from(config.playback_segments()).unwrap_or(usize::MAX),
                header: config.probe_max(),
            },
            stats: SessionStats::default(),
            looked: Time::default(),
        }
    }

    /// Returns the sessions of all these segments, numbered in order of start. Pass `segments` in
    /// order of request.
    #[must_use]
    pub fn of<'a>(
        segments: impl IntoIterator<Item = &'a Segment>,
        config: &Config,
    ) -> (Vec<Session>, SessionStats) {
        let mut sessions = Self::new(config);
        segments
            .into_iter()
            .for_each(|segment| sessions.segment(segment));
        sessions.finish();
        let mut all: Vec<Session> = sessions.closed.drain(..).collect();
        all.sort_by_key(|session| (session.t_start, session.client));
        for (session, number) in all.iter_mut().zip(1..) {
            session.number = number;
        }
        (all, sessions.stats)
    }

    /// Adds a segment that is settled. Pass segments in order of request.
    pub fn segment(&mut self, segment: &Segment) {
        let slot = self.clients.find(&segment.client).unwrap_or_else(|| {
            if self.clients.is_full()
                && let Some(victim) = self.clients.victim(|_, _| true)
            {
                self.close(victim);
                self.clients.remove(victim);
                self.stats.clients_evicted += 1;
            }
            self.clients
                .insert(segment.client, Client::new(segment.t_request))
        });
        let asked = self.clients[slot].seconds(segment.t_request);
        let client = &self.clients[slot];
        if !client.requests.is_empty() {
            // The clock may also have been set back.
            let over = (asked - client.last).abs() > self.limits.over;
            let full = client.requests.len() >= self.limits.requests;
            if over || full {
                self.stats.sessions_cut += u64::from(full && !over);
                self.close(slot);
                self.clients[slot] = Client::new(segment.t_request);
            }
        }
        let limits = self.limits;
        self.clients[slot].take(segment, &limits);
    }

    fn close(&mut self, slot: u32) {
        let client = std::mem::replace(&mut self.clients[slot], Client::new(Time(0)));
        let address = *self.clients.key(slot);
        client.analyse(address, &self.limits, self.rules, &mut self.closed);
    }

    /// Advances the time to `now`, and ends the sessions of clients that have been silent for long.
    /// Segments can settle up to [`Config::settle_after`] after their last byte, so this waits for
    /// them.
    pub fn until(&mut self, now: Time) {
        const SECOND: i64 = 1_000_000_000;
        if now.since(self.looked).saturating_abs() < SECOND {
            return;
        }
        self.looked = now;
        let silence = self.limits.over + self.limits.settling;
        let over: Vec<_> = self
            .clients
            .slots()
            .filter(|&slot| {
                let client = &self.clients[slot];
                client.seconds(now) - client.last > silence
            })
            .collect();
        for slot in over {
            self.close(slot);
            self.clients.remove(slot);
        }
    }

    /// Ends all sessions. Call it after the last segment.
    pub fn finish(&mut self) {
        let open: Vec<_> = self.clients.slots().collect();
        for slot in open {
            self.close(slot);
            self.clients.remove(slot);
        }
    }

    /// Returns the next session that has ended.
    pub fn next_session(&mut self) -> Option<Session> {
        self.closed.pop_front()
    }

    /// Returns counts of what exceeded a limit.
    #[must_use]
    pub const fn stats(&self) -> SessionStats {
        self.stats
    }
}

impl Client {
    fn new(start: Time) -> Self {
        Self {
            start,
            requests: Vec::new(),
            headers: Vec::new(),
            last: 0.0,
        }
    }

    fn seconds(&self, time: Time) -> f64 {
        time.since(self.start) as f64 / 1e9
    }

    fn take(&mut self, segment: &Segment, limits: &SessionLimits) {
        let asked = self.seconds(segment.t_request);
        // No response takes longer, although clocks can say so.
        let came = segment
            .t_last
            .map(|t| self.seconds(t).clamp(asked, asked + limits.over));
        let track = match segment.kind {
            // Its bytes went to an overlapping response; it is a request nevertheless.
            Kind::Pending => return,
            Kind::Other
                if segment.shared
                    && (segment.app_bytes == 0 || segment.app_bytes > limits.header) =>
            {
                Track::Video
            }
            Kind::Other => {
                if let Some(came) = came
                    && (1..=limits.header).contains(&segment.app_bytes)
                {
                    // A header's own bytes are unknown if they were divided.
                    let bytes = Some(segment.app_bytes).filter(|_| !segment.shared);
                    self.header(Header {
                        asked,
                        came,
                        bytes,
                        error: segment.size_error,
                        flow: segment.flow,
                    });
                }
                return;
            }
            Kind::Video => Track::Video,
            Kind::Audio => Track::Audio,
        };
        self.last = self.last.max(came.unwrap_or(asked));
        self.requests.push(Request {
            number: segment.number,
            track,
            decided: asked,
            asked,
            came: came.unwrap_or(asked),
            bytes: segment.app_bytes,
            flow: segment.flow,
            server: segment.server,
            error: segment.size_error,
            shared: segment.shared,
            open: !segment.complete || came.is_none() && !segment.shared,
            ends_flow: false,
            packets: packets(segment),
            aborted: segment.aborted,
            given_up: segment
                .given_up_after
                .map(|after| asked + f64::from(after.get()) / 1000.0),
            end: ResponseEnd::Unknown,
            dropped: 0.0,
            waited: false,
            better: false,
        });
    }

    /// Adds a header, and keeps only the latest: small responses may not be headers, and can come
    /// all the time.
    fn header(&mut self, header: Header) {
        if self.headers.len() >= 2 * self.requests.len() + HEADERS {
            self.headers.drain(..HEADERS / 2);
        }
        self.headers.push(header);
    }

    /// Sorts everything, finds the last request on each flow, and judges how responses ended.
    /// `largest`: most bytes of a header.
    fn arrange(&mut self, largest: u64) {
        self.requests.sort_by(|a, b| a.asked.total_cmp(&b.asked));
        self.headers.sort_by(|a, b| a.asked.total_cmp(&b.asked));
        headers::recover(&mut self.requests, &mut self.headers, largest);
        let mut last: HashMap<u32, f64> = HashMap::new();
        let headers = self
            .headers
            .iter()
            .map(|header| (header.flow, header.asked));
        for (flow, asked) in self
            .requests
            .iter()
            .map(|request| (request.flow, request.asked))
            .chain(headers)
        {
            let latest = last.entry(flow).or_insert(asked);
            *latest = latest.max(asked);
        }
        for request in &mut self.requests {
            request.ends_flow = last
                .get(&request.flow)
                .is_none_or(|&latest| request.asked >= latest);
        }
        ends::judge(&mut self.requests);
    }

    /// Divides everything into plays, and adds a session for each.
    fn analyse(
        mut self,
        client: IpAddr,
        limits: &SessionLimits,
        rules: Rules,
        sessions: &mut VecDeque<Session>,
    ) {
        self.arrange(limits.header);
        let plays = divide(&self.requests, &self.headers, limits.reopened);
        let mut drafts: Vec<Draft> = Vec::with_capacity(plays.len());
        for play in plays {
            let range = play.from..play.to;
            let requests = &mut self.requests[range.clone()];
            let one_track = play.begins && tracks::tell(requests, &self.headers);
            let rules = Rules {
                one_track,
                joined: !play.begins,
                ..rules
            };
            let (found, seeks) = seeks::find(requests, &self.headers, &play.seeks, rules);
            drafts.push(Draft {
                range,
                rules,
                seeks,
                found,
            });
        }
        together::agree(&self.requests, &mut drafts);
        for draft in &drafts {
            let parts = Parts {
                client,
                start: self.start,
                requests: &self.requests[draft.range.clone()],
                found: draft.found.as_ref(),
                seeks: &draft.seeks,
            };
            sessions.extend(Session::new(&parts, draft.rules));
        }
    }
}

/// Returns the packets of a segment, if all were captured.
fn packets(segment: &Segment) -> Packets {
    if segment.transport == Transport::Quic || segment.missing_bytes > 0 || segment.inferred {
        return Packets::default();
    }
    Packets {
        bytes: segment.bytes + segment.retransmitted_bytes,
        count: segment.pkts,
    }
}
