-- A page of a list costs the page and not the list, by these orders too.
CREATE INDEX customer_users_last_name ON customer_users (last_name_search, id);
CREATE INDEX customers_name ON customers (name_search, id);
