-- Import jobs: whole exports of another system, uploaded in chunks and written in steps.
CREATE TABLE import_jobs (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    -- Grows with each job, so that lists have an order.
    ordinal BIGINT NOT NULL UNIQUE,
    source TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    -- Who created it.
    actor TEXT NOT NULL,
    -- JSON: what it is to do, and what who created it may.
    options TEXT NOT NULL,
    -- JSON: how far it has come, and what it has done.
    progress TEXT NOT NULL,
    -- How often it was moved on. Whoever moves it on says from which step, so that no step is made twice.
    step BIGINT NOT NULL,
    -- Who works on it, and until when nobody else may.
    worker TEXT,
    claimed_until TIMESTAMP,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    closed_at TIMESTAMP,
    ended_at TIMESTAMP
);
-- One job a source that has not ended.
CREATE UNIQUE INDEX import_jobs_open ON import_jobs (source) WHERE ended_at IS NULL;

-- What was uploaded, as it is to be read.
CREATE TABLE import_chunks (
    job TEXT COLLATE "C" NOT NULL REFERENCES import_jobs (id),
    number BIGINT NOT NULL,
    -- SHA-256 of what it unpacks to, in base64.
    digest TEXT NOT NULL,
    media TEXT NOT NULL,
    -- The kind of all its rows, where they do not say it themselves.
    kind TEXT COLLATE "C",
    -- JSON: the names of the columns, where it is a table.
    header TEXT,
    row_count BIGINT NOT NULL,
    -- How much it unpacks to.
    bytes BIGINT NOT NULL,
    -- Compressed with gzip.
    content BYTEA NOT NULL,
    PRIMARY KEY (job, number)
);

-- What became of the rows, a step at a time.
CREATE TABLE import_results (
    job TEXT COLLATE "C" NOT NULL REFERENCES import_jobs (id),
    chunk BIGINT NOT NULL,
    step BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    -- A line of JSON a row, compressed with gzip.
    body BYTEA NOT NULL,
    PRIMARY KEY (job, chunk, step)
);

-- What a job in full mode would deactivate.
CREATE TABLE import_absent (
    job TEXT COLLATE "C" NOT NULL REFERENCES import_jobs (id),
    ordinal BIGINT NOT NULL,
    -- JSON.
    body TEXT NOT NULL,
    PRIMARY KEY (job, ordinal)
);

-- Whose access a dry run would change.
CREATE TABLE import_previews (
    job TEXT COLLATE "C" NOT NULL REFERENCES import_jobs (id),
    -- The number of the customer user.
    ordinal BIGINT NOT NULL,
    -- JSON.
    body TEXT NOT NULL,
    PRIMARY KEY (job, ordinal)
);

-- What a source has deactivated because it was not sent any more. It is forgotten as soon as anything else
-- changes the thing's validity.
CREATE TABLE sync_deactivations (
    kind TEXT COLLATE "C" NOT NULL,
    thing_id BIGINT NOT NULL,
    source TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (kind, thing_id)
);
