mod behind;
mod headers;
mod surplus;
mod usual_size;

use super::sizes::Ground;
use super::*;
use crate::facts::segment::Kind;

const MILLISECOND: i64 = 1_000_000;
const AUDIO: u64 = 49_000;

fn stamp(milliseconds: i64) -> Stamp {
    Stamp {
        frame: milliseconds as u64,
        time: Time(milliseconds * MILLISECOND),
    }
}

/// A connection, its requests numbered from 1.
struct Link {
    sharing: Sharing,
    config: Config,
    now: i64,
    number: u32,
    /// Bytes that come together in a millisecond.
    datagram: u64,
}

impl Link {
    fn new() -> Self {
        Self::with(Manner::InTurns)
    }

    fn with(manner: Manner) -> Self {
        Self::of(&[manner])
    }

    fn of(manners: &[Manner]) -> Self {
        Self {
            sharing: Sharing::new(manners),
            config: Config::default(),
            now: 0,
            number: 0,
            datagram: 1000,
        }
    }

    fn ask(&mut self) -> &mut Self {
        self.ask_with(0)
    }

    /// A request of this size.
    fn ask_with(&mut self, size: u16) -> &mut Self {
        self.give_up_and_ask(size, false)
    }

    /// The same, if the client `resets` a response just before.
    fn give_up_and_ask(&mut self, size: u16, resets: bool) -> &mut Self {
        self.number += 1;
        self.sharing.begin(PeriodRequest {
            number: self.number,
            asked: stamp(self.now).time,
            asked_at: self.sharing.received(),
            begun_at: 0,
            before: (0, 0),
            size,
            is_repeated: false,
            resets,
        });
        self
    }

    /// Bytes come, a datagram a millisecond.
    fn take(&mut self, bytes: u64) -> &mut Self {
        let (each, datagrams) = (self.datagram, bytes.div_ceil(self.datagram));
        for left in (1..=datagrams).rev() {
            let part = if left == 1 {
                bytes - (datagrams - 1) * each
            } else {
                each
            };
            self.now += 1;
            self.sharing.take(part, part + 30, 1, stamp(self.now));
        }
        self
    }

    fn end(&mut self) -> Vec<Part> {
        self.sharing.end(0, &self.config, &|_| true)
    }

    /// Audio and video by turns, alone, every two seconds.
    fn learn(&mut self, rounds: u64) -> &mut Self {
        for round in 0..rounds {
            for size in [AUDIO + round % 2 * 200, 400_000 + round * 30_000] {
                self.ask().take(size);
                assert!(self.end().is_empty());
                self.now += 500;
            }
            self.now += 500;
        }
        self
    }
}

fn sizes(parts: &[Part]) -> Vec<u64> {
    parts.iter().map(|part| part.size).collect()
}

#[test]
fn audio_gets_its_usual_size_and_video_the_rest() {
    let mut link = Link::new();
    link.learn(4).ask().take(120_000).ask().take(300_000);
    let parts = link.end();
    let usual = parts[1].size;
    assert!(usual.abs_diff(AUDIO) <= 200);
    assert_eq!(sizes(&parts), [420_000 - usual, usual]);
    // More than an audio segment had come before the second could begin: there is no doubt.
    assert!(parts.iter().all(|part| part.error < 1_000), "{parts:?}");
    assert_eq!(
        parts.iter().map(|part| part.wire).sum::<u64>(),
        420_000 + 420 * 30
    );
}

#[test]
fn the_rhythm_decides_where_bytes_do_not() {
    let mut link = Link::new();
    // Video was the last: audio is due.
    link.learn(4).ask().take(10_000).ask().take(400_000);
    let parts = link.end();
    assert!(parts[0].size.abs_diff(AUDIO) <= 200, "{parts:?}");
}

#[test]
fn what_came_before_audio_was_known_is_told_apart_later() {
    let mut link = Link::new();
    link.ask().take(200_000).ask().take(300_000);
    assert!(link.end().is_empty());
    link.now += 1000;
    for size in [AUDIO, 500_000, AUDIO + 100, 450_000] {
        link.ask().take(size);
        assert!(link.end().is_empty());
        link.now += 1000;
    }
    let parts = link.ask().take(AUDIO + 50).end();
    assert_eq!(sizes(&parts), [500_000 - AUDIO - 50, AUDIO + 50]);
}

#[test]
fn both_sides_of_what_datagrams_allow_to_be_read_again() {
    let mut link = Link::new();
    link.learn(4);
    link.ask().ask().take(AUDIO + 300_000).end();
    let readings = link.sharing.past.iter().map(Past::readings).sum::<usize>();
    for (more, may) in [(0, true), (1, false)] {
        link.sharing.unspent = readings - more;
        assert_eq!(link.sharing.spend(), may);
        assert_eq!(link.sharing.unspent, if may { 0 } else { readings - more });
    }
    // Each datagram adds the same.
    link.sharing.unspent = 0;
    link.ask().take(3000).end();
    assert_eq!(link.sharing.unspent, 3 * AGAIN);
}

#[test]
fn what_is_kept_stays_within_its_bound() {
    let mut link = Link::new();
    link.learn(4);
    for round in 0..MOST_PAST {
        for _ in 0..MOST_REQUESTS {
            link.ask().take(300_000);
        }
        link.end();
        let held = link.sharing.heap() + size_of::<Sharing>();
        let bound = Sharing::bound(MOST_REQUESTS);
        assert!((held as u64) < bound, "{held} of {bound} in round {round}");
    }
    assert_eq!(link.sharing.past.len(), MOST_PAST);
}

