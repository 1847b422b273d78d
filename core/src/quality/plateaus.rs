//! Levels of a buffer at which a player waits, and which of them is that of a full one.

/// The most that one observation costs.
pub(super) const MOST: f64 = 4.0;
/// Waits on one level that make it the level of a full buffer.
pub(super) const FULL: f64 = 3.0;
/// A level whose cost is less than this share of the most is on the plateau of now. Two off it that are so many times the
/// scatter apart at most are on another.
const STAYS: f64 = 0.75;
const ANOTHER: f64 = 3.0;

/// How far the level of a full buffer seems moved at most, in segments, as nobody knows where in a segment the viewer went:
/// it is taken for the middle, and players may fetch the segment before as well.
pub(super) const MOVED: f64 = 1.5;

/// Levels that stay, until the viewer acts: then there is another.
#[derive(Debug, Default)]
pub(super) struct Plateaus {
    /// There is no other track.
    alone: bool,
    pub(super) begun: bool,
    /// Sum and number of the levels on the one of now.
    now: (f64, f64),
    /// Times the viewer had gone elsewhere at the latest level on it.
    seeks: u32,
    /// A level off it, which may be the first on another.
    next: Option<f64>,
    /// The highest of those that were long enough to be that of a full buffer.
    highest: (f64, f64),
    /// The same of the first ones after the start and after each time the viewer had gone elsewhere, and how many times
    /// that was at the latest of them.
    first: (f64, f64),
    /// The first one of all, if the viewer had not gone elsewhere before.
    untouched: (f64, f64),
    told: Option<u32>,
}

impl Plateaus {
    /// None yet. `alone`: there is no other track.
    pub(super) fn new(alone: bool) -> Self {
        Self {
            alone,
            ..Self::default()
        }
    }

    /// Adds a level; returns its cost.
    pub(super) fn see(&mut self, level: f64, seeks: u32, scatter: f64) -> f64 {
        let (sum, number) = self.now;
        let same = self.seeks == seeks;
        if number == 0.0 {
            (self.now, self.seeks) = ((level, 1.0), seeks);
            return 0.0;
        }
        let off = (level - sum / number) / scatter;
        let cost = (0.5 * off * off).min(MOST);
        if cost < STAYS * MOST {
            (self.now, self.seeks) = ((sum + level, number + 1.0), seeks);
            self.next = None;
            return cost;
        }
        if let Some(first) = self
            .next
            .take_if(|first| ((level - *first) / scatter).abs() < ANOTHER)
        {
            self.leave();
            (self.now, self.seeks) = ((first + level, 2.0), seeks);
            // A pause lowers the level; what raises it is media that was thrown away. Beside another track, that shows better
            // by what both hold.
            let raised = self.alone && same && level > sum / number;
            return if raised { MOST } else { 0.0 };
        }
        self.next = Some(level);
        cost
    }

    /// Notes a plateau that is over.
    pub(super) fn leave(&mut self) {
        if self.now.1 < FULL {
            return;
        }
        let mean = |plateau: (f64, f64)| plateau.0 / plateau.1;
        let higher = |than: (f64, f64)| than.1 == 0.0 || mean(self.now) > mean(than);
        if self.told.is_none() && self.seeks == 0 {
            self.untouched = self.now;
        }
        if self.told != Some(self.seeks) && higher(self.first) {
            self.first = self.now;
        }
        if higher(self.highest) {
            self.highest = self.now;
        }
        self.told = Some(self.seeks);
    }

    /// The level of a full buffer by the plateaus that nothing unseen came before: what came before later ones, such as a
    /// pause or another speed, has moved them. One behind a place to which the viewer went, with segments of so many
    /// `seconds`, tells only where it is higher by more than [`MOVED`].
    pub(super) fn first(&self, seconds: f64) -> Option<f64> {
        let mean = |plateau: (f64, f64)| (plateau.1 > 0.0).then(|| plateau.0 / plateau.1);
        let first = mean(self.first)?;
        let untouched =
            mean(self.untouched).filter(|untouched| first - untouched <= MOVED * seconds);
        untouched.or(Some(first))
    }

    /// The level of a full buffer: whoever pauses unseen is on a lower one after that, and on the old one after going
    /// elsewhere.
    pub(super) fn highest(&self) -> Option<f64> {
        (self.highest.1 > 0.0).then(|| self.highest.0 / self.highest.1)
    }
}
