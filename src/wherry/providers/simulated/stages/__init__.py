"""kwok's Stages: Pods and Nodes that go from one state to the next as YAML says (`kwok.x-k8s.io/v1alpha1`).

- `Stage` (`stage.py`): what it is for, how long it takes, and what comes of it; `parse_stage` refuses what we cannot do
- `Path` (`paths.py`): the jq-like keys of selectors
- `Template` (`template.py`): the part of Go's templates that stages are written in; `parsing.py` reads it
- `StageDriver` (`driver.py`): plays them; takes the provider's place for the kinds that it has stages for
- `read_stages` (`reading.py`): from files of YAML

Expressions in CEL, `exec` and other kinds than Pod and Node are refused where the stage is read, not when it is due.
"""
