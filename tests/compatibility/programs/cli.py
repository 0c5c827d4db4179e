"""Runs commands of AWS CLI v1, each in a process of its own that need not start Python again.

A line of standard input is a command's arguments as JSON. Its answer is a line with ``code``, ``out`` and ``err``.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile

from awscli.clidriver import create_clidriver


def run(driver: object, arguments: list[str]) -> dict[str, object]:
    """Run one command in a child process."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if child == 0:
            code = 1
            try:
                for stream, descriptor in ((out, 1), (err, 2)):
                    os.dup2(stream.fileno(), descriptor)
                code = driver.main(arguments)
            except SystemExit as end:  # argparse, of wrong arguments
                code = end.code if isinstance(end.code, int) else 1
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code or 0)
        _, status = os.waitpid(child, 0)
        found = {}
        for name, stream in (("out", out), ("err", err)):
            stream.seek(0)
            found[name] = stream.read().decode(errors="replace")
        return {"code": os.waitstatus_to_exitcode(status), **found}


def main() -> None:
    driver = create_clidriver()
    for line in sys.stdin:
        print(json.dumps(run(driver, json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
