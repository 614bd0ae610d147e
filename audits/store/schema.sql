-- Made of audits/store/tables.py by `python -m audits.generate`: do not edit.

CREATE TABLE owner (
    id INTEGER NOT NULL,
    login TEXT NOT NULL,
    "key" TEXT,
    CONSTRAINT pk_owner PRIMARY KEY (id),
    CONSTRAINT uq_owner_key UNIQUE ("key")
);

CREATE TABLE rule (
    id INTEGER NOT NULL,
    name TEXT NOT NULL,
    title TEXT NOT NULL,
    area TEXT NOT NULL,
    severity SMALLINT NOT NULL,
    since INTEGER NOT NULL,
    CONSTRAINT pk_rule PRIMARY KEY (id),
    CONSTRAINT uq_rule_name UNIQUE (name)
);

CREATE TABLE text (
    oid VARCHAR(64) NOT NULL,
    size INTEGER NOT NULL,
    data BLOB NOT NULL,
    CONSTRAINT pk_text PRIMARY KEY (oid)
);

CREATE TABLE content (
    id INTEGER NOT NULL,
    hash BLOB NOT NULL,
    data BLOB NOT NULL,
    CONSTRAINT pk_content PRIMARY KEY (id),
    CONSTRAINT uq_content_hash UNIQUE (hash)
);

CREATE TABLE unseen (
    id INTEGER NOT NULL,
    need TEXT NOT NULL,
    reason TEXT NOT NULL,
    permission TEXT NOT NULL,
    CONSTRAINT pk_unseen PRIMARY KEY (id),
    CONSTRAINT uq_unseen_need_reason_permission UNIQUE (need, reason, permission)
);

CREATE TABLE action (
    id INTEGER NOT NULL,
    name TEXT NOT NULL,
    CONSTRAINT pk_action PRIMARY KEY (id),
    CONSTRAINT uq_action_name UNIQUE (name)
);

CREATE TABLE answer (
    "key" TEXT NOT NULL,
    etag TEXT NOT NULL,
    body BLOB NOT NULL,
    at DATETIME NOT NULL,
    CONSTRAINT pk_answer PRIMARY KEY ("key")
);

CREATE TABLE resolved (
    slug TEXT NOT NULL,
    ref TEXT NOT NULL,
    value TEXT NOT NULL,
    at DATETIME NOT NULL,
    CONSTRAINT pk_resolved PRIMARY KEY (slug, ref)
);

CREATE TABLE scan (
    id INTEGER NOT NULL,
    owner_id INTEGER NOT NULL,
    source TEXT NOT NULL,
    started DATETIME NOT NULL,
    finished DATETIME,
    tool_version TEXT NOT NULL,
    policy TEXT NOT NULL,
    tier SMALLINT NOT NULL,
    repositories INTEGER NOT NULL,
    not_reached INTEGER NOT NULL,
    changed TEXT NOT NULL,
    totals BLOB,
    CONSTRAINT pk_scan PRIMARY KEY (id),
    CONSTRAINT fk_scan_owner_id FOREIGN KEY(owner_id) REFERENCES owner (id)
);

CREATE TABLE repository (
    id INTEGER NOT NULL,
    owner_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    "key" TEXT NOT NULL,
    digest BLOB,
    CONSTRAINT pk_repository PRIMARY KEY (id),
    CONSTRAINT uq_repository_owner_id_key UNIQUE (owner_id, "key"),
    CONSTRAINT fk_repository_owner_id FOREIGN KEY(owner_id) REFERENCES owner (id)
);

CREATE TABLE reference (
    id INTEGER NOT NULL,
    owner_id INTEGER NOT NULL,
    slug TEXT NOT NULL,
    ref TEXT NOT NULL,
    opened INTEGER NOT NULL,
    closed INTEGER NOT NULL,
    value TEXT NOT NULL,
    newest_release TEXT NOT NULL,
    archived BOOLEAN NOT NULL,
    "exists" BOOLEAN NOT NULL,
    CONSTRAINT pk_reference PRIMARY KEY (id),
    CONSTRAINT fk_reference_owner_id FOREIGN KEY(owner_id) REFERENCES owner (id)
);

