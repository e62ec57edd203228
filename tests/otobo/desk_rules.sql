-- The desk's own rules once more, as one statement, to hold the program's reading of them against: every login with
-- every permission on a group and every service.
WITH types (type) AS (VALUES ('ro'), ('note'), ('rw')),
logins AS (
    SELECT login FROM customer_user UNION SELECT user_id FROM customer_user_customer
    UNION SELECT user_id FROM group_customer_user WHERE permission_value = 1
    UNION SELECT customer_user_login FROM service_customer_user WHERE customer_user_login <> '<DEFAULT>'
),
members AS (
    SELECT login, customer_id FROM customer_user WHERE customer_id <> '' UNION SELECT * FROM customer_user_customer
),
valid_groups AS (SELECT * FROM groups_table WHERE valid_id = 1),
own_services AS (
    SELECT customer_user_login AS login, name FROM service_customer_user JOIN service ON id = service_id WHERE valid_id = 1
)
SELECT login || ' ' || g.name || ' ' || type AS line
    FROM logins JOIN group_customer_user ON user_id = login JOIN valid_groups g ON g.id = group_id, types
    WHERE permission_value = 1 AND permission_key IN (type, 'rw')
UNION SELECT login || ' ' || g.name || ' ' || type
    FROM members JOIN group_customer l ON l.customer_id = members.customer_id JOIN valid_groups g ON g.id = group_id, types
    WHERE permission_value = 1 AND permission_key IN (type, 'rw') AND permission_context = 'Ticket::CustomerID::Same'
UNION SELECT login || ' ' || g.name || ' ' || type FROM logins, valid_groups g, types WHERE g.name = 'users'
UNION SELECT login || ' ' || g.name || ' ' || type FROM members, valid_groups g, types
    WHERE g.name IN ('group 11', 'group 15')
UNION SELECT login || ' ' || name FROM own_services WHERE login <> '<DEFAULT>'
UNION SELECT l.login || ' ' || d.name FROM logins l, own_services d
    WHERE d.login = '<DEFAULT>' AND l.login NOT IN (SELECT login FROM own_services)
