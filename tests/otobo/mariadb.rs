//! A desk on MariaDB, which takes keys that differ only in case for the same.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use customer_access::sync::crm::report::Ending;
use mysql::prelude::Queryable;

use crate::desk::{Here, differences, found, undecided};

struct Server {
    process: Child,
    socket: String,
}

impl Server {
    fn start() -> Self {
        let mut shell = Command::new("sh");
        shell.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/otobo/mariadb.sh"));
        let mut process = shell.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("a shell");
        let directory = BufReader::new(process.stdout.take().unwrap()).lines().next();
        let directory = directory.expect("no MariaDB could be started: install one (`apt-get install mariadb-server`)");
        Self { process, socket: format!("{}/socket", directory.unwrap()) }
    }

    fn url(&self, database: &str) -> String {
        format!("mysql://root@localhost/{database}?socket={}", self.socket.replace('/', "%2F"))
    }

    fn connect(&self, database: &str) -> mysql::Conn {
        let options = mysql::OptsBuilder::new().socket(Some(&self.socket)).user(Some("root"));
        mysql::Conn::new(options.db_name(Some(database).filter(|name| !name.is_empty()))).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        self.process.wait().unwrap();
    }
}

#[test]
fn a_desk_on_mariadb_comes_in_as_one_on_postgresql() {
    let server = Server::start();
    server.connect("").query_drop("CREATE DATABASE desk CHARACTER SET utf8mb4").unwrap();
    let mut desk = server.connect("desk");
    for statement in [include_str!("schema.sql"), include_str!("small.sql")].iter().flat_map(|file| file.split(";\n")) {
        if !statement.trim().is_empty() {
            desk.query_drop(statement).unwrap_or_else(|why| panic!("{statement}: {why}"));
        }
    }
    desk.query_drop("INSERT INTO group_customer_user VALUES ('DORA', 2, 'rw', 1)").unwrap();
    desk.query_drop("UPDATE customer_user SET first_name = 'Änna ☺' WHERE id = 1").unwrap();
    let here = Here::new();
    let report = here.import(&server.url("desk"), &undecided());
    assert_eq!(report.result, Ending::Complete, "{:?} {}", report.error, report.text(None));
    assert_eq!(found(&report), ["1 left out field_left_out", "1 noted key_in_other_case"]);
    assert!(here.access("dora").contains("sales rw"));
    assert_eq!(
        differences(&report),
        [
            "bob only_there group sales ro rw (customer_not_valid)",
            "carl only_there group users ro rw (customer_user_not_valid)",
            "carl only_there group sales ro (customer_user_not_valid)",
            "carl only_there service Desk (customer_user_not_valid)",
            "dora only_there service Old::Fax (ancestor_not_valid)",
            "dora only_here service Desk (defaults_not_suppressed)",
        ]
    );
}
