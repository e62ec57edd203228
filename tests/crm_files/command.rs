//! The command: its flags, its files, its exit codes.

use clap::Parser;
use customer_access::cli::import::{ImportArguments, ImportFrom, run_crm};
use customer_access::plan::OnExisting;

use super::directory::Directory;
use super::{data, text};

#[derive(Parser)]
struct Command {
    #[command(flatten)]
    import: ImportArguments,
}

fn arguments(flags: &[&str]) -> Result<ImportFrom, clap::Error> {
    let flags = ["import", "crm", "--quiet"].iter().chain(flags);
    Command::try_parse_from(flags).map(|command| command.import.from)
}

/// The exit code, and what the directory holds then.
fn command(flags: &[&str]) -> (u8, Directory) {
    let mut directory = Directory::default();
    let code = match arguments(flags) {
        Ok(ImportFrom::Crm(arguments)) => run_crm(&arguments, &mut directory),
        Ok(other) => panic!("{other:?}"),
        Err(usage) => u8::try_from(usage.exit_code()).unwrap(),
    };
    (code, directory)
}

#[test]
fn a_scheduler_can_tell_how_it_ended() {
    let file = data("northwind-customers.csv");
    let file = file.to_str().unwrap();
    let id = "customer.customer_id=customerID";
    assert_eq!(
        command(&["--file", data("awkward/csvtext_BOM_UTF8.csv").to_str().unwrap(), "--map", "login=column1"]).0,
        0
    );
    assert_eq!(command(&["--file", file, "--map", "customer.customer_id=id"]).0, 1);
    assert_eq!(command(&["--file", file, "--map", "logn=customerID"]).0, 1);
    assert_eq!(command(&["--file", "none.csv", "--map", id]).0, 1);
    assert_eq!(command(&["--file", file, "--mapping", "none.toml"]).0, 1);
    assert_eq!(command(&["--file", file, "--map", id, "--report", "/nonexistent/report.txt"]).0, 1);
    for usage in
        [["--map", "login"], ["--map", "=x"], ["--separator", "ab"], ["--encoding", "utf-9"], ["--on-existing", "x"]]
    {
        assert_eq!(command(&[&["--file", file, "--map", id][..], &usage].concat()).0, 2, "{usage:?}");
    }
    assert_eq!(command(&["--file", file, "--map", id]).0, 3);
}

#[test]
fn a_report_file_has_every_refused_row() {
    let folder = tempfile::tempdir().unwrap();
    let (json, plain) = (folder.path().join("report.json"), folder.path().join("report.txt"));
    let file = data("northwind-customers.csv");
    for report in [&json, &plain] {
        let flags = ["--file", file.to_str().unwrap(), "--map", "customer.customer_id=customerID", "--report"];
        assert_eq!(command(&[&flags[..], &[report.to_str().unwrap()]].concat()).0, 3);
    }
    let value: serde_json::Value = serde_json::from_slice(&std::fs::read(json).unwrap()).unwrap();
    assert_eq!(value["findings"].as_array().unwrap().len(), 24);
    assert_eq!(std::fs::read_to_string(plain).unwrap().matches(": refused: ").count(), 24);
}

#[test]
fn a_mapping_file_is_outweighed_by_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let mapping = folder.path().join("crm.toml");
    let written = "source = 'crm'\nnull = ['NULL']\n[customer]\ncustomer_id = 'customerID'\nname = 'nowhere'\n\
                   zip = 'postalCode'\n[set]\ncustomer.validity = 'invalid'\n";
    std::fs::write(&mapping, written).unwrap();
    let file = data("northwind-customers.csv");
    let flags = ["--file", file.to_str().unwrap(), "--mapping", mapping.to_str().unwrap()];
    assert_eq!(command(&flags).0, 1);
    let (code, directory) = command(&[&flags[..], &["--map", "customer.name=companyName"]].concat());
    let customer = directory.customers.by_key("HUNGO");
    assert_eq!((code, text(&customer.name).as_str()), (3, "Hungry Owl All-Night Grocers"));
    assert_eq!((customer.zip.is_none(), customer.validity.as_str()), (true, "invalid"));
}

#[test]
fn what_exists_is_adopted_unless_it_shall_be_refused() {
    let on_existing = |flags: &[&str]| match arguments(&[&["--file", "x", "--map", "login=x"], flags].concat()) {
        Ok(ImportFrom::Crm(arguments)) => arguments.on_existing,
        Ok(other) => panic!("{other:?}"),
        Err(usage) => panic!("{usage}"),
    };
    assert_eq!(on_existing(&[]), OnExisting::Adopt);
    assert_eq!(on_existing(&["--on-existing", "refuse"]), OnExisting::Refuse);
}

#[test]
fn the_contacts_come_in_by_the_mapping_beside_them() {
    let (file, mapping) = (data("crm-contacts-10000.csv"), data("crm-contacts.toml"));
    let (code, directory) = command(&["--file", file.to_str().unwrap(), "--mapping", mapping.to_str().unwrap()]);
    assert_eq!((code, directory.customers.len(), directory.customer_users.len()), (0, 9_215, 10_000));
    assert_eq!(text(&directory.customer_users.by_external_id("10dAcafEBbA5FcA").0.first_name), "Kristina");
}
