"""The programs that Berth is compared with: how each is had, started on an empty state of its own, measured and ended.

Each has the same few calls, in this order:

available()   None, or why it can't be had on this machine
install()     fetches what is missing into tools/benchmarks/.build/peers; nothing is installed on the system
start()       returns once it answers
measure(connections, duration, warm_up)   what berth-bench prints, as a dictionary
stop()        ends it and removes its files; also after a start that failed
"""

import importlib.util
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import pgbench

HERE = os.path.dirname(os.path.abspath(__file__))
STORE = os.path.join(HERE, ".build", "peers")
# Debian packages are unpacked here: no service of theirs starts, and nobody needs to be root.
UNPACKED = os.path.join(STORE, "root")


class PeerFailed(RuntimeError):
    """Why a program could not be had, started or measured."""


def run(*command, **options):
    """What a command prints; what it complained about, where it fails."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, **options)
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().split("\n")
        raise PeerFailed(f"{os.path.basename(command[0])} failed: {lines[-1]}")
    return done.stdout


def unpack(package):
    """Fetches a Debian package, with what it needs and this machine lacks, and unpacks all of it."""
    archives = os.path.join(STORE, "archives")
    os.makedirs(os.path.join(archives, "partial"), exist_ok=True)
    # Without the system's lock, since the system does not change.
    run("apt-get", "install", "--yes", "--no-install-recommends", "--download-only", "-o", "Debug::NoLocking=1",
        "-o", f"Dir::Cache::archives={archives}", package)
    for name in os.listdir(archives):
        if name.endswith(".deb"):
            run("dpkg-deb", "--extract", os.path.join(archives, name), UNPACKED)
    shutil.rmtree(archives)


def package_is_known(package):
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        return False
    done = subprocess.run(["apt-cache", "show", package], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return done.returncode == 0


def free_ports(count):
    """Ports that the kernel gives to nobody else at the moment."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


class Peer:
    """What they have in common: a folder that ends with them, and a server in it."""

    name = patience = None

    def __init__(self, folder, generator):
        self.parent, self.generator = folder, generator
        self.folder = self.process = None

    def make_folder(self):
        self.folder = tempfile.mkdtemp(prefix=self.name + ".", dir=self.parent)

    def launch(self, *command, log=None, **options):
        with open(log or os.path.join(self.folder, "log"), "wb") as output:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=self.folder, **options)
        deadline = time.monotonic() + 30
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise PeerFailed(f"{self.name} did not answer{self.last_line()}")
            time.sleep(0.02)

    def last_line(self):
        try:
            with open(os.path.join(self.folder, "log"), encoding="utf-8", errors="replace") as log:
                return ": " + log.read().strip().split("\n")[-1][:300]
        except OSError:
            return ""

    def end(self):
        """The server ends, by force where it takes too long."""
        process, self.process = self.process, None
        if process is None:
            return
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def stop(self):
        self.end()
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder = None

    def generate(self, *arguments, connections, duration, warm_up):
        """One invocation of berth-bench; its line has the failures too."""
        command = [self.generator, *arguments, "--connections", str(connections), "--duration", str(duration),
                   "--warm-up", str(warm_up), "--daemon-pid", str(self.process.pid)]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=duration + warm_up + 60)
        try:
            return json.loads(done.stdout)
        except ValueError:
            raise PeerFailed(f"berth-bench: {done.stderr.strip()[-300:]}") from None


