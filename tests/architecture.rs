//! The invariants of ARCHITECTURE.md that the source itself can be held to.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says what it expects by failing")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// What each module may use of the others. Whatever stands in `cli/` puts the service together.
const MAY_USE: &[(&str, &[&str])] = &[
    ("turns", &[]),
    ("directory", &[]),
    ("access", &["directory"]),
    ("json", &["directory"]),
    ("config", &["auth"]),
    ("auth", &["config", "directory"]),
    ("store", &["config", "directory", "turns"]),
    ("plan", &["directory", "store", "turns"]),
    ("replica", &["access", "directory", "plan", "store", "turns"]),
    // What a desk answers is compared with what `access` answers; the rules themselves are named below.
    ("sync", &["access", "directory", "json", "plan", "replica", "store", "turns"]),
    ("api", &["access", "auth", "config", "directory", "json", "plan", "replica", "store", "sync"]),
    ("cli", &["api", "auth", "config", "directory", "json", "plan", "replica", "store", "sync"]),
];

/// What only some places may say, and which: a path is a file or the beginning of one.
const ONLY_IN: &[(&str, &[&str], &[&str])] = &[
    // The tables of another system's database, which are only ever read, are no business of the store's.
    (
        "SQL",
        &["diesel", "mysql::", "SELECT ", "INSERT ", "UPDATE ", "DELETE FROM"],
        &["src/store/", "src/sync/otobo/source/"],
    ),
    (
        "which database it is",
        &[
            "Conn::Sqlite",
            "Conn::Postgres",
            "Pooled::",
            "Connections::",
            "Connected::",
            "DatabaseUrl::Sqlite",
            "DatabaseUrl::Postgres",
        ],
        &["src/store/connection.rs", "src/store/dialect.rs", "src/store/mod.rs", "src/config/"],
    ),
    ("the environment", &["env::var", "env::vars", "env::args"], &["src/config/"]),
    ("giving way", &["yield_now"], &["src/turns.rs"]),
    ("fetching", &["ureq", "TcpStream", "to_socket_addrs"], &["src/auth/fetch.rs", "src/cli/health.rs"]),
    ("HTTP", &["actix_web"], &["src/api/", "src/cli/", "src/auth/", "src/replica/"]),
    (
        "changing the index",
        &["index.apply(", "index.apply_all(", "index.take_in(", "set_revision(revision", "Index::default()"],
        &["src/replica/", "src/access/"],
    ),
    (
        "a rule of access",
        &[".gives(", ".holds(", ".is_valid(", ".customers_of(", ".ancestors_are_valid(", ".always_groups(", ".given("],
        &["src/access/", "src/directory/"],
    ),
];

/// Files that are longer than [`MAX_LINES`], with the reason.
const LONGER: &[(&str, &str)] =
    &[("src/api/access.rs", "the bodies of all questions and answers, for the document, beside their handlers")];
const MAX_LINES: usize = 400;

struct Source {
    path: String,
    lines: usize,
    /// The text without comments and without tests.
    code: String,
}

impl Source {
    fn module(&self) -> &str {
        self.path["src/".len()..].split(['/', '.']).next().expect("a path")
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let mut folders = vec![root.join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a directory").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
                found.push(source(root, &path));
            }
        }
    }
    assert!(found.len() > 50, "the sources are not where they are looked for");
    found
}

fn source(root: &Path, path: &Path) -> Source {
    let text = fs::read_to_string(path).expect("a text");
    let code = text.split("#[cfg(test)]\n").next().unwrap_or_default().lines();
    let code: Vec<&str> = code.filter(|line| !line.trim_start().starts_with("//")).collect();
    let path = path.strip_prefix(root).expect("inside").to_str().expect("UTF-8").to_owned();
    Source { path, lines: text.lines().count(), code: code.join("\n") }
}

#[track_caller]
fn none(found: &[String], rule: &str) {
    assert!(found.is_empty(), "{rule}:\n{}", found.join("\n"));
}

/// The names that stand right after every `start`, in braces too.
fn names_after<'c>(code: &'c str, start: &str) -> BTreeSet<&'c str> {
    let mut names = BTreeSet::new();
    for (at, _) in code.match_indices(start) {
        let rest = &code[at + start.len()..];
        match rest.strip_prefix('{') {
            Some(inside) => names.extend(first_names(inside)),
            None => names.extend(first_name(rest)),
        }
    }
    names
}

fn first_name(text: &str) -> Option<&str> {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    Some(&text[..end]).filter(|name| !name.is_empty())
}

