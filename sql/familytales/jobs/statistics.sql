-- Autovacuum analyses partitions, never their parent, whose statistics the planner needs for joins and groupings.
ANALYZE familytales.content_segments;
