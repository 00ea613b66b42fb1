"""`wherry`: finds the command, imports it alone, and turns failures into one sentence with a hint."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from keyword import iskeyword
from typing import Any

from msgspec import Struct

from wherry.lib.failure import Failure


class Command(Struct, frozen=True):
    """A command's place in the tree; its module has `configure(parser)` and `run(options) -> exit code`."""

    path: tuple[str, ...]
    help: str

    @property
    def module(self) -> str:
        return "wherry.cli." + ".".join(f"{word}_" if iskeyword(word) else word for word in self.path)


COMMANDS = (
    Command(("up",), "start a cluster on this machine and wait until it is usable"),
    Command(("down",), "stop the cluster, its pods included"),
    Command(("status",), "show what runs, how it is, and what it weighs"),
    Command(("logs",), "print the log of the server or the agent"),
    Command(("kubeconfig",), "print, merge or remove the administrator's kubeconfig"),
    Command(("token", "create"), "make a token with which another machine can join"),
    Command(("token", "list"), "list join tokens"),
    Command(("token", "delete"), "withdraw a join token"),
    Command(("images", "import"), "load image archives into the node's container runtime"),
    Command(("images", "list"), "list the images of the node"),
    Command(("images", "example"), "assemble the example image from this machine's busybox and load it"),
    Command(("server",), "run the control plane in the foreground"),
    Command(("agent",), "run a node in the foreground"),
    Command(("testing", "serve"), "serve a cluster in memory to tests in any language"),
    Command(("testing", "assets"), "write the programs that envtest starts, as stand-ins"),
    Command(("version",), "print the version"),
    Command(("completion",), "print a completion script for bash, zsh or fish"),
)

GROUPS = {"token": "join tokens", "images": "images of the node", "testing": "clusters for tests"}


def main(arguments: Sequence[str] | None = None) -> int:
    """The program's entry point; returns its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    parser = build_parser(words)
    options = parser.parse_args(words)
    if not hasattr(options, "module"):
        options.parser.print_help()
        return 2
    try:
        return int(importlib.import_module(options.module).run(options) or 0)
    except Failure as failure:
        print(f"error: {failure.message}", file=sys.stderr)
        if failure.hint:
            print(f"hint:  {failure.hint}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return 141


def build_parser(words: Sequence[str] | None = None) -> argparse.ArgumentParser:
    """The tree of commands. Only those that `words` may mean are imported; None imports all."""
    parser = argparse.ArgumentParser(
        prog="wherry",
        description="A whole Kubernetes platform, light enough to carry.",
        epilog="Begin with: wherry up",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(parser=parser)
    branches: dict[tuple[str, ...], Any] = {(): parser.add_subparsers(metavar="COMMAND", title="commands")}
    for command in COMMANDS:
        group = command.path[:-1]
        if group not in branches:
            below = branches[()].add_parser(group[0], help=GROUPS[group[0]], description=GROUPS[group[0]].capitalize())
            below.set_defaults(parser=below)
            branches[group] = below.add_subparsers(metavar="COMMAND", title="commands")
        leaf = branches[group].add_parser(
            command.path[-1],
            help=command.help,
            description=command.help[0].upper() + command.help[1:] + ".",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        leaf.set_defaults(module=command.module, parser=leaf)
        if words is None or tuple(words[: len(command.path)]) == command.path:
            module = importlib.import_module(command.module)
            leaf.epilog = "examples:\n" + module.EXAMPLES
            module.configure(leaf)
    return parser


if __name__ == "__main__":
    sys.exit(main())
