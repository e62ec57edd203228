//! Where a report is written: for people as text, for programs as JSON.
//!
//! Findings are written as they come and not kept, so that a file of which every row is refused
//! takes no more memory than one of which none is.

use std::io::{self, Write};

use super::report::{Finding, Report, Severity, grouped};

/// Somewhere a report is written.
pub trait Output {
    /// Something was found.
    fn finding(&mut self, finding: &Finding) -> io::Result<()>;
    /// This is all.
    fn end(&mut self, report: &Report) -> io::Result<()>;
}

/// A report for people.
pub struct TextOutput<W> {
    output: W,
    refusals: Limited,
    warnings: Limited,
    with_error: bool,
}

#[derive(Clone, Copy)]
struct Limited {
    limit: u64,
    seen: u64,
}

impl Limited {
    fn new(limit: Option<u64>) -> Self {
        Self { limit: limit.unwrap_or(u64::MAX), seen: 0 }
    }

    fn take(&mut self) -> bool {
        self.seen += 1;
        self.seen <= self.limit
    }

    fn more(self) -> u64 {
        self.seen.saturating_sub(self.limit)
    }
}

impl<W: Write> TextOutput<W> {
    /// Writes everything.
    pub fn full(output: W) -> Self {
        Self { output, refusals: Limited::new(None), warnings: Limited::new(None), with_error: true }
    }

    /// Writes so many refusals and warnings, how many more there are, and leaves out why an import
    /// failed, which standard error gets.
    pub fn brief(output: W, refusals: Option<u64>, warnings: Option<u64>) -> Self {
        Self { output, refusals: Limited::new(refusals), warnings: Limited::new(warnings), with_error: false }
    }
}

impl<W: Write> Output for TextOutput<W> {
    fn finding(&mut self, finding: &Finding) -> io::Result<()> {
        let (word, limited) = match finding.outcome {
            Severity::Refused => ("refused", &mut self.refusals),
            Severity::Warning => ("warning", &mut self.warnings),
        };
        if limited.take() {
            for problem in &finding.problems {
                writeln!(self.output, "line {}: {word}: {problem}", finding.line)?;
            }
        }
        Ok(())
    }

    fn end(&mut self, report: &Report) -> io::Result<()> {
        for (limited, word) in [(self.refusals, "refused rows"), (self.warnings, "warnings")] {
            if limited.more() > 0 {
                let more = grouped(limited.more());
                writeln!(self.output, "and {more} more {word}, not shown here; the file that --report names has all")?;
            }
        }
        if report.error.is_none() || report.rows > 0 {
            writeln!(self.output, "{}", report.summary())?;
        }
        if let Some(error) = report.error.as_ref().filter(|_| self.with_error) {
            writeln!(self.output, "{error}")?;
        }
        self.output.flush()
    }
}

/// A report for programs: one JSON object.
pub struct JsonOutput<W> {
    output: W,
    begun: bool,
}

impl<W: Write> JsonOutput<W> {
    /// Writes everything.
    pub fn new(output: W) -> Self {
        Self { output, begun: false }
    }

    fn begin(&mut self) -> io::Result<()> {
        let opening = if self.begun { ",\n" } else { "{\"findings\":[\n" };
        self.begun = true;
        self.output.write_all(opening.as_bytes())
    }
}

impl<W: Write> Output for JsonOutput<W> {
    fn finding(&mut self, finding: &Finding) -> io::Result<()> {
        self.begin()?;
        serde_json::to_writer(&mut self.output, finding).map_err(io::Error::from)
    }

    fn end(&mut self, report: &Report) -> io::Result<()> {
        if !self.begun {
            self.output.write_all(b"{\"findings\":[")?;
        }
        let members = serde_json::to_string(report).map_err(io::Error::from)?;
        writeln!(self.output, "],\n{}", members.trim_start_matches('{'))?;
        self.output.flush()
    }
}

