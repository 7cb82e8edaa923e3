-- Autovacuum analyses partitions, never their parent, whose statistics the planner needs for joins and groupings.
ANALYZE app.tasks;

ANALYZE app.notifications;
