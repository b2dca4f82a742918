"""Unpack the Chromium of the npm package beside this file: `unpack_chromium.py FOLDER`."""

import io
import shutil
import sys
import tarfile
from pathlib import Path

import brotli

PACKED = Path(__file__).resolve().parent / "node_modules" / "@sparticuz" / "chromium" / "bin"
FONTS_CONF = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{folder}/fonts</dir><cachedir>{folder}/font-cache</cachedir></fontconfig>
"""
STARTER = """#!/bin/sh
# It brings its own libraries and its own font.
export LD_LIBRARY_PATH={folder}/lib FONTCONFIG_FILE={folder}/fonts.conf
exec {folder}/chromium.bin "$@"
"""


def unpack(folder: Path) -> None:
    """Chromium in `folder`, to be started as `folder/chromium`."""
    version = (PACKED.parent / "package.json").read_text()
    done = folder / "unpacked-from.json"
    if done.exists() and done.read_text() == version:
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for archive in PACKED.glob("*.tar.br"):  # libraries, fonts, a renderer
        with tarfile.open(fileobj=io.BytesIO(brotli.decompress(archive.read_bytes()))) as tar:
            tar.extractall(folder)  # our lock file holds its digest
    program = folder / "chromium.bin"
    program.write_bytes(brotli.decompress((PACKED / "chromium.br").read_bytes()))
    program.chmod(0o755)
    (folder / "fonts.conf").write_text(FONTS_CONF.format(folder=folder))
    starter = folder / "chromium"
    starter.write_text(STARTER.format(folder=folder))
    starter.chmod(0o755)
    done.write_text(version)


if __name__ == "__main__":
    unpack(Path(sys.argv[1]).resolve())
