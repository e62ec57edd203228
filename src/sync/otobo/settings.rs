//! The desk's settings that bear on access: what each is, and where that was said.

use serde::Serialize;
use yaml_rust2::{Yaml, YamlLoader};

use super::facts::{ContextNames, Facts, SettingRow};

const GROUP_SUPPORT: &str = "CustomerGroupSupport";
const ALWAYS_GROUPS: &str = "CustomerGroupAlwaysGroups";
const COMPANY_ALWAYS_GROUPS: &str = "CustomerGroupCompanyAlwaysGroups";
const SAME_CUSTOMER: &str = "CustomerGroupPermissionContext###001-CustomerID-same";
const OTHER_CUSTOMERS: &str = "CustomerGroupPermissionContext###100-CustomerID-other";
const PERMISSIONS: &str = "System::Customer::Permission";
const UNKNOWN_CUSTOMER: &str = "Ticket::Service::Default::UnknownCustomer";
const NO_COMPANY_ACCESS: &str = "Ticket::Frontend::CustomerDisableCompanyTicketAccess";

/// The settings that are read, by the names that the desk gives them.
pub const NAMES: [&str; 7] = [
    GROUP_SUPPORT,
    ALWAYS_GROUPS,
    COMPANY_ALWAYS_GROUPS,
    OTHER_CUSTOMERS,
    PERMISSIONS,
    UNKNOWN_CUSTOMER,
    NO_COMPANY_ACCESS,
];

/// Whether a row of the desk's settings is one of those that are read.
pub(super) fn is_known(name: &str) -> bool {
    NAMES.contains(&name) || name == SAME_CUSTOMER
}

/// A setting given on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenSetting {
    name: &'static str,
    value: String,
}

impl GivenSetting {
    /// Reads `NAME=VALUE`; a list has commas between its items.
    pub fn parse(written: &str) -> Result<Self, String> {
        let (name, value) = written.split_once('=').ok_or("must be a setting, = and its value")?;
        let known = NAMES.into_iter().find(|known| *known == name.trim());
        let name = known.ok_or_else(|| format!("is none of {}", NAMES.join(", ")))?;
        let value = value.trim().to_owned();
        let is_list = matches!(name, ALWAYS_GROUPS | COMPANY_ALWAYS_GROUPS | PERMISSIONS);
        if !is_list && !matches!(value.as_str(), "0" | "1") {
            return Err(format!("{name} must be 0 or 1"));
        }
        Ok(Self { name, value })
    }
}

/// Where a setting was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// `--setting`.
    CommandLine,
    /// Changed in the desk.
    Modified,
    /// As the desk was shipped, by its table of defaults.
    Default,
    /// Nowhere.
    Nowhere,
}

impl Origin {
    /// For people.
    pub fn as_str(self) -> &'static str {
        match self {
            Origin::CommandLine => "--setting",
            Origin::Modified => "sysconfig_modified",
            Origin::Default => "sysconfig_default",
            Origin::Nowhere => "said nowhere",
        }
    }
}

/// A setting, what it is, and where that was said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SaidSetting {
    /// The desk's name for it.
    pub name: &'static str,
    /// What it is: 0, 1, or a list with commas; absent: unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Where that was said.
    pub origin: Origin,
    /// It was changed and not deployed, so that the desk may still go by what it was.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub not_deployed: bool,
}

/// The desk's settings, read.
#[derive(Debug, Clone)]
pub(super) struct DeskSettings {
    pub group_support: bool,
    pub always_groups: Vec<String>,
    pub company_always_groups: Vec<String>,
    pub other_customers: bool,
    /// With `rw`, which is last.
    pub permissions: Vec<String>,
    pub defaults_for_unknown: bool,
    pub company_access: bool,
    pub contexts: ContextNames,
    /// What each is and where that was said.
    pub said: Vec<SaidSetting>,
}

impl DeskSettings {
    /// What the command line says, else what the desk says.
    pub(super) fn new(facts: &Facts, given: &[GivenSetting]) -> Self {
        let said: Vec<SaidSetting> = NAMES.into_iter().map(|name| said(facts, given, name)).collect();
        let value = |name: &str| said.iter().find(|said| said.name == name).and_then(|said| said.value.clone());
        let is_on = |name: &str| value(name).as_deref() == Some("1");
        let list = |name: &str| -> Vec<String> {
            let value = value(name).unwrap_or_default();
            value.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
        };
        let mut permissions = list(PERMISSIONS);
        permissions.retain(|name| name != "rw");
        permissions.push("rw".to_owned());
        let mut seen = std::collections::HashSet::new();
        permissions.retain(|name| seen.insert(name.clone()));
        Self {
            group_support: is_on(GROUP_SUPPORT),
            always_groups: list(ALWAYS_GROUPS),
            company_always_groups: list(COMPANY_ALWAYS_GROUPS),
            other_customers: is_on(OTHER_CUSTOMERS),
            permissions,
            defaults_for_unknown: is_on(UNKNOWN_CUSTOMER),
            company_access: !is_on(NO_COMPANY_ACCESS),
            contexts: ContextNames {
                same_customer: context(facts, SAME_CUSTOMER, "Ticket::CustomerID::Same"),
                other_customers: context(facts, OTHER_CUSTOMERS, "Ticket::CustomerID::Other"),
            },
            said,
        }
    }

    /// The settings of which nobody said what they are.
    pub(super) fn unknown(&self) -> impl Iterator<Item = &'static str> {
        self.said.iter().filter(|said| said.value.is_none()).map(|said| said.name)
    }
}

