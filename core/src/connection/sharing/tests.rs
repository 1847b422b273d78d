mod behind;
mod surplus;

use super::sizes::Ground;
use super::*;

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
fn both_sides_of_the_agreement() {
    for (step, knows) in [(480, true), (500, false)] {
        let alone = [AUDIO, AUDIO + step, AUDIO + 2 * step, 400_000];
        assert_eq!(usual(alone.map(Some)), knows.then_some(true), "{step}");
    }
    // Two that agree more closely, unless more agree.
    assert_eq!(usual([Some(AUDIO), Some(AUDIO + 49)]), Some(false));
    assert_eq!(usual([Some(AUDIO), Some(AUDIO + 50)]), None);
    let often = [90_000, AUDIO, 90_500, AUDIO, 90_900].map(Some);
    assert_eq!(usual(often), Some(true));
}

/// Returns whether a usual size is known, and surely, after these responses were alone. Others came
/// before each, and overlapped where there is none.
fn usual<const N: usize>(sizes: [Option<u64>; N]) -> Option<bool> {
    let alone = |(place, size): (u32, Option<u64>)| {
        Some(LoneResponse {
            asked: Time(0),
            size: size? as u32,
            place: 2 * place,
        })
    };
    let alone: Vec<LoneResponse> = (0..).zip(sizes).filter_map(alone).collect();
    sizes::usual(&alone, &Config::default()).map(|usual| usual.1 == Ground::Enough)
}

#[test]
fn what_is_requested_in_a_row_is_video_however_constant() {
    // Audio of 49 kB, other responses, and what is known then.
    let known = |places: &[u32]| {
        let alone: Vec<LoneResponse> = places
            .iter()
            .map(|&place| LoneResponse {
                asked: Time(0),
                size: AUDIO as u32,
                place,
            })
            .collect();
        sizes::usual(&alone, &Config::default()).is_some()
    };
    assert!(known(&[0, 2, 4]) && known(&[0, 1, 3]));
    assert!(!known(&[0, 1, 2]) && !known(&[0, 1]));
    assert!(known(&[0, 1, 2, 4, 6]) && !known(&[0, 1, 2, 3, 6]));
}

#[test]
fn two_that_agree_closely_give_way_to_more() {
    let mut link = Link::new();
    let size = |link: &Link| link.sharing.audio.latest().map(|usual| usual.size / 1000);
    for (bytes, known) in [
        (30_000, None),
        (95_000, None),
        (30_000, Some(30)),
        (95_500, Some(30)),
        (300_000, Some(30)),
        (95_900, Some(95)),
        (30_000, Some(30)),
    ] {
        link.ask().take(bytes).end();
        assert_eq!(size(&link), known, "{bytes}");
    }
}

/// Video of a nearly constant size while all audio came beside other video.
fn constant_video(link: &mut Link) {
    for round in 0..6 {
        // Audio is requested when half of the video has come, and the video takes as long as it
        // plays.
        link.ask().take(200_000 + 20_000 * round);
        link.ask().take(150_000 + AUDIO);
        link.end();
        link.now += 20;
        let lone = [300_000, 454_300, 350_000, 454_300, 270_000, 400_000];
        link.ask().take(lone[round as usize]).end();
        link.now += 20;
    }
}

