//! Counts the lines of a file. A line ends in LF, CR LF, or CR alone.

/// Where in the file, by line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lines {
    line: u64,
    after_carriage_return: bool,
}

impl Lines {
    /// At the beginning.
    pub(super) fn new() -> Self {
        Self { line: 1, after_carriage_return: false }
    }

    /// Goes past this text.
    pub(super) fn pass(&mut self, text: &[u8]) {
        for byte in text {
            match byte {
                b'\n' if self.after_carriage_return => self.after_carriage_return = false,
                b'\n' => self.line += 1,
                b'\r' => {
                    self.line += 1;
                    self.after_carriage_return = true;
                }
                _ => self.after_carriage_return = false,
            }
        }
    }

    /// The line that the next character stands on.
    pub(super) fn line(&self) -> u64 {
        self.line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_line_break_counts_once() {
        for (text, line) in [("a\nb\n", 3), ("a\r\nb\r\n", 3), ("a\rb\r", 3), ("\n\r\n\r\r", 5), ("", 1)] {
            let mut in_pieces = Lines::new();
            text.as_bytes().iter().for_each(|byte| in_pieces.pass(&[*byte]));
            assert_eq!(in_pieces.line(), line, "{text:?}");
        }
    }
}
