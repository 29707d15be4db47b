-- SPDX-License-Identifier: Apache-2.0
-- Our own: which engine lives, and which of them recovers what. Times are microseconds, UTC.
CREATE TABLE masakari_c_engines (
    uuid VARCHAR(36) NOT NULL,
    host VARCHAR(255) NOT NULL,
    started_at BIGINT NOT NULL,
    lease_until BIGINT NOT NULL,
    PRIMARY KEY (uuid)
);
CREATE TABLE masakari_c_claims (
    notification_uuid VARCHAR(36) NOT NULL,
    engine_uuid VARCHAR(36) NOT NULL,
    epoch BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    state VARCHAR(8) NOT NULL,
    claimed_at BIGINT NOT NULL,
    ended_at BIGINT,
    subject VARCHAR(255),
    saved_state VARCHAR(255),
    PRIMARY KEY (notification_uuid)
);
CREATE INDEX masakari_c_claims_state_idx ON masakari_c_claims (state);
CREATE INDEX masakari_c_claims_subject_idx ON masakari_c_claims (subject);
-- The engines look for work, and the API for duplicates and pages, without reading every
-- notification there ever was.
CREATE INDEX masakari_c_notifications_status_idx ON notifications (status);
CREATE INDEX masakari_c_notifications_source_idx
    ON notifications (source_host_uuid, generated_time);
CREATE INDEX masakari_c_notifications_created_idx ON notifications (created_at, id);
CREATE INDEX masakari_c_hosts_segment_idx ON hosts (failover_segment_id);
