-- SPDX-License-Identifier: Apache-2.0
-- The tables of the Python service's first alembic revision, in the database's own character set.
-- Changes of tables are not part of a transaction here, so each step may run again after a crash
-- in its middle; and late, beside a sync on another node of a cluster that is steps ahead.
CREATE TABLE IF NOT EXISTS masakari_alembic_version (
    version_num VARCHAR(32) NOT NULL,
    PRIMARY KEY (version_num)
) ENGINE=InnoDB;
CREATE TABLE IF NOT EXISTS failover_segments (
    created_at DATETIME NULL,
    updated_at DATETIME NULL,
    deleted_at DATETIME NULL,
    deleted INTEGER NULL,
    id INTEGER NOT NULL AUTO_INCREMENT,
    uuid VARCHAR(36) NOT NULL,
    name VARCHAR(255) NOT NULL,
    service_type VARCHAR(255) NOT NULL,
    description TEXT NULL,
    recovery_method ENUM('auto','reserved_host','auto_priority','rh_priority') NOT NULL,
    enabled BOOLEAN NULL,
    PRIMARY KEY (id),
    UNIQUE KEY uniq_segments0uuid (uuid),
    UNIQUE KEY uniq_segment0name0deleted (name, deleted),
    KEY segments_service_type_idx (service_type)
) ENGINE=InnoDB;
CREATE TABLE IF NOT EXISTS notifications (
    created_at DATETIME NULL,
    updated_at DATETIME NULL,
    deleted_at DATETIME NULL,
    deleted INTEGER NULL,
    id INTEGER NOT NULL AUTO_INCREMENT,
    notification_uuid VARCHAR(36) NOT NULL,
    generated_time DATETIME NOT NULL,
    source_host_uuid VARCHAR(36) NOT NULL,
    type VARCHAR(36) NOT NULL,
    payload TEXT NULL,
    status ENUM('new','running','error','failed','ignored','finished') NOT NULL,
    PRIMARY KEY (id),
    UNIQUE KEY uniq_notification0uuid (notification_uuid)
) ENGINE=InnoDB;
CREATE TABLE IF NOT EXISTS hosts (
    created_at DATETIME NULL,
    updated_at DATETIME NULL,
    deleted_at DATETIME NULL,
    deleted INTEGER NULL,
    id INTEGER NOT NULL AUTO_INCREMENT,
    uuid VARCHAR(36) NOT NULL,
    name VARCHAR(255) NOT NULL,
    reserved BOOLEAN NULL,
    type VARCHAR(255) NOT NULL,
    control_attributes TEXT NOT NULL,
    failover_segment_id VARCHAR(36) NOT NULL,
    on_maintenance BOOLEAN NULL,
    PRIMARY KEY (id),
    UNIQUE KEY uniq_host0uuid (uuid),
    UNIQUE KEY uniq_host0name0deleted (name, deleted),
    KEY failover_segment_id (failover_segment_id),
    KEY hosts_type_idx (type),
    CONSTRAINT hosts_ibfk_1 FOREIGN KEY (failover_segment_id) REFERENCES failover_segments (uuid)
) ENGINE=InnoDB;
INSERT INTO masakari_alembic_version (version_num) SELECT '8f848eb45d03' FROM DUAL
    WHERE NOT EXISTS (SELECT 1 FROM masakari_alembic_version);