CREATE TABLE scan_lock (
    owner_id INTEGER NOT NULL,
    scan_id INTEGER NOT NULL,
    machine TEXT NOT NULL,
    process INTEGER NOT NULL,
    beat DATETIME NOT NULL,
    CONSTRAINT pk_scan_lock PRIMARY KEY (owner_id),
    CONSTRAINT fk_scan_lock_owner_id FOREIGN KEY(owner_id) REFERENCES owner (id),
    CONSTRAINT fk_scan_lock_scan_id FOREIGN KEY(scan_id) REFERENCES scan (id)
);

CREATE TABLE progress (
    scan_id INTEGER NOT NULL,
    repository_id INTEGER NOT NULL,
    reached BOOLEAN NOT NULL,
    CONSTRAINT pk_progress PRIMARY KEY (scan_id, repository_id),
    CONSTRAINT fk_progress_scan_id FOREIGN KEY(scan_id) REFERENCES scan (id),
    CONSTRAINT fk_progress_repository_id FOREIGN KEY(repository_id) REFERENCES repository (id)
);

CREATE TABLE state (
    id INTEGER NOT NULL,
    owner_id INTEGER NOT NULL,
    repository_id INTEGER NOT NULL,
    opened INTEGER NOT NULL,
    closed INTEGER NOT NULL,
    host TEXT NOT NULL,
    head TEXT NOT NULL,
    committed_at DATETIME,
    branch TEXT NOT NULL,
    archived BOOLEAN NOT NULL,
    topics TEXT NOT NULL,
    database_id BIGINT,
    CONSTRAINT pk_state PRIMARY KEY (id),
    CONSTRAINT fk_state_owner_id FOREIGN KEY(owner_id) REFERENCES owner (id),
    CONSTRAINT fk_state_repository_id FOREIGN KEY(repository_id) REFERENCES repository (id)
);

CREATE TABLE score (
    id INTEGER NOT NULL,
    owner_id INTEGER NOT NULL,
    repository_id INTEGER NOT NULL,
    opened INTEGER NOT NULL,
    closed INTEGER NOT NULL,
    grade TEXT NOT NULL,
    points FLOAT,
    strict_points FLOAT,
    coverage FLOAT NOT NULL,
    tier SMALLINT NOT NULL,
    policy TEXT NOT NULL,
    cap TEXT NOT NULL,
    pinning_points FLOAT,
    permissions_points FLOAT,
    environment_points FLOAT,
    trusted_publisher_points FLOAT,
    integrity_points FLOAT,
    pinning_coverage FLOAT,
    permissions_coverage FLOAT,
    environment_coverage FLOAT,
    trusted_publisher_coverage FLOAT,
    integrity_coverage FLOAT,
    open_info INTEGER NOT NULL,
    open_low INTEGER NOT NULL,
    open_medium INTEGER NOT NULL,
    open_high INTEGER NOT NULL,
    open_critical INTEGER NOT NULL,
    accepted INTEGER NOT NULL,
    publications INTEGER NOT NULL,
    registries TEXT NOT NULL,
    ladders TEXT NOT NULL,
    gaps INTEGER NOT NULL,
    CONSTRAINT pk_score PRIMARY KEY (id),
    CONSTRAINT fk_score_owner_id FOREIGN KEY(owner_id) REFERENCES owner (id),
    CONSTRAINT fk_score_repository_id FOREIGN KEY(repository_id) REFERENCES repository (id)
);

CREATE TABLE facts (
    id INTEGER NOT NULL,
    owner_id INTEGER NOT NULL,
    repository_id INTEGER NOT NULL,
    opened INTEGER NOT NULL,
    closed INTEGER NOT NULL,
    source_id INTEGER NOT NULL,
    settings_id INTEGER NOT NULL,
    index_id INTEGER NOT NULL,
    detail_id INTEGER NOT NULL,
    CONSTRAINT pk_facts PRIMARY KEY (id),
    CONSTRAINT fk_facts_owner_id FOREIGN KEY(owner_id) REFERENCES owner (id),
    CONSTRAINT fk_facts_repository_id FOREIGN KEY(repository_id) REFERENCES repository (id),
    CONSTRAINT fk_facts_source_id FOREIGN KEY(source_id) REFERENCES content (id),
    CONSTRAINT fk_facts_settings_id FOREIGN KEY(settings_id) REFERENCES content (id),
    CONSTRAINT fk_facts_index_id FOREIGN KEY(index_id) REFERENCES content (id),
    CONSTRAINT fk_facts_detail_id FOREIGN KEY(detail_id) REFERENCES content (id)
);

