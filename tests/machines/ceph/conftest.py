"""Hosts whose disks are in the pool of a Ceph cluster."""

import pytest
from pool import pool_of_cluster


@pytest.fixture
def pool():
    return pool_of_cluster()


@pytest.fixture
def host(new_host, pool):
    """A host whose disks are in a pool."""
    made = new_host()
    made.pool = pool
    made.options = ("--storage", pool.storage)
    made.start(None, *made.options)
    return made
