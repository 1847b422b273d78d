//! Levels of a buffer at which a player waits, and the level of a full buffer among them.

/// The most that one observation costs.
pub(super) const MOST: f64 = 4.0;
/// Fewest waits on one level from which it can be the level of a full buffer.
pub(super) const FULL: f64 = 3.0;
/// A level whose cost is less than this share of the most is on the current plateau. Two levels off
/// it that are less than this many times the scatter apart begin another.
const STAYS: f64 = 0.75;
const ANOTHER: f64 = 3.0;

/// Largest error of the level of a full buffer after a seek, in segments: it is unknown where in a
/// segment the viewer went. The middle is assumed, and players may fetch the segment before as
/// well.
pub(super) const MOVED: f64 = 1.5;

/// Levels that stay until the viewer acts; then another plateau begins.
#[derive(Debug, Default)]
pub(super) struct Plateaus {
    /// True if there is no other track.
    alone: bool,
    pub(super) begun: bool,
    /// Sum and number of the levels on the current plateau.
    now: (f64, f64),
    /// Number of seeks before the latest level on it.
    seeks: u32,
    /// A level off it, which may be the first on another.
    next: Option<f64>,
    /// The highest plateau that was long enough for a full buffer.
    highest: (f64, f64),
    /// The highest among the first such plateaus after the start and after each seek.
    first: (f64, f64),
    /// The first such plateau, if no seek came before it.
    untouched: (f64, f64),
    told: Option<u32>,
}

impl Plateaus {
    /// Creates an empty list of plateaus. `alone`: there is no other track.
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
        // The second level near a deviant one: both begin another plateau, and the first of them
        // has been paid for.
        if let Some(first) = self
            .next
            .take_if(|first| ((level - *first) / scatter).abs() < ANOTHER)
        {
            self.leave();
            (self.now, self.seeks) = ((first + level, 2.0), seeks);
            // A pause lowers the level; only discarded media raises it. Beside another track, a
            // comparison of both shows that better.
            let raised = self.alone && same && level > sum / number;
            return if raised { MOST } else { 0.0 };
        }
        self.next = Some(level);
        cost
    }

    /// Records a plateau that has ended.
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

    /// Returns the level of a full buffer, by the plateaus that nothing unseen can have moved: a
    /// pause or a change of speed may have come before later ones. With segments of `seconds`
    /// seconds, the plateau after a seek counts only if it is higher by more than [`MOVED`].
    pub(super) fn first(&self, seconds: f64) -> Option<f64> {
        let mean = |plateau: (f64, f64)| (plateau.1 > 0.0).then(|| plateau.0 / plateau.1);
        let first = mean(self.first)?;
        let untouched =
            mean(self.untouched).filter(|untouched| first - untouched <= MOVED * seconds);
        untouched.or(Some(first))
    }

    /// Returns the level of a full buffer: after a pause that nothing shows, a player is on a lower
    /// level, and after a seek on the old one.
    pub(super) fn highest(&self) -> Option<f64> {
        (self.highest.1 > 0.0).then(|| self.highest.0 / self.highest.1)
    }
}
