//! The analysis of one capture, driven packet by packet.

use std::hash::{BuildHasher, Hasher, RandomState};

use nflx_core::{LinkType, Time};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::facts::{Packet, Segment, Server, Window};
use crate::model::{self, Asked};
use crate::settings::changed;

/// Analyses one capture: packets in, facts out.
///
/// Settings are keyword arguments, by the names that `nflx settings` lists. `model` is the path or
/// the bytes of an ONNX file with a card, which is evaluated for each window, `as_known` seconds
/// after it. Settings on the card apply unless an argument sets them.
#[pyclass(module = "nflx")]
pub(crate) struct Engine {
    engine: nflx_core::Engine,
    /// Number of the latest packet.
    frame: u64,
    asked: Option<Asked>,
}

#[pymethods]
impl Engine {
    #[new]
    #[pyo3(signature = (*, model=None, as_known=0, **settings))]
    fn new(
        model: Option<&Bound<'_, PyAny>>,
        as_known: u32,
        settings: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let model = model.map(model::read).transpose()?;
        let defaults = model.as_ref().map(model::settings).transpose()?;
        let mut config = changed(defaults.unwrap_or_default(), settings)?;
        // A secret per engine: the standard library seeds its hashers from the operating system.
        config.hash_seed = RandomState::new().build_hasher().finish();
        let asked = model.map(|model| Asked::new(model, &config, as_known.into()));
        let asked = asked.transpose()?;
        let mut engine = nflx_core::Engine::new(config);
        engine.watch_settled();
        Ok(Self {
            engine,
            frame: 0,
            asked,
        })
    }

    /// Processes the next packet, in the order of the capture. Returns its facts, or None if
    /// neither end is a known Netflix server.
    ///
    /// `data` are the captured bytes from the link-layer header on. `time` is in seconds since 1970
    /// (a float, or anything that converts to one); `time_ns` in nanoseconds is exact. `link_type`
    /// is a number of the tcpdump group's registry, 1 for Ethernet. `original_length` is the length
    /// on the wire, if a snapshot length cut the packet. `frame` is the packet's number, by default
    /// one more than the previous packet's.
    #[pyo3(signature = (data, time=None, *, time_ns=None, link_type=1, original_length=None, frame=None))]
    fn packet(
        &mut self,
        data: &[u8],
        time: Option<&Bound<'_, PyAny>>,
        time_ns: Option<i64>,
        link_type: u16,
        original_length: Option<u32>,
        frame: Option<u64>,
    ) -> PyResult<Option<Packet>> {
        let time = match (time, time_ns) {
            (Some(_), Some(_)) => {
                return Err(PyTypeError::new_err("Give time or time_ns, not both."));
            }
            (None, None) => return Err(PyTypeError::new_err("Give the packet's time or time_ns.")),
            (None, Some(nanoseconds)) => Time(nanoseconds),
            (Some(seconds), None) => from_seconds(seconds.call_method0("__float__")?.extract()?)?,
        };
        self.frame = frame.unwrap_or(self.frame + 1);
        let packet = nflx_core::Packet {
            frame: self.frame,
            time,
            link_type: LinkType(link_type),
            original_length: original_length
                .unwrap_or_else(|| u32::try_from(data.len()).unwrap_or(u32::MAX)),
            data,
        };
        let said = self.engine.packet(&packet);
        if let Some(asked) = &mut self.asked {
            asked.packet(&packet, said.as_ref(), &self.engine);
        }
        Ok(said.map(|said| Packet::new(self.frame, &said, &self.engine)))
    }

    /// Returns the segments that settled since the last call, each once. A settled segment never
    /// changes again.
    fn settled(&mut self) -> Vec<Segment> {
        let mut settled = Vec::new();
        while let Some(row) = self.engine.next_settled() {
            settled.push(Segment::new(&row, &self.engine));
        }
        settled
    }

    /// Returns the model's answers for the windows that closed since the last call, each once, with
    /// what was known then.
    fn windows(&mut self) -> Vec<Window> {
        self.asked.as_mut().map(Asked::take).unwrap_or_default()
    }

    /// Ends the capture: every segment settles, and every window closes.
    fn finish(&mut self) {
        self.engine.finish();
        if let Some(asked) = &mut self.asked {
            asked.finish(&self.engine);
        }
    }

    /// Returns all segments that are held, as they are now, in order of request.
    fn segments(&self) -> Vec<Segment> {
        self.engine
            .segments()
            .map(|row| Segment::new(row, &self.engine))
            .collect()
    }

    /// Returns all Netflix servers, in order of identification.
    fn servers(&self) -> Vec<Server> {
        self.engine
            .servers()
            .map(|(id, row)| Server::new(id, row, &self.engine))
            .collect()
    }

    /// True if packets of a server were skipped because it was not yet known to be Netflix. Call
    /// `read_again` and give the same packets again to find more segments.
    #[getter]
    fn should_read_again(&self) -> bool {
        self.engine.should_read_again()
    }

    /// Forgets everything except the evidence, so that the same packets can be given again.
    fn read_again(&mut self) {
        let config = self.engine.config().clone();
        let engine = std::mem::replace(&mut self.engine, nflx_core::Engine::new(config));
        self.engine = engine.restart_with_evidence();
        self.engine.watch_settled();
        if let Some(asked) = &mut self.asked {
            asked.begin(self.engine.config());
        }
        self.frame = 0;
    }

    /// How often something was evicted or dropped for lack of room. If it is not 0, results may be
    /// incomplete.
    #[getter]
    fn lost(&self) -> u64 {
        self.engine.stats().lost() + self.asked.as_ref().map_or(0, |asked| asked.lost)
    }
}

/// Converts seconds since 1970 to a time.
fn from_seconds(seconds: f64) -> PyResult<Time> {
    let nanoseconds = (seconds * 1e9).round();
    // Also refuses NaN.
    if nanoseconds.is_nan() || nanoseconds.abs() >= i64::MAX as f64 {
        return Err(PyValueError::new_err(format!(
            "The time {seconds} is no time in seconds since 1970."
        )));
    }
    Ok(Time(nanoseconds as i64))
}
