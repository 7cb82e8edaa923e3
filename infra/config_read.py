"""Reads a service's block and its folder into a view, and keeps every problem. Pure, but for the folder it reads."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

from infra import endpoints, jobs, names, parameters, sizing
from infra.config_shape import Problem, View, key_text, nearest, read
from infra.config_spec import service
from infra.config_types import Job, LoginRole
from infra.folder_spec import FOLDER, JOB, LOGIN_ROLE
from infra.profiles import Profile
from infra.rules import JOB_RULES, SERVICE_RULES, judge
from infra.rules.estate import ONE_OFF_TASKS, SPARE_SERVERS
from infra.rules.pooler import memory_sizes
from infra.sizing import INSTANCE_CLASSES


def read_service(raw: object, at: str, estate: View, profile: Profile, sql_root: Path) -> tuple[View, list[Problem]]:
    """One service's view, with what follows from its values, and its problems."""
    view, problems = read(raw, service(profile), at)
    view.update({"@stack": estate["@stack"], "@recovery": estate.get("recovery.region")})
    if "parameters" in view:
        problems += _overrides(view, f"{at}.parameters")
    if "parameters.max_connections" in view:
        view["@connections"] = int(view["parameters.max_connections"])
    elif "instance_class" in view and "max_connections" not in view.get("parameters", {}):
        view["@connections"] = sizing.max_connections(INSTANCE_CLASSES[view["instance_class"]])
    if not _says(raw, "pooler", "most_tasks") and {"pooler.tasks", "pooler.most_tasks"} <= view.keys():
        # Whoever asks for more tasks than the profile has in a rush wants no error about a key not written.
        view["pooler.most_tasks"] = max(view["pooler.most_tasks"], view["pooler.tasks"])
    if "pooler.cpu" in view:
        view["@memory"] = memory_sizes(view["pooler.cpu"])
    if "name" in view:
        problems += _folder(view, at, sql_root)
    problems += judge(SERVICE_RULES, view, at)
    return view, problems


def _says(raw: object, section: str, key: str) -> bool:
    """Whether a service's block has this key in this section."""
    inner = raw.get(section) if isinstance(raw, dict) else None
    return isinstance(inner, dict) and key in inner


def twins(services: list[View], at: str) -> list[Problem]:
    """A problem for each service whose name an earlier one has."""
    first: dict[str, int] = {}
    problems = []
    for index, view in enumerate(services):
        name = view.get("name")
        if name is None:
            continue
        if name in first:
            allowed = f"services[{first[name]}] has this name already"
            problems.append(Problem(f"{at}[{index}].name", name, allowed, "remove one of the two, or rename it"))
        first.setdefault(name, index)
    return problems


def demand(services: list[View]) -> View:
    """The addresses that all services need at once, as far as they are well-formed."""
    tasks = [sizing.DEPLOYMENT_FACTOR * view.get("pooler.most_tasks", 1) + ONE_OFF_TASKS for view in services]
    servers = [1 + view.get("multi_az", False) + view.get("replicas.count", 0) + SPARE_SERVERS for view in services]
    return {
        "@tasks": sum(tasks),
        "@databases": sum(servers),
        "@fixed": len(endpoints.INTERFACES) + len(services),
    }


def _overrides(view: View, at: str) -> list[Problem]:
    """Problems of a service's parameters; the good ones go into the view, together and each as `parameters.<name>`."""
    major = int(view.get("engine_version", 0))
    good: dict[str, str] = {}
    problems = []
    for name, value in view["parameters"].items():
        key = f"{at}.{key_text(name)}"
        row = parameters.BY_NAME.get(name) if isinstance(name, str) else None
        reason = parameters.FORBIDDEN.get(name) if isinstance(name, str) else None
        if reason is not None:
            problems.append(Problem(key, value, "no stack may set this parameter", reason))
        elif row is None:
            known = tuple(row for row in parameters.BY_NAME if row not in parameters.FORBIDDEN)
            guess = nearest(name, known)
            mend = f"did you mean {guess}?" if guess else "remove it, or add a row to infra/parameters.py"
            problems.append(Problem(key, value, "unknown parameter", mend))
        elif major and major < row.since:
            mend = f"remove it, or choose engine_version '{row.since}' or newer"
            problems.append(Problem(key, value, f"PostgreSQL {major} does not know it: it came with {row.since}", mend))
        elif not isinstance(value, str) or not row.domain.accepts(value):
            unit = f" in {row.unit}" if row.unit else ""
            problems.append(Problem(key, value, f"takes {row.domain.says}{unit}", "write it as a string, in quotes"))
        else:
            good[name] = view[f"parameters.{name}"] = value
    view["@overrides"] = good
    return problems


def _folder(view: View, at: str, sql_root: Path) -> list[Problem]:
    """Problems of the service's folder; its login roles go into the view."""
    name = view["name"]
    path = sql_root / name / "service.toml"
    where = f"sql/{name}/service.toml"
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        folders = tuple(sorted(entry.parent.name for entry in sql_root.glob("*/service.toml")))
        guess = nearest(name, folders)
        mend = f"did you mean {guess}?" if guess else f"make the folder, or choose from {', '.join(folders) or 'none'}"
        return [Problem(f"{at}.name", name, f"a service needs the file {where}", mend)]
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        return [Problem(where, name, f"cannot be read: {' '.join(str(error).split())}", "mend the file")]
    folder, problems = read(content, FOLDER, f"{where}:")
    roles: list[LoginRole] = []
    for index, item in enumerate(folder.get("login_roles", ())):
        role, more = read(item, LOGIN_ROLE, f"{where}:login_roles[{index}]")
        problems += more
        if more:
            continue
        if any(role["name"] == earlier.name for earlier in roles):
            key = f"{where}:login_roles[{index}].name"
            problems.append(Problem(key, role["name"], "another role has this name", "rename one of the two"))
        roles.append(LoginRole(role["name"], role["purpose"], role["pooled"]))
    if not problems and not any(role.pooled for role in roles):
        problems.append(Problem(f"{where}:login_roles", len(roles), "nobody could use the pooler",
                                "set pooled = true for at least one role"))  # fmt: skip
    view["@roles"] = tuple(roles)
    view["@jobs"], more = _jobs(folder.get("jobs", {}), view, where)
    return problems + more


def _jobs(raw: Mapping[object, object], service: View, where: str) -> tuple[tuple[Job, ...], list[Problem]]:
    """The jobs of a service's folder, and their problems. Whether each has its file, the schema runner judges."""
    found: list[Job] = []
    problems: list[Problem] = []
    for name, item in raw.items():
        at = f"{where}:jobs.{key_text(name)}"
        job, more = read(item, JOB, at)
        if not names.is_job_name(name):
            allowed = f"a job is a file of jobs/, in lower case, and not {' or '.join(sorted(names.RESERVED_JOBS))}"
            more.append(Problem(at, name, allowed, "rename the table and the file"))
        if not more and jobs.parse(job["every"], job["at"]) is None:
            more.append(Problem(f"{at}.at", job["at"], f"takes {jobs.allowed(job['every'])}", "write it in quotes"))
        if not more:
            windows = {key: service[key] for key in ("backup.window", "maintenance_window") if key in service}
            job.update({f"@{key.replace('.', '_')}": value for key, value in windows.items()})
            more += judge(JOB_RULES, job, at)
            found.append(Job(str(name), job["every"], job["at"]))
        problems += more
    return tuple(found), problems
