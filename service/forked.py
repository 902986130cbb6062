"""What the process that forks the workers loads, once and for all of them.

It ends when the last worker has, and then without the tidying up that takes longer than everything else.
"""

import atexit
import os

from service import tasks

__all__ = ["tasks"]

atexit.register(os._exit, 0)
