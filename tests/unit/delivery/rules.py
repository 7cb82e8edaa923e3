"""What must hold in every workflow. Each rule takes one and returns what breaks it, a line each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from ops.bootstrap.names import ROLES
from tests.unit.delivery.workflows import Workflow, action_of

Rule = Callable[[Workflow], Iterator[str]]

PINNED = re.compile(r"uses: (?P<name>[\w.-]+/[\w./-]+)@(?P<commit>[0-9a-f]{40}) # v\d+\.\d+\.\d+$")
ROLE = re.compile(r"arn:aws:iam::\$\{\{ vars\.AWS_ACCOUNT_ID \}\}:role/(?P<name>[a-z-]+)")
DEPLOYS = re.compile(r"dbctl deploy -s (\w+)")
AWS = "aws-actions/configure-aws-credentials"

ENVIRONMENTS = {role.name: set(role.environments) for role in ROLES}
"""From which environments each role may be assumed: what the bootstrap makes them trust."""

WRITES = {"contents", "id-token", "issues", "pull-requests"}
"""What a job may write at all."""

UNTRUSTED = {"pull_request_target", "workflow_run", "issue_comment", "issues", "discussion", "discussion_comment"}
"""Events that run with the repository's own token on what a stranger wrote."""

OWN_BRANCH = "github.event.pull_request.head.repo.full_name == github.repository"
NO_PULL_REQUEST = "github.event_name != 'pull_request'"

LONGEST = 240
"""Minutes: a first deployment of prod. The default of six hours is nobody's decision."""


def is_pinned(workflow: Workflow) -> Iterator[str]:
    """An action is pinned by commit, with its version beside it."""
    for number, line in enumerate(workflow.text.splitlines(), 1):
        used = re.match(r"\s*(?:- )?uses: (\S+)", line)
        if used and not used[1].startswith("./.github/") and not PINNED.search(line):
            yield f"line {number}: {used[1]} is not pinned by commit with its version in a comment"


def starts_on_trusted_events(workflow: Workflow) -> Iterator[str]:
    """Nothing a stranger writes starts a run with rights."""
    for event in sorted(workflow.triggers & UNTRUSTED):
        yield f"starts on {event}"


def grants_least(workflow: Workflow) -> Iterator[str]:
    """No permission at the top, and each job names what it needs."""
    if workflow.document.get("permissions") != {}:
        yield "permissions at the top are not {}"
    for name, job in workflow.jobs.items():
        granted = job.get("permissions")
        if not isinstance(granted, dict):
            yield f"{name}: permissions are not listed one by one"
            continue
        writes = {scope for scope, level in granted.items() if level == "write"}
        if extra := writes - WRITES:
            yield f"{name}: writes {', '.join(sorted(extra))}"
        if "id-token" in writes and len(writes) > 1:
            yield f"{name}: may both assume a role and write to the repository"


def has_a_token_for_a_role_only(workflow: Workflow) -> Iterator[str]:
    """An identity token where a role is assumed, and nowhere else."""
    for name, job in workflow.jobs.items():
        granted = (job.get("permissions") or {}).get("id-token") == "write"
        assumes = any(action_of(step) == AWS for step in job["steps"])
        if granted and not assumes:
            yield f"{name}: has an identity token and assumes no role"
        if assumes and not granted:
            yield f"{name}: assumes a role without an identity token"


def has_no_expression_in_shell(workflow: Workflow) -> Iterator[str]:
    """A value comes into shell as a variable, never as text of the program."""
    for name, step in workflow.steps():
        if "${{" in step.get("run", ""):
            yield f"{name}: {step.get('name')}: an expression in shell"


def has_limits(workflow: Workflow) -> Iterator[str]:
    """A job has a time limit of ours, and the workflow a concurrency group."""
    if not (workflow.document.get("concurrency") or {}).get("group"):
        yield "no concurrency group"
    for name, job in workflow.jobs.items():
        limit = job.get("timeout-minutes")
        if not isinstance(limit, int) or limit > LONGEST:
            yield f"{name}: timeout-minutes is {limit}; 1 to {LONGEST}"


def keeps_no_credentials(workflow: Workflow) -> Iterator[str]:
    """The token does not stay in the checkout, where each later program could read it."""
    for name, step in workflow.steps():
        if action_of(step) == "actions/checkout" and (step.get("with") or {}).get("persist-credentials") is not False:
            yield f"{name}: the checkout keeps its token"


def has_no_secrets(workflow: Workflow) -> Iterator[str]:
    """There is nothing to steal: no stored secret, no long-lived key."""
    for number, line in enumerate(workflow.text.splitlines(), 1):
        if re.search(r"\bsecrets\b\s*[.\[:]|aws-(access-key-id|secret-access-key)|AWS_(ACCESS_KEY_ID|SECRET)", line):
            yield f"line {number}: a stored secret"


