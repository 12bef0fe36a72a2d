# SPDX-License-Identifier: Apache-2.0
"""Message brokers from packages for tests, on free loopback ports, in folders of their own.

    broker = RabbitMQ.start(certificates)       None where it is not installed
    broker.get("queue")                          the body of the next message, by amqp-get; None if there is none
"""
import glob
import json
import os
import pathlib
import shutil
import socket
import signal
import subprocess
import tempfile
import time

from receivers import Failed, wait_for
from service import free_address


def port():
    return free_address()[1]


class RabbitMQ:
    """Definitions: user limpid/geheim in vhost / and vhost t1; user poor without rights. Queues, bound to exchange `direct`
    by their names: q, full (rejects all but one message), tiny."""

    host = "/"  # STOMP's virtual host

    @staticmethod
    def program():
        found = glob.glob("/usr/lib/rabbitmq/bin/rabbitmq-server") + glob.glob("/usr/lib/rabbitmq/lib/*/sbin/rabbitmq-server")
        return found[0] if found else None

    @classmethod
    def start(cls, certificates):
        if not cls.program() or not shutil.which("amqp-get") or not shutil.which("epmd"):
            return None
        self = cls()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="limpid-rabbitmq-"))
        self.amqp, self.amqps, self.stomp, self.stomps = port(), port(), port(), port()
        f = self.folder
        self.environment = dict(os.environ, RABBITMQ_NODENAME=f"limpid{os.getpid()}@localhost", RABBITMQ_NODE_IP_ADDRESS="127.0.0.1",
                                RABBITMQ_NODE_PORT=str(self.amqp), RABBITMQ_DIST_PORT=str(port()), ERL_EPMD_ADDRESS="127.0.0.1",
                                ERL_EPMD_PORT=str(port()), RABBITMQ_MNESIA_BASE=str(f / "mnesia"), RABBITMQ_LOG_BASE=str(f / "log"),
                                RABBITMQ_ENABLED_PLUGINS_FILE=str(f / "plugins"), RABBITMQ_CONFIG_FILE=str(f / "rabbitmq.conf"),
                                RABBITMQ_PID_FILE=str(f / "pid"), HOME=str(f), RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="+S 1:1 +sbwt none")
        (f / "plugins").write_text("[rabbitmq_stomp].\n")
        (f / "rabbitmq.conf").write_text(f"""
loopback_users = none
load_definitions = {f}/definitions.json
stomp.listeners.tcp.1 = 127.0.0.1:{self.stomp}
stomp.listeners.ssl.1 = 127.0.0.1:{self.stomps}
listeners.ssl.1 = 127.0.0.1:{self.amqps}
ssl_options.cacertfile = {certificates}/ca.pem
ssl_options.certfile = {certificates}/server.pem
ssl_options.keyfile = {certificates}/server.key
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = false
max_message_size = 1000000
log.file.level = warning
vm_memory_high_watermark.absolute = 2GB
disk_free_limit.absolute = 1MB
""")
        queues = {"q": {}, "tiny": {}, "full": {"x-max-length": 1, "x-overflow": "reject-publish"}}
        exchanges = [("direct", "direct", True), ("other", "fanout", True)]
        (f / "definitions.json").write_text(json.dumps({
            "users": [{"name": n, "password": "geheim", "tags": "", "limits": {}} for n in ("limpid", "poor")],
            "vhosts": [{"name": "/"}, {"name": "t1"}],
            "permissions": [{"user": "limpid", "vhost": v, "configure": ".*", "write": ".*", "read": ".*"} for v in ("/", "t1")] +
                           [{"user": "poor", "vhost": "/", "configure": "^$", "write": "^$", "read": "^$"}],
            "queues": [{"name": n, "vhost": v, "durable": True, "auto_delete": False, "arguments": a} for n, a in queues.items()
                       for v in ("/", "t1")],
            "exchanges": [{"name": n, "vhost": "/", "type": t, "durable": d, "auto_delete": False, "internal": False, "arguments": {}}
                          for n, t, d in exchanges],
            "bindings": [{"source": "direct", "vhost": "/", "destination": n, "destination_type": "queue", "routing_key": n,
                          "arguments": {}} for n in queues]}))
        self.process = None
        # The port mapper would outlive its nodes if they started it.
        self.mapper = subprocess.Popen(["epmd"], env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
        try:
            self.up()
        except BaseException:
            self.close()
            raise
        return self

    def up(self):
        with open(self.folder / "output", "ab") as out:
            self.process = subprocess.Popen([self.program()], env=self.environment, cwd=self.folder, stdin=subprocess.DEVNULL,
                                            stdout=out, stderr=out, start_new_session=True)
        wait_for(self.is_up, 150, "RabbitMQ's start")

    def is_up(self):
        if self.process.poll() is not None:
            raise Failed("RabbitMQ ended: " + (self.folder / "output").read_text()[-2000:])
        # The last thing that is started is the listener of STOMP over TLS; logins are refused until all is.
        return b"Starting broker... completed" in (self.folder / "output").read_bytes() or \
            b"completed with" in (self.folder / "output").read_bytes()

    def kill(self):
        """As a machine that loses its power."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        (self.folder / "output").write_bytes(b"")

    def close(self):
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.mapper.kill()
        self.mapper.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, user="limpid", password="geheim", vhost="", tls=False, at=None):
        where = at or (self.amqps if tls else self.amqp)
        return f"{'amqps' if tls else 'amqp'}://{user}:{password}@127.0.0.1:{where}/{vhost}"

    def get(self, queue, vhost=""):
        p = subprocess.run(["amqp-get", "-u", self.url(vhost=vhost or "%2f"), "-q", queue], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           check=False)
        if p.returncode not in (0, 2):
            raise Failed(f"amqp-get: {p.stderr}")
        return p.stdout if p.returncode == 0 else None

    def drain(self, queue, vhost=""):
        got = []
        while (body := self.get(queue, vhost)) is not None:
            got.append(body)
        return got


class ActiveMQ:
    """STOMP with and without TLS; user limpid/geheim."""

    JAR = pathlib.Path("/usr/share/activemq/bin/activemq.jar")
    host = "localhost"

    @classmethod
    def start(cls, certificates):
        if not cls.JAR.exists() or not shutil.which("java"):
            return None
        self = cls()
        f = self.folder = pathlib.Path(tempfile.mkdtemp(prefix="limpid-activemq-"))
        (f / "conf").mkdir()
        (f / "tmp").mkdir()
        self.stomp = port()
        (f / "conf/activemq.xml").write_text(f"""<beans xmlns="http://www.springframework.org/schema/beans"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://www.springframework.org/schema/beans
 http://www.springframework.org/schema/beans/spring-beans.xsd http://activemq.apache.org/schema/core
 http://activemq.apache.org/schema/core/activemq-core.xsd">
<broker xmlns="http://activemq.apache.org/schema/core" brokerName="limpid" persistent="false" useJmx="false" useShutdownHook="true">
<plugins><simpleAuthenticationPlugin anonymousAccessAllowed="false"><users>
<authenticationUser username="limpid" password="geheim" groups="users"/></users></simpleAuthenticationPlugin></plugins>
<transportConnectors><transportConnector name="stomp" uri="stomp://127.0.0.1:{self.stomp}"/></transportConnectors>
</broker></beans>""")
        java = ["java", "-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", f"-Dactivemq.home={cls.JAR.parent.parent}",
                f"-Dactivemq.base={f}", f"-Dactivemq.conf={f}/conf", f"-Dactivemq.data={f}/data", f"-Djava.io.tmpdir={f}/tmp",
                "-jar", str(cls.JAR), "start", f"xbean:file:{f}/conf/activemq.xml"]
        with open(f / "output", "wb") as out:
            self.process = subprocess.Popen(java, cwd=f, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        try:
            wait_for(self.is_up, 150, "ActiveMQ's start")
        except BaseException:
            self.close()
            raise
        return self

    def is_up(self):
        if self.process.poll() is not None:
            raise Failed("ActiveMQ ended: " + (self.folder / "output").read_text()[-2000:])
        try:
            socket.create_connection(("127.0.0.1", self.stomp), 1).close()
        except OSError:
            return False
        return True

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class Stomp:
    """A consumer of our own that shares nothing with the program: (headers, body) of what is in a destination."""

    def __init__(self, at, host, destination):
        self.socket = socket.create_connection(("127.0.0.1", at), 10)
        self.data = b""
        self._send(f"CONNECT\naccept-version:1.2\nhost:{host}\nlogin:limpid\npasscode:geheim\n\n\0")
        frame = self._frame(5)
        if not frame or frame[0] != "CONNECTED":
            raise Failed(f"no CONNECTED: {frame}")
        self._send(f"SUBSCRIBE\nid:0\nack:auto\ndestination:{destination}\n\n\0")

    def _send(self, text):
        self.socket.sendall(text.encode())

    def _frame(self, seconds):
        self.socket.settimeout(seconds)
        while True:
            self.data = self.data.lstrip(b"\n")
            head, separator, rest = self.data.partition(b"\n\n")
            if separator:
                command, *lines = head.decode().split("\n")
                headers = dict(line.split(":", 1) for line in lines)
                length = int(headers.get("content-length", rest.find(b"\0")))
                if 0 <= length < len(rest):
                    self.data = rest[length + 1:]
                    return command, headers, rest[:length]
            try:
                more = self.socket.recv(65536)
            except TimeoutError:
                return None
            if not more:
                raise Failed("the broker has closed")
            self.data += more

    def drain(self, at_least=0):
        """What comes; more than at_least is waited for a moment only."""
        got = []
        while frame := self._frame(10 if len(got) < at_least else 0.3):
            if frame[0] != "MESSAGE":
                raise Failed(f"{frame}")
            got.append(frame[1:])
        return got

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