CREATE TABLE owner_facts (
    id INTEGER NOT NULL,
    owner_id INTEGER NOT NULL,
    repository_id INTEGER NOT NULL,
    opened INTEGER NOT NULL,
    closed INTEGER NOT NULL,
    settings_id INTEGER NOT NULL,
    advisories_id INTEGER NOT NULL,
    detail_id INTEGER NOT NULL,
    CONSTRAINT pk_owner_facts PRIMARY KEY (id),
    CONSTRAINT fk_owner_facts_owner_id FOREIGN KEY(owner_id) REFERENCES owner (id),
    CONSTRAINT fk_owner_facts_repository_id FOREIGN KEY(repository_id) REFERENCES repository (id),
    CONSTRAINT fk_owner_facts_settings_id FOREIGN KEY(settings_id) REFERENCES content (id),
    CONSTRAINT fk_owner_facts_advisories_id FOREIGN KEY(advisories_id) REFERENCES content (id),
    CONSTRAINT fk_owner_facts_detail_id FOREIGN KEY(detail_id) REFERENCES content (id)
);

CREATE TABLE finding (
    id INTEGER NOT NULL,
    owner_id INTEGER NOT NULL,
    repository_id INTEGER NOT NULL,
    opened INTEGER NOT NULL,
    closed INTEGER NOT NULL,
    rule_id INTEGER NOT NULL,
    fingerprint TEXT NOT NULL,
    ordinal SMALLINT NOT NULL,
    severity SMALLINT NOT NULL,
    state SMALLINT NOT NULL,
    acceptance SMALLINT NOT NULL,
    accepted BOOLEAN NOT NULL,
    in_release BOOLEAN NOT NULL,
    on_owner BOOLEAN NOT NULL,
    path TEXT NOT NULL,
    first INTEGER NOT NULL,
    ended SMALLINT NOT NULL,
    CONSTRAINT pk_finding PRIMARY KEY (id),
    CONSTRAINT fk_finding_owner_id FOREIGN KEY(owner_id) REFERENCES owner (id),
    CONSTRAINT fk_finding_repository_id FOREIGN KEY(repository_id) REFERENCES repository (id),
    CONSTRAINT fk_finding_rule_id FOREIGN KEY(rule_id) REFERENCES rule (id)
);

CREATE TABLE result (
    id INTEGER NOT NULL,
    owner_id INTEGER NOT NULL,
    repository_id INTEGER NOT NULL,
    opened INTEGER NOT NULL,
    closed INTEGER NOT NULL,
    rule_id INTEGER NOT NULL,
    outcome SMALLINT NOT NULL,
    severity SMALLINT NOT NULL,
    weight FLOAT NOT NULL,
    places INTEGER NOT NULL,
    failing INTEGER NOT NULL,
    unseen_id INTEGER,
    on_owner BOOLEAN NOT NULL,
    crash TEXT NOT NULL,
    CONSTRAINT pk_result PRIMARY KEY (id),
    CONSTRAINT fk_result_owner_id FOREIGN KEY(owner_id) REFERENCES owner (id),
    CONSTRAINT fk_result_repository_id FOREIGN KEY(repository_id) REFERENCES repository (id),
    CONSTRAINT fk_result_rule_id FOREIGN KEY(rule_id) REFERENCES rule (id),
    CONSTRAINT fk_result_unseen_id FOREIGN KEY(unseen_id) REFERENCES unseen (id)
);

CREATE TABLE deduction (
    id INTEGER NOT NULL,
    owner_id INTEGER NOT NULL,
    repository_id INTEGER NOT NULL,
    opened INTEGER NOT NULL,
    closed INTEGER NOT NULL,
    rule_id INTEGER NOT NULL,
    area TEXT NOT NULL,
    severity SMALLINT NOT NULL,
    points FLOAT NOT NULL,
    publication TEXT NOT NULL,
    CONSTRAINT pk_deduction PRIMARY KEY (id),
    CONSTRAINT fk_deduction_owner_id FOREIGN KEY(owner_id) REFERENCES owner (id),
    CONSTRAINT fk_deduction_repository_id FOREIGN KEY(repository_id) REFERENCES repository (id),
    CONSTRAINT fk_deduction_rule_id FOREIGN KEY(rule_id) REFERENCES rule (id)
);

