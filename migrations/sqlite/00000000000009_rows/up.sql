-- A table without rowid is one tree of whole rows, which holds a quarter of a page of each: a row of the audit that says
-- what a record was before and after is longer, and took a page besides for the rest. With a rowid there are three on a page.
CREATE TABLE audit_with_rowid (
    revision BIGINT NOT NULL,
    ordinal BIGINT NOT NULL,
    happened_at TIMESTAMP NOT NULL,
    actor TEXT NOT NULL,
    kind TEXT NOT NULL,
    thing_id TEXT NOT NULL,
    value_before TEXT,
    value_after TEXT,
    PRIMARY KEY (revision, ordinal)
);
INSERT INTO audit_with_rowid SELECT * FROM audit ORDER BY revision, ordinal;
DROP TABLE audit;
ALTER TABLE audit_with_rowid RENAME TO audit;

-- Changes are written with their revision and removed with it, by one function each: nothing looks the revision up for
-- each of them.
CREATE TABLE changes_alone (
    revision BIGINT NOT NULL,
    ordinal BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (revision, ordinal)
) WITHOUT ROWID;
INSERT INTO changes_alone SELECT * FROM changes;
DROP TABLE changes;
ALTER TABLE changes_alone RENAME TO changes;
