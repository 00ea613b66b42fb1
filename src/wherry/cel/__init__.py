"""The Common Expression Language: parsed, type-checked, costed, and compiled to Python functions.

    from wherry.cel.environment import Environment
    from wherry.cel.types import INT

    environment = Environment({"self": INT})
    program = environment.compile("self > 3")       # raises CompileError, with every issue and where it is
    program({"self": 5})                            # True; raises EvaluationError

Knows nothing of Kubernetes' objects: who compiles a rule says what types its variables have. Kubernetes' extension
libraries are here because they are functions like any other.
"""
