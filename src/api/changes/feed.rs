//! Reading the change log from a place on, for pages and for streams.

use std::fmt;

use super::super::problem::Problem;
use super::ChangeView;
use crate::directory::{Change, Kind};
use crate::replica::{NotCurrent, RevisionToken};
use crate::store::{self, Conn, Epoch, PlacedChange};

/// Only so many changes are looked through for one page.
const MOST: usize = 50_000;
/// So many of them are held at a time.
const AT_A_TIME: usize = 1_000;

/// A place in the log: after this change of this revision, or after all of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPlace {
    token: RevisionToken,
    ordinal: u64,
}

/// After every change of a revision.
const WHOLE: u64 = i64::MAX as u64;

impl LogPlace {
    /// Reads what a caller sent, where that stands in the request.
    pub fn parse(text: &str, refused: impl Fn(&str) -> Problem) -> Result<Self, Problem> {
        let (token, ordinal) = text.split_once('.').map_or((text, None), |(token, ordinal)| (token, Some(ordinal)));
        let refused = || {
            refused(
                "is not a place in the log; send the next_after of a page, the id of an event, or the Access-Revision of a reply.",
            )
        };
        let token = token.parse().map_err(|_| refused())?;
        let ordinal =
            ordinal.map_or(Ok(WHOLE), |ordinal| ordinal.parse::<u32>().map(u64::from)).map_err(|_| refused())?;
        Ok(LogPlace { token, ordinal })
    }

    /// After all of a revision.
    fn whole(epoch: Epoch, revision: u64) -> Self {
        Self::after(epoch, (revision, WHOLE))
    }

    fn after(epoch: Epoch, (revision, ordinal): (u64, u64)) -> Self {
        LogPlace { token: RevisionToken { epoch, revision }, ordinal }
    }
}

impl fmt::Display for LogPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.ordinal {
            WHOLE => self.token.fmt(f),
            ordinal => write!(f, "{}.{ordinal}", self.token),
        }
    }
}

/// Which changes are wanted.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of these kinds; of any, if none is named.
    kinds: Vec<String>,
    /// About the thing with this id.
    id: Option<String>,
}

impl Filter {
    /// Reads the parameters `kind` and `id`.
    pub fn parse(kind: Option<&str>, id: Option<String>) -> Result<Self, Problem> {
        let kinds: Vec<String> = kind.into_iter().flat_map(|kinds| kinds.split(',')).map(str::to_owned).collect();
        if let Some(unknown) = kinds.iter().find(|kind| !Change::KINDS.contains(&kind.as_str())) {
            let detail = format!("kind {unknown:?} is none; there are {}.", Change::KINDS.join(", "));
            return Err(Problem::new("invalid_parameter", detail));
        }
        id.as_deref().map_or(Ok(()), is_id)?;
        Ok(Self { kinds, id })
    }

    fn is_empty(&self) -> bool {
        self.kinds.is_empty() && self.id.is_none()
    }

    /// Whether a change may be wanted: looks at the text alone, which is far quicker than to read it.
    fn may_fit(&self, body: &str) -> bool {
        let says = |word: &String| body.contains(&format!("\"{word}\""));
        (self.kinds.is_empty() || self.kinds.iter().any(says)) && self.id.as_ref().is_none_or(says)
    }

    fn fits(&self, change: &ChangeView) -> bool {
        let names = |id: &String| NAMING.iter().any(|member| change.facts[*member] == id.as_str());
        (self.kinds.is_empty() || self.kinds.contains(&change.change)) && self.id.as_ref().is_none_or(names)
    }
}

/// The members of the facts that name a thing by its id.
const NAMING: [&str; 7] = ["id", "customer", "customer_user", "group", "service", "back_end", "parent"];

/// Refuses what is not the id of anything.
pub fn is_id(id: &str) -> Result<(), Problem> {
    if Kind::ALL.iter().any(|kind| kind.parse_id(id).is_some()) {
        return Ok(());
    }
    let detail = format!("id {id:?} is not the id of anything; ids look like c12, and stand in every representation.");
    Err(Problem::new("invalid_parameter", detail))
}

/// Some changes, and where to go on.
pub struct Reading {
    /// The changes, each with its place.
    pub items: Vec<(LogPlace, ChangeView)>,
    /// All up to here was looked through.
    pub next: LogPlace,
    /// Whether there are more already.
    pub more: bool,
}

/// The place to begin at, if the log can be followed from there (the beginning of the log, if none is
/// named), and the last revision.
pub fn begin(conn: &mut Conn, after: Option<LogPlace>) -> Result<(LogPlace, u64), Problem> {
    let (state, cut) = (store::state(conn)?, store::log_cut(conn)?);
    let epoch = state.epoch;
    let Some(after) = after else { return Ok((LogPlace::whole(epoch, cut), state.revision)) };
    if after.token.epoch != epoch {
        return Err(NotCurrent::EpochChanged.into());
    }
    let is_cut = after.token.revision < cut || (after.token.revision == cut && after.ordinal != WHOLE);
    if is_cut || after.token.revision > state.revision {
        return Err(gone(is_cut));
    }
    Ok((after, state.revision))
}

fn gone(is_cut: bool) -> Problem {
    let why = if is_cut {
        "The changes after this place are no longer all in the log (CHANGES_RETENTION)."
    } else {
        "This place is ahead of the log: the database was put back to an earlier state."
    };
    let what = "Read anew what you keep from the lists, remember the Access-Revision of the very first page that you \
                read, and follow the changes with that as after.";
    Problem::new("changes_gone", format!("{why} {what}"))
}

/// Reads the changes after a place that fit, up to a revision, at most `limit` of them.
pub fn read(
    conn: &mut Conn,
    after: &LogPlace,
    filter: &Filter,
    limit: usize,
    through: u64,
) -> Result<Reading, Problem> {
    let epoch = after.token.epoch;
    let mut at = (after.token.revision, after.ordinal);
    let mut items = Vec::new();
    // One more than asked, to know whether there are more.
    let rows_at_a_time = if filter.is_empty() { limit + 1 } else { AT_A_TIME };
    for _ in 0..MOST.div_ceil(rows_at_a_time) {
        let rows = store::page_of_changes(conn, at, through, rows_at_a_time)?;
        let is_last = rows.len() < rows_at_a_time;
        for row in rows {
            if items.len() == limit {
                let next = if row.revision == at.0 { at } else { (at.0, WHOLE) };
                return Ok(Reading { items, next: LogPlace::after(epoch, next), more: true });
            }
            at = (row.revision, row.ordinal);
            if filter.may_fit(&row.body) {
                let change = view(epoch, row)?;
                items.extend(filter.fits(&change).then(|| (LogPlace::after(epoch, at), change)));
            }
        }
        if is_last {
            let next = if through >= at.0 { LogPlace::whole(epoch, through) } else { after.clone() };
            return Ok(Reading { items, next, more: false });
        }
    }
    Ok(Reading { items, next: LogPlace::after(epoch, at), more: true })
}

fn view(epoch: Epoch, row: PlacedChange) -> Result<ChangeView, Problem> {
    let mut facts = store::parse(&row.body)?;
    let kind = facts.as_object_mut().and_then(|facts| facts.remove("change"));
    let change = kind.and_then(|kind| kind.as_str().map(str::to_owned)).unwrap_or_default();
    let revision = RevisionToken { epoch, revision: row.revision }.to_string();
    Ok(ChangeView { revision, committed_at: row.committed_at, change, facts })
}