#[test]
fn any_period_adds_up() {
    let mut link = Link::new();
    link.learn(4);
    for round in 1..200_u64 {
        let mut sum = 0;
        for at in 0..=round % MOST_REQUESTS as u64 {
            let bytes = (round * 7919 + at * 104_729) % 150_000;
            link.ask().take(bytes);
            sum += bytes;
        }
        // Earlier ones may have been read again.
        let first = link.number - (round % MOST_REQUESTS as u64) as u32;
        let mut parts = link.end();
        parts.retain(|part| part.number >= first);
        if parts.len() > 1 {
            let all: u64 = parts.iter().map(|part| part.size).sum();
            assert_eq!(all, sum, "{round} {parts:?}");
        }
    }
}

#[test]
fn both_sides_of_what_was_written_ahead() {
    // Audio waits behind it, or gets a half of what comes.
    for (lead, first) in [("80000", 200_000), ("0", 160_000)] {
        let mut link = Link::with(Manner::Late);
        link.config.set("sharing_lead", lead).unwrap();
        link.learn(4).ask().take(120_000);
        let parts = link.ask().take(80_000).ask().take(300_000).end();
        assert!(parts[0].size.abs_diff(first) < 1_000, "{lead} {parts:?}");
        assert!(parts[1].size.abs_diff(AUDIO) <= 200, "{lead} {parts:?}");
    }
}

#[test]
fn audio_is_likely_when_the_last_one_should_be_complete() {
    // The rhythm is for video.
    for (behind, third) in [
        (198_000, Kind::Video),
        (202_000, Kind::Audio),
        (398_000, Kind::Audio),
        (402_000, Kind::Video),
    ] {
        let mut link = Link::with(Manner::Late);
        link.config.set("sharing_lead", "300000").unwrap();
        link.learn(4).ask().take(120_000);
        link.ask().take(AUDIO + behind);
        let parts = link.ask().take(300_000).end();
        assert_eq!(parts[2].track, Some(third), "{behind} {parts:?}");
    }
}

/// A server that sends from each in turn behind what its socket took: audio is complete, and asked
/// for again, before video.
fn late(link: &mut Link) {
    link.ask().take(20_000);
    link.ask().take(80_000 + 2 * AUDIO);
    link.ask().take(80_000 + 2 * AUDIO);
    link.ask().take(200_000);
    link.end();
    link.now += 1_000;
}

#[test]
fn both_sides_of_a_period_in_another_manner() {
    // One after the other, as where the socket took all of a response: the longer, the clearer.
    for (rounds, is_in_order) in [(2, false), (3, true)] {
        let mut link = Link::of(&[Manner::Late, Manner::InOrder]);
        link.config.set("sharing_lead", "80000").unwrap();
        link.learn(4);
        (0..7).for_each(|_| late(&mut link));
        link.ask().take(10_000).ask();
        for _ in 0..rounds {
            link.take(300_000).ask().take(AUDIO).ask();
        }
        let parts = link.take(300_000).end();
        let first = if is_in_order {
            310_000
        } else {
            310_000 - AUDIO
        };
        assert!(parts[0].size.abs_diff(first) < 1_000, "{rounds} {parts:?}");
        assert_eq!(link.sharing.reader, 0);
    }
}

#[test]
fn both_sides_of_when_video_ends_last() {
    // What is asked for at once behind it is video.
    for (at_once, first) in [("60", 400_000 - AUDIO), ("9", AUDIO)] {
        let mut link = Link::new();
        link.config.set("sharing_at_once", at_once).unwrap();
        link.learn(4).ask().take(10_000);
        link.ask().take(390_000).end();
        link.now += 10;
        link.ask().take(10_000);
        let parts = link.ask().take(390_000).end();
        let size = parts[0].size;
        assert!(size.abs_diff(first) < 1_000, "{at_once} ms: {parts:?}");
    }
}

#[test]
fn behind_audio_the_rhythm_decides() {
    // Audio comes behind video, all of it at once; video is due.
    let mut link = Link::with(Manner::InOrder);
    link.config.set("sharing_at_once", "20").unwrap();
    link.learn(4).ask().take(120_000);
    link.ask().take(280_000 + AUDIO).end();
    link.ask().take(20_000);
    let parts = link.ask().take(380_000 + AUDIO).end();
    assert!(parts[0].size.abs_diff(400_000) < 1_000, "{parts:?}");
}

#[test]
fn a_response_is_over_when_as_many_as_a_client_has_in_flight_and_two_more_have_overtaken_it() {
    let mut link = Link::new();
    for _ in 0..8 {
        link.ask().take(10_000);
    }
    // Two are in flight at least: the fifth behind it is asked for when it is over.
    assert_eq!(link.sharing.most(0), 50_000);
    assert_eq!(link.sharing.most(2), 50_000);
    assert_eq!(link.sharing.most(4), 40_000);
    let mut link = Link::new();
    for _ in 0..4 {
        link.ask();
    }
    for _ in 0..8 {
        link.ask().take(10_000);
    }
    // Five were asked for at once.
    assert_eq!(link.sharing.most(0), 40_000);
}
