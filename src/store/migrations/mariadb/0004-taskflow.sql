-- SPDX-License-Identifier: Apache-2.0
-- taskflow's tables, as its alembic revision 00af93df9d77 leaves them.
CREATE TABLE IF NOT EXISTS alembic_version (
    version_num VARCHAR(32) NOT NULL,
    PRIMARY KEY (version_num)
) ENGINE=InnoDB;
CREATE TABLE IF NOT EXISTS logbooks (
    created_at DATETIME NULL,
    updated_at DATETIME NULL,
    meta TEXT NULL,
    name VARCHAR(255) NULL,
    uuid VARCHAR(64) NOT NULL,
    PRIMARY KEY (uuid),
    UNIQUE KEY logbook_uuid_idx (uuid)
) ENGINE=InnoDB;
CREATE TABLE IF NOT EXISTS flowdetails (
    created_at DATETIME NULL,
    updated_at DATETIME NULL,
    parent_uuid VARCHAR(64) NULL,
    meta LONGTEXT NULL,
    state VARCHAR(255) NULL,
    name VARCHAR(255) NULL,
    uuid VARCHAR(64) NOT NULL,
    PRIMARY KEY (uuid),
    UNIQUE KEY flowdetails_uuid_idx (uuid),
    KEY flowdetails_ibfk_1 (parent_uuid),
    CONSTRAINT flowdetails_ibfk_1 FOREIGN KEY (parent_uuid) REFERENCES logbooks (uuid)
        ON DELETE CASCADE
) ENGINE=InnoDB;
CREATE TABLE IF NOT EXISTS atomdetails (
    created_at DATETIME NULL,
    updated_at DATETIME NULL,
    parent_uuid VARCHAR(64) NULL,
    meta TEXT NULL,
    name VARCHAR(255) NULL,
    results LONGTEXT NULL,
    version VARCHAR(64) NULL,
    state VARCHAR(255) NULL,
    uuid VARCHAR(64) NOT NULL,
    failure LONGTEXT NULL,
    atom_type ENUM('RETRY_DETAIL','TASK_DETAIL') NULL,
    intention ENUM('EXECUTE','IGNORE','REVERT','RETRY') DEFAULT 'EXECUTE',
    revert_results TEXT NULL,
    revert_failure LONGTEXT NULL,
    PRIMARY KEY (uuid),
    UNIQUE KEY taskdetails_uuid_idx (uuid),
    KEY taskdetails_ibfk_1 (parent_uuid),
    CONSTRAINT atomdetails_ibfk_1 FOREIGN KEY (parent_uuid) REFERENCES flowdetails (uuid)
        ON DELETE CASCADE
) ENGINE=InnoDB;
INSERT IGNORE INTO alembic_version (version_num) VALUES ('00af93df9d77');
