DROP INDEX customers_name;
DROP INDEX customer_users_last_name;
