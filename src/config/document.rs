//! The settings as people read them: the table in the README and the end of `--help`.

use super::settings::{SETTINGS, Setting};
use std::fmt::Write;

/// The table of all settings, as Markdown.
pub(super) fn markdown_table() -> String {
    let mut table = String::from("| setting | default | meaning |\n| --- | --- | --- |\n");
    for setting in SETTINGS {
        let (name, default) = (markdown_name(setting), markdown_default(setting));
        let _ = writeln!(table, "| {name} | {default} | {} |", setting.meaning);
    }
    table
}

fn markdown_name(setting: &Setting) -> String {
    match setting.from_file {
        true => format!("`{}`, `{}`", setting.name, setting.file_name()),
        false => format!("`{}`", setting.name),
    }
}

fn markdown_default(setting: &Setting) -> String {
    match (setting.default_note, setting.default) {
        ("", "") => "–".to_owned(),
        ("", default) => format!("`{default}`"),
        (note, _) => note.to_owned(),
    }
}

/// The settings as plain text, for `--help`.
pub(super) fn help() -> String {
    let mut text = String::from("Settings (environment variables):\n");
    for setting in SETTINGS {
        let file = if setting.from_file { format!(", {}", setting.file_name()) } else { String::new() };
        let default = match setting.shown_default() {
            "" => String::new(),
            default => format!(" [default: {}]", plain(default)),
        };
        let _ = writeln!(text, "  {}{file}{default}\n      {}", setting.name, plain(setting.meaning));
    }
    text
}

fn plain(markdown: &str) -> String {
    markdown.replace('`', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_has_the_table_of_the_code() {
        let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
        let (_, rest) = readme.split_once("<!-- configuration -->\n").unwrap();
        let (table, _) = rest.split_once("<!-- /configuration -->").unwrap();
        assert_eq!(table.trim(), markdown_table().trim(), "write this table into README.md");
    }

    #[test]
    fn help_names_every_setting() {
        let help = help();
        assert!(SETTINGS.iter().all(|setting| help.contains(setting.name)));
        assert!(!help.contains('`'));
    }
}
