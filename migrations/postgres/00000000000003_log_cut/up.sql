-- The revisions up to this one are cut from the log, or being cut: nobody may follow on from before it.
ALTER TABLE state ADD COLUMN log_cut BIGINT NOT NULL DEFAULT 0;
