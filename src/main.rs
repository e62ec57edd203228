//! The binary: parses the command line and says what went wrong.

use clap::Parser;
use customer_access::cli::Cli;
use std::process::ExitCode;

#[expect(clippy::print_stderr, reason = "a command says on standard error what went wrong")]
fn main() -> ExitCode {
    match Cli::parse().run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("customer-access: {error}");
            ExitCode::FAILURE
        }
    }
}
