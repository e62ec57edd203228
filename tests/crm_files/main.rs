//! Real and awkward CRM files, read as the command reads them, into a directory in memory.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says what it expects by failing")]

mod command;
mod directory;

use std::path::{Path, PathBuf};

use customer_access::sync::crm::output::{JsonOutput, Outputs, TextOutput};
use customer_access::sync::crm::progress::Silent;
use customer_access::sync::crm::report::Ending;
use customer_access::sync::crm::specification::{Content, Empty};
use customer_access::sync::crm::{Import, Mapping, Report, Specification, mapping_file, run};
use directory::Directory;

/// An import of a test: what the flags say, and what came of it.
struct Test {
    directory: Directory,
    specification: Specification,
    folder: tempfile::TempDir,
}

struct Outcome {
    report: Report,
    text: String,
}

impl Test {
    fn new(mapped: &[&str]) -> Self {
        let mut specification = Specification::default();
        for written in mapped {
            let (field, column) = written.split_once('=').unwrap();
            specification.field(field, Content::Column(column.into()), format!("--map {written}"));
        }
        specification.source("crm", "--source crm");
        Self { directory: Directory::default(), specification, folder: tempfile::tempdir().unwrap() }
    }

    fn with(mut self, change: impl FnOnce(&mut Specification)) -> Self {
        change(&mut self.specification);
        self
    }

    fn import(&mut self, file: &Path) -> Outcome {
        let mut text = Vec::new();
        let mapping = Mapping::new(self.specification.clone()).unwrap();
        let mut outputs = Outputs::new(vec![Box::new(TextOutput::full(&mut text))]);
        let import = Import { file, mapping: &mapping };
        let report = run(import, &mut self.directory, &mut Silent, &mut outputs);
        assert!(outputs.end(&report).is_none());
        Outcome { report, text: String::from_utf8(text).unwrap() }
    }

    fn bytes(&mut self, bytes: impl AsRef<[u8]>) -> Outcome {
        let file = self.folder.path().join("file.csv");
        std::fs::write(&file, bytes).unwrap();
        self.import(&file)
    }
}

impl Outcome {
    #[track_caller]
    fn is(self, ending: Ending, parts: &[&str]) -> Self {
        assert_eq!(self.report.result, ending, "{}", self.text);
        for part in parts {
            assert!(self.text.contains(part), "{part:?} in {}", self.text);
        }
        self
    }

    #[track_caller]
    fn fails_before_anything_is_written(self, directory: &Directory, parts: &[&str]) {
        let outcome = self.is(Ending::Failed, parts).is(Ending::Failed, &["Nothing was written."]);
        assert_eq!((outcome.report.exit_code(), directory.begun), (1, false));
    }
}

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

fn text(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).unwrap().as_str().unwrap_or_default().to_owned()
}

const CONTACTS: [&str; 11] = [
    "login=Email",
    "external_id=Customer Id",
    "email=Email",
    "first_name=First Name",
    "last_name=Last Name",
    "phone=Phone 1",
    "mobile=Phone 2",
    "city=City",
    "country=Country",
    "customer.customer_id=Company",
    "customer.name=Company",
];

#[test]
fn ten_thousand_contacts_come_in_whole_and_a_second_run_changes_nothing() {
    let mut test = Test::new(&CONTACTS);
    let first = test.import(&data("crm-contacts-10000.csv")).is(Ending::Complete, &[]).report;
    assert_eq!((first.rows, first.customers.created, first.customer_users.created), (10_000, 9_215, 10_000));
    assert_eq!((test.directory.customers.len(), test.directory.customer_users.len()), (9_215, 10_000));
    assert_eq!(test.directory.customer_of("xreese@hall-donovan.com"), Some("Horn, Shepard and Watson"));
    let second = test.import(&data("crm-contacts-10000.csv")).is(Ending::Complete, &[]).report;
    assert_eq!((second.customers.unchanged, second.customer_users.unchanged), (9_215, 10_000));
    assert_eq!(second.customers.created + second.customers.updated + second.customer_users.updated, 0);
    assert!(test.directory.batches.iter().all(|rows| *rows <= 500));
}

