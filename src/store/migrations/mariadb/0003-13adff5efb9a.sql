-- SPDX-License-Identifier: Apache-2.0
ALTER TABLE notifications ADD COLUMN IF NOT EXISTS failover_segment_uuid VARCHAR(36) NULL;
ALTER TABLE notifications ADD COLUMN IF NOT EXISTS message TEXT NULL;
UPDATE masakari_alembic_version SET version_num = '13adff5efb9a'
    WHERE version_num = '8bdf5929c5a6';
