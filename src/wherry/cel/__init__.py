"""The Common Expression Language: parsed, type-checked, costed, and compiled to Python functions.

    from wherry.cel.environment import Environment
    from wherry.cel.types import INT

    environment = Environment({"self": INT})
    program = environment.compile("self > 3")       # raises CompileError, with every issue and where it is
    program({"self": 5})                            # True; raises EvaluationError
    program.run({"self": 5}, 1_000_000)             # (True, 2): the value and its cost; raises CostExceededError

The way of a text, in the order of reading:

- `lexer.py`, `parser.py` with `primaries.py`: tokens, then a tree (`ast.py`); `macros.py` expand to loops on the way;
- `checker.py`: a type for each node and overloads for each call (`checked.py`), by the rules of `unify.py`;
- `cost.py`: what it may cost at most, for who has to refuse it;
- `generator.py` with `expressions.py`, `calls.py` and `loops.py`: Python source, and from it a function;
- `program.py`: evaluates. The quick function trusts types; when it raises anything, the exact one has the last word.

The words: a `Type` (`types.py`) is frozen and may carry hints; a `Library` (`functions.py`) declares functions with
their overloads, macros, types; `Environment` (`environment.py`) has variables and libraries; a value is plain Python or
one of the few classes of `values.py`.

Types, trees and messages are cel-go's, to the letter where its tests say so (`tests/test_conformance.py`). Protobuf
messages are not supported. Knows nothing of Kubernetes' objects: who compiles a rule says what types its variables
have. Kubernetes' extension libraries are in `library/` because they are functions like any other.
"""
