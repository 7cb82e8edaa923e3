"""What is tried on each table: how its rows are found, which row is inserted, which column is updated."""

from __future__ import annotations

from dataclasses import dataclass, replace

# Tables whose partitions are in `part`; the matrix looks at the leaf of today, under the name part.<table>.
PARTITIONED = ["app.tasks", "app.notifications", "analytics.events", "analytics.page_views", "audit.audit_log"]


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the matrix."""

    about: str
    """What places its rows have: those of a project, an organisation or a person, or none (`all`)."""

    key: str
    belongs_to: str
    """In SQL, the project, organisation or person that a row belongs to."""

    update: str
    """What an UPDATE sets: a column that whoever may change anything in the table may change."""

    insert: str
    author: str = "NULL"


# In an INSERT, {me} is the id of the user who asks (or NULL). {organization}, {project}, {task} and {person} are those
# of the place, {spare} is a member of its organisation who is not in the project, {fresh} an account that nothing hangs
# on.
TABLES = {
    "app.projects": Table(
        about="project",
        key="id",
        belongs_to="id",
        update="description = 'changed'",
        insert="(organization_id, name, slug, visibility, created_by)"
        " VALUES ({organization}, 'new', 'new', {visibility}, {me})",
    ),
    "app.project_members": Table(
        about="project",
        key="project_id, user_id",
        belongs_to="project_id",
        update="added_at = now()",
        insert="(organization_id, project_id, user_id) VALUES ({organization}, {project}, {spare})",
    ),
    "app.task_ids": Table(
        about="project",
        key="id",
        belongs_to="project_id",
        author="(SELECT concat(task.reporter_id, task.assignee_id) FROM app.tasks AS task WHERE task.id = task_ids.id)",
        update="created_at = now()",
        insert="(id, organization_id, project_id, created_at)"
        " VALUES (gen_random_uuid(), {organization}, {project}, now())",
    ),
    "app.tasks": Table(
        about="project",
        key="id",
        belongs_to="project_id",
        author="concat(reporter_id, assignee_id)",
        update="title = 'changed'",
        insert="(organization_id, project_id, title, reporter_id) VALUES ({organization}, {project}, 'new', {me})",
    ),
    "app.comments": Table(
        about="project",
        key="id",
        belongs_to="project_id",
        author="user_id",
        update="content = 'changed'",
        insert="(organization_id, task_id, user_id, content) VALUES ({organization}, {task}, {me}, 'new')",
    ),
    "app.attachments": Table(
        about="project",
        key="id",
        belongs_to="project_id",
        author="uploaded_by",
        update="metadata = '{}'",
        insert="(organization_id, task_id, uploaded_by, file_name, file_size, mime_type, storage_path)"
        " VALUES ({organization}, {task}, {me}, 'new', 1, 'x', 'x')",
    ),
    "analytics.project_stats": Table(
        about="project",
        key="project_id",
        belongs_to="project_id",
        update="project_name = 'changed'",
        insert="(project_id) VALUES ({project})",
    ),
    "app.organizations": Table(
        about="organization",
        key="id",
        belongs_to="id",
        update="description = 'changed'",
        insert="(name, slug) VALUES ('new', 'new')",
    ),
    "app.organization_members": Table(
        about="organization",
        key="id",
        belongs_to="organization_id",
        update="role = 'owner'",
        insert="(organization_id, user_id) VALUES ({organization}, {fresh})",
    ),
    "app.invitations": Table(
        about="organization",
        key="id",
        belongs_to="organization_id",
        update="role = 'owner'",
        insert="(organization_id, email, role, token_hash, expires_at)"
        " VALUES ({organization}, 'new@example.com', 'viewer', 'new', 'infinity')",
    ),
    "analytics.events": Table(
        about="organization",
        key="id",
        belongs_to="organization_id",
        update="event_type = 'changed'",
        insert="(event_type, user_id, organization_id) VALUES ('new', {me}, {organization})",
    ),
    "audit.audit_log": Table(
        about="organization",
        key="id",
        belongs_to="organization_id",
        update="request_id = 'changed'",
        insert="(schema_name, table_name, record_id, action, organization_id, db_role, transaction_id)"
        " VALUES ('x', 'x', gen_random_uuid(), 'INSERT', {organization}, 'x', pg_current_xact_id())",
    ),
    "auth.users": Table(
        about="person",
        key="id",
        belongs_to="id",
        update="locale = 'de'",
        insert="(email) VALUES ('new@example.com')",
    ),
    "auth.credentials": Table(
        about="person",
        key="user_id",
        belongs_to="user_id",
        update="failed_login_attempts = 3",
        insert="(user_id, password_hash) VALUES ({fresh}, 'x')",
    ),
    "auth.user_roles": Table(
        about="person",
        key="id",
        belongs_to="user_id",
        update="expires_at = 'infinity'",
        insert="(user_id, role_id) VALUES ({person}, {free_role})",
    ),
    "auth.sessions": Table(
        about="person",
        key="id",
        belongs_to="user_id",
        update="last_activity_at = now()",
        insert="(user_id, token_hash, expires_at) VALUES ({person}, 'new', 'infinity')",
    ),
    "auth.password_reset_tokens": Table(
        about="person",
        key="id",
        belongs_to="user_id",
        update="used_at = now()",
        insert="(user_id, token_hash, expires_at) VALUES ({person}, 'new', 'infinity')",
    ),
    "auth.email_verification_tokens": Table(
        about="person",
        key="id",
        belongs_to="user_id",
        update="verified_at = now()",
        insert="(user_id, token_hash, email, expires_at) VALUES ({person}, 'new', 'new@example.com', 'infinity')",
    ),
    "app.notifications": Table(
        about="person",
        key="id",
        belongs_to="user_id",
        update="is_read = true",
        insert="(user_id, type, title) VALUES ({person}, 'new', 'new')",
    ),
    "analytics.page_views": Table(
        about="person",
        key="id",
        belongs_to="user_id",
        update="url = 'changed'",
        insert="(user_id, url) VALUES ({person}, 'new')",
    ),
    "analytics.user_activity_stats": Table(
        about="person",
        key="user_id",
        belongs_to="user_id",
        update="tasks_assigned = 0",
        insert="(user_id) VALUES ({person})",
    ),
    "auth.roles": Table(
        about="all", key="id", belongs_to="NULL", update="description = 'changed'", insert="(name) VALUES ('new')"
    ),
    "ops.partition_policy": Table(
        about="all",
        key="prefix",
        belongs_to="NULL",
        update="premake = 12",
        # There is one for each partitioned table already.
        insert="(parent, every, premake, prefix) VALUES ('app.tasks', '1 month', 1, 'new')",
    ),
    "ops.detached_partitions": Table(
        about="all",
        key="partition",
        belongs_to="NULL",
        update="attached_until = now()",
        insert="(partition, parent, lower_bound, upper_bound) VALUES ('app.projects', 'app.tasks', now(), now())",
    ),
}
# A leaf takes what its parent takes. Where the parent has an identity, the leaf has it from PostgreSQL 17 on.
for _parent in PARTITIONED:
    _leaf = replace(TABLES[_parent], about="all", author="NULL", belongs_to="NULL")
    if not _parent.startswith("app."):
        _leaf = replace(
            _leaf,
            insert=_leaf.insert.replace("(", "(id, ", 1).replace(" VALUES (", " OVERRIDING SYSTEM VALUE VALUES (-1, "),
        )
    TABLES[f"part.{_parent.partition('.')[2]}"] = _leaf


def where(table: str, keys: list[str]) -> str:
    """Exactly these rows; or, where rows have no place, those with a key."""
    key = TABLES[table].key
    if TABLES[table].about == "all":
        return f" WHERE {key} IS NOT NULL"
    listed = ", ".join("(" + ", ".join(f"'{part}'" for part in one.split(",")) + ")" for one in keys)
    return f" WHERE ({key}) IN ({listed})"
