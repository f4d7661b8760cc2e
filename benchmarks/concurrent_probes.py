"""What gathering is worth: concurrent clients of the real web server, with gathering and, as its rival, without.

    .venv/bin/python -m benchmarks.concurrent_probes ../shared/data/lfw [--people N] [--rounds N] [--seconds S] [--json]

A fresh platform in a temporary folder, as `make run` starts it, takes in two photos each of some hundred people. Beside
its web server a second one is started on the same database by the same command, with FACET_GATHER_PROBES=no: it encodes
one photo at a time, as if nobody else asked. Then 1, 2, 4 and 8 clients ask `recognize` about other photos of these
people, each client its next question as soon as it has its answer. The two servers and the numbers of clients take
turns, in every round in another order; only one of them is asked at a time. All clients live in this one process, which
has its requests ready beforehand; what it takes of the processor is printed, too.
"""

import argparse
import http.client
import itertools
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from config.paths import PROJECT, Folders
from config.run import services
from tests.system.platform import PATIENCE_SECONDS, Platform, free_port

CLIENTS = (1, 2, 4, 8)
KEYS = 60
"""A key may search 600 times a minute: the questions go round among so many keys that none comes near that."""

MAKE_KEYS = """
from django.contrib.auth.models import User
from faces.models import ApiKey, Gallery
from faces.services.api_keys import create_api_key
for number in range({count}):
    key = create_api_key(name=f"client {{number}}", scopes=[ApiKey.Scope.SEARCH, ApiKey.Scope.READ],
        galleries=[Gallery.objects.get()], user=User.objects.first())
    print("KEY", key[1])
"""

BOUNDARY = "a-line-that-no-photo-contains-8f2c1d"


@dataclass(frozen=True)
class Server:
    """One web server; `pid` is the parent of the process that answers."""

    name: str
    port: int
    pid: int

    def cpu_seconds(self) -> float:
        """What its processes have computed so far."""
        return sum(map(_cpu_seconds, [self.pid, *_children(self.pid)]))


@dataclass
class Load:
    """What some clients measured at one server: seconds an answer, and what all of it took."""

    latencies: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    seconds: float = 0.0
    server_cpu: float = 0.0
    client_cpu: float = 0.0

    @property
    def throughput(self) -> float:
        """Answers a second: the median of the rounds."""
        return statistics.median(self.rates)

    def percentile(self, share: float) -> float:
        """In milliseconds: so many of the answers came within it."""
        ordered = sorted(self.latencies)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    def facts(self) -> dict[str, float]:
        """The figures of one line."""
        return {
            "per_second": self.throughput,
            "p50_ms": self.percentile(0.5),
            "p95_ms": self.percentile(0.95),
            "server_cpu_ms": 1000 * self.server_cpu / len(self.latencies),
            "client_cpu_share": self.client_cpu / self.seconds,
        }


def main() -> None:
    """Measure both and print a table, and with --json one object on the last line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="one folder a person")
    parser.add_argument("--people", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4.0, help="each number of clients at each server, each round")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    people = sorted(folder for folder in options.folder.iterdir() if len(list(folder.glob("*.jpg"))) > 2)
    people = people[:: max(1, len(people) // options.people)][: options.people]
    with tempfile.TemporaryDirectory(prefix="facet-probes-") as scratch:
        loads = measure_platform(Path(scratch), people, options.rounds, options.seconds)
    report(loads, as_json=options.json)


def measure_platform(scratch: Path, people: list[Path], rounds: int, seconds: float) -> dict[tuple[str, int], Load]:
    """Take the people in, start the rival, and ask both."""
    for person in people:
        (scratch / "photos" / person.name).mkdir(parents=True)
        for photo in sorted(person.glob("*.jpg"))[:2]:
            (scratch / "photos" / person.name / photo.name).symlink_to(photo.resolve())
    probes = [photo.read_bytes() for person in people for photo in sorted(person.glob("*.jpg"))[2:4]]
    platform = Platform(scratch / "var")
    platform.start()
    try:
        answer = platform.manage("import_photos", str(scratch / "photos"), "--gallery", "Benchmark", "--create")
        if answer.returncode != 0:
            sys.exit(f"The import failed:\n{answer.stdout}{answer.stderr}")
        bodies = requests(probes, make_keys(platform))
        gathering = Server("gathering", platform.port, platform.pid_of("web"))
        with rival(platform) as one_by_one:
            return measure_servers([gathering, one_by_one], bodies, rounds, seconds)
    finally:
        platform.stop()


def make_keys(platform: Platform) -> list[str]:
    """API keys that may search."""
    answer = platform.manage("shell", "-c", MAKE_KEYS.format(count=KEYS))
    keys = re.findall(r"^KEY (\S+)$", answer.stdout, re.MULTILINE)
    if len(keys) != KEYS:
        sys.exit(f"No keys could be made:\n{answer.stdout}{answer.stderr}")
    return keys


@contextmanager
def rival(platform: Platform) -> Iterator[Server]:
    """The same web server on the same database, which encodes one photo at a time."""
    port = free_port()
    (web,) = [service for service in services(Folders(platform.folder), ("127.0.0.1", port)) if service.name == "web"]
    with platform.folder.with_name("rival.out").open("wb") as output:
        process = subprocess.Popen(
            web.command,
            cwd=PROJECT,
            env=platform.environment | {"FACET_GATHER_PROBES": "no"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        wait_until_it_answers(port, process)
        yield Server("one by one", port, process.pid)
    finally:
        process.terminate()
        process.wait()


def wait_until_it_answers(port: int, process: "subprocess.Popen[bytes]") -> None:
    """Wait for the first answer of any kind."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            connection.request("GET", "/healthz")
            connection.getresponse()
        except OSError:
            time.sleep(0.1)
        else:
            return
    sys.exit("The rival's web server does not answer.")