fn said(facts: &Facts, given: &[GivenSetting], name: &'static str) -> SaidSetting {
    if let Some(given) = given.iter().rev().find(|given| given.name == name) {
        let value = Some(given.value.clone());
        return SaidSetting { name, value, origin: Origin::CommandLine, not_deployed: false };
    }
    let (row, origin) = match (find(&facts.modified_settings, name), find(&facts.default_settings, name)) {
        (Some(row), _) => (row, Origin::Modified),
        (None, Some(row)) => (row, Origin::Default),
        (None, None) => return SaidSetting { name, value: None, origin: Origin::Nowhere, not_deployed: false },
    };
    SaidSetting { name, value: effective(row), origin, not_deployed: row.is_dirty && origin == Origin::Modified }
}

fn find<'f>(rows: &'f [SettingRow], name: &str) -> Option<&'f SettingRow> {
    rows.iter().find(|row| row.name == name)
}

/// What a row says, in the way of the command line. One that is not valid says what no setting says.
fn effective(row: &SettingRow) -> Option<String> {
    if !row.is_valid {
        return Some("0".to_owned()).filter(|_| !is_list_name(&row.name)).or(Some(String::new()));
    }
    match parsed(&row.value)? {
        // A context is on by being there.
        Yaml::Hash(_) => Some("1".to_owned()),
        Yaml::Array(items) => Some(items.iter().filter_map(scalar).collect::<Vec<_>>().join(",")),
        Yaml::Null if is_list_name(&row.name) => Some(String::new()),
        single if is_list_name(&row.name) => scalar(&single),
        single => Some(if is_true(&single) { "1" } else { "0" }.to_owned()),
    }
}

fn is_list_name(name: &str) -> bool {
    matches!(name, ALWAYS_GROUPS | COMPANY_ALWAYS_GROUPS | PERMISSIONS)
}

/// What Perl takes for true.
fn is_true(value: &Yaml) -> bool {
    scalar(value).is_some_and(|text| !text.is_empty() && text != "0")
}

fn scalar(value: &Yaml) -> Option<String> {
    match value {
        Yaml::String(text) | Yaml::Real(text) => Some(text.clone()),
        Yaml::Integer(number) => Some(number.to_string()),
        Yaml::Boolean(flag) => Some(u8::from(*flag).to_string()),
        _ => None,
    }
}

/// The YAML of a setting. On some databases the desk keeps large texts in base64.
fn parsed(value: &str) -> Option<Yaml> {
    use base64::Engine;
    let load = |text: &str| YamlLoader::load_from_str(text).ok().and_then(|documents| documents.into_iter().next());
    let decoded = base64::engine::general_purpose::STANDARD.decode(value.split_whitespace().collect::<String>());
    match decoded.ok().and_then(|bytes| String::from_utf8(bytes).ok()).filter(|text| text.starts_with("---")) {
        Some(text) => load(&text),
        None => load(value),
    }
}

/// The name of a context in the tables: the member `Value` of its setting.
fn context(facts: &Facts, setting: &str, shipped: &str) -> String {
    let row = find(&facts.modified_settings, setting).or(find(&facts.default_settings, setting));
    let value = row.and_then(|row| parsed(&row.value)).and_then(|yaml| yaml["Value"].as_str().map(str::to_owned));
    value.filter(|value| !value.is_empty()).unwrap_or_else(|| shipped.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, value: &str) -> SettingRow {
        SettingRow { name: name.into(), value: value.into(), is_valid: true, is_dirty: false }
    }

    #[test]
    fn the_desks_own_way_of_writing_is_read() {
        for (name, value, read) in [
            (GROUP_SUPPORT, "--- 1\n", "1"),
            (GROUP_SUPPORT, "--- '0'\n", "0"),
            (GROUP_SUPPORT, "--- ''\n", "0"),
            (GROUP_SUPPORT, "LS0tIDEK", "1"),
            (ALWAYS_GROUPS, "---\n- users\n- faq\n", "users,faq"),
            (ALWAYS_GROUPS, "--- []\n", ""),
            (OTHER_CUSTOMERS, "---\nName: Other\nValue: Ticket::CustomerID::Other\n", "1"),
        ] {
            assert_eq!(effective(&row(name, value)).as_deref(), Some(read), "{value:?}");
        }
        assert_eq!(effective(&row(GROUP_SUPPORT, "- [")), None);
        let off = SettingRow { is_valid: false, ..row(OTHER_CUSTOMERS, "---\nValue: x\n") };
        assert_eq!(effective(&off).as_deref(), Some("0"));
    }

    #[test]
    fn the_command_line_outweighs_the_desk_and_each_says_where_it_is_from() {
        let facts = Facts {
            default_settings: vec![row(GROUP_SUPPORT, "--- 0\n"), row(PERMISSIONS, "---\n- ro\n- rw\n")],
            modified_settings: vec![row(GROUP_SUPPORT, "--- 1\n")],
            ..Facts::default()
        };
        let given = [GivenSetting::parse("CustomerGroupAlwaysGroups=users, faq").unwrap()];
        let settings = DeskSettings::new(&facts, &given);
        let origins: Vec<Origin> = settings.said.iter().map(|said| said.origin).collect();
        assert_eq!(origins[..2], [Origin::Modified, Origin::CommandLine]);
        assert!(settings.group_support);
        assert_eq!(settings.always_groups, ["users", "faq"]);
        assert_eq!(settings.unknown().count(), 4);
        assert!(GivenSetting::parse("CustomerGroupSupport=on").is_err() && GivenSetting::parse("x=1").is_err());
    }
}
