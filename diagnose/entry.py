"""Where msnet starts: the plain command lines and `--help` at once, all others through typer; what goes wrong becomes a sentence and an exit code."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress

from diagnose import __version__
from diagnose.errors import MsnetError


def _run(line: list[str]) -> int:
    """Do what a command line asks for, and return the exit code; typer ends the run itself."""
    if line == ["--version"]:
        return _say(f"msnet {__version__}\n")
    from diagnose import arguments

    if "_MSNET_COMPLETE" not in os.environ and line and (line[0] in arguments.COMMANDS or line[-1] in arguments.HELP):
        from diagnose import compiled

        rules = compiled.find() or compiled.renew()
        text = arguments.help_asked(line, rules.helps) if rules is not None else None
        if text is not None:
            return _say(text)
        call = arguments.read(line, rules.commands) if rules is not None else None
        if call is not None:
            from diagnose import run_diagnose

            return run_diagnose.run(**call.arguments)
    from diagnose.cli import app

    app(prog_name="msnet")
    return 0


def _say(text: str) -> int:
    sys.stdout.write(text)
    sys.stdout.flush()
    return 0


def main() -> None:
    """Run msnet; every error that a user can meet becomes a sentence and an exit code."""
    gc.set_threshold(20_000)  # by default what is loaded is looked through dozens of times
    try:
        code = _run(sys.argv[1:])
    except MsnetError as e:
        code = _fail(e)
    except BrokenPipeError:
        code = _left()
    except SystemExit as e:
        if not isinstance(e.__context__, BrokenPipeError):
            raise
        code = _left()  # typer's word for it is 1
    except KeyboardInterrupt:
        code = 130
    except Exception as e:
        if os.environ.get("MSNET_DEBUG"):
            raise
        code = _fail(MsnetError(f"msnet failed: {type(e).__name__}: {e}", "MSNET_DEBUG=1 shows where; this is a fault of msnet"))
    _end(code)


def _end(code: int) -> None:
    """End the run; at once where nothing that was loaded can want to clean up, for taking everything apart is a tenth of a short run."""
    if "atexit" in sys.modules or "threading" in sys.modules:
        sys.exit(code)
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, OSError):  # closed, or full: that was told where it was written
            stream.flush()
    os._exit(code)


def _fail(error: MsnetError) -> int:
    sys.stderr.write(f"error: {error}\n" + (f"  hint: {error.hint}\n" if error.hint else ""))
    return error.code


def _left() -> int:
    """Go on without standard output: the reader went away (head, a closed pager), which is not our failure."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return 0
