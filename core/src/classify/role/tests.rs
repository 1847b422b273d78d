use std::net::IpAddr;

use super::*;
use crate::facts::server::EvidenceKind;
use crate::flows::registry::Registry;

fn site(evidence: &[(EvidenceKind, &str)]) -> Site {
    let config = Config::default();
    let mut registry = Registry::new(&config);
    let address: IpAddr = "192.0.2.1".parse().unwrap();
    for (kind, source) in evidence {
        registry.identify(&config, address, *kind, source, 1);
    }
    Site::of(&registry.servers()[0])
}

#[test]
fn names_say_what_to_expect() {
    use EvidenceKind::{Cname, Config, Dns, HttpHost, Prefix, QuicSni, Sni};
    for (name, expected) in [
        ("ipv4-c017-zrh001-ix.1.oca.nflxvideo.net", Site::Media),
        (
            "ipv4_1-lagg0-c002.1.lhr005.bt.isp.nflxvideo.net",
            Site::Media,
        ),
        ("occ-0-769-768.1.nflxso.net", Site::Files),
        ("art-2.nflximg.net", Site::Files),
        ("tp.akam.nflximg.com", Site::Files),
        ("assets.nflxext.com", Site::Files),
        ("assets.netflix.com", Site::Files),
        ("api-global.netflix.com", Site::Control),
        ("ichnaea.netflix.com", Site::Control),
        ("nflxsearch.example.net", Site::Control),
    ] {
        for kind in [Sni, QuicSni, HttpHost, Dns, Cname] {
            assert_eq!(site(&[(kind, name)]), expected, "{name}");
        }
        // A range says less than a name.
        assert_eq!(
            site(&[(Prefix, "23.246.0.0/18"), (Dns, name)]),
            expected,
            "{name}"
        );
    }
    assert_eq!(site(&[(Prefix, "23.246.0.0/18")]), Site::Range);
    assert_eq!(site(&[(Config, "192.0.2.0/24")]), Site::Unknown);
    assert_eq!(
        site(&[(Config, "192.0.2.0/24"), (Prefix, "23.246.0.0/18")]),
        Site::Range
    );
    assert_eq!(site(&[(HttpHost, "media.example.com")]), Site::Unknown);
    // The strongest telling name counts, but that of a media appliance wherever it stands.
    assert_eq!(
        site(&[(Sni, "www.netflix.com"), (Dns, "occ-0-1-2.1.nflxso.net")]),
        Site::Control
    );
    assert_eq!(
        site(&[
            (Sni, "www.netflix.com"),
            (Dns, "ipv4-c1.1.oca.nflxvideo.net")
        ]),
        Site::Media
    );
}

/// Builds a tally with this many segments of each kind and reason.
fn tally(counted: &[(Kind, KindReason, u32)], above_probe: bool) -> Tally {
    let mut tally = Tally {
        above_probe,
        ..Tally::default()
    };
    for &(kind, reason, count) in counted {
        (0..count).for_each(|_| tally.add(kind, reason));
    }
    tally
}

const SITES: [Site; 5] = [
    Site::Media,
    Site::Range,
    Site::Unknown,
    Site::Files,
    Site::Control,
];
const VIDEO: (Kind, KindReason, u32) = (Kind::Video, KindReason::BesideAudio, 5);
const AUDIO: (Kind, KindReason, u32) = (Kind::Audio, KindReason::SizeCluster, 5);

fn role(site: Site, tally: &Tally) -> (Role, RoleReason) {
    decide(
        site,
        tally,
        &Counters {
            in_bytes: 1_000_000,
            out_bytes: 50_000,
            ..Counters::default()
        },
        &Config::default(),
    )
}

