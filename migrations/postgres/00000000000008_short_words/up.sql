-- The index of three characters is SQLite's alone.
DO $$ BEGIN NULL; END $$;
