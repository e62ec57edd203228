//! What was found, what was done, and how the answers differ.

use std::collections::BTreeMap;

use serde::Serialize;

use super::settings::SaidSetting;
use crate::sync::crm::report::{Ending, grouped};

/// What became of something that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Nothing is loaded until it is decided.
    Undecided,
    /// It cannot be loaded as it is.
    Refused,
    /// It is left out.
    LeftOut,
    /// It is loaded, in another way than it stands there.
    Loaded,
    /// It is only said.
    Noted,
}

impl Outcome {
    /// For people.
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Undecided => "undecided",
            Outcome::Refused => "refused",
            Outcome::LeftOut => "left out",
            Outcome::Loaded => "loaded",
            Outcome::Noted => "noted",
        }
    }
}

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What became of it.
    pub outcome: Outcome,
    /// What a program reads, such as `never_counted`.
    pub code: &'static str,
    /// The table it stands in, or `here`.
    pub table: &'static str,
    /// Which row.
    pub row: String,
    /// What a person reads.
    pub reason: String,
    /// The flag that decides it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flag: Option<&'static str>,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {} {}: {}", self.outcome.as_str(), self.table, self.row, self.reason)
    }
}

/// How many of a kind came to what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    /// New ones.
    pub created: u64,
    /// Those that differed.
    pub updated: u64,
    /// Those that were so already.
    pub unchanged: u64,
    /// Those that could not be written.
    pub refused: u64,
    /// Those that are here and not there, and were removed.
    pub removed: u64,
    /// Those that are here and not there, and were kept.
    pub only_here: u64,
}

/// What is different in a customer user's access.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AccessDifference {
    /// Who, as the desk writes the login.
    pub login: String,
    /// Whether the desk gives it (`only_there`) or this service does (`only_here`).
    pub side: &'static str,
    /// `group` or `service`.
    pub kind: &'static str,
    /// Which.
    pub name: String,
    /// The permission types, of a group.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub permissions: Vec<String>,
    /// Why, for programs.
    pub reason: &'static str,
}

/// How the answers differ.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Differences {
    /// The customer users that were compared.
    pub compared: u64,
    /// Those of them whose access differs.
    pub customer_users: u64,
    /// How many permissions and services differ, by reason.
    pub reasons: BTreeMap<&'static str, u64>,
    /// Pairs of customer user and permission on a group that the desk grants, and that its list of who is in the
    /// group does not show.
    pub missing_in_lists_there: u64,
    /// Each of them.
    pub items: Vec<AccessDifference>,
}

/// What a reason means.
pub fn explained(reason: &str) -> &'static str {
    match reason {
        "customer_user_not_valid" => "the desk ignores that the customer user is not valid",
        "customer_not_valid" => "the desk ignores that the customer is not valid",
        "customer_user_left_out" => "the customer user is left out",
        "customer_left_out" => "the customer is left out",
        "group_left_out" => "the group is left out",
        "service_left_out" => "the service is left out",
        "ancestor_not_valid" => "the service stands under one that is not valid; the desk ignores that",
        "defaults_not_suppressed" => "the desk lets services that nobody sees suppress the default services",
        "key_in_other_case" => "a link or list names the key in another case, which the desk's database tells apart",
        "group_support_off_here" => "group support is off here, of the service or of the back end",
        "link_only_here" => "a link or list here that is not there",
        _ => "a link left out, or one that is here and not there",
    }
}

/// Why an import failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// The sentence.
    pub detail: String,
    /// Whether something was written before.
    pub written: bool,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let after = match self.written {
            true => "What was written before is in. Running the same import again leaves it as it is and goes on.",
            false => "Nothing was written.",
        };
        write!(f, "{}\n{after}", self.detail)
    }
}

/// All of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Report {
    /// How it ended.
    pub result: Ending,
    /// Whether it was only tried.
    pub dry_run: bool,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
    /// The tables that this version of the desk does not have.
    pub absent_tables: Vec<&'static str>,
    /// What each setting is and where that was said.
    pub settings: Vec<SaidSetting>,
    /// What became of what, by its plural.
    pub counts: BTreeMap<&'static str, Counts>,
    /// How many things were found, by outcome and code.
    pub found: BTreeMap<String, u64>,
    /// How the answers differ.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub differences: Option<Differences>,
    /// What was found, one by one.
    pub findings: Vec<Finding>,
}

/// The order in which people read the counts.
const KINDS: [&str; 12] = [
    "back ends",
    "settings",
    "groups",
    "services",
    "customers",
    "customer users",
    "additional customers",
    "customer group links",
    "customer user group links",
    "customer user service links",
    "always-groups",
    "default services",
];

