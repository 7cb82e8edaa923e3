"""Each picture is what its drawer writes now, and nothing in it lies on anything else."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Callable

import pytest

from drawing import dashboard, delivery, estate, graph, migration, schema_step, way
from drawing.flow import Arrow, Box, Frame, Note, Picture, faults, render
from drawing.graph import Graph, Resource
from drawing.palette import TONES
from tests.unit.docs import pages

STACKS = ("dev", "prod", "local")
# Those of the databases are held by tests/sql/drawing, which migrates one.
ELSEWHERE = {"docs/platform.svg", "docs/familytales.svg"}
PICTURES: dict[str, Callable[[], Picture]] = {
    "estate": lambda: estate.picture(graph.read("prod")),
    "way": lambda: way.picture(graph.read("prod")),
    "schema_step": lambda: schema_step.picture(graph.read("prod")),
    "delivery": lambda: delivery.picture(delivery.read()),
    "schema": migration.picture,
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_what_its_drawer_writes(name: str) -> None:
    written = (pages.REPOSITORY / "docs" / f"{name}.svg").read_text(encoding="utf-8")
    assert written == render(PICTURES[name]()), f"run `make pages`, and look at docs/{name}.svg"


@pytest.mark.parametrize("name", dashboard.services())
def test_a_dashboards_picture_is_what_its_drawer_writes(name: str) -> None:
    written = (pages.REPOSITORY / "docs" / f"{name}_dashboard.svg").read_text(encoding="utf-8")
    assert written == dashboard.picture(dashboard.services()[name])


def test_every_picture_has_a_test() -> None:
    drawn = {f"docs/{name}.svg" for name in PICTURES}
    drawn |= {f"docs/{name}_dashboard.svg" for name in dashboard.services()}
    assert {name for name in pages.files() if name.endswith(".svg")} == drawn | ELSEWHERE


@pytest.mark.parametrize("name", PICTURES)
def test_nothing_in_a_picture_lies_on_anything_else(name: str) -> None:
    assert faults(PICTURES[name]()) == []


@pytest.mark.parametrize("stack", STACKS)
def test_the_estate_of_each_stack_can_be_drawn(stack: str) -> None:
    assert faults(estate.picture(graph.read(stack))) == []


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_an_svg_with_a_title_and_a_ground_of_its_own(name: str) -> None:
    root = ElementTree.fromstring(render(PICTURES[name]()))
    space = "{http://www.w3.org/2000/svg}"
    assert root.tag == f"{space}svg"
    assert [child.tag for child in root][:2] == [f"{space}title", f"{space}desc"]
    ground = root.find(f"{space}rect")
    assert ground is not None and ground.get("fill") == "#ffffff"  # readable on a dark page


# What the estate shows is what its graph holds.


def texts(picture: Picture) -> list[tuple[str, tuple[str, ...]]]:
    return [(box.title, box.lines) for box in picture.boxes]


def without(whole: Graph, kind: str, name: str) -> Graph:
    kept = tuple(item for item in whole.resources if (item.kind, item.name) != (kind, name))
    assert len(kept) == len(whole.resources) - 1
    return Graph(whole.stack, kept)


def test_the_graph_is_read_whole() -> None:
    page = (graph.FOLDER / "prod.txt").read_text(encoding="utf-8")
    count = len(graph.read("prod").resources)
    assert f" {count} resources." in page.split("\n\n")[0].replace("\n", " ")


def test_a_replica_less_is_a_replica_less_in_the_picture() -> None:
    prod = graph.read("prod")
    names = [item.name for item in prod.of("rds/instance", "platform") if "replicateSourceDb" in item.inputs]
    titles = [title for title, _ in texts(estate.picture(prod))]
    assert f"{len(names)} replicas: db.r6g.xlarge" in titles
    fewer = [title for title, _ in texts(estate.picture(without(prod, "rds/instance", names[-1])))]
    assert f"{len(names) - 1} replicas: db.r6g.xlarge" in fewer
    assert f"{len(names)} replicas: db.r6g.xlarge" not in fewer


def test_each_count_is_the_graphs() -> None:
    prod = graph.read("prod")
    counts = prod.counts()
    shown = dict(texts(estate.picture(prod)))
    assert estate.picture(prod).title == f"The stack prod: {sum(counts.values())} resources of AWS"
    assert f"{counts['cloudwatch/metricAlarm']} alarms" in shown
    assert shown[f"{counts['cloudwatch/logGroup']} log groups"] == (
        f"{counts['cloudwatch/logMetricFilter']} metrics made from them",
    )
    rules = counts["vpc/securityGroupIngressRule"] + counts["vpc/securityGroupEgressRule"]
    assert shown[f"{counts['ec2/securityGroup']} security groups"] == (f"{rules} rules", "flow logs of all traffic")


def test_a_stack_without_a_second_region_has_no_ground_for_one() -> None:
    grounds = {stack: [frame.title for frame in estate.picture(graph.read(stack)).frames] for stack in STACKS}
    assert "the second region, us-west-2" in grounds["prod"]
    assert not [title for title in grounds["dev"] if title.startswith("the second region")]


def test_a_third_service_is_drawn_below_the_first_two() -> None:
    prod = graph.read("prod")
    renamed = [
        Resource(
            item.kind,
            f"{'third' + item.name.removeprefix('platform')}",
            "third" + item.parent.removeprefix("platform"),
            item.inputs,
        )
        for item in prod.resources
        if item.name.startswith("platform") or item.parent.startswith("platform")
    ]
    picture = estate.picture(Graph("prod", (*prod.resources, *renamed)))
    ground = {frame.title: frame for frame in picture.frames}
    assert faults(picture) == []
    assert ground["third"].y > ground["platform"].y + ground["platform"].height


# The judge of pictures finds what an eye would.


def judged(*parts: Box | Frame | Arrow | Note) -> list[str]:
    def of(kind: type) -> tuple[object, ...]:
        return tuple(part for part in parts if isinstance(part, kind))

    return faults(Picture("p", "", 400, 300, of(Frame), of(Box), of(Arrow), of(Note)))  # type: ignore[arg-type]


def test_a_sound_picture_has_no_faults() -> None:
    one, other = Box(20, 60, 100, "one"), Box(200, 60, 100, "other")
    assert judged(one, other, Arrow((one.right(), other.left()), ("asks",), (130, 60))) == []


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ((Box(20, 60, 100, "a", ("words that are too long for it",)),), "the words of box 'a' need"),
        ((Box(20, 60, 100, "a"), Box(100, 60, 100, "b")), "box 'a' is on box 'b'"),
        ((Box(350, 60, 100, "a"),), "box 'a' leaves the picture"),
        ((Frame(20, 60, 100, 100, "f", TONES[0]), Box(50, 90, 100, "a")), "box 'a' is half in frame 'f'"),
        ((Box(20, 60, 100, "a"), Note(30, 80, ("words",))), "the words 'words' are on box 'a'"),
        ((Note(30, 80, ("words",)), Note(40, 80, ("other",))), "the words 'words' are on the words 'other'"),
        ((Box(20, 60, 100, "a"), Arrow(((10, 70), (200, 70)))), "(200, 70) goes through box 'a'"),
        ((Arrow(((10, 70), (200, 80))),), "a slanting line from (10, 70) to (200, 80)"),
        ((Note(30, 80, ("words",)), Arrow(((10, 78), (200, 78)))), "goes through the words 'words'"),
    ],
)  # fmt: skip
def test_what_an_eye_would_see_is_found(parts: tuple[Box | Frame | Arrow | Note, ...], said: str) -> None:
    assert [fault for fault in judged(*parts) if said in fault]


def test_the_delivery_shows_the_roles_that_the_workflows_take() -> None:
    workflows = delivery.read()
    assert delivery.role(workflows, "deploy", "prod") == "estate-deploy"
    shown = dict(texts(delivery.picture(workflows)))
    assert shown["prod"][0] == "as estate-deploy:"
    assert shown["real previews"][0] == "as estate-preview:"
    assert shown["somebody agrees"][1] == "environment prod"
