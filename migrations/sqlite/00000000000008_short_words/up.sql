-- Words of one and two characters are looked for by the index of three, too: what is searched ends in two characters that
-- no word has, so that each of its characters begins three that follow one another. `*_terms` says which ones there are.

DROP TRIGGER customer_grams_update;
DROP TRIGGER customer_grams_delete;
DROP TRIGGER customer_user_grams_update;
DROP TRIGGER customer_user_grams_delete;

INSERT INTO customer_grams (customer_grams) VALUES ('delete-all');
DELETE FROM customer_grams_pending;
INSERT INTO customer_grams (rowid, text) SELECT id, customer_id_search || char(10) || name_search || char(10) || char(10) FROM customers;
INSERT INTO customer_user_grams (customer_user_grams) VALUES ('delete-all');
DELETE FROM customer_user_grams_pending;
INSERT INTO customer_user_grams (rowid, text)
SELECT id, login_search || char(10) || email_search || char(10) || first_name_search || char(10) || last_name_search || char(10) || char(10)
FROM customer_users;

CREATE TRIGGER customer_grams_update AFTER UPDATE OF customer_id_search, name_search ON customers
WHEN old.customer_id_search <> new.customer_id_search OR old.name_search <> new.name_search BEGIN
    INSERT INTO customer_grams_pending (id, indexed)
    VALUES (old.id, old.customer_id_search || char(10) || old.name_search || char(10) || char(10)) ON CONFLICT DO NOTHING;
END;

CREATE TRIGGER customer_grams_delete AFTER DELETE ON customers BEGIN
    INSERT INTO customer_grams_pending (id, indexed)
    VALUES (old.id, old.customer_id_search || char(10) || old.name_search || char(10) || char(10)) ON CONFLICT DO NOTHING;
END;

CREATE TRIGGER customer_user_grams_update
AFTER UPDATE OF login_search, email_search, first_name_search, last_name_search ON customer_users
WHEN old.login_search <> new.login_search OR old.email_search <> new.email_search
    OR old.first_name_search <> new.first_name_search OR old.last_name_search <> new.last_name_search BEGIN
    INSERT INTO customer_user_grams_pending (id, indexed)
    VALUES (old.id, old.login_search || char(10) || old.email_search || char(10) || old.first_name_search || char(10)
        || old.last_name_search || char(10) || char(10)) ON CONFLICT DO NOTHING;
END;

CREATE TRIGGER customer_user_grams_delete AFTER DELETE ON customer_users BEGIN
    INSERT INTO customer_user_grams_pending (id, indexed)
    VALUES (old.id, old.login_search || char(10) || old.email_search || char(10) || old.first_name_search || char(10)
        || old.last_name_search || char(10) || char(10)) ON CONFLICT DO NOTHING;
END;

CREATE VIRTUAL TABLE customer_grams_terms USING fts5vocab(customer_grams, 'instance');
CREATE VIRTUAL TABLE customer_user_grams_terms USING fts5vocab(customer_user_grams, 'instance');
