-- migrate:up
CREATE TABLE announcement (
    id INTEGER PRIMARY KEY,
    text TEXT NOT NULL,
    level TEXT NOT NULL DEFAULT 'info',
    created TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
);
-- migrate:down
DROP TABLE announcement;
