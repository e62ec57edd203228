-- What a source sent last of a thing, in digest, with the state of names it was read in: the same row again changes
-- nothing, as long as nobody has changed the thing since. Whoever does, takes it away.
ALTER TABLE external_ids ADD COLUMN row_digest BYTEA;
-- Grows when a customer or a back end gives a name up: from then on a row that names one may mean another.
ALTER TABLE state ADD COLUMN names_epoch BIGINT NOT NULL DEFAULT 0;
