-- SPDX-License-Identifier: Apache-2.0
ALTER TABLE notifications ADD COLUMN failover_segment_uuid VARCHAR(36);
ALTER TABLE notifications ADD COLUMN message TEXT;
UPDATE masakari_alembic_version SET version_num = '13adff5efb9a';
