//! Imports of Rust sources: `use` declarations, and paths that begin with `crate`, `super`, `self`
//! or a module of the file.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::plan::{House, Import};
use crate::tokens::{Token, tokens};

type Names = Vec<String>;

/// A module with what it declares.
#[derive(Default)]
struct Module {
    file: PathBuf,
    /// Names of types, functions and so on.
    defined: BTreeSet<String>,
    /// Types and traits among them, with their lines.
    types: Vec<(String, usize)>,
    /// Names that `use` brings, and the paths they stand for.
    brought: BTreeMap<String, Names>,
    /// Paths all of whose names `use` brings.
    globs: Vec<Names>,
    /// Paths as they stand there, made absolute, with their lines.
    paths: Vec<(usize, Names)>,
}

type Modules = BTreeMap<Names, Module>;

/// Reads all modules that the root declares, but for those of tests.
fn modules(house: &House) -> Modules {
    let mut modules = Modules::new();
    let folder = house.path();
    read(
        &folder.join(house.root),
        &folder,
        Names::new(),
        &mut modules,
    );
    modules
}

/// Names that several types of a crate have, each with the places where they are defined.
pub(crate) fn doubles(house: &House) -> Vec<String> {
    let mut places = BTreeMap::<String, Vec<String>>::new();
    for module in modules(house).into_values() {
        for (name, line) in module.types {
            let place = format!("{}:{line}", shown(house, &module.file));
            places.entry(name).or_default().push(place);
        }
    }
    places.retain(|_, places| places.len() > 1);
    let said = |(name, places): (String, Vec<String>)| format!("{name}: {}", places.join(", "));
    places.into_iter().map(said).collect()
}

/// Returns what the modules of a crate import from each other.
pub(crate) fn imports(house: &House) -> Vec<Import> {
    let modules = modules(house);
    let mut imports = Vec::new();
    for (from, module) in &modules {
        for (line, path) in &module.paths {
            let to = owner(&modules, path, 0);
            let other = &modules[&to];
            if other.file != module.file {
                imports.push(Import {
                    from: from.join("::"),
                    file: shown(house, &module.file),
                    line: *line,
                    to: to.join("::"),
                    to_file: shown(house, &other.file),
                });
            }
        }
    }
    imports
}

/// Reads the source of a module `m`.
fn module(source: &str) -> Module {
    let (name, file) = (vec!["m".to_owned()], Path::new("m.rs"));
    let (mut declared, mut inside) = (Vec::new(), Vec::new());
    scan(&tokens(source), &name, file, &mut declared, &mut inside)
}

/// Types in the source of a module, in order.
pub(crate) fn types(source: &str) -> Vec<String> {
    let types = module(source).types.into_iter();
    types.map(|(name, _)| name).collect()
}

/// Paths in the source of a module `m`, in order.
pub(crate) fn paths(source: &str) -> Vec<String> {
    module(source)
        .paths
        .iter()
        .map(|(_, path)| path.join("::"))
        .collect()
}

fn shown(house: &House, file: &Path) -> String {
    let below = file.strip_prefix(house.path()).unwrap_or(file);
    format!("{}/{}", house.folder, below.display())
}

/// The module that defines what a path names: names that `use` brings are followed to where they
/// come from.
fn owner(modules: &Modules, path: &[String], depth: usize) -> Names {
    let known = (0..=path.len())
        .rev()
        .find(|&length| modules.contains_key(&path[..length]));
    let (module, rest) = path.split_at(known.unwrap_or(0));
    let here = &modules[module];
    let Some(name) = rest.first() else {
        return module.to_vec();
    };
    if depth == 8 || here.defined.contains(name) {
        return module.to_vec();
    }
    if let Some(target) = here.brought.get(name) {
        return owner(modules, &[target, &rest[1..]].concat(), depth + 1);
    }
    let from_globs = here.globs.iter().find_map(|glob| {
        let there = owner(modules, &[&glob[..], rest].concat(), depth + 1);
        modules[&there].defined.contains(name).then_some(there)
    });
    from_globs.unwrap_or_else(|| module.to_vec())
}

