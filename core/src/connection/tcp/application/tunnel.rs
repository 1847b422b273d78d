//! The way through a proxy: what of the two streams comes behind it, and what it was asked for.

use super::{Application, Position};
use crate::connection::context::Context;
use crate::connection::tcp::stream::Run;
use crate::facts::server::EvidenceKind;

impl Application {
    /// Has a proxy's handshake read first. Returns what of the client's bytes comes behind it; `None` if nothing does. Bytes
    /// that were held back as if they were a proxy's, and are not, are put together with them in `again`.
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
            // What the proxy itself answered is none of the server's.
            down.untouched = !self.proxy.is_heard();
        }
        Some(rest)
    }

    /// Takes up what the proxy was asked for: the host's name, and the port that tells the protocol.
    pub(super) fn enter_tunnel(&mut self, run: &Run<'_>, ctx: &mut Context<'_>) {
        if let Some(target) = self.proxy.take_target() {
            self.port = target.port;
            if let Some(name) = target.name {
                ctx.learn_name(EvidenceKind::Tunnel, &name, true, run.stamp.frame);
            }
        }
    }
}
