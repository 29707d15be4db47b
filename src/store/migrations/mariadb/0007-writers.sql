-- SPDX-License-Identifier: Apache-2.0
-- Each writer keeps the token of its last write in a row of its own beside the one of the lock: one
-- statement does both.
ALTER TABLE masakari_c_lock
    MODIFY COLUMN id BIGINT NOT NULL,
    ADD COLUMN IF NOT EXISTS wrote_at DATETIME NULL;
DROP TABLE IF EXISTS masakari_c_commits;
