"""`python -m engine`: the command line."""

from engine.cli import main

main()
