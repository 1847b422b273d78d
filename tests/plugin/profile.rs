//! The profile "Netflix", and the script that installs it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::{Home, Outcome, plugin};

/// Files of the profile.
const FILES: [&str; 6] = [
    "colorfilters",
    "dfilter_buttons",
    "io_graphs",
    "plots",
    "preferences",
    "recent",
];

pub(super) fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugin/wireshark/profile")
}

/// The script with the profile beside it, as a user of their own runs it.
fn script(home: &Home, args: &[&str]) -> Outcome {
    let copies = home.path().join("installer");
    fs::create_dir_all(copies.join("profile")).expect("ours");
    let source = shipped();
    fs::copy(
        source.with_file_name("install.sh"),
        copies.join("install.sh"),
    )
    .expect("the script");
    fs::set_permissions(copies.join("install.sh"), fs::Permissions::from_mode(0o755))
        .expect("ours");
    for file in FILES {
        fs::copy(source.join(file), copies.join("profile").join(file))
            .expect("a file of the profile");
    }
    let built = home.path().join("built.so");
    fs::copy(plugin(), &built).expect("the plugin can be copied");
    fs::set_permissions(&built, fs::Permissions::from_mode(0o644)).expect("ours");
    home.open_to_all();
    let mut command = home.command("installer/install.sh");
    command.stdin(std::process::Stdio::null());
    command
        .env("NFLX_PLUGIN", built)
        .args(args)
        .output()
        .expect("a shell")
        .into()
}

fn profile(home: &Home) -> PathBuf {
    home.path().join(".config/wireshark/profiles/Netflix")
}

fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut names: Vec<_> = entries
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .into_string()
                .expect("UTF-8")
        })
        .collect();
    names.sort_unstable();
    names
}

#[test]
fn ships_what_it_says() {
    assert_eq!(names(&shipped()), FILES);
}

#[test]
fn columns_are_honoured() {
    let Some(home) = Home::bare() else { return };
    script(&home, &["install", "--user", "--profile"]).quiet();
    let capture = home.recorded("player.pcap.gz");
    let fields = [
        "nflx.server",
        "nflx.segment",
        "nflx.segment.kind",
        "nflx.segment.bytes",
    ];
    let rows = home.fields(&capture, &["-2", "-Y", "nflx.request"], &fields);
    let text = home
        .tshark(&["-C", "Netflix", "-2", "-r", &capture, "-Y", "nflx.request"])
        .quiet();
    assert_eq!(text.lines().count(), rows.len());
    for (line, (frame, row)) in text.lines().zip(&rows) {
        let words: Vec<_> = line.split_whitespace().collect();
        assert_eq!(words[0], frame.to_string());
        assert!(
            words
                .windows(row.len())
                .any(|window| window == row.as_slice()),
            "{row:?}: {line}"
        );
    }
}

/// Every filter of the profile is one that the plugin's fields satisfy.
#[test]
fn filters_are_valid() {
    let Some(home) = Home::new() else { return };
    let capture = home.recorded("ipv6.pcap.gz");
    let read = |name: &str| fs::read_to_string(shipped().join(name)).expect("UTF-8");
    let mut filters = Vec::new();
    for line in read("colorfilters")
        .lines()
        .filter(|line| !line.starts_with('#'))
    {
        let parts: Vec<_> = line.split('@').collect();
        assert_eq!(parts.len(), 4, "{line}");
        filters.push(parts[2].to_owned());
    }
    for (name, column) in [("dfilter_buttons", 2), ("io_graphs", 2), ("plots", 3)] {
        for line in read(name).lines().filter(|line| !line.starts_with('#')) {
            let values: Vec<_> = line.trim_matches('"').split("\",\"").collect();
            filters.push(values[column].replace("\\x22", "\""));
        }
    }
    assert!(filters.len() > 10, "{filters:?}");
    for filter in filters {
        // What refers to the selected packet is for windows.
        let filter = filter.replace("${nflx.server}", "\"a\"");
        home.tshark(&["-r", &capture, "-Y", &filter]).quiet();
    }
}

/// Each plot has the columns that Wireshark reads, and draws a field of the plugin that is a
/// number.
#[test]
fn plots_draw_numbers() {
    let Some(home) = Home::new() else { return };
    let capture = home.recorded("player.pcap.gz");
    let plots = fs::read_to_string(shipped().join("plots")).expect("UTF-8");
    let plots: Vec<_> = plots
        .lines()
        .filter(|line| !line.starts_with('#'))
        .collect();
    assert!(plots.len() > 2, "{plots:?}");
    for plot in plots {
        let values: Vec<_> = plot.trim_matches('"').split("\",\"").collect();
        let [enabled, group, _, filter, _, style, field, factor] = values[..] else {
            panic!("{plot}");
        };
        assert_eq!((enabled, style, factor), ("TRUE", "Dot", "1"));
        assert!((1..=20).contains(&group.parse().unwrap_or(0)), "{plot}");
        let filter = filter.replace("\\x22", "\"");
        let rows = home.fields(&capture, &["-2", "-Y", &filter], &[field]);
        let drawn = rows.values().filter(|row| row[0].parse::<f64>().is_ok());
        assert!(drawn.count() > 2, "{plot}: {rows:?}");
    }
}

#[test]
fn is_installed_only_when_wanted() {
    let Some(home) = Home::bare() else { return };
    let said = script(&home, &["install", "--user"]).quiet();
    assert!(!profile(&home).exists(), "nobody could be asked");
    let sentence = "The profile Netflix was not installed, as there is no terminal to ask on";
    assert!(said.contains(sentence), "{said}");
    script(&home, &["install", "--user", "--no-profile"]).quiet();
    assert!(!profile(&home).exists());
    script(&home, &["install", "--user", "--profile"]).quiet();
    assert!(FILES.iter().all(|file| profile(&home).join(file).exists()));
    script(&home, &["uninstall", "--user"]).quiet();
    assert!(!profile(&home).exists());
}

#[test]
fn what_others_changed_stays() {
    let Some(home) = Home::bare() else { return };
    let other = home.path().join(".config/wireshark/profiles/Other");
    fs::create_dir_all(&other).expect("ours");
    fs::write(other.join("preferences"), "gui.toolbar_main_style: 1\n").expect("ours");
    home.open_to_all();
    script(&home, &["install", "--user", "--profile"]).quiet();
    let colours = profile(&home).join("colorfilters");
    fs::remove_file(&colours).expect("the folder is open to us");
    fs::write(&colours, "# mine\n").expect("ours");
    fs::write(profile(&home).join("decode_as_entries"), "# mine\n").expect("ours");

    let again = script(&home, &["install", "--user", "--profile"]).quiet();
    assert!(
        again.contains("Kept ") && again.contains("colorfilters"),
        "{again}"
    );
    assert_eq!(fs::read_to_string(&colours).expect("it stays"), "# mine\n");
    script(&home, &["uninstall", "--user"]).quiet();
    assert_eq!(
        names(&profile(&home)),
        ["colorfilters", "decode_as_entries"]
    );
    assert_eq!(names(&other), ["preferences"]);
}
