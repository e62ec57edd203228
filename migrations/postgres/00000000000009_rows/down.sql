ALTER TABLE changes ADD FOREIGN KEY (revision) REFERENCES revisions (revision);
ALTER TABLE customers RESET (fillfactor);
ALTER TABLE customer_users RESET (fillfactor);
ALTER TABLE external_ids RESET (fillfactor);