def requests(probes: list[bytes], keys: list[str]) -> list[tuple[bytes, dict[str, str]]]:
    """Bodies and headers, ready to be sent: every probe, with the keys going round."""
    ready = []
    for probe, key in zip(probes, itertools.cycle(keys), strict=False):
        body = b"".join(
            (
                f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="gallery"\r\n\r\nbenchmark\r\n'.encode(),
                f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="photo"; filename="probe.jpg"\r\n'.encode(),
                b"Content-Type: image/jpeg\r\n\r\n",
                probe,
                f"\r\n--{BOUNDARY}--\r\n".encode(),
            )
        )
        headers = {
            "Authorization": f"Bearer {key}",
            "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
        }
        ready.append((body, headers))
    return ready


def measure_servers(
    servers: list[Server], bodies: list[tuple[bytes, dict[str, str]]], rounds: int, seconds: float
) -> dict[tuple[str, int], Load]:
    """Ask both servers in turn with every number of clients, each round in another order."""
    questions = itertools.cycle(bodies)
    loads = {(server.name, clients): Load() for clients in CLIENTS for server in servers}
    for server in servers:
        for clients in CLIENTS:
            ask(server, clients, 1.0, questions, Load())  # warm
    for number in range(rounds):
        for clients in CLIENTS[:: 1 if number % 2 else -1]:
            for server in servers[:: 1 if number % 2 else -1]:
                ask(server, clients, seconds, questions, loads[server.name, clients])
    return loads


def ask(
    server: Server,
    clients: int,
    seconds: float,
    questions: Iterator[tuple[bytes, dict[str, str]]],
    load: Load,
) -> None:
    """Let so many clients ask for so long, and add what came of it to `load`."""
    taking = threading.Lock()
    latencies: list[float] = []
    before, own = server.cpu_seconds(), time.process_time()
    started = time.perf_counter()

    def client() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE_SECONDS)
        while time.perf_counter() < started + seconds:
            with taking:
                body, headers = next(questions)
            asked = time.perf_counter()
            connection.request("POST", "/api/v1/recognize", body, headers)
            response = connection.getresponse()
            answer = response.read()
            latencies.append(time.perf_counter() - asked)
            if response.status not in (200, 422):  # 422: no face was found
                raise RuntimeError(f"The server answered {response.status}: {answer.decode()}")
        connection.close()

    with ThreadPoolExecutor(clients) as pool:
        for future in [pool.submit(client) for _ in range(clients)]:
            future.result()
    elapsed = time.perf_counter() - started
    load.latencies += latencies
    load.rates.append(len(latencies) / elapsed)
    load.seconds += elapsed
    load.server_cpu += server.cpu_seconds() - before
    load.client_cpu += time.process_time() - own


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _children(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in map(int, (task / "children").read_text().split()):
            found += [child, *_children(child)]
    return found


def report(loads: dict[tuple[str, int], Load], *, as_json: bool) -> None:
    """Print the table, the two ratios that count, and the object."""
    heads = ("clients", 7), ("answers/s", 9), ("p50 ms", 8), ("p95 ms", 8), ("server CPU ms", 13), ("client CPU", 10)
    print("server      ", *(f"{head:>{width}}" for head, width in heads))
    rows = []
    for (server, clients), load in loads.items():
        facts = load.facts()
        rows.append({"server": server, "clients": clients, **facts})
        print(
            f"{server:12} {clients:7} {facts['per_second']:9.1f} {facts['p50_ms']:8.1f} {facts['p95_ms']:8.1f}"
            f" {facts['server_cpu_ms']:13.1f} {facts['client_cpu_share']:10.0%}"
        )
    most = CLIENTS[-1]
    result = {
        "throughput_ratio_8_to_1": loads["gathering", most].throughput / loads["gathering", 1].throughput,
        "throughput_ratio_8_to_1_one_by_one": loads["one by one", most].throughput / loads["one by one", 1].throughput,
        "throughput_ratio_to_one_by_one_at_8": loads["gathering", most].throughput
        / loads["one by one", most].throughput,
        "lone_median_ratio": loads["gathering", 1].percentile(0.5) / loads["one by one", 1].percentile(0.5),
    }
    for name, value in result.items():
        print(f"{name:40} {value:6.2f}")
    if as_json:
        print(json.dumps(result | {"loads": rows}))


if __name__ == "__main__":
    main()
