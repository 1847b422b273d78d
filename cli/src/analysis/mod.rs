//! Runs one capture through the engine, as often as its evidence requires. A capture is one file,
//! or the files of a ring.

mod capture_part;
mod merge;
mod parts;
mod seen;

use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use nflx_core::quality::model::Model;
use nflx_core::summary::ranked;
use nflx_core::{Annotation, Config, Engine, Features, Packet, Stats, Time, features};

use capture_part::Go;
use parts::Parts;
pub(crate) use seen::Seen;

use crate::capture::{Piece, Unreadable};
use crate::frames::Frames;
use crate::messages::{Remarks, Status};
use crate::progress::{Progress, Total};

/// Why a capture gave no complete rows.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The capture cannot be read; others may be readable.
    Unreadable(Unreadable),
    /// The output failed: nothing more can be written.
    Output(io::Error),
}

impl From<Unreadable> for Failure {
    fn from(error: Unreadable) -> Self {
        Self::Unreadable(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

/// A capture's results, with all its evidence known.
pub(crate) struct Study {
    /// The engine, which holds the results.
    pub(crate) engine: Engine,
    /// Time of the first packet.
    pub(crate) start: Time,
    /// Counts of what windows had no room for.
    pub(crate) windows: features::WindowStats,
    /// Windows counted during the first pass, if they were asked for and that pass was enough.
    pub(crate) counted: Option<Features>,
    /// Model to evaluate, if there is one.
    pub(crate) model: Option<Arc<Model>>,
    /// Seconds after each window at which its row is written, if rows do not wait for the end.
    pub(crate) as_known: Option<u64>,
    /// The files of its frames.
    pub(crate) frames: Arc<Frames>,
    parts: Parts,
    total: Option<Arc<Total>>,
    passes: u32,
    seen: Seen,
}

/// Reading may start over within this fraction of a capture: one eighth more is what a useless
/// restart may cost.
const AHEAD_SHARE: u64 = 8;

impl Study {
    /// Reads a capture once, and a second time if evidence came after packets that are part of
    /// segments. If that happens early, as it usually does, reading starts over at once.
    pub(crate) fn new(files: &[PathBuf], config: Config) -> Result<Self, Failure> {
        Self::among(files, config, None, false)
    }

    /// The same for one of several captures that all report to `total`; also counts windows if
    /// `counts`.
    pub(crate) fn among(
        files: &[PathBuf],
        config: Config,
        total: Option<Arc<Total>>,
        counts: bool,
    ) -> Result<Self, Failure> {
        let mut parts = Parts::open(files)?;
        let mut engine = Engine::new(seeded(config));
        // If titles end sessions, all titles must be known first.
        let counts = counts && !engine.config().session_by_title;
        let begin = |engine: &Engine| counts.then(|| Features::ahead(engine.config()));
        let mut counted = begin(&engine);
        let watch = progress(parts.name(), true, total.clone(), 1);
        let mut budget = parts.size().unwrap_or(0) / AHEAD_SHARE;
        let seen = loop {
            let passed = read_ahead(&mut parts, &mut engine, &mut counted, &watch, budget)?;
            match passed {
                Ahead::Whole(seen) => break seen,
                Ahead::Again(used) => budget -= used,
            }
            engine = engine.restart_with_evidence();
            counted = begin(&engine);
        };
        drop(watch);
        let mut study = Self {
            engine,
            start: seen.start.unwrap_or_default(),
            windows: features::WindowStats::default(),
            counted,
            model: None,
            as_known: None,
            frames: Arc::new(parts.frames()),
            parts,
            total,
            passes: 1,
            seen,
        };
        if let Some(number) = study.seen.only_unknown_link_types(&study.engine.stats()) {
            return Err(Unreadable::LinkType(number).into());
        }
        if falls_short(&study.engine, counts) {
            let mut counted = begin(&study.engine);
            study = study.again(true, |packet, said, engine| {
                count(&mut counted, packet, said.as_ref(), engine);
                Ok(())
            })?;
            study.counted = counted;
        }
        study.counted = study.counted.filter(Features::is_whole);
        Ok(study)
    }

    /// The same with a model to evaluate, and the time at which rows are written.
    pub(crate) fn asking(self, model: Option<&Arc<Model>>, as_known: Option<u64>) -> Self {
        Self {
            model: model.cloned(),
            as_known,
            ..self
        }
    }

    /// Passes every packet to the engine again, with the evidence of the earlier passes. Frame
    /// numbers continue from file to file: see [`Self::frames`].
    pub(crate) fn again(
        self,
        show_progress: bool,
        visit: impl FnMut(&Packet<'_>, Option<Annotation>, &Engine) -> io::Result<()>,
    ) -> Result<Self, Failure> {
        self.reread(Engine::restart_with_evidence, show_progress, visit)
    }

    /// The same without any evidence, as in a host that reads once.
    pub(crate) fn afresh(
        self,
        show_progress: bool,
        visit: impl FnMut(&Packet<'_>, Option<Annotation>, &Engine) -> io::Result<()>,
    ) -> Result<Self, Failure> {
        let begin = |engine: Engine| Engine::new(engine.config().clone());
        self.reread(begin, show_progress, visit)
    }

    fn reread(
        mut self,
        begin: impl FnOnce(Engine) -> Engine,
        show_progress: bool,
        mut visit: impl FnMut(&Packet<'_>, Option<Annotation>, &Engine) -> io::Result<()>,
    ) -> Result<Self, Failure> {
        let mut engine = begin(self.engine);
        self.passes += 1;
        let watch = progress(
            self.parts.name(),
            show_progress,
            self.total.clone(),
            self.passes,
        );
        let mut seen = Seen::default();
        self.parts
            .packets(&watch(self.parts.size()), |packet, twice| {
                if twice {
                    engine.expect_copies();
                }
                let annotation = seen.packet(&mut engine, packet);
                visit(packet, annotation, &engine)?;
                Ok::<_, Failure>(Go::On)
            })?;
        engine.finish();
        drop(watch);
        Ok(Self {
            engine,
            seen,
            ..self
        })
    }

    /// The same with every byte of a single-file capture, for rewriting it.
    pub(crate) fn pieces(
        mut self,
        mut visit: impl FnMut(Piece<'_>, Option<Annotation>, &Engine) -> io::Result<()>,
    ) -> Result<Self, Failure> {
        let mut engine = self.engine.restart_with_evidence();
        let watch = progress(self.parts.name(), true, None, 2);
        let mut seen = Seen::default();
        self.parts.pieces(&watch(self.parts.size()), |piece| {
            let annotation = match &piece {
                Piece::Record(packet) | Piece::Packet(packet, _) => {
                    seen.packet(&mut engine, packet)
                }
                Piece::Header(_) | Piece::Section(_) | Piece::Other(_) => None,
            };
            visit(piece, annotation, &engine)?;
            Ok::<_, Failure>(())
        })?;
        engine.finish();
        drop(watch);
        Ok(Self {
            engine,
            seen,
            ..self
        })
    }

    /// Returns the capture's name in messages.
    pub(crate) fn name(&self) -> String {
        self.parts.name()
    }

    /// Returns what the user should know about the capture besides its rows, in sentences that name
    /// it.
    pub(crate) fn remarks(&self) -> Remarks {
        let (damage, failed) = self.parts.damage();
        let overlaps = self.parts.overlaps();
        let status = match (failed, damage.is_empty()) {
            (true, _) => Status::Failed,
            (false, false) => Status::Damaged,
            (false, true) => Status::Done,
        };
        let rest = self.seen.sentences(&self.engine, &self.windows);
        let rest = rest.into_iter().map(|sentence| (self.name(), sentence));
        Remarks {
            status,
            sentences: damage
                .into_iter()
                .chain(overlaps)
                .chain(rest)
                .map(|(name, sentence)| format!("{name}: {sentence}"))
                .collect(),
        }
    }

    /// The same in sentences that do not name it.
    pub(crate) fn notes(&self) -> Vec<String> {
        let (damage, _) = self.parts.damage();
        let said = damage.into_iter().chain(self.parts.overlaps());
        said.map(|(_, sentence)| sentence)
            .chain(self.seen.sentences(&self.engine, &self.windows))
            .collect()
    }

    /// Returns true if there is no packet in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.engine.stats().packets == 0
    }

    /// Returns a sentence about what the capture lacks if no server is Netflix; otherwise `None`.
    pub(crate) fn nothing_recognised(&self) -> Option<String> {
        nothing_recognised(&self.engine)
    }
}

/// Returns the sentence for captures without a Netflix server.
pub(crate) fn nothing_recognised(engine: &Engine) -> Option<String> {
    ranked(engine).is_empty().then(|| lacking(&engine.stats()))
}

/// Sets a random seed, because captures come from strangers who must not be able to fill one bucket
/// of a table.
pub(crate) fn seeded(mut config: Config) -> Config {
    config.hash_seed = RandomState::new().hash_one(0);
    config
}

/// Result of a first pass.
enum Ahead {
    /// Read to the end.
    Whole(Seen),
    /// Stopped after this many bytes, to start over with the evidence found.
    Again(u64),
}

/// Returns true if a pass with this one's evidence would show more about segments, or about packets
/// if windows count them.
fn falls_short(engine: &Engine, counts: bool) -> bool {
    engine.segments_missed() || counts && engine.evidence_came_late()
}

/// Counts a packet in its window, if windows are counted. Foreign traffic counts too, but each
/// packet once.
fn count(
    counted: &mut Option<Features>,
    packet: &Packet<'_>,
    said: Option<&Annotation>,
    engine: &Engine,
) {
    if let Some(windows) = counted
        && (said.is_some() || !engine.latest_is_copy())
    {
        windows.packet(packet, said);
    }
}

/// Passes every packet to the engine, but stops where it is better to start over, as long as at
/// most `budget` bytes were read.
fn read_ahead(
    parts: &mut Parts,
    engine: &mut Engine,
    counted: &mut Option<Features>,
    progress: &dyn Fn(Option<u64>) -> Progress,
    budget: u64,
) -> Result<Ahead, Failure> {
    let progress = progress(parts.size());
    let mut seen = Seen::default();
    let whole = parts.packets(&progress, |packet, twice| {
        if twice {
            engine.expect_copies();
        }
        let said = seen.packet(engine, packet);
        count(counted, packet, said.as_ref(), engine);
        let again = falls_short(engine, counted.is_some()) && progress.read() <= budget;
        Ok::<_, Failure>(if again { Go::Stop } else { Go::On })
    })?;
    if !whole {
        let read = progress.read();
        progress.abandon();
        return Ok(Ahead::Again(read));
    }
    engine.finish();
    Ok(Ahead::Whole(seen))
}

/// Creates the progress bar of a pass, once its length is known.
fn progress(
    name: String,
    show: bool,
    total: Option<Arc<Total>>,
    pass: u32,
) -> impl Fn(Option<u64>) -> Progress {
    move |size| match &total {
        Some(total) => total.pass(size, pass),
        None if show => Progress::new(&name, size),
        None => Progress::none(),
    }
}

fn lacking(stats: &Stats) -> String {
    let why = if stats.packets == 0 {
        "there is no packet in it".to_owned()
    } else if stats.not_ip == stats.packets {
        format!("none of its {} packets holds readable IP", stats.packets)
    } else {
        return NOTHING_RECOGNISED.to_owned();
    };
    format!("no Netflix server was recognised: {why}")
}

/// The remark if packets reveal nothing further.
pub(crate) const NOTHING_RECOGNISED: &str = "no Netflix server was recognised; start the capture before the player, so that \
                                             it contains names, or give known addresses with --prefixes";

#[cfg(test)]
mod tests;
