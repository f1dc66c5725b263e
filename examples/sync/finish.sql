-- A run has read what it could. The difference to the tables becomes events, then the tables
-- change. Nothing is concluded about the members of a group without a roster, unless the
-- group went.
BEGIN IMMEDIATE;
DELETE FROM run.rosters WHERE group_id NOT IN (SELECT id FROM run.groups); -- gone since a run that was killed
INSERT INTO main.events (what, group_id, subject, member)
	SELECT 'left', group_id, subject, member FROM main.members JOIN main.groups ON id = group_id
	WHERE (group_id IN (SELECT group_id FROM run.rosters) OR group_id NOT IN (SELECT id FROM run.groups))
		AND (group_id, member) NOT IN (SELECT group_id, member FROM run.members) ORDER BY group_id, member;
INSERT INTO main.events (what, group_id, subject)
	SELECT 'went', id, subject FROM main.groups WHERE id NOT IN (SELECT id FROM run.groups) ORDER BY id;
INSERT INTO main.events (what, group_id, subject)
	SELECT 'came', id, subject FROM run.groups WHERE id NOT IN (SELECT id FROM main.groups) ORDER BY id;
INSERT INTO main.events (what, group_id, subject, member)
	SELECT 'joined', group_id, subject, member FROM run.members JOIN run.groups ON id = group_id
	WHERE (group_id, member) NOT IN (SELECT group_id, member FROM main.members) ORDER BY group_id, member;
DELETE FROM main.members WHERE group_id IN (SELECT group_id FROM run.rosters) OR group_id NOT IN (SELECT id FROM run.groups);
INSERT OR REPLACE INTO main.members SELECT * FROM run.members;
DELETE FROM main.groups;
INSERT INTO main.groups SELECT * FROM run.groups;
UPDATE main.account SET runs = runs + 1;
DELETE FROM run.rosters;
COMMIT;
