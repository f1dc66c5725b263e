-- What a run has read so far is in a file of its own. It locks out a second run, but not
-- the readers of the database.
ATTACH ?1 AS run;
PRAGMA run.locking_mode = EXCLUSIVE;
CREATE TABLE IF NOT EXISTS run.groups (id TEXT PRIMARY KEY, subject TEXT NOT NULL, status TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS run.rosters (
	group_id TEXT PRIMARY KEY,
	members  TEXT NOT NULL, -- [[number, extra], ...]
	at       INTEGER NOT NULL DEFAULT (unixepoch())
) WITHOUT ROWID;
CREATE VIEW IF NOT EXISTS run.members AS
	SELECT DISTINCT group_id, iif(value ->> 0 <> '', value ->> 0, value ->> 1) AS member, value ->> 0 AS number, value ->> 1 AS extra
	FROM rosters, json_each(rosters.members);
-- What a run that was killed read long ago is too old. This takes the lock, too.
DELETE FROM run.rosters WHERE at NOT BETWEEN unixepoch() - 3600 AND unixepoch();

-- The tables to use. A run changes the first three in one transaction, at its end.
PRAGMA busy_timeout = 10000;
CREATE TABLE IF NOT EXISTS main.groups (id TEXT PRIMARY KEY, subject TEXT NOT NULL, status TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS main.members (
	group_id TEXT NOT NULL,
	member   TEXT NOT NULL, -- who it is: the number, or else extra
	number   TEXT NOT NULL, -- the phone number; '' if the service does not show it
	extra    TEXT NOT NULL, -- the other fields that the service sent, a JSON object; '' if there are none
	PRIMARY KEY (group_id, member)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS main.events (
	seq      INTEGER PRIMARY KEY AUTOINCREMENT,
	at       TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP, -- when a run noticed it, in UTC
	what     TEXT NOT NULL, -- came or went: a group; joined or left: a member
	group_id TEXT NOT NULL,
	subject  TEXT NOT NULL,
	member   TEXT NOT NULL DEFAULT ''
);
CREATE TABLE IF NOT EXISTS main.account (
	business_number TEXT NOT NULL,
	cust_space_id   TEXT NOT NULL,
	runs            INTEGER NOT NULL DEFAULT 0, -- that reached their end
	printed         INTEGER NOT NULL DEFAULT 0  -- seq of the last event that was printed
);
INSERT INTO main.account (business_number, cust_space_id) SELECT ?2, ?3 WHERE NOT EXISTS (SELECT 1 FROM main.account);
