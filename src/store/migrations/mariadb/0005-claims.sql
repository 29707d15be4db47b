-- SPDX-License-Identifier: Apache-2.0
-- Our own: which engine lives, and which of them recovers what. Times are microseconds, UTC.
CREATE TABLE IF NOT EXISTS masakari_c_engines (
    uuid VARCHAR(36) NOT NULL,
    host VARCHAR(255) NOT NULL,
    started_at BIGINT NOT NULL,
    lease_until BIGINT NOT NULL,
    PRIMARY KEY (uuid)
) ENGINE=InnoDB;
CREATE TABLE IF NOT EXISTS masakari_c_claims (
    notification_uuid VARCHAR(36) NOT NULL,
    engine_uuid VARCHAR(36) NOT NULL,
    epoch BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    state VARCHAR(8) NOT NULL,
    claimed_at BIGINT NOT NULL,
    ended_at BIGINT NULL,
    subject VARCHAR(255) NULL,
    saved_state VARCHAR(255) NULL,
    PRIMARY KEY (notification_uuid)
) ENGINE=InnoDB;
-- Writers take turns by the one row of the first, and find out by the second what became of a
-- transaction whose end they did not hear.
CREATE TABLE IF NOT EXISTS masakari_c_lock (
    id INTEGER NOT NULL,
    turn BIGINT NOT NULL,
    PRIMARY KEY (id)
) ENGINE=InnoDB;
INSERT IGNORE INTO masakari_c_lock (id, turn) VALUES (1, 0);
CREATE TABLE IF NOT EXISTS masakari_c_commits (
    token VARCHAR(36) NOT NULL,
    committed_at DATETIME NOT NULL,
    PRIMARY KEY (token),
    KEY masakari_c_commits_at_idx (committed_at)
) ENGINE=InnoDB;
CREATE INDEX IF NOT EXISTS masakari_c_claims_state_idx ON masakari_c_claims (state);
CREATE INDEX IF NOT EXISTS masakari_c_claims_subject_idx ON masakari_c_claims (subject);
-- The engines look for work, and the API for duplicates and pages, without reading every
-- notification there ever was.
CREATE INDEX IF NOT EXISTS masakari_c_notifications_status_idx ON notifications (status);
CREATE INDEX IF NOT EXISTS masakari_c_notifications_source_idx
    ON notifications (source_host_uuid, generated_time);
CREATE INDEX IF NOT EXISTS masakari_c_notifications_created_idx ON notifications (created_at, id);
