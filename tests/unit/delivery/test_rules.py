"""The workflows hold to the rules, and each rule is broken by a small workflow that breaks it."""

from __future__ import annotations

import pytest

from ops.bootstrap.names import REPOSITORIES, ROLES, Facts
from tests.unit.delivery import rules
from tests.unit.delivery.workflows import Workflow, action_of, actions, parse, workflows

GOOD = """\
on:
  push: {branches: [main]}
  pull_request:
permissions: {}
concurrency: {group: a}
jobs:
  plan:
    if: github.event_name != 'pull_request'
    runs-on: ubuntu-24.04
    timeout-minutes: 10
    environment: preview
    permissions: {contents: read, id-token: write}
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
        with: {persist-credentials: false}
      - uses: aws-actions/configure-aws-credentials@e6de054238d6b7531b4efff3b6587d9aade6a06c # v6.2.3
        with:
          role-to-assume: arn:aws:iam::${{ vars.AWS_ACCOUNT_ID }}:role/estate-preview
      - name: Preview
        run: |
          .venv/bin/dbctl preview -s prod --save-plan plan.json --markdown preview.md
          cat preview.md >> "$GITHUB_STEP_SUMMARY"
  prod:
    needs: plan
    runs-on: ubuntu-24.04
    timeout-minutes: 240
    environment: prod
    concurrency: {group: deploy-prod, cancel-in-progress: false}
    permissions: {contents: read, id-token: write}
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
        with:
          ref: ${{ needs.plan.outputs.commit }}
          persist-credentials: false
      - uses: ./.github/actions/setup
      - uses: aws-actions/configure-aws-credentials@e6de054238d6b7531b4efff3b6587d9aade6a06c # v6.2.3
        with:
          role-to-assume: arn:aws:iam::${{ vars.AWS_ACCOUNT_ID }}:role/estate-deploy
      - name: Deploy
        run: .venv/bin/dbctl deploy -s prod --yes --plan plan.json
  comment:
    needs: plan
    if: ${{ !cancelled() && needs.plan.result != 'skipped' }}
    runs-on: ubuntu-24.04
    timeout-minutes: 10
    permissions: {pull-requests: write}
    steps:
      - name: Comment
        env: {GITHUB_TOKEN: "${{ github.token }}"}
        run: python3 -m delivery comment
"""

SHA = "3d3c42e5aac5ba805825da76410c181273ba90b1"

