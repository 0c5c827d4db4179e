"""``invoke console``: pages in the browser that start the workflow, watch it and explain it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scones import settings
from scones.tasks import options
from scones.tasks.cli import task
from scones.tasks.terminal import terminal

if TYPE_CHECKING:
    from invoke import Context

PORT = 8765


def usual_address(environment: settings.Environment) -> str:
    """The address of an environment's console, as ``invoke console`` will say it if nothing else has its port."""
    from scones.console import security, server

    return security.address(PORT, security.kept_token(server.token_path(environment)))


@task(
    help={
        "port": f"the port on this machine; 0 takes a free one (default: {PORT})",
        "open": "also open the page in the browser",
        "write": "allow changes in an environment that costs money",
        "env": "the environment, a folder of terraform/environments (default: SCONES_ENV, else local)",
    }
)
def console(
    context: Context, port: str | None = None, open: bool = False, write: bool = False, env: str | None = None
) -> None:
    """Open the workflow in the browser: try it, watch its executions, and find the line that explains a failure.

    The pages are served on this machine only, at an address with a secret, which stays the same: an environment keeps
    it in build/console. They read the environment's cloud as the other tasks do. Where calls cost money, they change
    nothing unless --write is given. Ctrl-C ends it.

    invoke console
    invoke console --open
    invoke console --env dev --write
    """
    import webbrowser

    from scones.console.desk import Desk
    from scones.console.server import serve

    environment = settings.load(env)
    environment.endpoint_url()  # a local cloud that does not run is named before anything is served
    out = terminal()

    def say(address: str) -> None:
        out.print(f"environment {environment.name}: {address}", soft_wrap=True, highlight=False, markup=False)
        out.print("Ctrl-C ends it", style="dim")
        if open:
            webbrowser.open(address)

    number = options.whole_number(port, "--port", least=0, most=65535, default=PORT)
    serve(Desk.of(environment, write=write), port=number, say=say)
