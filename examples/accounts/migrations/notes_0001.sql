-- migrate:up
CREATE TABLE note (
    id INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    text TEXT NOT NULL,
    created TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX note_of_account ON note (account, id);
-- migrate:down
DROP TABLE note;
