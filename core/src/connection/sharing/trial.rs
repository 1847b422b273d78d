//! Sizes that may be the audio's while too few responses agree on one: each is tried on all that
//! came, and the one that is contradicted least counts.

use super::period::Usual;
use super::reader::PeriodReader;
use super::sizes::{Ground, track_of};
use super::{Past, Sharing};
use crate::config::Config;

/// By how much more than another a size on which a few agree is contradicted if it is not the
/// audio's. In 43 recordings of players over HTTP/2 and HTTP/3, 19 such sizes met another: audio's
/// own (11) was contradicted by at most 1.9 more, video of a constant size (8) by 3.9 to 19 more, and
/// twice by 1.6 or less.
const REFUTED: f64 = 3.0;
/// The same for a size on which enough agree: video of a constant quality was contradicted by 74 more
/// in 121 requests.
const REFUTED_ENOUGH: f64 = 10.0;
/// Number of requests from which a size that came once may be the audio's; how much may contradict
/// it per request; and by how much more others must be contradicted. In these recordings, 17 such
/// sizes fitted: 13 were audio's own, and the other four gave way to it when more was known. In 109
/// recordings, nothing differs from 0.68 to 0.75 per request; with 0.66 one loses its audio, and with
/// 0.8 one takes a wrong size. In 25 others, two more find audio's size with 0.5 than with 1.5 or 2.5,
/// and none takes a wrong one.
const ENOUGH: u32 = 12;
const FITTING: f64 = 0.75;
const CLEARLY: f64 = 0.5;

/// A size, and what contradicts it.
#[derive(Clone, Copy, Debug)]
struct TriedSize {
    usual: Usual,
    cost: f64,
    requests: u32,
}

impl TriedSize {
    /// Returns true if this size, which has this ground, is contradicted far more than another.
    fn is_refuted_by(&self, other: &Self, ground: Option<Ground>) -> bool {
        let margin = match ground {
            Some(Ground::One) => CLEARLY,
            Some(Ground::Enough) => REFUTED_ENOUGH,
            Some(Ground::Few) | None => REFUTED,
        };
        self.cost > other.cost + margin
    }

    /// Returns true if this size, which came once, explains what came and others do not. Without
    /// another to compare with, nothing shows that.
    fn fits(&self, others: &[Option<Self>]) -> bool {
        let is_worse = |other: &Self| other.cost >= self.cost + CLEARLY;
        self.requests >= ENOUGH
            && self.cost <= FITTING * f64::from(self.requests)
            && others.iter().any(Option::is_some)
            && others.iter().flatten().all(is_worse)
    }
}

impl Sharing {
    /// Weighs the latest size of audio, if any, against the one that was `known` before, with its
    /// ground, and against the smallest size that was alone, if either is new. If enough agreed on
    /// both, another title has begun. `latest`: the size of the latest response that was alone.
    /// Returns true if none is left.
    pub(super) fn weigh(
        &mut self,
        latest: u32,
        known: Option<(Usual, Ground)>,
        config: &Config,
    ) -> bool {
        let ground = self.audio.ground();
        let was_sure = known.is_some_and(|known| known.1 == Ground::Enough);
        if was_sure && ground == Some(Ground::Enough) {
            return false;
        }
        let known = known.map(|known| known.0);
        let now = self.audio.latest();
        let differ = |one: Option<Usual>, other: Option<Usual>| {
            let agree = |one: Usual| other.is_some_and(|other| one.agrees(other.size, config));
            one.filter(|&one| !agree(one))
        };
        let is_new = differ(now, known).is_some();
        let [least, next] = self.audio.smallest(config);
        let least = least.filter(|least| is_new || least.size == u64::from(latest));
        let (least, before) = (differ(least, now), differ(known, now));
        if before.is_none() && least.is_none() {
            return false;
        }
        let next = next.filter(|_| now.is_none());
        let [least, before, now, next] = [least, before, now, next]
            .map(|usual| usual.and_then(|usual| self.tried(usual, config)));
        let fitting = least.filter(|least| least.fits(&[before, now, next]));
        let Some(now) = now else {
            fitting.inspect(|fitting| self.audio.replace(Some(fitting.usual)));
            return false;
        };
        let refutes = |other: &TriedSize| now.is_refuted_by(other, ground);
        if ![before, least].iter().flatten().any(refutes) {
            return false;
        }
        let better = before.filter(refutes).or(fitting);
        self.audio.replace(better.map(|better| better.usual));
        better.is_none()
    }

    /// Reads all that is kept of the title with this size. That takes many readings of each period,
    /// so nothing is tried if it would take more than one for each datagram since the last trials.
    fn tried(&mut self, usual: Usual, config: &Config) -> Option<TriedSize> {
        if !self.spend() {
            return None;
        }
        let began = self.audio.began();
        let of_title = || {
            let past = self.past.iter().enumerate();
            past.filter(|(_, past)| past.asked() >= began)
        };
        let mut least = f64::MAX;
        for reader in &self.readers {
            let mut reader = PeriodReader {
                manner: reader.manner,
                is_trial: true,
                ..PeriodReader::default()
            };
            for (at, past) in of_title() {
                match past {
                    &Past::Headers(_, first) => reader.first = Some(first),
                    &Past::Alone(asked, end, size) => {
                        reader.alone(track_of(size, usual), asked, end, config);
                    }
                    Past::Shared(period) => {
                        let told = period.told(&self.asks);
                        let behind = self.behind(at, period, config);
                        reader.divide(period, behind, usual, &told, config);
                    }
                }
            }
            least = least.min(reader.cost);
        }
        Some(TriedSize {
            usual,
            cost: least,
            requests: of_title().map(|(_, past)| past.requests()).sum(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tried(cost: f64, requests: u32) -> TriedSize {
        let usual = Usual { size: 1, spread: 0 };
        TriedSize {
            usual,
            cost,
            requests,
        }
    }

    #[test]
    fn both_sides_of_a_size_that_is_refuted() {
        let other = tried(5.0, 20);
        for (ground, margin) in [
            (Ground::One, CLEARLY),
            (Ground::Few, REFUTED),
            (Ground::Enough, REFUTED_ENOUGH),
        ] {
            let is = |cost: f64| tried(5.0 + cost, 20).is_refuted_by(&other, Some(ground));
            assert!(!is(margin) && is(margin + 0.01), "{ground:?}");
        }
    }

    #[test]
    fn both_sides_of_a_size_that_came_once_and_fits() {
        let fits = |cost: f64, requests, other| {
            tried(cost, requests).fits(&[None, Some(tried(other, requests))])
        };
        let most = FITTING * f64::from(ENOUGH);
        assert!(fits(most, ENOUGH, 20.0) && !fits(most + 0.01, ENOUGH, 20.0));
        assert!(!fits(1.0, ENOUGH - 1, 20.0));
        assert!(!tried(1.0, ENOUGH).fits(&[None, None]));
        assert!(fits(5.0, ENOUGH, 5.0 + CLEARLY) && !fits(5.0, ENOUGH, 4.99 + CLEARLY));
    }
}