CREATE TABLE publication (
    id INTEGER NOT NULL,
    owner_id INTEGER NOT NULL,
    repository_id INTEGER NOT NULL,
    opened INTEGER NOT NULL,
    closed INTEGER NOT NULL,
    workflow TEXT NOT NULL,
    job TEXT NOT NULL,
    step SMALLINT NOT NULL,
    line INTEGER NOT NULL,
    registry TEXT NOT NULL,
    channel TEXT NOT NULL,
    package TEXT NOT NULL,
    mechanism TEXT NOT NULL,
    auth TEXT NOT NULL,
    credential TEXT NOT NULL,
    environment TEXT NOT NULL,
    environment_form TEXT NOT NULL,
    id_token BOOLEAN NOT NULL,
    indirect BOOLEAN NOT NULL,
    attests TEXT NOT NULL,
    triggers TEXT NOT NULL,
    called TEXT NOT NULL,
    publisher_workflow TEXT NOT NULL,
    CONSTRAINT pk_publication PRIMARY KEY (id),
    CONSTRAINT fk_publication_owner_id FOREIGN KEY(owner_id) REFERENCES owner (id),
    CONSTRAINT fk_publication_repository_id FOREIGN KEY(repository_id) REFERENCES repository (id)
);

CREATE TABLE package (
    id INTEGER NOT NULL,
    owner_id INTEGER NOT NULL,
    repository_id INTEGER NOT NULL,
    opened INTEGER NOT NULL,
    closed INTEGER NOT NULL,
    registry TEXT NOT NULL,
    package TEXT NOT NULL,
    state TEXT NOT NULL,
    why TEXT NOT NULL,
    workflow TEXT NOT NULL,
    job TEXT NOT NULL,
    environment TEXT NOT NULL,
    auth TEXT NOT NULL,
    last_release TEXT NOT NULL,
    last_release_at DATETIME,
    attested TEXT NOT NULL,
    publisher_repository TEXT NOT NULL,
    publisher_workflow TEXT NOT NULL,
    publisher_environment TEXT NOT NULL,
    release_ref TEXT NOT NULL,
    release_event TEXT NOT NULL,
    release_runner TEXT NOT NULL,
    release_run TEXT NOT NULL,
    has_evidence BOOLEAN NOT NULL,
    publisher_form TEXT NOT NULL,
    CONSTRAINT pk_package PRIMARY KEY (id),
    CONSTRAINT fk_package_owner_id FOREIGN KEY(owner_id) REFERENCES owner (id),
    CONSTRAINT fk_package_repository_id FOREIGN KEY(repository_id) REFERENCES repository (id)
);

CREATE TABLE gap (
    id INTEGER NOT NULL,
    owner_id INTEGER NOT NULL,
    repository_id INTEGER NOT NULL,
    opened INTEGER NOT NULL,
    closed INTEGER NOT NULL,
    subject TEXT NOT NULL,
    reason TEXT NOT NULL,
    detail TEXT NOT NULL,
    line INTEGER,
    permission TEXT NOT NULL,
    CONSTRAINT pk_gap PRIMARY KEY (id),
    CONSTRAINT fk_gap_owner_id FOREIGN KEY(owner_id) REFERENCES owner (id),
    CONSTRAINT fk_gap_repository_id FOREIGN KEY(repository_id) REFERENCES repository (id)
);

CREATE TABLE action_use (
    id INTEGER NOT NULL,
    owner_id INTEGER NOT NULL,
    repository_id INTEGER NOT NULL,
    opened INTEGER NOT NULL,
    closed INTEGER NOT NULL,
    action_id INTEGER NOT NULL,
    ref TEXT NOT NULL,
    comment TEXT NOT NULL,
    pinned BOOLEAN NOT NULL,
    kind TEXT NOT NULL,
    slug TEXT NOT NULL,
    path TEXT NOT NULL,
    job TEXT NOT NULL,
    role TEXT NOT NULL,
    ordinal SMALLINT NOT NULL,
    in_release BOOLEAN NOT NULL,
    permissions TEXT NOT NULL,
    advisories TEXT NOT NULL,
    CONSTRAINT pk_action_use PRIMARY KEY (id),
    CONSTRAINT fk_action_use_owner_id FOREIGN KEY(owner_id) REFERENCES owner (id),
    CONSTRAINT fk_action_use_repository_id FOREIGN KEY(repository_id) REFERENCES repository (id),
    CONSTRAINT fk_action_use_action_id FOREIGN KEY(action_id) REFERENCES action (id)
);

