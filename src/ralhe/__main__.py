"""`python -m ralhe`: the command line, where no script of that name is on the path."""

from ralhe.cli import main

main(prog_name="ralhe")
