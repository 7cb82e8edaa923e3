"""Draw the way of a query, from a stack's file to an answer: `python -m drawing.way > docs/way.svg`."""

from __future__ import annotations

import sys

import typer

from drawing import graph
from drawing.flow import WIDTH, Arrow, Box, Frame, Picture, render
from drawing.graph import Graph
from drawing.palette import TONES

_BLUE, _GREEN, _ORANGE, _, _, _TEAL, _GREY = TONES


def picture(estate: Graph) -> Picture:
    """Above, what makes a stack; below, what a query passes in it. Ports and names are the graph's."""
    service = estate.components("Database")[-1]
    (listener,) = estate.of("lb/listener", f"{service}-pooler")
    doors = next(item.inputs["name"] for item in estate.of("route53/record") if item.name == f"{service}-names-pooler")
    file = Box(20, 58, 182, "Pulumi.<stack>.yaml", ("services, classes,", "replicas, jobs"), _BLUE)
    infra = Box(236, 58, 170, "infra/", ("every mistake named", "before anything runs"), _BLUE)
    engine = Box(452, 58, 170, "Pulumi engine", ("preview, risks,", "consent, update"), _BLUE)
    aws = Box(668, 46, 172, "AWS: dev, prod", (), _GREEN)
    local = Box(668, 98, 172, "the local cloud", ("only AWS is fake",), _GREEN)
    inside = Frame(20, 180, 840, 262, "the private network of a stack, for each service", _GREY)
    application = Box(36, 248, 186, "application", ("BEGIN; set_config(…);", "query; COMMIT"))
    balancer = Box(262, 248, 170, "load balancer", ("internal,", f"port {listener.inputs['port']}"), _TEAL)
    pooler = Box(
        472,
        240,
        170,
        "PgBouncer",
        ("a server connection", "for one transaction,", "then it forgets all"),
        _TEAL,
    )
    primary = Box(680, 210, 166, "primary", (f"{service}: read, write", "row level security"), _ORANGE)
    replicas = Box(680, 332, 166, "replicas", (f"{service}_ro: read", "all of them in turn"), _ORANGE)
    secret = Box(36, 366, 186, "Secrets Manager", ("the role's password",), _BLUE)
    boxes = (file, infra, engine, aws, local, application, balancer, pooler, primary, replicas, secret)
    upper, lower = pooler.right(0.25), pooler.right(0.75)
    return Picture(
        "The way from a stack file to an answered query",
        f"A stack's file becomes a stack; an application asks {doors} and gets an answer from a primary or a replica",
        WIDTH,
        462,
        (inside,),
        boxes,
        (
            Arrow((file.right(), infra.left())),
            Arrow((infra.right(), engine.left())),
            Arrow((engine.right(0.3), (644, engine.right(0.3)[1]), (644, aws.left()[1]), aws.left())),
            Arrow((engine.right(0.8), (644, engine.right(0.8)[1]), (644, local.left()[1]), local.left())),
            Arrow((aws.right(), (850, aws.right()[1]), (850, inside.y))),
            Arrow((local.bottom(), (local.bottom()[0], inside.y))),
            Arrow((application.right(), balancer.left())),
            Arrow((balancer.right(), pooler.left())),
            Arrow((upper, (661, upper[1]), (661, primary.left()[1]), primary.left())),
            Arrow((lower, (661, lower[1]), (661, replicas.left()[1]), replicas.left())),
            Arrow((primary.bottom(), replicas.top())),
            Arrow((secret.top(), application.bottom())),
        ),
    )


def main() -> None:
    """Write the picture, an SVG, to standard output."""
    sys.stdout.write(render(picture(graph.read("prod"))))


if __name__ == "__main__":
    typer.run(main)
