//! The server's name on its connection: in a ClientHello, a certificate, or the head of a request.

use super::{Application, Protocol};
use crate::connection::context::Context;
use crate::connection::tcp::stream::Run;
use crate::facts::server::EvidenceKind;
use crate::wire::client_hello::ClientHello;

impl Application {
    /// Looks for the server's name in a ClientHello.
    pub(super) fn look_for_name(&mut self, run: &Run<'_>, ctx: &mut Context<'_>) {
        if self.settled || !matches!(self.protocol, Protocol::Tls(_)) {
            return;
        }
        if let Some(message) = self.client_hello.take(run.bytes, run.length)
            && let Some(hello) = ClientHello::parse(&message)
        {
            if let (false, Protocol::Tls(tls)) = (hello.truncated, &mut self.protocol) {
                tls.offer(hello.alpn.clone().any(|protocol| protocol == b"h2"));
            }
            if let Some(name) = hello.server_name {
                let name = name.to_ascii_lowercase();
                self.is_named = true;
                ctx.learn_name(EvidenceKind::Sni, &name, hello.encrypted, run.stamp.frame);
            }
        }
        self.settled |=
            self.client_hello.is_done() && (self.is_named || self.certificate.is_done());
    }

    /// Looks for the server's name in its certificate, if the client named none.
    pub(super) fn name_from_certificate(&mut self, run: &Run<'_>, ctx: &mut Context<'_>) {
        if !matches!(self.protocol, Protocol::Tls(_)) || self.is_named {
            return;
        }
        let names = self.certificate.take(run.bytes, run.length);
        let kind = EvidenceKind::Certificate;
        if let Some(name) = names.iter().find(|name| ctx.config.is_netflix(name)) {
            ctx.learn_name(kind, name, false, run.stamp.frame);
        } else if !names.is_empty() {
            ctx.learn_foreign(kind);
        }
        self.settled |= self.client_hello.is_done() && self.certificate.is_done();
    }

    /// Looks for the server's name in the first HTTP request, and opens that request's segment once
    /// the name is known.
    pub(super) fn name_from_request(
        &mut self,
        run: &Run<'_>,
        response_at: u64,
        ctx: &mut Context<'_>,
    ) {
        if !self.settled {
            match &mut self.protocol {
                // Each of its requests names its own host.
                Protocol::Http(http) if http.is_proxied() => return,
                Protocol::Http(http) => {
                    let Some(host) = http.take_host(run) else {
                        return;
                    };
                    self.settled = true;
                    if let Some(name) = host {
                        let was_netflix = ctx.server().is_some();
                        ctx.learn_name(EvidenceKind::HttpHost, &name, false, run.stamp.frame);
                        if was_netflix && ctx.server().is_none() {
                            // It began as a request to what its address was known for. A later one
                            // may go there.
                            self.ledger.retract(ctx);
                            http.began_with_others();
                            self.settled = false;
                        }
                        self.ledger.note_own_evidence(ctx);
                    }
                }
                Protocol::Opaque => self.settled = true,
                _ => return,
            }
        }
        if let Protocol::Http(http) = &mut self.protocol {
            http.flush(response_at, &mut self.ledger, ctx);
        }
    }
}
