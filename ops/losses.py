"""What an operator accepts to lose, by name: resources of the stack, and migrations of its databases."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ops import risks
from ops.changes import Change
from ops.errors import BadInput
from schema.loss import FORM


@dataclass(frozen=True, slots=True)
class Accepted:
    """The names that were given, by what they are names of."""

    resources: tuple[str, ...] = ()
    migrations: tuple[str, ...] = ()
    """Each with its service before it: platform/0031_goes."""

    def judge_resources(self, stack: str, planned: Iterable[Change]) -> None:
        """BadInput for a name by which nothing would be lost: it was meant for something, and that is not this."""
        lost = {change.name for change, _ in risks.losses(planned)}
        if idle := [name for name in self.resources if name not in lost]:
            raise BadInput(
                *[f"--accept-loss {name}: no resource of that name would be lost in {stack}" for name in idle],
                f"nothing was changed; would be lost: {', '.join(sorted(lost)) or 'no resource'}; a migration is named"
                " SERVICE/0031_what_it_does",
            )

    def command(self) -> list[str] | None:
        """The schema task's command, where it takes another than its own.

        Which migrations are pending is known to the task alone, so it is the task that refuses a name that none has.
        """
        if not self.migrations:
            return None
        return ["python", "-m", "schema", "apply", *[word for name in self.migrations for word in (_OPTION, name)]]


_OPTION = "--accept-loss"


def told_apart(names: Sequence[str], stack: str, services: Sequence[str]) -> Accepted:
    """The names by kind; BadInput with every one that can be neither.

    A resource's name begins with a letter and holds no slash. A migration's begins with a number, and services count
    their migrations alike: which service is meant has to be said, unless there is one only.
    """
    resources: list[str] = []
    migrations: list[str] = []
    problems: list[str] = []
    for name in dict.fromkeys(names):
        if "/" not in name and not name[:1].isdigit():
            resources.append(name)
            continue
        form = FORM.fullmatch(name)
        if form is None:
            problems.append(f"{_OPTION} {name}: a migration is named SERVICE/0031_what_it_does, or SERVICE/0031")
        elif form[1] is None and len(services) > 1:
            meant = " or ".join(f"{service}/{name}" for service in services)
            problems.append(f"{_OPTION} {name}: of which service? write {meant}")
        elif form[1] not in (None, *services):
            problems.append(
                f"{_OPTION} {name}: {stack} has no service {form[1]}: its services are {', '.join(services)}"
            )
        else:
            migrations.append(f"{form[1] or services[0]}/{form[2]}")
    if problems:
        raise BadInput(*problems)
    return Accepted(tuple(resources), tuple(migrations))
