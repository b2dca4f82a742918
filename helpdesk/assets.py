"""Front-end packages from the npm registry: only the files that pages load are served.

`settings.VENDOR` maps `vendor/<name>` to a path in `node_modules`. Serving whole packages would
publish files nobody asked for, and their source maps break hashed file names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.checks import CheckMessage, Error
from django.core.files.base import ContentFile, File
from django.core.files.storage import FileSystemStorage
from whitenoise.storage import CompressedManifestStaticFilesStorage

_PREFIX = "vendor/"
OWN_SCRIPTS = ("js/", "widget/")
_IMPORT_LINE = r"""(?m)^(?P<matched>import(?P<names>\s[^"';]*)from\s*["'](?P<url>\./[^"']+)["'])$"""
_SOURCE_MAP = re.compile(rb"^\s*(//|/\*)[#@]\s*sourceMappingURL=.*$", re.MULTILINE)


class VendorStorage(FileSystemStorage):
    """The listed files, under their short names."""

    prefix = None

    def __init__(self) -> None:
        super().__init__(location=settings.NODE_MODULES)

    def path(self, name: str) -> str:
        return str(Path(settings.NODE_MODULES) / settings.VENDOR[name.removeprefix(_PREFIX)])

    def exists(self, name: str) -> bool:
        return name.startswith(_PREFIX) and name.removeprefix(_PREFIX) in settings.VENDOR

    def _open(self, name: str, mode: str = "rb") -> File[Any]:  # noqa: ARG002
        content = Path(self.path(name)).read_bytes()
        return ContentFile(without_source_map(content) if name.endswith((".js", ".css")) else content)


class VendorFinder(BaseFinder):
    """Finds `vendor/<name>`; named in `STATICFILES_FINDERS`."""

    def check(self, **kwargs: Any) -> list[CheckMessage]:  # noqa: ARG002
        storage = VendorStorage()
        missing = [path for name, path in settings.VENDOR.items() if not Path(storage.path(_PREFIX + name)).exists()]
        return [
            Error(f"{path} is not in node_modules: run npm ci (bin/run does it).", id="helpdesk.E001")
            for path in missing
        ]

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:  # noqa: ARG002
        storage = VendorStorage()
        if not storage.exists(path):
            return []
        return [storage.path(path)] if find_all else storage.path(path)

    def list(self, ignore_patterns: Any) -> Iterator[tuple[str, VendorStorage]]:  # noqa: ARG002
        storage = VendorStorage()
        for name in settings.VENDOR:
            yield _PREFIX + name, storage


def without_source_map(content: bytes) -> bytes:
    """The file without its pointer to a map that is not served."""
    return _SOURCE_MAP.sub(b"", content)


class Assets(CompressedManifestStaticFilesStorage):
    """Hashed and compressed files; a module imported by another is found under the name that pages preload."""

    support_js_module_import_aggregation = True
    # Django's own pattern asks for a semicolon, which our pages' scripts do without.
    patterns = (
        *CompressedManifestStaticFilesStorage.patterns,
        ("*.js", ((_IMPORT_LINE, 'import%(names)sfrom "%(url)s"'),)),
    )
    max_post_process_passes = 20  # a module's name depends on those of its imports: one pass for each step down

    def url_converter(
        self, name: str, hashed_files: dict[str, str], template: str | None = None
    ) -> Callable[[re.Match[str]], str]:
        """Only our own scripts are modules: in packages, comments look like imports and lead nowhere."""
        if name.endswith(".js") and not name.startswith(OWN_SCRIPTS):
            return lambda match: match[0]
        convert: Callable[[re.Match[str]], str] = super().url_converter(name, hashed_files, template)
        return convert
