//! The manual pages, docs/man: generated from the command line, and compared with it.
//! `NFLX_UPDATE_DOCS=1` rewrites them.

use std::path::Path;

use clap::{Command, CommandFactory};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use super::Cli;

/// Returns the page of a command. The text after the options in `--help` keeps its lines, because
/// examples need them.
fn page(mut command: Command) -> String {
    let extra = command.get_after_help().map(ToString::to_string);
    let subcommands = command.has_subcommands();
    command = command.after_help("");
    let man = Man::new(command)
        .source(concat!("nflx ", env!("CARGO_PKG_VERSION")))
        .manual("nflx");
    let mut page = Vec::new();
    man.render_title(&mut page).expect("to memory");
    man.render_name_section(&mut page).expect("to memory");
    man.render_synopsis_section(&mut page).expect("to memory");
    man.render_description_section(&mut page)
        .expect("to memory");
    man.render_options_section(&mut page).expect("to memory");
    if subcommands {
        man.render_subcommands_section(&mut page)
            .expect("to memory");
    }
    if let Some(extra) = extra {
        let mut roff = Roff::new();
        roff.control("SH", ["NOTES"]);
        for paragraph in extra.split("\n\n") {
            // Examples are lines; prose is filled.
            let fill = !paragraph.contains('\n');
            roff.control("PP", []);
            if !fill {
                roff.control("nf", []);
            }
            roff.text(
                paragraph
                    .lines()
                    .flat_map(|line| [roman(line), roman("\n")])
                    .collect::<Vec<_>>(),
            );
            if !fill {
                roff.control("fi", []);
            }
        }
        roff.to_writer(&mut page).expect("to memory");
    }
    let mut see = Roff::new();
    see.control("SH", ["SEE ALSO"]);
    see.text([roman("nflx(1), nflx-settings(1), tshark(1), wireshark(1)")]);
    see.to_writer(&mut page).expect("to memory");
    String::from_utf8(page).expect("text")
}

/// Returns every page with its name.
fn pages() -> Vec<(String, String)> {
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    let subcommands: Vec<_> = command
        .get_subcommands()
        .filter(|command| command.get_name() != "help")
        .cloned()
        .collect();
    let mut pages = vec![("nflx.1".to_owned(), page(command))];
    for subcommand in subcommands {
        let name = format!("nflx-{}", subcommand.get_name());
        pages.push((format!("{name}.1"), page(subcommand)));
    }
    pages
}

#[test]
fn the_manual_is_what_the_command_line_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/man");
    let mut names = Vec::new();
    for (name, page) in pages() {
        let path = folder.join(&name);
        if std::env::var_os("NFLX_UPDATE_DOCS").is_some() {
            std::fs::create_dir_all(&folder).expect("a folder");
            std::fs::write(&path, &page).expect("the page can be written");
        }
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            written == page,
            "docs/man/{name} is not what --help says; `make docs` rewrites it"
        );
        names.push(name);
    }
    let entries = std::fs::read_dir(&folder).expect("the manual");
    for entry in entries {
        let name = entry
            .expect("an entry")
            .file_name()
            .into_string()
            .expect("UTF-8");
        assert!(
            names.contains(&name),
            "docs/man/{name} is of no command: delete it"
        );
    }
}
