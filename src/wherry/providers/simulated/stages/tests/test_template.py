from __future__ import annotations

import pytest

from wherry.providers.simulated.stages.parsing import TemplateError
from wherry.providers.simulated.stages.template import Template

DATA = {
    "name": "web",
    "none": None,
    "list": [{"n": 1, "s": "a"}, {"n": 2, "s": "b"}],
    "map": {"b": 2, "a": 1},
    "deep": {"er": {"x": True}},
}


def render(source: str) -> str:
    return Template.of(source, frozenset({"Now"})).render(DATA, {"Now": lambda: "now"})


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("plain", "plain"),
        ("{{ .name }}!", "web!"),
        ("{{ .name | Quote }}", '"web"'),
        ('{{ $v := printf "kwok-%s" .name }}{{ $v }} {{ .name | printf "%4s|" }}', "kwok-web  web|"),
        ("{{ .none | Quote }}{{ 5 | Quote }}", '"null""5"'),
        ("{{ .missing.deeper }}", "<no value>"),
        ("{{ .deep.er.x }} {{ $.name }}", "true web"),
        ("{{ $x := .name }}{{ $x }}{{ $x = 3 }}{{ $x }}", "web3"),
        ("{{ $d := .deep }}{{ $d.er.x }}", "true"),
        ("a {{- .name -}} b", "awebb"),
        ("{{/* nothing */}}a", "a"),
        ("{{ if .none }}a{{ else if .name }}b{{ else }}c{{ end }}", "b"),
        ("{{ if not .none }}a{{ end }}", "a"),
        ("{{ with .deep.er }}{{ .x }}{{ else }}-{{ end }}", "true"),
        ("{{ with .none }}x{{ else }}{{ .name }}{{ end }}", "web"),
        ("{{ range .list }}{{ .s }}{{ $.name }};{{ end }}", "aweb;bweb;"),
        ("{{ range $i, $e := .list }}{{ $i }}{{ $e.s }}{{ end }}", "0a1b"),
        ("{{ range $k, $v := .map }}{{ $k }}{{ $v }}{{ end }}", "a1b2"),
        ("{{ range .none }}x{{ else }}empty{{ end }}", "empty"),
        ("{{ range .list }}{{ if eq .n 2 }}{{ break }}{{ end }}{{ .s }}{{ end }}", "a"),
        ("{{ range .list }}{{ if eq .n 1 }}{{ continue }}{{ end }}{{ .s }}{{ end }}", "b"),
        ("{{ $f := 0 }}{{ range .list }}{{ $f = .n }}{{ end }}{{ $f }}", "2"),
        ("{{ or .none .name }}{{ or .none false }}{{ and .name .none | Quote }}", 'webfalse"null"'),
        ('{{ eq .name "x" "web" }}{{ ne 1 2 }}{{ lt 1 2 }}{{ len .list }}', "truetruetrue2"),
        ('{{ ( index .list 1 ).s }}{{ index .map "a" }}', "b1"),
        ('{{ Now }}{{ add1 2 }}{{ .none | default "d" }}', "now3d"),
        ("x:\n{{ YAML .map 1 }}", 'x:\n  {"b": 2, "a": 1}'),
        ('{{ define "t" }}<{{ .v }}>{{ end }}{{ template "t" dict "v" .name }}', "<web>"),
        ("{{ `raw }}` }}", "raw }}"),
    ],
)
def test_what_a_template_makes(source: str, text: str) -> None:
    assert render(source) == text


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("{{ .name", "not closed"),
        ("{{ if .a }}x", "'end' is missing"),
        ("{{ end }}", "ends nothing"),
        ("{{ upper .name }}", "no function 'upper'"),
        ("{{ range .list }}{{ lower .s }}{{ end }}", "no function 'lower'"),
        ("{{ $y }}", "undefined variable"),
        ("{{ .map }}", "use YAML"),
        ('{{ template "t" }}', "no template 't'"),
        ('{{ define "t" }}{{ template "t" }}{{ end }}{{ template "t" }}', "without end"),
        ("{{ .name 1 }}", "no function"),
        ("{{ len .none }}", "len: "),
        ("{{ (.a }}", "parenthesis"),
        ("{{ }}", "empty"),
        ("{{ .a | }}", "value is missing"),
        ("{{ .a ? }}", "nothing is known of"),
    ],
)
def test_what_is_refused(source: str, why: str) -> None:
    with pytest.raises(TemplateError, match=why):
        render(source)