/// The first name of each item of a list in braces, up to the brace that closes it.
fn first_names(inside: &str) -> Vec<&str> {
    let (mut names, mut depth, mut begin) = (Vec::new(), 0, 0);
    for (at, c) in inside.char_indices() {
        match c {
            '{' => depth += 1,
            ',' if depth == 0 => {
                names.extend(first_name(inside[begin..at].trim_start()));
                begin = at + 1;
            }
            '}' if depth == 0 => {
                names.extend(first_name(inside[begin..at].trim_start()));
                break;
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
    names
}

#[test]
fn modules_use_only_the_modules_they_may_know() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| !matches!(source.module(), "lib" | "main")) {
        let module = source.module();
        let known = MAY_USE.iter().find(|(name, _)| *name == module);
        let may_use = known.unwrap_or_else(|| panic!("{module}/ is new: say in MAY_USE what it may know")).1;
        let used = names_after(&source.code, "crate::");
        let others = used.iter().filter(|used| **used != module && !may_use.contains(used));
        wrong.extend(others.map(|other| format!("{} uses {other}", source.path)));
    }
    none(&wrong, "a module knows another that it must not");
}

#[test]
fn access_is_pure() {
    let crates =
        BTreeSet::from(["std", "crate", "self", "super", "foldhash", "hashbrown", "roaring", "smallstr", "smallvec"]);
    let no_std = ["env", "fs", "io", "net", "process", "sync", "thread", "time"];
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| source.module() == "access") {
        let used =
            source.code.lines().filter_map(|line| line.trim_start().trim_start_matches("pub ").strip_prefix("use "));
        // A module of its own may be re-exported by its name.
        let own = |name: &str| source.code.contains(&format!("mod {name};"));
        let others = used.filter_map(first_name).filter(|name| !crates.contains(name) && !own(name));
        wrong.extend(others.map(|other| format!("{} uses {other}", source.path)));
        // Sharing a part of the index with a copy of it is no thread.
        let shares = names_after(&source.code, "std::sync::").iter().all(|name| *name == "Arc");
        let std: BTreeSet<&str> =
            names_after(&source.code, "std::").into_iter().filter(|name| *name != "sync" || !shares).collect();
        wrong.extend(
            std.iter().filter(|name| no_std.contains(name)).map(|name| format!("{}: std::{name}", source.path)),
        );
    }
    none(&wrong, "access/ uses more than directory/ and data structures");
}

#[test]
fn directory_does_no_io() {
    let no_std = ["env", "fs", "io", "net", "process", "sync", "thread", "time"];
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| source.module() == "directory") {
        let std = names_after(&source.code, "std::");
        wrong.extend(
            std.iter().filter(|name| no_std.contains(name)).map(|name| format!("{}: std::{name}", source.path)),
        );
    }
    none(&wrong, "directory/ does something that is not its own");
}

#[test]
fn some_things_are_done_in_one_place_only() {
    let mut wrong = Vec::new();
    for source in &sources() {
        for (what, words, places) in ONLY_IN {
            let elsewhere = !places.iter().any(|place| source.path.starts_with(place));
            let said = words.iter().filter(|word| elsewhere && source.code.contains(**word));
            wrong.extend(
                said.map(|word| format!("{} says {word:?}: {what} belongs to {}", source.path, places.join(", "))),
            );
        }
    }
    none(&wrong, "something is done outside of its place");
}

#[test]
fn files_are_short() {
    let sources = sources();
    let is_excused = |path: &str| LONGER.iter().any(|(excused, _)| *excused == path);
    let long = sources.iter().filter(|source| source.lines > MAX_LINES && !is_excused(&source.path));
    let long: Vec<_> = long.map(|source| format!("{}: {}", source.path, source.lines)).collect();
    none(&long, "files of more than 400 lines; split them, or say in LONGER why not");
    for (excused, _) in LONGER {
        let needed = sources.iter().any(|source| source.path == *excused && source.lines > MAX_LINES);
        assert!(needed, "{excused} is not longer than {MAX_LINES} lines; take it from LONGER");
    }
}

#[test]
fn no_lint_that_guards_against_panics_is_switched_off() {
    let lints = ["clippy::unwrap_used", "clippy::expect_used", "clippy::panic", "unsafe_code"];
    let mut wrong = Vec::new();
    for source in &sources() {
        wrong.extend(
            lints.iter().filter(|lint| source.code.contains(**lint)).map(|lint| format!("{}: {lint}", source.path)),
        );
    }
    none(&wrong, "a lint is switched off");
    let cargo = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).expect("Cargo.toml");
    for lint in ["unsafe_code = \"forbid\"", "unwrap_used = \"warn\"", "expect_used = \"warn\"", "panic = \"warn\""] {
        assert!(cargo.contains(lint), "Cargo.toml says no longer {lint}");
    }
}

#[test]
fn migrations_have_the_same_names_for_both_databases() {
    let names = |database: &str| -> BTreeSet<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(database);
        let entries = fs::read_dir(folder).expect("a directory").flatten();
        entries.map(|entry| entry.file_name().into_string().expect("UTF-8")).collect()
    };
    assert_eq!(names("sqlite"), names("postgres"));
}

#[test]
fn the_map_names_every_module() {
    let map = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    for (module, _) in MAY_USE {
        assert!(map.contains(&format!("**`{module}/`**")), "ARCHITECTURE.md does not say what {module}/ is for");
    }
}
