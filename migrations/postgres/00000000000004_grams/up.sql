-- The index of three characters is SQLite's alone: here it would be an extension, which not every server has.
DO $$ BEGIN NULL; END $$;
