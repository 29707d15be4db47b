-- SPDX-License-Identifier: Apache-2.0
CREATE TABLE vmoves (
    created_at DATETIME,
    updated_at DATETIME,
    deleted_at DATETIME,
    deleted INTEGER,
    id INTEGER NOT NULL,
    uuid VARCHAR(36) NOT NULL,
    notification_uuid VARCHAR(36) NOT NULL,
    instance_uuid VARCHAR(36) NOT NULL,
    instance_name VARCHAR(255) NOT NULL,
    source_host VARCHAR(255),
    dest_host VARCHAR(255),
    start_time DATETIME,
    end_time DATETIME,
    type VARCHAR(36),
    status VARCHAR(255),
    message TEXT,
    PRIMARY KEY (id),
    CONSTRAINT uniq_vmove0uuid UNIQUE (uuid)
);
UPDATE masakari_alembic_version SET version_num = '8bdf5929c5a6';
