//! The tables, for Diesel; kept by hand so that it holds for both databases. The migrations beside
//! it say what each column is for.

diesel::table! {
    state (id) {
        id -> BigInt,
        epoch -> Text,
        revision -> BigInt,
        cursor_key -> Text,
        log_cut -> BigInt,
        names_epoch -> BigInt,
    }
}

diesel::table! {
    sequences (kind) {
        kind -> Text,
        last_number -> BigInt,
    }
}

diesel::table! {
    revisions (revision) {
        revision -> BigInt,
        identity -> Text,
        committed_at -> Timestamp,
    }
}

diesel::table! {
    changes (revision, ordinal) {
        revision -> BigInt,
        ordinal -> BigInt,
        body -> Text,
    }
}

diesel::table! {
    audit (revision, ordinal) {
        revision -> BigInt,
        ordinal -> BigInt,
        happened_at -> Timestamp,
        actor -> Text,
        kind -> Text,
        thing_id -> Text,
        value_before -> Nullable<Text>,
        value_after -> Nullable<Text>,
    }
}

diesel::table! {
    kept_replies (actor, idempotency_key) {
        actor -> Text,
        idempotency_key -> Text,
        request_digest -> Text,
        status -> Integer,
        headers -> Text,
        body -> Text,
        kept_at -> Timestamp,
    }
}

diesel::table! {
    settings (id) {
        id -> BigInt,
        group_support -> Bool,
        permission_types -> Text,
        other_customers -> Bool,
        same_customer_text -> Text,
        other_customers_text -> Text,
        default_services_for_unknown_customer_users -> Bool,
        company_access -> Bool,
    }
}

diesel::table! {
    back_ends (id) {
        id -> BigInt,
        name -> Text,
        name_folded -> Text,
        name_search -> Text,
        group_support -> Bool,
        read_only -> Bool,
        comment -> Nullable<Text>,
        created_at -> Timestamp,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    customers (id) {
        id -> BigInt,
        customer_id -> Text,
        customer_id_folded -> Text,
        customer_id_search -> Text,
        name -> Nullable<Text>,
        name_search -> Text,
        street -> Nullable<Text>,
        zip -> Nullable<Text>,
        city -> Nullable<Text>,
        country -> Nullable<Text>,
        url -> Nullable<Text>,
        comment -> Nullable<Text>,
        validity -> Text,
        created_at -> Timestamp,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    customer_users (id) {
        id -> BigInt,
        login -> Text,
        login_folded -> Text,
        login_search -> Text,
        email -> Nullable<Text>,
        email_search -> Text,
        title -> Nullable<Text>,
        first_name -> Nullable<Text>,
        first_name_search -> Text,
        last_name -> Nullable<Text>,
        last_name_search -> Text,
        phone -> Nullable<Text>,
        mobile -> Nullable<Text>,
        fax -> Nullable<Text>,
        street -> Nullable<Text>,
        zip -> Nullable<Text>,
        city -> Nullable<Text>,
        country -> Nullable<Text>,
        comment -> Nullable<Text>,
        validity -> Text,
        primary_customer_id -> Nullable<BigInt>,
        back_end_id -> BigInt,
        created_at -> Timestamp,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    groups (id) {
        id -> BigInt,
        name -> Text,
        name_folded -> Text,
        name_search -> Text,
        comment -> Nullable<Text>,
        comment_search -> Text,
        validity -> Text,
        created_at -> Timestamp,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    services (id) {
        id -> BigInt,
        parent_id -> Nullable<BigInt>,
        name -> Text,
        name_folded -> Text,
        name_search -> Text,
        comment -> Nullable<Text>,
        validity -> Text,
        created_at -> Timestamp,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    external_ids (kind, source, external_id) {
        kind -> Text,
        source -> Text,
        external_id -> Text,
        thing_id -> BigInt,
        row_digest -> Nullable<Binary>,
    }
}

diesel::table! {
    customer_user_customers (customer_user_id, customer_id) {
        customer_user_id -> BigInt,
        customer_id -> BigInt,
    }
}

diesel::table! {
    customer_group_links (customer_id, group_id, context) {
        customer_id -> BigInt,
        group_id -> BigInt,
        context -> Text,
        permissions -> Integer,
    }
}

diesel::table! {
    customer_user_group_links (customer_user_id, group_id) {
        customer_user_id -> BigInt,
        group_id -> BigInt,
        permissions -> Integer,
    }
}

diesel::table! {
    customer_user_service_links (customer_user_id, service_id) {
        customer_user_id -> BigInt,
        service_id -> BigInt,
    }
}

diesel::table! {
    rolls (roll, thing_id) {
        roll -> Text,
        thing_id -> BigInt,
    }
}

diesel::table! {
    import_jobs (id) {
        id -> Text,
        ordinal -> BigInt,
        source -> Text,
        state -> Text,
        actor -> Text,
        options -> Text,
        progress -> Text,
        step -> BigInt,
        worker -> Nullable<Text>,
        claimed_until -> Nullable<Timestamp>,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        closed_at -> Nullable<Timestamp>,
        ended_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    import_chunks (job, number) {
        job -> Text,
        number -> BigInt,
        digest -> Text,
        media -> Text,
        kind -> Nullable<Text>,
        header -> Nullable<Text>,
        row_count -> BigInt,
        bytes -> BigInt,
        content -> Binary,
    }
}

diesel::table! {
    import_results (job, chunk, step) {
        job -> Text,
        chunk -> BigInt,
        step -> BigInt,
        failed -> BigInt,
        body -> Binary,
    }
}

diesel::table! {
    import_absent (job, ordinal) {
        job -> Text,
        ordinal -> BigInt,
        body -> Text,
    }
}

diesel::table! {
    import_previews (job, ordinal) {
        job -> Text,
        ordinal -> BigInt,
        body -> Text,
    }
}

diesel::table! {
    sync_deactivations (kind, thing_id) {
        kind -> Text,
        thing_id -> BigInt,
        source -> Text,
    }
}

diesel::joinable!(changes -> revisions (revision));
diesel::joinable!(customer_users -> back_ends (back_end_id));
diesel::joinable!(customer_users -> customers (primary_customer_id));
diesel::joinable!(customer_user_customers -> customers (customer_id));

diesel::allow_tables_to_appear_in_same_query!(
    audit,
    back_ends,
    changes,
    customer_group_links,
    customer_user_customers,
    customer_user_group_links,
    customer_user_service_links,
    customer_users,
    customers,
    external_ids,
    groups,
    import_absent,
    import_chunks,
    import_jobs,
    import_previews,
    import_results,
    kept_replies,
    revisions,
    rolls,
    sequences,
    services,
    settings,
    state,
    sync_deactivations,
);
