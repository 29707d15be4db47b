-- SPDX-License-Identifier: Apache-2.0
-- taskflow's tables, as its alembic revision 00af93df9d77 leaves them.
CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
CREATE TABLE logbooks (
    created_at DATETIME,
    updated_at DATETIME,
    meta TEXT,
    name VARCHAR(255),
    uuid VARCHAR(64) NOT NULL,
    PRIMARY KEY (uuid)
);
CREATE UNIQUE INDEX logbook_uuid_idx ON logbooks (uuid);
CREATE TABLE flowdetails (
    created_at DATETIME,
    updated_at DATETIME,
    parent_uuid VARCHAR(64),
    meta TEXT,
    state VARCHAR(255),
    name VARCHAR(255),
    uuid VARCHAR(64) NOT NULL,
    PRIMARY KEY (uuid),
    FOREIGN KEY (parent_uuid) REFERENCES logbooks (uuid) ON DELETE CASCADE
);
CREATE UNIQUE INDEX flowdetails_uuid_idx ON flowdetails (uuid);
CREATE INDEX flowdetails_ibfk_1 ON flowdetails (parent_uuid);
CREATE TABLE atomdetails (
    created_at DATETIME,
    updated_at DATETIME,
    parent_uuid VARCHAR(64),
    meta TEXT,
    name VARCHAR(255),
    results TEXT,
    version VARCHAR(64),
    state VARCHAR(255),
    uuid VARCHAR(64) NOT NULL,
    failure TEXT,
    atom_type VARCHAR(12),
    intention VARCHAR(7) DEFAULT 'EXECUTE',
    revert_results TEXT,
    revert_failure TEXT,
    PRIMARY KEY (uuid),
    FOREIGN KEY (parent_uuid) REFERENCES flowdetails (uuid) ON DELETE CASCADE
);
CREATE UNIQUE INDEX taskdetails_uuid_idx ON atomdetails (uuid);
CREATE INDEX taskdetails_ibfk_1 ON atomdetails (parent_uuid);
INSERT INTO alembic_version (version_num) VALUES ('00af93df9d77');
