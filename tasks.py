"""Composes the invoke namespaces of :mod:`scones.tasks`; see ``invoke --list``."""

from scones.tasks import compose

namespace = compose()
