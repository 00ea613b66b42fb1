"""`wherry testing serve`."""

from __future__ import annotations

import argparse
from pathlib import Path

from wherry.cli.features import add_features_option, gates_of
from wherry.cli.simulate import add_stages_option

EXAMPLES = """\
  wherry testing serve                 # until Ctrl-C, SIGTERM, or the end of a pipe on its standard input
  wherry testing serve --nodes 3
  wherry testing serve --clock manual --manifest crds/ --json
  coproc wherry testing serve --json; read -r ready <&"${COPROC[0]}"
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--nodes", type=_count, default=1, metavar="N", help="simulated nodes (default: 1)")
    parser.add_argument("--clock", choices=("real", "manual"), default="real", help="whether time goes on by itself")
    parser.add_argument("--seed", type=int, default=0, help="where chance begins (default: 0)")
    parser.add_argument("--bind-address", default="127.0.0.1", metavar="ADDRESS", help="default: this machine alone")
    parser.add_argument("--port", type=int, default=0, help="where the API is served (default: a free port)")
    parser.add_argument(
        "--manifest", type=Path, action="append", default=[], metavar="PATH", help="a file or folder to apply at first"
    )
    add_stages_option(parser)
    add_features_option(parser)
    parser.add_argument("--json", action="store_true", help="print all that a program needs as one line of JSON")


def run(options: argparse.Namespace) -> int:
    from wherry.lib.collecting import uncollected

    with uncollected():
        return _serve(options)


def _serve(options: argparse.Namespace) -> int:
    import gc

    from wherry.lib.failure import Failure
    from wherry.testing.cluster.options import options as cluster_options
    from wherry.testing.cluster.serving import Listen
    from wherry.testing.envtest.serving import Ready, parents_pipe, serve

    def tell(ready: Ready) -> None:
        gc.freeze()
        gc.enable()
        print(ready.line() if options.json else f"export KUBECONFIG={ready.kubeconfig}", flush=True)

    gates = gates_of(options)
    try:
        words = (options.nodes, options.clock, options.seed, None, ())
        begin = cluster_options(*words, stages=options.stages, gates=gates)
    except OSError as error:
        raise Failure(f"stages {error.filename}: {error.strerror}") from error
    except ValueError as error:
        raise Failure(f"the stages cannot be played: {error}") from error
    serve(begin, Listen(options.bind_address, options.port), options.manifest, tell, parents_pipe())
    return 0


def _count(text: str) -> int:
    if not text.isdigit():
        raise argparse.ArgumentTypeError("a number of nodes, 0 or more")
    return int(text)