def assumes_the_role_of_its_environment(workflow: Workflow) -> Iterator[str]:
    """Which role where: the trust of each role names these environments and no other."""
    for name, step in workflow.steps():
        if action_of(step) != AWS:
            continue
        asked = str((step.get("with") or {}).get("role-to-assume"))
        role = ROLE.fullmatch(asked)
        environment = workflow.jobs[name].get("environment")
        if role is None or role["name"] not in ENVIRONMENTS:
            yield f"{name}: {asked} is no role that bootstrap makes"
        elif environment not in ENVIRONMENTS[role["name"]]:
            yield f"{name}: {role['name']} is not for the environment {environment}"
    for name, job in workflow.jobs.items():
        if job.get("environment") and not any(action_of(step) == AWS for step in job["steps"]):
            yield f"{name}: has an environment and assumes no role"


def gives_strangers_nothing(workflow: Workflow) -> Iterator[str]:
    """In a run that a pull request starts, what may write or assume a role is for branches of the repository only."""
    if "pull_request" not in workflow.triggers:
        return
    for name, job in workflow.jobs.items():
        if "write" in (job.get("permissions") or {}).values() and not _is_closed(workflow, name):
            yield f"{name}: has rights in a pull request of a stranger"


def _is_closed(workflow: Workflow, name: str) -> bool:
    job = workflow.jobs[name]
    condition = str(job.get("if", ""))
    if "||" not in condition and (OWN_BRANCH in condition or NO_PULL_REQUEST in condition):
        return True
    needs = [job["needs"]] if isinstance(job.get("needs"), str) else job.get("needs", [])
    # A job whose need was skipped is skipped, too, unless its own condition says otherwise.
    overrides = any(word in condition for word in ("always()", "cancelled()", "failure()"))
    return any(
        _is_closed(workflow, need) and (not overrides or f"needs.{need}.result != 'skipped'" in condition)
        for need in needs
    )


def deploys_its_own_stack(workflow: Workflow) -> Iterator[str]:
    """A stack is deployed from the environment of its name only, one run at a time, never cancelled."""
    for name, step in workflow.steps():
        job = workflow.jobs[name]
        for stack in DEPLOYS.findall(step.get("run", "")):
            if job.get("environment") != stack:
                yield f"{name}: deploys {stack} from the environment {job.get('environment')}"
            if job.get("concurrency") != {"group": f"deploy-{stack}", "cancel-in-progress": False}:
                yield f"{name}: deploys {stack} without the group deploy-{stack}, or may be cancelled"


def deploys_to_prod_what_was_reviewed(workflow: Workflow) -> Iterator[str]:
    """Prod gets the plan of the job before it, at that job's commit."""
    for name, job in workflow.jobs.items():
        if job.get("environment") != "prod":
            continue
        planner: Any = workflow.jobs.get(str(job.get("needs")), {})
        planned = [
            step for step in planner.get("steps", []) if "dbctl preview -s prod --save-plan" in step.get("run", "")
        ]
        if not planned or "GITHUB_STEP_SUMMARY" not in planned[0]["run"]:
            yield f"{name}: no job before it shows the preview and saves its plan"
        if not any("dbctl deploy -s prod --yes --plan" in step.get("run", "") for step in job["steps"]):
            yield f"{name}: deploys something else than the plan"
        checkouts = [step for step in job["steps"] if action_of(step) == "actions/checkout"]
        wanted = f"${{{{ needs.{job.get('needs')}.outputs.commit }}}}"
        if [(step.get("with") or {}).get("ref") for step in checkouts] != [wanted]:
            yield f"{name}: checks out something else than what was previewed"


def gives_its_token_to_delivery_only(workflow: Workflow) -> Iterator[str]:
    """The token that may write is in the environment of the steps that write, and of no other program."""
    for name, step in workflow.steps():
        if "GITHUB_TOKEN" in (step.get("env") or {}) and not step.get("run", "").startswith("python3 -m delivery "):
            yield f"{name}: {step.get('name')}: has the token"
    for scope, node in {"the workflow": workflow.document, **workflow.jobs}.items():
        if "github.token" in str(node.get("env", "")):
            yield f"{scope}: has the token for all steps"


ACTION_RULES: tuple[Rule, ...] = (is_pinned, has_no_expression_in_shell, keeps_no_credentials, has_no_secrets)
"""Those that a composite action can break by itself."""

RULES: tuple[Rule, ...] = (
    *ACTION_RULES,
    starts_on_trusted_events,
    grants_least,
    has_a_token_for_a_role_only,
    has_limits,
    assumes_the_role_of_its_environment,
    gives_strangers_nothing,
    deploys_its_own_stack,
    deploys_to_prod_what_was_reviewed,
    gives_its_token_to_delivery_only,
)


def pins(workflow: Workflow) -> Iterator[tuple[str, str]]:
    """Each action that a workflow uses, with the commit."""
    for line in workflow.text.splitlines():
        if found := PINNED.search(line):
            yield found["name"], found["commit"]


def broken(workflow: Workflow, rule: Rule) -> list[str]:
    """What breaks one rule."""
    return list(rule(workflow))