#[test]
fn a_few_constant_sizes_of_video_are_refuted_by_what_else_came() {
    let mut link = Link::new();
    constant_video(&mut link);
    let known = |link: &Link| link.sharing.audio.latest().map(|usual| usual.size);
    assert_eq!(known(&link), None);
    // One response of audio alone explains all.
    let parts = link.ask().take(AUDIO).end();
    assert_eq!(known(&link), Some(AUDIO));
    let audio = parts.iter().filter(|part| part.size.abs_diff(AUDIO) < 500);
    assert_eq!(audio.count(), 6, "{parts:?}");
    // Large datagrams are too few to pay for a trial.
    let mut link = Link::new();
    link.datagram = 60_000;
    constant_video(&mut link);
    assert_eq!(known(&link), Some(454_300));
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
        let parts = link.end();
        if parts.len() > 1 {
            assert_eq!(
                parts.iter().map(|part| part.size).sum::<u64>(),
                sum,
                "{round} {parts:?}"
            );
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
fn both_sides_of_when_tracks_end_together() {
    // Audio that comes behind video takes 49 ms: which of them is asked for again first, it tells
    // only where that is long.
    for (at_once, first) in [("60", 400_000), ("20", AUDIO)] {
        let mut link = Link::with(Manner::InOrder);
        link.config.set("sharing_at_once", at_once).unwrap();
        // Video, which shows by what had come before audio was asked for.
        link.learn(4).ask().take(120_000);
        link.ask().take(280_000 + AUDIO).end();
        link.ask().take(20_000);
        let parts = link.ask().take(380_000 + AUDIO).end();
        assert!(
            parts[0].size.abs_diff(first) < 1_000,
            "{at_once} ms: {parts:?}"
        );
    }
}

#[test]
fn steps_of_video_are_not_taken_for_audio_while_audio_comes() {
    let mut link = Link::new();
    link.learn(3);
    for size in [
        400_000, 401_000, 402_000, 350_000, 351_000, 300_000, 410_000,
    ] {
        link.ask().take(size);
        assert!(link.end().is_empty());
    }
    assert_eq!(
        link.sharing.audio.latest().map(|usual| usual.size / 1000),
        Some(49)
    );
}

#[test]
fn what_was_read_with_a_wrong_size_is_read_again() {
    let mut link = Link::new();
    for size in [300_000, 500_000, 301_000, 520_000, 302_000] {
        link.ask().take(size);
        assert!(link.end().is_empty());
        link.now += 1000;
    }
    // Audio is supposed to have 301 kB.
    let parts = link.ask().take(200_000).ask().take(300_000).end();
    assert_eq!(parts.len(), 2);
    for size in [AUDIO, 500_000, AUDIO + 100] {
        link.now += 1000;
        link.ask().take(size);
        assert!(link.end().is_empty());
    }
    link.now += 1000;
    let parts = link.ask().take(AUDIO + 50).end();
    assert_eq!(sizes(&parts), [500_000 - AUDIO - 50, AUDIO + 50]);
}

#[test]
fn a_title_before_keeps_the_size_of_its_own_audio() {
    // The headers of the next title come alone, beside what is left of the last, or not at all.
    for (headers, size) in [(1, AUDIO), (2, AUDIO), (0, 97_000)] {
        let mut link = Link::new();
        link.learn(4).ask_with(40).take(1_000).end();
        link.ask_with(43).take(390_000).end();
        link.now += 1000;
        link.ask().take(220_000).ask().take(300_000);
        let number = link.number;
        assert_eq!(link.end().len(), 2);
        match headers {
            0 => {}
            1 => drop(link.ask().ask().take(1_600).end()),
            _ => {
                link.ask_with(43).take(100_000);
                drop(link.ask_with(40).ask_with(40).take(200_000).end());
            }
        }
        let mut parts = Vec::new();
        for round in 0..5 {
            for size in [97_000 + round * 100, 500_000 + round * 20_000] {
                link.now += 1000;
                parts.extend(link.ask().take(size).end());
            }
        }
        let part = parts.iter().rfind(|part| part.number == number).unwrap();
        assert!(part.size.abs_diff(size) < 400, "{headers} {part:?}");
    }
}

#[test]
fn both_sides_of_headers_of_both_tracks() {
    // Too much for headers, and too far apart.
    for (bytes, apart, begins) in [(8_191, 10, true), (8_192, 10, false), (8_191, 11, false)] {
        let mut link = Link::new();
        link.ask().now += apart;
        link.ask().take(bytes);
        let begun = link
            .sharing
            .period
            .begins_title(link.sharing.received, &link.config);
        assert_eq!(begun.is_some(), begins, "{bytes} {apart}");
    }
    // Media of both tracks is requested in the same turn.
    for (requests, begins) in [(3, false), (4, true)] {
        let mut link = Link::new();
        for _ in 0..requests {
            link.ask();
        }
        link.take(100_000);
        let begun = link
            .sharing
            .period
            .begins_title(link.sharing.received, &link.config);
        assert_eq!(begun.is_some(), begins, "{requests}");
    }
}

#[test]
fn a_request_as_short_as_those_for_headers_is_for_one() {
    for (size, header) in [(40, 800), (42, 0)] {
        let mut link = Link::new();
        link.learn(4).ask_with(40).take(828).end();
        link.ask_with(42).take(500_000).end();
        link.now += 2000;
        // Video, a header, and video of another quality.
        link.ask_with(42).take(300_000).ask_with(size).take(10_000);
        let parts = link.ask_with(42).take(500_000).end();
        assert_eq!(parts[1].size == header, header > 0, "{parts:?}");
    }
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

/// Sizes of the first media of two tracks, requested so many milliseconds apart behind two headers
/// that came as datagrams of these sizes.
fn behind_headers(headers: [u64; 2], apart: i64) -> Vec<u64> {
    let mut link = Link::new();
    link.learn(4).ask().ask().take(2_000);
    headers
        .iter()
        .for_each(|&size| link.sharing.note_size(size, false));
    assert!(link.end().is_empty());
    link.now += 80;
    link.ask();
    link.now += apart;
    link.ask().take(450_000);
    link.sharing.note_size(1_400, false);
    link.sharing.note_size(1_350, false);
    let parts = link.end();
    sizes(&parts[parts.len() - 2..])
}

#[test]
fn of_two_requests_that_look_alike_the_first_is_for_the_track_whose_header_came_first() {
    let first_is_video = |headers: [u64; 2], apart: i64| {
        let found = behind_headers(headers, apart);
        let is_audio = |size: &u64| size.abs_diff(AUDIO) < 2_000;
        assert!(found.iter().any(is_audio), "{found:?}");
        found[0] > found[1]
    };
    assert!(first_is_video([1_094, 1_029], 1));
    assert!(!first_is_video([1_029, 1_094], 1));
    // Equal headers show nothing, nor do requests in one packet or not in one turn.
    for (apart, shows) in [(0, false), (1, true), (10, true), (11, false)] {
        let plain = first_is_video([1_029, 1_029], apart);
        let differs =
            [[1_094, 1_029], [1_029, 1_094]].map(|headers| first_is_video(headers, apart) != plain);
        assert_eq!(differs.contains(&true), shows, "{apart} ms");
    }
}