#[test]
fn northwind_names_its_broken_rows_and_knows_null() {
    let mapped = [
        "customer.customer_id=customerID",
        "customer.name=companyName",
        "customer.street=address",
        "customer.city=city",
        "customer.zip=postalCode",
        "customer.country=country",
        "customer.comment=region",
    ];
    let mut test = Test::new(&mapped).with(|specification| specification.null.push("NULL".into()));
    let parts = [
        "line 8: refused: the row \"BLONP\" has 12 fields, and the header has 11; a field with a separator in it must",
    ];
    let report = test.import(&data("northwind-customers.csv")).is(Ending::SomeRefused, &parts).report;
    assert_eq!((report.rows, report.rows_refused, report.customers.created, report.exit_code()), (91, 24, 67, 3));
    let customers = &test.directory.customers;
    assert_eq!(customers.by_key("berGS").name.as_ref().map(text).as_deref(), Some("Berglunds snabbköp"));
    assert!(customers.by_key("ALFKI").comment.is_none());
}

#[test]
fn byte_order_marks_are_no_part_of_the_first_column() {
    for name in ["csvtext_BOM_UTF8.csv", "csvtext_BOM_UTF16LE.csv", "csvtext_BOM_UTF16BE.csv"] {
        let mut test = Test::new(&["login=column1", "first_name=column2", "external_id=column3"]);
        let report = test.import(&data("awkward").join(name)).is(Ending::Complete, &[]).report;
        assert_eq!(report.customer_users.created, 2, "{name}");
        assert_eq!(text(&test.directory.customer_users.by_external_id("row2-3").0.login), "row2-1");
    }
}

#[test]
fn quotes_inside_of_quotes_are_read() {
    let mut test = Test::new(&["customer.customer_id=column1", "customer.name=column2"]);
    let report = test.import(&data("awkward/csvEscapedQuotes.csv")).is(Ending::Complete, &[]).report;
    assert_eq!((report.rows, report.customers.created), (2, 2));
    for key in ["\"The Best\" Account", "The \"Best\" Account"] {
        assert_eq!(text(&test.directory.customers.by_key(key).name), "bla");
    }
}

#[test]
fn another_separator_is_named_or_the_file_refused() {
    let file = data("awkward/csvSeparator.csv");
    let mut test = Test::new(&["login=column1,column2"]).with(|it| it.separator = mapping_file::separator("!").ok());
    assert_eq!(test.import(&file).is(Ending::Complete, &[]).report.customer_users.created, 2);
    assert_eq!(text(&test.directory.customer_users.by_key("col21,col22").0.login), "col21,col22");
    let mut test = Test::new(&["login=column2"]);
    let parts = ["--map login=column2: the file has no column \"column2\"; \"column1\" may be meant", "column2!some"];
    test.import(&file).fails_before_anything_is_written(&test.directory, &parts);
}

#[test]
fn an_external_id_loses_its_odd_blanks() {
    let mapped = ["customer.customer_id=NAME", "customer.external_id=ORACLE_ID__C", "customer.url=WEBSITE"];
    let mut test = Test::new(&mapped);
    let report = test.import(&data("awkward/upsertAccountCsvTemplate.csv")).is(Ending::Complete, &[]).report;
    assert_eq!(report.customers.created, 100);
    assert_eq!(text(&test.directory.customers.by_external_id("1-000000").customer_id), "account Upsert #0");
}

#[test]
fn utf_16_without_a_mark_is_told_apart() {
    for unit in [u16::to_le_bytes, u16::to_be_bytes] {
        let bytes: Vec<u8> = "Логин;Город\r\nиван;Москва\r\n".encode_utf16().flat_map(unit).collect();
        let mut test = Test::new(&["login=Логин", "city=Город"]);
        test.bytes(bytes).is(Ending::Complete, &[]);
        assert_eq!(text(&test.directory.customer_users.by_key("ИВАН").0.city), "Москва");
    }
}

#[test]
fn another_encoding_is_refused_until_it_is_named() {
    let bytes = b"Login,City\njane,Bonn\njoe,K\xf6ln\n";
    let mut test = Test::new(&["login=Login", "city=City"]);
    let parts = ["line 3: what stands at byte 26 is not UTF-8", "--encoding windows-1252"];
    test.bytes(bytes).fails_before_anything_is_written(&test.directory, &parts);
    let mut test = test.with(|specification| specification.encoding = mapping_file::encoding("windows-1252").ok());
    test.bytes(bytes).is(Ending::Complete, &[]);
    assert_eq!(text(&test.directory.customer_users.by_key("joe").0.city), "Köln");
}

