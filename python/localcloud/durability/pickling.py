"""Writes the state of moto's backends as bytes, and reads it back.

A backend is a graph of Python objects, so it is pickled. These kinds of object are written in another way:

- another backend, which has a pickle of its own: by its service, account and region;
- what this process makes anew at each start (the context, the store of metrics): by the name that it was given;
- locks and conditions: as new ones;
- the default of a dictionary, if it is a function: the new process's backend has the same one;
- what a service knows better (:meth:`Pickling.write_as`): as the service says.

A pickle can name any function, and loading calls it. So :meth:`Pickling.loads` finds classes only, and only those of
moto, of this project and of a few libraries without effects.

Example::

    >>> pickling = Pickling()
    >>> pickling.loads(pickling.dumps({"lock": threading.Lock(), "names": {"a", "b"}}))["names"] == {"a", "b"}
    True
    >>> import os
    >>> pickling.loads(pickle.dumps(os.system))
    Traceback (most recent call last):
    ...
    _pickle.UnpicklingError: 'posix.system' is nothing that a local cloud keeps
"""

from __future__ import annotations

import copyreg
import io
import pickle
import threading
import weakref
from collections import defaultdict
from collections.abc import Callable
from enum import Enum
from types import MethodType
from typing import Any

from moto.core.base_backend import BackendDict, BaseBackend

#: Packages of which any class may be loaded.
PACKAGES = frozenset(
    {
        *(
            "moto",
            "localcloud",
            "imageclassification",
            "botocore",
            "dateutil",
            "numpy",
            "optuna",
            "requests",
            "werkzeug",
        ),
        *("collections", "cryptography", "datetime", "decimal", "ipaddress", "uuid", "zoneinfo"),
    }
)
#: What else may be loaded, by module.
NAMES = {
    "builtins": {
        *("bool", "bytearray", "bytes", "complex", "dict", "float", "frozenset", "int", "list", "object", "range"),
        *("set", "slice", "str", "tuple", "type"),
    },
    "copyreg": {"_reconstructor", "__newobj__", "__newobj_ex__"},
    "itertools": {"count"},
    "numpy": {"dtype", "ndarray"},
    "numpy.random._pickle": {"__randomstate_ctor", "__bit_generator_ctor"},
    "numpy._core.multiarray": {"_reconstruct", "scalar"},
    "numpy.random._mt19937": {"MT19937"},
    "numpy._core.numeric": {"_frombuffer"},
    "numpy.random.bit_generator": {"__pyx_unpickle_SeedSequence"},
    "optuna.samplers._tpe.sampler": {"default_gamma", "default_weights"},
    "pathlib": {"Path", "PosixPath"},
    "re": {"_compile"},
    "time": {"monotonic", "time"},
}

Reduced = tuple[Any, ...]


class Pickling:
    """Pickles with what is written by name."""

    def __init__(self) -> None:
        self._fixed: dict[str, Any] = {}
        self._written: list[tuple[type, Callable[[Any], Reduced | None]]] = []

    def fix(self, name: str, value: Any) -> None:
        """Write a value by a name. At the next start, the value that has the name then takes its place."""
        self._fixed[name] = value

    def write_as(self, kind: type, reduce: Callable[[Any], Reduced | None]) -> None:
        """Say how objects of a class are written.

        Args:
            reduce: Returns what ``object.__reduce__`` would (Python's documentation of pickle, "Pickling Class
                Instances"), or None for an object that is written as usual. Its first item must be a class or a
                function of moto or of this project.
        """
        self._written.append((kind, reduce))

    def dumps(self, value: Any) -> bytes:
        """The pickle of a value.

        Raises:
            Exception: Something in the value cannot be pickled. pickle raises many kinds of exception.
        """
        buffer = io.BytesIO()
        _PickleWriter(buffer, self._fixed, self._written).dump(value)
        return buffer.getvalue()

    def loads(self, content: bytes) -> Any:
        """The value of a pickle.

        Raises:
            Exception: The pickle is damaged, or names what may not be loaded.
        """
        return _PickleReader(io.BytesIO(content), self._fixed).load()


def backend_of(service: str, account: str, region: str) -> BaseBackend:
    """moto's backend of a service, which is made if it is not there yet.

    Args:
        service: moto's name of the service, as its backends have it: ``lambda``.
    """
    from moto.backends import get_backend

    backends: BackendDict[Any] = get_backend(service)
    return backends[account][region]