#[test]
fn media_decides_before_all_else() {
    for site in SITES {
        assert_eq!(
            role(site, &tally(&[VIDEO], true)),
            (Role::Video, RoleReason::Segments)
        );
        assert_eq!(
            role(site, &tally(&[VIDEO, AUDIO], true)),
            (Role::AudioVideo, RoleReason::Segments)
        );
        assert_eq!(
            role(site, &tally(&[AUDIO], true)),
            (Role::Audio, RoleReason::Segments)
        );
        let with_bulk = tally(&[VIDEO, (Kind::Other, KindReason::Bulk, 20)], true);
        assert_eq!(role(site, &with_bulk), (Role::Video, RoleReason::Segments));
    }
}

#[test]
fn names_decide_without_media() {
    let nothing = Tally::default();
    assert_eq!(
        role(Site::Files, &nothing),
        (Role::Static, RoleReason::Name)
    );
    assert_eq!(
        role(Site::Control, &nothing),
        (Role::Control, RoleReason::Name)
    );
    for site in [Site::Media, Site::Range, Site::Unknown] {
        assert_eq!(role(site, &nothing), (Role::Unknown, RoleReason::None));
    }
}

#[test]
fn an_appliance_that_sent_more_than_probes_sends_video() {
    let headers = tally(&[(Kind::Other, KindReason::Headers, 1)], true);
    assert_eq!(role(Site::Media, &headers), (Role::Video, RoleReason::Name));
    assert_eq!(
        role(Site::Range, &headers),
        (Role::Video, RoleReason::Prefix)
    );
    assert_eq!(
        role(Site::Unknown, &headers),
        (Role::Unknown, RoleReason::None)
    );
    let small = |above_probe| tally(&[(Kind::Other, KindReason::TooSmall, 1)], above_probe);
    assert_eq!(role(Site::Media, &small(true)).0, Role::Video);
    assert_eq!(role(Site::Media, &small(false)).0, Role::Unknown);
    assert_eq!(role(Site::Range, &small(true)).0, Role::Video);
    assert_eq!(role(Site::Range, &small(false)).0, Role::Unknown);
    // Many small ones are chatter, whoever announces the range.
    let chatter = tally(&[(Kind::Other, KindReason::TooSmall, 40)], true);
    assert_eq!(
        role(Site::Range, &chatter),
        (Role::Control, RoleReason::Traffic)
    );
}

#[test]
fn a_speed_test_alone_makes_no_video_server() {
    let bulk = tally(
        &[
            (Kind::Other, KindReason::Bulk, 8),
            (Kind::Other, KindReason::TooSmall, 4),
        ],
        true,
    );
    for site in [Site::Media, Site::Range, Site::Unknown] {
        assert_eq!(role(site, &bulk), (Role::Static, RoleReason::Bulk));
    }
}

#[test]
fn traffic_tells_control_from_files() {
    let config = Config::default();
    let pictures = tally(&[(Kind::Other, KindReason::Files, ENOUGH)], true);
    for (upload, expected) in [
        (config.control_upload() - 1, Role::Static),
        (config.control_upload(), Role::Control),
    ] {
        let counters = Counters {
            in_bytes: 10_000,
            out_bytes: upload * 100,
            ..Counters::default()
        };
        assert_eq!(
            decide(Site::Unknown, &pictures, &counters, &config),
            (expected, RoleReason::Traffic)
        );
    }
    let few = tally(&[(Kind::Other, KindReason::Files, ENOUGH - 1)], true);
    assert_eq!(role(Site::Unknown, &few), (Role::Unknown, RoleReason::None));
    let small = tally(&[(Kind::Other, KindReason::TooSmall, ENOUGH)], true);
    assert_eq!(
        role(Site::Unknown, &small),
        (Role::Control, RoleReason::Traffic)
    );
}

#[test]
fn a_tally_gives_back_what_it_took() {
    let all = [
        VIDEO,
        AUDIO,
        (Kind::Other, KindReason::Bulk, 2),
        (Kind::Other, KindReason::Name, 3),
    ];
    let mut counted = tally(&all, false);
    for (kind, reason, count) in all {
        (0..count).for_each(|_| counted.remove(kind, reason));
    }
    assert_eq!(counted, Tally::default());
}
