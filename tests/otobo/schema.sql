CREATE TABLE valid (id SMALLINT PRIMARY KEY, name VARCHAR(200) NOT NULL);
CREATE TABLE groups_table (
    id INTEGER PRIMARY KEY, name VARCHAR(200) NOT NULL, comments VARCHAR(250), valid_id SMALLINT NOT NULL
);
CREATE TABLE customer_company (
    customer_id VARCHAR(150) PRIMARY KEY, name VARCHAR(200) NOT NULL, street VARCHAR(200), zip VARCHAR(200),
    city VARCHAR(200), country VARCHAR(200), url VARCHAR(200), comments VARCHAR(250), valid_id SMALLINT NOT NULL
);
CREATE TABLE customer_user (
    id INTEGER PRIMARY KEY, login VARCHAR(200) NOT NULL, email VARCHAR(150) NOT NULL, customer_id VARCHAR(150) NOT NULL,
    pw VARCHAR(128), title VARCHAR(50), first_name VARCHAR(100) NOT NULL, last_name VARCHAR(100) NOT NULL,
    phone VARCHAR(150), fax VARCHAR(150), mobile VARCHAR(150), street VARCHAR(150), zip VARCHAR(200), city VARCHAR(200),
    country VARCHAR(200), comments VARCHAR(250), valid_id SMALLINT NOT NULL
);
CREATE TABLE customer_user_customer (user_id VARCHAR(100) NOT NULL, customer_id VARCHAR(150) NOT NULL);
CREATE TABLE group_customer (
    customer_id VARCHAR(150) NOT NULL, group_id INTEGER NOT NULL, permission_key VARCHAR(20) NOT NULL,
    permission_value SMALLINT NOT NULL, permission_context VARCHAR(100) NOT NULL
);
CREATE TABLE group_customer_user (
    user_id VARCHAR(100) NOT NULL, group_id INTEGER NOT NULL, permission_key VARCHAR(20) NOT NULL,
    permission_value SMALLINT NOT NULL
);
CREATE TABLE service (
    id INTEGER PRIMARY KEY, name VARCHAR(200) NOT NULL, valid_id SMALLINT NOT NULL, comments VARCHAR(250)
);
CREATE TABLE service_customer_user (customer_user_login VARCHAR(200) NOT NULL, service_id INTEGER NOT NULL);
CREATE TABLE sysconfig_default (
    id INTEGER PRIMARY KEY, name VARCHAR(250) NOT NULL, is_valid SMALLINT NOT NULL, is_dirty SMALLINT NOT NULL,
    effective_value TEXT NOT NULL
);
CREATE TABLE sysconfig_modified (
    id INTEGER PRIMARY KEY, name VARCHAR(250) NOT NULL, user_id INTEGER, is_valid SMALLINT NOT NULL,
    is_dirty SMALLINT NOT NULL, effective_value TEXT NOT NULL
);
INSERT INTO valid VALUES (1, 'valid'), (2, 'invalid'), (3, 'invalid-temporarily');
INSERT INTO groups_table VALUES (1, 'users', 'Everybody', 1), (2, 'sales', NULL, 1), (3, 'old', NULL, 2);
INSERT INTO sysconfig_default VALUES
    (1, 'CustomerGroupSupport', 1, 0, '--- ''0'''),
    (2, 'CustomerGroupAlwaysGroups', 1, 0, '---
- users
'),
    (3, 'CustomerGroupCompanyAlwaysGroups', 1, 0, '--- []
'),
    (4, 'CustomerGroupPermissionContext###001-CustomerID-same', 1, 0, '---
Name: Same Customer
Value: Ticket::CustomerID::Same
'),
    (5, 'CustomerGroupPermissionContext###100-CustomerID-other', 0, 0, '---
Name: Other Customers
Value: Ticket::CustomerID::Other
'),
    (6, 'System::Customer::Permission', 1, 0, '---
- ro
- rw
'),
    (7, 'Ticket::Service::Default::UnknownCustomer', 1, 0, '--- 1
'),
    (8, 'Ticket::Frontend::CustomerDisableCompanyTicketAccess', 1, 0, '--- 0
');
INSERT INTO sysconfig_modified VALUES (1, 'CustomerGroupSupport', NULL, 1, 0, '--- 1
'), (2, 'CustomerGroupSupport', 5, 1, 0, '--- 0
');
