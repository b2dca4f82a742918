"""The Procfile, and that everything which starts processes agrees with it."""

import re

import pytest
import yaml

from runner.console import SetupError
from runner.development import variable_names
from runner.environment import ROOT
from runner.procfile import PROCFILE, expand, read_procfile


def test_lines_are_read_in_order_without_comments(tmp_path):
    file = tmp_path / "Procfile"
    file.write_text("# a comment\n\nweb: serve --port 1\nclock: tick\n")
    assert list(read_procfile(file).items()) == [("web", "serve --port 1"), ("clock", "tick")]


@pytest.mark.parametrize("text", ["web serve", "web:", "Web: serve", "web: a\nweb: b"])
def test_a_line_that_names_no_process_is_refused_with_its_number(tmp_path, text):
    file = tmp_path / "Procfile"
    file.write_text(text)
    with pytest.raises(SetupError, match=r"Procfile line \d"):
        read_procfile(file)


def test_a_variable_is_replaced_and_its_spaces_do_not_split_it():
    assert expand("run --dir ${DATA_DIR}/x 'a b'", {"DATA_DIR": "/my data"}) == ["run", "--dir", "/my data/x", "a b"]


@pytest.mark.parametrize("environment", [{}, {"PORT": ""}])
def test_a_missing_variable_is_named(environment):
    with pytest.raises(SetupError, match="PORT is not set"):
        expand("run ${PORT}", environment)


def test_compose_starts_every_process_by_its_name():
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    started = {service["command"][1] for service in services.values() if service.get("command", [""])[0] == "process"}
    assert started == set(read_procfile())


def test_compose_has_no_secret_with_a_default():
    text = (ROOT / "docker-compose.yml").read_text()
    with_default = re.findall(r"\$\{(\w*(?:SECRET|PASSWORD)\w*):-", text)
    assert with_default == []


def test_the_variables_that_settings_and_procfile_read_are_those_of_the_example():
    settings = (ROOT / "helpdesk" / "settings.py").read_text()
    read = set(re.findall(r"\benv\.\w+\(\s*\"([A-Z_]+)\"", settings))
    read |= set(re.findall(r"\$\{(\w+)\}", PROCFILE.read_text()))
    assert variable_names() == read
