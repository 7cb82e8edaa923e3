-- New rows of the tables with many inserts get time-ordered ids. Existing ids stay. A change of the catalog only, with
-- an ACCESS EXCLUSIVE lock for as long as that takes.
--
-- The primary keys of organisations, users and projects stay random: few inserts, and an id that is shown to others
-- should not tell when somebody signed up.

ALTER TABLE app.tasks ALTER COLUMN id SET DEFAULT ops.uuid_v7();

ALTER TABLE app.comments ALTER COLUMN id SET DEFAULT ops.uuid_v7();

ALTER TABLE app.attachments ALTER COLUMN id SET DEFAULT ops.uuid_v7();

ALTER TABLE app.notifications ALTER COLUMN id SET DEFAULT ops.uuid_v7();

ALTER TABLE auth.sessions ALTER COLUMN id SET DEFAULT ops.uuid_v7();

-- A default is evaluated with the rights of whoever inserts.
GRANT EXECUTE ON FUNCTION ops.uuid_v7() TO platform_app, platform_auth;