def service_of(backend: BaseBackend) -> str:
    """moto's name of the service of a backend.

    Example::

        >>> from moto.awslambda.models import LambdaBackend
        >>> service_of(LambdaBackend("us-east-1", "123456789012"))
        'lambda'
    """
    folder = type(backend).__module__.split(".")[1]
    return _SERVICES.get(folder, folder)


_SERVICES = {"awslambda": "lambda"}


def _lock() -> threading.Lock:
    return threading.Lock()


def _reentrant_lock() -> Any:
    return threading.RLock()


def _condition() -> threading.Condition:
    return threading.Condition()


def _event() -> threading.Event:
    return threading.Event()


def _method(owner: Any, name: str) -> Any:
    """A method of an object that is in the same pickle."""
    method = getattr(owner, name)
    if not isinstance(method, MethodType) or method.__self__ is not owner:
        raise pickle.UnpicklingError(f"'{name}' is no method of {type(owner).__name__}")
    return method


def _weak_values(found: dict[Any, Any]) -> weakref.WeakValueDictionary[Any, Any]:
    return weakref.WeakValueDictionary(found)


_MADE_ANEW: dict[type, Callable[[], Any]] = {
    type(threading.Lock()): _lock,
    type(threading.RLock()): _reentrant_lock,
    threading.Condition: _condition,
    threading.Event: _event,
}


class _PickleWriter(pickle.Pickler):
    def __init__(
        self, file: io.BytesIO, fixed: dict[str, Any], written: list[tuple[type, Callable[[Any], Reduced | None]]]
    ) -> None:
        super().__init__(file, protocol=5)
        self._names = {id(value): name for name, value in fixed.items()}
        self._written = written

    def reducer_override(self, value: Any) -> Any:
        if id(value) in self._names:
            return _Named, (self._names[id(value)],)
        kind = type(value)
        if isinstance(getattr(value, "__qualname__", None), str) and kind is not MethodType:  # a class or a function
            if not _may_be_loaded(value.__module__, value.__qualname__, value):
                raise pickle.PicklingError(f"'{value.__module__}.{value.__qualname__}' could not be loaded")
            return NotImplemented
        if kind in _MADE_ANEW:
            return _MADE_ANEW[kind], ()
        if kind is MethodType:
            return _method, (value.__self__, value.__func__.__name__)
        if isinstance(value, Enum):
            return kind, (value.value,)
        if isinstance(value, BaseBackend):
            return backend_of, (service_of(value), value.account_id, value.region_name)
        if kind is weakref.WeakValueDictionary:
            return _weak_values, (dict(value),)
        if isinstance(value, defaultdict) and (kind is not defaultdict or not _is_class(value.default_factory)):
            factory = value.default_factory if _is_class(value.default_factory) else None
            made = (getattr(value, "__dict__", None), {"default_factory": factory})
            return copyreg.__newobj__, (kind,), made, None, iter(list(value.items()))  # type: ignore[attr-defined]
        for known, reduce in self._written:
            if isinstance(value, known):
                reduced = reduce(value)
                return NotImplemented if reduced is None else reduced
        return NotImplemented


class _Named:
    """Stands in a pickle for what has a name."""


class _PickleReader(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, fixed: dict[str, Any]) -> None:
        super().__init__(file)
        self._fixed = fixed

    def find_class(self, module: str, name: str) -> Any:
        if module == __name__ and name == _Named.__name__:
            return self._fixed.__getitem__
        if module in NAMES or module.partition(".")[0] in PACKAGES:
            found = super().find_class(module, name)
            if _may_be_loaded(module, name, found):
                return found
        raise pickle.UnpicklingError(f"'{module}.{name}' is nothing that a local cloud keeps")


def _is_class(factory: object) -> bool:
    """Whether a dictionary's default is a class, or there is none."""
    return factory is None or isinstance(factory, type)


def _may_be_loaded(module: str, name: str, found: Any) -> bool:
    """Whether a class or function may be in a pickle. What could not be loaded is not written either."""
    if name in NAMES.get(module, ()):
        return True
    package = module.partition(".")[0]
    return package == "localcloud" or (package in PACKAGES and isinstance(found, type))
