//! The way through a proxy: which bytes of the two streams come after it, and which host it was
//! asked for.

use super::{Application, Position, Protocol};
use crate::connection::context::Context;
use crate::connection::tcp::certificate::CertificateReader;
use crate::connection::tcp::hello::HelloBuffer;
use crate::connection::tcp::ledger::NOBODY;
use crate::connection::tcp::proxy::Proxy;
use crate::connection::tcp::stream::Run;
use crate::facts::server::EvidenceKind;
use crate::wire::proxy;

impl Application {
    /// Starts over behind a client's request for a tunnel, if it used the connection to an HTTP
    /// proxy for other requests before.
    pub(super) fn begin_tunnel(&mut self, run: &Run<'_>, down: &Position) {
        let is_idle = matches!(&self.protocol, Protocol::Http(http) if http.is_idle());
        if !is_idle || !proxy::asks_for_tunnel(run.bytes) {
            return;
        }
        (self.proxy, self.protocol) = (Proxy::default(), Protocol::Unknown);
        self.client_hello = HelloBuffer::default();
        self.certificate = CertificateReader::default();
        (self.via, self.is_named, self.settled) = (None, false, false);
        if self.ledger.has_begun() {
            self.ledger.place(NOBODY, down.response_at);
        }
    }

    /// Lets the proxy's handshake be read first. Returns the client's bytes after it; `None` if
    /// there are none. Bytes that were held back as a proxy's but are not are joined with them in
    /// `again`.
    pub(super) fn behind_proxy<'a>(
        &mut self,
        run: &Run<'a>,
        again: &'a mut Vec<u8>,
        down: &mut Position,
        ctx: &mut Context<'_>,
    ) -> Option<Run<'a>> {
        let mut rest = *run;
        if !self.proxy.is_passed() {
            let from_start = self.from_start && !ctx.config.dns_ports.contains(&self.port);
            let (used, held) = self.proxy.read_up(run, from_start);
            if used == run.length && used > 0 {
                return None;
            }
            rest = run.behind(used);
            if let Some(held) = held {
                let length = held.bytes.len() as u64;
                *again = held.bytes;
                again.extend_from_slice(rest.bytes);
                rest = Run {
                    offset: rest.offset.saturating_sub(length),
                    length: rest.length + length,
                    bytes: again,
                    stamp: held.stamp,
                    ..rest
                };
            }
        }
        ctx.via = self.via.or(self.proxy.via());
        if ctx.via.is_some() {
            // The proxy's own answer does not come from the server.
            down.untouched = !self.proxy.is_heard();
        }
        Some(rest)
    }

    /// Applies the request to the proxy: the host's name or address, and the port that indicates the
    /// protocol.
    pub(super) fn enter_tunnel(&mut self, run: &Run<'_>, ctx: &mut Context<'_>) {
        if let Some(target) = self.proxy.take_target() {
            self.port = target.port;
            match target.host.map(|host| (host.parse(), host)) {
                Some((Ok(address), _)) => ctx.learn_destination(address, run.stamp),
                Some((Err(_), name)) => {
                    ctx.learn_name(EvidenceKind::Tunnel, &name, true, run.stamp.frame);
                    ctx.learn_host(&name, run.stamp);
                }
                None => {}
            }
        }
    }
}
