ALTER TABLE state DROP COLUMN names_epoch;
ALTER TABLE external_ids DROP COLUMN row_digest;
