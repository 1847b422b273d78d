//! Features for models of video quality: one row per session and window, with the columns of the
//! published data sets.
//!
//! A *session* is one client address's traffic with Netflix servers, until it pauses for longer
//! than [`Config::session_idle`]. A *window* is [`Config::feature_window`] long. The first begins
//! with the session's first packet; windows follow each other without a gap, including empty ones,
//! up to the one with the last packet. Every packet of the session lies in exactly one window. A
//! packet whose time is before the open window (captures step back where several queues wrote them)
//! counts in the open one, and in [`WindowStats::packets_late`].
//!
//! The kind and end of a segment are known only once the capture has been read. Packets can be
//! counted before that: create [`Features::ahead`], pass in each packet with its annotation from
//! the [`Engine`], and call [`Features::settle`] at the end. Read the capture a second time if
//! evidence came after packets that it concerns ([`Engine::evidence_came_late`]), or if something
//! did not fit ([`Features::is_whole`]): create [`Features::new`] from the first engine, and pass
//! in every packet again with annotations from an engine that starts with the evidence of the first
//! ([`Engine::restart_with_evidence`]). The rows are the same either way. They come in the order in
//! which windows close: at their client's first packet after the window, and at the end in the
//! order of sessions.
//!
//! [`Live`] returns rows while packets pass, some time after each window, from the packets up to
//! then. It is for hosts that cannot wait for the end, and for training models on the rows that
//! such hosts will have.
//!
//! [`COLUMNS`] is the one table of names, units and definitions; [`PLAYBACK`] has the columns that
//! [`crate::quality::PlaybackColumns`] fills.
//!
//! # Example
//!
//! ```
//! use nflx_core::{Config, Engine, Features, LinkType, Packet, Time, features};
//!
//! // 23.246.11.141, an address that Netflix announces, sends an empty UDP datagram.
//! let bytes = [
//!     0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 23, 246, 11, 141, 192, 0, 2, 1, 0x01, 0xbb, 0xc3, 0x50, 0, 8, 0, 0,
//! ];
//! let packet = Packet { frame: 1, time: Time(0), link_type: LinkType::RAW, original_length: 28, data: &bytes };
//! let mut engine = Engine::new(Config::default());
//! engine.packet(&packet);
//! engine.finish();
//!
//! let mut features = Features::new(&engine);
//! let mut engine = engine.restart_with_evidence();
//! let said = engine.packet(&packet);
//! features.packet(&packet, said.as_ref());
//! features.finish();
//! let row = features.next_row().expect("one window");
//! assert!(features.next_row().is_none());
//! let column = features::column("serverByteCount").expect("a column");
//! assert_eq!(column.value(&row), features::Value::Integer(28));
//! ```
//!
//! [`Config::session_idle`]: crate::Config::session_idle
//! [`Config::feature_window`]: crate::Config::feature_window
//! [`Engine`]: crate::Engine
//! [`Engine::evidence_came_late`]: crate::Engine::evidence_came_late
//! [`Engine::restart_with_evidence`]: crate::Engine::restart_with_evidence

mod asked;
mod carriage;
mod columns;
mod events;
mod live;
mod moments;
mod played;
mod row;
mod sample;
mod session;
mod shares;
mod tcp;
#[cfg(test)]
mod testing;
mod window;
mod windows;

pub use columns::{COLUMNS, Column, DEFINITIONS, Layer, PLAYBACK, Source, Type, Value, column};
pub use live::Live;
pub(crate) use played::{Fetched, Played, Shown, mean};
pub use row::Row;
pub use windows::{Features, WindowStats};
