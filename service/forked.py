"""What the process that forks the workers loads, once and for all of them.

It ends with its server at once: also while it loads, and without the tidying up that takes a while.
"""

import atexit
import os

from service.lineage import end_with_parent

end_with_parent()
atexit.register(os._exit, 0)

from service import tasks  # noqa: E402  (it takes a second)

__all__ = ["tasks"]
