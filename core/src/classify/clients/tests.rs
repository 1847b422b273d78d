use proptest::prelude::*;

use super::*;
use crate::facts::segment::{Kind, Segment};
use crate::facts::server::{EvidenceKind, Role};
use crate::packet::Time;
use crate::testing::segment;

const SECOND: i64 = 1_000_000_000;

/// Stands in for the ledger and the registry before the viewers.
struct Bench {
    config: Config,
    registry: Registry,
    segments: SegmentTable,
    viewers: Clients,
}

impl Bench {
    fn new(config: Config) -> Self {
        let mut registry = Registry::new(&config);
        for (at, name) in ["ipv4-c1.1.oca.nflxvideo.net", "api.netflix.com", ""]
            .into_iter()
            .enumerate()
        {
            let address = IpAddr::from([192, 0, 2, at as u8 + 1]);
            let kind = if name.is_empty() {
                EvidenceKind::Config
            } else {
                EvidenceKind::Dns
            };
            registry.identify(&config, address, kind, name, 1);
        }
        Self {
            segments: SegmentTable::new(&config),
            viewers: Clients::new(&config),
            config,
            registry,
        }
    }

    /// A whole segment, which comes in before the next is asked for.
    fn fetch(&mut self, (server, client): (ServerId, u8), start: i64, size: u64) -> u32 {
        let number = self.segments.next_number();
        self.segments.push(Segment {
            number,
            index: number,
            server,
            client: IpAddr::from([10, 0, 0, client]),
            kind: Kind::Other,
            kind_reason: crate::KindReason::Pending,
            first_frame: None,
            last_frame: None,
            t_request: Time(start),
            t_first: None,
            t_last: Some(Time(start + SECOND / 10)),
            bytes: 0,
            app_bytes: 0,
            ..segment()
        });
        self.viewers
            .follow(&self.config, &mut self.registry, &mut self.segments);
        let segment = self.segments.get_mut(number).unwrap();
        (segment.bytes, segment.app_bytes) = (size, size);
        number
    }

    /// Facts about a client.
    fn pool(&mut self, client: u8) -> Option<&Pool> {
        let viewers = &mut self.viewers;
        let slot = viewers.pools.find(&IpAddr::from([10, 0, 0, client]))?;
        Some(&viewers.pools[slot])
    }

    fn finish(&mut self) {
        self.viewers
            .finish(&self.config, &mut self.registry, &mut self.segments);
    }

    fn kind(&self, number: u32) -> Kind {
        self.segments.get(number).unwrap().kind
    }

    fn role(&self, server: ServerId) -> Role {
        self.registry.servers()[server as usize].role
    }

    /// `pairs` of a video and an audio segment for a client, each 4 s after the one before.
    fn watch(&mut self, server: ServerId, client: u8, pairs: u64, audio: u64) -> Vec<u32> {
        let mut numbers = Vec::new();
        for at in 0..pairs {
            let start = at as i64 * 4 * SECOND;
            let varies = at * 7_919 % 13 * 90_000;
            numbers.push(self.fetch((server, client), start, 400_000 + varies));
            numbers.push(self.fetch((server, client), start + SECOND, audio + at * 31 % 5 * 40));
        }
        numbers
    }
}

fn alternate(bench: &Bench, numbers: &[u32]) -> bool {
    numbers
        .chunks(2)
        .all(|pair| bench.kind(pair[0]) == Kind::Video && bench.kind(pair[1]) == Kind::Audio)
}

#[test]
fn kinds_and_roles_are_there_before_the_end() {
    let mut bench = Bench::new(Config::default());
    let numbers = bench.watch(0, 1, 10, 49_000);
    // All but the last ones, which came since.
    assert!(alternate(&bench, &numbers[..16]));
    assert_eq!(bench.role(0), Role::AudioVideo);
    bench.finish();
    assert!(alternate(&bench, &numbers));
    assert_eq!(
        [1, 2].map(|server| bench.role(server)),
        [Role::Control, Role::Unknown]
    );
}

#[test]
fn viewers_of_one_server_are_told_apart() {
    let mut bench = Bench::new(Config::default());
    // The second one's audio is as large as some of the first one's video.
    let numbers = [
        bench.watch(2, 1, 20, 49_000),
        bench.watch(2, 2, 20, 390_000),
    ];
    bench.finish();
    for numbers in numbers {
        assert!(alternate(&bench, &numbers));
    }
    assert_eq!(bench.role(2), Role::AudioVideo);
}

#[test]
fn tracks_from_different_servers_belong_together() {
    let mut bench = Bench::new(Config::default());
    for at in 0..20_u64 {
        bench.fetch(
            (0, 1),
            at as i64 * 4 * SECOND,
            400_000 + at * 7_919 % 13 * 90_000,
        );
        bench.fetch(
            (2, 1),
            at as i64 * 4 * SECOND + SECOND,
            49_000 + at % 7 * 30,
        );
    }
    bench.finish();
    assert_eq!(
        [0, 1, 2].map(|server| bench.role(server)),
        [Role::Video, Role::Control, Role::Audio]
    );
}