impl Report {
    /// Notes something.
    pub(super) fn find(&mut self, finding: Finding) {
        *self.found.entry(format!("{} {}", finding.outcome.as_str(), finding.code)).or_default() += 1;
        self.findings.push(finding);
    }

    /// Whether something has to be decided before anything can be loaded.
    pub(super) fn is_undecided(&self) -> bool {
        self.findings.iter().any(|finding| finding.outcome == Outcome::Undecided)
    }

    /// For a scheduler: 0 all is in, 1 nothing or not all was loaded, 3 some rows were refused.
    pub fn exit_code(&self) -> u8 {
        match self.result {
            Ending::Complete => 0,
            Ending::Failed => 1,
            Ending::SomeRefused => 3,
        }
    }

    /// The report for people; of each list so many lines, if a limit is given.
    pub fn text(&self, limit: Option<usize>) -> String {
        let mut text = if self.dry_run { "a dry run: nothing is written\n".to_owned() } else { String::new() };
        self.settings_text(&mut text);
        self.findings_text(&mut text, limit);
        self.counts_text(&mut text);
        if let Some(differences) = &self.differences {
            differences.text(&mut text, limit);
        }
        text
    }

    fn settings_text(&self, text: &mut String) {
        if !self.absent_tables.is_empty() {
            text.push_str(&format!("not in this version of the desk: {}\n", self.absent_tables.join(", ")));
        }
        if !self.settings.is_empty() {
            text.push_str("settings:\n");
        }
        for said in &self.settings {
            let value = said.value.as_deref().map_or("unknown", |value| if value.is_empty() { "none" } else { value });
            let deployed = if said.not_deployed { ", changed and not deployed there" } else { "" };
            text.push_str(&format!("  {} = {value} ({}{deployed})\n", said.name, said.origin.as_str()));
        }
    }

    fn findings_text(&self, text: &mut String, limit: Option<usize>) {
        if !self.found.is_empty() {
            text.push_str("found:\n");
        }
        for (kind, count) in &self.found {
            let of_kind = || self.findings.iter().filter(|it| format!("{} {}", it.outcome.as_str(), it.code) == *kind);
            let flag = of_kind().find_map(|finding| finding.flag).filter(|_| kind.starts_with("undecided"));
            let decide = flag.map_or_else(String::new, |flag| format!("; decide with {flag}"));
            text.push_str(&format!("  {} {kind}{decide}\n", grouped(*count)));
            for finding in of_kind().take(limit.unwrap_or(usize::MAX)) {
                text.push_str(&format!("    {finding}\n"));
            }
            more(text, *count, limit);
        }
    }

    fn counts_text(&self, text: &mut String) {
        for kind in KINDS {
            if let Some(counts) = self.counts.get(kind) {
                let Counts { created, updated, unchanged, refused, removed, only_here } = counts;
                let mut words = vec![(created, "created"), (updated, "updated"), (unchanged, "unchanged")];
                let rare = [(refused, "refused"), (removed, "removed"), (only_here, "only here")];
                words.extend(rare.into_iter().filter(|(count, _)| **count > 0));
                let words: Vec<String> = words.iter().map(|(n, word)| format!("{} {word}", grouped(**n))).collect();
                text.push_str(&format!("{:<28} {}\n", format!("{kind}:"), words.join(", ")));
            }
        }
    }
}

fn more(text: &mut String, count: u64, limit: Option<usize>) {
    let rest = limit.map_or(0, |limit| count.saturating_sub(limit as u64));
    if rest > 0 {
        text.push_str(&format!("    and {} more; the file that --report names has all\n", grouped(rest)));
    }
}

impl Differences {
    fn text(&self, text: &mut String, limit: Option<usize>) {
        let [compared, differ] = [self.compared, self.customer_users].map(grouped);
        text.push_str(&format!("access: {compared} customer users compared, {differ} differ\n"));
        for (reason, count) in &self.reasons {
            text.push_str(&format!("  {} {reason}: {}\n", grouped(*count), explained(reason)));
        }
        if self.missing_in_lists_there > 0 {
            let count = grouped(self.missing_in_lists_there);
            text.push_str(&format!(
                "  {count} permissions that the desk grants are missing in its own lists of a group\n"
            ));
        }
        for item in self.items.iter().take(limit.unwrap_or(usize::MAX)) {
            let side = if item.side == "only_there" { "only the desk gives" } else { "only this service gives" };
            let permissions = item.permissions.join(" ");
            let space = if permissions.is_empty() { "" } else { " " };
            let AccessDifference { login, kind, name, reason, .. } = item;
            text.push_str(&format!("    {login}: {side} {kind} {name:?}{space}{permissions} ({reason})\n"));
        }
        more(text, self.items.len() as u64, limit);
    }
}
