//! Files of others: large, and awkward.

use super::{crm, job};
use crate::common::{TestApp, json};

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data");

fn file(name: &str) -> Vec<u8> {
    std::fs::read(format!("{DATA}/{name}")).expect(name)
}

/// The file with another header.
fn with_header(name: &str, header: &str) -> Vec<u8> {
    let text = String::from_utf8(file(name)).expect("UTF-8");
    let (_, rows) = text.split_once('\n').expect("a header");
    format!("{header}\n{rows}").into_bytes()
}

#[test]
fn ten_thousand_contacts_come_in() {
    let app = TestApp::start();
    let header = "_index,external_id,first_name,last_name,_company,city,country,phone,mobile,login,_date,_website";
    let job = crm(&app);
    let table = with_header("crm-contacts-10000.csv", header);
    job.put(&app.admin(), 1, "text/csv", Some("customer_user"), table).expect(201).has("/rows", 10_000);
    job.complete().has("/failed_rows", 0).has("/rows_done", 10_000);
    app.get("/v1/customer-users?limit=1&total=true").expect(200).has("/total", 10_000);
}

#[test]
fn awkward_files_get_a_clear_report() {
    let app = TestApp::start();
    let job = crm(&app);
    for name in [
        "csvEscapedQuotes",
        "csvSeparator",
        "csvtext_BOM_UTF8",
        "csvtext_BOM_UTF16BE",
        "csvtext_BOM_UTF16LE",
        "upsertAccountCsvTemplate",
    ] {
        let content = file(&format!("awkward/{name}.csv"));
        let column = if name.starts_with("upsert") { "type" } else { "column1" };
        job.put(&app.admin(), 1, "text/csv", Some("customer"), content)
            .expect(422)
            .problem("chunk_unreadable")
            .names(column);
    }
}

#[test]
fn marks_quotes_separators_and_odd_blanks_are_understood() {
    let app = TestApp::start();
    let rows = job(&app, json!({"source": "crm", "resources": ["customer"]}));
    let put = |number, content| rows.put(&app.admin(), number, "text/csv", Some("customer"), content).expect(201);
    put(1, with_header("awkward/csvEscapedQuotes.csv", "customer_id,city"));
    let utf16: Vec<u8> = [0xFF, 0xFE]
        .into_iter()
        .chain("customer_id;name\nü1;x, y\n".encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    put(2, utf16);
    put(
        3,
        with_header(
            "awkward/upsertAccountCsvTemplate.csv",
            "name,_type,_phone,customer_id,_website,_revenue,external_id",
        ),
    );
    let done = rows.close();
    done.wait().has("/state", "completed").has("/failed_rows", 0);
    app.get("/v1/customers/%C3%BC1").expect(200).has("/name", "x, y");
    app.get("/v1/customers/external:crm:1-000000").expect(200).has("/customer_id", "ACCT_0");
    app.get("/v1/customers?q=best&total=true").expect(200).has("/total", 2);
}
