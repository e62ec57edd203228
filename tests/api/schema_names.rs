//! Names of schemas: utoipa lets two types of one name overwrite each other without a word, so the
//! source itself is read for them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::common::TestApp;

/// Every file of Rust in the sources.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the sources").flatten().map(|entry| entry.path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let of_rust = files.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    of_rust.chain(folders.iter().flat_map(|folder| sources(folder))).collect()
}

/// The schemas that a source declares, by name: derived, written out, or made by one of our macros.
fn declared(source: &str) -> Vec<String> {
    let mut names = Vec::new();
    let (mut derives, mut renamed, mut of_macro) = (false, None, false);
    for line in source.lines().map(str::trim).filter(|line| !line.starts_with("//") && !line.starts_with("use ")) {
        let attribute = line.split_once("as = ").filter(|_| derives && line.starts_with("#[schema("));
        renamed = attribute.map(|(_, name)| word(name)).or(renamed);
        let item = ["pub struct ", "struct ", "pub enum ", "enum "].iter().find_map(|item| line.strip_prefix(item));
        match item.map(word) {
            Some(name) if derives && !name.is_empty() => names.push(renamed.take().unwrap_or(name)),
            _ if of_macro => names.extend(line.split(", ").map(word).take_while(|name| is_type(name))),
            _ => {}
        }
        names.extend(line.strip_prefix("impl utoipa::ToSchema for ").map(word));
        (derives, renamed) = if item.is_some() { (false, None) } else { (derives, renamed) };
        derives |= line.contains("ToSchema") && !line.starts_with("impl");
        let opens = ["text_type!(", "key_type!(", "page_type! {", "batches!("];
        of_macro = opens.contains(&line);
    }
    names
}

/// Whether a name is one of a type.
fn is_type(name: &str) -> bool {
    name.starts_with(|first: char| first.is_uppercase())
}

/// The word that a text begins with.
fn word(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

fn by_name() -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for path in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        for name in declared(&fs::read_to_string(&path).expect("a text")) {
            found.entry(name).or_default().push(path.display().to_string());
        }
    }
    found
}

#[test]
fn no_two_types_have_one_schema_name() {
    let twice: Vec<_> = by_name().into_iter().filter(|(_, places)| places.len() > 1).collect();
    assert!(twice.is_empty(), "one of each overwrites the others in the OpenAPI document: {twice:#?}");
}

#[test]
fn every_schema_of_the_document_is_found_in_the_source() {
    let (app, declared) = (TestApp::start(), by_name());
    let schemas = app.contract().document["components"]["schemas"].as_object().expect("schemas");
    let unknown: Vec<_> = schemas.keys().filter(|name| !declared.contains_key(*name)).collect();
    assert!(unknown.is_empty(), "the search for names misses these: {unknown:?}");
}

#[test]
fn the_search_finds_every_way_to_declare_a_schema() {
    let source = "
        #[derive(Debug, ToSchema)]
        pub struct A {}
        #[derive(Debug)]
        pub struct NotThis {}
        #[derive(
            Debug, utoipa::ToSchema,
        )]
        #[schema(example = 1, as = B)]
        enum BView {}
        key_type!(
            /// A key.
            C, natural_key, \"c\"
        );
        page_type! {
            /// Some of them.
            D of B
        }
        batches!(
            F, G,
            Kind, Fields, handler,
        );
        impl utoipa::ToSchema for E {}
        #[derive(ToSchema)]
        pub struct $name(String);";
    assert_eq!(declared(source), ["A", "B", "C", "D", "F", "G", "E"]);
}
