"""The first process of a walled execution environment: it makes the walls, and then runs the worker behind them.

:mod:`localcloud.lambda_.sandbox` starts it with the interpreter of the local cloud, on Linux 5.12 or later. It imports
nothing of this project. Standard input begins with the plan, as ten digits that give its length, and JSON. What follows
on standard input is the worker's. The arguments are the numbers of the descriptors that are the worker's alone.

Three processes come of it, the launcher, the init and the worker:

- The launcher waits for the worker, and ends as it has ended. When it is killed, everything ends.
- The init is process 1 of a PID namespace of its own. The kernel kills all processes in there when it ends.
- The worker has the same number inside as the launcher has outside, so that a number in a function's log leads to it.

In there is a file system of the environment's own: the system's programs and libraries, the interpreter, ``/var/task``,
``/var/runtime`` and ``/opt``, all read-only, and an empty ``/tmp`` of a limited size. Nothing stays mounted: the kernel
removes the namespaces with their last process.

A cloud of root needs no user namespace, and gives each worker a user number of its own. Any other user's cloud makes a
user namespace, in which the worker has no capability left and can make no further one.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import marshal
import os
import resource
import select
import signal
import stat
import struct
import sys
import traceback
import types
from pathlib import Path
from typing import Any, NoReturn

# Numbers of Linux: sched.h, mount.h, prctl.h, capability.h and the table of system calls.
NEW_MOUNTS, NEW_IPC, NEW_USER, NEW_PIDS = 0x00020000, 0x08000000, 0x10000000, 0x20000000
NOSUID, NODEV, NOEXEC, READ_ONLY, BIND, RECURSIVE, PRIVATE = 2, 4, 8, 1, 4096, 16384, 1 << 18
DETACH = 2
PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
MOUNT_SETATTR, AT_CWD, AT_RECURSIVE = 442, -100, 0x8000
SET_DEATH_SIGNAL, SET_DUMPABLE, DROP_BOUND, SET_NO_NEW_PRIVILEGES = 1, 4, 24, 38
CAPABILITY_VERSION = 0x20080522
#: AWS's user and group of a function, inside a user namespace.
USER, GROUP = 993, 990
#: The first number of the users that a cloud of root gives to its workers. No account has one of them.
FIRST_USER = 2_000_000_000
NAMES = "root:x:0:0:root:/root:/sbin/nologin\nsbx_user1051:x:{user}:{group}::/home/sbx_user1051:/sbin/nologin\n"
PIPES = {"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2"}

COMPILED_HEADER = 16  # bytes of a .pyc before its code (PEP 552)

libc = ctypes.CDLL(None, use_errno=True)


def done(result: int, what: str) -> None:
    """Check the result of a call of the C library.

    Raises:
        OSError: It is negative.
    """
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{os.strerror(number)}: {what}")


def mount(source: str, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
    """mount(2)."""
    given = [one.encode() if one is not None else None for one in (source, target, kind, options)]
    done(libc.mount(given[0], given[1], given[2], ctypes.c_ulong(flags), given[3]), f"mount {source} on {target}")


def lock(target: str) -> None:
    """Make what is mounted at ``target`` and below read-only, and its programs without rights of their owner."""
    attributes = struct.pack("QQQQ", READ_ONLY | NOSUID, 0, 0, 0)
    number, size = ctypes.c_long(MOUNT_SETATTR), ctypes.c_size_t(len(attributes))
    done(libc.syscall(number, AT_CWD, target.encode(), AT_RECURSIVE, attributes, size), f"read-only {target}")


def place(source: str, target: str) -> None:
    """Show a file or a folder of this machine at ``target``."""
    if stat.S_ISDIR(os.stat(source).st_mode):  # noqa: PTH116 - pathlib takes as long as all the mounts
        os.makedirs(target, exist_ok=True)  # noqa: PTH103
    else:
        os.makedirs(target.rpartition("/")[0], exist_ok=True)  # noqa: PTH103
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY))
    mount(source, target, None, BIND | RECURSIVE)


def build(plan: dict[str, Any], user: int, group: int) -> None:
    """Make the file system, and leave the machine's own."""
    root = plan["folder"]
    mount("none", "/", None, RECURSIVE | PRIVATE)
    mount("tmpfs", root, "tmpfs", NOSUID | NODEV, "size=1m,mode=755")
    for name in ("tmp", "proc", "etc", "dev", "opt", "var/task", "var/runtime"):
        Path(f"{root}/{name}").mkdir(parents=True)
    for source, target in plan["shown"]:
        place(source, f"{root}{target}")
    for target, leads_to in {**plan["links"], **{f"/dev/{name}": to for name, to in PIPES.items()}}.items():
        Path(f"{root}{target}").symlink_to(leads_to)
    Path(f"{root}/etc/passwd").write_text(NAMES.format(user=user, group=group))
    Path(f"{root}/etc/group").write_text(f"root:x:0:\nsbx_user1051:x:{group}:\n")
    lock(root)
    size = plan["storage_mb"]
    mount("tmpfs", f"{root}/tmp", "tmpfs", NOSUID | NODEV, f"size={size}m,nr_inodes={size * 256},mode=1777")
    mount("proc", f"{root}/proc", "proc", NOSUID | NODEV | NOEXEC)
    os.chdir(root)
    done(libc.syscall(ctypes.c_long(PIVOT_ROOT[os.uname().machine]), b".", b"."), "pivot_root")
    done(libc.umount2(b".", DETACH), "umount")
    os.chdir("/var/task")