#[test]
fn the_window_bounds_what_is_compared_and_keeps_what_was_found() {
    let mut config = Config::default();
    config.set("kind_window", "64").unwrap();
    let mut bench = Bench::new(config);
    let numbers = bench.watch(0, 1, 500, 49_000);
    let viewers = &bench.viewers;
    assert!((0..viewers.end).all(|slot| viewers.pools[slot].numbers.len() <= 64));
    bench.finish();
    assert!(alternate(&bench, &numbers[8..]));
}

#[test]
fn viewers_make_room_for_others() {
    let mut config = Config::default();
    config.set("max_viewers", "2").unwrap();
    let mut bench = Bench::new(config);
    let numbers: Vec<_> = (1..=6)
        .map(|client| bench.watch(0, client, 20, 49_000))
        .collect();
    assert!(bench.viewers.pools.len() <= 2);
    bench.finish();
    // The last segments of evicted clients were no longer judged.
    assert!(
        numbers
            .iter()
            .all(|numbers| alternate(&bench, &numbers[..34]))
    );
}

#[test]
fn segments_that_the_table_lost_do_not_matter() {
    let mut config = Config::default();
    config.set("max_segments", "16").unwrap();
    let mut bench = Bench::new(config);
    let numbers = bench.watch(0, 1, 50, 49_000);
    bench.segments.withdraw(numbers[95]);
    bench.finish();
    assert!(
        numbers[96..]
            .iter()
            .all(|&number| bench.kind(number) != Kind::Other)
    );
}

fn seeded(mut config: Config, hash_seed: u64) -> Config {
    config.hash_seed = hash_seed;
    config
}

proptest! {
    /// Segments of several flows asked for at the same time have numbers in the order of capture,
    /// which is chance.
    #[test]
    fn kinds_do_not_depend_on_order_at_equal_times_or_on_the_seed(
        fetches in prop::collection::vec((0..3_u32, 1..4_u8, 0..30_i64, 1_000..900_000_u64), 1..60),
        shuffle: u64,
        seed: u64,
    ) {
        let result = |fetches: &[(ServerId, u8, i64, u64)], hash_seed: u64| {
            let mut bench = Bench::new(seeded(Config::default(), hash_seed));
            let mut kinds: Vec<_> = fetches
                .iter()
                .map(|fetch| (bench.fetch((fetch.0, fetch.1), fetch.2 * SECOND, fetch.3), *fetch))
                .collect();
            bench.finish();
            let roles = [0, 1, 2].map(|server| bench.role(server));
            let mut kinds: Vec<_> = kinds.drain(..).map(|(number, fetch)| (fetch, bench.kind(number) as u8)).collect();
            kinds.sort_unstable();
            (kinds, roles)
        };
        let mut ordered = fetches;
        ordered.sort_by_key(|fetch| fetch.2);
        let mut other = ordered.clone();
        // A stable sort behind a shuffle: only those at equal times change places.
        other.sort_by_key(|fetch| (fetch.3 ^ shuffle).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        other.sort_by_key(|fetch| fetch.2);
        prop_assert_eq!(result(&ordered, 0), result(&other, seed));
    }
}

/// A name, and the size of each segment by its place.
type Sizes = (&'static str, fn(u64) -> u64);

/// The cost of judging is paid by segments, whatever their sizes.
#[test]
fn judging_takes_steps_in_proportion_to_segments() {
    let window = 256;
    let sizes: [Sizes; 4] = [
        ("tight clusters in the surroundings of others", |at| {
            9000 * 117_u64.pow((at % 8) as u32) / 100_u64.pow((at % 8) as u32) + at % 3
        }),
        ("all large and at once", |_| 5_000_000),
        ("all of one size", |_| 100_000),
        ("growing by a thousandth", |at| 20_000 + at % 256 * 20),
    ];
    for (what, size) in sizes {
        let mut bench = Bench::new(Config::default());
        let (mut steps, mut judged) = (0, 0);
        for at in 0..4096_u64 {
            let before = bench.pool(1).map_or(0, |pool| pool.new);
            bench.fetch((2, 1), at as i64 * 1000, size(at));
            let pool = bench.pool(1).unwrap();
            assert!(pool.new < window, "{what}: {} not judged", pool.new);
            if pool.new <= before {
                (steps, judged) = (steps + pool.steps, judged + 1);
            }
        }
        let most = 4096 * STEPS_PER_SEGMENT + 2 * bench.pool(1).unwrap().steps;
        assert!(
            judged >= 16 && steps <= most.max(4096 * bench.pool(1).unwrap().steps / 256 * 2),
            "{what}: {steps} in {judged}"
        );
    }
}
