"""placeholder until the real one is merged"""

from contextlib import contextmanager


@contextmanager
def limit(n):
    yield