/// Every place that a report is written to. One that fails is given up; the import goes on.
#[derive(Default)]
pub struct Outputs<'o> {
    outputs: Vec<Box<dyn Output + 'o>>,
    failure: Option<io::Error>,
}

impl<'o> Outputs<'o> {
    /// These places.
    pub fn new(outputs: Vec<Box<dyn Output + 'o>>) -> Self {
        Self { outputs, failure: None }
    }

    /// Something was found.
    pub fn finding(&mut self, finding: &Finding) {
        self.each(|output| output.finding(finding));
    }

    /// This is all; why it could not be written, if it could not.
    pub fn end(mut self, report: &Report) -> Option<io::Error> {
        self.each(|output| output.end(report));
        self.failure
    }

    fn each(&mut self, mut write: impl FnMut(&mut dyn Output) -> io::Result<()>) {
        let failure = &mut self.failure;
        self.outputs.retain_mut(|output| match write(output.as_mut()) {
            Ok(()) => true,
            Err(error) => {
                failure.get_or_insert(error);
                false
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::field::{Field, Part};
    use super::super::report::FoundProblem;
    use super::*;

    fn finding(line: u64, outcome: Severity) -> Finding {
        let problem = FoundProblem {
            part: Some(Part::CustomerUser),
            field: Field::parse("email").ok(),
            column: Some("E-Mail".into()),
            value: Some("\"x\"".into()),
            code: "not_an_email",
            reason: "must be an e-mail address".into(),
        };
        Finding { line, outcome, problems: vec![problem] }
    }

    fn write(mut output: impl Output, findings: &[Finding], report: &Report) {
        findings.iter().for_each(|finding| output.finding(finding).unwrap());
        output.end(report).unwrap();
    }

    #[test]
    fn people_get_lines() {
        let mut text = Vec::new();
        let report = Report { file: "f.csv".into(), rows: 1234, rows_refused: 2, ..Default::default() };
        let findings = [finding(2, Severity::Refused), finding(3, Severity::Refused), finding(4, Severity::Warning)];
        write(TextOutput::brief(&mut text, Some(1), None), &findings, &report);
        assert_eq!(
            String::from_utf8(text).unwrap(),
            "line 2: refused: E-Mail \"x\" must be an e-mail address\n\
             line 4: warning: E-Mail \"x\" must be an e-mail address\n\
             and 1 more refused rows, not shown here; the file that --report names has all\n\
             f.csv: 1,234 rows, 2 refused, 0 warnings\n  \
             customers:      0 created, 0 updated, 0 unchanged, 0 refused\n  \
             customer users: 0 created, 0 updated, 0 unchanged, 0 refused\n"
        );
    }

    #[test]
    fn programs_get_one_object() {
        for count in 0..3 {
            let mut json = Vec::new();
            let findings: Vec<Finding> = (0..count).map(|line| finding(line, Severity::Refused)).collect();
            write(JsonOutput::new(&mut json), &findings, &Report::failed("f.csv", "no"));
            let value: serde_json::Value = serde_json::from_slice(&json).unwrap();
            assert_eq!(value["findings"].as_array().unwrap().len() as u64, count);
            assert_eq!((&value["result"], &value["error"]["detail"]), (&"failed".into(), &"no".into()));
        }
    }

    #[test]
    fn an_output_that_fails_is_given_up_and_told() {
        struct Full;
        impl Output for Full {
            fn finding(&mut self, _: &Finding) -> io::Result<()> {
                Err(io::Error::other("disk full"))
            }
            fn end(&mut self, _: &Report) -> io::Result<()> {
                unreachable!("it was given up")
            }
        }
        let mut text = Vec::new();
        let mut outputs = Outputs::new(vec![Box::new(Full), Box::new(TextOutput::full(&mut text))]);
        outputs.finding(&finding(2, Severity::Refused));
        assert_eq!(outputs.end(&Report::default()).unwrap().to_string(), "disk full");
        assert!(String::from_utf8(text).unwrap().contains("line 2"));
    }
}
