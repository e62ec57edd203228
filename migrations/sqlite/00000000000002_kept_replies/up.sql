-- The replies to writes that came with an Idempotency-Key: who sends the same again gets the same.
CREATE TABLE kept_replies (
    actor TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    -- Of the method, the path, the query and the body.
    request_digest TEXT NOT NULL,
    status INTEGER NOT NULL,
    -- A JSON object of the headers.
    headers TEXT NOT NULL,
    body TEXT NOT NULL,
    kept_at TIMESTAMP NOT NULL,
    PRIMARY KEY (actor, idempotency_key)
) WITHOUT ROWID;
CREATE INDEX kept_replies_age ON kept_replies (kept_at);