#[test]
fn files_that_cannot_be_a_table_fail_before_anything_is_written() {
    let huge = format!("L,C\njane,Bonn\njoe,\"{}", "x\n".repeat(5 * 1024 * 1024));
    let cases: [(&[u8], &str); 9] = [
        (b"", "the file is empty"),
        (b"\xef\xbb\xbf\n\n", "the file is empty"),
        (b"L,C\njane,Bonn\njoe,\0\n", "line 3: there is a NUL character"),
        (b"L,C,L\njane,Bonn,x\n", "two columns of the header are called \"L\""),
        (b"L,C,\njane,Bonn,\n", "line 1: column 3 of the header has no name"),
        (b"Login,C\njane,Bonn\n", "the file has no column \"L\". Its columns are: Login, C"),
        (b"L,C\njane,Bonn\njoe,\"K\xc3\xb6ln\njim,Ulm\n", "line 3: field 2 of the record that begins here opens a"),
        (huge.as_bytes(), "line 3: the record that begins here has more than 4 MiB"),
        (b"\xff\xfeL\0,\0C\0\n\0j\0\x3d\xd8,\0x\0\n\0", "line 2: what stands at byte 12 is not UTF-16LE"),
    ];
    for (bytes, part) in cases {
        let mut test = Test::new(&["login=L", "city=C"]);
        test.bytes(bytes).fails_before_anything_is_written(&test.directory, &[part]);
    }
}

#[test]
fn what_is_no_file_is_refused() {
    let mut test = Test::new(&["login=L"]);
    let folder = test.folder.path().to_owned();
    test.import(&folder).fails_before_anything_is_written(&test.directory, &["not a regular file"]);
    test.import(&folder.join("none.csv")).fails_before_anything_is_written(&test.directory, &["cannot be opened"]);
}

#[test]
fn a_header_alone_is_complete_and_warned_of() {
    let outcome =
        Test::new(&["login=L"]).bytes("L,C\n").is(Ending::Complete, &["line 1: warning: the row is the header"]);
    assert_eq!((outcome.report.exit_code(), outcome.report.warnings), (0, 1));
}

#[test]
fn refused_rows_have_line_column_value_and_reason_and_leave_the_others() {
    let file = "Login,Mail,Note\r\njane,jane@acme.example,\"two\r\nlines\"\r\n\r\njoe,joe@@acme,\r\njim,x\r\n,,only this\r\nJANE,,\r\nann,,\"\"\r\n";
    let mut test = Test::new(&["login=Login", "email=Mail", "comment=Note"]);
    let report = test.bytes(file).is(Ending::SomeRefused, &[]);
    let expected = "\
        line 5: refused: Mail \"joe@@acme\" must be an e-mail address such as jane@acme.example\n\
        line 6: refused: the row \"jim\" has 2 fields, and the header has 3\n\
        line 7: refused: Login is empty, so the row does not say whose it is\n\
        line 8: refused: Login \"JANE\" stands in line 2 already; a file brings each customer user once\n\
        file.csv: 6 rows, 4 refused, 0 warnings\n  \
        customers:      0 created, 0 updated, 0 unchanged, 0 refused\n  \
        customer users: 2 created, 0 updated, 0 unchanged, 4 refused\n";
    assert_eq!(report.text, expected);
    assert_eq!(text(&test.directory.customer_users.by_key("jane").0.comment), "two\r\nlines");
}

#[test]
fn company_names_that_differ_by_case_or_blanks_are_one_customer() {
    let mut test = Test::new(&["login=L", "customer.customer_id=C", "customer.city=T"]);
    let file = "L,C,T\na,Straße AG,Bonn\nb, STRASSE AG ,Bonn\nc,\"straße ag\",Ulm\nd,,\n";
    let parts = ["line 4: warning: T is not what line 2 says about the same customer, and line 2 counts"];
    let report = test.bytes(file).is(Ending::Complete, &parts).report;
    assert_eq!((report.customers.created, report.customer_users.created, report.warnings), (1, 4, 1));
    assert_eq!(test.directory.customer_of("b"), Some("Straße AG"));
    assert_eq!(test.directory.customer_of("d"), None);
}

