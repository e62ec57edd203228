//! One record read as a [`CrmRow`], or everything that is wrong with it.

use super::cell::{Cell, shown, trimmed};
use super::draft::Draft;
use super::field::Part;
use super::mapping::Columns;
use super::record::Record;
use super::sink::{CrmRow, Problem};

/// A problem, and the value that has it.
pub(super) type Refusal = (Problem, Option<String>);

/// A row that is good in itself, and what a person should know about it all the same.
pub(super) struct GoodRow {
    pub(super) row: CrmRow,
    pub(super) warnings: Vec<Refusal>,
}

/// Reads a record.
pub(super) fn read(record: &Record, columns: &Columns<'_>) -> Result<GoodRow, Vec<Refusal>> {
    if record.len() != columns.header().names().len() {
        let first = record.fields().map(trimmed).find(|field| !field.is_empty());
        return Err(vec![(wrong_number_of_fields(record, columns), first.map(shown))]);
    }
    let source = columns.mapping.source.as_ref();
    let (mut draft, mut problems) = (Draft::default(), Vec::new());
    let cells = columns.fields().map(|(field, index)| (field, record.field(index)));
    let cells = cells.map(|(field, text)| (field, columns.mapping.cell(text)));
    for (field, cell) in cells.chain(columns.constants().map(|(field, value)| (field, Cell::Text(trimmed(value))))) {
        if let Err(invalid) = draft.set(field, cell, source) {
            problems.push((Problem::of(field, invalid.code, invalid.detail), cell.shown()));
        }
    }
    problems.extend(draft.missing_key(columns, &problems).map(|problem| (problem, None)));
    if !problems.is_empty() {
        return Err(problems);
    }
    let warnings = if draft.has_customer() { Vec::new() } else { homeless(record, columns) };
    Ok(GoodRow { row: draft.row(record.line(), columns.mapping), warnings })
}

fn wrong_number_of_fields(record: &Record, columns: &Columns<'_>) -> Problem {
    let (has, wanted) = (record.len(), columns.header().names().len());
    let hint = if record.last_line() > record.line() {
        format!("; it runs to line {}, so a quote may be left open", record.last_line())
    } else if has > wanted {
        "; a field with a separator in it must stand in quotes".to_owned()
    } else {
        String::new()
    };
    let fields = if has == 1 { "field" } else { "fields" };
    Problem::of_row("wrong_number_of_fields", format!("has {has} {fields}, and the header has {wanted}{hint}"))
}

