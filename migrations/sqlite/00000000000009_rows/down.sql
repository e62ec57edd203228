CREATE TABLE audit_without_rowid (
    revision BIGINT NOT NULL,
    ordinal BIGINT NOT NULL,
    happened_at TIMESTAMP NOT NULL,
    actor TEXT NOT NULL,
    kind TEXT NOT NULL,
    thing_id TEXT NOT NULL,
    value_before TEXT,
    value_after TEXT,
    PRIMARY KEY (revision, ordinal)
) WITHOUT ROWID;
INSERT INTO audit_without_rowid SELECT * FROM audit ORDER BY revision, ordinal;
DROP TABLE audit;
ALTER TABLE audit_without_rowid RENAME TO audit;

CREATE TABLE changes_of_revisions (
    revision BIGINT NOT NULL REFERENCES revisions (revision),
    ordinal BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (revision, ordinal)
) WITHOUT ROWID;
INSERT INTO changes_of_revisions SELECT * FROM changes;
DROP TABLE changes;
ALTER TABLE changes_of_revisions RENAME TO changes;