/// Reads a file, and those of the modules it declares; `folder` holds them.
fn read(file: &Path, folder: &Path, name: Names, modules: &mut Modules) {
    let source = fs::read_to_string(file).unwrap_or_else(|error| panic!("{file:?}: {error}"));
    let tokens = tokens(&source);
    let mut declared = Vec::new();
    let mut inside = Vec::new();
    let module = scan(&tokens, &name, file, &mut declared, &mut inside);
    modules.insert(name.clone(), module);
    for (child, module) in inside {
        modules.insert(child, module);
    }
    for child in declared {
        let flat = folder.join(format!("{child}.rs"));
        let below = folder.join(&child);
        let path = if flat.exists() {
            flat
        } else {
            below.join("mod.rs")
        };
        let name = [name.clone(), vec![child]].concat();
        read(&path, &below, name, modules);
    }
}

/// Takes a module's declarations and paths from its tokens.
fn scan(
    tokens: &[Token],
    name: &Names,
    file: &Path,
    declared: &mut Vec<String>,
    inside: &mut Vec<(Names, Module)>,
) -> Module {
    let mut module = Module {
        file: file.to_owned(),
        ..Module::default()
    };
    // Modules first, as names before their declaration count.
    let children: BTreeSet<String> = tokens
        .windows(2)
        .filter(|pair| pair[0].is("mod") && pair[1].is_word())
        .map(|pair| pair[1].text.clone())
        .collect();
    let (mut at, mut depth) = (0, 0);
    while at < tokens.len() {
        let word = &*tokens[at].text;
        let next = tokens.get(at + 1);
        match word {
            "mod" if tokens.get(at + 2).is_some_and(|token| token.is(";")) => {
                declared.push(tokens[at + 1].text.clone());
                at += 3;
            }
            "mod" if tokens.get(at + 2).is_some_and(|token| token.is("{")) => {
                let length = block(&tokens[at + 2..]);
                let child = [name.clone(), vec![tokens[at + 1].text.clone()]].concat();
                let body = &tokens[at + 3..at + 1 + length];
                let found = scan(body, &child, file, &mut Vec::new(), inside);
                inside.push((child, found));
                at += 2 + length;
            }
            "use" => {
                let end = tokens[at..]
                    .iter()
                    .position(|token| token.is(";"))
                    .unwrap_or(0)
                    + at;
                let is_public = matches!(
                    at.checked_sub(1).map(|before| &*tokens[before].text),
                    Some("pub" | ")")
                );
                let mut tree = Tree {
                    module: &mut module,
                    name,
                    children: &children,
                    used: is_public.then(|| used(tokens)),
                };
                tree.take(&tokens[at + 1..end], &[]);
                at = end + 1;
            }
            "struct" | "enum" | "union" | "fn" | "const" | "static" | "type" | "trait" => {
                module.defined.extend(next.map(|token| token.text.clone()));
                // Inside braces stand the types that a trait asks for.
                let is_type = matches!(word, "struct" | "enum" | "union" | "trait" | "type");
                if is_type && depth == 0 {
                    let named = next.map(|token| (token.text.clone(), token.line));
                    module.types.extend(named);
                }
                at += 1;
            }
            "{" | "}" => {
                depth += if word == "{" { 1 } else { -1 };
                at += 1;
            }
            // A visibility names a module and takes nothing from it.
            "pub" if next.is_some_and(|token| token.is("(")) => {
                at += tokens[at..]
                    .iter()
                    .position(|token| token.is(")"))
                    .unwrap_or(0)
                    + 1;
            }
            "macro_rules" => {
                module
                    .defined
                    .extend(tokens.get(at + 2).map(|token| token.text.clone()));
                at += 1;
            }
            _ => {
                let before = at.checked_sub(1).map(|before| &tokens[before]);
                let begins = !before.is_some_and(|token| token.is("::") || token.is("."));
                let length = path_length(&tokens[at..]);
                if begins && length > 1 {
                    let path: Names = tokens[at..at + length]
                        .iter()
                        .step_by(2)
                        .map(|t| t.text.clone())
                        .collect();
                    let path = absolute(&path, name, &children);
                    module
                        .paths
                        .extend(path.map(|path| (tokens[at].line, path)));
                }
                at += length.max(1);
            }
        }
    }
    module
}

