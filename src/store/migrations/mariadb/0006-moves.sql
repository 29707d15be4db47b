-- SPDX-License-Identifier: Apache-2.0
-- What an engine must know of a move or of a reserved host that another engine began.
CREATE TABLE IF NOT EXISTS masakari_c_moves (
    vmove_uuid VARCHAR(36) NOT NULL,
    state VARCHAR(255) NOT NULL,
    PRIMARY KEY (vmove_uuid)
) ENGINE=InnoDB;
CREATE TABLE IF NOT EXISTS masakari_c_reserved_hosts (
    notification_uuid VARCHAR(36) NOT NULL,
    host_uuid VARCHAR(36) NOT NULL,
    PRIMARY KEY (notification_uuid)
) ENGINE=InnoDB;
