//! Facts as Python objects, with the names of the command's columns.

use std::convert::Infallible;
use std::net::IpAddr;

use nflx_core::features::Row;
use nflx_core::quality::model::Answer;
use nflx_core::{Annotation, Direction, Engine, Time};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

/// Converts nanoseconds to seconds.
fn seconds(nanoseconds: i64) -> f64 {
    nanoseconds as f64 / 1e9
}

/// An address, converted to text on access.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Address(IpAddr);

impl<'py> IntoPyObject<'py> for Address {
    type Target = PyString;
    type Output = Bound<'py, PyString>;
    type Error = Infallible;

    fn into_pyobject(self, py: Python<'py>) -> Result<Self::Output, Infallible> {
        Ok(PyString::new(py, &self.0.to_string()))
    }
}

/// Makes a class of plain values, with a conversion to a dictionary and to text.
macro_rules! facts {
    ($(#[$about:meta])* $name:ident { $($(#[$meaning:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$about])*
        #[pyclass(frozen, get_all, module = "nflx")]
        #[derive(Clone, Debug)]
        pub(crate) struct $name {
            $($(#[$meaning])* pub(crate) $field: $type,)*
        }

        #[pymethods]
        impl $name {
            /// Returns all values by their names.
            fn as_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
                let all = PyDict::new(py);
                $(all.set_item(stringify!($field), self.$field.clone())?;)*
                Ok(all)
            }

            fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
                let mut text = String::from(concat!(stringify!($name), "("));
                for (name, value) in self.as_dict(py)? {
                    if !text.ends_with('(') {
                        text.push_str(", ");
                    }
                    text.push_str(&format!("{name}={}", value.repr()?));
                }
                text.push(')');
                Ok(text)
            }
        }
    };
}

facts! {
    /// One packet of a Netflix server, as of that packet.
    Packet {
        /// Number of the packet, from 1.
        frame: u64,
        /// Number of its flow, from 0; None for packets without ports.
        flow: Option<u32>,
        /// in (from Netflix) or out.
        direction: &'static str,
        /// Address of the server; None if it was evicted.
        server: Option<Address>,
        /// Name that identified the server, if any.
        name: Option<String>,
        /// Strongest evidence that identifies the server as Netflix.
        evidence: Option<&'static str>,
        /// Role of the server, by its traffic so far.
        role: &'static str,
        /// True if the packet begins a request.
        request: bool,
        /// Number of its segment, from 1.
        segment: Option<u32>,
        /// The kind of the segment, as far as it is known.
        kind: Option<&'static str>,
        /// Response payload of the segment up to this packet; None outside segments.
        bytes_so_far: Option<u64>,
        /// Packets from the server up to this one.
        server_in_pkts: u64,
        /// Packets to the server up to this one.
        server_out_pkts: u64,
        /// IP bytes from the server up to this packet.
        server_in_bytes: u64,
        /// IP bytes to the server up to this packet.
        server_out_bytes: u64,
        /// Packets of the flow from the server up to this one.
        flow_in_pkts: u64,
        /// Packets of the flow to the server up to this one.
        flow_out_pkts: u64,
        /// IP bytes of the flow from the server up to this packet.
        flow_in_bytes: u64,
        /// IP bytes of the flow to the server up to this packet.
        flow_out_bytes: u64,
        /// True if the snapshot length cut headers or record framing of the packet.
        truncated: bool,
    }
}

facts! {
    /// One request and its response.
    Segment {
        /// Number in the capture, from 1 in order of request.
        segment: u32,
        /// Position among the segments of its server, from 1.
        index: u32,
        /// Address of the server.
        server: Option<Address>,
        /// Port of the server.
        server_port: u16,
        /// Address of the client.
        client: Address,
        /// Port of the client.
        client_port: u16,
        /// tcp or quic.
        transport: &'static str,
        /// Name that its connection gave, or else the name that identified the server.
        name: Option<String>,
        /// video, audio, other, or pending until it is decided.
        kind: &'static str,
        /// First packet of the request.
        request_frame: u64,
        /// First packet of the response with new data.
        first_frame: Option<u64>,
        /// Last packet of the response with new data.
        last_frame: Option<u64>,
        /// Time of the request, in nanoseconds since 1970.
        t_request_ns: i64,
        /// Time of the first response packet, in nanoseconds since 1970.
        t_first_ns: Option<i64>,
        /// Time of the last response packet, in nanoseconds since 1970.
        t_last_ns: Option<i64>,
        /// Response packets with payload.
        pkts: u64,
        /// Response payload carried by TCP or UDP, each byte once.
        bytes: u64,
        /// The same less the framing of TLS or QUIC.
        app_bytes: u64,
        /// Response payload that was seen again.
        retransmitted_bytes: u64,
        /// Response payload that was acknowledged but never captured.
        missing_bytes: u64,
        /// Bytes by which app_bytes may be off at most, for 95 of 100 segments; 0 if it is exact.
        size_error: u64,
        /// Time from request to first byte, in seconds.
        ttfb_s: Option<f64>,
        /// Time from request to last byte, in seconds.
        duration_s: Option<f64>,
        /// Bits per second from the first to the last byte.
        throughput_bps: Option<f64>,
        /// True if it was ended by the next request, by close or by silence.
        complete: bool,
        /// True if app_bytes is estimated.
        estimated: bool,
        /// True if the bytes were divided among requests that overlapped.
        shared: bool,
        /// True if it was seen through acknowledgements only.
        inferred: bool,
        /// True if the client closed the connection within the response.
        aborted: bool,
        /// Proxy that it came through: connect, socks or http_proxy.
        via: Option<&'static str>,
        /// True if nothing about it will change again.
        settled: bool,
    }
}

facts! {
    /// A Netflix address and its traffic.
    Server {
        /// The address.
        server: Address,
        /// Name that identified it, if any.
        name: Option<String>,
        /// Kinds of evidence that identify it as Netflix, strongest first, each once.
        evidence: Vec<&'static str>,
        /// Role, by its traffic so far.
        role: &'static str,
        /// Number of connections to it.
        flows: u32,
        /// IP packets that it sent.
        in_pkts: u64,
        /// IP packets that it received.
        out_pkts: u64,
        /// IP bytes that it sent.
        in_bytes: u64,
        /// IP bytes that it received.
        out_bytes: u64,
        /// Number of requests to it.
        segments: u32,
        /// Sum of the bytes of its segments.
        segment_bytes: u64,
        /// First packet, in nanoseconds since 1970.
        t_first_ns: i64,
        /// Last packet, in nanoseconds since 1970.
        t_last_ns: i64,
    }
}

facts! {
    /// A model's answer for a window of one client's traffic.
    Window {
        /// Number of the session in the capture, from 1.
        session: u32,
        /// Number of the window in its session, from 0.
        window: u32,
        /// Address of the client.
        client: Address,
        /// Start of the window, in nanoseconds since 1970.
        from_ns: i64,
        /// End of the window, in nanoseconds since 1970.
        to_ns: i64,
        /// Label that the model gives; None if it does not answer, or if it gives a value.
        label: Option<String>,
        /// Value that the model gives, or the label as a number.
        value: Option<f64>,
        /// Probability that the label is right, from 0 to 1.
        confidence: Option<f64>,
        /// True if an input of the model lies outside the values seen in training.
        out_of_range: bool,
        /// Why the model does not answer.
        reason: Option<String>,
    }
}

impl Window {
    pub(crate) fn new(row: &Row, answer: &Answer<'_>) -> Self {
        Self {
            session: row.session,
            window: row.window,
            client: Address(row.client),
            from_ns: row.start.0,
            to_ns: row.end.0,
            label: answer.label.map(str::to_owned),
            value: answer.value,
            confidence: answer.confidence,
            out_of_range: answer.out_of_range,
            reason: answer.reason.map(|reason| reason.to_string()),
        }
    }
}

impl Packet {
    pub(crate) fn new(frame: u64, said: &Annotation, engine: &Engine) -> Self {
        let server = engine.server(said.server);
        let segment = said.segment.and_then(|number| engine.segment(number));
        let (of_server, of_flow) = (said.server_counters, said.flow_counters);
        Self {
            frame,
            flow: said.flow,
            direction: match said.direction {
                Direction::In => "in",
                Direction::Out => "out",
            },
            server: server.map(|server| Address(server.address)),
            name: server.and_then(|server| server.name().map(str::to_owned)),
            evidence: server.and_then(|server| server.strongest().map(|kind| kind.as_str())),
            role: server.map_or("unknown", |server| server.role.as_str()),
            request: said.request,
            segment: said.segment,
            kind: segment.map(|segment| segment.kind.as_str()),
            bytes_so_far: said.segment.map(|_| said.bytes_so_far),
            server_in_pkts: of_server.in_pkts,
            server_out_pkts: of_server.out_pkts,
            server_in_bytes: of_server.in_bytes,
            server_out_bytes: of_server.out_bytes,
            flow_in_pkts: of_flow.in_pkts,
            flow_out_pkts: of_flow.out_pkts,
            flow_in_bytes: of_flow.in_bytes,
            flow_out_bytes: of_flow.out_bytes,
            truncated: said.truncated,
        }
    }
}

impl Segment {
    pub(crate) fn new(row: &nflx_core::Segment, engine: &Engine) -> Self {
        let server = engine.server(row.server);
        let time = |time: Time| time.0;
        Self {
            segment: row.number,
            index: row.index,
            server: server.map(|server| Address(server.address)),
            server_port: row.server_port,
            client: Address(row.client),
            client_port: row.client_port,
            transport: row.transport.as_str(),
            name: engine.segment_name(row).map(str::to_owned),
            kind: row.kind.as_str(),
            request_frame: row.request_frame,
            first_frame: row.first_frame,
            last_frame: row.last_frame,
            t_request_ns: row.t_request.0,
            t_first_ns: row.t_first.map(time),
            t_last_ns: row.t_last.map(time),
            pkts: row.pkts,
            bytes: row.bytes,
            app_bytes: row.app_bytes,
            retransmitted_bytes: row.retransmitted_bytes,
            missing_bytes: row.missing_bytes,
            size_error: row.size_error,
            ttfb_s: row.ttfb().map(seconds),
            duration_s: row.duration().map(seconds),
            throughput_bps: row.throughput(),
            complete: row.complete,
            estimated: row.estimated,
            shared: row.shared,
            inferred: row.inferred,
            aborted: row.aborted,
            via: row.via.map(|via| via.as_str()),
            settled: row.settled,
        }
    }
}

impl Server {
    pub(crate) fn new(id: u32, row: &nflx_core::Server, engine: &Engine) -> Self {
        let totals = engine.server_segments(id);
        let mut evidence: Vec<_> = row
            .evidence
            .iter()
            .map(|piece| piece.kind.as_str())
            .collect();
        evidence.dedup();
        Self {
            server: Address(row.address),
            name: row.name().map(str::to_owned),
            evidence,
            role: row.role.as_str(),
            flows: row.flows,
            in_pkts: row.counters.in_pkts,
            out_pkts: row.counters.out_pkts,
            in_bytes: row.counters.in_bytes,
            out_bytes: row.counters.out_bytes,
            segments: totals.count,
            segment_bytes: totals.bytes,
            t_first_ns: row.t_first.0,
            t_last_ns: row.t_last.0,
        }
    }
}
