"""The stock AWS CLI, each command in a process of its own, forked from one that has read the CLI's modules already.

Reading them takes three quarters of the processor time of a command, and the tests give some hundred commands. What
runs in the fork is the CLI's own `main`, with the arguments, environment, directory and files of who called.

    python3 warmaws.py serve DIRECTORY-OF-THE-CLI SOCKET     until standard input ends
    python3 warmaws.py call SOCKET ARGUMENT...               instead of `aws ARGUMENT...`
"""

import marshal
import os
import sys


def call(address, arguments):
    # Not `socket`: it takes longer to read than all the rest.
    import _socket

    connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    connect(connection, address)
    mask = os.umask(0)
    os.umask(mask)
    request = marshal.dumps((arguments, dict(os.environb), os.getcwdb(), mask))
    files = b"".join(number.to_bytes(4, sys.byteorder) for number in (0, 1, 2))
    connection.sendmsg([len(request).to_bytes(4, "big")], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, files)])
    connection.sendall(request)
    answer = connection.recv(1)
    return answer[0] if answer else "aws: the process that forks commands is gone"


def connect(connection, address):
    import time

    deadline = time.monotonic() + 30
    while True:
        try:
            return connection.connect(address)
        except OSError:
            # It is being started.
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def serve(home, address):
    import array
    import gc
    import selectors
    import shutil
    import signal
    import socket

    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(address)
    listener.listen(64)
    program = os.path.join(home, "aws")
    data_path = warm(home)
    gc.collect()
    gc.freeze()

    woken, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    selector = selectors.DefaultSelector()
    for what in (0, woken, listener):
        selector.register(what, selectors.EVENT_READ)
    children = {}

    while True:
        for key, _ in selector.select():
            if key.fileobj == 0:
                for child in children:
                    os.kill(child, signal.SIGKILL)
                shutil.rmtree(os.path.dirname(address), ignore_errors=True)
                return 0
            if key.fileobj == woken:
                os.read(woken, 4096)
                while children:
                    child, status = os.waitpid(-1, os.WNOHANG)
                    if child == 0:
                        break
                    connection = children.pop(child)
                    selector.unregister(connection)
                    code = os.waitstatus_to_exitcode(status)
                    try:
                        connection.send(bytes([code if code >= 0 else 128 - code]))
                    except OSError:
                        pass
                    connection.close()
            elif key.fileobj == listener:
                connection, _ = listener.accept()
                header, rights, _, _ = connection.recvmsg(4, socket.CMSG_SPACE(12))
                files = array.array("i")
                for _, _, numbers in rights:
                    files.frombytes(numbers)
                request = b""
                while len(request) < int.from_bytes(header, "big"):
                    part = connection.recv(1 << 20)
                    if not part:
                        break
                    request += part
                child = os.fork()
                if child == 0:
                    signal.set_wakeup_fd(-1)
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    for number, file in enumerate(files):
                        os.dup2(file, number)
                    os.closerange(3, max(files) + 1)
                    os._exit(run(program, data_path, marshal.loads(request)))
                for file in files:
                    os.close(file)
                children[child] = connection
                selector.register(connection, selectors.EVENT_READ)
            else:
                # Who called was killed, so what it called is as well; its end is seen above.
                for child, connection in children.items():
                    if connection is key.fileobj:
                        os.kill(child, signal.SIGKILL)


def warm(home):
    """Reads what a command reads; nothing of it is kept but modules."""
    sys.path.insert(0, home)
    import awscli.clidriver

    session = awscli.clidriver.create_clidriver().session
    for service in ("cloudtrail", "eks", "iam", "sts"):
        session.create_client(
            service, region_name="us-east-1", aws_access_key_id="none", aws_secret_access_key="none"
        )
    # The CLI adds its own directory to this one when it is read.
    return os.environ["AWS_DATA_PATH"]


def run(program, data_path, request):
    import atexit
    import runpy
    import threading
    import time
    import traceback

    arguments, environment, directory, mask = request
    os.umask(mask)
    os.chdir(directory)
    os.environb.clear()
    os.environb.update(environment)
    os.environ["AWS_DATA_PATH"] = data_path
    time.tzset()
    sys.argv = [program, *arguments]
    code = 0
    try:
        runpy.run_path(program, run_name="__main__")
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    except BaseException:
        traceback.print_exc()
        code = 1
    # What an interpreter does at its end, without taking its modules apart.
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    return code & 255


if __name__ == "__main__":
    sys.exit(serve(*sys.argv[2:]) if sys.argv[1] == "serve" else call(sys.argv[2], sys.argv[3:]))
