-- 30,000 customer users: the even ones of the database, the odd ones of an LDAP, whom only links name.
INSERT INTO groups_table SELECT n, 'group ' || n, NULL, CASE WHEN n % 15 = 0 THEN 2 ELSE 1 END FROM generate_series(10, 60) n;
INSERT INTO customer_company (customer_id, name, valid_id)
    SELECT 'c' || n, 'Customer ' || n, CASE WHEN n % 40 = 0 THEN 2 WHEN n % 41 = 0 THEN 3 ELSE 1 END
    FROM generate_series(1, 800) n;
INSERT INTO customer_user (id, login, email, customer_id, first_name, last_name, valid_id)
    SELECT n, 'user' || n, 'user' || n || '@desk.example', CASE WHEN n % 50 = 0 THEN '' ELSE 'c' || (n % 820 + 1) END,
        'First ' || n, 'Last ' || n, CASE WHEN n % 60 = 0 THEN 2 ELSE 1 END
    FROM generate_series(2, 30000, 2) n;
INSERT INTO customer_user_customer
    SELECT CASE WHEN n % 2 = 0 THEN 'user' ELSE 'ldap' END || n, 'c' || (n % 800 + 1) FROM generate_series(1, 30000) n
    WHERE n % 2 = 1 OR n % 8 = 0;
INSERT INTO group_customer
    SELECT 'c' || n, 10 + n * k % 51, (ARRAY['ro', 'rw', 'note'])[1 + (n + k) % 3], 1, 'Ticket::CustomerID::Same'
    FROM generate_series(1, 820) n, generate_series(1, 3) k;
INSERT INTO group_customer_user
    SELECT CASE WHEN n % 2 = 0 THEN 'user' ELSE 'ldap' END || n, 10 + n * k % 51,
        (ARRAY['ro', 'rw', 'note'])[1 + (n + k) % 3], CASE WHEN n % 97 = 0 THEN 0 ELSE 1 END
    FROM generate_series(1, 30000) n, generate_series(1, 2) k WHERE n % 4 <> 0;
INSERT INTO service SELECT n, 'Area ' || n, CASE WHEN n % 5 = 0 THEN 2 ELSE 1 END, NULL FROM generate_series(1, 10) n;
INSERT INTO service
    SELECT n * 100 + k, 'Area ' || n || '::Part ' || k, CASE WHEN k % 4 = 0 THEN 2 ELSE 1 END, NULL
    FROM generate_series(1, 10) n, generate_series(1, 6) k;
INSERT INTO service_customer_user
    SELECT CASE WHEN n % 2 = 0 THEN 'user' ELSE 'ldap' END || n, (1 + n % 10) * 100 + 1 + n % 6 FROM generate_series(1, 30000) n
    WHERE n % 3 = 0;
INSERT INTO service_customer_user VALUES ('<DEFAULT>', 1), ('<DEFAULT>', 101), ('<DEFAULT>', 501), ('<DEFAULT>', 104);
UPDATE sysconfig_default SET effective_value = '--- [group 11, group 15]' WHERE name = 'CustomerGroupCompanyAlwaysGroups';
UPDATE sysconfig_default SET effective_value = '--- [ro, note, rw]' WHERE name = 'System::Customer::Permission';
