"""A day of an organisation: four people and a visitor, what they do, and what they are refused."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from examples.platform_app import accounts, replica, work
from examples.platform_app.connections import Pools, anonymous_transaction, user_transaction
from examples.platform_app.errors import LoginRefused
from examples.platform_app.stage import Person, Row, Stage

VISITOR = "a visitor"
THIEF = "a thief"


@dataclass(frozen=True, slots=True)
class Acme:
    """The organisation of this story: an owner, a member, a viewer; and Dan, who is no member."""

    id: UUID
    ada: Person
    ben: Person
    cleo: Person
    dan: Person
    ben_id: UUID


@dataclass(frozen=True, slots=True)
class Projects:
    """One of each kind."""

    secret: UUID
    rocket: UUID
    open_day: UUID


def tell(pools: Pools) -> list[Row]:
    """The whole day."""
    stage = Stage(pools)
    acme = found_acme(stage)
    projects = begin_projects(stage, acme)
    task = work_on_a_task(stage, acme, projects)
    read_what_is_there(stage, acme, projects)
    be_refused(stage, acme, projects, task)
    keep_thieves_out(stage, acme.ada, acme.dan)
    return stage.rows


def found_acme(stage: Stage) -> Acme:
    """Ada comes, founds Acme and invites; Dan only comes."""
    ada, ben, cleo, dan = (stage.person(name) for name in ("Ada", "Ben", "Cleo", "Dan"))
    _arrive(stage, ada)
    with stage.step("create an organisation", "Ada", "Acme; Ada is its owner"), stage.asks(ada) as asking:
        acme = work.create_organization(asking, "Acme", f"acme-{stage.day}")
    for guest, role in ((ben, "member"), (cleo, "viewer")):
        with stage.step(f"invite {guest.name} as {role}", "Ada", "a mail with a link"), stage.asks(ada) as asking:
            invitation = work.invite(asking, acme, guest.email, role)
        _arrive(stage, guest)
        with stage.step("accept the invitation", guest.name, f"{role} of Acme"), stage.asks(guest) as asking:
            work.accept(asking, invitation)
    _arrive(stage, dan)
    return Acme(acme, ada, ben, cleo, dan, ben_id=stage.session(ben).user_id)


def _arrive(stage: Stage, person: Person) -> None:
    auth = stage.pools.auth
    with stage.step("sign up", person.name, "a mail with a link"):
        mail = accounts.sign_up(auth, stage.request(), person.email, person.password, person.name)
    with stage.step("verify the address", person.name, "verified"):
        accounts.verify_email(auth, stage.request(), mail.token or "")
    with stage.step("log in", person.name, "a session"):
        person.tokens = accounts.log_in(auth, stage.request(), person.email, person.password)


def begin_projects(stage: Stage, acme: Acme) -> Projects:
    """A project of each kind; what Ben sees of them before and after he is added to the private one."""
    ids = []
    for name, visibility in (("Secret", "private"), ("Rocket", "organization"), ("Open day", "public")):
        with stage.step(f"create a project: {visibility}", "Ada", name), stage.asks(acme.ada) as asking:
            slug = name.lower().replace(" ", "-")
            ids.append(work.create_project(asking, acme.id, name, slug, visibility))
    projects = Projects(*ids)
    with stage.step("list the projects", "Ben") as row, stage.asks(acme.ben) as asking:
        row.result = ", ".join(work.project_names(asking))
    with stage.step("add Ben to Secret", "Ada", "added"), stage.asks(acme.ada) as asking:
        work.add_to_project(asking, acme.id, projects.secret, acme.ben_id)
    with stage.step("list the projects", "Ben") as row, stage.asks(acme.ben) as asking:
        row.result = ", ".join(work.project_names(asking))
    return projects


def work_on_a_task(stage: Stage, acme: Acme, projects: Projects) -> UUID:
    """A task from its beginning to its end, with what hangs on it."""
    with stage.step("create a task in Secret", "Ada", "Build the engine"), stage.asks(acme.ada) as asking:
        task = work.create_task(asking, acme.id, projects.secret, "Build the engine", "high")
    # Both or neither: nobody is told of something that was not done.
    with stage.step("assign it to Ben, notify him", "Ada", "assigned"), stage.asks(acme.ada) as asking:
        work.assign(asking, task, acme.ben_id)
        work.notify(asking, acme.ben_id, "task.assigned", "Build the engine is yours")
    with stage.step("move it to Rocket", "Ben", "moved"), stage.asks(acme.ben) as asking:
        work.move(asking, task, projects.rocket)
    with stage.step("comment", "Ben", "It hums."), stage.asks(acme.ben) as asking:
        work.comment(asking, acme.id, task, "It hums.")
    with stage.step("attach a file", "Ben", "plan.pdf"), stage.asks(acme.ben) as asking:
        plan = work.File("plan.pdf", 48_213, "application/pdf", f"uploads/{task}/plan.pdf")
        work.attach(asking, acme.id, task, plan)
    with stage.step("finish it, write an event", "Ben", "done"):
        session = stage.session(acme.ben)
        with user_transaction(stage.pools.app, session) as asking:
            work.finish(asking, task)
            work.track(asking, "task.finished", acme.id, session.id, task=str(task))
    with stage.step("create a task in Open day", "Ada", "Hang up balloons"), stage.asks(acme.ada) as asking:
        work.create_task(asking, acme.id, projects.open_day, "Hang up balloons")
    return task


def read_what_is_there(stage: Stage, acme: Acme, projects: Projects) -> None:
    """Searches, lists, notifications; from the primary, from the replica, and as nobody."""
    with stage.step("search: engine", "Cleo") as row, stage.asks(acme.cleo) as asking:
        row.result = ", ".join(work.search(asking, "engine"))
    with stage.step("read the dashboard", "Cleo") as row, stage.asks(acme.cleo) as asking:
        row.result = _lines(work.dashboard(asking, acme.id))
    with stage.step("read unread notifications", "Ben") as row, stage.asks(acme.ben) as asking:
        row.result = ", ".join(work.unread(asking))
    with stage.step("mark them as read", "Ben") as row, stage.asks(acme.ben) as asking:
        row.result = f"{work.mark_read(asking)} marked, {len(work.unread(asking))} left"
    with stage.step("read the dashboard from the replica", "Ada") as row:
        session = stage.session(acme.ada)
        replica.wait_for(stage.pools.reader, session, replica.position(stage.pools.app, session))
        with user_transaction(stage.pools.reader, session) as asking:
            row.result = _lines(work.dashboard(asking, acme.id))
    with stage.step("read a public project", VISITOR) as row:
        name, titles = _visit(stage, projects.open_day)
        row.result = f"{name}: {', '.join(titles)}"


def _lines(tasks: list[work.TaskLine]) -> str:
    return ", ".join(f"{task.title} ({task.status})" for task in tasks)


def _visit(stage: Stage, project: UUID) -> tuple[str, list[str]]:
    with anonymous_transaction(stage.pools.visitor, stage.request()) as asking:
        return work.read_project(asking, project)


def be_refused(stage: Stage, acme: Acme, projects: Projects, task: UUID) -> None:
    """What a viewer, a member, a stranger and a visitor may not do."""
    with stage.refused("create a task", "Cleo, a viewer"), stage.asks(acme.cleo) as asking:
        work.create_task(asking, acme.id, projects.rocket, "Mine")
    with stage.refused("finish a task", "Cleo, a viewer"), stage.asks(acme.cleo) as asking:
        work.finish(asking, task)
    with stage.refused("read a private project", "Cleo, a viewer"), stage.asks(acme.cleo) as asking:
        work.read_project(asking, projects.secret)
    cleo_id = stage.session(acme.cleo).user_id
    with stage.refused("become an owner", "Cleo, a viewer"), stage.asks(acme.cleo) as asking:
        work.set_role(asking, acme.id, cleo_id, "owner")
    with stage.refused("create a public project", "Ben, a member"), stage.asks(acme.ben) as asking:
        work.create_project(asking, acme.id, "Leak", "leak", "public")
    bens = stage.session(acme.ben)
    with (
        stage.refused("write through the read-only door", "Ben, a member"),
        user_transaction(stage.pools.reader, bens) as asking,
    ):
        work.comment(asking, acme.id, task, "From the wrong door")
    with stage.refused("read a project", "Dan, a stranger"), stage.asks(acme.dan) as asking:
        work.read_project(asking, projects.rocket)
    with stage.refused("comment", "Dan, a stranger"), stage.asks(acme.dan) as asking:
        work.comment(asking, acme.id, task, "Hello?")
    with stage.refused("read the organisation's project", VISITOR):
        _visit(stage, projects.rocket)


def keep_thieves_out(stage: Stage, ada: Person, dan: Person) -> None:
    """Refresh tokens that are used twice, sessions that are over, passwords that are guessed."""
    auth = stage.pools.auth
    assert ada.tokens is not None
    stolen = ada.tokens.refresh
    with stage.step("refresh the session", "Ada", "new tokens"):
        ada.tokens = accounts.refresh(auth, stage.request(), stolen)
    with stage.refused("use the old refresh token", THIEF):
        accounts.refresh(auth, stage.request(), stolen)
    with stage.refused("go on in that session", "Ada"):
        stage.session(ada)
    with stage.step("log in again", "Ada", "a session"):
        ada.tokens = accounts.log_in(auth, stage.request(), ada.email, ada.password)
    with stage.step("log out", "Ada", "the session is deleted"):
        accounts.log_out(auth, stage.session(ada))
    with stage.refused("go on after logging out", "Ada"):
        stage.session(ada)
    with stage.step("guess Dan's password", THIEF) as row:
        row.result = f"{_guesses(stage, dan)} guesses, each refused"
    with stage.refused("log in with the right password", "Dan"):
        accounts.log_in(auth, stage.request(), dan.email, dan.password)
    with stage.refused("log in with an unknown address", THIEF):
        accounts.log_in(auth, stage.request(), stage.person("Nobody").email, dan.password)


def _guesses(stage: Stage, victim: Person) -> int:
    """As many wrong passwords as lock an account."""
    refused = 0
    for guess in range(accounts.MAX_FAILURES):
        try:
            accounts.log_in(stage.pools.auth, stage.request(), victim.email, f"guess {guess}")
        except LoginRefused:
            refused += 1
    return refused