CREATE TABLE unreached (
    id INTEGER NOT NULL,
    owner_id INTEGER NOT NULL,
    repository_id INTEGER NOT NULL,
    opened INTEGER NOT NULL,
    closed INTEGER NOT NULL,
    CONSTRAINT pk_unreached PRIMARY KEY (id),
    CONSTRAINT fk_unreached_owner_id FOREIGN KEY(owner_id) REFERENCES owner (id),
    CONSTRAINT fk_unreached_repository_id FOREIGN KEY(repository_id) REFERENCES repository (id)
);

CREATE TABLE score_change (
    id INTEGER NOT NULL,
    owner_id INTEGER NOT NULL,
    repository_id INTEGER NOT NULL,
    scan_id INTEGER NOT NULL,
    "before" FLOAT,
    "after" FLOAT,
    grade_before TEXT NOT NULL,
    grade_after TEXT NOT NULL,
    cause TEXT NOT NULL,
    checks TEXT NOT NULL,
    CONSTRAINT pk_score_change PRIMARY KEY (id),
    CONSTRAINT fk_score_change_owner_id FOREIGN KEY(owner_id) REFERENCES owner (id),
    CONSTRAINT fk_score_change_repository_id FOREIGN KEY(repository_id) REFERENCES repository (id),
    CONSTRAINT fk_score_change_scan_id FOREIGN KEY(scan_id) REFERENCES scan (id)
);

CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

CREATE INDEX ix_action_use_owner_id_action_id_closed ON action_use (owner_id, action_id, closed);

CREATE INDEX ix_action_use_repository_id_closed ON action_use (repository_id, closed);

CREATE INDEX ix_deduction_owner_id_closed_opened_rule_id_points ON deduction (owner_id, closed, opened, rule_id, points);

CREATE INDEX ix_deduction_repository_id_closed ON deduction (repository_id, closed);

CREATE INDEX ix_facts_repository_id_closed ON facts (repository_id, closed);

CREATE INDEX ix_finding_owner_id_closed_opened_severity_rule_id ON finding (owner_id, closed, opened, severity, rule_id);

CREATE INDEX ix_finding_owner_id_opened ON finding (owner_id, opened);

CREATE INDEX ix_finding_owner_id_rule_id_closed ON finding (owner_id, rule_id, closed);

CREATE INDEX ix_finding_repository_id_closed ON finding (repository_id, closed);

CREATE INDEX ix_finding_repository_id_fingerprint ON finding (repository_id, fingerprint);

CREATE INDEX ix_gap_owner_id_closed ON gap (owner_id, closed);

CREATE INDEX ix_gap_repository_id_closed ON gap (repository_id, closed);

CREATE INDEX ix_owner_facts_repository_id_closed ON owner_facts (repository_id, closed);

CREATE INDEX ix_package_owner_id_closed ON package (owner_id, closed);

CREATE INDEX ix_package_repository_id_closed ON package (repository_id, closed);

CREATE INDEX ix_publication_owner_id_closed ON publication (owner_id, closed);

CREATE INDEX ix_publication_repository_id_closed ON publication (repository_id, closed);

CREATE INDEX ix_reference_owner_id_slug_ref_closed ON reference (owner_id, slug, ref, closed);

CREATE INDEX ix_result_on_owner ON result (owner_id, closed) WHERE on_owner = 1;

CREATE INDEX ix_result_owner_id_closed_opened_rule_id_outcome ON result (owner_id, closed, opened, rule_id, outcome);

CREATE INDEX ix_result_repository_id_closed ON result (repository_id, closed);

CREATE INDEX ix_scan_owner_id_finished ON scan (owner_id, finished);

CREATE INDEX ix_score_change_owner_id_scan_id ON score_change (owner_id, scan_id);

CREATE INDEX ix_score_change_repository_id_scan_id ON score_change (repository_id, scan_id);

CREATE INDEX ix_score_owner_id_closed_opened_grade ON score (owner_id, closed, opened, grade);

CREATE INDEX ix_score_repository_id_closed ON score (repository_id, closed);

CREATE INDEX ix_state_owner_id_closed ON state (owner_id, closed);

CREATE INDEX ix_state_repository_id_closed ON state (repository_id, closed);

CREATE INDEX ix_unreached_owner_id_closed ON unreached (owner_id, closed);

CREATE INDEX ix_unreached_repository_id_closed ON unreached (repository_id, closed);
