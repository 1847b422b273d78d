//! Floors, and what breaks them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// The files of a crate, or of other sources that are built as one.
pub(crate) struct House {
    /// Folder of the sources.
    pub(crate) folder: &'static str,
    /// The file that declares the others.
    pub(crate) root: &'static str,
    /// Modules on each floor, from the ground up, with all that is below them; the root itself is
    /// `""`.
    pub(crate) floors: &'static [&'static [&'static str]],
}

/// One import: its line, its module and the imported module. Modules are written as `wire::dns`.
#[derive(Clone, Debug)]
pub(crate) struct Import {
    pub(crate) from: String,
    pub(crate) file: String,
    pub(crate) line: usize,
    pub(crate) to: String,
    pub(crate) to_file: String,
}

impl House {
    /// The folder on this machine.
    pub(crate) fn path(&self) -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("..")
            .join(self.folder)
    }

    /// The floor of a module, by the longest listed name that it is or is below of.
    fn floor(&self, module: &str) -> Option<usize> {
        let listed = self
            .floors
            .iter()
            .enumerate()
            .flat_map(|(floor, names)| names.iter().map(move |name| (*name, floor)));
        listed
            .filter(|(name, _)| {
                let below = module.strip_prefix(name);
                below.is_some_and(|rest| {
                    rest.is_empty() || !name.is_empty() && rest.starts_with("::")
                })
            })
            .max_by_key(|(name, _)| name.len())
            .map(|(_, floor)| floor)
    }
}

/// Fails with every import that leads upwards or into a circle.
pub(crate) fn check(house: &House, imports: &[Import]) {
    assert!(!imports.is_empty(), "no imports found in {}", house.folder);
    let broken = broken(house, imports);
    assert!(
        broken.is_empty(),
        "{}:\n{}",
        house.folder,
        broken.join("\n")
    );
}

/// Every import that leads upwards or into a circle, in words.
pub(crate) fn broken(house: &House, imports: &[Import]) -> Vec<String> {
    let mut broken = upwards(house, imports);
    broken.extend(circles(imports, |import| {
        (import.file.clone(), import.to_file.clone())
    }));
    broken.extend(circles(imports, rooms));
    broken.sort();
    broken.dedup();
    broken
}

/// Imports from a floor above, and files that have no floor.
fn upwards(house: &House, imports: &[Import]) -> Vec<String> {
    let found = |import: &Import| {
        let Import {
            from,
            file,
            line,
            to,
            ..
        } = import;
        match (house.floor(from), house.floor(to)) {
            (None, _) => Some(format!("{file}: no floor is listed for {from}")),
            (_, None) => Some(format!("{file}:{line}: no floor is listed for {to}")),
            (Some(own), Some(other)) if other > own => {
                Some(format!("{file}:{line}: imports {to}, a floor above"))
            }
            _ => None,
        }
    };
    imports.iter().filter_map(found).collect()
}

/// The two neighbours in one folder that an import joins; a module and what is below it are no
/// neighbours.
fn rooms(import: &Import) -> (String, String) {
    let (from, to): (Vec<&str>, Vec<&str>) = (
        import.from.split("::").collect(),
        import.to.split("::").collect(),
    );
    let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    if common == from.len() || common == to.len() {
        return (String::new(), String::new());
    }
    (from[..=common].join("::"), to[..=common].join("::"))
}

/// Imports between names that lead to each other, directly or over others.
fn circles(imports: &[Import], names: impl Fn(&Import) -> (String, String)) -> Vec<String> {
    let mut arrows: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for import in imports {
        let (from, to) = names(import);
        arrows.entry(from).or_default().insert(to);
    }
    let found = |import: &Import| {
        let (from, to) = names(import);
        (from != to && leads(&arrows, &to, &from)).then(|| {
            format!(
                "{}:{}: {from} imports {to}, which leads back",
                import.file, import.line
            )
        })
    };
    imports.iter().filter_map(found).collect()
}

/// Returns true if arrows lead from one name to another.
fn leads(arrows: &BTreeMap<String, BTreeSet<String>>, from: &str, to: &str) -> bool {
    let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(name) = open.pop() {
        if name == to {
            return true;
        }
        if seen.insert(name) {
            open.extend(arrows.get(name).into_iter().flatten().map(String::as_str));
        }
    }
    false
}
