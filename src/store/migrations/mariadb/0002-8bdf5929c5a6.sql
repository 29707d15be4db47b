-- SPDX-License-Identifier: Apache-2.0
CREATE TABLE IF NOT EXISTS vmoves (
    created_at DATETIME NULL,
    updated_at DATETIME NULL,
    deleted_at DATETIME NULL,
    deleted INTEGER NULL,
    id INTEGER NOT NULL AUTO_INCREMENT,
    uuid VARCHAR(36) NOT NULL,
    notification_uuid VARCHAR(36) NOT NULL,
    instance_uuid VARCHAR(36) NOT NULL,
    instance_name VARCHAR(255) NOT NULL,
    source_host VARCHAR(255) NULL,
    dest_host VARCHAR(255) NULL,
    start_time DATETIME NULL,
    end_time DATETIME NULL,
    type VARCHAR(36) NULL,
    status VARCHAR(255) NULL,
    message TEXT NULL,
    PRIMARY KEY (id),
    UNIQUE KEY uniq_vmove0uuid (uuid)
) ENGINE=InnoDB;
UPDATE masakari_alembic_version SET version_num = '8bdf5929c5a6'
    WHERE version_num = '8f848eb45d03';
