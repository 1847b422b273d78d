use super::*;

#[test]
fn every_setting_reads_back_what_it_shows() {
    let mut config = Config::default();
    for setting in Config::SETTINGS {
        let shown = config.get(setting.name).unwrap();
        if !(setting.name == "prefixes" && shown.is_empty()) {
            config.set(setting.name, &shown).unwrap();
        }
        assert_eq!(
            config.get(setting.name).as_deref(),
            Some(&*shown),
            "{}",
            setting.name
        );
        assert!(!setting.source.is_empty() && !setting.help.is_empty());
    }
}

#[test]
fn numbers_take_their_bounds_and_nothing_beyond() {
    let mut config = Config::default();
    for setting in Config::SETTINGS {
        let SettingKind::Number { minimum, maximum } = setting.kind else {
            continue;
        };
        config.set(setting.name, &minimum.to_string()).unwrap();
        config.set(setting.name, &maximum.to_string()).unwrap();
        assert!(
            config
                .set(setting.name, &(maximum + 1).to_string())
                .is_err()
        );
        assert_eq!(
            config.get(setting.name),
            Some(maximum.to_string()),
            "an error changes nothing"
        );
        if minimum > 0 {
            assert!(
                config
                    .set(setting.name, &(minimum - 1).to_string())
                    .is_err()
            );
        }
    }
}

#[test]
fn errors_name_the_value_and_the_remedy() {
    let mut config = Config::default();
    let message = config
        .set("prefixes", "10.0.0.0/8, 10.0.0.0/99")
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("'10.0.0.0/99'") && message.contains("CIDR"),
        "{message}"
    );
    assert!(config.prefixes.is_empty());
    let message = config
        .set("evidence", "dns,rumour")
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("'rumour'") && message.contains("dns_owner"),
        "{message}"
    );
    assert!(
        config
            .set("nonsense", "1")
            .unwrap_err()
            .to_string()
            .contains("'nonsense'")
    );
    for word in [" , ", "=", "netflix,=."] {
        assert!(config.set("domains", word).is_err(), "{word}");
    }
}

#[test]
fn whole_domains_may_have_dots_around_them_and_need_none() {
    let mut config = Config::default();
    for (word, name, other) in [
        ("=netflix.com", "www.netflix.com", "netflix.com.example.org"),
        ("=netflix.com.", "netflix.com", "notnetflix.com"),
        ("=.Netflix.com", "www.netflix.com", "netflix.co"),
        ("=mynetflix", "tv.mynetflix", "tv.mynetflix.example"),
    ] {
        config.set("domains", word).unwrap();
        assert!(
            config.is_netflix(name) && !config.is_netflix(other),
            "{word}"
        );
        let labels = name.split('.').flat_map(|label| {
            let length = label.len() as u8;
            std::iter::once(length).chain(label.bytes())
        });
        assert!(
            config.may_name_netflix(&labels.collect::<Vec<_>>()),
            "{word}"
        );
    }
}

#[test]
fn keywords_match_anywhere_in_a_name_whatever_the_case_they_were_given_in() {
    let mut config = Config::default();
    assert!(
        config.is_netflix("ipv4-c001-zrh001-ix.1.oca.nflxvideo.net")
            && !config.is_netflix("example.org")
    );
    assert!(
        config.is_netflix("art-0.nflximg.net") && !config.is_classic_netflix("art-0.nflximg.net")
    );
    config.set("domains", "Example").unwrap();
    assert!(config.is_netflix("www.example.org") && config.is_classic_netflix("www.example.org"));
    config.set("domains", &DEFAULT_DOMAINS.join(",")).unwrap();
    assert_eq!(
        config,
        Config::default(),
        "the default said again changes nothing"
    );
}