# The rule; what in GOOD is replaced, by what; what the rule says then.
BREAKS: list[tuple[rules.Rule, str, str, str]] = [
    (rules.is_pinned, f"checkout@{SHA} # v7.0.1", "checkout@v7", "actions/checkout@v7 is not pinned"),
    (rules.is_pinned, f"checkout@{SHA} # v7.0.1", f"checkout@{SHA}", "is not pinned by commit with its version"),
    (rules.is_pinned, f"checkout@{SHA} # v7.0.1", f"checkout@{SHA[:39]} # v7.0.1", "is not pinned by commit"),
    (rules.is_pinned, f"checkout@{SHA} # v7.0.1", f"checkout@{SHA} # main", "is not pinned by commit"),
    (rules.is_pinned, "uses: ./.github/actions/setup", "uses: docker://alpine", "docker://alpine is not pinned"),
    (rules.starts_on_trusted_events, "  pull_request:\n", "  pull_request_target:\n", "starts on pull_request_target"),
    (
        rules.starts_on_trusted_events,
        "  pull_request:\n",
        "  workflow_run: {workflows: [a]}\n",
        "starts on workflow_run",
    ),
    (rules.grants_least, "permissions: {}\n", "", "permissions at the top are not {}"),
    (rules.grants_least, "permissions: {}\n", "permissions: {contents: read}\n", "permissions at the top are not {}"),
    (
        rules.grants_least,
        "permissions: {pull-requests: write}",
        "permissions: write-all",
        "comment: permissions are not",
    ),
    (rules.grants_least, "    permissions: {pull-requests: write}\n", "", "comment: permissions are not listed"),
    (rules.grants_least, "{pull-requests: write}", "{packages: write}", "comment: writes packages"),
    (
        rules.grants_least,
        "{pull-requests: write}",
        "{id-token: write, issues: write}",
        "may both assume a role and write",
    ),
    (
        rules.has_a_token_for_a_role_only,
        "{pull-requests: write}",
        "{id-token: write}",
        "comment: has an identity token",
    ),
    (
        rules.has_a_token_for_a_role_only,
        "{contents: read, id-token: write}",
        "{contents: read}",
        "plan: assumes a role",
    ),
    (
        rules.has_no_expression_in_shell,
        "delivery comment",
        "delivery ${{ github.event.title }}",
        "Comment: an expression",
    ),
    (rules.has_limits, "concurrency: {group: a}\n", "", "no concurrency group"),
    (rules.has_limits, "    timeout-minutes: 240\n", "", "prod: timeout-minutes is None"),
    (rules.has_limits, "timeout-minutes: 240", "timeout-minutes: 241", "prod: timeout-minutes is 241"),
    (
        rules.keeps_no_credentials,
        "        with: {persist-credentials: false}\n",
        "",
        "plan: the checkout keeps its token",
    ),
    (rules.keeps_no_credentials, "{persist-credentials: false}", "{persist-credentials: true}", "keeps its token"),
    (rules.has_no_secrets, "${{ github.token }}", "${{ secrets.TOKEN }}", "a stored secret"),
    (
        rules.has_no_secrets,
        "role-to-assume: arn",
        "aws-access-key-id: AKIA\n          role-to-assume: arn",
        "a stored secret",
    ),
    (rules.assumes_the_role_of_its_environment, "role/estate-deploy", "role/estate-admin", "is no role that bootstrap"),
    (
        rules.assumes_the_role_of_its_environment,
        "${{ vars.AWS_ACCOUNT_ID }}:role/estate-deploy",
        "1:role/estate-deploy",
        "no role",
    ),
    (
        rules.assumes_the_role_of_its_environment,
        "environment: preview",
        "environment: prod",
        "estate-preview is not for",
    ),
    (rules.assumes_the_role_of_its_environment, "    environment: preview\n", "", "not for the environment None"),
    (
        rules.assumes_the_role_of_its_environment,
        "permissions: {pull-requests: write}",
        "environment: dev",
        "comment: has an environment and assumes no role",
    ),
    (rules.gives_strangers_nothing, "    if: github.event_name != 'pull_request'\n", "", "plan: has rights"),
    (rules.gives_strangers_nothing, "!= 'pull_request'\n", "!= 'pull_request' || true\n", "plan: has rights"),
    (rules.gives_strangers_nothing, " && needs.plan.result != 'skipped'", "", "comment: has rights"),
    (rules.deploys_its_own_stack, "environment: prod", "environment: dev", "deploys prod from the environment dev"),
    (rules.deploys_its_own_stack, "cancel-in-progress: false}", "cancel-in-progress: true}", "or may be cancelled"),
    (rules.deploys_its_own_stack, "group: deploy-prod", "group: deploy", "without the group deploy-prod"),
    (rules.deploys_to_prod_what_was_reviewed, " --save-plan plan.json", "", "no job before it shows the preview"),
    (
        rules.deploys_to_prod_what_was_reviewed,
        '"$GITHUB_STEP_SUMMARY"',
        "/dev/null",
        "no job before it shows the preview",
    ),
    (rules.deploys_to_prod_what_was_reviewed, " --plan plan.json", "", "deploys something else than the plan"),
    (
        rules.deploys_to_prod_what_was_reviewed,
        "          ref: ${{ needs.plan.outputs.commit }}\n",
        "",
        "checks out something else than what was previewed",
    ),
    (
        rules.gives_its_token_to_delivery_only,
        "python3 -m delivery",
        "make && python3 -m delivery",
        "Comment: has the token",
    ),
    (
        rules.gives_its_token_to_delivery_only,
        "concurrency: {group: a}\n",
        'concurrency: {group: a}\nenv: {T: "${{ github.token }}"}\n',
        "the workflow: has the token for all steps",
    ),
]


@pytest.mark.parametrize("rule", rules.RULES)
@pytest.mark.parametrize("workflow", workflows(), ids=lambda item: str(item.name))
def test_a_workflow_holds_to_the_rule(workflow: Workflow, rule: rules.Rule) -> None:
    assert rules.broken(workflow, rule) == []


@pytest.mark.parametrize("rule", rules.ACTION_RULES)
@pytest.mark.parametrize("action", actions(), ids=lambda item: str(item.name))
def test_a_composite_action_holds_to_the_rule(action: Workflow, rule: rules.Rule) -> None:
    assert rules.broken(action, rule) == []


@pytest.mark.parametrize("rule", rules.RULES)
def test_the_small_workflow_breaks_no_rule(rule: rules.Rule) -> None:
    assert rules.broken(parse("good.yml", GOOD), rule) == []


