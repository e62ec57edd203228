//! Takes one setting at a time from the environment and parses it. The problem it reports names the
//! setting; whether the value may be shown is the parser's business, and parsers of secrets never do.

use super::{Secret, settings::Setting};
use std::{fs, io::Read, path::Path};

/// The largest file that `NAME_FILE` may name.
const MAX_FILE_BYTES: u64 = 64 * 1024;

/// A setting that cannot be used, in a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{setting} {problem}")]
pub struct ConfigError {
    /// The name of the setting.
    pub setting: String,
    /// What is wrong with it and what to write instead.
    pub problem: String,
}

impl ConfigError {
    /// Says what is wrong with a setting.
    pub(super) fn new(setting: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { setting: setting.into(), problem: problem.into() }
    }
}

/// Reads settings from a source of environment variables.
pub(super) struct Reader<'a> {
    pub(super) source: &'a dyn Fn(&str) -> Option<String>,
}

impl Reader<'_> {
    /// The value of a setting that has a default.
    pub(super) fn required<T>(
        &self,
        setting: &Setting,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<T, ConfigError> {
        let text = self.text(setting)?.unwrap_or_else(|| setting.default.to_owned());
        parse(&text).map_err(|problem| ConfigError::new(setting.name, problem))
    }

    /// The value of a setting that may be absent.
    pub(super) fn optional<T>(
        &self,
        setting: &Setting,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<Option<T>, ConfigError> {
        let parsed = self.text(setting)?.map(|text| parse(&text)).transpose();
        parsed.map_err(|problem| ConfigError::new(setting.name, problem))
    }

    /// A secret, which may be absent.
    pub(super) fn secret(&self, setting: &Setting) -> Result<Option<Secret>, ConfigError> {
        Ok(self.text(setting)?.map(Secret::new))
    }

    fn text(&self, setting: &Setting) -> Result<Option<String>, ConfigError> {
        let direct = self.variable(setting.name, setting.secret)?;
        if !setting.from_file {
            return Ok(direct);
        }
        let file_name = setting.file_name();
        match (direct, self.variable(&file_name, false)?) {
            (Some(_), Some(_)) => {
                Err(ConfigError::new(setting.name, format!("is set together with {file_name}; set one of them")))
            }
            (None, Some(path)) => read_file(Path::new(&path)).map_err(|problem| ConfigError::new(file_name, problem)),
            (direct, None) => Ok(direct),
        }
    }

    /// An environment variable; an empty one counts as unset.
    fn variable(&self, name: &str, secret: bool) -> Result<Option<String>, ConfigError> {
        let Some(text) = (self.source)(name) else { return Ok(None) };
        if text.contains(char::REPLACEMENT_CHARACTER) {
            return Err(ConfigError::new(name, "is not UTF-8 text"));
        }
        let text = if secret { without_line_end(&text) } else { text.trim() };
        Ok((!text.is_empty()).then(|| text.to_owned()))
    }
}

fn read_file(path: &Path) -> Result<Option<String>, String> {
    let mut text = String::new();
    let read = fs::File::open(path).and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_string(&mut text));
    let length = read.map_err(|error| format!("names {}, which cannot be read: {error}", path.display()))?;
    if length as u64 > MAX_FILE_BYTES {
        return Err(format!("names {}, which is larger than {MAX_FILE_BYTES} bytes", path.display()));
    }
    match without_line_end(&text) {
        "" => Err(format!("names {}, which is empty", path.display())),
        value => Ok(Some(value.to_owned())),
    }
}

fn without_line_end(text: &str) -> &str {
    text.trim_end_matches(['\r', '\n'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::settings;
    use std::io::Write;

    fn secret_from(variables: &[(&str, &str)]) -> Result<Option<String>, ConfigError> {
        let source = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        let secret = Reader { source: &source }.secret(&settings::JWT_SECRET)?;
        Ok(secret.map(|secret| secret.expose().to_owned()))
    }

    #[test]
    fn a_file_gives_the_value_without_its_line_end() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"from a file \r\n").unwrap();
        let path = file.path().to_str().unwrap();
        assert_eq!(secret_from(&[("JWT_SECRET_FILE", path)]).unwrap().unwrap(), "from a file ");
        assert_eq!(secret_from(&[("JWT_SECRET", ""), ("JWT_SECRET_FILE", path)]).unwrap().unwrap(), "from a file ");
    }

    #[test]
    fn both_forms_are_refused_without_showing_either() {
        let error = secret_from(&[("JWT_SECRET", "hush"), ("JWT_SECRET_FILE", "/some/where")]).unwrap_err();
        assert_eq!(error.to_string(), "JWT_SECRET is set together with JWT_SECRET_FILE; set one of them");
    }

    #[test]
    fn an_empty_or_missing_file_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let empty = secret_from(&[("JWT_SECRET_FILE", file.path().to_str().unwrap())]).unwrap_err();
        assert!(empty.to_string().starts_with("JWT_SECRET_FILE names ") && empty.problem.ends_with("which is empty"));
        let missing = secret_from(&[("JWT_SECRET_FILE", "/not/there")]).unwrap_err();
        assert!(missing.problem.contains("/not/there, which cannot be read"), "{missing}");
    }

    #[test]
    fn an_empty_variable_is_unset_and_other_bytes_are_refused() {
        assert_eq!(secret_from(&[("JWT_SECRET", "")]).unwrap(), None);
        assert_eq!(secret_from(&[("JWT_SECRET", "a\u{fffd}")]).unwrap_err().problem, "is not UTF-8 text");
    }
}
