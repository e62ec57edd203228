-- Numbers are given out by `sequences`, never by the database, so that a plan knows them before
-- anything is written, and none is ever given twice. `*_folded` is the form in which a natural key
-- is unique; `*_search` the form in which `q` looks.

CREATE TABLE state (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    epoch TEXT COLLATE "C" NOT NULL,
    revision BIGINT NOT NULL,
    cursor_key TEXT NOT NULL
);

CREATE TABLE sequences (
    kind TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    last_number BIGINT NOT NULL
);

CREATE TABLE revisions (
    revision BIGINT NOT NULL PRIMARY KEY,
    identity TEXT COLLATE "C" NOT NULL,
    committed_at TIMESTAMP NOT NULL
);

CREATE TABLE changes (
    revision BIGINT NOT NULL REFERENCES revisions (revision),
    ordinal BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (revision, ordinal)
);

CREATE TABLE audit (
    revision BIGINT NOT NULL,
    ordinal BIGINT NOT NULL,
    happened_at TIMESTAMP NOT NULL,
    actor TEXT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    thing_id TEXT NOT NULL,
    value_before TEXT,
    value_after TEXT,
    PRIMARY KEY (revision, ordinal)
);

CREATE TABLE settings (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    group_support BOOLEAN NOT NULL,
    permission_types TEXT NOT NULL,
    other_customers BOOLEAN NOT NULL,
    same_customer_text TEXT NOT NULL,
    other_customers_text TEXT NOT NULL,
    default_services_for_unknown_customer_users BOOLEAN NOT NULL,
    company_access BOOLEAN NOT NULL
);

CREATE TABLE back_ends (
    id BIGINT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    name_folded TEXT COLLATE "C" NOT NULL UNIQUE,
    name_search TEXT COLLATE "C" NOT NULL,
    group_support BOOLEAN NOT NULL,
    read_only BOOLEAN NOT NULL,
    comment TEXT,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL
);

CREATE TABLE customers (
    id BIGINT NOT NULL PRIMARY KEY,
    customer_id TEXT NOT NULL,
    customer_id_folded TEXT COLLATE "C" NOT NULL UNIQUE,
    customer_id_search TEXT COLLATE "C" NOT NULL,
    name TEXT,
    name_search TEXT COLLATE "C" NOT NULL,
    street TEXT,
    zip TEXT,
    city TEXT,
    country TEXT,
    url TEXT,
    comment TEXT,
    validity TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL
);

CREATE TABLE customer_users (
    id BIGINT NOT NULL PRIMARY KEY,
    login TEXT NOT NULL,
    login_folded TEXT COLLATE "C" NOT NULL UNIQUE,
    login_search TEXT COLLATE "C" NOT NULL,
    email TEXT,
    email_search TEXT COLLATE "C" NOT NULL,
    title TEXT,
    first_name TEXT,
    first_name_search TEXT COLLATE "C" NOT NULL,
    last_name TEXT,
    last_name_search TEXT COLLATE "C" NOT NULL,
    phone TEXT,
    mobile TEXT,
    fax TEXT,
    street TEXT,
    zip TEXT,
    city TEXT,
    country TEXT,
    comment TEXT,
    validity TEXT NOT NULL,
    primary_customer_id BIGINT REFERENCES customers (id),
    back_end_id BIGINT NOT NULL REFERENCES back_ends (id),
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL
);
CREATE INDEX customer_users_primary_customer ON customer_users (primary_customer_id, id);
CREATE INDEX customer_users_back_end ON customer_users (back_end_id, id);
CREATE INDEX customer_users_email ON customer_users (email_search, id);

CREATE TABLE groups (
    id BIGINT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    name_folded TEXT COLLATE "C" NOT NULL UNIQUE,
    name_search TEXT COLLATE "C" NOT NULL,
    comment TEXT,
    comment_search TEXT COLLATE "C" NOT NULL,
    validity TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL
);

CREATE TABLE services (
    id BIGINT NOT NULL PRIMARY KEY,
    parent_id BIGINT REFERENCES services (id),
    name TEXT NOT NULL,
    -- Not UNIQUE: moving a subtree renames its members one by one. The plan keeps it unique.
    name_folded TEXT COLLATE "C" NOT NULL,
    name_search TEXT COLLATE "C" NOT NULL,
    comment TEXT,
    validity TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL
);
CREATE INDEX services_name ON services (name_folded);
CREATE INDEX services_parent ON services (parent_id);

CREATE TABLE external_ids (
    kind TEXT COLLATE "C" NOT NULL,
    source TEXT COLLATE "C" NOT NULL,
    external_id TEXT COLLATE "C" NOT NULL,
    thing_id BIGINT NOT NULL,
    PRIMARY KEY (kind, source, external_id)
);
CREATE INDEX external_ids_thing ON external_ids (thing_id, kind);

CREATE TABLE customer_user_customers (
    customer_user_id BIGINT NOT NULL REFERENCES customer_users (id),
    customer_id BIGINT NOT NULL REFERENCES customers (id),
    PRIMARY KEY (customer_user_id, customer_id)
);
CREATE INDEX customer_user_customers_customer ON customer_user_customers (customer_id);

CREATE TABLE customer_group_links (
    customer_id BIGINT NOT NULL REFERENCES customers (id),
    group_id BIGINT NOT NULL REFERENCES groups (id),
    context TEXT COLLATE "C" NOT NULL,
    permissions INTEGER NOT NULL,
    PRIMARY KEY (customer_id, group_id, context)
);
CREATE INDEX customer_group_links_group ON customer_group_links (group_id);

CREATE TABLE customer_user_group_links (
    customer_user_id BIGINT NOT NULL REFERENCES customer_users (id),
    group_id BIGINT NOT NULL REFERENCES groups (id),
    permissions INTEGER NOT NULL,
    PRIMARY KEY (customer_user_id, group_id)
);
CREATE INDEX customer_user_group_links_group ON customer_user_group_links (group_id);

CREATE TABLE customer_user_service_links (
    customer_user_id BIGINT NOT NULL REFERENCES customer_users (id),
    service_id BIGINT NOT NULL REFERENCES services (id),
    PRIMARY KEY (customer_user_id, service_id)
);
CREATE INDEX customer_user_service_links_service ON customer_user_service_links (service_id);

CREATE TABLE rolls (
    roll TEXT COLLATE "C" NOT NULL,
    thing_id BIGINT NOT NULL,
    PRIMARY KEY (roll, thing_id)
);