#[test]
fn two_companies_of_one_name_do_not_become_one_customer() {
    let mut test = Test::new(&["login=L", "customer.customer_id=C", "customer.external_id=I"]);
    let parts =
        ["line 3: refused: C \"smith\" stands in line 2 with another external id; two companies must not become one"];
    let report = test.bytes("L,C,I\na,Smith,1\nb,smith,2\nc,Jones,2\n").is(Ending::SomeRefused, &parts).report;
    assert_eq!((report.customers.refused, report.customer_users.refused), (1, 0));
    assert_eq!(test.directory.customer_of("c"), Some("Jones"));
}

#[test]
fn an_empty_cell_leaves_a_field_or_clears_it() {
    let mut test = Test::new(&["login=L", "city=C"]);
    test.bytes("L,C\njane,Bonn\n").is(Ending::Complete, &[]);
    assert_eq!(test.bytes("L,C\njane,\n").report.customer_users.unchanged, 1);
    let mut test = test.with(|specification| specification.empty = Some(Empty::Clear));
    assert_eq!(test.bytes("L,C\njane,\n").report.customer_users.updated, 1);
    assert!(test.directory.customer_users.by_key("jane").0.city.is_none());
}

#[test]
fn ten_thousand_generated_rows_stream_in_batches() {
    let row = |i: usize| format!("user{i},\"{i} Main St\r\nFloor {}\",Company {}\r\n", i % 9, i % 100);
    let file = "Login,Street,Company\r\n".to_owned() + &(0..10_000).map(row).collect::<String>();
    let mut test = Test::new(&["login=Login", "street=Street", "customer.customer_id=Company"]);
    let report = test.bytes(file).is(Ending::Complete, &[]).report;
    assert_eq!((report.customers.created, report.customer_users.created), (100, 10_000));
    assert_eq!(test.directory.batches, [500; 20]);
    assert_eq!(text(&test.directory.customer_users.by_key("user17").0.street), "17 Main St Floor 8");
}

#[test]
fn a_store_that_fails_says_how_far_it_came() {
    let file = "L\n".to_owned() + &(0..1_200).map(|i| format!("user{i}\n")).collect::<String>();
    let mut test = Test::new(&["login=L"]);
    test.directory.fails_at = Some(1);
    let parts = ["the rows from line 502 to line 1001 could not be written: the disk is full", "up to line 501 are in"];
    assert_eq!(test.bytes(&file).is(Ending::Failed, &parts).report.exit_code(), 1);
    test.directory.fails_at = None;
    let report = test.bytes(&file).is(Ending::Complete, &[]).report;
    assert_eq!((report.customer_users.unchanged, report.customer_users.created), (500, 700));
}

#[test]
fn what_the_store_refuses_is_reported_under_the_column() {
    let mut test = Test::new(&["login=L", "customer=C"]);
    let parts = ["line 2: refused: C Acme is unknown"];
    test.bytes("L,C\njane,Acme\njoe,\n").is(Ending::SomeRefused, &parts);
    let mut test = Test::new(&["login=L", "customer.customer_id=C"]);
    test.directory.refuses.push("Acme".into());
    let parts = ["line 2: refused: the customer is refused\nline 2: refused: the customer user was refused\n"];
    let report = test.bytes("L,C\njane,Acme\njoe,Beta\n").is(Ending::SomeRefused, &parts).report;
    assert_eq!((report.rows_refused, report.customers.refused, report.customer_users.refused), (1, 1, 1));
}

#[test]
fn a_program_reads_the_report_as_json() {
    let test = Test::new(&["login=L", "email=E"]);
    let file = test.folder.path().join("file.csv");
    std::fs::write(&file, "L,E\n\"a\u{202e}b\",no\n").unwrap();
    let (mut json, mut directory) = (Vec::new(), Directory::default());
    let mapping = Mapping::new(test.specification).unwrap();
    let mut outputs = Outputs::new(vec![Box::new(JsonOutput::new(&mut json))]);
    let report = run(Import { file: &file, mapping: &mapping }, &mut directory, &mut Silent, &mut outputs);
    outputs.end(&report);
    let value: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(value["findings"][0]["line"], 2);
    assert_eq!(
        value["findings"][0]["problems"][0],
        serde_json::json!({
            "part": "customer_user", "field": "customer_user.login", "column": "L", "value": "\"a\\u{202e}b\"",
            "code": "forbidden_character", "reason": "must not contain the character U+202E",
        })
    );
    assert_eq!(value["findings"][0]["problems"][1]["code"], "not_an_email");
    assert_eq!((&value["result"], &value["rows_refused"]), (&"some_refused".into(), &1.into()));
}
