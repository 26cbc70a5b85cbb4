"""What the command line says when something goes wrong: one line, and an exit code."""

from __future__ import annotations

import os
import signal
import tempfile
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import IO, Any

import click

from ralhe.errors import RalheError
from ralhe.extras import MissingExtraError, needing


class Failure(click.ClickException):
    """Ends the program with one line on standard error and exit code 2."""

    exit_code = 2

    def show(self, file: IO[Any] | None = None) -> None:
        """Prints the line."""
        click.echo(f"ralhe: {self.message}", file=file, err=True)


class Stopped(Failure):
    """The same for Ctrl-C, with the exit code that shells give it."""

    exit_code = 130


class Commands(click.Group):
    """A group whose wrong arguments end the program with one line as well."""

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        """As that of click."""
        with _usage():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """As that of click."""
        with _usage():
            return super().invoke(ctx)


@contextmanager
def _usage() -> Iterator[None]:
    """Wrong arguments as a Failure that says where to read of right ones."""
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:
        raise
    except click.UsageError as error:
        said = " ".join(error.format_message().split()).rstrip(".")
        command = error.ctx.command_path if error.ctx else "ralhe"
        raise Failure(f"{said[:1].lower()}{said[1:]} ({command} --help tells more)") from error


@contextmanager
def about(path: Path) -> Iterator[None]:
    """Expected errors of the block as a Failure that names the file."""
    try:
        yield
    except RalheError as error:
        raise Failure(f"{path}: {str(error).removeprefix(f'{path.name}: ')}") from error
    except OSError as error:
        raise Failure(f"{path}: {error.strerror or error}") from error


@contextmanager
def plain_words(extra: str = "encode") -> Iterator[None]:
    """Notices, a missing torch and Ctrl-C as one line each; `extra` brings what the command needs."""
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *_, **__: click.echo(f"ralhe: {message}", err=True)
        try:
            with needing(extra):
                yield
        except MissingExtraError as error:
            raise Failure(str(error)) from error
        except BrokenPipeError:  # click ends quietly where nobody reads on
            raise
        except OSError as error:  # what is left of them: those of printing
            raise Failure(f"cannot print: {error.strerror or error}") from error
        except KeyboardInterrupt:
            raise Stopped("stopped; nothing was written") from None


@contextmanager
def stop_on_interrupt() -> Iterator[threading.Event]:
    """An event that the first Ctrl-C sets; a second one aborts."""
    stop = threading.Event()

    def handler(_signal: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        # Unlike echo, this may interrupt a print of the same stream.
        os.write(2, b"\nralhe: finishing with the best so far; Ctrl-C again aborts\n")

    previous = signal.signal(signal.SIGINT, handler)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, previous)


def check_output(output: Path, *sources: Path, room: int = 0) -> None:
    """Raises Failure where output of `room` bytes would replace input or cannot be written, before any work is done."""
    for source in sources:
        if is_there(source) and is_there(output) and source.samefile(output):
            raise Failure(f"{output}: input and output are the same file; give the output another name")
    if is_folder(output):
        raise Failure(f"{output}: is a folder; name a file in it")
    with about(output):
        target = output.resolve() if output.is_symlink() else output
    _check_parent(target)
    _check_writable(target.parent, room)


def is_there(path: Path) -> bool:
    """Whether there is such a file or folder; Failure where that cannot be found out."""
    with about(path):
        return path.exists()


def is_folder(path: Path) -> bool:
    """The same for a folder alone."""
    with about(path):
        return path.is_dir()


def make_folder(folder: Path, room: int) -> None:
    """Makes a folder for output of `room` bytes, or raises Failure, before any work is done."""
    if is_there(folder) and not is_folder(folder):
        raise Failure(f"{folder}: is a file; name a folder")
    _check_parent(folder)
    with about(folder):
        folder.mkdir(exist_ok=True)
    _check_writable(folder, room)


def _check_parent(output: Path) -> None:
    if not is_folder(output.parent):
        raise Failure(f"{output}: there is no folder {output.parent}")


def _check_writable(folder: Path, room: int) -> None:
    try:
        with tempfile.TemporaryFile(dir=folder) as trial:
            trial.write(bytes(room))  # what a full disk or a quota would refuse only after the work
    except OSError as error:
        raise Failure(f"{folder}: cannot be written to ({error.strerror or error}); name another folder") from error
