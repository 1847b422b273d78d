//! The tables that a connection may use while it reads a packet, and the facts that it returns to
//! the engine.

use std::net::IpAddr;

use crate::config::Config;
use crate::facts::annotation::ServerId;
use crate::facts::segment::{BeyondStep, Kind, KindReason, Segment, Transport, Via};
use crate::facts::server::EvidenceKind;
use crate::flows::key::{End, FlowKey};
use crate::packet::Stamp;
use crate::segments::table::SegmentTable;
use crate::wire::dns;

/// A connection's result for one of its packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// True if a request begins in the packet.
    pub(crate) request: bool,
    /// The segment whose bytes the packet carries.
    pub(crate) segment: Option<u32>,
    /// True if framing in the packet was cut.
    pub(crate) truncated: bool,
}

/// A fact that a connection read and that concerns more than itself. The engine applies it after
/// the packet.
#[derive(Debug)]
pub(crate) enum Learnt {
    /// The flow's own name, which belongs to Netflix.
    Name {
        kind: EvidenceKind,
        name: Box<str>,
        frame: u64,
        /// True if the flow leads to a proxy, so that the name is no evidence for its address.
        is_proxied: bool,
    },
    /// The flow's own name, of this kind, belongs to another service.
    Foreign(EvidenceKind),
    /// The address that a proxy was asked for.
    Destination { address: IpAddr, stamp: Stamp },
    /// The name, not Netflix's, of the host that a proxy was asked for.
    Host { name: Box<str>, stamp: Stamp },
    /// A DNS answer over TCP.
    Dns {
        response: dns::Response,
        stamp: Stamp,
    },
    /// The packet comes after later ones of its connection.
    Disorder,
    /// An end answered before it was asked: by this many nanoseconds, the client's times are later
    /// than the server's.
    Skew(i64),
}

/// What a connection may know about its flow, and where it puts what it finds out.
pub(crate) struct Context<'a> {
    pub(crate) config: &'a Config,
    pub(crate) segments: &'a mut SegmentTable,
    /// Facts learnt from the packet.
    pub(crate) learnt: &'a mut Vec<Learnt>,
    pub(crate) key: &'a FlowKey,
    /// The flow's number.
    pub(crate) number: Option<u32>,
    /// The client's end of the flow.
    pub(crate) client: End,
    /// The server, once it is known to be Netflix.
    pub(crate) server: Option<ServerId>,
    /// The number that the server has, or gets if the flow names it; `None` if there is no room for
    /// another server.
    pub(crate) reserved: Option<ServerId>,
    /// The flow's own evidence, if that identifies it as Netflix.
    pub(crate) own: Option<EvidenceKind>,
    /// The proxy that the flow goes through.
    pub(crate) via: Option<Via>,
    /// True if the user's own ranges include the server, whatever name the flow gives.
    pub(crate) is_firm: bool,
    /// True if something passed that would belong to a segment, were the server known to be
    /// Netflix.
    pub(crate) passed_over: bool,
    /// True if something was learnt, opened or passed over.
    pub(crate) has_news: bool,
}

