//! Imports of C sources: what a source includes, or a header for whoever includes it. A noun is its
//! source and its header.

use std::fs;

use crate::plan::{House, Import};

/// Reads all sources of a folder.
pub(crate) fn imports(house: &House) -> Vec<Import> {
    let folder = house.path();
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let mut names: Vec<String> = entries
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .into_string()
                .expect("UTF-8")
        })
        .filter(|name| noun(name).is_some())
        .collect();
    names.sort();
    let mut imports = Vec::new();
    for name in &names {
        let source = fs::read_to_string(folder.join(name)).expect("a source");
        for (line, included) in included(&source) {
            let (from, to) = (noun(name), noun(included));
            if let (Some(from), Some(to)) = (from, to)
                && from != to
                && names.iter().any(|name| name == included)
            {
                imports.push(Import {
                    from: from.to_owned(),
                    file: format!("{}/{name}", house.folder),
                    line,
                    to: to.to_owned(),
                    to_file: format!("{}/{included}", house.folder),
                });
            }
        }
    }
    imports
}

/// The noun that a file is about.
fn noun(name: &str) -> Option<&str> {
    name.strip_suffix(".c").or_else(|| name.strip_suffix(".h"))
}

/// Names between quotes behind `#include`, with their lines.
pub(crate) fn included(source: &str) -> impl Iterator<Item = (usize, &str)> {
    source.lines().enumerate().filter_map(|(at, line)| {
        let name = line.strip_prefix("#include \"")?.strip_suffix('"')?;
        Some((at + 1, name))
    })
}
