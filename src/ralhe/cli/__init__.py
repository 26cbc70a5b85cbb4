"""The command line: arguments in, verbs called, results printed. One command, one file."""

from __future__ import annotations

import io
import os
import sys

import click

import ralhe
from ralhe.cli.compare import compare
from ralhe.cli.decode import decode
from ralhe.cli.demo import demo
from ralhe.cli.encode import encode
from ralhe.cli.export import export
from ralhe.cli.failures import Commands
from ralhe.cli.info import info
from ralhe.cli.render import render
from ralhe.cli.serve import serve
from ralhe.cli.view import view

# Threads that spin while they wait take cores from whatever else the machine does, and from each other then: beside one
# busy process drawing takes 1.6 s for 2.0, and alone as long as ever. Read when torch is first imported.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(ralhe.__version__, prog_name="ralhe")
def main() -> None:
    """Compresses trained 3D Gaussian splatting scenes to streams of at most a megabyte.

    \b
    ralhe encode scene.ply scene.ralhe --size 500kB
    ralhe decode scene.ralhe decoded.ply
    ralhe compare scene.ply scene.ralhe --report report.html
    ralhe render scene.ralhe picture.png
    ralhe info scene.ralhe
    ralhe view scene.ralhe
    """
    if isinstance(sys.stdout, io.TextIOWrapper):  # names of files need not be UTF-8, nor what a pipe takes
        sys.stdout.reconfigure(errors="surrogateescape" if sys.stdout.encoding == "utf-8" else "backslashreplace")


for command in (encode, decode, info, render, compare, view, serve, export, demo):
    main.add_command(command)
