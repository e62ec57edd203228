DROP TABLE sync_deactivations;
DROP TABLE import_previews;
DROP TABLE import_absent;
DROP TABLE import_results;
DROP TABLE import_chunks;
DROP TABLE import_jobs;