/// Words outside `use` and `mod` declarations.
fn used(tokens: &[Token]) -> BTreeSet<String> {
    let mut is_declared = false;
    let mut words = BTreeSet::new();
    for token in tokens {
        is_declared = token.is("use") || token.is("mod") || is_declared && !token.is(";");
        if !is_declared && token.is_word() {
            words.insert(token.text.clone());
        }
    }
    words
}

/// Number of tokens of a path, from its first word on.
fn path_length(tokens: &[Token]) -> usize {
    if !tokens[0].is_word() {
        return 0;
    }
    let mut length = 1;
    while tokens.get(length).is_some_and(|token| token.is("::"))
        && tokens.get(length + 1).is_some_and(Token::is_word)
    {
        length += 2;
    }
    length
}

/// Number of tokens of a block, with its braces.
fn block(tokens: &[Token]) -> usize {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate() {
        depth += i32::from(token.is("{")) - i32::from(token.is("}"));
        if depth == 0 {
            return at + 1;
        }
    }
    tokens.len()
}

/// A path from the crate's root; `None` for one of another crate.
fn absolute(path: &[String], name: &Names, children: &BTreeSet<String>) -> Option<Names> {
    let (first, rest) = path.split_first()?;
    match &**first {
        "crate" => Some(rest.to_vec()),
        "self" => Some([name, rest].concat()),
        "super" => {
            let (_, parent) = name.split_last()?;
            let ups = rest.iter().take_while(|word| *word == "super").count();
            let parent = &parent[..parent.len().checked_sub(ups)?];
            Some([parent, &rest[ups..]].concat())
        }
        child if children.contains(child) => Some([&name[..], path].concat()),
        _ => None,
    }
}

/// The names that a `use` declaration imports.
struct Tree<'a> {
    module: &'a mut Module,
    name: &'a Names,
    children: &'a BTreeSet<String>,
    /// Of a public declaration, the words outside such declarations.
    used: Option<BTreeSet<String>>,
}

impl Tree<'_> {
    fn take(&mut self, tokens: &[Token], before: &[String]) {
        let length = if tokens.is_empty() {
            0
        } else {
            path_length(tokens)
        };
        let words = tokens[..length]
            .iter()
            .step_by(2)
            .map(|token| token.text.clone());
        let path: Names = before.iter().cloned().chain(words).collect();
        let rest = &tokens[length..];
        let rest = if rest.first().is_some_and(|token| token.is("::")) {
            &rest[1..]
        } else {
            rest
        };
        match rest.first().map(|token| &*token.text) {
            Some("{") => {
                for branch in branches(&rest[1..block(rest) - 1]) {
                    self.take(branch, &path);
                }
            }
            Some("*") => {
                let line = rest[0].line;
                if let Some(path) = absolute(&path, self.name, self.children) {
                    self.module.globs.push(path.clone());
                    if self.used.is_none() {
                        self.module.paths.push((line, path));
                    }
                }
            }
            alias => {
                let Some(token) = tokens.first() else { return };
                let path = match path.split_last() {
                    Some((last, path)) if last == "self" && !path.is_empty() => path.to_vec(),
                    _ => path,
                };
                let last = path.last().cloned();
                let name = if alias == Some("as") {
                    rest.get(1).map(|t| t.text.clone())
                } else {
                    last
                };
                let Some(path) = absolute(&path, self.name, self.children) else {
                    return;
                };
                // What is only handed on is no import of this module's: those who take it import
                // it.
                if self
                    .used
                    .as_ref()
                    .is_none_or(|used| name.as_ref().is_some_and(|name| used.contains(name)))
                {
                    self.module.paths.push((token.line, path.clone()));
                }
                self.module.brought.extend(name.map(|name| (name, path)));
            }
        }
    }
}

/// Parts between commas that are in no braces.
fn branches(tokens: &[Token]) -> Vec<&[Token]> {
    let (mut depth, mut from, mut found) = (0, 0, Vec::new());
    for (at, token) in tokens.iter().enumerate() {
        depth += i32::from(token.is("{")) - i32::from(token.is("}"));
        if depth == 0 && token.is(",") {
            found.push(&tokens[from..at]);
            from = at + 1;
        }
    }
    found.push(&tokens[from..]);
    found
}