/// The cells that say something about a customer without saying which.
fn homeless(record: &Record, columns: &Columns<'_>) -> Vec<Refusal> {
    let of_customer = columns.fields().filter(|(field, _)| field.part() == Part::Customer);
    let cells = of_customer.map(|(field, index)| (field, columns.mapping.cell(record.field(index))));
    cells
        .filter_map(|(field, cell)| cell.shown().map(|value| (field, value)))
        .map(|(field, value)| {
            let reason = "is not written, because the row does not say which customer it is of";
            (Problem::of(field, "no_customer", reason), Some(value))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::mapping::Mapping;
    use super::super::reader::RecordReader;
    use super::super::specification::{Content, Empty, Specification};
    use super::*;
    use crate::directory::{Comment, Patch, Reference, Text};

    fn mapping(mapped: &[&str], empty: Empty) -> Mapping {
        let mut specification =
            Specification { empty: Some(empty), null: vec!["NULL".into()], ..Specification::default() };
        for written in mapped {
            let (field, column) = written.split_once('=').unwrap();
            specification.field(field, Content::Column(column.into()), format!("--map {written}"));
        }
        specification.source("crm", "--source crm");
        Mapping::new(specification).unwrap()
    }

    fn first_row(file: &str, mapping: &Mapping) -> Result<GoodRow, Vec<Refusal>> {
        let (mut reader, header) = RecordReader::open(file.as_bytes(), None, Some(b','), &mapping.wanted()).unwrap();
        let columns = mapping.bind(header).unwrap();
        let mut record = Record::default();
        assert!(reader.read(&mut record).unwrap());
        read(&record, &columns)
    }

    fn refusals(file: &str, mapping: &Mapping) -> Vec<String> {
        let refusals = first_row(file, mapping).err().unwrap();
        let field = |problem: &Problem| problem.field.map(|field| field.to_string()).unwrap_or_default();
        refusals.iter().map(|(p, v)| format!("{} {} {}", field(p), v.clone().unwrap_or_default(), p.code)).collect()
    }

    #[test]
    fn every_problem_of_a_row_is_listed() {
        let mapping = mapping(&["login=L", "email=E", "validity=V", "customer.customer_id=C"], Empty::Leave);
        let file = "L,E,V,C\n..,jane@@acme,no,\"a\u{1b}b\"\n";
        assert_eq!(
            refusals(file, &mapping),
            [
                "customer_user.login \"..\" forbidden_value",
                "customer_user.email \"jane@@acme\" not_an_email",
                "customer_user.validity \"no\" not_a_validity",
                "customer.customer_id \"a\\u{1b}b\" forbidden_character",
            ]
        );
    }

    #[test]
    fn a_row_without_a_key_is_refused() {
        let users = mapping(&["login=L", "email=E"], Empty::Leave);
        assert_eq!(refusals("L,E\nNULL,jane@acme.example\n", &users), ["customer_user.login  empty"]);
        let customers = mapping(&["customer.external_id=L", "customer.name=E"], Empty::Leave);
        assert_eq!(refusals("L,E\n ,Acme\n", &customers), ["customer.external_id  empty"]);
    }

    #[test]
    fn a_wrong_number_of_fields_refuses_the_row() {
        let mapping = mapping(&["login=L"], Empty::Leave);
        for (row, part) in [("a", "has 1 field, and"), ("a,b,c", "in quotes"), ("a,\"b\n\",c", "runs to line 3")] {
            let refusals = first_row(&format!("L,E\n{row}\n"), &mapping).err().unwrap();
            assert!(refusals[0].0.reason.contains(part), "{refusals:?}");
        }
    }

    #[test]
    fn an_empty_cell_leaves_or_clears() {
        let mapped = ["login=L", "email=E", "customer.customer_id=C"];
        let user = |empty| first_row("L,E,C\njane,NULL,\n", &mapping(&mapped, empty)).ok().unwrap().row.customer_user;
        let left = user(Empty::Leave).unwrap().patch;
        assert!(left.email.is_untouched() && left.customer.is_untouched());
        let cleared = user(Empty::Clear).unwrap().patch;
        assert_eq!((cleared.email, cleared.customer), (Patch::Clear, Patch::Clear));
    }

    #[test]
    fn cells_are_trimmed_and_lines_joined() {
        let mapping = mapping(&["external_id=I", "login=L", "street=S", "comment=C"], Empty::Leave);
        let file = "I,L,S,C\n\"\u{3000} \u{3000}1-0\u{feff}\u{a0}\",jane,\"Main St 1 \r\n\tFloor 2\",\"a\nb\"\n";
        let user = first_row(file, &mapping).ok().unwrap().row.customer_user.unwrap();
        assert_eq!(user.external_id.unwrap().id.as_str(), "1-0");
        assert_eq!(user.patch.street, Patch::Set(Text::parse("Main St 1 Floor 2").unwrap()));
        assert_eq!(user.patch.comment, Patch::Set(Comment::parse("a\nb").unwrap()));
    }

    #[test]
    fn a_customer_user_points_to_the_row_s_customer() {
        let customer = |mapped: &[&str]| {
            let mapping = mapping(&[&["login=L"], mapped].concat(), Empty::Leave);
            first_row("L,I,K\njane,0015e,Acme\n", &mapping).ok().unwrap().row.customer_user.unwrap().patch.customer
        };
        let reference = |written| Patch::Set(Reference::parse(written).unwrap());
        assert_eq!(customer(&["customer.customer_id=K"]), reference("Acme"));
        assert_eq!(customer(&["customer.customer_id=K", "customer.external_id=I"]), reference("external:crm:0015e"));
        assert_eq!(customer(&["customer=K"]), reference("Acme"));
    }

    #[test]
    fn a_customer_s_fields_without_a_customer_are_warned_of() {
        let mapping = mapping(&["login=L", "customer.customer_id=K", "customer.name=N"], Empty::Leave);
        let read = first_row("L,K,N\njane,,Acme Inc.\n", &mapping).ok().unwrap();
        assert!(read.row.customer.is_none());
        assert_eq!(read.warnings[0].0.code, "no_customer");
    }
}
