"""Front-end packages: the listed files are served, and nothing else."""

import json
import re
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.management import call_command

from helpdesk.assets import OWN_SCRIPTS, Assets, VendorFinder, VendorStorage, without_source_map


def test_a_listed_file_is_found_under_its_short_name():
    assert Path(finders.find("vendor/idiomorph.js")).is_relative_to(settings.NODE_MODULES)


def test_a_file_that_is_not_listed_is_not_served():
    for path in ("vendor/package.json", "vendor/../package.json", "vendor/idiomorph/package.json", "idiomorph.js"):
        assert VendorFinder().find(path) == []


def test_every_listed_file_is_there():
    assert VendorFinder().check() == []


def test_a_missing_file_is_told_with_the_way_to_mend_it(settings):
    settings.VENDOR = {"gone.js": "gone/dist/gone.js"}
    (problem,) = VendorFinder().check()
    assert "npm ci" in problem.msg


def test_collecting_takes_each_listed_file_without_its_source_map(settings, tmp_path):
    (tmp_path / "part.js").write_bytes(b"let a = 1;\n//# sourceMappingURL=part.js.map\n")
    settings.NODE_MODULES, settings.VENDOR = tmp_path, {"a.js": "part.js"}
    ((name, storage),) = VendorFinder().list([])
    assert isinstance(storage, VendorStorage)
    assert name == "vendor/a.js"
    assert storage.open(name).read() == b"let a = 1;\n\n"


def test_only_the_pointer_to_the_map_is_cut():
    css = b"a { color: red }\n/*# sourceMappingURL=a.css.map */\nb { color: blue }\n"
    assert without_source_map(css) == b"a { color: red }\n\nb { color: blue }\n"


def test_production_can_collect_every_file_and_modules_find_each_other(settings, tmp_path, monkeypatch):
    monkeypatch.setattr(Assets, "compress_files", lambda self, names: iter(()))  # most of a minute, and not in question
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = settings.STORAGES | {"staticfiles": {"BACKEND": "helpdesk.assets.Assets"}}
    call_command("collectstatic", verbosity=0, interactive=False)
    names = json.loads((tmp_path / "staticfiles.json").read_text())["paths"]
    imported = re.compile(r"""(?:from |import |import\()["'](\.[^"']+)["']""")
    found = 0
    for name, stamped in names.items():
        if name.startswith(OWN_SCRIPTS) and name.endswith(".js"):
            for address in imported.findall((tmp_path / stamped).read_text()):
                path = (tmp_path / stamped).parent / address
                assert path.is_file(), (name, address)
                assert path.resolve().relative_to(tmp_path).as_posix() in names.values(), (name, address)
                found += 1
    assert found > 50
