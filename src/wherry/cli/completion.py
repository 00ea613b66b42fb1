"""`wherry completion`: scripts made from the tree of commands itself."""

from __future__ import annotations

import argparse

EXAMPLES = """\
  source <(wherry completion bash)
  wherry completion zsh > "${fpath[1]}/_wherry"
  wherry completion fish > ~/.config/fish/completions/wherry.fish
"""

Tree = dict[str, list[str]]
"""What may follow each sequence of words: `""`, `"images"`, `"images list"` …"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), help="the shell to write for")


def run(options: argparse.Namespace) -> int:
    from wherry.cli.main import build_parser

    tree: Tree = {}
    _walk(build_parser(), "", tree)
    print({"bash": _bash, "zsh": _zsh, "fish": _fish}[options.shell](tree), end="")
    return 0


def _walk(parser: argparse.ArgumentParser, path: str, tree: Tree) -> None:
    words: list[str] = []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            words += action.choices
            for name, below in action.choices.items():
                _walk(below, f"{path} {name}".strip(), tree)
        else:
            words += [flag for flag in action.option_strings if flag.startswith("--")]
            if action.choices and not action.option_strings:
                words += [str(choice) for choice in action.choices]
    tree[path] = words


def _cases(tree: Tree, variable: str) -> str:
    return "".join(f'    "{path}") {variable}="{" ".join(words)}" ;;\n' for path, words in sorted(tree.items()))


def _bash(tree: Tree) -> str:
    return f"""_wherry() {{
  local path="" word words
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    [[ $word == -* ]] || path="${{path:+$path }}$word"
  done
  case "$path" in
{_cases(tree, "words")}    *) words="" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "${{COMP_WORDS[COMP_CWORD]}}"))
  [[ ${{#COMPREPLY[@]}} -gt 0 ]] || COMPREPLY=($(compgen -f -- "${{COMP_WORDS[COMP_CWORD]}}"))
}}
complete -F _wherry wherry
"""


def _zsh(tree: Tree) -> str:
    return f"""#compdef wherry
_wherry() {{
  local path="" word choices
  for word in "${{(@)words[2,CURRENT-1]}}"; do
    [[ $word == -* ]] || path="${{path:+$path }}$word"
  done
  case "$path" in
{_cases(tree, "choices")}    *) choices="" ;;
  esac
  compadd -- ${{=choices}} || _files
}}
compdef _wherry wherry
"""


def _fish(tree: Tree) -> str:
    lines = ["complete -c wherry -f"]
    for path, words in sorted(tree.items()):
        seen = " ".join(path.split())
        condition = f"__fish_seen_subcommand_from {seen.split()[-1]}" if seen else "__fish_use_subcommand"
        for word in words:
            form = f"-l {word.removeprefix('--')}" if word.startswith("--") else f"-a {word}"
            lines.append(f"complete -c wherry -n '{condition}' {form}")
    return "\n".join(lines) + "\n"