impl Context<'_> {
    /// Returns the server, once it is known to be Netflix.
    pub(crate) const fn server(&self) -> Option<ServerId> {
        self.server
    }

    /// Records that something passed that would belong to a segment, were the server known to be
    /// Netflix.
    pub(crate) const fn pass_over(&mut self) {
        (self.passed_over, self.has_news) = (true, true);
    }

    /// Reports that the flow's own name belongs to another service. The flow then does too,
    /// whatever is known about its address, because content networks serve many services from one
    /// address.
    pub(crate) fn learn_foreign(&mut self, kind: EvidenceKind) {
        if self.config.counts(kind) && self.config.flows_decide() && !self.is_firm {
            (self.server, self.reserved) = (None, None);
            self.has_news = true;
            self.learnt.push(Learnt::Foreign(kind));
        }
    }

    /// Returns true if a name given by the flow shows that it belongs to another service. An address
    /// is not a name.
    pub(crate) fn is_of_others(&self, kind: EvidenceKind, name: &str) -> bool {
        let counts = self.config.counts(kind) && self.config.flows_decide() && !self.is_firm;
        counts && !self.config.is_netflix(name) && name.parse::<IpAddr>().is_err()
    }

    /// Reports the flow's own name. If it belongs to Netflix, so does the flow from here on.
    /// Otherwise the flow belongs to another service, unless the name may be a `cover`.
    pub(crate) fn learn_name(&mut self, kind: EvidenceKind, name: &str, cover: bool, frame: u64) {
        if !self.config.counts(kind) {
            return;
        }
        if !self.config.is_netflix(name) {
            if !cover && self.is_of_others(kind, name) {
                self.learn_foreign(kind);
            }
            return;
        }
        self.server = self.server.or(self.reserved);
        self.own = self
            .own
            .or(Some(kind).filter(|_| self.config.flows_decide()));
        self.has_news = true;
        self.learnt.push(Learnt::Name {
            kind,
            name: name.into(),
            frame,
            is_proxied: self.via.is_some(),
        });
    }

    /// Reports the address that the flow asked a proxy for. The flow belongs to Netflix if the
    /// address does.
    pub(crate) fn learn_destination(&mut self, address: IpAddr, stamp: Stamp) {
        self.has_news = true;
        self.learnt.push(Learnt::Destination { address, stamp });
    }

    /// Reports the name of the host that the flow asked a proxy for, if it is not Netflix's. The flow
    /// belongs to Netflix if a Netflix service is bound to the host.
    pub(crate) fn learn_host(&mut self, name: &str, stamp: Stamp) {
        if !self.config.is_netflix(name) {
            self.has_news = true;
            let name = name.into();
            self.learnt.push(Learnt::Host { name, stamp });
        }
    }

    /// Reports a DNS answer.
    pub(crate) fn learn_dns(&mut self, response: dns::Response, stamp: Stamp) {
        self.has_news = true;
        self.learnt.push(Learnt::Dns { response, stamp });
    }

    /// Reports that the packet comes after later ones of its connection.
    pub(crate) fn learn_disorder(&mut self) {
        self.has_news = true;
        self.learnt.push(Learnt::Disorder);
    }

    /// Reports that the clocks of two taps differ: by this many nanoseconds, the client's times are
    /// late.
    pub(crate) fn learn_skew(&mut self, late: i64) {
        self.has_news = true;
        self.learnt.push(Learnt::Skew(late));
    }

    /// Opens a segment. Returns `None` while the server is not known to be Netflix.
    pub(crate) fn open(&mut self, stamp: Stamp, transport: Transport) -> Option<u32> {
        let Some(server) = self.server else {
            self.pass_over();
            return None;
        };
        self.has_news = true;
        let number = self.segments.next_number();
        self.segments.push(Segment {
            number,
            index: 0,
            previous: None,
            next: None,
            server,
            flow: self.number.unwrap_or_default(),
            client: self.key.address(self.client),
            client_port: self.key.port(self.client),
            server_port: self.key.port(1 - self.client),
            transport,
            kind: Kind::Pending,
            kind_reason: KindReason::Pending,
            request_frame: stamp.frame,
            first_frame: None,
            last_frame: None,
            t_request: stamp.time,
            t_first: None,
            t_last: None,
            pkts: 0,
            bytes: 0,
            app_bytes: 0,
            retransmitted_bytes: 0,
            missing_bytes: 0,
            size_error: 0,
            complete: false,
            estimated: false,
            shared: false,
            divided_as: None,
            inferred: false,
            aborted: false,
            given_up_after: None,
            own_evidence: self.own,
            own_name: None,
            via: self.via,
            settled: false,
            throughput_min: 0,
            beyond_step: BeyondStep::Nothing,
        });
        Some(number)
    }

    /// Changes a segment's size, and its server's total with it.
    pub(crate) fn resize(&mut self, number: u32, change: impl FnOnce(&mut Segment)) {
        self.segments.resize(number, change);
    }
}
