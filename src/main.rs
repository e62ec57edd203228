//! The binary: parses the command line and says what went wrong.

use clap::Parser;
use customer_access::cli::Cli;
use std::process::ExitCode;

fn main() -> ExitCode {
    match Cli::parse().run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("customer-access: {error}");
            ExitCode::FAILURE
        }
    }
}
