"""A server that speaks S3 and forgets nothing while it is down; it is told ``down`` and ``up``.

python -m tests.batch.store_server
"""

from __future__ import annotations

import sys
from threading import Thread

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server


def main():
    """Serve on a free port of this machine, say which one, and do what is asked."""
    app = DomainDispatcherApplication(create_backend_app)
    server = started(app, 0)
    port = server.server_port
    answer(port)
    for word in map(str.strip, sys.stdin):
        if word == "down":
            server.shutdown()
            server.server_close()
        else:
            server = started(app, port)
        answer(word)


def started(app, port):
    """A server that serves already."""
    server = make_server("127.0.0.1", port, app, threaded=True)
    Thread(target=server.serve_forever, daemon=True).start()
    return server


def answer(word):
    """Say something to who started this."""
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
