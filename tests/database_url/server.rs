//! A PostgreSQL that asks for a password, and in one of its databases for TLS.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// The password of the user `desk`.
pub const PASSWORD: &str = "hush@/?#%:";

/// A server of a test's own; it ends with this.
pub struct Server {
    process: Child,
    directory: String,
    port: String,
}

impl Server {
    pub fn start() -> Self {
        let cluster = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/postgres/cluster.sh");
        let mut shell = Command::new("sh");
        shell.args([cluster, "guarded"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = shell.spawn().expect("a shell");
        let stdout = process.stdout.take().expect("a pipe");
        let line = BufReader::new(stdout).lines().next().and_then(Result::ok);
        let line = line.expect("a PostgreSQL that starts: on Debian `apt-get install postgresql openssl`");
        let (directory, port) = line.split_once(' ').expect("a directory and a port");
        Self { process, directory: directory.to_owned(), port: port.to_owned() }
    }

    /// The address of a database, with this password.
    pub fn url(&self, database: &str, password: &str) -> String {
        self.url_as_it_is(database, &encoded(password))
    }

    /// The same with a password that nobody encoded.
    pub fn url_as_it_is(&self, database: &str, password: &str) -> String {
        format!("postgres://desk:{password}@localhost:{}/{database}", self.port)
    }

    /// The certificate that the server's is signed with.
    #[cfg(feature = "postgres-tls")]
    pub fn root_certificate(&self) -> String {
        format!("{}/ca.pem", self.directory)
    }

    /// The address of a database by the number of this machine, which is not in the certificate.
    #[cfg(feature = "postgres-tls")]
    pub fn url_by_number(&self, database: &str, password: &str) -> String {
        self.url(database, password).replace("localhost", "127.0.0.1")
    }

    /// What the server answers to its administrator.
    pub fn ask(&self, database: &str, query: &str) -> String {
        let mut psql = Command::new("psql");
        psql.args(["-XAtq", "-h", &self.directory, "-p", &self.port, "-U", "postgres", database, "-c", query]);
        let output = psql.output().expect("psql");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

/// A text as an address carries it.
pub fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}