def give_up_rights(plan: dict[str, Any], user: int, group: int) -> None:
    """Become the function's user, without capabilities and without a way to any."""
    done(libc.prctl(SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0), "no_new_privs")
    if plan["root"]:
        os.setgroups([])
        os.setresgid(group, group, group)
        os.setresuid(user, user, user)
        return
    Path("/proc/sys/user/max_user_namespaces").write_text("0")
    number = 0
    while libc.prctl(DROP_BOUND, number, 0, 0, 0) == 0:
        number += 1
    done(libc.capset(struct.pack("Ii", CAPABILITY_VERSION, 0), bytes(24)), "capset")


def be_init(plan: dict[str, Any], outside: int, told: int, heard: int) -> None:
    """Process 1: build the walls, start the worker, wait for it, and tell its status. Only the worker returns.

    Args:
        outside: The launcher's process number.
        told: Takes the worker's status.
        heard: The other end, which only the launcher may hold.
    """
    os.close(heard)
    user, group = (FIRST_USER + outside, FIRST_USER + outside) if plan["root"] else (USER, GROUP)
    build(plan, user, group)
    with contextlib.suppress(OSError):  # a kernel without it numbers the worker 2
        Path("/proc/sys/kernel/ns_last_pid").write_text(str(outside - 1))
    give_up_rights(plan, user, group)
    done(libc.prctl(SET_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0), "death signal")  # last: new rights clear it
    done(libc.prctl(SET_DUMPABLE, 0, 0, 0, 0), "dumpable")  # its memory, with the plan, is closed to the function
    launcher = select.poll()
    launcher.register(told, 0)
    if launcher.poll(0):  # it was killed meanwhile
        os._exit(1)
    worker = os.fork()
    if worker == 0:
        os.close(told)
        return
    for number in map(int, sys.argv[1:]):
        os.close(number)
    while True:
        ended, status = os.wait()
        if ended == worker:
            os.write(told, struct.pack("i", status))
            os._exit(0)


def be_worker(plan: dict[str, Any]) -> types.CodeType:
    """Become the interpreter of the function's runtime. The worker's program, if it runs in this one."""
    os.setsid()
    done(libc.prctl(SET_DUMPABLE, 1, 0, 0, 0), "dumpable")  # else its own /proc/self is closed to it
    resource.setrlimit(resource.RLIMIT_NPROC, (plan["processes"],) * 2)
    if plan["command"]:
        os.execve(plan["command"][0], plan["command"], plan["variables"])
    code: types.CodeType = marshal.loads(Path(plan["worker"]).read_bytes()[COMPILED_HEADER:])
    plan.clear()  # it has the machine's paths
    return code


def as_main(code: types.CodeType) -> dict[str, Any]:
    """The names of a new ``__main__``, for a program that is run in the place of this one."""
    module = types.ModuleType("__main__")
    module.__file__ = code.co_filename
    sys.modules["__main__"], sys.argv = module, [code.co_filename]
    return module.__dict__


def end_as(status: int) -> NoReturn:
    """End as a process of that status has ended."""
    if os.WIFSIGNALED(status):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        number = os.WTERMSIG(status)
        if number != signal.SIGKILL:
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    os._exit(os.waitstatus_to_exitcode(status))


def read_plan() -> dict[str, Any]:
    """The plan from standard input, and not a byte of what follows."""
    return dict(json.loads(read(int(read(10)))))


def read(length: int) -> bytes:
    """So many bytes of standard input."""
    found = b""
    while len(found) < length and (more := os.read(0, length - len(found))):
        found += more
    return found


def main() -> types.CodeType:
    """Make the namespaces, start the init in them, and wait for the worker. In the worker, return its program."""
    plan, outside, user, group = read_plan(), os.getpid(), os.geteuid(), os.getegid()
    flags = NEW_MOUNTS | NEW_IPC | NEW_PIDS | (0 if plan["root"] else NEW_USER)
    done(libc.unshare(flags), "unshare")
    if not plan["root"]:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{USER} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{GROUP} {group} 1")
    heard, told = os.pipe()
    init = os.fork()
    if init == 0:
        try:
            be_init(plan, outside, told, heard)
            return be_worker(plan)
        except BaseException:  # noqa: BLE001 - it is told in the function's log
            traceback.print_exc()
            os._exit(1)
    for number in (told, *map(int, sys.argv[1:])):
        os.close(number)
    found = os.read(heard, 4)
    _, status = os.waitpid(init, 0)
    end_as(struct.unpack("i", found)[0] if len(found) == 4 else status or 256)


if __name__ == "__main__":
    program = main()
    exec(program, as_main(program))  # here, so that it ends as a program does
