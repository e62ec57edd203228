INSERT INTO customer_company (customer_id, name, url, valid_id) VALUES
    ('acme', 'Acme Corporation', 'https://acme.example', 1), ('gone', 'Gone Ltd', NULL, 2);
INSERT INTO customer_user (id, login, email, customer_id, first_name, last_name, valid_id) VALUES
    (1, 'anna', 'anna@acme.example', 'acme', 'Anna', 'Ames', 1), (2, 'bob', 'bob@gone.example', 'gone', 'Bob', 'Burr', 1),
    (3, 'carl', 'carl@acme.example', 'acme', 'Carl', 'Cole', 2), (4, 'dora', 'no address', '', 'Dora', 'Dean', 1);
INSERT INTO customer_user_customer VALUES ('dora', 'acme');
INSERT INTO group_customer VALUES
    ('acme', 2, 'ro', 1, 'Ticket::CustomerID::Same'), ('gone', 2, 'rw', 1, 'Ticket::CustomerID::Same'),
    ('acme', 3, 'rw', 1, 'Ticket::CustomerID::Same'), ('acme', 2, 'rw', 1, 'Ticket::CustomerID::Other');
INSERT INTO group_customer_user VALUES ('anna', 2, 'rw', 1), ('carl', 2, 'ro', 1);
INSERT INTO service VALUES
    (1, 'IT', 1, NULL), (2, 'IT::VPN', 1, NULL), (3, 'Old', 2, NULL), (4, 'Old::Fax', 1, NULL), (5, 'Desk', 1, NULL);
INSERT INTO service_customer_user VALUES ('<DEFAULT>', 5), ('anna', 2), ('dora', 4);