class Portserver(Peer):
    """python_portpicker's server of ports, which hands out one at a time and writes nothing to a disk."""

    name = "portserver"
    package = "portpicker"
    environment = os.path.join(STORE, "portpicker")
    # As many as there are without those of the system: it gives none twice while its process lives.
    pool = "1024-65535"

    @property
    def program(self):
        return os.path.join(self.environment, "bin", "portserver.py")

    def available(self):
        if os.path.exists(self.program):
            return None
        for module in ("venv", "ensurepip"):
            if importlib.util.find_spec(module) is None:
                return f"portserver: {sys.executable} has no module {module} (Debian: python3-venv)"
        return None

    def install(self):
        if os.path.exists(self.program):
            return
        try:
            run(sys.executable, "-m", "venv", self.environment)
            run(self.python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", self.package)
        except PeerFailed:
            shutil.rmtree(self.environment, ignore_errors=True)
            raise

    @property
    def python(self):
        return os.path.join(self.environment, "bin", "python")

    def start(self):
        self.make_folder()
        self.serve()

    def serve(self):
        # It logs two lines for each port; they cost it least where nobody keeps them.
        self.address = f"@{os.path.basename(self.folder)}"
        self.launch(self.python, self.program, "--portserver_address", self.address,
                    "--portserver_static_pool", self.pool, log=os.devnull)

    def answers(self):
        with socket.socket(socket.AF_UNIX) as client:
            return client.connect_ex("\0" + self.address[1:]) == 0

    def measure(self, connections, duration, warm_up):
        # Ports that it gave out before would have to be looked at again, one after the other: it begins anew.
        self.end()
        self.serve()
        return self.generate("portserver", "--address", self.address,
                             connections=connections, duration=duration, warm_up=warm_up)


class Etcd(Peer):
    """etcd with its defaults and one member: leases without keys, synced by its log."""

    name = "etcd"
    package = "etcd-server"

    @property
    def program(self):
        unpacked = os.path.join(UNPACKED, "usr", "bin", "etcd")
        return shutil.which("etcd") or (unpacked if os.path.exists(unpacked) else None)

    def available(self):
        if self.program or package_is_known(self.package):
            return None
        return f"etcd is not installed, and apt-get knows no {self.package} (apt-get update?)"

    def install(self):
        if not self.program:
            unpack(self.package)

    def start(self):
        self.make_folder()
        client, peer = free_ports(2)
        self.address = f"127.0.0.1:{client}"
        url, peer_url = f"http://{self.address}", f"http://127.0.0.1:{peer}"
        self.launch(
            self.program, "--name", "bench", "--data-dir", os.path.join(self.folder, "data"),
            "--listen-client-urls", url, "--advertise-client-urls", url, "--listen-peer-urls", peer_url,
            "--initial-advertise-peer-urls", peer_url, "--initial-cluster", f"bench={peer_url}",
            env={name: value for name, value in os.environ.items() if not name.startswith("ETCD_")})

    def answers(self):
        # It serves clients once it is the leader.
        try:
            found = self.generate("etcd", "--tcp", self.address, connections=1, duration=0.1, warm_up=0)
        except (PeerFailed, subprocess.TimeoutExpired):
            return False
        return not found["failures"]

    def measure(self, connections, duration, warm_up):
        return self.generate("etcd", "--tcp", self.address,
                             connections=connections, duration=duration, warm_up=warm_up)


class PostgreSQL(Peer):
    """PostgreSQL with its defaults, and blocks of ports as its users would make them: peers/postgresql."""

    name = "postgresql"
    package = "postgresql"
    scripts = os.path.join(HERE, "peers", "postgresql")

    @property
    def programs(self):
        """The folder with the newest version's programs; None when there is none."""
        found = []
        for root in ("/", UNPACKED):
            versions = os.path.join(root, "usr", "lib", "postgresql")
            for version in os.listdir(versions) if os.path.isdir(versions) else []:
                folder = os.path.join(versions, version, "bin")
                if all(os.path.exists(os.path.join(folder, name)) for name in ("initdb", "postgres", "pgbench", "psql")):
                    found.append((int(version) if version.isdigit() else 0, folder))
        return max(found)[1] if found else None

    def available(self):
        if not self.programs and not package_is_known(self.package):
            return f"PostgreSQL is not installed, and apt-get knows no {self.package} (apt-get update?)"
        return None

    def install(self):
        if not self.programs:
            unpack(self.package)

    @staticmethod
    def owner():
        """Who it runs as: it refuses root."""
        if os.getuid():
            return pwd.getpwuid(os.getuid())
        try:
            return pwd.getpwnam("postgres")
        except KeyError:
            return pwd.getpwnam("nobody")

    def program(self, name):
        return os.path.join(self.programs, name)

    def environment(self):
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
        if self.programs.startswith(UNPACKED):
            environment["LD_LIBRARY_PATH"] = os.path.join(UNPACKED, "usr", "lib", os.uname().machine + "-linux-gnu")
        return environment

    def start(self):
        self.make_folder()
        user = {}
        if os.getuid() == 0:
            owner = self.owner()
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
            # The way there is open to it, and nothing else on it.
            os.chmod(self.parent, os.stat(self.parent).st_mode | 0o011)
            user = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        data, self.environ = os.path.join(self.folder, "data"), self.environment()
        run(self.program("initdb"), "--pgdata", data, "--username", "bench", "--auth", "trust", "--encoding", "UTF8",
            "--no-locale", cwd=self.folder, env=self.environ, **user)
        # Everything else is as it comes: fsync and synchronous_commit are on. The socket is alone in its folder, so its
        # number can't meet another's.
        self.launch(
            self.program("postgres"), "-D", data, "-c", "listen_addresses=", "-c", f"unix_socket_directories={self.folder}",
            "-c", "max_connections=300", env=self.environ, **user)
        self.query("-f", os.path.join(self.scripts, "schema.sql"))
        # What autovacuum would do before long; what the functions see is planned with it.
        self.query("-c", "VACUUM ANALYZE")

    def query(self, *arguments):
        return run(self.program("psql"), "-h", self.folder, "-U", "bench", "-d", "postgres", "-XAtq", "-v",
                   "ON_ERROR_STOP=1", *arguments, env=self.environ).strip()

    def answers(self):
        try:
            return self.query("-c", "SELECT 1") == "1"
        except PeerFailed:
            return False

    def end(self):
        # A fast shutdown; SIGTERM would wait for every client (postgres(1)).
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        super().end()

    def measure(self, connections, duration, warm_up):
        return pgbench.measure(self, connections, duration, warm_up)
