"""Setting gates, as upstream's servers take and refuse it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.api.features import DEFAULTS, FeatureError, Features, Gate, Stage, features, format_gates, parse_gates

NAMES = st.sampled_from([gate.value.name for gate in Gate])


def test_every_gate_is_found_by_its_name_and_is_what_it_is_by_default() -> None:
    for gate in Gate:
        assert DEFAULTS.has(gate) is gate.value.default
        assert features({gate.value.name: gate.value.default}).enabled == DEFAULTS.enabled


def test_what_upstream_has_off_by_default_is_off() -> None:
    assert not any(DEFAULTS.has(gate) for gate in Gate if gate.value.stage is Stage.ALPHA)
    assert {gate for gate in Gate if gate.value.stage is not Stage.ALPHA} - DEFAULTS.enabled == {Gate.GENERIC_WORKLOAD}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("NoSuchGate=true", "unrecognized feature gate: NoSuchGate", id="unknown"),
        pytest.param("HPAScaleToZero", "missing bool value for HPAScaleToZero", id="no value"),
        pytest.param(
            "HPAScaleToZero=maybe",
            'invalid value of HPAScaleToZero=maybe, err: strconv.ParseBool: parsing "maybe": invalid syntax',
            id="no bool",
        ),
        pytest.param(
            "DynamicResourceAllocation=false",
            "cannot set feature gate DynamicResourceAllocation to false, feature is locked to true",
            id="locked",
        ),
        pytest.param(
            "DRADeviceTaints=false",
            "DRADeviceTaintRules is enabled, but depends on features that are disabled: [DRADeviceTaints]",
            id="needed by another",
        ),
        pytest.param(
            "DRAPrioritizedList=false,DRAAdminAccess=false",
            "[cannot set feature gate DRAPrioritizedList to false, feature is locked to true, "
            "cannot set feature gate DRAAdminAccess to false, feature is locked to true]",
            id="several faults",
        ),
    ],
)
def test_refusals(text: str, message: str) -> None:
    with pytest.raises(FeatureError) as raised:
        features(parse_gates(text))
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("", {}),
        (" HPAScaleToZero = true ,, EnvFiles=F", {"HPAScaleToZero": True, "EnvFiles": False}),
        ("EnvFiles=0,EnvFiles=T", {"EnvFiles": True}),
    ],
)
def test_reading(text: str, settings: dict[str, bool]) -> None:
    assert parse_gates(text) == settings


@given(st.dictionaries(NAMES, st.booleans()))
def test_what_is_written_is_read(settings: dict[str, bool]) -> None:
    assert parse_gates(format_gates(settings)) == settings


def test_all_alpha_spares_what_is_named() -> None:
    made = features({"AllAlpha": True, "H2CContainerProbe": False, "GenericWorkload": True})
    alpha = {gate for gate in Gate if gate.value.stage is Stage.ALPHA}
    assert alpha - made.enabled == {Gate.H2C_CONTAINER_PROBE}


def test_all_beta_off() -> None:
    made = features({"AllBeta": False})
    assert {gate.value.stage for gate in made.enabled} == {Stage.GA}


def test_states_name_all() -> None:
    states = {name: (stage, is_on) for name, stage, is_on in features({"AllBeta": True}).states()}
    assert states["AllAlpha"] == (Stage.ALPHA, False)
    assert states["AllBeta"] == (Stage.BETA, True)
    assert states["GenericWorkload"] == (Stage.BETA, True)
    assert len(states) == len(Gate) + 2


@given(st.dictionaries(NAMES, st.booleans()))
def test_no_feature_is_on_without_what_it_needs(settings: dict[str, bool]) -> None:
    try:
        made: Features = features(settings)
    except FeatureError:
        return
    on = {gate.value.name for gate in made.enabled}
    assert all(set(gate.value.needs) <= on for gate in made.enabled)
    assert all(made.has(gate) is gate.value.default for gate in Gate if gate.value.is_locked)