@pytest.mark.parametrize(("rule", "old", "new", "said"), BREAKS)
def test_a_workflow_that_breaks_the_rule_is_named(rule: rules.Rule, old: str, new: str, said: str) -> None:
    assert old in GOOD
    found = rules.broken(parse("bad.yml", GOOD.replace(old, new, 1)), rule)
    assert any(said in line for line in found), found


def test_each_rule_is_seen_to_be_broken() -> None:
    assert {row[0] for row in BREAKS} == set(rules.RULES)


def test_the_workflows_are_these() -> None:
    assert [row.name for row in workflows()] == ["deploy.yml", "drift.yml", "images.yml", "pr.yml"]
    assert {row.name: sorted(row.triggers) for row in workflows()} == {
        "deploy.yml": ["push", "workflow_dispatch"],
        "drift.yml": ["schedule", "workflow_dispatch"],
        "images.yml": ["pull_request", "push", "workflow_dispatch"],
        "pr.yml": ["pull_request"],
    }


def test_one_action_has_one_pin_everywhere() -> None:
    found: dict[str, set[str]] = {}
    for workflow in [*workflows(), *actions()]:
        for name, commit in rules.pins(workflow):
            found.setdefault(name, set()).add(commit)
    assert {name for name, commits in found.items() if len(commits) > 1} == set()
    assert set(found) == {
        "actions/cache",
        "actions/checkout",
        "actions/download-artifact",
        "actions/setup-python",
        "actions/upload-artifact",
        "aws-actions/configure-aws-credentials",
        "sigstore/cosign-installer",
    }


def test_which_job_has_which_role_and_environment() -> None:
    found = {}
    for workflow in workflows():
        for name, step in workflow.steps():
            if action_of(step) == rules.AWS:
                role = step["with"]["role-to-assume"].rpartition("/")[2]
                found[f"{workflow.name} {name}"] = (role, workflow.jobs[name]["environment"])
    assert {role for role, _ in found.values()} == {role.name for role in ROLES}
    assert found == {
        "deploy.yml dev": ("estate-deploy", "dev"),
        "deploy.yml plan": ("estate-preview", "preview"),
        "deploy.yml prod": ("estate-deploy", "prod"),
        "drift.yml resources": ("estate-preview", "drift"),
        "drift.yml schema": ("estate-verify", "drift"),
        "images.yml publish": ("estate-images", "images"),
        "pr.yml preview": ("estate-preview", "preview"),
    }


def test_images_go_where_the_bootstrap_makes_repositories() -> None:
    (images,) = (row for row in workflows() if row.name == "images.yml")
    assert {f"postgres-estate/{name}" for name in images.jobs["build"]["strategy"]["matrix"]["image"]} == {
        *REPOSITORIES
    }
    (push,) = (step["run"] for _, step in images.steps() if step.get("id") == "push")
    assert "for image in pooler schema; do" in push
    assert "repository=$REGISTRY/postgres-estate/$image" in push


def test_what_makes_images_is_the_same_on_a_pull_request_and_on_main() -> None:
    (images,) = (row for row in workflows() if row.name == "images.yml")
    triggers = images.document["on"]
    assert triggers["pull_request"]["paths"] == triggers["push"]["paths"]


def test_a_session_is_asked_for_as_long_as_the_role_allows_at_most() -> None:
    longest = {role.name: role.seconds for role in ROLES}
    for workflow in workflows():
        for name, step in workflow.steps():
            if action_of(step) == rules.AWS:
                given = step["with"]
                asked = given.get("role-duration-seconds", 3600)  # the action's own default
                assert asked <= longest[given["role-to-assume"].rpartition("/")[2]], name
                if "deploy" in given["role-to-assume"]:
                    assert asked == workflow.jobs[name]["timeout-minutes"] * 60


def test_only_jobs_with_a_role_know_where_the_state_is() -> None:
    for workflow in workflows():
        assert "PULUMI_BACKEND_URL" not in str(workflow.document.get("env", ""))
        for name, job in workflow.jobs.items():
            if "PULUMI_BACKEND_URL" in job.get("env", {}):
                assert job["environment"] in {"preview", "drift", "dev", "prod"}, name
                account, region = "${{ vars.AWS_ACCOUNT_ID }}", "${{ vars.AWS_REGION }}"
                bucket = Facts(account, "aws", region, (), (), "", "").bucket
                assert job["env"]["PULUMI_BACKEND_URL"] == f"s3://{bucket}?region={region}"
