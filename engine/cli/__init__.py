"""The command line: one file for each command, imported only when the command is called."""

from __future__ import annotations

import contextlib
import difflib
import io
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import BashComplete, CompletionItem, add_completion_class

if TYPE_CHECKING:
    from engine.cli.signals import Interruption

_COMMANDS = {
    "analyze": "Analyse every game of PGN and EPD files.",
    "serve": "Show analysed games in the browser.",
    "merge": "Put the shards of a run together.",
    "evaluate": "Evaluate one position.",
    "baseline": "Make and look at files that players are compared with.",
    "plugins": "List and explain the plugins.",
    "profiles": "List and show the profiles.",
    "cache": "Look into the cache of evaluations, move it between machines, empty it.",
    "setup": "Fetch the embedded Stockfish, or remember a program of yours.",
    "doctor": "Say which evaluator would be used, how fast it is, and what is wrong.",
}
_ALIASES = {"analyse": "analyze"}
CLOSED_STDOUT = 141
"""Exit code when the reader of standard output has gone: 128 + SIGPIPE, as shells report it."""


class _Bash(BashComplete):
    """bash, which sets no space after `leaks.` and `leaks.min_moves=`: what follows belongs to it."""

    source_template = BashComplete.source_template.replace(
        "COMPREPLY+=($value)\n",
        "COMPREPLY+=($value)\n            [[ $value == *[.=] ]] && compopt -o nospace\n",
    )


add_completion_class(_Bash)


class _Commands(click.Group):
    """Knows the commands by name, and imports one only when it is called, so that `--help` answers at once."""

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Offer the commands without importing them."""
        names = [CompletionItem(name, help=about) for name, about in _COMMANDS.items()]
        return [item for item in names if item.value.startswith(incomplete)] + click.Command.shell_complete(
            self, ctx, incomplete
        )

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        name = _ALIASES.get(cmd_name, cmd_name)
        if name not in _COMMANDS:
            return None
        command = import_module(f"engine.cli.{name}").command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in (*_COMMANDS, *_ALIASES) and not name.startswith("-") and not ctx.resilient_parsing:
            near = difflib.get_close_matches(name, list(_COMMANDS), n=1)
            raise click.UsageError(
                f"No such command {name!r}." + (f" Did you mean {near[0]!r}?" if near else ""), ctx
            )
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # click would turn it into exit code 1.
            ctx.exit(CLOSED_STDOUT)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


def _version(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        from importlib.metadata import version

        click.echo(f"engine {version('grandmaster-analysis')}")
        ctx.exit()


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version."
)
def group() -> None:
    """Batch chess analysis: every position of your games, over every core, into reports.

    Start with:  engine analyze games.pgn
    """


def main(arguments: list[str] | None = None) -> None:
    """Run the console script and exit with a code of README.md; never with a traceback for a user's mistake.

    * **arguments** - *(optional)* the arguments of the command; those of the process when left out.
    """
    from engine.cli.signals import Interruption

    with Interruption() as interruption:
        code = _main(arguments, interruption)
    sys.exit(code)


def _main(arguments: list[str] | None, interruption: Interruption) -> int:
    from engine.cli.signals import drop_output
    from engine.errors import AnalysisError

    _take_any_text()
    try:
        code: Any = group.main(arguments, prog_name="engine", standalone_mode=False, obj=interruption)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped", err=True)
        code = interruption.exit_code
        drop_output()
    except AnalysisError as error:
        click.echo(f"error: {_printable(error.message)}", err=True)
        code = error.exit_code
    if code == CLOSED_STDOUT:
        drop_output()
    return code if isinstance(code, int) else 0


def _take_any_text() -> None:
    """Have `?` printed for a character that standard output or a terminal cannot encode.

    Python would raise UnicodeEncodeError, and write codes that take more room to standard error.
    """
    for stream in (sys.stdout, sys.stderr):
        if not isinstance(stream, io.TextIOWrapper):
            continue
        if stream.errors in ("strict", "surrogateescape") or stream.isatty():
            with contextlib.suppress(io.UnsupportedOperation):
                stream.reconfigure(errors="replace")


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)
